"""A data set's files: its lines, and its documents as files to ingest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from core.errors import InvalidRequestError


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


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file. Raises `InvalidRequestError` (`no_data`) naming the line that is none."""
    with file.open(encoding="utf-8") as found:
        for number, line in enumerate(found, start=1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise InvalidRequestError(f"{file}, line {number}: {error}", code="no_data") from None


def passage_file(passage_id: str) -> str:
    """The name of the file that holds a passage of a set whose documents are lines."""
    return re.sub(r"[^\w.-]", "_", passage_id) + ".md"
