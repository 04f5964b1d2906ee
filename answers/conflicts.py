"""Where two cited documents speak to the same point and differ: the answer says so instead of choosing quietly.

Read without a model, and careful: a remark about a conflict that is none costs trust. Two statements are about the same point only
where the shorter one's subject stands in the other, and they differ only where they set values of the same kind and share none, or
where one allows what the other forbids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from answers.units import BULLET, STEP
from answers.values import Value, differing, labels, values
from core.domain import DocType, Passage
from core.errors import InvalidRequestError
from core.versions import version_range
from guardrails.claims import may_negate, read, stem

Similar = Callable[[str, str], float]
"""Cosine of two sentences, where an embedder is at hand."""

Said = Callable[[str], bool]
"""Whether an answer says this stretch of a passage."""

MAX_PASSAGES = 8
"""Passages that are compared with each other, best first: what an answer is given from."""
MAX_CONFLICTS = 2
NEAR = 0.55
"""Cosine from which two statements are taken to be about one thing, where their sections do not say so."""
MAX_QUOTE = 220
"""Characters of a statement that is repeated in the remark; a longer one is no remark any more."""
CELL = " | "

_GENERIC = frozenset(
    stem(word)
    for word in """
    hour day minute week month year second business work working percent eur usd gbp euro dollar time calendar
    january february march april may june july august september october november december
    one two three four five six seven eight nine ten eleven twelve
    also always must might can shall should need needs apply applies applicable least most maximum minimum up within until about
    than more less before after during only every each still late early soon possible usually generally normally
    rule policy section note priority give gives given get gets receive receives
    """.split()  # noqa: SIM905
)
"""Words that say nothing of what a statement is about: its values and measures, and how it puts them."""

_SYNONYMS = {
    stem(word): stem(group[0])
    for group in (
        ("answer", "respond", "response", "reply", "react", "reaction", "acknowledge"),
        ("ticket", "case", "request", "call"),
        ("repair", "fix", "mend"),
        ("replace", "exchange", "swap"),
        ("last", "run", "take"),
        ("discount", "rebate"),
        ("retain", "retention", "keep", "kept"),
        ("delete", "erase", "remove", "purge"),
        ("end", "close", "finish"),
        ("start", "begin", "open"),
        ("staff", "man", "staffed", "manned", "attend"),
        ("report", "notify", "notification"),
        ("warranty", "guarantee"),
        ("consent", "agreement", "agree", "approval", "approve"),
        ("pay", "payable", "payment"),
        ("bill", "charge", "invoice", "fee", "cost"),
        ("return", "send"),
    )
    for word in group
}
_FORBIDS = re.compile(
    r"\b(?:(?:must|may|shall|can|should|is|are|will) ?(?:not|never)(?: be)?|cannot|mustn't|never|no longer|forbidden|prohibited|"
    r"not (?:allowed|permitted)|(?:nobody|no one|none) (?:may|must)|no \w+ (?:may|are|is|must))\b",
    re.IGNORECASE,
)
_ALLOWS = re.compile(r"\b(?:may|can|allowed|permitted|is kept|are kept)\b", re.IGNORECASE)
_NO_STATEMENT = re.compile(r"(?:\?|:)\s*$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or table cell of passage number `passage`; `quote` stands in its text word for word."""

    passage: int
    text: str
    quote: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """`ours` is the asker's own document's, or the better passage's where both are one tenant's. `point`: what both speak about."""

    point: str
    ours: Statement
    theirs: Statement
    own: bool
    """Whether `theirs` is another tenant's document."""


@dataclass(frozen=True, slots=True)
class _Read:
    statement: Statement
    subject: tuple[str, ...]
    first: str
    context: frozenset[str]
    labels: frozenset[str]
    cell: bool
    values: tuple[Value, ...]
    allows: bool | None
    negated: frozenset[str]


