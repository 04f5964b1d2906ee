"""A ZIP whose members are documents. Nothing is unpacked to the disk: members are read one at a time, within what all of them may
take together, and what is wrong with one is that one's problem."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from core.errors import DocumentError
from ingest.formats.elements import unreadable
from ingest.parse import too_large
from ingest.sources.base import Source, SourceItem, SourceLimits, SourceRefusedError, SourceVanishedError
from ingest.sources.listing import FolderRules, is_document, is_rules, name_problem, shown
from ingest.sources.registry import NoConfig, SourceKind, local_path

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)
"""What zipfile raises for archives and members that are cut off, overwritten or lie about themselves."""
_RATIO_MATTERS = 1_000_000
"""Bytes. A small member of one repeated character is no bomb."""
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DIRECTORY_ENTRY = b"PK\x01\x02"
_DIRECTORY_END = b"PK\x05\x06"
_DIRECTORY_END_64 = b"PK\x06\x06"
_END_BYTES = 22
_USUAL_ENTRY_BYTES = 1000
_LONGEST_COMMENT = 65_535
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Member:
    """One document of an archive: its bytes and what `_meta.yaml` states of it, or the `problem` for which it is not read.

    `path` is relative and POSIX; of a member of an archive inside the archive it begins with that one's name.
    """

    path: str
    data: bytes = field(default=b"", repr=False)
    rules: Mapping[str, object] = field(default_factory=dict)
    problem: DocumentError | None = None


def expand(data: bytes, limits: SourceLimits) -> Iterator[Member]:
    """Every document of a ZIP, in the archive's order, one in memory at a time.

    Raises `DocumentError` for the archive as a whole: `unreadable_document`, `too_large` (too many members). Blocking: call it
    in a thread.
    """
    archive = Archive(io.BytesIO(data), limits)
    for entry in archive.entries():
        try:
            yield Member(entry.path, archive.read(entry), entry.rules)
        except DocumentError as problem:
            yield Member(entry.path, rules=entry.rules, problem=problem)


@dataclass(frozen=True, slots=True)
class Entry:
    """A member that is listed; `inside` are the archives that it lies in, the outermost first."""

    path: str
    info: zipfile.ZipInfo
    inside: tuple[zipfile.ZipInfo, ...] = ()
    rules: Mapping[str, object] = field(default_factory=dict)
    problem: DocumentError | None = None


@dataclass(slots=True)
class _Spent:
    members: int = 0
    bytes: int = 0


class Archive:
    """A ZIP and those inside it, down to `max_archive_depth`. Not for use by two threads at once."""

    def __init__(self, file: BinaryIO, limits: SourceLimits) -> None:
        """Raises `DocumentError` as `expand` does."""
        self._limits = limits
        self._spent = _Spent()
        self._outer = opened(file, limits)
        self._spent.members = len(self._outer.infolist())
        self._inner: tuple[tuple[zipfile.ZipInfo, ...], zipfile.ZipFile] = ((), self._outer)

    def entries(self) -> list[Entry]:
        """Every document, without its bytes; of archives inside, the lists are read."""
        found = list(self._listed(self._outer, "", ()))
        rules = FolderRules.of(
            (entry.path, b"[" if entry.problem else self.read(entry)) for entry in found if is_rules(entry.path)
        )
        return [
            replace(entry, rules=rules.stated(entry.path), problem=entry.problem or rules.problem(entry.path))
            for entry in found
            if is_document(entry.path)
        ]

    def read(self, entry: Entry) -> bytes:
        """Raises `DocumentError`: the entry's own problem, or `unreadable_document`."""
        if entry.problem:
            raise entry.problem
        return self._bytes(self._archive_of(entry.inside), entry.info)

    def _listed(self, archive: zipfile.ZipFile, prefix: str, inside: tuple[zipfile.ZipInfo, ...]) -> Iterator[Entry]:
        seen: set[str] = set()
        for info in archive.infolist():
            name = _name(info)
            if name.endswith("/") or name.startswith("__MACOSX/"):
                continue
            problem = self._problem(info, name)
            if problem is None and name in seen:
                problem = DocumentError(
                    "the archive holds two members of this name; the first is read", code="duplicate_name"
                )
            seen.add(name)
            entry = Entry(prefix + shown(name), info, inside, problem=problem)
            if name.lower().endswith(".zip") and problem is None and is_document(name):
                yield from self._nested(entry)
            else:
                yield entry

    def _nested(self, entry: Entry) -> Iterator[Entry]:
        inside = (*entry.inside, entry.info)
        try:
            if len(inside) > self._limits.max_archive_depth:
                detail = f"archives are read {self._limits.max_archive_depth} deep (COPILOT_SOURCES__MAX_ARCHIVE_DEPTH)"
                raise DocumentError(f"{detail}: unpack this one", code="nested_archive")
            archive = self._archive_of(inside)
            self._spent.members += len(archive.infolist())
            if self._spent.members > self._limits.max_archive_members:
                raise _too_many_members(self._limits)
        except DocumentError as problem:
            yield replace(entry, problem=problem)
            return
        yield from self._listed(archive, f"{entry.path}/", inside)

    def _problem(self, info: zipfile.ZipInfo, name: str) -> DocumentError | None:
        if problem := name_problem(name):
            return problem
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            return DocumentError("a link or device, which is not followed: pack the file itself", code="link")
        if info.flag_bits & _ENCRYPTED:
            return DocumentError("the member is protected by a password: pack it without one", code="encrypted")
        if info.compress_type not in _READABLE:
            return unreadable("the member is packed in an unusual way: pack it with the usual one (deflate)")
        return self._size_problem(info)

    def _size_problem(self, info: zipfile.ZipInfo) -> DocumentError | None:
        """By the sizes that the archive states: reading stops there, so a lie cuts off instead of exploding."""
        limits = self._limits
        if info.file_size > limits.max_bytes:
            return too_large(info.file_size, limits)
        if info.file_size > max(_RATIO_MATTERS, info.compress_size * limits.max_ratio):
            detail = f"the member unpacks to more than {limits.max_ratio} times its size (COPILOT_SOURCES__MAX_ARCHIVE_RATIO)"
            return DocumentError(detail, code="too_large")
        if self._spent.bytes + info.file_size > limits.max_archive_bytes:
            detail = f"the archive unpacks to more than {limits.max_archive_bytes:,} bytes (COPILOT_SOURCES__MAX_ARCHIVE_BYTES)"
            return DocumentError(f"{detail}; this member is beyond them: split the archive", code="too_large")
        self._spent.bytes += info.file_size
        return None

    def _archive_of(self, inside: tuple[zipfile.ZipInfo, ...]) -> zipfile.ZipFile:
        """The last archive is kept open: members are mostly read in the order of their listing."""
        if not inside:
            return self._outer
        if self._inner[0] != inside:
            data = self._bytes(self._archive_of(inside[:-1]), inside[-1])
            self._inner = (inside, opened(io.BytesIO(data), self._limits))
        return self._inner[1]

    def _bytes(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        try:
            with archive.open(info) as stream:
                return stream.read(self._limits.max_bytes + 1)
        except _DAMAGED as error:
            raise unreadable(f"the member is damaged ({type(error).__name__}): pack it anew") from error


def opened(file: BinaryIO, limits: SourceLimits) -> zipfile.ZipFile:
    """Raises `DocumentError`: `unreadable_document`, `too_large`."""
    try:
        _check_directory(file, limits)
        archive = zipfile.ZipFile(file)
    except (*_DAMAGED, struct.error) as error:
        raise unreadable(
            "the archive is no ZIP, is cut off, or its list of members is damaged: pack it anew"
        ) from error
    if len(archive.infolist()) > limits.max_archive_members:
        raise _too_many_members(limits)
    return archive


def _check_directory(file: BinaryIO, limits: SourceLimits) -> None:
    """Before zipfile reads the whole list: it makes half a kilobyte of each entry of 46 bytes, however many there are.

    The layout is of PKWARE's APPNOTE.TXT, 4.3.12-4.3.16; the end record is looked for as zipfile does.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END_BYTES - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    plain = tail[-_END_BYTES:]
    at = (
        len(tail) - _END_BYTES
        if plain.startswith(_DIRECTORY_END) and plain.endswith(b"\0\0")
        else tail.rfind(_DIRECTORY_END)
    )
    (length,) = struct.unpack_from("<L", tail, at + 12) if at >= 0 else (0,)
    if length == 0xFFFFFFFF:
        (length,) = struct.unpack_from("<Q", tail, tail.rindex(_DIRECTORY_END_64, 0, at) + 40)
    if length > limits.max_archive_members * _USUAL_ENTRY_BYTES:
        raise _too_many_members(limits)
    file.seek(max(0, start + at - length))
    if file.read(length).count(_DIRECTORY_ENTRY) > limits.max_archive_members:
        raise _too_many_members(limits)


def _too_many_members(limits: SourceLimits) -> DocumentError:
    return DocumentError(
        f"the archive holds more than {limits.max_archive_members:,} members (COPILOT_SOURCES__MAX_ARCHIVE_MEMBERS): split it",
        code="too_large",
    )


def _name(info: zipfile.ZipInfo) -> str:
    """As whoever packed it wrote it: Windows with backslashes, many tools in UTF-8 without saying so (zipfile takes that for
    code page 437, in which every byte is a letter)."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.orig_filename
    return name.replace("\\", "/")


class ArchiveSource:
    """A ZIP on this machine's disk. One that was replaced is another archive: all its members are looked at anew."""

    def __init__(self, path: Path, limits: SourceLimits) -> None:
        self._path = path
        self._limits = limits
        self._file: io.BufferedReader | None = None
        self._archive: Archive | None = None
        self._digest = ""
        self._entries: dict[str, Entry] = {}
        self._reading = asyncio.Lock()

    async def discover(self) -> AsyncIterator[SourceItem]:
        await self.close()
        for entry in await asyncio.to_thread(self._listed):
            yield SourceItem(entry.path, entry.info.file_size, None, entry.rules, entry.problem)

    async def head(self, item: SourceItem) -> str:
        """The whole archive's SHA-256: the sums inside (CRC-32) do not tell two texts apart for certain."""
        self._entry(item)
        return self._digest

    async def fetch(self, item: SourceItem) -> bytes:
        archive, entry = self._entry(item)
        async with self._reading:
            return await asyncio.to_thread(archive.read, entry)

    async def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._archive, self._entries = None, None, {}

    def _entry(self, item: SourceItem) -> tuple[Archive, Entry]:
        if item.problem:
            raise item.problem
        entry = self._entries.get(item.path)
        if self._archive is None or entry is None:
            raise SourceVanishedError("the archive has no such member any more")
        return self._archive, entry

    def _listed(self) -> list[Entry]:
        try:
            self._file = self._opened()
            self._digest = file_digest(self._file, "sha256").hexdigest()
            self._archive = Archive(self._file, self._limits)
            entries = self._archive.entries()
        except OSError as error:
            raise SourceVanishedError(
                "the archive cannot be read any more: it was moved, deleted or closed to us"
            ) from error
        except SourceVanishedError:
            raise
        except DocumentError as error:
            raise SourceRefusedError(error.detail, code=error.code) from error
        for entry in entries:
            if entry.problem is None:
                self._entries[entry.path] = entry
        return sorted(entries, key=lambda entry: entry.path)

    def _opened(self) -> io.BufferedReader:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        file = open(descriptor, "rb")  # noqa: PTH123, SIM115 - a descriptor; closed with the source
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            file.close()
            raise SourceRefusedError("the address names no file", code="source_not_found")
        if status.st_size > self._limits.max_archive_bytes:
            file.close()
            raise SourceRefusedError(
                f"the archive has {status.st_size:,} bytes; COPILOT_SOURCES__MAX_ARCHIVE_BYTES allows "
                f"{self._limits.max_archive_bytes:,}",
                code="too_large",
            )
        return file


async def _open(
    uri: str, config: NoConfig, credentials: Mapping[str, str], limits: SourceLimits, workdir: Path
) -> Source:
    return ArchiveSource(Path(uri), limits)


KIND = SourceKind("archive", NoConfig, _open, canonical=lambda uri: str(local_path(uri)), local=local_path)
