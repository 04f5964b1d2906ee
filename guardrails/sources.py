"""A passage as the grounding check reads it: its sentences, and the runs of them that one clause may be held against."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from guardrails.claims import folded, read
from guardrails.statements import Statement, clauses, state

SENTENCE = re.compile(
    r"(?:^[ \t]*\d{1,3}\.[ \t]+)?[^\n]+?(?:[.!?](?=[\s\"'”’)\]*_]|$)[\"'”’)\]*_]*|(?=\n)|$)",
    re.MULTILINE,
)
_TAKES_UP = re.compile(
    r"\W*(?:(?:this|that|these|those|it|its|they|their|such|otherwise|in (?:this|that|such) (?:case|event)|for example|also|instead"
    r"|only|alternatively|if (?:they|you) do(?:n't| not)?|if not|by default|however|therefore|in addition)\b|\()",
    re.IGNORECASE,
)
"""How a sentence begins that goes on about the one before it."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_HEADING = 4
"""Words of a line without a full stop that introduces the lines below it, at most."""
_ITEMS = 8
"""Lines of a list that are read together with the line that introduces it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    start: int
    end: int
    text: str
    folded: str
    paragraph: int


@dataclass(frozen=True, slots=True)
class Run:
    """What one clause is held against: a sentence, or some that belong together, whole and clause by clause."""

    start: int
    end: int
    folded: str
    said: Statement
    clauses: tuple[Statement, ...]
    sentences: tuple[Statement, ...]
    paragraph: int


@dataclass(frozen=True, slots=True)
class Source:
    """`about` are title and headings, which name what the text speaks of."""

    sentences: tuple[Sentence, ...]
    runs: tuple[Run, ...]
    about: Statement
    names: frozenset[str]
    folded: str


@lru_cache(maxsize=128)
def source(text: str, about: str = "") -> Source:
    """Kept for the sentences of one answer, which are held against the same passages."""
    sentences = tuple(
        Sentence(
            match.end() - len(match[0].lstrip()),
            match.end(),
            match[0].strip(),
            folded(match[0]),
            text.count("\n", 0, match.start()),
        )
        for match in SENTENCE.finditer(text)
        if match[0].strip()
    )
    return Source(
        sentences,
        tuple(sorted(_runs(sentences), key=lambda run: len(run.sentences))),
        state(f"{about} {_CAMEL.sub(' ', about)}"),
        _names(text),
        folded(text),
    )


def _names(text: str) -> frozenset[str]:
    said = read(text)
    return said.names | {fact for fact in said.facts if fact.isalpha()}


def _runs(sentences: Sequence[Sentence]) -> Iterator[Run]:
    for place, sentence in enumerate(sentences):
        yield _run(sentences[place : place + 1])
        if place and _TAKES_UP.match(sentence.text):
            yield _run(sentences[place - 1 : place + 1])
        if sentence.text.endswith(":") or _is_heading(sentence):
            items = _items(sentences[place + 1 : place + 1 + _ITEMS])
            yield from (_run((sentence, item)) for item in items)
            if len(items) > 1 and not any(state(item.text).denied for item in items):
                yield _run((sentence, *items))


def _is_heading(sentence: Sentence) -> bool:
    return sentence.text[-1].isalnum() and len(sentence.text.split()) <= _HEADING


def _items(below: Sequence[Sentence]) -> list[Sentence]:
    """The lines that are punctuated like the first: a list's, not the text's that follows it."""
    return list(takewhile(lambda each: each.text.endswith(".") == below[0].text.endswith("."), below))


def _run(inside: Sequence[Sentence]) -> Run:
    text = " ".join(each.text for each in inside)
    return Run(
        start=inside[0].start,
        end=inside[-1].end,
        folded=" ".join(each.folded for each in inside),
        said=state(text),
        clauses=tuple(state(clause) for each in inside for clause in clauses(each.text)),
        sentences=tuple(state(each.text) for each in inside),
        paragraph=inside[0].paragraph,
    )
