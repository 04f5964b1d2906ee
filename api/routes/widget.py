"""What visitors' browsers load: the loader, the panel's page, sessions; and the admin's preview."""

from __future__ import annotations

import gzip
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Security
from fastapi.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.deps import ServicesDep, address, allowed, own_origin, sender
from api.examples import PROBLEMS
from api.sse import event_stream
from api.widget.page import locale_of, panel_html, panel_policy
from api.widget.schemas import KnockIn, VisitOut
from api.widget.visits import Knock
from core.domain import Permission, Principal

FOLDER = Path(__file__).parent.parent / "widget" / "static"
_SHARED = {"Cross-Origin-Resource-Policy": "cross-origin"}
_PREVIEW = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
}

router = APIRouter(prefix="/widget/v1", tags=["Widget"], responses=PROBLEMS)


@cache
def _loader() -> tuple[bytes, bytes]:
    """As it is, and packed."""
    plain = (FOLDER / "loader.js").read_bytes()
    return plain, gzip.compress(plain, 9, mtime=0)


# Counted as votes are: what was asked was counted when it was asked.
Visitor = Annotated[Principal, allowed(Permission.FEEDBACK)]
_session = HTTPBearer(auto_error=False, description="A widget's session: `pw.<id>.<secret>`")


@router.get("/loader.js", include_in_schema=False)
async def loader(accept_encoding: Annotated[str, Header()] = "") -> Response:
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding", **_SHARED}
    packed = "gzip" in accept_encoding
    body, encoding = (_loader()[1], {"Content-Encoding": "gzip"}) if packed else (_loader()[0], {})
    return Response(body, media_type="text/javascript", headers=headers | encoding)


@router.get("/panel", include_in_schema=False)
async def panel(
    request: Request,
    services: ServicesDep,
    widget_id: Annotated[str, Query(alias="id", max_length=64)],
    locale: Annotated[str | None, Query(max_length=35)] = None,
    accept_language: Annotated[str, Header()] = "",
) -> Response:
    widget = await services.widgets.shown(widget_id)
    html = panel_html(
        widget,
        locale=locale_of(widget, locale, accept_language[:500]),
        own=own_origin(request, services),
        terms=services.visits.terms(widget, max_chars=services.settings.answers.max_question_chars),
    )
    headers = {"Content-Security-Policy": panel_policy(widget), "Cache-Control": "no-store", **_SHARED}
    return HTMLResponse(html, headers=headers)


@router.post("/session", status_code=201)
async def open_session(body: KnockIn, request: Request, services: ServicesDep) -> VisitOut:
    """Exchange a widget's id, and perhaps a signed identity, for a short session. The widget's own panel calls this."""
    knock = Knock(**body.model_dump(), address=address(request), sender=sender(request))
    return VisitOut(**asdict(await services.visits.open(knock, own_origin=own_origin(request, services))))


@router.delete("/session", status_code=204)
async def close_session(
    services: ServicesDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_session)]
) -> None:
    """End a session: what `shutdown` does."""
    if credentials is not None:
        await services.visits.close(credentials.credentials)


@router.get("/answers/{answer_id}", response_class=StreamingResponse)
async def go_on(
    answer_id: str, services: ServicesDep, principal: Visitor, after: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> StreamingResponse:
    """The events of a visitor's own answer after the first `after`, for a panel that lost its stream."""
    return await event_stream(await services.streams.again(principal, answer_id, after=after))


@router.delete("/answers/{answer_id}", status_code=204)
async def drop(answer_id: str, services: ServicesDep, principal: Visitor) -> None:
    """Stop writing an answer; nothing where it has ended."""
    await services.streams.drop(principal, answer_id)


@router.get("/preview", include_in_schema=False)
async def preview() -> FileResponse:
    return FileResponse(FOLDER / "preview.html", headers=_PREVIEW)
