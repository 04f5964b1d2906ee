"""What the database knows when a sync begins."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.database import Database
from core.domain import DocumentStatus
from ingest import duplicates, failures, repository
from ingest.failures import Recorded
from ingest.pipeline import Target
from ingest.renames import MOST_COMPARED
from ingest.repository import Known
from ingest.resemblance import Fingerprint
from ingest.sources.base import SourceItem
from ingest.statuses import SETTLED


@dataclass(frozen=True, slots=True)
class Before:
    """The corpus' documents and the source's failures by path, and the fingerprints of
    documents by id, as far as their paths may have vanished. `sources` names each source of the tenant; `gone` are those whose
    folder or file is not on this disk any more."""

    known: Mapping[str, Known]
    failures: Mapping[str, Recorded]
    fingerprints: Mapping[str, Fingerprint]
    sources: Mapping[str, str]
    gone: frozenset[str] = frozenset()


async def read_before(database: Database, target: Target, items: Sequence[SourceItem]) -> Before:
    """For a sync of the target's source, which lists `items`."""
    async with database.read(target.tenant_id) as session:
        known = await repository.known_documents(session, target.tenant_id, target.corpus_id)
        gone = vanished(known, target.source_id, {item.path for item in items})
        fingerprints: dict[str, Fingerprint] = {}
        for batch in repository.batches(each.id for each in gone[:MOST_COMPARED]):
            fingerprints |= await duplicates.fingerprints(session, batch)
        recorded = await failures.recorded(session, target.source_id or "")
        sources = await repository.source_names(session, target.tenant_id)
    holders = {each.source_id for each in known.values()} - {target.source_id}
    absent = await asyncio.to_thread(_gone, {key: name for key, name in sources.items() if key in holders})
    return Before(known, recorded, fingerprints, sources, absent)


def _gone(sources: Mapping[str, str]) -> frozenset[str]:
    """Those of `repository.source_names` that lie on this disk, and are not there. Blocking."""
    places = {source_id: name.partition(" ")[2] for source_id, name in sources.items()}
    return frozenset(key for key, place in places.items() if place.startswith("/") and not Path(place).exists())


def vanished(known: Mapping[str, Known], source_id: str | None, present: set[str]) -> list[Known]:
    """The source's documents whose paths are gone, withdrawn ones included: they must not come back under another name."""
    wanted = SETTLED | {DocumentStatus.WITHDRAWN}
    return [
        each
        for path, each in known.items()
        if each.source_id == source_id and path not in present and each.status in wanted
    ]
