"""Units: the pieces in which text leaves. A sentence, a list item, a table, a code block, or a whole numbered procedure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MARKER = re.compile(r"\s?\[(\d{1,2})\]")
STEP = re.compile(r"^\s*\d{1,2}[.)]\s+")
BULLET = re.compile(r"^\s*[-*•]\s+")
FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_TABLE_ROW = re.compile(r"^\s*\|.*\|\s*$")
_SENTENCE_END = re.compile(r"[.!?…](?:[\"'”’)\]]*)(?:\s?\[\d{1,2}\])*(?=\s+[\"'“(\[]?[A-Z0-9À-Þ`*]|\s*$)")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|approx|incl|resp|no|nr|fig|ca|cf|Mr|Mrs|Ms|Dr|St)\.$", re.IGNORECASE)
_CONTINUES_STEP = re.compile(r"^\s{2,}\S|^\s*$")


class UnitKind(StrEnum):
    SENTENCE = "sentence"
    ITEM = "item"
    TABLE = "table"
    CODE = "code"
    PROCEDURE = "procedure"
    NOTE = "note"
    """A remark of ours on the sources: whom and when they hold for, where they differ."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Markdown of one unit. `passages` are indices into the passages it rests on, best first (empty: not stated);
    `quote` is the stretch of the first passage that says it (empty: not known yet)."""

    text: str
    kind: UnitKind
    passages: tuple[int, ...] = ()
    quote: str = ""

    @property
    def claims(self) -> tuple[str, ...]:
        """What the grounding check reads one by one: each line of a procedure or table, else the whole."""
        if self.kind in (UnitKind.PROCEDURE, UnitKind.TABLE):
            lines = (STEP.sub("", line).strip() for line in self.text.splitlines())
            return tuple(line for line in lines if line and not set(line) <= set("|-: "))
        return (self.text,)


class Segmenter:
    """Cuts a stream of Markdown into units as soon as each is complete. Feed deltas, then `close` for the rest."""

    def __init__(self) -> None:
        self._buffer = ""

    def feed(self, delta: str) -> Iterator[Unit]:
        self._buffer += delta
        while (cut := _complete(self._buffer)) is not None:
            end, kind = cut
            text, self._buffer = self._buffer[:end].strip("\n"), self._buffer[end:].lstrip("\n")
            if text.strip():
                yield Unit(text.strip(), kind)

    def close(self) -> Iterator[Unit]:
        yield from self.feed("\n\n")
        if rest := self._buffer.strip():
            self._buffer = ""
            yield Unit(rest, _kind_of(rest))


def _complete(buffer: str) -> tuple[int, UnitKind] | None:
    """Where the first unit of the buffer ends, if it is complete."""
    stripped = buffer.lstrip("\n")
    offset = len(buffer) - len(stripped)
    if not stripped.strip():
        return None
    kind = _kind_of(stripped)
    match kind:
        case UnitKind.CODE:
            end = _fence_end(stripped)
        case UnitKind.PROCEDURE | UnitKind.TABLE:
            end = _block_end(stripped, kind)
        case UnitKind.ITEM:
            newline = stripped.find("\n")
            end = newline + 1 if newline >= 0 else None
        case UnitKind.SENTENCE:
            end = _sentence_end(stripped)
    return None if end is None else (offset + end, kind)


def _kind_of(text: str) -> UnitKind:
    line = text.split("\n", 1)[0]
    for kind, pattern in (
        (UnitKind.CODE, FENCE),
        (UnitKind.PROCEDURE, STEP),
        (UnitKind.ITEM, BULLET),
        (UnitKind.TABLE, _TABLE_ROW),
    ):
        if pattern.match(line):
            return kind
    return UnitKind.SENTENCE


def _fence_end(text: str) -> int | None:
    closing = re.search(r"\n\s*(?:```|~~~)[ \t]*(?:\n|$)", text)
    return closing.end() if closing else None


def _block_end(text: str, kind: UnitKind) -> int | None:
    """A procedure runs until a line that is neither a step nor indented below one; a table until a line without pipes."""
    position = 0
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            return None
        belongs = (
            STEP.match(line) or _CONTINUES_STEP.match(line) if kind is UnitKind.PROCEDURE else _TABLE_ROW.match(line)
        )
        if not belongs:
            return position
        position += len(line)
    return len(text) if re.search(r"\n[ \t]*\n[ \t]*\n?$", text) and kind is UnitKind.TABLE else None


def _sentence_end(text: str) -> int | None:
    paragraph = re.search(r"\n[ \t]*\n|\n(?=\s*(?:[-*•]\s|\d{1,2}[.)]\s|```|~~~|\|))", text)
    limit = paragraph.start() if paragraph else len(text)
    for match in _SENTENCE_END.finditer(text, 0, limit):
        at_open_end = match.end() >= len(text)
        if not at_open_end and not _ABBREVIATION.search(text[: match.start() + 1]):
            return match.end()
    return paragraph.end() if paragraph else None
