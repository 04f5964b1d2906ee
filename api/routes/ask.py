"""Asking: answers, searches, votes, hand-overs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import Response

from answers.handoff import Case
from answers.types import Answer, Question
from api.deps import ServicesDep, allowed
from api.examples import ANSWER, PROBLEMS, SEARCH
from api.schemas import AskIn, FeedbackIn, HandoffIn, SearchIn
from api.searching import search as find
from api.sse import event_stream
from api.widget.visits import require_consent
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1", responses=PROBLEMS)


@router.post("/ask", response_model=Answer, responses=ANSWER, tags=["Ask"])
async def ask(
    body: AskIn,
    services: ServicesDep,
    principal: Annotated[Principal, allowed(Permission.ASK)],
    accept: Annotated[str, Header()] = "application/json",
) -> Answer | Response:
    """Ask a question. With `Accept: text/event-stream` the answer is streamed, one checked sentence at a time."""
    question = Question(body.question, principal, body.conversation_id, body.filters.to_domain())
    if "text/event-stream" in accept:
        return await event_stream(await services.streams.kept(principal, services.pipeline.ask(question)))
    return await services.pipeline.answer(question)


@router.post("/search", responses=SEARCH, tags=["Ask"])
async def search(
    body: SearchIn, services: ServicesDep, principal: Annotated[Principal, allowed(Permission.SEARCH)]
) -> dict[str, Any]:
    """The best passages for a query, without an answer."""
    return await find(services, principal, body.query, limit=body.limit, filters=body.filters.to_domain())


@router.post("/feedback", status_code=204, tags=["Ask"])
async def feedback(
    body: FeedbackIn, services: ServicesDep, principal: Annotated[Principal, allowed(Permission.FEEDBACK)]
) -> None:
    """Vote on an answer; a second vote replaces the first."""
    await services.feedback.give(principal, body.to_domain())


@router.post("/handoffs", status_code=201, tags=["Ask"])
async def handoff(
    body: HandoffIn, services: ServicesDep, principal: Annotated[Principal, allowed(Permission.HANDOFF)]
) -> dict[str, str]:
    """Hand a conversation over to a person; returns the case's number."""
    require_consent(principal, given=body.consent)
    case: Case = await services.handoffs.open(principal, **body.model_dump(exclude={"consent"}))
    return asdict(case)
