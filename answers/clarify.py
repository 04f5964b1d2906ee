"""When to ask back: a short question that fits several groups of documents equally well; and what the asker "
"then picks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from answers.follow_ups import content_words
from answers.types import Choice, Facet
from core.domain import Filters, Passage
from core.errors import InvalidRequestError
from core.versions import OPEN_END, range_text, version_range, version_text

SPECIFIC = 7
"""Words of its own that make a question specific: it says enough for the documents to be told apart."""
CLOSE = 0.95
"""Of the best passage's score: what comes as near as this fits the question as well."""
CLOSE_VERSION = 0.85
"""… and for texts of versions that exclude each other: whose words are more like the question's says nothing of what is run."""
COPY = 0.9
"""Share of the words of two texts that both have, from which on they are one."""
AGREE = 0.6
"""Share of the words of the shorter of two best sentences that the other has, too: they say the same, so nobody "
"need choose."""

_ABOUT_VERSIONS = re.compile(
    r"\b(?:versions?|releases?|upgrad\w+|updat\w+|migrat\w+|since when|changed?|changes|new|older|newer|latest|"
    r"differ\w*|compar\w+)\b",
    re.I,
)
_A_CUSTOMER = re.compile(
    r"\b(?:the|this|that|our|a|my|their|which|one|each) (?:customer|client)(?:['’]?s)?\b|\b(?:customer|"
    r"client)['’]?s? (?:config\w*|set-?up|"
    r"settings|records?|installation)\b",
    re.IGNORECASE,
)
_ORDINALS = {
    "first": 0,
    "1st": 0,
    "second": 1,
    "2nd": 1,
    "third": 2,
    "3rd": 2,
    "fourth": 3,
    "4th": 3,
    "fifth": 4,
    "5th": 4,
}
_AROUND = re.compile(
    r"\b(?:the|it'?s|it is|i mean|we (?:run|use|have|are on)|i (?:run|use|have|am on)|for|on|in|please|one|option|"
    r"number|version|product|"
    r"module|customer|thanks?|that'?s|about)\b|[^\w.\s&-]+",
    re.IGNORECASE,
)


def choices_for(question: str, passages: Sequence[Passage], filters: Filters, *, most: int) -> tuple[Choice, ...]:
    """What the asker must choose from; empty where the question is specific, one passage leads, or the best agree.

    `passages` are ranked, best first.
    """
    if len(content_words(question)) > SPECIFIC or not passages:
        return ()
    for facet, read, given in _FACETS:
        if given(filters) is None and not (facet is Facet.VERSION and _ABOUT_VERSIONS.search(question)):
            least = (CLOSE_VERSION if facet is Facet.VERSION else CLOSE) * passages[0].score
            groups = _groups([p for p in passages if p.dense_score > 0 and p.score >= least], read)
            alike = _are_one_text if facet is Facet.VERSION else _agree
            if len(groups) > 1 and not _named(question, groups) and not alike(list(groups.values())):
                return tuple(_choice(facet, value) for value in list(groups)[:most])
    return ()


def customers_for(question: str, customers: Sequence[str], filters: Filters, *, most: int) -> tuple[Choice, ...]:
    """The customers that a question about "the customer", or about two of them, may mean."""
    if filters.customer is not None or not customers:
        return ()
    named = [name for name in customers if name.casefold() in question.casefold()]
    if len(named) < 2 and not _A_CUSTOMER.search(question):
        return ()
    return tuple(Choice(name, Facet.CUSTOMER, name) for name in (named or customers)[:most])


def topics_for(word: str, passages: Sequence[Passage], *, most: int) -> tuple[Choice, ...]:
    """What the documents that name a word are about, by their titles; where there is but one, by its headings."""
    holding = [
        passage
        for passage in passages
        if word.casefold() in f"{passage.title} {' '.join(passage.heading_path)} {passage.text}".casefold()
    ]
    titles = dict.fromkeys(passage.title for passage in holding)
    labels = titles if len(titles) > 1 else dict.fromkeys(map(_shown, holding))
    return tuple(Choice(label, Facet.TOPIC, label) for label in labels)[:most]


