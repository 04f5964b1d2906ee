"""Telling of cases: one notice for each receiver, a durable job that tries until the receiver has acknowledged it.

A notice is delivered at least once: a crash between a receiver's acknowledgement and our note of it sends it again, under the
same id. What a receiver is told is read when it is told, so that a late notice does not tell of an old state.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import structlog
from sqlalchemy import select

from answers.case_views import CaseView, view
from core import job_rows
from core.database import Database, ReadSession, WriteSession
from core.errors import CopilotError
from core.jobs import Progress
from core.keyring import Keyring
from core.models import CaseNotice, CaseRoute, Handoff, Json, new_id, now
from core.schedule import pause_s
from core.settings import CaseSettings

log = structlog.get_logger()

JOB = "case_notice"
"""The kind of job that delivers a notice; its argument is `notice_id`."""


class CaseEvent(StrEnum):
    OPENED = "opened"
    CLAIMED = "claimed"
    HANDED_BACK = "handed_back"
    RESOLVED = "resolved"
    OVERDUE = "overdue"


class RouteKind(StrEnum):
    SLACK = "slack"
    SMTP = "smtp"
    WEBHOOK = "webhook"
    ASKER = "asker"
    """Whoever asked, where they asked; no route of a tenant's own."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a courier delivers. `id` is the same in every attempt; `first_receipt` is what the same receiver knows the case by
    since it was told that the case was opened."""

    id: str
    event: CaseEvent
    tenant_id: str
    case_row: str
    case: CaseView
    target: str
    secret: bytes | None
    first_receipt: str | None


class Courier(Protocol):
    """Brings a letter to one kind of receiver.

    Returns a receipt (at most 200 characters), None where the receiver need not be told of such an event. Raises `CopilotError`
    where it did not take it: it is tried again.
    """

    async def deliver(self, letter: Letter) -> str | None: ...


class CaseNotices:
    """Queues notices in the transaction of what they tell of, and delivers them as jobs."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: CaseSettings,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings
        self._draw = draw
        self._couriers: dict[RouteKind, Courier] = {}

    def employ(self, couriers: Mapping[RouteKind, Courier]) -> None:
        """From here on these kinds of receivers are reached. A surface that starts later brings its own."""
        self._couriers.update(couriers)

    async def queue(self, session: WriteSession, case: Handoff, event: CaseEvent) -> None:
        """A notice and a job for each of the tenant's routes, and for whoever asked. The overdue reminder waits for its time."""
        routes = list(await session.scalars(select(CaseRoute).where(CaseRoute.tenant_id == case.tenant_id)))
        wait = max((case.due_at - now()).total_seconds(), 0.0) if event is CaseEvent.OVERDUE and case.due_at else 0.0
        receivers: Sequence[str | None] = [*(route.id for route in routes), *_asker(event)]
        for route_id in receivers:
            row = CaseNotice(id=new_id(), tenant_id=case.tenant_id, case_id=case.id, route_id=route_id, event=event)
            session.add(row)
            await job_rows.enqueue(session, case.tenant_id, JOB, {"notice_id": row.id}, after_s=wait)

    async def run(self, tenant_id: str, args: Json, _progress: Progress) -> Json:
        """The job: one attempt. Where it fails, the next one is queued with the note that it failed."""
        async with self._database.read(tenant_id) as session:
            notice = await session.get(CaseNotice, str(args["notice_id"]))
            if notice is None or notice.tenant_id != tenant_id or notice.acknowledged_at is not None:
                return {"acknowledged": notice is not None}
            found = await self._letter(session, notice)
        if found is None:
            await self._settle(tenant_id, notice.id, receipt=None)
            return {"acknowledged": False, "reason": "no longer wanted"}
        kind, letter = found
        courier = self._couriers.get(kind)
        try:
            if courier is None:
                raise CopilotError(f"nothing here delivers to '{kind}'; see docs/cases.md", code="no_courier")
            receipt = await courier.deliver(letter)
        except CopilotError as fault:
            return await self._try_again(notice, fault)
        await self._settle(tenant_id, notice.id, receipt=receipt)
        return {"acknowledged": True}

    async def _letter(self, session: ReadSession, notice: CaseNotice) -> tuple[RouteKind, Letter] | None:
        """None where the route is gone, or a reminder is not due any more."""
        case = await session.get(Handoff, notice.case_id)
        route = await session.get(CaseRoute, notice.route_id) if notice.route_id else None
        gone = case is None or (notice.route_id is not None and route is None)
        if case is None or gone or (notice.event == CaseEvent.OVERDUE and case.status != "open"):
            return None
        secret = route.secret if route else None
        opened = await session.scalar(
            select(CaseNotice.receipt)
            .where(CaseNotice.case_id == case.id, CaseNotice.route_id == notice.route_id)
            .where(CaseNotice.receipt.is_not(None))
            .order_by(CaseNotice.created_at)
            .limit(1)
        )
        letter = Letter(
            id=notice.id,
            event=CaseEvent(notice.event),
            tenant_id=notice.tenant_id,
            case_row=case.id,
            case=view(case),
            target=route.target if route else case.principal_id,
            secret=self._keyring.decrypt(secret, context=secret_context(route)) if secret and route else None,
            first_receipt=opened,
        )
        return (RouteKind(route.kind) if route else RouteKind.ASKER), letter

    async def _settle(self, tenant_id: str, notice_id: str, *, receipt: str | None) -> None:
        async with self._database.write(tenant_id) as session:
            row = await session.get(CaseNotice, notice_id)
            if row is not None:
                row.attempts, row.error, row.receipt, row.acknowledged_at = row.attempts + 1, None, receipt, now()

    async def _try_again(self, notice: CaseNotice, fault: CopilotError) -> Json:
        attempt = notice.attempts + 1
        given_up = now() - notice.created_at > timedelta(days=self._settings.give_up_days)
        pause = pause_s(attempt, base_s=self._settings.retry_s, most_s=self._settings.retry_most_s, draw=self._draw)
        log.warning("case_notice_failed", notice=notice.id, code=fault.code, attempt=attempt, given_up=given_up)
        async with self._database.write(notice.tenant_id) as session:
            row = await session.get(CaseNotice, notice.id)
            if row is not None:
                row.attempts, row.error = attempt, f"{fault.code}: {fault.detail}"
            if not given_up:
                await job_rows.enqueue(session, notice.tenant_id, JOB, {"notice_id": notice.id}, after_s=pause)
        return {"acknowledged": False, "attempt": attempt, "reason": fault.code, "given_up": given_up}


def secret_context(route: CaseRoute) -> str:
    return f"{route.tenant_id}/case_routes/{route.id}"


def letter_json(letter: Letter) -> Json:
    """What machines are sent of a letter. The contact stays behind the API: see `GET /v1/cases/{id}`."""
    return {"type": f"case.{letter.event}", "id": letter.id, "case": letter.case.as_json()}


def _asker(event: CaseEvent) -> tuple[None, ...]:
    """Whoever asked is told at once that the case is open, by the surface they asked in."""
    return () if event in (CaseEvent.OPENED, CaseEvent.OVERDUE) else (None,)
