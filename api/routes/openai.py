"""OpenAI-compatible routes: chat completions and the list of models."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from api.deps import ServicesDep, allowed
from api.openai.conversation import MODEL, MODEL_CREATED, question_of, require_model
from api.openai.examples import CHAT_REQUESTS, CHATTED, MODELS, OPENAI_ERRORS
from api.openai.render import Chunks, Head, LinkTo, completion
from api.openai.schemas import ChatIn
from api.sse import event_stream
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1", responses=OPENAI_ERRORS, tags=["OpenAI-compatible"])

Asker = Annotated[Principal, allowed(Permission.ASK, channel="openai")]


@router.post("/chat/completions", response_model=None, responses=CHATTED)
async def chat(
    body: Annotated[ChatIn, Body(openapi_examples=CHAT_REQUESTS)],
    request: Request,
    services: ServicesDep,
    principal: Asker,
) -> dict[str, Any] | Response:
    """Ask with OpenAI's client: the last message is the question. Sources are `url_citation` annotations; everything else that an
    answer of ours tells stands in `partner_copilot`."""
    question = question_of(body, principal, services.settings.openai)
    head = Head(body.model, int(time.time()), body.ignored, _link_to(request, services.settings.server.public_url))
    if body.stream:
        return await event_stream(services.pipeline.ask(question), Chunks(head, body.include_usage))
    return completion(await services.pipeline.answer(question), head)


@router.get("/models", responses=MODELS)
async def models(_principal: Asker) -> dict[str, Any]:
    """The models of this service: one."""
    return {"object": "list", "data": [_model()]}


@router.get("/models/{model}")
async def model(model: str, _principal: Asker) -> dict[str, Any]:
    """One model."""
    require_model(model)
    return _model()


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": MODEL_CREATED, "owned_by": MODEL}


def _link_to(request: Request, public_url: str | None) -> LinkTo:
    base = (public_url or str(request.base_url)).rstrip("/")
    return lambda document_id: f"{base}/v1/documents/{document_id}"
