"""Where the texts of answers and cases are, for whoever may have their placeholders restored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from answers.case_views import number_of
from core.auth import require
from core.database import WriteSession
from core.domain import Permission, Principal
from core.errors import NotFoundError
from core.models import AnswerRow, Handoff, Json
from guardrails.restoring import Part
from guardrails.vault import Place


async def answer_parts(session: WriteSession, principal: Principal, answer_id: str) -> list[Part]:
    """The question as it was asked, and what was answered."""
    require(principal, Permission.CASES_READ)
    row = await session.get(AnswerRow, answer_id)
    if row is None or row.tenant_id != principal.tenant_id:
        raise NotFoundError("no such answer")
    return [_question("question", row.id, row.question), Part("text", [str(row.answer["text"])])]


async def case_parts(session: WriteSession, principal: Principal, case_id: str) -> list[Part]:
    """What was asked, the note, the resolution, and the turns before: `question_1`, `answer_1`, …, oldest first."""
    require(principal, Permission.CASES_READ)
    query = select(Handoff).where(Handoff.tenant_id == principal.tenant_id, Handoff.number == number_of(case_id))
    row = await session.scalar(query)
    if row is None:
        raise NotFoundError("no such case")
    tried: Sequence[Json] = row.packet.get("tried", ())
    about = row.answer_id or (tried[-1]["answer_id"] if tried else "")
    parts = [_question("question", about, str(row.packet.get("question", "")))]
    parts += [
        Part(name, [text], Place("handoffs", row.id, name))
        for name, text in (("note", row.note), ("resolution", row.resolution))
        if text
    ]
    return [*parts, *_turns(tried)]


def _turns(tried: Sequence[Json]) -> Iterator[Part]:
    for number, one in enumerate(tried, 1):
        yield _question(f"question_{number}", one["answer_id"], one["question"])
        yield Part(f"answer_{number}", [one["text"]])


def _question(name: str, answer_id: str, text: str) -> Part:
    return Part(name, [text], Place("answers", answer_id, "question"))
