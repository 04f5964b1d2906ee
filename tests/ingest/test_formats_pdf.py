from __future__ import annotations

import io
from collections.abc import Sequence

import pypdf
import pytest
from ingest_files import code_of, pdf, read, shared_data, shown, texts
from pypdf.generic import NameObject, TextStringObject

from core.domain import Audience
from core.errors import DocumentError
from ingest.formats import ocr
from ingest.formats.elements import ElementKind
from ingest.metadata import read_metadata

Drawn = tuple[float, float, float, str]
BODY: list[Drawn] = [
    (60, 700 - 15 * n, 11, f"Line {n} of the body, which goes on to the margin of the page.") for n in range(6)
]


def table(rows: Sequence[Sequence[str]], columns: Sequence[float], top: float = 660) -> list[Drawn]:
    return [(x, top - 18 * r, 11, t) for r, row in enumerate(rows) for x, t in zip(columns, row, strict=True) if t]


def rewritten(data: bytes, change: object) -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(data))
    change(writer)  # type: ignore[operator]
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def tables(data: bytes) -> list[str]:
    return [element.text for element in read(data, "a.pdf").elements if element.kind is ElementKind.TABLE]


def test_empty_cells_stay_in_their_columns() -> None:
    rows = (("Code", "Meaning", "Days"), ("E1", "", "3"), ("E2", "Lid open", ""), ("E3", "Paper", "1"))
    assert tables(pdf([table(rows, (60, 220, 380))])) == [
        "Code | Meaning | Days\nE1 |  | 3\nE2 | Lid open |\nE3 | Paper | 1"
    ]


def test_cell_of_several_lines_is_one_cell() -> None:
    drawn = table((("Code", "Meaning"), ("E1", "Paper is stuck in"), ("", "the feeder"), ("E2", "Lid")), (60, 220))
    for number, (x, y, size, text) in enumerate(drawn):
        if text == "the feeder":
            drawn[number] = (x, y + 5, size, text)
    assert tables(pdf([drawn])) == ["Code | Meaning\nE1 | Paper is stuck in the feeder\nE2 | Lid"]


def test_table_that_is_drawn_cell_by_cell_keeps_its_rows() -> None:
    """As word processors do: all lines of a cell before the next cell of its row."""
    drawn: list[Drawn] = [
        *table((("Code", "Meaning", "Days"),), (60, 220, 380)),
        (60, 642, 11, "E1"), (220, 642, 11, "Paper is stuck in"), (220, 629, 11, "the feeder below"), (220, 616, 11, "the lid"),
        (380, 642, 11, "3"),
        (60, 596, 11, "E2"), (220, 596, 11, "Lid open"), (380, 596, 11, "1"),
    ]  # fmt: skip
    assert tables(pdf([drawn])) == [
        "Code | Meaning | Days\nE1 | Paper is stuck in the feeder below the lid | 3\nE2 | Lid open | 1"
    ]


def test_first_cell_of_several_lines_stays_in_its_row() -> None:
    drawn: list[Drawn] = [
        *table((("Code", "Meaning"),), (60, 220)),
        (60, 642, 11, "E1 and all"), (60, 629, 11, "its kin"), (220, 642, 11, "Paper"), (220, 629, 11, "jam"),
        (60, 606, 11, "E2"), (220, 606, 11, "Lid open"),
    ]  # fmt: skip
    assert tables(pdf([drawn])) == ["Code | Meaning\nE1 and all its kin | Paper jam\nE2 | Lid open"]


def test_two_columns_of_prose_are_no_table() -> None:
    left = [(60, 700 - 15 * n, 11, f"left column line {n} with some more words") for n in range(5)]
    right = [(320, 700 - 15 * n, 11, f"right column line {n} with some words") for n in range(5)]
    parsed = read(pdf([[*left, *right]]), "a.pdf")
    assert [element.kind for element in parsed.elements] == [ElementKind.PARAGRAPH] * len(parsed.elements)
    joined = " ".join(texts(parsed))
    assert joined.index("left column line 4") < joined.index("right column line 0")


def test_bold_lines_of_the_body_s_size_are_headings() -> None:
    page = [(60, 760, 12, "Refunds"), *[(x, y, 11.5, t) for x, y, _, t in BODY]]
    parsed = read(pdf([page], bold_from=12), "a.pdf")
    assert shown(parsed)[0] == ("heading", 1, "Refunds")


def test_bookmarks_give_levels_also_where_the_page_numbers_its_headings() -> None:
    page = [(60, 760, 11, "1.2 Refunds"), *BODY]

    def mark(writer: pypdf.PdfWriter) -> None:
        chapter = writer.add_outline_item(title="Payments", page_number=0)
        writer.add_outline_item(title="Refunds", page_number=0, parent=chapter)

    assert shown(read(rewritten(pdf([page]), mark), "a.pdf"))[0] == ("heading", 2, "1.2 Refunds")


def test_bookmarks_that_run_in_a_circle_end() -> None:
    data = rewritten(
        pdf([BODY]), lambda writer: [writer.add_outline_item(title=f"B{n}", page_number=0) for n in range(3)]
    )

    def tie(writer: pypdf.PdfWriter) -> None:
        items = [each.get_object() for each in writer._objects if isinstance(each, pypdf.generic.DictionaryObject)]
        marks = [each for each in items if each.get("/Title") in ("B0", "B2")]
        marks[-1][NameObject("/Next")] = marks[0].indirect_reference  # type: ignore[index]

    assert "Line 0" in texts(read(rewritten(data, tie), "a.pdf"))[0]


def test_word_parted_at_a_line_s_end_is_whole_and_a_ligature_is_letters() -> None:
    assert texts(read("The of\ufb01ce of \ufb02oors, e\ufb03cient".encode(), "a.txt")) == [
        "The office of floors, efficient"
    ]


def test_pages_of_pictures_amid_text_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: False)
    writer = pypdf.PdfWriter()
    scan = pypdf.PdfReader(shared_data("formats") / "mixed-haystack" / "non_text_searchable.pdf").pages[0]
    text = pypdf.PdfReader(io.BytesIO(pdf([BODY]))).pages[0]
    for page in (text, scan, scan, text, scan):
        writer.add_page(page)
    stream = io.BytesIO()
    writer.write(stream)
    parsed = read(stream.getvalue(), "a.pdf")
    assert parsed.warnings[0].startswith("pages 2-3, 5 are pictures")
    assert "[ocr]" in parsed.warnings[0]
    assert {element.page for element in parsed.elements} == {1, 4}


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_pdf_under_a_password_is_named_so(algorithm: str) -> None:
    pytest.importorskip("cryptography")
    data = rewritten(pdf([BODY]), lambda writer: writer.encrypt("secret", algorithm=algorithm))
    assert code_of(data, "a.pdf") == "encrypted"


def test_pdf_that_only_its_owner_may_change_is_read() -> None:
    pytest.importorskip("cryptography")
    data = rewritten(pdf([BODY]), lambda writer: writer.encrypt("", "owner", algorithm="AES-128"))
    assert "Line 0" in texts(read(data, "a.pdf"))[0]


def test_properties_of_a_pdf_give_its_metadata() -> None:
    stated = {
        "/Title": "Refund policy",
        "/DocType": "policy",
        "/Audience": "internal",
        "/Versions": ">=7.2",
        "/owner": "Desk",
    }

    def state(writer: pypdf.PdfWriter) -> None:
        writer.add_metadata({key: TextStringObject(value) for key, value in stated.items()})

    parsed = read(rewritten(pdf([BODY]), state), "a.pdf")
    assert parsed.title == "Refund policy"
    found, _ = read_metadata({}, {}, name="a.pdf", title=parsed.title, properties=parsed.properties)
    assert (found.audience, found.doc_type, found.versions, found.owner) == (Audience.AGENT, "policy", ">=7.2", "Desk")


def test_scan_is_read_where_the_extra_is_installed() -> None:
    pytest.importorskip("rapidocr_onnxruntime", reason="the extra 'ocr' is not installed")
    scan = shared_data("formats") / "mixed-haystack" / "non_text_searchable.pdf"
    assert "non-text-searchable" in " ".join(texts(read(scan.read_bytes(), scan.name)))


def test_scan_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: False)
    scan = shared_data("formats") / "mixed-onyx" / "inline_image.pdf"
    with pytest.raises(DocumentError, match=r"partner-copilot\[ocr\]") as caught:
        read(scan.read_bytes(), scan.name)
    assert caught.value.code == "scanned"


def test_real_tables_are_legible() -> None:
    file = shared_data("formats") / "mixed-nvidia" / "multimodal_test.pdf"
    found = tables(file.read_bytes())
    assert "Lion | Putting on sunscreen | At the park" in found[0]
    assert "Sedan | White | Metallic Gray | Matte Gray" in found[1]
    file = shared_data("formats") / "mixed-haystack" / "sample_pdf_1.pdf"
    assert "B | 234,523.00 | The quick brown fox jumped over the lazy dog. | 54x growth" in tables(file.read_bytes())[0]
