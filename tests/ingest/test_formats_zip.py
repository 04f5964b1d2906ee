from __future__ import annotations

import io
import stat
import zipfile
from dataclasses import replace

import pytest
from bombs import encrypted_zip
from ingest_files import LIMITS, code_of, docx, read, texts, zipped

from core.errors import DocumentError


def test_members_become_sections_under_their_names() -> None:
    data = zipped({"guide/a.md": b"# Guide\n\nFirst.", "b.txt": b"Second.", "c.docx": docx()})
    found = texts(read(data, "a.zip"))
    assert found[:5] == ["guide/a.md", "Guide", "First.", "b.txt", "Second."]
    assert "1. Open the lid." in found


def test_names_that_lead_out_of_the_archive_are_left_out() -> None:
    names = ("../up.md", "/etc/abs.md", "C:\\win.md", "a/../../b.md", "\\\\host\\share.md")
    parsed = read(zipped({"good.md": b"Good.", **dict.fromkeys(names, b"Stray.")}), "a.zip")
    assert texts(parsed) == ["good.md", "Good."]
    assert parsed.warnings == (f"{len(names)} members with names that lead out of the archive were left out",)


def test_links_folders_and_hidden_members_are_left_out() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("folder/", "")
        archive.writestr("__MACOSX/a.md", "Fork.")
        archive.writestr(".git/config.txt", "Hidden.")
        archive.writestr("a.md", "Kept.")
    assert texts(read(stream.getvalue(), "a.zip")) == ["a.md", "Kept."]


def test_archive_under_a_password_is_named_so() -> None:
    assert code_of(encrypted_zip(zipped({"a.md": b"text"})), "a.zip") == "encrypted"


def test_archives_in_each_other_end_at_the_limit() -> None:
    data = zipped({"a.md": b"Bottom."})
    for _ in range(LIMITS.max_depth - 2):
        data = zipped({"in.zip": data})
    assert "Bottom." in texts(read(data, "a.zip"))
    with pytest.raises(DocumentError, match="max_depth"):
        read(zipped({"in.zip": zipped({"in.zip": data})}), "a.zip")


def test_archive_that_branches_is_refused_before_it_grows() -> None:
    """Ten archives of ten archives of ten: small as a file, and each level within its own limits."""
    data = zipped({f"{n}.txt": b"x" * 100_000 for n in range(10)})
    for _ in range(2):
        data = zipped({f"{n}.zip": data for n in range(10)})
    assert code_of(data, "a.zip", replace(LIMITS, max_unpacked_bytes=20_000_000)) == "too_large"
    assert code_of(data, "a.zip", replace(LIMITS, max_members=300)) == "too_large"


def test_member_that_is_damaged_is_a_warning() -> None:
    data = bytearray(zipped({"a.md": b"Good.", "b.md": b"text that is long enough " * 9}))
    at = data.index(b"b.md") + 10
    data[at : at + 8] = b"\xff" * 8
    parsed = read(bytes(data), "a.zip")
    assert texts(parsed) == ["a.md", "Good."]
    assert "damaged" in parsed.warnings[0]


def test_archive_without_any_text_tells_why() -> None:
    with pytest.raises(DocumentError, match=r"1 × \.exe") as caught:
        read(zipped({"a.exe": b"MZ"}), "a.zip")
    assert caught.value.code == "no_text"
    assert code_of(zipped({}), "a.zip") == "no_text"
