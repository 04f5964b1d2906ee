"""The product, module and region names that readable documents state: by them a question's own statements are understood."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core.database import Database
from core.models import Document, Membership, Revision

KEPT = 512
"""Releases whose names are remembered: what a release shows never changes."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names as the documents write them, sorted."""

    products: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def __or__(self, other: Vocabulary) -> Vocabulary:
        return Vocabulary(
            _distinct((*self.products, *other.products)),
            _distinct((*self.modules, *other.modules)),
            _distinct((*self.regions, *other.regions)),
        )


class Vocabularies:
    """Reads what a release's documents name; one query a release and set of corpora, none after that."""

    def __init__(self, database: Database, *, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept
        self._known: OrderedDict[tuple[str, int, tuple[str, ...]], Vocabulary] = OrderedDict()

    async def of(self, tenant_id: str, release: int, corpus_ids: Sequence[str] = ()) -> Vocabulary:
        """Of a tenant's release; of these corpora alone where any are named, as for a grantee."""
        key = (tenant_id, release, tuple(sorted(corpus_ids)))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = await self._read(*key)
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
        return found

    async def _read(self, tenant_id: str, release: int, corpus_ids: tuple[str, ...]) -> Vocabulary:
        stated = [Revision.info[name].as_string() for name in ("product", "module", "region")]
        query = (
            select(*stated)
            .join(Membership, Membership.revision_id == Revision.id)
            .where(Membership.tenant_id == tenant_id, Membership.added_in <= release, Membership.removed_in > release)
            .distinct()
        )
        if corpus_ids:
            query = query.join(Document, Document.id == Revision.document_id).where(Document.corpus_id.in_(corpus_ids))
        async with self._database.read(tenant_id) as session:
            rows = [tuple(row) for row in await session.execute(query)]
        return Vocabulary(*(_distinct(row[place] for row in rows) for place in range(3)))


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
