"""Hand-over to a person: a numbered case with its evidence packet, which the tenant's routes are told of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy import func, select

from answers.case_notices import CaseEvent
from answers.case_views import Severity
from answers.conversations import Conversations, as_json
from answers.packets import MAX_TURNS, packet
from answers.types import HandoffOffer
from core.database import Database, WriteSession, wait_turn
from core.domain import Principal
from core.errors import InvalidRequestError
from core.keyring import Keyring
from core.models import AnswerRow, Handoff, Json, new_id, now
from core.profiles import Profiles
from core.settings import CaseSettings
from core.tenancy import Tenants
from guardrails.guards import Guards
from guardrails.vault import Place, Vault
from guardrails.withheld import withheld

OFFER = HandoffOffer("I can hand this over to a person, with what I found so far.")


@dataclass(frozen=True, slots=True)
class Case:
    """`case_id` is the tenant's own running number."""

    case_id: str
    status: str


class Notices(Protocol):
    """Queues what is told of a case, in the transaction that changes it; `answers.case_notices.CaseNotices` is one."""

    async def queue(self, session: WriteSession, case: Handoff, event: CaseEvent) -> None: ...


class HandoffDesk:
    def __init__(
        self,
        *,
        database: Database,
        conversations: Conversations,
        guards: Guards,
        tenants: Tenants,
        keyring: Keyring,
        vault: Vault,
        profiles: Profiles,
        notices: Notices,
        settings: CaseSettings,
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._guards = guards
        self._tenants = tenants
        self._keyring = keyring
        self._vault = vault
        self._profiles = profiles
        self._notices = notices
        self._settings = settings

    async def open(
        self,
        principal: Principal,
        *,
        answer_id: str | None = None,
        conversation_id: str | None = None,
        contact: str | None = None,
        note: str | None = None,
        severity: Severity = Severity.NORMAL,
    ) -> Case:
        """Raises `InvalidRequestError` without a reference, `NotFoundError` where the tenant has no such answer."""
        conversation_id = await self._conversation(principal, answer_id, conversation_id)
        [clean] = await self._guards.redact_many([note or ""], await self._tenants.profile(principal.tenant_id))
        case = Handoff(
            id=new_id(),
            tenant_id=principal.tenant_id,
            conversation_id=conversation_id,
            answer_id=answer_id,
            principal_id=principal.id,
            note=clean.text or None,
            status="open",
            severity=severity,
            packet=await self._packet(principal, conversation_id, answer_id),
            created_at=now(),
            due_at=now() + timedelta(minutes=self._settings.minutes_to_claim(severity)),
        )
        case.contact = self._sealed(case, contact)
        async with self._database.write(principal.tenant_id) as session:
            await wait_turn(session, f"cases/{principal.tenant_id}")
            own = Handoff.tenant_id == principal.tenant_id
            case.number = (await session.scalar(select(func.max(Handoff.number)).where(own)) or 0) + 1
            session.add(case)
            await session.flush()
            if found := withheld(note or "", clean):
                await self._vault.keep(session, case.tenant_id, {Place("handoffs", case.id, "note"): found})
            for event in (CaseEvent.OPENED, CaseEvent.OVERDUE):
                await self._notices.queue(session, case, event)
        return Case(f"C-{case.number}", case.status)

    async def _conversation(self, principal: Principal, answer_id: str | None, conversation_id: str | None) -> str:
        if answer_id is not None:
            return (await self._conversations.answer(principal.tenant_id, answer_id)).conversation_id
        if conversation_id is None:
            raise InvalidRequestError("name the answer_id or the conversation_id that a person should take over")
        await self._conversations.recall(principal, conversation_id)
        return conversation_id

    async def _packet(self, principal: Principal, conversation_id: str, answer_id: str | None) -> Json:
        query = (
            select(AnswerRow)
            .where(AnswerRow.conversation_id == conversation_id, AnswerRow.tenant_id == principal.tenant_id)
            .order_by(AnswerRow.created_at.desc())
            .limit(MAX_TURNS)
        )
        async with self._database.read(principal.tenant_id) as session:
            rows = list(reversed((await session.scalars(query)).all()))
        if not rows:
            return {}
        return as_json(packet(rows, principal, await self._profiles.get(principal.tenant_id), answer_id=answer_id))

    def _sealed(self, case: Handoff, contact: str | None) -> bytes | None:
        return self._keyring.encrypt(contact.encode(), context=contact_context(case)) if contact else None


def contact_context(case: Handoff) -> str:
    """What a contact is encrypted with."""
    return f"{case.tenant_id}/handoffs/{case.id}"
