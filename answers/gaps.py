"""Knowledge gaps: what was asked and not answered, counted together where it is nearly the same question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, func, select

from answers.types import Closest, Missed
from core.database import Database, WriteSession, insert_into
from core.models import KnowledgeGap, now
from core.settings import GapSettings
from retrieval.sparse import terms

NEARLY = 0.75
"""Share of the terms of two questions that both have, from which on they are one gap."""
COMPARED = 500
"""Gaps, the last asked first, that a new question is compared with."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One question that no published document answered, as it was first asked; `closest` are the documents nearest to it when it
    was last asked."""

    id: str
    question: str
    query: str
    closest: tuple[Closest, ...]
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class GapPage:
    gaps: tuple[Gap, ...]
    total: int


class Gaps:
    """Reads a tenant's gaps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, tenant_id: str, *, limit: int, offset: int = 0) -> GapPage:
        """The most asked first, of equal counts the latest."""
        own = KnowledgeGap.tenant_id == tenant_id
        order = (KnowledgeGap.count.desc(), KnowledgeGap.last_at.desc(), KnowledgeGap.id)
        query = select(KnowledgeGap).where(own).order_by(*order).limit(limit).offset(offset)
        async with self._database.read(tenant_id) as session:
            total = await session.scalar(select(func.count()).select_from(KnowledgeGap).where(own))
            rows = list(await session.scalars(query))
        return GapPage(tuple(map(_gap, rows)), total or 0)


async def keep_gaps(session: WriteSession, tenant_id: str, missed: Sequence[Missed], *, settings: GapSettings) -> None:
    """Count what was missed, and forget what is too much. Part of the transaction that stores the answer."""
    for one in missed:
        await _count(session, tenant_id, one)
    if missed:
        await _forget(session, tenant_id, settings)


async def _count(session: WriteSession, tenant_id: str, missed: Missed) -> None:
    own = sorted(set(terms(missed.query)))
    if not own:
        return
    closest = [asdict(each) for each in missed.closest]
    row = await _alike(session, tenant_id, own)
    if row is not None:
        row.count, row.last_at, row.closest = row.count + 1, now(), closest
        return
    added = insert_into(session, KnowledgeGap).values(
        tenant_id=tenant_id,
        key=_key(own),
        question=missed.question,
        query=missed.query,
        terms=own,
        closest=closest,
    )
    # Two processes may meet the same question at once: neither answer may fail for that.
    again = {"count": KnowledgeGap.count + 1, "last_at": now()}
    await session.execute(added.on_conflict_do_update(index_elements=["tenant_id", "key"], set_=again))


async def _alike(session: WriteSession, tenant_id: str, own: Sequence[str]) -> KnowledgeGap | None:
    same = await session.scalar(
        select(KnowledgeGap).where(KnowledgeGap.tenant_id == tenant_id, KnowledgeGap.key == _key(own))
    )
    if same is not None:
        return same
    latest = select(KnowledgeGap).where(KnowledgeGap.tenant_id == tenant_id).order_by(KnowledgeGap.last_at.desc())
    rows = await session.scalars(latest.limit(COMPARED))
    return next((row for row in rows if is_nearly(own, row.terms)), None)


def is_nearly(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two questions ask nearly the same; a version, code or number that differs makes them different."""
    a, b = set(one), set(other)
    differing = a ^ b
    if any(character.isdigit() for term in differing for character in term):
        return False
    return len(a & b) >= NEARLY * len(a | b)


async def _forget(session: WriteSession, tenant_id: str, settings: GapSettings) -> None:
    own = KnowledgeGap.tenant_id == tenant_id
    kept = select(KnowledgeGap.id).where(own).order_by(KnowledgeGap.last_at.desc(), KnowledgeGap.id)
    surplus = list(await session.scalars(kept.offset(settings.max_kept)))
    if surplus:
        await session.execute(delete(KnowledgeGap).where(own, KnowledgeGap.id.in_(surplus)))


def _key(own: Sequence[str]) -> str:
    return sha256("\0".join(own).encode()).hexdigest()


def _gap(row: KnowledgeGap) -> Gap:
    closest = (Closest(c["title"], c["document_id"], c["url"], tuple(c["heading_path"])) for c in row.closest)
    return Gap(row.id, row.question, row.query, tuple(closest), row.count, row.first_at, row.last_at)
