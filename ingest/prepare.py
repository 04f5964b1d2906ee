"""One document from bytes to redacted chunks: parse, read metadata, redact, cut. Runs in a worker process.

Redaction comes before chunking, so that a name across a cut is still seen whole and offsets are those of the text that
is kept. Nothing unredacted leaves this module but what was taken out, on its way into the vault.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from core.domain import Metadata, RedactedText, RedactionProfile
from guardrails.injection import Signal, scan
from guardrails.withheld import Withheld, withheld
from ingest.chunk import Chunk, TokenBudget, chunk, word_pieces
from ingest.formats.elements import Element, ParseLimits
from ingest.metadata import read_metadata
from ingest.parse import load_parser, parse

_LONGEST_REDACTED = 4_000
"""Characters that the redactor gets at once: language models slow down, and refuse, at very long texts."""


class Redacts(Protocol):
    """The need of this module; `guardrails.pii.Redactor` meets it."""

    def redact_batch(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]: ...


@dataclass(frozen=True, slots=True)
class PrepareTask:
    """One file, and its tenant's rules. `default` is what the corpus says of documents that say nothing themselves."""

    data: bytes
    name: str
    profile: RedactionProfile
    rules: Mapping[str, object] = field(default_factory=dict)
    default: Metadata = field(default_factory=Metadata)
    limits: ParseLimits = field(default_factory=ParseLimits)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be embedded; every text in it is redacted.

    `redactions` counts what was replaced, by type; `signals` are those of the chunk of that number; `warnings` are for
    the admin who ingests; `withheld` says what the placeholders of `title` and of `text` stand for, in order.
    """

    metadata: Metadata
    chunks: tuple[Chunk, ...]
    redactions: Mapping[str, int]
    signals: Mapping[int, tuple[Signal, ...]]
    warnings: tuple[str, ...]
    withheld: Mapping[str, tuple[Withheld, ...]] = field(default_factory=dict)


NOT_AUTHORITATIVE = (
    "authoritative: not believed of a document that holds words which look like instructions to a language model;"
    " read it, then mark it with 'partner-copilot document authority'"
)


class Preparer:
    """The steps with their parts: a redactor, an injection scanner, and the embedding model's window."""

    def __init__(
        self, redactor: Redacts, budget: TokenBudget, scanner: Callable[[str], tuple[Signal, ...]] = scan
    ) -> None:
        self._redactor = redactor
        self._budget = budget
        self._scan = scanner

    def prepare(self, task: PrepareTask) -> Prepared:
        """Raises `DocumentError` where the file cannot be used; what the redactor raises is passed on."""
        parsed = parse(task.data, task.name, limits=task.limits)
        metadata, warnings = read_metadata(
            parsed.front_matter,
            task.rules,
            name=task.name,
            title=parsed.title,
            default=task.default,
            properties=parsed.properties,
        )
        counts: Counter[str] = Counter()
        profile = _knowing(task.profile, metadata)
        (title, of_title), *found = self._redacted(
            [metadata.title, *(e.text for e in parsed.elements)], profile, counts
        )
        texts = [text for text, _ in found]
        kept = {"title": of_title, "text": tuple(each for _, some in found for each in some)}
        elements: list[Element] = [replace(e, text=t) for e, t in zip(parsed.elements, texts, strict=True)]
        chunks = tuple(chunk(elements, title=title, budget=self._budget))
        signals = {each.number: signs for each in chunks if (signs := self._scan(each.text))}
        told = (*parsed.warnings, *warnings)
        if signals and metadata.authoritative:
            metadata, told = replace(metadata, authoritative=False), (*told, NOT_AUTHORITATIVE)
        return Prepared(replace(metadata, title=title), chunks, dict(counts), signals, told, kept)

    def _redacted(
        self, texts: Sequence[str], profile: RedactionProfile, counts: Counter[str]
    ) -> list[tuple[str, tuple[Withheld, ...]]]:
        """Each text, and what its placeholders stand for."""
        parts = [_parts(text) for text in texts]
        redacted = iter(self._redactor.redact_batch([part for some in parts for part in some], profile))
        result = []
        for some in parts:
            done = [(part, next(redacted)) for part in some]
            for _, each in done:
                counts.update(each.counts)
            kept = tuple(one for part, each in done for one in withheld(part, each))
            result.append(("".join(each.text for _, each in done), kept))
        return result


def _knowing(profile: RedactionProfile, metadata: Metadata) -> RedactionProfile:
    """A document that states its customer and product names no person by them."""
    own = tuple(name for name in (metadata.customer, metadata.product, metadata.module) if name)
    return replace(profile, allow=(*profile.allow, *own))


def _parts(text: str) -> list[str]:
    """`text` in stretches that a redactor takes, cut after a line, else a sentence, else a blank."""
    parts = []
    while len(text) > _LONGEST_REDACTED:
        window = text[:_LONGEST_REDACTED]
        cut = max(window.rfind("\n"), 0) or max(window.rfind(". "), 0) or max(window.rfind(" "), 0) or len(window) - 1
        parts.append(text[: cut + 1])
        text = text[cut + 1 :]
    return [*parts, text]


_preparer: Preparer | None = None


def load(tokenizer_file: Path) -> None:
    """Build this process's `Preparer`; bind the argument with `functools.partial` and pass it as a pool's `init`."""
    global _preparer  # noqa: PLW0603 - one per child process, set before its first task
    with _passed_over("torch", "transformers"):
        from guardrails.pii import Redactor

        _preparer = Preparer(Redactor(), TokenBudget(word_pieces(tokenizer_file)))


@contextmanager
def _passed_over(*packages: str) -> Iterator[None]:
    """Inside, they cannot be imported where they are not already. spaCy and Presidio load them wherever they are installed and use
    nothing of them here: five of seven seconds of a child's start, and 290 of its 490 MB."""
    absent = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python itself says so
    try:
        yield
    finally:
        for package in absent:
            del sys.modules[package]


def furnish(task: PrepareTask) -> None:
    """What a pool of `prepare` runs before each task, off its clock."""
    load_parser(task.name)


def prepare(task: PrepareTask) -> Prepared:
    """The handler of a pool whose `init` is `load`."""
    if _preparer is None:
        raise RuntimeError("prepare ran before load")
    return _preparer.prepare(task)
