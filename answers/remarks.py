"""What is said beside an answer: whom and when its sources hold for, and where documents differ on the point it makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from answers.applicability import Asked, applicability_note
from answers.checks import CheckedUnit, UnitChecker
from answers.conflicts import Conflict, conflicts, remark
from answers.finding import Finding


def remarks(finding: Finding, asked: Asked, checker: UnitChecker) -> Iterator[CheckedUnit]:
    """In the order in which they are shown, after the answer's own units."""
    note = applicability_note(asked, checker.citations.passages, finding.elsewhere)
    if note:
        yield checker.note(lambda _numbers: note)
    result = finding.result
    texts = [verdict.text for verdict in checker.verdicts if verdict.sent]
    texts += [citation.quote for citation in checker.citations.used]
    is_said = partial(_is_in, texts)
    for conflict in conflicts(result.passages, tenant_id=result.tenant_id, said=is_said):
        say = partial(_said, conflict, finding)
        sides = (conflict.ours, conflict.theirs)
        yield checker.note(say, [side.passage for side in sides], [side.quote for side in sides])


def _is_in(texts: Sequence[str], quote: str) -> bool:
    return any(quote in text for text in texts)


def _said(conflict: Conflict, finding: Finding, numbers: list[int]) -> str:
    result = finding.result
    return remark(
        conflict,
        result.passages,
        marks=(numbers[0], numbers[1]),
        names=result.owners,
        tenant_id=result.tenant_id,
    )
