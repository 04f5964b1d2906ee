"""What a Git source keeps between two syncs is encrypted, and nothing of it lies open when no sync runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.keyring import Keyring
from ingest.sources.sealed import SealedFolder, remove_remains

KEYRING = Keyring(bytes(range(32)))
SAID = b"Marieke Oosterhuis, +31 20 794 5182\n"
LARGE = SAID * 60_000


@pytest.fixture
def kept(tmp_path: Path) -> SealedFolder:
    folder = SealedFolder(tmp_path / "sources" / "s1", KEYRING, "tenant-1/source-caches/s1")
    folder.file.parent.mkdir()
    return folder


def fill(kept: SealedFolder) -> None:
    (kept.folder / "repository.git" / "objects").mkdir(parents=True)
    (kept.folder / "repository.git" / "HEAD").write_bytes(SAID)
    (kept.folder / "repository.git" / "objects" / "pack").write_bytes(LARGE)
    (kept.folder / "repository.git" / "objects" / "pack").chmod(0o444)
    (kept.folder / "empty").mkdir()


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_the_folder_comes_back_as_it_was_and_lies_nowhere_meanwhile(kept: SealedFolder) -> None:
    fill(kept)
    kept.close()
    assert not kept.folder.exists()
    assert [file.name for file in kept.file.parent.iterdir()] == ["s1.sealed"]
    assert b"Oosterhuis" not in everything(kept.file.parent)
    kept.open()
    assert (kept.folder / "repository.git" / "HEAD").read_bytes() == SAID
    assert (kept.folder / "repository.git" / "objects" / "pack").read_bytes() == LARGE
    assert (kept.folder / "empty").is_dir()


@pytest.mark.parametrize("damage", ["flip", "cut", "swap", "other source"])
def test_a_changed_cache_is_thrown_away(kept: SealedFolder, damage: str) -> None:
    fill(kept)
    kept.close()
    data = bytearray(kept.file.read_bytes())
    first = 5 + int.from_bytes(data[:4], "big")
    match damage:
        case "flip":
            data[len(data) // 2] ^= 1
        case "cut":
            del data[first:]
        case "swap":
            data = data[first:] + data[:first]
    kept.file.write_bytes(data)
    other = SealedFolder(kept.folder, KEYRING, "tenant-2/source-caches/s1") if damage == "other source" else kept
    other.open()
    assert not kept.folder.exists() or not everything(kept.folder)
    assert not kept.file.exists()


def test_what_a_killed_sync_left_open_is_not_taken_for_the_cache(kept: SealedFolder) -> None:
    fill(kept)
    kept.close()
    kept.open()
    (kept.folder / "half").write_bytes(SAID)  # and then it is killed
    kept.open()
    assert not (kept.folder / "half").exists()
    assert (kept.folder / "repository.git" / "HEAD").read_bytes() == SAID


def test_at_a_start_what_killed_syncs_left_open_goes_and_the_caches_stay(kept: SealedFolder) -> None:
    fill(kept)
    kept.close()
    fill(kept)
    remove_remains(kept.file.parent)
    assert [file.name for file in kept.file.parent.iterdir()] == ["s1.sealed"]
    remove_remains(kept.file.parent / "not there")


def test_a_source_that_is_removed_leaves_nothing(kept: SealedFolder) -> None:
    fill(kept)
    kept.close()
    kept.remove()
    assert list(kept.file.parent.iterdir()) == []
