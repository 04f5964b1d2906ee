"""Where a restore works, so that a kill at any moment leaves the home as it was, or restored: never half of each.

It works in `.restoring`. When all is there, that folder is renamed to `.restored`: from then on the restore is decided, and
only moves are left, which whoever comes next does to their end. A service refuses a home in which they are not done.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from api.homes import DECIDED
from api.serve import running_url
from core.errors import ConflictError

STAGE, _CLEARED = ".restoring", ".cleared"
_KEPT = frozenset({"master.key", "copilot.toml", "server.lock", STAGE, DECIDED})
"""What an empty home may hold, and what is not replaced."""


def require_free(home: Path, *, replace: bool) -> None:
    """Raises `ConflictError` (`server_running`, `home_not_empty`)."""
    if url := running_url(home):
        raise ConflictError(f"a server runs on {home} ({url}); stop it first", code="server_running")
    if not replace and _contents(home):
        raise ConflictError(
            f"{home} is not empty; restore elsewhere (COPILOT_HOME), or say --replace: what is there is set aside",
            code="home_not_empty",
        )


def staged(home: Path) -> Path:
    """An empty folder to work in."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    stage = home / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(mode=0o700)
    return stage


def decide(home: Path) -> None:
    """From here on the home is the restored one, as soon as `finish` is done."""
    (home / STAGE).rename(home / DECIDED)


def finish(home: Path, aside: str) -> bool:
    """Move what was there into a folder of the name `aside`, and then what is restored into its place; again after a kill. False
    where nothing was decided."""
    done, cleared = home / DECIDED, home / DECIDED / _CLEARED
    if not done.exists():
        return False
    if not cleared.exists():  # nothing of the new has been moved yet
        for old in _contents(home):
            (home / aside).mkdir(mode=0o700, exist_ok=True)
            old.rename(home / aside / old.name)
        cleared.touch()
    for new in sorted(done.iterdir()):
        if new.name != _CLEARED:
            new.rename(home / new.name)
    done.rename(home / STAGE)
    shutil.rmtree(home / STAGE)
    return True


def _contents(home: Path) -> list[Path]:
    if not home.exists():
        return []
    return sorted(path for path in home.iterdir() if path.name not in _KEPT and not path.name.startswith(".replaced-"))
