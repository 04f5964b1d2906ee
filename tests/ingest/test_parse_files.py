from __future__ import annotations

import resource
import time
from dataclasses import replace

import pytest
from ingest_files import (
    LIMITS,
    code_of,
    compound_file,
    docx,
    eml,
    msg,
    outcome,
    pdf,
    pptx,
    read,
    shared_data,
    shown,
    texts,
    xlsx,
    zipped,
)

from core.errors import DocumentError
from ingest.formats import ocr
from ingest.formats.elements import ElementKind
from ingest.parse import parse


def test_docx_headings_numbers_and_table() -> None:
    parsed = read(docx(), "a.docx")
    assert parsed.title == "Printer runbook"
    assert shown(parsed) == [
        ("heading", 1, "Printer runbook"),
        ("paragraph", 0, "Call +44 555 0100 before you begin."),
        ("heading", 2, "Steps"),
        ("list_item", 1, "1. Open the lid."),
        ("list_item", 1, "2. Close it."),
        ("list_item", 1, "- Keep the key."),
        ("table", 0, "Code | Meaning\nE1 | Paper jam"),
    ]


def test_pptx_slides_become_sections_with_notes_and_without_hidden_ones() -> None:
    parsed = read(pptx(), "a.pptx")
    assert [(e.kind.value, e.level, e.text, e.page) for e in parsed.elements] == [
        ("heading", 1, "Kick-off", 1),
        ("paragraph", 0, "Two tills", 1),
        ("heading", 2, "Roll-out", 3),
        ("paragraph", 0, "Ten tills", 3),
        ("paragraph", 0, "Notes: Mention the freeze.", 3),
    ]
    assert parsed.warnings == ("1 hidden slides were left out",)


def test_xlsx_sheets_become_sections_of_tables_as_they_are_shown() -> None:
    parsed = read(xlsx(), "a.xlsx")
    assert shown(parsed) == [
        ("heading", 2, "Stores"),
        ("paragraph", 0, "Opened so far"),
        ("table", 0, "Store | Opened | Tills | Share\n101 | 2026-03-01 | 4 | 25%"),
        ("table", 0, "Region | Head\nNord | n/a"),
    ]
    assert parsed.warnings == ("a hidden sheet was left out",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_delimiter_is_found(delimiter: str) -> None:
    rows = [["Code", "Price, net"], ["A-1", "3"]]
    data = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows).encode()
    assert texts(read(data, "a.csv")) == ["Code | Price, net\nA-1 | 3"]


def test_mail_has_subject_sender_and_body_and_names_what_was_left_out() -> None:
    parsed = read(eml(), "a.eml")
    assert parsed.title == "Gift cards – agreed"
    assert texts(parsed) == [
        "Gift cards – agreed",
        "From: Zoë Lind <zoe@example.org>\nDate: 2026-08-27 10:42",
        "Hello,",
        "1. Both ranges stay open.",
        "2. Old cards at head office only.",
    ]
    assert parsed.warnings == (
        "attachment 1 (.pdf) was not read: the file is cut off or damaged: its pages cannot be found; print it to PDF anew",
        "1 attachments were not read (1 × .png): ingest them as files of their own where they matter",
    )


def test_rich_body_of_a_mail_is_preferred() -> None:
    assert texts(read(eml(html=True), "a.eml"))[2:] == ["Rich body", "A | B"]


def test_outlook_message() -> None:
    parsed = read(msg(), "a.msg")
    assert texts(parsed) == ["Gift cards", 'From: "Zoe Lind" <zoe@example.org>', "Hello,", "- Both ranges stay open."]


def test_pdf_headings_paragraphs_tables_and_pages() -> None:
    page = [
        (60, 780, 20, "Service levels"),
        (60, 740, 11, "What customers may expect is written in this"),
        (60, 725, 11, "document for each tier."),
        (60, 690, 14, "Targets"),
        *[
            (x, 660 - 18 * r, 11, t)
            for r, row in enumerate((("Tier", "First"), ("Silk", "20 min")))
            for x, t in zip((60, 220), row, strict=True)
        ],
        (60, 600, 11, "1. Call the hotline."),
        (60, 585, 11, "2. Wait."),
    ]
    parsed = read(pdf([page, [(60, 780, 14, "Credits"), (60, 740, 11, "None.")]]), "a.pdf")
    assert parsed.title == "Service levels"
    assert [(e.kind.value, e.level, e.text, e.page) for e in parsed.elements] == [
        ("heading", 1, "Service levels", 1),
        ("paragraph", 0, "What customers may expect is written in this document for each tier.", 1),
        ("heading", 2, "Targets", 1),
        ("table", 0, "Tier | First\nSilk | 20 min", 1),
        ("list_item", 1, "1. Call the hotline.", 1),
        ("list_item", 1, "2. Wait.", 1),
        ("heading", 2, "Credits", 2),
        ("paragraph", 0, "None.", 2),
    ]


def test_running_heads_and_page_numbers_of_a_pdf_are_dropped() -> None:
    pages = [
        [
            (60, 810, 9, "Corvane manual"),
            (60, 700, 11, f"Body text of page {n}."),
            (60, 650, 11, "More."),
            (290, 30, 9, f"{n} / 3"),
        ]
        for n in (1, 2, 3)
    ]
    assert texts(read(pdf(pages), "a.pdf")) == [t for n in (1, 2, 3) for t in (f"Body text of page {n}.", "More.")]


