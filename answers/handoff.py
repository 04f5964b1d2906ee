"""Hand-over to a person: a numbered case that points at the conversation and its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from answers.conversations import Conversations
from answers.types import HandoffOffer
from core.database import Database
from core.domain import Principal
from core.errors import InvalidRequestError
from core.keyring import Keyring
from core.models import Handoff, new_id
from core.tenancy import Tenants
from guardrails.guards import Guards

OFFER = HandoffOffer("I can hand this over to a person, with what I found so far.")


@dataclass(frozen=True, slots=True)
class Case:
    """`case_id` is the tenant's own running number."""

    case_id: str
    status: str


class HandoffDesk:
    def __init__(
        self, *, database: Database, conversations: Conversations, guards: Guards, tenants: Tenants, keyring: Keyring
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._guards = guards
        self._tenants = tenants
        self._keyring = keyring

    async def open(
        self,
        principal: Principal,
        *,
        answer_id: str | None = None,
        conversation_id: str | None = None,
        contact: str | None = None,
        note: str | None = None,
    ) -> Case:
        """Raises `InvalidRequestError` without a reference, `NotFoundError` where the tenant has no such answer."""
        if answer_id is not None:
            conversation_id = (await self._conversations.answer(principal.tenant_id, answer_id)).conversation_id
        elif conversation_id is not None:
            await self._conversations.recall(principal, conversation_id)
        else:
            raise InvalidRequestError("name the answer_id or the conversation_id that a person should take over")
        [clean] = await self._guards.redact_many([note or ""], await self._tenants.profile(principal.tenant_id))
        case_id = new_id()
        sealed = (
            self._keyring.encrypt(contact.encode(), context=f"{principal.tenant_id}/handoffs/{case_id}")
            if contact
            else None
        )
        async with self._database.write(principal.tenant_id) as session:
            highest = await session.scalar(
                select(func.max(Handoff.number)).where(Handoff.tenant_id == principal.tenant_id)
            )
            case = Handoff(
                id=case_id,
                tenant_id=principal.tenant_id,
                number=(highest or 0) + 1,
                conversation_id=conversation_id,
                answer_id=answer_id,
                principal_id=principal.id,
                contact=sealed,
                note=clean.text or None,
                status="open",
            )
            session.add(case)
        return Case(f"C-{case.number}", case.status)
