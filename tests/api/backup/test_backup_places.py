"""A kill at any moment leaves the home as it was, or a restore that only has moves left."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.backup import places
from api.store import open_store
from core.errors import ConflictError
from core.settings import Settings

OLD = {"copilot.db": "old", "index": "old", "only-old": "old", "master.key": "key"}
NEW = {"copilot.db": "new", "index": "new", "erasures.jsonl": "new"}


def home_with(folder: Path) -> Path:
    home = folder / "home"
    home.mkdir()
    for name, text in OLD.items():
        (home / name).write_text(text)
    stage = places.staged(home)
    for name, text in NEW.items():
        (stage / name).write_text(text)
    return home


def contents(home: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in home.iterdir() if file.is_file()}


class _Killed(BaseException):
    pass


def test_a_kill_at_every_move_is_finished_by_the_next_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rename is one step."""
    real, moves = Path.rename, 0
    for at in range(20):
        (tmp_path / str(at)).mkdir()
        home = home_with(tmp_path / str(at))
        left = at

        def dying(path: Path, target: Path) -> Path:
            nonlocal left
            if left == 0:
                raise _Killed
            left -= 1
            return real(path, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", dying)
            try:
                places.decide(home)
                places.finish(home, ".replaced-x")
                moves = at
            except _Killed:
                pass
        if (home / places.STAGE).exists() and not (home / places.DECIDED).exists() and at == 0:
            assert contents(home) == OLD, "not decided: the home is as it was"
            continue
        places.finish(home, ".replaced-y")
        assert contents(home) == {**NEW, "master.key": "key"}, at
        aside = {f.name for folder in home.glob(".replaced-*") for f in folder.iterdir()}
        assert aside == {"copilot.db", "index", "only-old"}
        if moves:
            break
    assert moves == 8, "one to decide, three aside, three into place, one away"


async def test_a_service_refuses_a_home_that_is_being_restored(tmp_path: Path) -> None:
    home = home_with(tmp_path)
    places.decide(home)
    with pytest.raises(ConflictError) as caught:
        async with open_store(Settings(home=home)):
            pass
    assert caught.value.code == "restore_unfinished"


def test_what_an_earlier_try_left_is_not_taken_for_a_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (places.staged(home) / "half").write_text("half")
    places.require_free(home, replace=False)
    assert not list(places.staged(home).iterdir())
    assert places.finish(home, ".replaced-x") is False