def picked(message: str, choices: Sequence[Choice]) -> Choice | None:
    """The choice that a message names, by its label, its value or its place; `None` where it says anything else."""
    bare = " ".join(_AROUND.sub(" ", message).split()).strip(" .").casefold()
    said = " ".join(message.split()).strip(" .!?\"'“”").casefold()
    for choice in choices:
        if {said, bare} & {choice.label.casefold(), choice.value.casefold()}:
            return choice
    place = _ORDINALS.get(bare, int(bare) - 1 if re.fullmatch(r"[1-9]", bare) else -1)
    return choices[place] if 0 <= place < len(choices) else None


def narrowed(query: str, filters: Filters, choice: Choice) -> tuple[str, Filters]:
    """The original question, as it is searched once a choice is made."""
    match choice.facet:
        case Facet.CUSTOMER:
            return f"{query} {choice.value}", replace(filters, customer=choice.value)
        case Facet.PRODUCT:
            return f"{query} {choice.value}", replace(filters, product=choice.value)
        case Facet.MODULE:
            return f"{query} {choice.value}", replace(filters, module=choice.value)
        case Facet.VERSION:
            return query, replace(filters, version=choice.value)
        case Facet.TOPIC:
            return choice.value if query.casefold() in choice.value.casefold() else f"{query} {choice.value}", filters


def _version(passage: Passage) -> str | None:
    try:
        return None if version_range(passage.version) == (0, OPEN_END) else passage.version
    except InvalidRequestError:
        return None


_FACETS: tuple[tuple[Facet, Callable[[Passage], str | None], Callable[[Filters], str | None]], ...] = (
    (Facet.PRODUCT, lambda passage: passage.product, lambda filters: filters.product),
    (Facet.VERSION, _version, lambda filters: filters.version),
    (Facet.MODULE, lambda passage: passage.module, lambda filters: filters.module),
)


def _groups(near: Sequence[Passage], read: Callable[[Passage], str | None]) -> dict[str, Passage]:
    """The best passage of each value; none where a near passage is written for all, or where ranges overlap."""
    groups: dict[str, Passage] = {}
    for passage in near:
        value = read(passage)
        if value is None:
            return {}
        groups.setdefault(value, passage)
    if read is _version:
        spans = sorted(map(version_range, groups))
        if any(one[1] > other[0] for one, other in pairwise(spans)):
            return {}
    return groups


def _named(question: str, values: dict[str, Passage]) -> bool:
    return any(value.casefold() in question.casefold() for value in values)


def _agree(passages: Sequence[Passage]) -> bool:
    first, *others = (_best_sentence(passage) for passage in passages)
    return all(len(first & other) >= AGREE * min(len(first), len(other)) for other in others)


def _are_one_text(passages: Sequence[Passage]) -> bool:
    """Versions that exclude each other have texts of their own because something differs, unless one is a copy."""
    first, *others = (frozenset(map(str.casefold, content_words(passage.text))) for passage in passages)
    return all(len(first & other) >= COPY * len(first | other) for other in others)


def _best_sentence(passage: Passage) -> frozenset[str]:
    scored = list(zip(passage.sentence_scores, passage.sentences, strict=False))
    start, end = max(scored)[1] if scored else (0, len(passage.text))
    return frozenset(word.casefold() for word in content_words(passage.text[start:end])) or frozenset({passage.id})


def _choice(facet: Facet, value: str) -> Choice:
    if facet is not Facet.VERSION:
        return Choice(value, facet, value)
    low, high = version_range(value)
    return Choice(range_text(low, high), facet, version_text(low if low else high - 1))


def _shown(passage: Passage) -> str:
    inner = [step for step in passage.heading_path if step and step != passage.title]
    return f"{passage.title}: {inner[-1]}" if inner else passage.title
