"""A rule: what one kind of personal data looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Check = Callable[[re.Match[str]], tuple[int, int] | None]
"""Looks again at what the expression matched: the characters to take, or `None` for a look-alike."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Characters ``start…end`` of a text, and how sure the rule is (0…1; 1 is a good checksum)."""

    type: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Rule:
    """`trigger`, where given, is a string without which the text cannot match: far cheaper to look for than the expression.

    A group named ``value`` limits what is taken to that group; the rest is context.
    """

    type: str
    expression: re.Pattern[str]
    score: float
    check: Check | None = None
    trigger: str = ""

    def find(self, text: str) -> Iterator[Finding]:
        if self.trigger not in text:
            return
        group = "value" if "value" in self.expression.groupindex else 0
        for match in self.expression.finditer(text):
            span = self.check(match) if self.check else match.span(group)
            if span is not None:
                yield Finding(self.type, *span, self.score)


PLACEHOLDER = re.compile(r"<[A-Z]+(?:_[A-Z]+)*(?:_[0-9a-v]{6})?>")
"""What redaction leaves: ``<PERSON_k3f9ab>``, in logs ``<PERSON>``."""


def resolve(text: str, findings: list[Finding]) -> list[Finding]:
    """Non-overlapping, in text order. An earlier rule wins over a later one; nothing touches a placeholder."""
    taken = bytearray(len(text))
    for match in PLACEHOLDER.finditer(text):
        taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    kept = []
    for finding in findings:
        if finding.start < finding.end and not any(taken[finding.start : finding.end]):
            taken[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
            kept.append(finding)
    return sorted(kept, key=lambda finding: finding.start)
