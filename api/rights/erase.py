"""Erases one person over every store of a tenant. Each step finds what is left, so that a run which was cut short is simply
run again.

First the ledger knows of it, so that no restored backup brings the person back; then rows, documents, vectors, what sources
keep on the disk, the vault; last the bytes that databases leave behind.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from sqlalchemy import delete, update

from api.rights.documents import Found
from api.rights.finding import Finder, Places
from api.rights.ledger import Erasure, Ledger
from api.rights.rows import blot, remove
from api.rights.stores import STORES, Store
from api.rights.subject import Subject
from core.audit import record
from core.database import Database, WriteSession
from core.job_tries import Progress
from core.models import Json, SlackEvent, SubjectRequest, now
from guardrails.vault import Vault


class Vectors(Protocol):
    """`ingest.reindex.Reindexer` is one."""

    async def renew(self, tenant_id: str, revision_ids: Collection[str], progress: Progress) -> None: ...


class Eraser:
    """`sources` is the folder below which sources keep copies between syncs."""

    def __init__(
        self,
        *,
        database: Database,
        finder: Finder,
        ledger: Ledger,
        vectors: Vectors,
        vault: Vault,
        sources: Path,
    ) -> None:
        self._database = database
        self._finder = finder
        self._ledger = ledger
        self._vectors = vectors
        self._vault = vault
        self._sources = sources

    async def run(self, request: SubjectRequest, subject: Subject, progress: Progress) -> Json:
        """What was done, counted by table; nobody's words. Raises what the stores raise: then it is to be run again."""
        await asyncio.to_thread(self._ledger.append, _erasure(request, subject))
        report: Json = {"erased": {}, "blotted": {}, **request.report}
        places = await self._begun(request, await self._finder.places(request.tenant_id, subject), report)
        for store in STORES:
            progress.stage = store.table.name
            await self._rows(places, store, report, progress)
        progress.stage = "slack_events"
        await self._events(places, report)
        progress.stage = "documents"
        await self._documents(request, places, report, progress)
        async with self._database.write(request.tenant_id) as session:
            gone = await self._vault.forget(session, request.tenant_id, places.traces.tags)
        report["vault"] = report.get("vault", 0) + gone
        await self._finish(request, places, report)
        progress.stage = "free pages"
        await self._database.scour()
        return report

    async def _begun(self, request: SubjectRequest, places: Places, report: Json) -> Places:
        """With the conversations of an earlier try noted: the case whose contact told that one is the person's goes before it."""
        places = replace(places, conversations=places.conversations | set(report.get("conversations", ())))
        report["conversations"] = sorted(places.conversations)
        async with self._database.write(request.tenant_id) as session:
            await _note(session, request, report=report)
        return places

    async def _rows(self, places: Places, store: Store, report: Json, progress: Progress) -> None:
        name = store.table.name
        async for hits in places.rows.hits(store, places.traces, places.conversations):
            if not (hits.own or hits.quoting or hits.named):
                continue
            async with self._database.write(places.tenant_id) as session:
                if hits.own:
                    _count(report["erased"], name, await remove(session, store, hits.own))
                await blot(session, store, [*hits.quoting, *hits.named], places.traces)
            _count(report["blotted"], name, len(hits.quoting) + len(hits.named))
            progress.done += len(hits.own) + len(hits.quoting) + len(hits.named)

    async def _events(self, places: Places, report: Json) -> None:
        found = [event.id async for event in places.sealed.events(places.traces)]
        if found:
            async with self._database.write(places.tenant_id) as session:
                await session.execute(delete(SlackEvent).where(SlackEvent.event_id.in_(found)))
            _count(report["erased"], "slack_events", len(found))

    async def _documents(self, request: SubjectRequest, places: Places, report: Json, progress: Progress) -> None:
        found = await places.documents.find(places.traces)
        revisions = {*report.get("revisions", ()), *found.revisions}
        if found.documents:
            await self._blot_documents(request, places, found, report, sorted(revisions))
        if revisions:
            progress.stage = "vectors"
            await self._vectors.renew(request.tenant_id, revisions, progress)
        for source_id in await places.documents.sources(report.get("documents", ())):
            await self._forget_copies(source_id, report)

    async def _blot_documents(
        self, request: SubjectRequest, places: Places, found: Found, report: Json, revisions: list[str]
    ) -> None:
        """What was changed is noted with the change: a run that dies before the vectors are made anew must still know of it."""
        report["documents"] = sorted({*report.get("documents", ()), *found.documents})
        report["revisions"] = revisions
        async with self._database.write(request.tenant_id) as session:
            _count(report["erased"], "originals", await places.documents.blot(session, found, places.traces))
            _count(report["blotted"], "revisions", len(found.revisions))
            await _note(session, request, report=report)

    async def _forget_copies(self, source_id: str, report: Json) -> None:
        """The next sync fetches anew. What still names the person there comes back with it: the report lists the documents."""
        folder = self._sources / source_id
        if folder.exists():
            await asyncio.to_thread(shutil.rmtree, folder)
            report["sources"] = sorted({*report.get("sources", ()), source_id})

    async def _finish(self, request: SubjectRequest, places: Places, report: Json) -> None:
        report["left"] = await self._finder.left(places)
        report.pop("conversations")
        async with self._database.write(request.tenant_id) as session:
            same = SubjectRequest.tenant_id == request.tenant_id, SubjectRequest.digest == request.digest
            await session.execute(update(SubjectRequest).where(*same).values(subject=None, result=None))
            await _note(session, request, report=report, finished_at=now())
            counts = {name: report[name] for name in ("erased", "blotted", "left")}
            told = {"digest": request.digest, "documents": len(report.get("documents", ())), **counts}
            record(session, request.tenant_id, actor=request.actor, action="subject.erase", target=request.id, **told)


def _erasure(request: SubjectRequest, subject: Subject) -> Erasure:
    return Erasure(request.id, request.tenant_id, now(), request.actor, subject.canonical)


async def _note(session: WriteSession, request: SubjectRequest, **values: object) -> None:
    await session.execute(update(SubjectRequest).where(SubjectRequest.id == request.id).values(values))


def _count(counts: Json, name: str, more: int) -> None:
    if more:
        counts[name] = counts.get(name, 0) + more
