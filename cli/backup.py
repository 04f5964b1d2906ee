"""Commands that make a backup of the whole installation, and restore one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.common import AsJson, err, out, print_json, run, settings


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    as_json: AsJson = False,
) -> None:
    """Back up the whole installation, beside a running server, too. The master key is not in it: keep it elsewhere."""
    from api.backup.make import back_up

    made = run(back_up(settings(), folder))
    if as_json:
        print_json(asdict(made))
        return
    out.print(f"{made.tenants} tenants, {made.bytes / 1e6:,.1f} MB in {escape(str(folder))}, as of {made.at[:19]}Z")
    err.print("the master key is not in it; without it nobody can restore the backup")


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[bool, typer.Option("--replace", help="Set aside what is in the home folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into the home folder. No server may run on it; who was erased since the backup stays erased."""
    from api.backup.restore import restore as restored

    found = run(restored(settings(), folder, replace=replace, told=lambda stage: err.print(f"{stage} …")))
    if found is None:
        out.print("the restore that was interrupted is finished")
    elif as_json:
        print_json(asdict(found))
    else:
        done = f"{found.tenants} tenants, {found.passages} passages, as of {found.at[:19]}Z"
        out.print(f"restored {done}; {found.erased} erasures since then done again")