def conflicts(
    passages: Sequence[Passage], *, tenant_id: str, said: Said | None = None, similar: Similar | None = None
) -> tuple[Conflict, ...]:
    """Conflicts among the passages that an answer is given from, best first; at most `MAX_CONFLICTS`, one for each point. With
    `said`, only on points that the answer makes: documents may differ on others, too."""
    best = list(enumerate(passages[:MAX_PASSAGES]))
    points = None if said is None else [r for n, p in best for r in _statements(n, p, said=said)]
    statements = {number: list(_statements(number, passage, said=said, near=points)) for number, passage in best}
    found: dict[str, Conflict] = {}
    for (a, one), (b, other) in combinations(best, 2):
        if not _comparable(one, other):
            continue
        ours, theirs = (b, a) if other.tenant_id == tenant_id != one.tenant_id else (a, b)
        for x, y in _pairs(statements[ours], statements[theirs]):
            if said is not None and not (said(x.statement.quote) or said(y.statement.quote)):
                continue
            if _differ(x, y) and _same_point(x, y, _known(passages[ours]), _known(passages[theirs]), similar):
                point = " ".join(sorted(set(x.subject) & set(y.subject)))
                own = passages[ours].tenant_id != passages[theirs].tenant_id
                found.setdefault(point, Conflict(_point(passages[ours]), x.statement, y.statement, own))
    return tuple(found.values())[:MAX_CONFLICTS]


def remark(
    conflict: Conflict, passages: Sequence[Passage], *, marks: tuple[int, int], names: Mapping[str, str], tenant_id: str
) -> str:
    """The sentence that stands beside the answer. `marks` are the citation numbers of both; `names` the owners' by tenant id."""
    ours, theirs = passages[conflict.ours.passage], passages[conflict.theirs.passage]
    said, differs = f"“{conflict.ours.quote}” [{marks[0]}]", f"“{conflict.theirs.quote}” [{marks[1]}]"
    if not conflict.own or ours.tenant_id != tenant_id:
        return f"Two documents differ: “{ours.title}” says {said}; “{theirs.title}” says {differs}."
    whose = names.get(theirs.tenant_id)
    other = f"{whose}'s" if whose else "the other"
    noun = _NOUNS.get(ours.doc_type, "document")
    kind = "" if theirs.doc_type is ours.doc_type and whose else f" {_NOUNS.get(theirs.doc_type, 'document')}"
    return f"Your own {noun} says {said}; {other}{kind} says {differs}."


_NOUNS = {
    DocType.POLICY: "policy",
    DocType.RUNBOOK: "runbook",
    DocType.FAQ: "FAQ",
    DocType.RELEASE_NOTE: "release note",
    DocType.CONFIG_RECORD: "configuration record",
}


def _comparable(one: Passage, other: Passage) -> bool:
    """Whether both can hold for one asker at once: what holds for other versions, regions or customers differs rightly."""
    if one.document_id == other.document_id:
        return False
    apart = (
        (one.customer, other.customer),
        (one.region, other.region) if one.region and other.region else (None, None),
    )
    if any(a != b for a, b in apart):
        return False
    ours, theirs = _range(one.version), _range(other.version)
    return ours[0] < theirs[1] and theirs[0] < ours[1] and not _ended(one, other) and not _ended(other, one)


def _ended(older: Passage, newer: Passage) -> bool:
    return bool(older.effective_to and newer.effective_from and older.effective_to < newer.effective_from)


def _range(text: str | None) -> tuple[int, int]:
    try:
        return version_range(text)
    except InvalidRequestError:
        return version_range(None)


def _pairs(ours: Sequence[_Read], theirs: Sequence[_Read]) -> Iterator[tuple[_Read, _Read]]:
    """Those that share enough to be worth a look."""
    for x in ours:
        for y in theirs:
            shared = len(set(x.subject) & set(y.subject))
            if shared >= 2 or (x.cell and y.cell and shared + len(x.labels & y.labels) >= 2):
                yield x, y


def _differ(x: _Read, y: _Read) -> bool:
    if differing(x.values, y.values):
        return True
    if x.values != y.values or not _in_one_order(x, y):
        return False
    if x.allows is not None and y.allows is not None:
        return x.allows is not y.allows
    return bool((x.negated ^ y.negated) & set(x.subject) & set(y.subject))


def _in_one_order(x: _Read, y: _Read) -> bool:
    """Customer data in test systems is not test data in customer systems."""
    return [word for word in x.subject if word in y.subject] == [word for word in y.subject if word in x.subject]


def _same_point(x: _Read, y: _Read, known_x: frozenset[str], known_y: frozenset[str], similar: Similar | None) -> bool:
    """`known_…` are all the words of the passage behind each: a word that both passages know, but only one statement has, tells
    two things apart that both tell apart."""
    if x.labels != y.labels:
        return False
    only_x, only_y = set(x.subject) - {*y.subject, *y.context}, set(y.subject) - {*x.subject, *x.context}
    if (only_x & known_y) or (only_y & known_x) or (only_x and only_y) or (x.cell and y.cell and only_x | only_y):
        return False
    if x.first in only_x or y.first in only_y:
        return False
    about = bool(x.context & y.context)
    return about or (similar is not None and similar(x.statement.text, y.statement.text) >= NEAR)


