"""Where sentences begin and end in prose, as character offsets."""

from __future__ import annotations

import re

Span = tuple[int, int]
"""`(start, end)` in characters, end exclusive."""

# Never the end of a sentence, whatever follows.
_ALWAYS = "e.g|i.e|cf|vs|viz|resp|approx|incl|excl|ca|mr|mrs|ms|dr|prof|st|bzw|z.b|d.h|u.a"
# The end of a sentence only where no number follows: "No. 5", "Fig. 2", "12 Jan. 2026".
_BEFORE_NUMBER = (
    "no|nos|nr|fig|figs|p|pp|sec|sect|ch|art|vol|ver|v|rev|ext|tel|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec"
)
_ABBREVIATION = re.compile(
    rf"(?:^|[\s(\[\"'“‘])(?:{_ALWAYS.replace('.', chr(92) + '.')}|[A-Z](?:\.[A-Z])*)\.$", re.IGNORECASE
)
_NUMBERED = re.compile(rf"(?:^|[\s(\[])(?:{_BEFORE_NUMBER})\.$", re.IGNORECASE)
_LIST_MARKER = re.compile(r"(?:^|\n)\s*(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})\.$")
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”’）]*|\n")


def sentence_spans(text: str) -> list[Span]:
    """The sentences of `text`, in order, without surrounding blanks; together they hold all but blanks.

    A line break ends a sentence: in our elements there are none but those that the author made. Abbreviations, list
    markers, version numbers, file names and decimal numbers do not.
    """
    spans: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if _is_end(text, start, match):
            _append(spans, text, start, match.end())
            start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    if stripped := piece.strip():
        begin = start + len(piece) - len(piece.lstrip())
        spans.append((begin, begin + len(stripped)))


def _is_end(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark[0] not in ".…":
        return mark == "\n" or not text[match.end() :].lstrip()[:1].islower()
    following = text[match.end() : match.end() + 40].lstrip()[:1]
    if following.islower():
        return False
    if mark[0] == "…" or mark.startswith(".."):
        return True
    before = text[max(start, match.start() - 20) : match.start() + 1]
    if _LIST_MARKER.search(before) and match.start() - start < 8:
        return False
    if _ABBREVIATION.search(before):
        return False
    return not (following.isdigit() and _NUMBERED.search(before))
