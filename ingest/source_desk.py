"""What knowledge admins do with sources: add, list, remove, pause, resume; and the one place that opens them, secrets in hand."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import delete, func, select, update

from core.audit import record
from core.database import Database, ReadSession, WriteSession
from core.domain import DocumentStatus, Permission, Principal
from core.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from core.keyring import Keyring
from core.models import Corpus, Document, IngestFailure, Json, Source, new_id
from ingest import duplicates, repository
from ingest.sources.base import Probed, SourceLimits
from ingest.sources.base import Source as SourcePort
from ingest.sources.registry import Kinds, SourceKind, open_source
from ingest.sources.sealed import SealedFolder, SealedSource

PAUSED = datetime(9999, 1, 1, tzinfo=UTC)
"""Until an admin resumes it; an earlier instant is the breaker's."""
LIVE = frozenset(DocumentStatus) - {DocumentStatus.RETIRED, DocumentStatus.WITHDRAWN}

_SCHEDULE = re.compile(r"(\d{1,6})\s*([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SHORTEST_S, _LONGEST_S = 60, 366 * 86_400


class Leftover(StrEnum):
    """What becomes of a removed source's documents: `retire` takes them out with the next release."""

    RETIRE = "retire"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source as it is asked for. What is None stays as it is where the source exists already."""

    corpus: str
    uri: str
    kind: str = "files"
    config: Json | None = None
    credentials: Mapping[str, str] | None = None
    schedule: str | None = None


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as the API shows it: of its credentials only whether there are any."""

    id: str
    kind: str
    uri: str
    corpus: str
    config: Json
    has_credentials: bool
    schedule: str | None
    paused: bool
    paused_until: datetime | None
    """When syncs go on by themselves after repeated faults; None where they are not held back, or an admin paused them."""
    failures: int
    last_error: Json | None
    created_at: datetime
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class KindView:
    """What a source of a kind may be told: `config` is JSON Schema's `properties`, `credentials` the names of its secrets."""

    name: str
    config: Json
    credentials: tuple[str, ...]


class Stored(Protocol):
    """A source that somebody may see, as they know it."""

    @property
    def id(self) -> str: ...


class SourceDesk:
    """Sources of all tenants. `home` is the folder below which each source has its own, for what it keeps between syncs; `most` a
    tenant may have; `turn_s` a removal waits for a sync that is running before it says so."""

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        limits: SourceLimits,
        roots: tuple[Path, ...],
        home: Path,
        most: int = 200,
        turn_s: float = 10.0,
        kinds: Kinds | None = None,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._limits = limits
        self._roots = tuple(root.resolve() for root in roots)
        self._home = home
        self._most = most
        self._turn_s = turn_s
        self._kinds = kinds or Kinds()

    async def add(self, principal: Principal, new: NewSource) -> SourceState:
        """Register a source, or change the one of the same corpus, kind and address; it must open, and answer where it can tell.

        Raises `ForbiddenError` (`source_not_allowed`), `InvalidRequestError` (`unknown_source_kind`, `invalid_uri`,
        `invalid_config`, `invalid_credentials`, `missing_credentials`, `invalid_schedule`, …), or what the source answers.
        """
        kind = self._kinds.get(new.kind)
        corpus = corpus_name(new.corpus)
        schedule_s = parse_schedule(new.schedule) if new.schedule is not None else None
        credentials = None if new.credentials is None else kind.checked(new.credentials)
        uri = await asyncio.to_thread(self._permitted, principal, kind, new.uri)
        async with self._database.read(principal.tenant_id) as session:
            known = await _same(session, principal.tenant_id, corpus, new.kind, uri)
        config = new.config if new.config is not None else (known.config if known else {})
        kind.configured(config)
        if known is not None and known.credentials is not None and credentials is None:
            _require_same_place(kind, known.config, config)
        given = credentials if credentials is not None else (self._secrets(known) if known else {})
        await self._require_answer(_Draft(new.kind, uri, config), given)
        async with self._database.write(principal.tenant_id) as session:
            row = await self._stored(session, principal, corpus, new, uri)
            row.config = config
            if credentials is not None:
                row.credentials = self._sealed(row, credentials)
            if new.schedule is not None:
                row.schedule_s = schedule_s
            _record(session, principal, "source.add" if known is None else "source.change", row)
            return _view(row, corpus)

    def kinds(self) -> list[KindView]:
        """Sorted by name; without those of other distributions that do not load."""
        return [_kind_view(kind) for kind in self._kinds.usable()]

    async def all(self, tenant_id: str) -> list[SourceState]:
        """Sorted by corpus and address."""
        query = select(Source, Corpus.name).join(Corpus, Corpus.id == Source.corpus_id)
        query = query.where(Source.tenant_id == tenant_id).order_by(Corpus.name, Source.uri, Source.id)
        async with self._database.read(tenant_id) as session:
            return [_view(row, corpus) for row, corpus in await session.execute(query)]

    async def get(self, tenant_id: str, source_id: str) -> SourceState:
        """Raises `NotFoundError` for another tenant's source as for an unknown one."""
        async with self._database.read(tenant_id) as session:
            row = await _own(session, tenant_id, source_id)
            corpus = await session.get(Corpus, row.corpus_id)
        return _view(row, corpus.name if corpus else "")

    async def pause(self, principal: Principal, source_id: str) -> SourceState:
        """No sync begins until it is resumed; one that runs goes on."""
        return await self._held(principal, source_id, "source.pause", until=PAUSED)

    async def resume(self, principal: Principal, source_id: str) -> SourceState:
        """Whether an admin or repeated faults held it back; its faults are counted anew."""
        return await self._held(principal, source_id, "source.resume", until=None)

    async def require_active(self, tenant_id: str, source_id: str) -> SourceState:
        """The source, unless an admin paused it. One that its breaker holds back may be tried by hand.

        Raises `ConflictError` (`source_paused`).
        """
        view = await self.get(tenant_id, source_id)
        if view.paused:
            raise ConflictError("the source is paused; resume it first", code="source_paused")
        return view

    async def remove(self, principal: Principal, source_id: str, *, documents: Leftover) -> None:
        """Forget a source, its credentials and what it kept on the disk. Raises `ConflictError` (`source_busy`) while it syncs."""
        async with self._database.read(principal.tenant_id) as session:
            corpus_id = (await _own(session, principal.tenant_id, source_id)).corpus_id
        async with self._turn(corpus_id), self._database.write(principal.tenant_id) as session:
            row = await _own(session, principal.tenant_id, source_id)
            mine = Document.source_id == source_id
            if documents is Leftover.RETIRE:
                await _retire(session, row)
            await session.execute(update(Document).where(mine).values(source_id=None))
            await session.execute(delete(IngestFailure).where(IngestFailure.source_id == source_id))
            _record(session, principal, "source.remove", row, documents=documents)
            await session.delete(row)
        await asyncio.to_thread(self._kept(row).remove)

    async def open(self, tenant_id: str, stored: Stored) -> SourcePort:
        """The tenant's source, ready to be listed and read; whoever asked closes it.

        Raises `NotFoundError`, or what opening it raises.
        """
        async with self._database.read(tenant_id) as session:
            row = await session.get(Source, stored.id)
        if row is None or row.tenant_id != tenant_id:
            raise NotFoundError("no such source")
        draft = _Draft(row.kind, row.uri, row.config)
        secrets, kept = self._secrets(row), self._kept(row)
        source = await open_source(draft, self._limits, workdir=kept.folder, credentials=secrets, kinds=self._kinds)
        if not self._kinds.get(row.kind).caches:
            return source
        await asyncio.to_thread(kept.open)
        return SealedSource(source, kept)

    def _permitted(self, principal: Principal, kind: SourceKind[Any], uri: str) -> str:
        """The address in its stored form. Blocking."""
        canonical = kind.canonical(uri)
        place = kind.local(canonical)
        if place is None:
            return canonical
        operator = Permission.SOURCES_LOCAL in principal.permissions
        if not operator and not any(place.is_relative_to(root) for root in self._roots):
            raise ForbiddenError("this folder is under none of COPILOT_INGEST__ROOTS", code="source_not_allowed")
        if not place.exists():
            raise InvalidRequestError(f"there is no file or folder {uri}", code="source_not_found")
        return canonical

    async def _require_answer(self, draft: _Draft, credentials: Mapping[str, str]) -> None:
        """In a folder of its own: nothing of a source that is refused remains."""
        trial = self._home / f"trial-{new_id()}"
        limits = replace(self._limits, transfer_s=self._limits.request_s)
        try:
            source = await open_source(draft, limits, workdir=trial, credentials=credentials, kinds=self._kinds)
            try:
                if isinstance(source, Probed):
                    await source.probe()
            finally:
                await source.close()
        finally:
            await asyncio.to_thread(shutil.rmtree, trial, ignore_errors=True)

    async def _stored(
        self, session: WriteSession, principal: Principal, corpus: str, new: NewSource, uri: str
    ) -> Source:
        tenant_id = principal.tenant_id
        found = await repository.corpus(session, tenant_id, corpus)
        row = await repository.source(session, tenant_id, found.id, kind=new.kind, uri=uri)
        count = select(func.count()).select_from(Source).where(Source.tenant_id == tenant_id)
        if (await session.scalar(count) or 0) > self._most:
            raise ConflictError(
                f"a tenant has at most {self._most} sources (COPILOT_SOURCES__MAX_PER_TENANT); remove one",
                code="too_many_sources",
            )
        return row

    async def _held(self, principal: Principal, source_id: str, action: str, *, until: datetime | None) -> SourceState:
        async with self._database.write(principal.tenant_id) as session:
            row = await _own(session, principal.tenant_id, source_id)
            row.paused_until = until
            if until is None:
                row.failures = 0
            _record(session, principal, action, row)
        return await self.get(principal.tenant_id, source_id)

    @asynccontextmanager
    async def _turn(self, corpus_id: str) -> AsyncIterator[None]:
        turn = self._database.exclusive(f"corpus/{corpus_id}")
        try:
            async with asyncio.timeout(self._turn_s):
                await turn.__aenter__()
        except TimeoutError:
            raise ConflictError("the corpus is being synced; try again when that is done", code="source_busy") from None
        try:
            yield
        finally:
            await turn.__aexit__(None, None, None)

    def _kept(self, row: Source) -> SealedFolder:
        """What the source keeps between syncs."""
        return SealedFolder(self._home / row.id, self._keyring, f"{row.tenant_id}/source-caches/{row.id}")

    def _sealed(self, row: Source, credentials: Mapping[str, str]) -> bytes | None:
        if not credentials:
            return None
        return self._keyring.encrypt(json.dumps(dict(credentials)).encode(), context=_context(row))

    def _secrets(self, row: Source) -> dict[str, str]:
        if row.credentials is None:
            return {}
        found: dict[str, str] = json.loads(self._keyring.decrypt(row.credentials, context=_context(row)))
        return found


@dataclass(frozen=True, slots=True)
class _Draft:
    """What opening needs of a source, stored or not yet."""

    kind: str
    uri: str
    config: Json


def _kind_view(kind: SourceKind[Any]) -> KindView:
    properties: Json = kind.config.model_json_schema().get("properties", {})
    return KindView(kind.name, properties, tuple(sorted(kind.credentials)))


def corpus_name(name: str) -> str:
    """Raises `InvalidRequestError` (`invalid_corpus`)."""
    cleaned = name.strip()
    if not cleaned or len(cleaned) > 100:
        raise InvalidRequestError("name the corpus with 1-100 characters", code="invalid_corpus")
    return cleaned


def parse_schedule(text: str) -> int | None:
    """Seconds of ``15m``, ``6h``, ``1d`` or ``2w``; None for ``never``. Raises `InvalidRequestError` (`invalid_schedule`)."""
    if text.strip().lower() == "never":
        return None
    match = _SCHEDULE.fullmatch(text.strip().lower())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise InvalidRequestError(
            "write a schedule as 15m, 6h, 1d or 2w (a minute to a year), or 'never'", code="invalid_schedule"
        )
    return seconds


def schedule_text(seconds: int | None) -> str | None:
    """In the largest unit that it is a whole number of."""
    if seconds is None:
        return None
    unit = max((u for u, size in _SECONDS.items() if seconds % size == 0), key=_SECONDS.__getitem__)
    return f"{seconds // _SECONDS[unit]}{unit}"


def _require_same_place(kind: SourceKind[Any], before: Json, after: Json) -> None:
    """Raises `InvalidRequestError` (`missing_credentials`): who may change a source does not thereby learn its secrets."""
    if any(before.get(key) != after.get(key) for key in kind.places):
        raise InvalidRequestError(
            f"the source would lie elsewhere ({', '.join(sorted(kind.places))}): give its credentials again",
            code="missing_credentials",
        )


async def _own(session: ReadSession | WriteSession, tenant_id: str, source_id: str) -> Source:
    row = await session.scalar(select(Source).where(Source.id == source_id, Source.tenant_id == tenant_id))
    if row is None:
        raise NotFoundError("no such source")
    return row


async def _retire(session: WriteSession, row: Source) -> None:
    query = select(Document.id).where(Document.source_id == row.id, Document.status.in_(LIVE))
    gone = list(await session.scalars(query))
    await repository.set_status(session, gone, DocumentStatus.RETIRED)
    for batch in repository.batches(gone, 500):
        await duplicates.release(session, row.tenant_id, row.corpus_id, batch)


async def _same(session: ReadSession, tenant_id: str, corpus: str, kind: str, uri: str) -> Source | None:
    query = select(Source).join(Corpus, Corpus.id == Source.corpus_id)
    return await session.scalar(
        query.where(Source.tenant_id == tenant_id, Corpus.name == corpus, Source.kind == kind, Source.uri == uri)
    )


def _context(row: Source) -> str:
    return f"{row.tenant_id}/sources/{row.id}"


def _record(session: WriteSession, principal: Principal, action: str, row: Source, **details: str) -> None:
    told = {"kind": row.kind, "uri": row.uri, **details}
    record(session, principal.tenant_id, actor=principal.id, action=action, target=row.id, **told)


def _view(row: Source, corpus: str) -> SourceState:
    return SourceState(
        id=row.id,
        kind=row.kind,
        uri=row.uri,
        corpus=corpus,
        config=row.config,
        has_credentials=row.credentials is not None,
        schedule=schedule_text(row.schedule_s),
        paused=row.paused_until == PAUSED,
        paused_until=None if row.paused_until == PAUSED else row.paused_until,
        failures=row.failures,
        last_error=row.last_error,
        created_at=row.created_at,
        synced_at=row.synced_at,
    )
