"""What a Slack user may do: asking by default, more by a role that an operator gave them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from bots.slack.installs import Workspace
from core.audit import OPERATOR, record
from core.auth import PERMISSIONS
from core.database import Database
from core.domain import Permission, Principal, Role
from core.errors import InvalidRequestError, NotFoundError
from core.models import CaseRoute, SlackPerson

GIVEN = (Role.SUPPORT_AGENT, Role.KNOWLEDGE_ADMIN)
"""Roles that a Slack user can have."""
_CASES = frozenset({Permission.CASES_READ, Permission.CASES_WORK})


class People:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def principal(self, workspace: Workspace, user: str, *, channel: str = "") -> Principal:
        """Who clicks or asks. A role given under another tenant counts for nothing.

        Whoever is in a channel that the tenant's cases are told to works on cases there: Slack knows its members.
        """
        asker = workspace.principal(user)
        target = f"{workspace.team_id}/{channel}"
        async with self._database.read(workspace.tenant_id) as session:
            row = await session.get(SlackPerson, (workspace.team_id, user))
            route = select(CaseRoute.id).where(CaseRoute.tenant_id == workspace.tenant_id, CaseRoute.target == target)
            escalates = await session.scalar(route.limit(1)) is not None
        more = PERMISSIONS[Role(row.role)] if row and row.tenant_id == workspace.tenant_id else frozenset()
        return replace(asker, permissions=asker.permissions | more | (_CASES if escalates else frozenset()))

    async def give(self, tenant_id: str, team_id: str, user: str, role: Role) -> None:
        """Raises `InvalidRequestError` (`invalid_role`) for a role that no Slack user can have."""
        if role not in GIVEN:
            raise InvalidRequestError(f"a Slack user can be {' or '.join(GIVEN)}", code="invalid_role")
        async with self._database.write(tenant_id) as session:
            row = await session.get(SlackPerson, (team_id, user))
            if row is None:
                row = SlackPerson(team_id=team_id, user=user)
                session.add(row)
            row.tenant_id, row.role = tenant_id, role
            target = f"{team_id}/{user}"
            record(session, tenant_id, actor=OPERATOR, action="slack.role", target=target, role=role)

    async def take(self, tenant_id: str, team_id: str, user: str) -> None:
        """Raises `NotFoundError` where they had none."""
        async with self._database.write(tenant_id) as session:
            row = await session.get(SlackPerson, (team_id, user))
            if row is None or row.tenant_id != tenant_id:
                raise NotFoundError("this Slack user has no role")
            record(session, tenant_id, actor=OPERATOR, action="slack.role", target=f"{team_id}/{user}", role=None)
            await session.delete(row)
