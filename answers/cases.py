"""Cases after they were opened: listed, claimed, handed back, resolved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, func, select, true

from answers.case_notices import CaseEvent
from answers.case_views import CaseStatus, CaseView, number_of, view
from answers.handoff import Notices, contact_context
from core.audit import record
from core.auth import require
from core.database import Database, ReadSession, WriteSession
from core.domain import Permission, Principal
from core.errors import ConflictError, NotFoundError
from core.keyring import Keyring
from core.models import Conversation, Handoff, now
from core.tenancy import Tenants
from guardrails.guards import Guards
from guardrails.vault import Place, Vault
from guardrails.withheld import withheld


@dataclass(frozen=True, slots=True)
class CasePage:
    """`total` counts all cases that the list goes through."""

    cases: tuple[CaseView, ...]
    total: int


class CaseDesk:
    """Who asked sees their own cases; who holds `cases:read` all of the tenant's. To change one takes `cases:work`."""

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        vault: Vault,
        guards: Guards,
        tenants: Tenants,
        notices: Notices,
    ) -> None:
        self._database = database
        self._vault = vault
        self._keyring = keyring
        self._guards = guards
        self._tenants = tenants
        self._notices = notices

    async def page(
        self, principal: Principal, *, status: CaseStatus | None = None, limit: int, offset: int = 0
    ) -> CasePage:
        """Newest first, without packets."""
        wanted = [*_visible(principal), Handoff.status == status if status else true()]
        query = select(Handoff).where(*wanted).order_by(Handoff.number.desc()).limit(limit).offset(offset)
        async with self._database.read(principal.tenant_id) as session:
            total = await session.scalar(select(func.count()).select_from(Handoff).where(*wanted))
            found = [await self._view(session, principal, row) for row in await session.scalars(query)]
        return CasePage(tuple(found), total or 0)

    async def show(self, principal: Principal, case_id: str) -> CaseView:
        """Raises `NotFoundError` for what the principal may not see as for an unknown one."""
        async with self._database.read(principal.tenant_id) as session:
            return await self._view(session, principal, await _find(session, principal, case_id), whole=True)

    async def claim(self, principal: Principal, case_id: str) -> CaseView:
        """Make the principal its owner. Raises `ConflictError` (`case_claimed`) where another has it, (`case_resolved`)."""
        async with self._database.write(principal.tenant_id) as session:
            row = await self._locked(session, principal, case_id)
            if row.status == CaseStatus.CLAIMED and row.owner != principal.id:
                raise ConflictError("somebody else has this case; they can hand it back", code="case_claimed")
            if row.status != CaseStatus.CLAIMED:
                row.status, row.owner, row.claimed_at = CaseStatus.CLAIMED, principal.id, now()
                await self._told(session, principal, row, CaseEvent.CLAIMED)
            return view(row)

    async def hand_back(self, principal: Principal, case_id: str) -> CaseView:
        """Give it back: open again, and the copilot answers again where it was asked.

        Raises `ConflictError` (`case_not_claimed`)."""
        async with self._database.write(principal.tenant_id) as session:
            row = await self._locked(session, principal, case_id)
            if row.status != CaseStatus.CLAIMED:
                raise ConflictError("nobody has claimed this case", code="case_not_claimed")
            row.status, row.owner, row.claimed_at = CaseStatus.OPEN, None, None
            await self._told(session, principal, row, CaseEvent.HANDED_BACK)
            return view(row)

    async def resolve(self, principal: Principal, case_id: str, *, resolution: str | None = None) -> CaseView:
        """The end. Whoever resolves an open case is its owner. Raises `ConflictError` (`case_resolved`, `case_claimed`)."""
        profile = await self._tenants.profile(principal.tenant_id)
        [clean] = await self._guards.redact_many([resolution or ""], profile)
        async with self._database.write(principal.tenant_id) as session:
            row = await self._locked(session, principal, case_id)
            if row.status == CaseStatus.CLAIMED and row.owner != principal.id:
                raise ConflictError("somebody else has this case; they can resolve it", code="case_claimed")
            row.status, row.owner, row.resolved_at = CaseStatus.RESOLVED, principal.id, now()
            row.resolution = clean.text or None
            if found := withheld(resolution or "", clean):
                await self._vault.keep(session, row.tenant_id, {Place("handoffs", row.id, "resolution"): found})
            await self._told(session, principal, row, CaseEvent.RESOLVED)
            return view(row)

    async def _locked(self, session: WriteSession, principal: Principal, case_id: str) -> Handoff:
        """A case that is not over, for this transaction alone."""
        require(principal, Permission.CASES_WORK)
        row = await _find(session, principal, case_id, lock=True)
        if row.status == CaseStatus.RESOLVED:
            raise ConflictError("this case is resolved; hand the question over again", code="case_resolved")
        return row

    async def _told(self, session: WriteSession, principal: Principal, row: Handoff, event: CaseEvent) -> None:
        record(session, row.tenant_id, actor=principal.id, action=f"case.{event}", target=f"C-{row.number}")
        await session.flush()
        await self._notices.queue(session, row, event)

    async def _view(self, session: ReadSession, principal: Principal, row: Handoff, *, whole: bool = False) -> CaseView:
        """The packet holds the conversation: only its owner and those who work on cases read it."""
        works = Permission.CASES_READ in principal.permissions
        conversation = None if works else await session.get(Conversation, row.conversation_id)
        own = conversation is not None and conversation.principal_id == principal.id
        found = view(row, packet=works or own, contact=self._contact(row) if works and whole else None)
        return found if whole else _without_packet(found)

    def _contact(self, row: Handoff) -> str | None:
        if row.contact is None:
            return None
        return self._keyring.decrypt(row.contact, context=contact_context(row)).decode()


def _visible(principal: Principal) -> tuple[ColumnElement[bool], ...]:
    tenant = Handoff.tenant_id == principal.tenant_id
    if Permission.CASES_READ in principal.permissions:
        return (tenant,)
    return (tenant, Handoff.principal_id == principal.id)


async def _find(
    session: ReadSession | WriteSession, principal: Principal, case_id: str, *, lock: bool = False
) -> Handoff:
    query = select(Handoff).where(*_visible(principal), Handoff.number == number_of(case_id))
    row = await session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFoundError("no such case")
    return row


def _without_packet(found: CaseView) -> CaseView:
    return replace(found, packet={})
