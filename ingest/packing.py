"""Pieces into drafts of chunks: grown to a target, procedures whole, tables under their header, prose overlapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ingest.formats.elements import Element, ElementKind
from ingest.pieces import Piece, cost_of, pieces_of, unit_spans
from ingest.sections import Group

Draft = list[Piece]
"""The pieces of one chunk, in order; never empty."""

_LONGEST_OVERLAP = 60
"""Tokens: the sentence carried over is a reminder of what was spoken of, not a passage of its own."""


def pack(group: Group, *, limit: int, target: int, count: Callable[[str], int]) -> Iterator[Draft]:
    """Drafts of at most `limit` tokens each, that stop growing at `target`; both are tokens of the text alone."""
    packer = _Packer(limit, target, count)
    number = 0
    for block in group.blocks:
        numbered = list(enumerate(block, start=number))
        number += len(block)
        for unit in _units(numbered):
            packer.add([piece for n, element in unit for piece in pieces_of(element, n, limit, count)])
    packer.flush()
    for draft in packer.drafts:
        yield from _fitting(draft, limit, count)


Numbered = tuple[int, Element]


def _units(block: Sequence[Numbered]) -> list[list[Numbered]]:
    """What should stay together: a list with its continuations; a line that ends in a colon with what it announces."""
    units: list[list[Numbered]] = []
    for item in block:
        previous = units[-1][-1][1] if units else None
        if previous and ((_in_list(item[1]) and _in_list(previous)) or _announces(previous)):
            units[-1].append(item)
        else:
            units.append([item])
    return units


def _in_list(element: Element) -> bool:
    return element.kind is ElementKind.LIST_ITEM or (element.level > 0 and element.kind is not ElementKind.HEADING)


def _announces(element: Element) -> bool:
    if element.kind is ElementKind.HEADING:
        return True
    return element.kind is ElementKind.PARAGRAPH and element.text.rstrip().endswith(":")


def _items(unit: list[Piece]) -> Iterator[list[Piece]]:
    """A list's outermost items, each with what belongs to it; anything else piece by piece."""
    outermost = min((p.level for p in unit if p.kind is ElementKind.LIST_ITEM), default=0)
    item: list[Piece] = []
    for piece in unit:
        starts = piece.level <= outermost and (piece.kind is ElementKind.LIST_ITEM or piece.level == 0)
        if item and starts and piece.element != item[-1].element:
            yield item
            item = []
        item.append(piece)
    yield item


class _Packer:
    """One pass over the pieces of a group."""

    def __init__(self, limit: int, target: int, count: Callable[[str], int]) -> None:
        self.drafts: list[Draft] = []
        self._limit, self._target, self._count = limit, target, count
        self._draft: Draft = []
        self._used = 0

    def add(self, unit: list[Piece]) -> None:
        """Place `unit` whole if a window holds it, else its list items whole, else piece by piece."""
        cost = sum(piece.cost for piece in unit)
        if cost <= self._limit:
            self._place(unit, cost)
            return
        for item in _items(unit):
            cost = sum(piece.cost for piece in item)
            if cost <= self._limit:
                self._place(item, cost)
                continue
            for piece in item:
                self._place([piece], piece.cost)

    def flush(self) -> None:
        if self._draft:
            self.drafts.append(self._draft)
        self._draft, self._used = [], 0

    def _place(self, pieces: list[Piece], cost: int) -> None:
        if self._draft and self._used + cost > self._room():
            previous = self._draft
            self.flush()
            carried = self._carried(previous, pieces[0], self._limit - cost)
            self._draft = carried
            self._used = sum(piece.cost for piece in carried)
        self._draft += pieces
        self._used += cost

    def _room(self) -> int:
        """Up to the target; up to the window where what is gathered so far says little alone."""
        return self._limit if self._used < self._target * 0.4 else self._target

    def _carried(self, previous: Draft, following: Piece, room: int) -> Draft:
        """What a chunk repeats of the one before it: the header of its table, or the last sentence of running prose."""
        if following.header:
            cost = cost_of(following.header, self._count)
            return [replace(following, text=following.header, cost=cost, header="")] if cost <= room else []
        last = previous[-1]
        if not last.kind is following.kind is ElementKind.PARAGRAPH or last.level or following.level:
            return []
        spans = unit_spans(last)
        if len(spans) + len(previous) < 3:
            return []
        start, end = spans[-1]
        cost = cost_of(last.text[start:end], self._count)
        if cost > min(_LONGEST_OVERLAP, room):
            return []
        return [replace(last, text=last.text[start:end], cost=cost)]


def _fitting(draft: Draft, limit: int, count: Callable[[str], int]) -> Iterator[Draft]:
    """`draft`, halved until it fits: a tokenizer may count more for a text than for its pieces."""
    text = "".join(piece.separator + piece.text for piece in draft).strip()
    if count(text) <= limit or len(draft) == 1:
        yield draft
        return
    middle = len(draft) // 2
    yield from _fitting(draft[:middle], limit, count)
    yield from _fitting(draft[middle:], limit, count)