def _statements(
    number: int, passage: Passage, *, said: Said | None = None, near: Sequence[_Read] | None = None
) -> Iterator[_Read]:
    """Of the sentences that are `said`, and of those that may differ with one of `near`; of all where neither is given."""
    context, inherited = _context(passage.title, passage.heading_path), labels(" ".join(passage.heading_path))
    for text, quote in _texts(passage):
        cell = text != quote and CELL in quote
        if len(quote) > MAX_QUOTE or _NO_STATEMENT.search(text):
            continue
        if said is not None and not said(quote) and not _is_near(text, near or (), cell=cell):
            continue
        statement = _statement(Statement(number, text, quote), context, inherited, cell=cell)
        if statement is not None:
            yield statement


def _is_near(text: str, points: Sequence[_Read], *, cell: bool) -> bool:
    """Whether the text may differ with one of the points, and shares enough words with it to be worth reading."""
    negating = may_negate(text)
    against = [point for point in points if negating or _may_differ(point, text)]
    stems = _stems(text) if against else frozenset()
    return any(len(stems.intersection(point.subject)) + 2 * (cell and point.cell) >= 2 for point in against)


def _may_differ(point: _Read, text: str) -> bool:
    """False where `_differ` would not find them to, as for most sentences that negate nothing: told without reading the text, which
    takes long."""
    if point.values or point.negated:
        return True
    return point.allows is not None and bool(_FORBIDS.search(text) or _ALLOWS.search(text))


def _statement(statement: Statement, context: frozenset[str], inherited: frozenset[str], *, cell: bool) -> _Read | None:
    """None for a sentence that says too little to be compared."""
    text = statement.text
    claim, own = read(text), labels(text)
    words = [stem(word) for word in _words(text)]
    subject = [_SYNONYMS.get(word, word) for word in words if word in claim.stems and word not in _GENERIC]
    named = {stem(word) for label in own for word in _words(label)}
    subject = [word for word in subject if word not in named]
    if len(subject) + cell * len(named) < 2:
        return None
    return _Read(
        statement=statement,
        subject=tuple(dict.fromkeys(word for word in subject if not word[0].isdigit())),
        first=subject[0] if subject else "",
        context=context,
        labels=own or inherited,
        cell=cell,
        values=values(text),
        allows=False if _FORBIDS.search(text) else (True if _ALLOWS.search(text) else None),
        negated=frozenset(_SYNONYMS.get(word, word) for word in claim.negated),
    )


def _texts(passage: Passage) -> Iterator[tuple[str, str]]:
    """What is said, and the stretch of the passage that says it. A table's cell is said with its row's and column's name."""
    header: list[str] = []
    for start, end in passage.sentences:
        quote = passage.text[start:end].strip()
        cells = [cell.strip() for cell in quote.split(CELL)]
        if len(cells) == 1:
            header = []
            yield STEP.sub("", BULLET.sub("", quote)), quote
        elif len(cells) != len(header):
            header = cells
        else:
            yield from ((f"{cells[0]} {name} {cell}", quote) for name, cell in zip(header[1:], cells[1:], strict=True))


def _words(text: str) -> list[str]:
    return [word.casefold().replace("’", "'").removesuffix("'s") for word in _WORD.findall(text)]


def _stems(text: str) -> frozenset[str]:
    stems = (stem(word) for word in _words(text))
    return frozenset(_SYNONYMS.get(word, word) for word in stems if word not in _GENERIC)


def _known(passage: Passage) -> frozenset[str]:
    return _stems(passage.text) | _context(passage.title, passage.heading_path)


@lru_cache(maxsize=4096)
def _context(title: str, heading_path: tuple[str, ...]) -> frozenset[str]:
    claim = read(" ".join((title, *heading_path)))
    return frozenset(
        _SYNONYMS.get(word, word) for word in claim.stems if word not in _GENERIC and not word[0].isdigit()
    )


def _point(passage: Passage) -> str:
    return passage.heading_path[-1] if passage.heading_path else passage.title
