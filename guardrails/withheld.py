"""What each placeholder of a redacted text stands for: the one thing that knows both, on its way into the vault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.domain import RedactedText

TAGGED = re.compile(r"<([A-Z]+(?:_[A-Z]+)*)_[0-9a-v]{1,16}>")
"""A placeholder with its tag; the group is the type."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """One occurrence. `value` is as it was spelled there; None where the text itself said what looks like a placeholder."""

    placeholder: str
    value: str | None = field(repr=False)

    @property
    def type(self) -> str:
        return self.placeholder[1:].rpartition("_")[0]


def withheld(original: str, redacted: RedactedText) -> tuple[Withheld, ...]:
    """In the order of the redacted text."""
    return tuple(_occurrences(original, redacted)) if "<" in redacted.text else ()


def _occurrences(original: str, redacted: RedactedText) -> Iterator[Withheld]:
    grown, values = 0, dict[int, str]()
    for entity in redacted.entities:
        values[entity.start + grown] = original[entity.start : entity.end]
        grown += len(entity.placeholder) - (entity.end - entity.start)
    for match in TAGGED.finditer(redacted.text):
        yield Withheld(match.group(), values.get(match.start()))
