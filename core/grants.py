"""Grants: corpora that one tenant lets another read. Vendor to partner, or partner to vendor; each may expire, and is audited.

A grant is permission, so it is always current: it is read at each search, and what it no longer allows is gone from every release,
replays included. What of a granted corpus may be read never depends on the grantee alone: see `granted`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, Row, Select, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from core.audit import record
from core.crossings import Crossing
from core.database import Database, ReadSession, WriteSession
from core.domain import Audience, Principal, Scope
from core.errors import InvalidRequestError, NotFoundError
from core.models import Corpus, CorpusGrant, Tenant, new_id, now

GRANTED_AUDIENCE = Audience.PARTNER
"""The widest audience at which another tenant's documents are read: what the owner keeps for its own agents stays there, whoever
the grantee's asker is."""

_Owner, _Grantee = aliased(Tenant), aliased(Tenant)


@dataclass(frozen=True, slots=True)
class GrantedCorpora:
    """What one owner lets a tenant read now; `names` in the order of `corpus_ids`."""

    owner_id: str
    corpus_ids: tuple[str, ...]
    names: tuple[str, ...]

    def named(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The ids of those with these names, as a request's `corpora` filter gives them; all where none is named."""
        pairs = zip(self.corpus_ids, self.names, strict=True)
        return tuple(corpus_id for corpus_id, name in pairs if not wanted or name in wanted)


@dataclass(frozen=True, slots=True)
class Grant:
    """`owner` and `grantee` are slugs. An expired grant is listed until it is revoked, and allows nothing."""

    id: str
    owner: str
    corpus: str
    grantee: str
    expires_at: datetime | None
    expired: bool
    created_at: datetime


def granted(scope: Scope, owner_id: str) -> Scope:
    """`scope` as it applies to a granted corpus of `owner_id`: at most `GRANTED_AUDIENCE`, and no customer's records, since a
    grantee's customer of the same name is another one."""
    narrower = min(scope.audience, GRANTED_AUDIENCE, key=lambda audience: len(audience.readable()))
    return Scope(owner_id, narrower, replace(scope.filters, customer=None), grantee_id=scope.tenant_id)


class Grants:
    """Makes, lists and revokes grants."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def readable(self, tenant_id: str) -> tuple[GrantedCorpora, ...]:
        """What others let this tenant read now, by owner. One query over an index: it belongs to every search."""
        query = (
            select(CorpusGrant.tenant_id, CorpusGrant.corpus_id, Corpus.name)
            .join(Corpus, Corpus.id == CorpusGrant.corpus_id)
            .where(
                CorpusGrant.grantee_id == tenant_id,
                or_(CorpusGrant.expires_at.is_(None), CorpusGrant.expires_at > self._clock()),
            )
            .order_by(CorpusGrant.tenant_id, Corpus.name)
        )
        async with self._database.read(tenant_id) as session:
            rows = [(owner, corpus_id, name) for owner, corpus_id, name in await session.execute(query)]
        return tuple(_of_owner(owner, list(group)) for owner, group in groupby(rows, key=lambda row: row[0]))

    async def grant(
        self, principal: Principal, *, corpus: str, grantee: str, expires_at: datetime | None = None
    ) -> Grant:
        """Let the tenant with the slug `grantee` read the principal's corpus. Again: changes when it expires, and nothing else.

        Raises `NotFoundError` (`unknown_corpus`, `unknown_tenant`), `InvalidRequestError` (`grant_to_self`, `invalid_expiry`).
        """
        self._require_future(expires_at)
        async with self._database.read(Crossing.DIRECTORY) as session:
            grantee_id = await _grantee_id(session, principal.tenant_id, grantee)
        async with self._database.write(principal.tenant_id) as session:
            corpus_id = await _corpus_id(session, principal.tenant_id, corpus)
            row, is_new = await _ensured(session, principal, corpus_id, grantee_id, expires_at)
            changed = row.expires_at != expires_at
            row.expires_at = expires_at
            if is_new or changed:
                action = "grant.create" if is_new else "grant.change"
                _record(session, principal, action, row, corpus=corpus, grantee=grantee, expires_at=expires_at)
            await session.flush()
            [made] = await self._listed(session, CorpusGrant.id == row.id)
        return made

    async def revoke(self, principal: Principal, grant_id: str) -> None:
        """Dead from the next search on. Raises `NotFoundError` for another owner's grant as for an unknown one."""
        async with self._database.write(principal.tenant_id) as session:
            found = await self._listed(
                session, CorpusGrant.id == grant_id, CorpusGrant.tenant_id == principal.tenant_id
            )
            own = CorpusGrant.id == grant_id, CorpusGrant.tenant_id == principal.tenant_id
            row = await session.scalar(delete(CorpusGrant).where(*own).returning(CorpusGrant)) if found else None
            if row is None:
                raise NotFoundError("no such grant; 'partner-copilot grant list' shows those that you gave")
            _record(session, principal, "grant.revoke", row, corpus=found[0].corpus, grantee=found[0].grantee)

    async def given(self, tenant_id: str) -> list[Grant]:
        async with self._database.read(tenant_id) as session:
            return await self._listed(session, CorpusGrant.tenant_id == tenant_id)

    async def received(self, tenant_id: str) -> list[Grant]:
        async with self._database.read(tenant_id) as session:
            return await self._listed(session, CorpusGrant.grantee_id == tenant_id)

    async def _listed(self, session: ReadSession | WriteSession, *where: ColumnElement[bool]) -> list[Grant]:
        at = self._clock()
        rows = await session.execute(_views().where(*where))
        return [_view(row, at) for row in rows]

    def _require_future(self, expires_at: datetime | None) -> None:
        if expires_at is None:
            return
        if expires_at.tzinfo is None:
            raise InvalidRequestError(
                "state the time zone of a grant's end, such as 2027-01-31T00:00:00Z", code="invalid_expiry"
            )
        if expires_at <= self._clock():
            raise InvalidRequestError(
                "a grant's end lies in the future; to end one now, revoke it", code="invalid_expiry"
            )


def _views() -> Select[CorpusGrant, str, str, str]:
    return (
        select(CorpusGrant, Corpus.name, _Owner.slug, _Grantee.slug)
        .join(Corpus, Corpus.id == CorpusGrant.corpus_id)
        .join(_Owner, _Owner.id == CorpusGrant.tenant_id)
        .join(_Grantee, _Grantee.id == CorpusGrant.grantee_id)
        .order_by(Corpus.name, _Owner.slug, _Grantee.slug)
    )


def _view(row: Row[CorpusGrant, str, str, str], at: datetime) -> Grant:
    grant, corpus, owner, grantee = row
    expired = grant.expires_at is not None and grant.expires_at <= at
    return Grant(grant.id, owner, corpus, grantee, grant.expires_at, expired, grant.created_at)


def _of_owner(owner_id: str, rows: Sequence[tuple[str, str, str]]) -> GrantedCorpora:
    return GrantedCorpora(owner_id, tuple(row[1] for row in rows), tuple(row[2] for row in rows))


async def _corpus_id(session: WriteSession, tenant_id: str, name: str) -> str:
    query = select(Corpus.id).where(Corpus.tenant_id == tenant_id, Corpus.name == name)
    if (found := await session.scalar(query)) is None:
        raise NotFoundError(f"you have no corpus '{name[:100]}' to grant", code="unknown_corpus")
    return found


async def _grantee_id(session: ReadSession, owner_id: str, slug: str) -> str:
    found = await session.scalar(select(Tenant.id).where(Tenant.slug == slug))
    if found is None:
        raise NotFoundError(f"no tenant '{slug[:63]}' to grant to", code="unknown_tenant")
    if found == owner_id:
        raise InvalidRequestError("a tenant reads its own corpora without a grant", code="grant_to_self")
    return found


async def _ensured(
    session: WriteSession, principal: Principal, corpus_id: str, grantee_id: str, expires_at: datetime | None
) -> tuple[CorpusGrant, bool]:
    """The grant, and whether it is new: also where another writer of PostgreSQL makes the same at this moment."""
    query = (
        select(CorpusGrant)
        .where(CorpusGrant.corpus_id == corpus_id, CorpusGrant.grantee_id == grantee_id)
        .with_for_update()
    )
    if found := await session.scalar(query):
        return found, False
    row = CorpusGrant(
        id=new_id(),
        tenant_id=principal.tenant_id,
        corpus_id=corpus_id,
        grantee_id=grantee_id,
        expires_at=expires_at,
        created_by=principal.id,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return (await session.scalars(query)).one(), False
    return row, True


def _record(session: WriteSession, principal: Principal, action: str, row: CorpusGrant, **details: object) -> None:
    said = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in details.items()}
    record(session, principal.tenant_id, actor=principal.id, action=action, target=row.id, **said)
