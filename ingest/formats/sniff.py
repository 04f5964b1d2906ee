"""Is a file what its extension says? Checked on its first bytes and, for zip containers, on the list of members."""

from __future__ import annotations

import io
import zipfile

from core.errors import DocumentError
from ingest.formats.elements import ParseLimits, unreadable
from ingest.formats.plain import utf16_by_zeros

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_BINARY = (
    _OLE,
    _ZIP,
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x7fELF",
    b"MZ\x90",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
)
_MAIN_PART = {".docx": "word/", ".docm": "word/", ".pptx": "ppt/", ".pptm": "ppt/", ".xlsx": "xl/", ".xlsm": "xl/"}
_TEXT_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


def check_content(data: bytes, suffix: str, limits: ParseLimits) -> None:
    """Raise `DocumentError` (`unreadable_document`, `encrypted`, `too_large`) where opening the file would be wrong."""
    if suffix in _MAIN_PART:
        _check_office(data, suffix, limits)
    elif suffix == ".zip":
        members_of(data, limits)
    elif suffix == ".pdf":
        if b"%PDF-" not in data[:1024]:
            raise unreadable("the file is named .pdf but is none; give it the extension of its content")
    elif suffix == ".msg":
        if not data.startswith(_OLE):
            raise unreadable("the file is named .msg but is no Outlook message; a mail as text is an .eml")
    elif data.startswith(_BINARY) or _looks_binary(data):
        raise unreadable(f"the file is named {suffix} but is no text; give it the extension of its content")


def _looks_binary(data: bytes) -> bool:
    """More than one control character in ten of the first 4 KB, in a file without a byte order mark."""
    head = data[:4096]
    if head.startswith(_TEXT_BOMS) or utf16_by_zeros(head):
        return False
    return sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head) * 10 > len(head)


def _check_office(data: bytes, suffix: str, limits: ParseLimits) -> None:
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise DocumentError("the file is protected by a password: save it without one", code="encrypted")
        raise unreadable(f"the file is in the format of Office 97-2003: open it and save it as {suffix}")
    if not data.startswith(_ZIP):
        raise unreadable(f"the file is named {suffix} but is none, or its beginning is lost; copy it again")
    members = members_of(data, limits)
    if any(member.flag_bits & 1 for member in members):
        raise DocumentError("the file is protected by a password: save it without one", code="encrypted")
    if not any(member.filename.startswith(_MAIN_PART[suffix]) for member in members):
        raise unreadable(f"the file is named {suffix} but holds something else; give it the extension of its content")


def members_of(data: bytes, limits: ParseLimits) -> list[zipfile.ZipInfo]:
    """What an archive holds, by its own list. Raises `DocumentError`: `unreadable_document`, or `too_large` to unpack."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise unreadable("the file is cut off or damaged: its list of parts cannot be read; copy it again") from error
    _check_members(members, len(data), limits)
    return members


def _check_members(members: list[zipfile.ZipInfo], packed: int, limits: ParseLimits) -> None:
    """Sizes as the archive declares them; reading stops at those, so a lie truncates instead of exploding."""
    unpacked = sum(member.file_size for member in members)
    ratio_matters = unpacked > 20_000_000
    if (
        len(members) > limits.max_members
        or unpacked > limits.max_unpacked_bytes
        or (ratio_matters and unpacked > packed * limits.max_ratio)
    ):
        raise DocumentError(
            f"the file would unpack to {unpacked:,} bytes in {len(members):,} parts: over max_unpacked_bytes, "
            "max_ratio or max_members; split it",
            code="too_large",
        )
