"""The Dynamics AX 2012 pages and questions that speed is measured on, and the options that choose them."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DATA = Path(__file__).parents[1].parent / "shared" / "data"
"""Where a checkout's neighbour keeps the public data sets; they are not part of the project."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """With `--data`, `--pages` and `--all`."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", type=Path, default=DATA, help="the folder that holds ax2012/ (%(default)s)")
    made.add_argument("--pages", type=int, default=300, help="how many pages, by name (%(default)s)")
    made.add_argument("--all", action="store_true", help="all 2,500 pages")
    return made


def copy_pages(options: argparse.Namespace, folder: Path) -> int:
    """Copy the chosen pages into `folder`; how many they are. Ends the process with a message where there are none."""
    source = options.data / "ax2012" / "pages"
    if not source.is_dir():
        sys.exit(f"there is no {source}: name the folder that holds ax2012/ with --data")
    chosen = sorted(source.glob("*.md"))[: None if options.all else options.pages]
    folder.mkdir(parents=True)
    for page in chosen:
        shutil.copyfile(page, folder / page.name)
    return len(chosen)


@contextmanager
def laid_out(description: str | None) -> Iterator[tuple[Path, Path]]:
    """A home and a folder with the pages that the command line asks for (all, unless it says so); both go with the block."""
    arguments = parser(description)
    arguments.set_defaults(pages=2500)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as name:
        home, folder = Path(name) / "home", Path(name) / "pages"
        home.mkdir()
        print(f"{copy_pages(options, folder)} pages")
        yield home, folder


def questions(data: Path) -> list[str]:
    rows = (data / "ax2012" / "questions_dev.jsonl").read_text("utf-8").splitlines()
    return [json.loads(row)["question"] for row in rows]
