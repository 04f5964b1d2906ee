from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "whole",
    [
        "Upgrade to 7.4.1 first.",
        "Use a browser, e.g. Firefox, i.e. not the till.",
        "Open C:\\Program Files\\Corvane\\app.exe and config.toml now.",
        "See No. 5 and Fig. 2 of 12 Jan. 2026 there.",
        "Ask Dr. Lind or J. Smith or Mr. Noor.",
        "1. Open the lid.",
        "Wait... then go on.",
        "It costs 4.50 EUR vs. 5.00 EUR.",
        "Write to help@example.org or https://example.org/a.html today.",
    ],
)
def test_one_sentence_is_not_split(whole: str) -> None:
    assert sentences(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("Runs on 8.0. Older ones too.", ["Runs on 8.0.", "Older ones too."]),
        ("See (a). The next.", ["See (a).", "The next."]),
        ("Tills, printers, etc. The rest stays.", ["Tills, printers, etc.", "The rest stays."]),
        ("Line one\nLine two", ["Line one", "Line two"]),
        ("完了。次へ。", ["完了。", "次へ。"]),
        ("  Padded.  Twice.  ", ["Padded.", "Twice."]),
        ("Press it. 5 seconds later it restarts.", ["Press it.", "5 seconds later it restarts."]),
    ],
)
def test_sentences_end_where_a_reader_stops(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@settings(deadline=None)
@given(st.text())
def test_spans_hold_everything_but_blanks(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
