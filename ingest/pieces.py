"""Elements cut into pieces that fit a window: whole where they can be, else by sentence, row, line or word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ingest.formats.elements import Element, ElementKind
from ingest.sentences import Span, sentence_spans

# A word of over a hundred characters is one unknown token to WordPiece, so tokens alone would let a page of base64 pass
# as one. English runs at 4 to 5 characters a token; at 12 only such strings are caught.
_CHARACTERS_PER_TOKEN = 12
_WIDEST_WINDOW = 10_000
"""Tokens: more than any model reads at once."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one element. `separator` stands before it when another piece of the same chunk precedes it.

    `cost` is in tokens; `element` numbers the element that it is cut from; `header` is the piece's table header,
    repeated where a chunk begins below it.
    """

    kind: ElementKind
    text: str
    cost: int
    element: int
    page: int | None = None
    separator: str = "\n\n"
    header: str = ""
    level: int = 0


def cost_of(text: str, count: Callable[[str], int]) -> int:
    """Tokens; of a text that is over any window by its length alone, at least as many: to count a sheet of megabytes takes
    gigabytes."""
    least = -(-len(text) // _CHARACTERS_PER_TOKEN)
    return least if least > _WIDEST_WINDOW else max(count(text), least)


def pieces_of(element: Element, number: int, limit: int, count: Callable[[str], int]) -> list[Piece]:
    """`element` as pieces of at most `limit` tokens; joined by their separators they are its text, or fenced parts of its code."""
    if element.kind is ElementKind.CODE:
        return _code(element, number, limit, count)
    in_list = element.kind is ElementKind.LIST_ITEM or (element.level and element.kind is not ElementKind.HEADING)
    separator = "\n" if in_list else "\n\n"
    text = element.text.strip()
    if element.kind is ElementKind.LIST_ITEM:
        text = "  " * max(0, element.level - 1) + text
    whole = Piece(element.kind, text, cost_of(text, count), number, element.page, separator, level=element.level)
    if whole.cost <= limit:
        return [whole]
    if element.kind is ElementKind.TABLE:
        return list(_rows(whole, limit, count))
    return list(_cut(whole, sentence_spans(text), limit, count))


def _code(element: Element, number: int, limit: int, count: Callable[[str], int]) -> list[Piece]:
    """Within fences, so that whoever quotes it can tell it from prose; a block over the limit line by line, each part fenced."""
    text = element.text.strip("\n")
    fence = "```"
    while fence in text:
        fence += "`"
    around = cost_of(f"{fence}\n{fence}", count)
    separator = "\n" if element.level else "\n\n"
    whole = Piece(ElementKind.CODE, text, cost_of(text, count), number, element.page, separator, level=element.level)
    room = max(1, limit - around)
    parts = [whole] if whole.cost <= room else list(_gathered(_cut(whole, _line_spans(text), room, count), room))
    return [replace(part, text=f"{fence}\n{part.text}\n{fence}", cost=part.cost + around) for part in parts]


def _gathered(lines: Iterator[Piece], limit: int) -> Iterator[Piece]:
    """Neighbouring lines as one piece while the limit holds them."""
    block: Piece | None = None
    for line in lines:
        if block is not None and block.cost + line.cost <= limit:
            block = replace(block, text=block.text + line.separator + line.text, cost=block.cost + line.cost)
            continue
        if block is not None:
            yield block
        block = line
    if block is not None:
        yield block


def unit_spans(piece: Piece) -> list[Span]:
    """The units that can be quoted: sentences of prose, a table's rows, a whole list item, heading or code block."""
    if piece.kind is ElementKind.PARAGRAPH:
        return sentence_spans(piece.text)
    if piece.kind is ElementKind.TABLE:
        return [_stripped(piece.text, span) for span in _line_spans(piece.text)]
    return [_stripped(piece.text, (0, len(piece.text)))]


def _stripped(text: str, span: Span) -> Span:
    """`span` without the blanks at its ends."""
    inner = text[slice(*span)]
    start = span[0] + len(inner) - len(inner.lstrip())
    return start, start + len(inner.strip())


def _line_spans(text: str) -> list[Span]:
    return [match.span() for match in re.finditer(r"[^\n]*\S[^\n]*", text)]


def _cut(whole: Piece, spans: list[Span], limit: int, count: Callable[[str], int]) -> Iterator[Piece]:
    """Pieces at `spans`, and inside a span that is over the limit, at words."""
    end = 0
    for span in spans:
        for start, stop in _fitting(whole.text, span, limit, count):
            text = whole.text[start:stop]
            gap = whole.separator if start == 0 or not end else _gap(whole.text[end:start])
            yield replace(whole, text=text, cost=cost_of(text, count), separator=gap)
            end = stop


def _gap(between: str) -> str:
    """What stands between two pieces of one element: nothing inside a word, else a break or a blank."""
    return "\n" if "\n" in between else between and " "


def _fitting(text: str, span: Span, limit: int, count: Callable[[str], int]) -> Iterator[Span]:
    """`span` cut into stretches of at most `limit` tokens, between words where that is possible."""
    start, stop = span
    if cost_of(text[start:stop], count) <= limit:
        yield span
        return
    begin, used, end = start, 0, start
    for word_start, word_end in _words(text, start, stop, limit, count):
        cost = cost_of(text[end:word_end], count)
        if used and used + cost > limit:
            yield begin, end
            begin, used, cost = word_start, 0, cost_of(text[word_start:word_end], count)
        used, end = used + cost, word_end
    yield begin, end


def _words(text: str, start: int, stop: int, limit: int, count: Callable[[str], int]) -> Iterator[Span]:
    """Words of the span; one that is over the limit in parts."""
    for match in re.compile(r"\S+").finditer(text, start, stop):
        begin, end = match.span()
        while _is_over(text, begin, end, limit, count):
            cut = _longest_prefix(text[begin : begin + limit * _CHARACTERS_PER_TOKEN + 1], limit, count)
            yield begin, begin + cut
            begin += cut
        yield begin, end


def _is_over(text: str, begin: int, end: int, limit: int, count: Callable[[str], int]) -> bool:
    """Is the word over the limit? Told by its length where that is enough: a line of megabytes may be a single one."""
    length = end - begin
    if length <= limit:
        return False  # a token has at least one character
    return length > limit * _CHARACTERS_PER_TOKEN or cost_of(text[begin:end], count) > limit


def _longest_prefix(word: str, limit: int, count: Callable[[str], int]) -> int:
    """How many leading characters of `word` stay within the limit, by bisection; at least one."""
    low, high = 1, min(len(word), limit * _CHARACTERS_PER_TOKEN)
    while low < high:
        middle = (low + high + 1) // 2
        if cost_of(word[:middle], count) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _rows(whole: Piece, limit: int, count: Callable[[str], int]) -> Iterator[Piece]:
    """A table's rows, each with the header that it needs above it; one over a third of the window is not repeated."""
    lines = whole.text.split("\n")
    header = lines[0] if cost_of(lines[0], count) * 3 <= limit else ""
    room = limit - cost_of(header, count) if header else limit
    for number, line in enumerate(lines):
        for part, (start, stop) in enumerate(_fitting(line, (0, len(line)), room, count)):
            text = line[start:stop]
            yield replace(
                whole,
                text=text,
                cost=cost_of(text, count),
                separator=whole.separator if number == part == 0 else "\n",
                header=header if number else "",
            )
