"""What a tenant rules on how it is answered, version by version: its policy and its prompt.

A version is never changed and never reused. To go back is to say an earlier version again, under a new number, so that the number
that an answer was given under always tells what held then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, func, select

from core.audit import record
from core.database import Database, ReadSession, WriteSession
from core.domain import Principal
from core.errors import NotFoundError
from core.models import DirectiveRow, Json, Tenant, now


class DirectiveKind(StrEnum):
    POLICY = "policy"
    """Which topics are answered from authoritative documents only."""
    PROMPT = "prompt"
    """What a language model is told before the passages."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One version. `body` is empty where it is what the software brings, as in version 0, which nobody set."""

    version: int = 0
    body: Json = field(default_factory=dict)
    note: str = ""
    author: str = ""
    restores: int | None = None
    created_at: datetime | None = None


SHIPPED = Directive()


class Directives:
    """Reads and sets them. What a body may say is its readers' business."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self, tenant_id: str) -> Mapping[DirectiveKind, Directive]:
        """Both kinds, as they hold now."""
        last = (
            select(DirectiveRow.kind, func.max(DirectiveRow.version).label("version"))
            .where(DirectiveRow.tenant_id == tenant_id)
            .group_by(DirectiveRow.kind)
            .subquery()
        )
        same = and_(DirectiveRow.kind == last.c.kind, DirectiveRow.version == last.c.version)
        async with self._database.read(tenant_id) as session:
            rows = await session.scalars(
                select(DirectiveRow).join(last, same).where(DirectiveRow.tenant_id == tenant_id)
            )
            found = {DirectiveKind(row.kind): _directive(row) for row in rows}
        return {kind: found.get(kind, SHIPPED) for kind in DirectiveKind}

    async def versions(self, tenant_id: str, kind: DirectiveKind, *, limit: int = 100) -> list[Directive]:
        """Newest first, the shipped one not among them."""
        mine = DirectiveRow.tenant_id == tenant_id, DirectiveRow.kind == kind
        query = select(DirectiveRow).where(*mine).order_by(DirectiveRow.version.desc()).limit(limit)
        async with self._database.read(tenant_id) as session:
            return [_directive(row) for row in await session.scalars(query)]

    async def version(self, tenant_id: str, kind: DirectiveKind, version: int) -> Directive:
        """Raises `NotFoundError` (`unknown_version`)."""
        async with self._database.read(tenant_id) as session:
            return await _version(session, tenant_id, kind, version)

    async def set(self, principal: Principal, kind: DirectiveKind, body: Json, *, note: str = "") -> Directive:
        """A new version, in force from the next question on."""
        async with self._database.write(principal.tenant_id) as session:
            return await _add(session, principal, kind, Directive(body=body, note=note), action="set")

    async def roll_back(self, principal: Principal, kind: DirectiveKind, version: int, *, note: str = "") -> Directive:
        """Say an earlier version again; 0 is what the software brings. Raises `NotFoundError` (`unknown_version`)."""
        async with self._database.write(principal.tenant_id) as session:
            earlier = await _version(session, principal.tenant_id, kind, version)
            again = Directive(body=earlier.body, note=note, restores=version)
            return await _add(session, principal, kind, again, action="rollback")


async def _version(session: ReadSession | WriteSession, tenant_id: str, kind: DirectiveKind, version: int) -> Directive:
    if version == 0:
        return SHIPPED
    row = await session.scalar(
        select(DirectiveRow).where(
            DirectiveRow.tenant_id == tenant_id, DirectiveRow.kind == kind, DirectiveRow.version == version
        )
    )
    if row is None:
        raise NotFoundError(f"the {kind} has no version {version}; list its versions", code="unknown_version")
    return _directive(row)


async def _add(
    session: WriteSession, principal: Principal, kind: DirectiveKind, given: Directive, *, action: str
) -> Directive:
    """Numbers are given out under the lock of the tenant's row."""
    await session.execute(select(Tenant.id).where(Tenant.id == principal.tenant_id).with_for_update(key_share=True))
    mine = DirectiveRow.tenant_id == principal.tenant_id, DirectiveRow.kind == kind
    last = await session.scalar(select(func.max(DirectiveRow.version)).where(*mine)) or 0
    row = DirectiveRow(
        tenant_id=principal.tenant_id,
        kind=kind,
        version=last + 1,
        body=given.body,
        note=given.note,
        author=principal.id,
        restores=given.restores,
        created_at=now(),
    )
    session.add(row)
    told = {} if given.restores is None else {"restores": given.restores}
    record(session, principal.tenant_id, actor=principal.id, action=f"{kind}.{action}", target=str(last + 1), **told)
    return _directive(row)


def _directive(row: DirectiveRow) -> Directive:
    return Directive(row.version, row.body, row.note, row.author, row.restores, row.created_at)
