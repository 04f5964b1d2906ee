"""A folder, or one file, on this machine's disk."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from core.errors import DocumentError
from ingest.formats.elements import ParseLimits
from ingest.metadata import load_rules, rules_for
from ingest.parse import too_large
from ingest.sources.base import Source, SourceItem, SourceLimits, SourceVanishedError
from ingest.sources.listing import NOT_DOCUMENTS, own_bytes
from ingest.sources.registry import NoConfig, SourceKind, local_path


class FilesSource:
    """Documents below `root`, or the single file that `root` is.

    Hidden files, `_meta.yaml`, `corpus.yaml` and `golden.jsonl` are no documents. Links that lead out of the root are
    not followed, nor are links to folders, which could form a circle.
    """

    def __init__(self, root: Path, limits: ParseLimits) -> None:
        self._root = root
        self._limits = limits

    async def discover(self) -> AsyncIterator[SourceItem]:
        """Every document, sorted by path. Raises `SourceVanishedError` where a folder cannot be listed."""
        for item in await asyncio.to_thread(self._listed):
            yield item

    async def head(self, item: SourceItem) -> str:
        """When the file's bytes and its entry were last written, its size and which file it is: a stat, no read."""
        if item.problem:
            raise item.problem
        return await asyncio.to_thread(self._tag, item.path)

    async def fetch(self, item: SourceItem) -> bytes:
        """The bytes of `item`.

        Raises `DocumentError`: `too_large` (before reading), `source_vanished`, or the item's own problem.
        """
        if item.problem:
            raise item.problem
        return own_bytes(await asyncio.to_thread(self._read, item.path))

    async def close(self) -> None:
        """Nothing is held open."""

    def _base(self) -> Path:
        try:
            return self._root.resolve(strict=True)
        except OSError as error:
            raise _vanished(self._root.name) from error

    def _listed(self) -> list[SourceItem]:
        base = self._base()
        if base.is_file():
            return [self._item(base, base.parent, *_rules_of(base.parent))]
        items: list[SourceItem] = []
        for folder, names in _folders(base):
            rules, problem = _rules_of(folder)
            items += [self._item(folder / name, base, rules, problem) for name in names]
        return sorted(items, key=lambda item: item.path)

    def _item(
        self, file: Path, base: Path, rules: Mapping[str, Mapping[str, object]], problem: DocumentError | None
    ) -> SourceItem:
        path = file.relative_to(base).as_posix()
        try:
            status = file.stat()
        except OSError:
            return SourceItem(path, problem=_vanished(path))
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return SourceItem(path, status.st_size, modified, rules_for(rules, file.name), problem)

    def _tag(self, path: str) -> str:
        try:
            status = self._located(path).stat()
        except OSError as error:
            raise _vanished(path) from error
        return f"{status.st_mtime_ns}/{status.st_ctime_ns}/{status.st_size}/{status.st_ino}"

    def _located(self, path: str) -> Path:
        base = self._base()
        file = base if base.is_file() else (base / path).resolve(strict=True)
        if not file.is_relative_to(base):
            raise DocumentError("the path leads out of the source's folder", code="source_vanished")
        return file

    def _read(self, path: str) -> bytes:
        """Opened without following a link, so that a file swapped for one between listing and reading leads nowhere."""
        try:
            file = self._located(path)
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise _vanished(path) from error
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _vanished(path)
            if status.st_size > self._limits.max_bytes:
                raise too_large(status.st_size, self._limits)
            data = _whole(stream, self._limits.max_bytes + 1, path)
        if len(data) > self._limits.max_bytes:
            raise too_large(len(data), self._limits)
        return data


def _whole(stream: BinaryIO, size: int, path: str) -> bytes:
    try:
        return stream.read(size)
    except OSError as error:  # a damaged disk, a network share that went away
        raise _vanished(path) from error


def _rules_of(folder: Path) -> tuple[Mapping[str, Mapping[str, object]], DocumentError | None]:
    try:
        return load_rules(folder), None
    except DocumentError as problem:
        return {}, problem


def _folders(base: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders below `base` that are not hidden, each with the names of its documents."""
    for folder, folders, files in os.walk(base, onerror=_raise_vanished):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(folder)
        yield here, [name for name in files if _is_document(here / name, base)]


def _is_document(file: Path, base: Path) -> bool:
    if file.name.startswith(".") or file.name in NOT_DOCUMENTS:
        return False
    if file.is_symlink():
        target = file.resolve()
        return target.is_relative_to(base) and target.is_file()
    # A file that vanished since it was listed stays in, to be reported; pipes, sockets and devices do not.
    return file.is_file() or not file.exists()


def _raise_vanished(error: OSError) -> None:
    raise _vanished(Path(str(error.filename)).name) from error


def _vanished(name: str) -> SourceVanishedError:
    return SourceVanishedError(f"'{name}' cannot be read any more: it was moved, deleted or closed to this service")


async def _open(
    uri: str, config: NoConfig, credentials: Mapping[str, str], limits: SourceLimits, workdir: Path
) -> Source:
    return FilesSource(Path(uri), limits)


KIND = SourceKind("files", NoConfig, _open, canonical=lambda uri: str(local_path(uri)), local=local_path)
