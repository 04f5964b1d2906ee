"""What a source keeps on the disk between two syncs, encrypted while nobody syncs: a repository's cache holds whole originals.

While a sync runs, its files lie open in a folder of mode 700. A sync that was killed leaves them so until the next one of that
source, or until the service starts again (`remove_remains`).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import shutil
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import structlog

from core.errors import ConfigurationError
from core.keyring import Keyring
from ingest.sources.base import Source, SourceItem

log = structlog.get_logger()

_SEGMENT = 1 << 20
"""Bytes that are encrypted together: memory stays small, whatever the cache's size."""
_SUFFIX = ".sealed"
_LENGTH = 4


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """`folder`, and beside it the file that holds it encrypted (context `context`/segment/whether it is the last)."""

    folder: Path
    keyring: Keyring
    context: str

    @property
    def file(self) -> Path:
        return self.folder.with_name(self.folder.name + _SUFFIX)

    def open(self) -> None:
        """The folder as it was sealed. What cannot be read begins empty: it is a cache. Blocking."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self.file.exists():
            return
        try:
            with self.file.open("rb") as source, tarfile.open(fileobj=_Reader(source, self), mode="r|") as archive:
                self.folder.mkdir(parents=True, mode=0o700)
                archive.extractall(self.folder, filter="data")
        except (OSError, tarfile.TarError, ConfigurationError) as error:
            log.warning("source_cache_lost", reason=type(error).__name__)
            self.remove()

    def close(self) -> None:
        """Encrypt and remove the folder. Where that cannot be, nothing is kept. Blocking."""
        if not self.folder.exists():
            return
        draft = self.file.with_suffix(".draft")
        try:
            with (
                draft.open("wb") as target,
                _Writer(target, self) as out,
                tarfile.open(fileobj=cast("IO[bytes]", out), mode="w|") as archive,
            ):
                archive.add(self.folder, arcname=".")
            draft.replace(self.file)
        except OSError as error:
            log.warning("source_cache_lost", reason=type(error).__name__)
            self.file.unlink(missing_ok=True)
        finally:
            draft.unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.file.unlink(missing_ok=True)

    def segment(self, number: int, *, last: bool) -> str:
        """Neither another order of the segments nor a shorter file opens."""
        return f"{self.context}/{number}/{int(last)}"


@dataclass
class SealedSource:
    """A source whose folder is encrypted when it is closed."""

    inner: Source
    kept: SealedFolder

    def discover(self) -> AsyncIterator[SourceItem]:
        return self.inner.discover()

    async def head(self, item: SourceItem) -> str:
        return await self.inner.head(item)

    async def fetch(self, item: SourceItem) -> bytes:
        return await self.inner.fetch(item)

    async def close(self) -> None:
        try:
            await self.inner.close()
        finally:
            await asyncio.to_thread(self.kept.close)


def remove_remains(home: Path) -> None:
    """Folders that killed syncs left open. For a process that knows that no sync runs. Blocking."""
    if home.is_dir():
        for left in home.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)


@dataclass
class _Writer(contextlib.AbstractContextManager["_Writer"]):
    """A stream that is written in segments: length, nonce, ciphertext."""

    target: IO[bytes]
    kept: SealedFolder
    _waiting: bytearray = field(default_factory=bytearray)
    _number: int = 0

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > _SEGMENT:
            self._put(bytes(self._waiting[:_SEGMENT]), last=False)
            del self._waiting[:_SEGMENT]
        return len(data)

    def __exit__(self, *_error: object) -> None:
        self._put(bytes(self._waiting), last=True)

    def _put(self, data: bytes, *, last: bool) -> None:
        sealed = self.kept.keyring.encrypt(data, context=self.kept.segment(self._number, last=last))
        self.target.write(len(sealed).to_bytes(_LENGTH, "big") + bytes([last]) + sealed)
        self._number += 1


class _Reader(io.RawIOBase):
    """What `_Writer` wrote. Raises `ConfigurationError` where it was changed or cut."""

    def __init__(self, source: IO[bytes], kept: SealedFolder) -> None:
        self._source = source
        self._kept = kept
        self._number = 0
        self._waiting = b""
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._waiting) < size):
            self._next()
        cut = len(self._waiting) if size < 0 else size
        data, self._waiting = self._waiting[:cut], self._waiting[cut:]
        return data

    def _next(self) -> None:
        length, last = int.from_bytes(self._source.read(_LENGTH), "big"), self._source.read(1) == b"\1"
        context = self._kept.segment(self._number, last=last)
        self._waiting += self._kept.keyring.decrypt(self._source.read(length), context=context)
        self._number += 1
        self._ended = last
