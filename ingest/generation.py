"""One tenant's vectors of one generation in the making: what the database says that the index must hold, brought into it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from core.database import Database
from core.errors import UnavailableError
from core.jobs import Progress
from ingest import stored
from ingest.chunk import TokenBudget
from ingest.repository import batches, point_id
from ingest.stored import StoredRevision
from retrieval.embedding import Embedded, Embedder, EmbedItem
from retrieval.index import IndexPoint, VectorIndex
from retrieval.sparse import encode_document

BATCH_CHUNKS = 256
"""Chunks embedded together: enough to sort by length, few enough to show progress and bound memory."""
SETTLING = 20
"""Rounds after which something changes for another reason than that people work."""
_PAGE = 64
"""Points read at once: a larger read of the embedded index holds up every other thread."""


class Generation:
    """Knows what it has written, so that a round costs one query and one facet of the index, and what changed since."""

    def __init__(
        self,
        *,
        database: Database,
        index: VectorIndex,
        embedder: Embedder,
        budget: TokenBudget,
        tenant_id: str,
        collection: str,
        progress: Progress,
    ) -> None:
        self.collection = collection
        self._database = database
        self._index = index
        self._embedder = embedder
        self._budget = budget
        self._tenant_id = tenant_id
        self._progress = progress
        self._written: dict[str, StoredRevision] = {}

    async def catch_up(self) -> int:
        """One round; how many revisions were written or deleted. Points that change keep their ids and are never away."""
        wanted, counts = await self._state()
        gone = sorted(counts.keys() - {revision.id for revision in wanted})
        for some in batches(gone, 500):
            await self._index.delete_revisions(self.collection, some)
        changed = [
            each for each in wanted if self._written.get(each.id) != each or counts.get(each.id, 0) != each.points
        ]
        self._progress.total = self._progress.done + sum(each.passages for each in changed)
        for batch in _batched(changed):
            await self._write(batch, counts)
        return len(gone) + len(changed)

    async def settle(self) -> None:
        """Until a round finds nothing: what is decided while it writes (an audience, a withdrawal) is read again after it.

        Raises `UnavailableError` (`index_unsettled`) where that does not come about.
        """
        for _ in range(SETTLING):
            if not await self.catch_up():
                return
        raise UnavailableError("the new vectors do not come to agree with the database", code="index_unsettled")

    async def mend(self) -> None:
        """Write those revisions that lack points, and nothing else."""
        wanted, counts = await self._state()
        lacking = [each for each in wanted if counts.get(each.id, 0) < each.points]
        self._progress.total = sum(each.passages for each in lacking)
        for batch in _batched(lacking):
            await self._write(batch, counts)

    async def renew(self, revision_ids: Collection[str]) -> None:
        """Write these revisions with vectors made anew: their stored text has changed. Points keep their ids and are never away."""
        wanted, _ = await self._state()
        changed = [each for each in wanted if each.id in revision_ids]
        self._progress.total = self._progress.done + sum(each.passages for each in changed)
        for batch in _batched(changed):
            await self._write(batch, {})

    async def _state(self) -> tuple[list[StoredRevision], dict[str, int]]:
        async with self._database.read(self._tenant_id) as session:
            wanted = await stored.revisions(session, self._tenant_id)
        return wanted, await self._index.revisions(self.collection)

    async def _write(self, batch: Sequence[StoredRevision], counts: Mapping[str, int]) -> None:
        async with self._database.read(self._tenant_id) as session:
            items = await stored.items(session, batch, self._budget)
        vectors = await self._vectors(batch, items, counts)
        await self._index.upsert(
            self.collection,
            [point for each in batch for point in _points(each, items[each.id], vectors)],
        )
        await self._delete_surplus(batch, counts)
        self._written.update((each.id, each) for each in batch)
        self._progress.done += sum(each.passages for each in batch)

    async def _vectors(
        self, batch: Sequence[StoredRevision], items: Mapping[str, Sequence[EmbedItem]], counts: Mapping[str, int]
    ) -> dict[EmbedItem, Embedded]:
        """Each text is embedded once; those that an earlier round or run has written are read from the index."""
        there = {
            point_id(each.id, number, known.stays[0].copy): item
            for each in batch
            if counts.get(each.id) and (known := self._written.get(each.id, each)).text_hash == each.text_hash
            for number, item in enumerate(items[each.id])
        }
        vectors: dict[EmbedItem, Embedded] = {}
        names = list(there)
        for start in range(0, len(names), _PAGE):
            found = await self._index.vectors(self.collection, names[start : start + _PAGE])
            vectors.update((there[name], embedded) for name, embedded in found.items())
        missing = list(dict.fromkeys(item for each in batch for item in items[each.id] if item not in vectors))
        vectors.update(zip(missing, await self._embedder.embed_passages(missing), strict=True))
        return vectors

    async def _delete_surplus(self, batch: Sequence[StoredRevision], counts: Mapping[str, int]) -> None:
        """Copies that no release shows any more: those written here, or what a run that was cut short left behind."""
        for each in batch:
            before = self._written.get(each.id)
            if before is not None:
                surplus = before.point_ids() - each.point_ids()
            elif counts.get(each.id, 0) > each.points:
                copies = range(counts[each.id] // max(1, each.passages) + each.stays[-1].copy + 1)
                surplus = {point_id(each.id, n, copy) for copy in copies for n in range(each.passages)}
                surplus -= each.point_ids()
            else:
                continue
            await self._index.delete_points(self.collection, sorted(surplus))


def _points(
    revision: StoredRevision, items: Sequence[EmbedItem], vectors: Mapping[EmbedItem, Embedded]
) -> Iterator[IndexPoint]:
    for number, item in enumerate(items):
        sparse = encode_document(item.text)
        for stay in revision.stays:
            yield IndexPoint(
                id=point_id(revision.id, number, stay.copy),
                dense=vectors[item].dense,
                sentences=vectors[item].sentences,
                sparse=sparse,
                payload=replace(revision.payload, number=number, added_in=stay.added_in, removed_in=stay.removed_in),
            )


def _batched(revisions: Sequence[StoredRevision]) -> Iterator[list[StoredRevision]]:
    batch: list[StoredRevision] = []
    for revision in revisions:
        batch.append(revision)
        if sum(each.passages for each in batch) >= BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch
