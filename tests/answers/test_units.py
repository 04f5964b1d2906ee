"""Cutting a stream of Markdown into units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.units import Segmenter, Unit, UnitKind


def segment(text: str, size: int = 3) -> list[Unit]:
    segmenter = Segmenter()
    units = [unit for i in range(0, len(text), size) for unit in segmenter.feed(text[i : i + size])]
    return [*units, *segmenter.close()]


def test_sentences_leave_one_by_one_with_their_markers() -> None:
    units = segment("Restart the service [1]. Then open port 7443 [2].[3] It works.")
    assert [unit.text for unit in units] == ["Restart the service [1].", "Then open port 7443 [2].[3]", "It works."]


def test_a_sentence_is_not_sent_before_it_is_complete() -> None:
    segmenter = Segmenter()
    assert list(segmenter.feed("Restart the service on version 7.")) == []
    assert [u.text for u in segmenter.feed("4 now. And")] == ["Restart the service on version 7.4 now."]


@pytest.mark.parametrize(
    "text", ["Use e.g. Peppol for it.", "Set edi.endpoint_id in hq.ini first.", "It is 3.5 m long."]
)
def test_dots_inside_a_sentence_do_not_end_it(text: str) -> None:
    assert [unit.text for unit in segment(text)] == [text]


def test_a_numbered_procedure_is_one_unit() -> None:
    units = segment("Do this:\n\n1. Stop it [1].\n2. Start it [1].\n   Wait a minute.\n3. Look.\n\nDone now.")
    assert [unit.kind for unit in units] == [UnitKind.SENTENCE, UnitKind.PROCEDURE, UnitKind.SENTENCE]
    assert units[1].claims == ("Stop it [1].", "Start it [1].", "Wait a minute.", "Look.")


def test_code_and_tables_stay_whole() -> None:
    units = segment("```\nnet stop X\n\nnet start X\n```\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nEnd.")
    assert [unit.kind for unit in units] == [UnitKind.CODE, UnitKind.TABLE, UnitKind.SENTENCE]
    assert "\n\n" in units[0].text
    assert units[1].claims == ("| a | b |", "| 1 | 2 |")


def test_list_items_are_units_of_their_own() -> None:
    assert [u.kind for u in segment("- one thing\n- another\n")] == [UnitKind.ITEM, UnitKind.ITEM]


@given(st.text(alphabet="ab .\n1-|`#[]", max_size=200), st.integers(1, 9))
def test_no_word_is_lost_however_the_stream_is_cut(text: str, size: int) -> None:
    kept = "".join(unit.text for unit in segment(text, size))
    assert "".join(kept.split()) == "".join(text.split())