def test_paragraph_that_runs_over_a_page_is_joined() -> None:
    pages = [[(60, 60, 11, "The clock stands still while we")], [(60, 780, 11, "wait for access to a site.")]]
    parsed = read(pdf(pages), "a.pdf")
    assert texts(parsed) == ["The clock stands still while we wait for access to a site."]


@pytest.mark.parametrize("name", ["a.doc", "a.7z", "a.xml", "a.png", "a", "a.rtf", ".md"])
def test_unsupported_type_names_a_remedy(name: str) -> None:
    with pytest.raises(DocumentError, match=r"save it as|unpack|export|pictures|supported are") as caught:
        parse(b"data", name, limits=LIMITS)
    assert caught.value.code == "unsupported_type"


def test_size_pages_and_characters_are_limited() -> None:
    assert code_of(b"x" * 11, "a.txt", replace(LIMITS, max_bytes=10)) == "too_large"
    assert code_of(b"x" * 11, "a.txt", replace(LIMITS, max_characters=10)) == "too_large"
    assert code_of(xlsx(), "a.xlsx", replace(LIMITS, max_characters=10)) == "too_large"
    two_pages = pdf([[(60, 60, 11, "text")]] * 2)
    assert code_of(two_pages, "a.pdf", replace(LIMITS, max_pages=1)) == "too_many_pages"
    assert code_of(two_pages, "a.pdf", replace(LIMITS, max_characters=3)) == "too_large"


def test_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = zipped({"word/document.xml": bytes(60_000_000)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert code_of(bomb, "a.docx") == "too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_many_parts_are_refused() -> None:
    parts = zipped({f"xl/{n}.xml": b"" for n in range(50)})
    assert code_of(parts, "a.xlsx", replace(LIMITS, max_members=40)) == "too_large"


def test_encrypted_files_are_named_so() -> None:
    protected = compound_file({"EncryptionInfo": b"x" * 80, "EncryptedPackage": b"y" * 400})
    assert code_of(protected, "a.docx") == "encrypted"
    assert code_of(protected, "a.xlsx") == "encrypted"
    smime = b"From: a@b.example\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nAAAA"
    assert code_of(smime, "a.eml") == "encrypted"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"just text", "a.docx"),
        (b"just text", "a.pdf"),
        (b"just text", "a.msg"),
        (b"just text", "a.eml"),
        (b"PK\x03\x04 just the beginning", "a.xlsx"),
        (b"%PDF-1.7 and nothing", "a.pdf"),
        (b"%PDF-1.7\n...", "a.md"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.txt"),
        (compound_file({"WordDocument": b"x" * 200}), "a.docx"),
        (compound_file({"x": b"y"}), "a.msg"),
    ],
)
def test_wrong_extension_or_broken_file_is_unreadable(data: bytes, name: str) -> None:
    assert code_of(data, name) in ("unreadable_document", "no_text")


def test_one_office_format_under_the_name_of_another_is_unreadable() -> None:
    assert code_of(xlsx(), "a.docx") == "unreadable_document"
    assert code_of(docx(), "a.pptx") == "unreadable_document"


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.pdf", "a.msg"])
def test_truncated_and_damaged_files_are_refused_or_read(name: str) -> None:
    makers = {
        "a.docx": docx,
        "a.pptx": pptx,
        "a.xlsx": xlsx,
        "a.msg": msg,
        "a.pdf": lambda: pdf([[(60, 60, 11, "text")]]),
    }
    data = makers[name]()
    assert code_of(data[:40], name) == "unreadable_document"
    for cut in range(50, len(data), len(data) // 12):
        for broken in (data[:cut], data[:cut] + b"\xff\0\xff" + data[cut + 3 :]):
            assert outcome(broken, name) in ("read", "unreadable_document", "no_text", "encrypted", "scanned")


def test_file_without_text_is_told_from_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: False)
    assert code_of(pdf([[]]), "a.pdf") == "no_text"
    assert code_of(b"![only a picture](x.png)", "a.md") == "no_text"
    scan = shared_data("formats") / "mixed-haystack" / "non_text_searchable.pdf"
    with pytest.raises(DocumentError, match=r"\[ocr\]") as caught:
        read(scan.read_bytes(), scan.name)
    assert caught.value.code == "scanned"


@pytest.mark.slow
def test_every_real_file_is_read_or_refused_in_time() -> None:
    codes: dict[str, int] = {}
    # A high-water mark of the whole process, so only what these files add to it counts; kB on Linux.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files = [f for f in sorted(shared_data("formats").rglob("*")) if f.is_file()]
    for file in files:
        names = [file.name, file.stem + ".eml"] if "email" in file.parent.name else [file.name]
        for name in names:
            began = time.perf_counter()
            try:
                parsed = parse(file.read_bytes(), name, limits=LIMITS)
                code = "read"
                assert all(e.kind in ElementKind and e.text.strip() for e in parsed.elements)
            except DocumentError as error:
                code = error.code
            assert time.perf_counter() - began < 60, name
            codes[code] = codes.get(code, 0) + 1
    assert codes["read"] >= 95
    assert set(codes) <= {"read", "unsupported_type", "no_text", "scanned", "encrypted", "unreadable_document"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000
