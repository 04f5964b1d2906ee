"""Where one person is, over every store of a tenant: what an export gathers and an erasure goes through."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from api.rights.documents import Documents
from api.rights.rows import Rows, quotes
from api.rights.sealed import Sealed
from api.rights.stores import LEFT
from api.rights.subject import Subject, Traces
from api.widget.visits import pseudonym
from core.database import Database
from core.keyring import Keyring
from core.models import Base, Conversation, SlackWorkspace, WidgetRow
from core.tenancy import Tenants


@dataclass(frozen=True, slots=True)
class Places:
    """One tenant's stores, and one person's traces in them. `conversations` are the person's own."""

    tenant_id: str
    traces: Traces
    rows: Rows
    documents: Documents
    sealed: Sealed
    conversations: frozenset[str]


class Finder:
    def __init__(self, database: Database, keyring: Keyring, tenants: Tenants) -> None:
        self._database = database
        self._keyring = keyring
        self._tenants = tenants

    async def places(self, tenant_id: str, subject: Subject) -> Places:
        profile = await self._tenants.profile(tenant_id)
        traces = Traces(subject, key=profile.key, principals=await self._principals(tenant_id, subject))
        sealed = Sealed(self._database, self._keyring, tenant_id)
        contacts = await sealed.contacts(traces)
        handed = {each.conversation_id for each in contacts if each.conversation_id}
        return Places(
            tenant_id,
            traces,
            Rows(self._database, tenant_id),
            Documents(self._database, self._keyring, tenant_id),
            sealed,
            frozenset(handed | await self._conversations(tenant_id, traces.principals)),
        )

    async def left(self, places: Places) -> dict[str, int]:
        """Rows that speak of the person and that an erasure does not touch, by table."""
        found: dict[str, int] = {}
        for name, columns in LEFT.items():
            async for rows in places.rows.batches(Base.metadata.tables[name], columns):
                hits = sum(any(_tells(row[column], places.traces) for column in columns) for row in rows)
                if hits:
                    found[name] = found.get(name, 0) + hits
        return found

    async def _principals(self, tenant_id: str, subject: Subject) -> set[str]:
        """Under which the person may have asked: in each widget as whom a portal signed, in each Slack workspace."""
        async with self._database.read(tenant_id) as session:
            widgets = list(await session.scalars(select(WidgetRow.id).where(WidgetRow.tenant_id == tenant_id)))
            teams = select(SlackWorkspace.team_id).where(SlackWorkspace.tenant_id == tenant_id)
            workspaces = list(await session.scalars(teams))
        signed = {*subject.external_ids, *subject.emails}
        visitors = {pseudonym(self._keyring, widget, "sub", each) for widget in widgets for each in signed}
        return visitors | {f"slack:{team}:{user}" for team in workspaces for user in subject.slack_users}

    async def _conversations(self, tenant_id: str, principals: Collection[str]) -> set[str]:
        query = select(Conversation.id).where(
            Conversation.tenant_id == tenant_id, Conversation.principal_id.in_(principals)
        )
        async with self._database.read(tenant_id) as session:
            return set(await session.scalars(query)) if principals else set()


def _tells(value: object, traces: Traces) -> bool:
    return quotes(value, traces) or (isinstance(value, str) and value in traces.principals)
