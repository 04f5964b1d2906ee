"""What is said beside an answer: whom and when its sources hold for, and where documents differ on the point it makes."""

from __future__ import annotations

from collections.abc import Iterator
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
    for conflict in conflicts(result.passages, tenant_id=result.tenant_id):
        if _concerns(conflict, checker):
            say = partial(_said, conflict, finding)
            sides = (conflict.ours, conflict.theirs)
            yield checker.note(say, [side.passage for side in sides], [side.quote for side in sides])


def _concerns(conflict: Conflict, checker: UnitChecker) -> bool:
    """Only a point that the answer makes: documents may differ on others, too."""
    said = [verdict.text for verdict in checker.verdicts if verdict.sent]
    quoted = [citation.quote for citation in checker.citations.used]
    return any(side.quote in text for side in (conflict.ours, conflict.theirs) for text in (*said, *quoted))


def _said(conflict: Conflict, finding: Finding, numbers: list[int]) -> str:
    result = finding.result
    return remark(
        conflict,
        result.passages,
        marks=(numbers[0], numbers[1]),
        names=result.owners,
        tenant_id=result.tenant_id,
    )
