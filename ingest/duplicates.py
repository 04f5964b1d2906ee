"""Which document of a corpus says what another one says already: flagged with the original, never dropped.

Only originals lie in the bands, so that a thousand copies of one text cost one comparison each. What a document is a
copy of is decided when it is taken in, and anew when its original changes or leaves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from core.database import ReadSession, WriteSession
from core.domain import DocumentStatus
from core.models import Document, Json, MinHashBand, Revision
from ingest.resemblance import Fingerprint, band_keys, resemblance

NEAR = 0.85
"""Share of common word shingles from which two documents count as near duplicates."""

_REPORTED = 500
"""Copies that are looked at again when their original changes; further ones keep their flag until they change themselves."""

_HIDDEN = (DocumentStatus.RETIRED, DocumentStatus.WITHDRAWN)


class DuplicateKind(StrEnum):
    EXACT = "exact"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """What a document repeats: the original's id and path."""

    of: str
    path: str
    kind: DuplicateKind


@dataclass(frozen=True, slots=True)
class _Original:
    path: str
    print: Fingerprint


async def flag(
    session: WriteSession, tenant_id: str, corpus_id: str, arrived: Mapping[str, Fingerprint]
) -> dict[str, Duplicate]:
    """Decide anew for documents that were just adopted, and for the copies of those among them; who is a copy, and of what.

    Of documents that arrive together the first in the mapping is the original.
    """
    copies = await _copies(session, arrived)
    decided = [*arrived, *(copy for copy in copies if copy not in arrived)]
    prints = {**copies, **arrived}
    await session.execute(delete(MinHashBand).where(MinHashBand.document_id.in_(decided)))
    book = _Book(await _met(session, corpus_id, [prints[each] for each in decided], without=decided))
    paths = await _paths(session, decided)
    duplicates: dict[str, Duplicate] = {}
    rows: list[Json] = []
    for document_id in decided:
        found = book.original_of(prints[document_id])
        if found is None:
            book.add(document_id, _Original(paths.get(document_id, ""), prints[document_id]))
            keys = enumerate(band_keys(prints[document_id].minhash))
            rows += [{"document_id": document_id, "band": band, "key": key} for band, key in keys]
        else:
            duplicates[document_id] = found
    if rows:
        await session.execute(insert(MinHashBand).values(tenant_id=tenant_id, corpus_id=corpus_id), rows)
    await _store(session, decided, duplicates)
    return duplicates


async def release(session: WriteSession, tenant_id: str, corpus_id: str, left: Sequence[str]) -> None:
    """These documents left the answers: they are nobody's original any more."""
    copies = await _copies(session, left)
    await session.execute(delete(MinHashBand).where(MinHashBand.document_id.in_(left)))
    await session.execute(update(Document).where(Document.id.in_(left)).values(duplicate_of=None, duplicate_kind=None))
    await flag(session, tenant_id, corpus_id, {key: value for key, value in copies.items() if key not in left})


class _Book:
    """Originals by the bands of their fingerprints."""

    def __init__(self, originals: Mapping[str, _Original]) -> None:
        self._originals: dict[str, _Original] = {}
        self._by_key: dict[int, list[str]] = defaultdict(list)
        for document_id, original in originals.items():
            self.add(document_id, original)

    def add(self, document_id: str, original: _Original) -> None:
        self._originals[document_id] = original
        for key in band_keys(original.print.minhash):
            self._by_key[key].append(document_id)

    def original_of(self, print_: Fingerprint) -> Duplicate | None:
        """The one that is most alike, from `NEAR` on; the older of two."""
        met = dict.fromkeys(each for key in band_keys(print_.minhash) for each in self._by_key.get(key, ()))
        alike = {each: resemblance(self._originals[each].print.minhash, print_.minhash) for each in met}
        best = max(alike, key=lambda each: (self._is_same(each, print_), alike[each]), default=None)
        if best is None or alike[best] < NEAR:
            return None
        kind = DuplicateKind.EXACT if self._is_same(best, print_) else DuplicateKind.NEAR
        return Duplicate(best, self._originals[best].path, kind)

    def _is_same(self, document_id: str, print_: Fingerprint) -> bool:
        return self._originals[document_id].print.text_hash == print_.text_hash


async def fingerprints(session: ReadSession | WriteSession, document_ids: Sequence[str]) -> dict[str, Fingerprint]:
    """Of the documents' newest revisions; without those that were taken in before fingerprints were."""
    query = (
        select(Document.id, Revision.text_hash, Revision.minhash)
        .join(Revision, Revision.id == Document.revision_id)
        .where(Document.id.in_(document_ids), Revision.minhash.is_not(None))
    )
    return {row.id: Fingerprint(row.text_hash, row.minhash) for row in await session.execute(query)}


async def _copies(session: WriteSession, originals: Iterable[str]) -> dict[str, Fingerprint]:
    query = (
        select(Document.id)
        .where(Document.duplicate_of.in_(list(originals)), Document.status.not_in(_HIDDEN))
        .order_by(Document.created_at, Document.id)
        .limit(_REPORTED)
    )
    ids = list(await session.scalars(query))
    found = await fingerprints(session, ids)
    return {each: found[each] for each in ids if each in found}


async def _met(
    session: WriteSession, corpus_id: str, prints: Sequence[Fingerprint], *, without: Sequence[str]
) -> dict[str, _Original]:
    """The originals that share a band with one of `prints`, the oldest first."""
    keys = list({key for each in prints for key in band_keys(each.minhash)})
    ids: set[str] = set()
    for start in range(0, len(keys), 5000):
        query = select(MinHashBand.document_id).where(
            MinHashBand.corpus_id == corpus_id, MinHashBand.key.in_(keys[start : start + 5000])
        )
        ids.update(await session.scalars(query.distinct()))
    rows = await session.execute(
        select(Document.id, Document.path, Revision.text_hash, Revision.minhash)
        .join(Revision, Revision.id == Document.revision_id)
        .where(Document.id.in_(ids - set(without)), Document.status.not_in(_HIDDEN), Revision.minhash.is_not(None))
        .order_by(Document.created_at, Document.id)
    )
    return {row.id: _Original(row.path, Fingerprint(row.text_hash, row.minhash)) for row in rows}


async def _paths(session: WriteSession, document_ids: Sequence[str]) -> dict[str, str]:
    rows = await session.execute(select(Document.id, Document.path).where(Document.id.in_(document_ids)))
    return {row.id: row.path for row in rows}


async def _store(session: WriteSession, decided: Sequence[str], duplicates: Mapping[str, Duplicate]) -> None:
    await session.execute(
        update(Document)
        .where(Document.id.in_(decided), Document.duplicate_of.is_not(None))
        .values(duplicate_of=None, duplicate_kind=None)
    )
    for document_id, found in duplicates.items():
        await session.execute(
            update(Document).where(Document.id == document_id).values(duplicate_of=found.of, duplicate_kind=found.kind)
        )
