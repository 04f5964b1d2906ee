from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime, time

import pytest
from ingest_files import LIMITS, code_of, read, shown, texts, zipped
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet


def book(*rows: list[object]) -> tuple[Workbook, Worksheet]:
    made = Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Tills"
    for row in rows:
        sheet.append(row)
    return made, sheet


def saved(made: Workbook) -> bytes:
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def table_of(made: Workbook) -> str:
    return next(element.text for element in read(saved(made), "a.xlsx").elements if element.kind.value == "table")


def test_cell_merged_over_rows_is_in_each_and_over_columns_in_the_first() -> None:
    made, sheet = book(["Region", "Store", "Tills"], ["North", "101", 4], [None, "102", 2], ["Both", None, 6])
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("A4:B4")
    assert table_of(made) == "Region | Store | Tills\nNorth | 101 | 4\nNorth | 102 | 2\nBoth |  | 6"


def test_hidden_columns_are_left_out_with_a_warning() -> None:
    made, sheet = book(["Name", "Pay", "Desk"], ["Z", "9000", "North"])
    sheet.column_dimensions["B"].hidden = True
    parsed = read(saved(made), "a.xlsx")
    assert texts(parsed) == ["Tills", "Name | Desk\nZ | North"]
    assert parsed.warnings == ("1 hidden columns were left out",)


def test_hidden_rows_are_left_out_with_a_warning() -> None:
    made, sheet = book(["Name", "Desk"], ["Z", "North"], ["Secret", "South"], ["Y", "West"])
    sheet.row_dimensions[3].hidden = True
    parsed = read(saved(made), "a.xlsx")
    assert texts(parsed) == ["Tills", "Name | Desk\nZ | North\nY | West"]
    assert parsed.warnings == ("1 hidden rows were left out",)


def test_rows_that_a_filter_hides_are_read() -> None:
    made, sheet = book(["Name", "Desk"], ["Z", "North"], ["X", "South"])
    sheet.row_dimensions[3].hidden = True
    sheet.auto_filter.ref = "A1:B3"
    parsed = read(saved(made), "a.xlsx")
    assert texts(parsed)[1] == "Name | Desk\nZ | North\nX | South"
    assert parsed.warnings == ()


def test_formula_that_was_never_calculated_is_warned_of() -> None:
    made, _ = book(["Sum", "Of"], ["=1+1", "x"])
    parsed = read(saved(made), "a.xlsx")
    assert "1 formulas have no stored value" in parsed.warnings[0]


def test_values_are_shown_as_a_reader_sees_them() -> None:
    made, sheet = book(
        ["When", "At", "Day", "On", "Rate", "Price", "Count"],
        [datetime(2026, 3, 1, 14, 30), time(8, 15), date(2026, 3, 1), True, 0.125, 3.10, 1e15],
    )
    sheet["E2"].number_format = "0.0%"
    assert (
        table_of(made).splitlines()[1]
        == "2026-03-01 14:30 | 08:15:00 | 2026-03-01 | TRUE | 12.5% | 3.1 | 1000000000000000"
    )


def test_line_breaks_and_bars_in_a_cell_do_not_break_its_row() -> None:
    made, _ = book(["Code", "Meaning"], ["E1", "Paper\njam"], ["E2", "Lid"])
    assert table_of(made) == "Code | Meaning\nE1 | Paper jam\nE2 | Lid"


def test_size_that_a_sheet_declares_is_not_believed() -> None:
    made, _ = book(["Code", "Meaning"], ["E1", "Jam"])
    data = _with_part(saved(made), "xl/worksheets/sheet1.xml", b'ref="A1:B2"', b'ref="A1:XFD1048576"')
    assert texts(read(data, "a.xlsx")) == ["Tills", "Code | Meaning\nE1 | Jam"]


def test_cell_at_the_far_corner_costs_no_grid() -> None:
    made, sheet = book(["Code", "Meaning"])
    sheet.cell(row=1_000_000, column=2, value="far away")
    assert texts(read(saved(made), "a.xlsx"))[0] == "Tills"


def _with_part(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {member: archive.read(member) for member in archive.namelist()}
    assert old in parts[name]
    parts[name] = parts[name].replace(old, new)
    return zipped(parts)


def test_macros_are_ignored_with_a_warning() -> None:
    made, _ = book(["Code", "Meaning"], ["E1", "Jam"])
    with zipfile.ZipFile(io.BytesIO(saved(made))) as archive:
        parts = {member: archive.read(member) for member in archive.namelist()}
    parsed = read(zipped({**parts, "xl/vbaProject.bin": b"Sub AutoOpen()"}), "a.xlsm")
    assert parsed.warnings == ("the file's macros were ignored",)
    assert not any("AutoOpen" in text for text in texts(parsed))


def test_csv_names_its_delimiter_in_a_first_line() -> None:
    assert texts(read(b"sep=|\r\na|b,c\r\n1|2,3\r\n", "a.csv")) == ["a | b,c\n1 | 2,3"]


def test_csv_with_a_quotation_mark_that_is_never_closed_loses_no_rows() -> None:
    data = 'Size,Name\n12",Screen\n' + "".join(f'{n},"Name {n}\n' if n == 3 else f"{n},Name {n}\n" for n in range(300))
    parsed = read(data.encode(), "a.csv")
    assert "Name 299" in texts(parsed)[0]
    assert texts(parsed)[0].count("\n") == 301
    assert "not closed" in parsed.warnings[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_of_any_usual_encoding(encoding: str) -> None:
    assert texts(read("Ort;Größe\nKöln;5 €\n".encode(encoding), "a.csv")) == ["Ort | Größe\nKöln | 5 €"]


def test_csv_cells_with_line_breaks_stay_in_their_row() -> None:
    assert texts(read(b'Code,Meaning\nE1,"Paper\njam"\nE2,Lid\n', "a.csv")) == [
        "Code | Meaning\nE1 | Paper jam\nE2 | Lid"
    ]


def test_introduction_above_a_table_and_tables_below_each_other() -> None:
    data = b"Stores of 2026\n\nStore,Tills\n101,4\n\nRegion,Head\nNorth,n/a\n"
    assert shown(read(data, "a.csv")) == [
        ("paragraph", 0, "Stores of 2026"),
        ("table", 0, "Store | Tills\n101 | 4"),
        ("table", 0, "Region | Head\nNorth | n/a"),
    ]


def test_rows_are_limited_by_their_text() -> None:
    assert code_of(b"a,b\n" * 100, "a.csv", replace(LIMITS, max_characters=50)) == "too_large"
