"""Documents of a data set as files to ingest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def lay_out(folder: Path, documents: Iterable[tuple[str, bytes]]) -> Path:
    """Make `folder` hold exactly these files, by name. What is there with the same bytes is left alone, so that a sync skips it."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set()
    for name, data in documents:
        wanted.add(name)
        file = folder / name
        if not (file.is_file() and file.stat().st_size == len(data) and file.read_bytes() == data):
            file.write_bytes(data)
    for file in folder.iterdir():
        if file.name not in wanted:
            file.unlink()
    return folder
