"""What a file says of itself, wherever its format keeps it, and which statement holds."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from ingest_files import docx, pptx, read, xlsx, zipped

from core.domain import Audience, DocType, Metadata
from ingest.metadata import read_metadata

CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
FORMAT = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
STATED = {
    "Audience": "Internal",
    "Doc Type": "Runbook",
    "Versions": ">=7.2 <8.0",
    "EffectiveFrom": "2026-05-01",
    "effective-to": "2026-12-31",
    "Owner": "Desk",
    "Review By": "2027-01-01",
    "Company": "of no concern",
}


def with_properties(data: bytes, stated: dict[str, str]) -> bytes:
    properties = "".join(
        f'<property fmtid="{FORMAT}" pid="{n}" name="{name}"><vt:lpwstr>{value}</vt:lpwstr></property>'
        for n, (name, value) in enumerate(stated.items(), start=2)
    )
    part = f'<Properties xmlns="{CUSTOM}" xmlns:vt="{TYPES}">{properties}</Properties>'
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**members, "docProps/custom.xml": part.encode()})


def metadata(data: bytes, name: str, rules: dict[str, object] | None = None) -> Metadata:
    parsed = read(data, name)
    return read_metadata(parsed.front_matter, rules or {}, name=name, title=parsed.title, properties=parsed.properties)[
        0
    ]


@pytest.mark.parametrize(("name", "data"), [("a.docx", docx()), ("a.pptx", pptx()), ("a.xlsx", xlsx())])
def test_own_properties_of_an_office_file_give_its_metadata(name: str, data: bytes) -> None:
    stated = {key: value.replace(">", "&gt;").replace("<", "&lt;") for key, value in STATED.items()}
    found = metadata(with_properties(data, stated), name)
    assert (found.audience, found.doc_type, found.versions) == (Audience.AGENT, DocType.RUNBOOK, ">=7.2 <8.0")
    assert (found.effective_from, found.effective_to) == (date(2026, 5, 1), date(2026, 12, 31))
    assert (found.owner, found.review_by) == ("Desk", date(2027, 1, 1))


def test_rules_of_the_folder_go_before_properties_and_front_matter_before_both() -> None:
    data = with_properties(docx(), {"Owner": "Program", "Module": "Program", "Region": "Program"})
    assert metadata(data, "a.docx", {"owner": "Folder"}).owner == "Folder"
    assert metadata(data, "a.docx").module == "Program"
    found, _ = read_metadata(
        {"owner": "Author"}, {"owner": "Folder"}, name="a", title="", properties={"owner": "Program"}
    )
    assert found.owner == "Author"


def test_property_can_narrow_the_readers_that_a_folder_names_and_never_widen_them() -> None:
    assert (
        metadata(with_properties(docx(), {"Audience": "internal"}), "a.docx", {"audience": "public"}).audience
        is Audience.AGENT
    )
    assert (
        metadata(with_properties(docx(), {"Audience": "public"}), "a.docx", {"audience": "agent"}).audience
        is Audience.AGENT
    )


@pytest.mark.parametrize("title", ["Microsoft Word - Document1", "untitled", "PowerPoint Presentation"])
def test_title_that_a_program_made_up_is_none(title: str) -> None:
    data = with_properties(xlsx(), {"Title": title})
    assert read(data, "a.xlsx").title == ""


def test_broken_properties_do_not_cost_the_document() -> None:
    with zipfile.ZipFile(io.BytesIO(docx())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert read(zipped({**members, "docProps/custom.xml": b"<broken"}), "a.docx").properties == {
        "title": "Stated title"
    }


def test_author_of_a_file_is_not_its_owner() -> None:
    """A program writes down who was logged in; who answers for a text, somebody has to say."""
    assert metadata(with_properties(docx(), {"Author": "Zoe Lind"}), "a.docx").owner is None
