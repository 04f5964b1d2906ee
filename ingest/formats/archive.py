"""A ZIP as a document: its members are its attachments, unpacked one at a time, each no further than it says it goes."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from functools import partial
from pathlib import PurePosixPath

from core.errors import DocumentError
from ingest.formats.elements import Attachment, Parsed, ParseLimits, unreadable

_ENCRYPTED = 0x1


def parse_zip(data: bytes, limits: ParseLimits) -> Parsed:
    """Members in the archive's order. Folders, links, and what systems hide in archives are left out; so are names that lead
    out of the archive, with a warning. Raises `DocumentError` (`encrypted`) where a password protects every member."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    files = [member for member in archive.infolist() if not member.is_dir() and not _is_link(member)]
    if files and all(member.flag_bits & _ENCRYPTED for member in files):
        raise DocumentError("the archive is protected by a password: pack it without one", code="encrypted")
    kept = [member for member in files if is_inside(member.filename)]
    strays = len(files) - len(kept)
    attachments = tuple(
        Attachment(member.filename, partial(_read, archive, member, limits))
        for member in kept
        if not _is_hidden(member.filename)
    )
    warnings = (f"{strays} members with names that lead out of the archive were left out",) if strays else ()
    return Parsed((), attachments=attachments, warnings=warnings)


def is_inside(name: str) -> bool:
    """A relative path without steps upwards, drives or backslashes: one that could not leave a folder it is unpacked to."""
    return (
        bool(name.strip())
        and not name.startswith("/")
        and not any(mark in name for mark in ("\\", "\0", ":"))
        and ".." not in name.split("/")
    )


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: ParseLimits) -> bytes:
    if member.flag_bits & _ENCRYPTED:
        raise DocumentError("it is protected by a password: pack it without one", code="encrypted")
    if member.file_size > limits.max_bytes:
        raise DocumentError(f"it unpacks to more than max_bytes ({limits.max_bytes:,}); split it", code="too_large")
    try:
        with archive.open(member) as stream:
            return stream.read(member.file_size)  # the size that was checked; a stream that goes on is cut there
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise unreadable("it is damaged, or packed in a way that is not read; pack it anew") from error
