"""Elements to chunks: passages that one embedding window holds, cut where the document itself is cut.

A chunk never crosses a heading, but for sections so short that they say little alone: those are gathered under their
parent. A procedure, a table, a code block stays whole where it fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ingest.formats.elements import Element, ElementKind
from ingest.packing import Draft, pack
from ingest.pieces import unit_spans
from ingest.sections import gathered, sections_of
from ingest.sentences import Span

CHUNKER_VERSION = 2
"""Part of an index generation: raise it when the same document would be cut differently."""


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """How long a chunk may be, in the embedding model's tokens without its special ones.

    `window` is what the model reads (all-MiniLM-L6-v2: 256 less 2); `target` is where a chunk stops growing (900
    characters of English are about 200 word pieces); `prefix` is the most that title and headings may
    take of the window.
    """

    count: Callable[[str], int]
    window: int = 254
    target: int = 200
    prefix: int = 48


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage as it is quoted and shown; `kind` is that of most of its text.

    `sentences` are offsets into `text`, each a sentence, a list item, a table row or a code block; in order, and
    together holding every character that is no blank.
    """

    number: int
    text: str
    heading_path: tuple[str, ...]
    page: int | None
    kind: ElementKind
    sentences: tuple[Span, ...]


def word_pieces(tokenizer_file: Path) -> Callable[[str], int]:
    """A counter of a model's tokens, special ones left out, from its ``tokenizer.json``."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_truncation()  # the published file cuts at 128 tokens and pads, so that every long text would count 128
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def embedded_text(text: str, title: str, heading_path: Sequence[str], budget: TokenBudget) -> str:
    """What is embedded for a chunk: one line of title and headings, then its text."""
    prefix = _prefix(title, heading_path, budget)
    return f"{prefix}\n{text}" if prefix else text


def chunk(elements: Sequence[Element], *, title: str, budget: TokenBudget) -> list[Chunk]:
    """The chunks of a document, numbered from 0 in reading order. The same elements always give the same chunks."""
    chunks: list[Chunk] = []
    count = cache(budget.count)  # sections, pieces and drafts weigh the same texts; forgotten with the document
    for group in gathered(sections_of(elements, title), budget.target, count):
        limit = budget.window - budget.count(_prefix(title, group.path, budget))
        for draft in pack(group, limit=limit, target=min(budget.target, limit), count=count):
            chunks.append(_finished(draft, len(chunks), group.path))
    return chunks


def _finished(draft: Draft, number: int, path: tuple[str, ...]) -> Chunk:
    text = ""
    spans: list[Span] = []
    weights: dict[ElementKind, int] = {}
    for piece in draft:
        if text:
            text += piece.separator
        spans += [(start + len(text), end + len(text)) for start, end in unit_spans(piece)]
        text += piece.text
        weights[piece.kind] = weights.get(piece.kind, 0) + len(piece.text)
    kind = max(weights, key=lambda kind: weights[kind])
    return Chunk(number, text, path, draft[0].page, kind, tuple(spans))


def _prefix(title: str, heading_path: Sequence[str], budget: TokenBudget) -> str:
    """``title > heading > heading`` within `budget.prefix` tokens: the middle goes first, then the end."""
    names = [name for name in (title, *heading_path) if name]
    while len(names) > 2 and budget.count(" > ".join(names)) > budget.prefix:
        del names[1]
    prefix = " > ".join(names)
    return prefix if budget.count(prefix) <= budget.prefix else _shortened(prefix, budget)


def _shortened(text: str, budget: TokenBudget) -> str:
    low, high = 0, min(len(text), budget.prefix * 12)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if budget.count(text[:middle]) <= budget.prefix else (low, middle - 1)
    return text[:low].rstrip()
