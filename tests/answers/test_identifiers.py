from answer_worlds import passage

from answers.extractive import extract
from answers.identifiers import codes, names_unknown_code

TABLE = """code | meaning | first action
ERR-4021 | Conflict of two changes | Choose a side.
ERR-4035 | Journal nearly full | Free the disk."""


def test_a_code_is_the_same_however_it_is_written() -> None:
    assert codes("err-4021, ERR4021 and ERR_4021") == {("ERR", "4021")}
    assert codes("till 4, store 417, version 7.4, AX 2012, the P80 and 2026-11-21") == frozenset()


def test_another_code_of_the_family_is_no_answer() -> None:
    table = passage(TABLE, cosines=[0.2, 0.5, 0.9])
    assert names_unknown_code("What is ERR-9999?", [table])
    assert not names_unknown_code("What is ERR-4021?", [table])
    assert not names_unknown_code("Order PO-12345 hangs with a full journal", [table])
    assert not names_unknown_code("What does the journal do?", [table])


def test_the_row_of_the_named_code_is_given_whatever_else_sounds_alike() -> None:
    table = passage(TABLE, cosines=[0.2, 0.5, 0.9])
    text = "\n".join(unit.text for unit in extract("What does error ERR-4021 mean?", [table]))
    assert "Conflict of two changes" in text
    assert "Journal" not in text
