"""Ingestion, curation and releases, put together from the settings."""

from __future__ import annotations

from pathlib import Path

from answers.conversations import NullConversations
from api.store import Store, generation
from api.wiring.answering import UNCOUNTED, make_calibrations, make_golden, make_pipeline, make_searcher
from core.jobs import Handler, Progress
from core.metrics import Metrics
from core.models import Json
from core.quota import Quota
from core.settings import Settings
from core.telemetry import NullTracer
from evals.gate import GoldenGate
from guardrails.guards import Guards
from ingest.chunk import TokenBudget, word_pieces
from ingest.curation import Curation, CurationLimits
from ingest.formats.elements import ParseLimits
from ingest.garbage import Garbage
from ingest.inbound import Inbound
from ingest.library import Library
from ingest.pipeline import IngestPipeline, Pace
from ingest.prepare import Prepared, PrepareTask
from ingest.reindex import DROP, REINDEX, Reindexer
from ingest.releases import ReleasePolicy, Releases
from ingest.retries import Retries
from ingest.revisions import Revisions
from ingest.source_health import Pauses
from ingest.sources.base import SourceLimits
from ingest.staging import Staging
from ingest.sync import SyncPolicy
from ingest.worker import Workers
from retrieval.embedding import SentenceTransformerEmbedder, model_folder
from retrieval.index import VectorIndex
from retrieval.passages import Passages


def make_releases(store: Store, index: VectorIndex, embedder: SentenceTransformerEmbedder, guards: Guards) -> Releases:
    """Behind a gate that asks through a pipeline of its own: it keeps nothing, is not counted or traced, and asks no model."""
    given, passages = store.settings.releases, Passages(store.database)
    searcher = make_searcher(store, index, embedder, passages)
    asker = make_pipeline(
        store,
        searcher,
        passages,
        NullConversations(),
        guards,
        Metrics(),
        NullTracer(),
        None,
        Quota(per_minute=UNCOUNTED),
        make_calibrations(store),
    )
    return Releases(
        database=store.database,
        index=index,
        tenants=store.tenants,
        gate=GoldenGate(store=make_golden(store, guards), asker=asker, parallel=given.gate_parallel),
        policy=ReleasePolicy(given.gate_timeout_s, given.reconcile_wait_s, given.max_listed),
    )


def make_garbage(store: Store, index: VectorIndex) -> Garbage:
    given = store.settings.releases
    return Garbage(
        database=store.database,
        index=index,
        tenants=store.tenants,
        keep=given.keep,
        keep_revisions=given.keep_revisions,
        grace_s=given.grace_s,
    )


def make_library(
    store: Store,
    index: VectorIndex,
    embedder: SentenceTransformerEmbedder,
    workers: Workers[PrepareTask, Prepared],
    tokenizer: Path,
) -> Library:
    limits, given = _limits(store.settings), store.settings.ingest
    pipeline = IngestPipeline(
        database=store.database,
        index=index,
        embedder=embedder,
        workers=workers,
        keyring=store.keyring,
        budget=TokenBudget(word_pieces(tokenizer)),
        limits=limits,
        file_timeout_s=given.file_timeout_s,
        pace=Pace(2 * given.workers + 2, given.workers, given.batch_chunks),
        retries=_retries(store.settings),
    )
    return Library(
        database=store.database,
        index=index,
        tenants=store.tenants,
        pipeline=pipeline,
        limits=limits,
        roots=store.settings.ingest.roots,
        opener=store.sources.open,
        policy=_sync_policy(store.settings, limits),
        pauses=_pauses(store.settings),
    )


def _retries(settings: Settings) -> Retries:
    return Retries(settings.ingest.retry_attempts, settings.ingest.retry_wait_s)


def _sync_policy(settings: Settings, limits: ParseLimits) -> SyncPolicy:
    given = settings.ingest
    return SyncPolicy(
        retire_limit=given.retire_limit,
        retire_free=given.retire_free,
        source_faults=given.source_faults,
        source_wait_s=given.source_wait_s,
        most_listed=given.max_listed,
        heads=given.heads,
        retries=_retries(settings),
        conditions=f"{limits} {given.file_timeout_s} {given.worker_memory_bytes}",
    )


def _pauses(settings: Settings) -> Pauses:
    given = settings.ingest
    return Pauses(given.breaker_failures, given.breaker_pause_s, given.breaker_longest_s)


def make_curation(store: Store, guards: Guards) -> Curation:
    given = store.settings.curation
    limits = CurationLimits(given.page_size, given.max_comment_chars, given.max_bulk)
    return Curation(database=store.database, tenants=store.tenants, redactor=guards, limits=limits)


def make_revisions(store: Store, index: VectorIndex, embedder: SentenceTransformerEmbedder) -> Revisions:
    tokenizer = Path(model_folder(store.settings.embedding.model)) / "tokenizer.json"
    staging = Staging(
        database=store.database,
        index=index,
        embedder=embedder,
        tenants=store.tenants,
        budget=TokenBudget(word_pieces(tokenizer)),
    )
    given = store.settings.curation
    return Revisions(
        database=store.database, staging=staging, page_size=given.page_size, max_diff_lines=given.max_diff_lines
    )


def make_reindexer(store: Store, index: VectorIndex, embedder: SentenceTransformerEmbedder) -> Reindexer:
    tokenizer = Path(model_folder(store.settings.embedding.model)) / "tokenizer.json"
    return Reindexer(
        database=store.database,
        index=index,
        embedder=embedder,
        tenants=store.tenants,
        budget=TokenBudget(word_pieces(tokenizer)),
        generation=generation(store.settings),
        grace_s=store.settings.index.grace_s,
    )


def upkeep(reindexer: Reindexer) -> dict[str, Handler]:
    """Jobs that look after a tenant's vectors."""

    async def reindex(tenant_id: str, _args: Json, progress: Progress) -> Json:
        return await reindexer.run(tenant_id, progress)

    async def drop(tenant_id: str, args: Json, _progress: Progress) -> Json:
        return await reindexer.drop(tenant_id, str(args["generation"]))

    return {REINDEX: reindex, DROP: drop}


def _limits(settings: Settings) -> ParseLimits:
    return ParseLimits(
        max_bytes=settings.ingest.max_file_bytes,
        max_unpacked_bytes=settings.ingest.max_unpacked_bytes,
        max_pages=settings.ingest.max_pages,
        max_characters=settings.ingest.max_characters,
        max_members=settings.ingest.max_members,
        max_ratio=settings.ingest.max_ratio,
        max_depth=settings.ingest.max_depth,
    )


def make_inbound(settings: Settings, library: Library) -> Inbound:
    given = settings.sources
    limits = SourceLimits(
        max_bytes=settings.ingest.max_file_bytes,
        max_ratio=given.max_archive_ratio,
        max_archive_members=given.max_archive_members,
        max_archive_bytes=given.max_archive_bytes,
        max_archive_depth=given.max_archive_depth,
    )
    return Inbound(library, limits=limits, most=settings.ingest.max_upload_members)


async def sync_source(library: Library, releases: Releases, tenant_id: str, args: Json, progress: Progress) -> Json:
    report = await library.sync(
        tenant_id,
        str(args["source_id"]),
        progress,
        actor=str(args.get("actor", "")),
        confirm_retire=bool(args.get("confirm_retire")),
        scheduled=bool(args.get("scheduled")),
    )
    if args.get("publish"):
        progress.stage = "publishing"
        published = await releases.publish(tenant_id, actor=str(args["actor"]), note="ingest --publish")
        report["release"] = published.release
    return report
