"""Ingestion, curation and releases, put together from the settings."""

from __future__ import annotations

from dataclasses import replace

from answers.conversations import NullConversations
from api.engine import Engine
from api.store import generation
from api.wiring.answering import UNCOUNTED, make_calibrations, make_golden, make_pipeline, make_searcher
from api.wiring.backends import tokenizer_of
from core.jobs import Handler, Progress
from core.metrics import Metrics
from core.models import Json
from core.quota import Quota
from core.settings import Settings
from core.telemetry import NullTracer
from evals.gate import GoldenGate
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


def make_releases(engine: Engine) -> Releases:
    """Behind a gate that asks through a pipeline of its own: it keeps nothing, is not counted or traced, and asks no model."""
    given, quiet = engine.settings.releases, replace(engine, llm=None, tracer=NullTracer(), metrics=Metrics())
    uncounted = Quota(per_minute=UNCOUNTED)
    asker = make_pipeline(quiet, make_searcher(quiet), NullConversations(), uncounted, make_calibrations(quiet))
    return Releases(
        database=engine.database,
        index=engine.index,
        tenants=engine.tenants,
        gate=GoldenGate(store=make_golden(engine), asker=asker, parallel=given.gate_parallel),
        policy=ReleasePolicy(
            given.gate_timeout_s, given.reconcile_wait_s, given.max_listed, given.flood, given.max_compared
        ),
    )


def make_garbage(engine: Engine) -> Garbage:
    given = engine.settings.releases
    return Garbage(
        database=engine.database,
        index=engine.index,
        tenants=engine.tenants,
        keep=given.keep,
        keep_revisions=given.keep_revisions,
        grace_s=given.grace_s,
    )


def make_library(engine: Engine, workers: Workers[PrepareTask, Prepared]) -> Library:
    limits, given = _limits(engine.settings), engine.settings.ingest
    pipeline = IngestPipeline(
        database=engine.database,
        index=engine.index,
        embedder=engine.embedder,
        workers=workers,
        keyring=engine.keyring,
        budget=_budget(engine),
        limits=limits,
        file_timeout_s=given.file_timeout_s,
        pace=Pace(2 * given.workers + 2, given.workers, given.batch_chunks),
        retries=_retries(engine.settings),
    )
    return Library(
        database=engine.database,
        index=engine.index,
        tenants=engine.tenants,
        pipeline=pipeline,
        limits=limits,
        roots=engine.settings.ingest.roots,
        opener=engine.sources.open,
        policy=_sync_policy(engine.settings, limits),
        pauses=_pauses(engine.settings),
    )


def _budget(engine: Engine) -> TokenBudget:
    return TokenBudget(word_pieces(tokenizer_of(engine.settings)))


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


def make_curation(engine: Engine) -> Curation:
    given = engine.settings.curation
    limits = CurationLimits(given.page_size, given.max_comment_chars, given.max_bulk)
    return Curation(
        database=engine.database, vault=engine.vault, tenants=engine.tenants, redactor=engine.guards, limits=limits
    )


def make_revisions(engine: Engine) -> Revisions:
    staging = Staging(
        database=engine.database,
        index=engine.index,
        embedder=engine.embedder,
        tenants=engine.tenants,
        budget=_budget(engine),
    )
    given = engine.settings.curation
    return Revisions(
        database=engine.database, staging=staging, page_size=given.page_size, max_diff_lines=given.max_diff_lines
    )


def make_reindexer(engine: Engine) -> Reindexer:
    return Reindexer(
        database=engine.database,
        index=engine.index,
        embedder=engine.embedder,
        tenants=engine.tenants,
        budget=_budget(engine),
        generation=generation(engine.settings),
        grace_s=engine.settings.index.grace_s,
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
    else:
        releases.prepare_soon(tenant_id)
    return report
