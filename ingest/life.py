"""The life of a document: which act leads from which state to which. The one table; what it does not list is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from core.domain import DocumentStatus as S
from core.errors import ConflictError


class Act(StrEnum):
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    PUBLISH = "publish"
    RETIRE = "retire"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


TRANSITIONS: Mapping[S, Mapping[Act, S]] = {
    S.DRAFT: {Act.SUBMIT: S.IN_REVIEW, Act.RETIRE: S.RETIRED, Act.WITHDRAW: S.WITHDRAWN, Act.RESTORE: S.IN_REVIEW},
    S.IN_REVIEW: {
        Act.APPROVE: S.APPROVED,
        Act.REJECT: S.DRAFT,
        Act.RETIRE: S.RETIRED,
        Act.WITHDRAW: S.WITHDRAWN,
        Act.RESTORE: S.IN_REVIEW,
    },
    S.APPROVED: {
        Act.PUBLISH: S.PUBLISHED,
        Act.REJECT: S.DRAFT,
        Act.RETIRE: S.RETIRED,
        Act.WITHDRAW: S.WITHDRAWN,
        Act.RESTORE: S.IN_REVIEW,
    },
    S.PUBLISHED: {Act.RETIRE: S.RETIRED, Act.WITHDRAW: S.WITHDRAWN, Act.RESTORE: S.IN_REVIEW},
    S.RETIRED: {Act.WITHDRAW: S.WITHDRAWN, Act.RESTORE: S.IN_REVIEW},
    S.WITHDRAWN: {Act.RESTORE: S.IN_REVIEW},
}
"""A restored revision is one that arrives: as any other, it is approved at once where its corpus asks for no approval."""


def possible(status: S) -> tuple[Act, ...]:
    return tuple(TRANSITIONS[status])


def after(act: Act, status: S) -> S:
    """The state that `act` leads to. Raises `ConflictError` (`invalid_transition`) naming what is possible instead."""
    reached = TRANSITIONS[status].get(act)
    if reached is None:
        acts = [str(each) for each in possible(status)]
        raise ConflictError(
            f"a document that is {status} cannot be changed by '{act}'; possible: {', '.join(acts)}",
            code="invalid_transition",
            members={"possible": acts},
        )
    return reached


def arrival(*, requires_approval: bool) -> S:
    """The state of a revision that arrives in a corpus."""
    return S.IN_REVIEW if requires_approval else S.APPROVED
