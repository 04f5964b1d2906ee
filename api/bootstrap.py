"""The object graph, built in one place and handed to API, bots, evals and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from answers.calibration import Calibrations
from answers.conversations import Conversations
from answers.feedback import FeedbackDesk
from answers.gaps import Gaps
from answers.handoff import HandoffDesk
from answers.pipeline import AnswerPipeline
from api.store import Store, open_store
from api.widget.identity import Identities
from api.widget.registry import Widgets
from api.widget.visits import Visits
from api.wiring.answering import make_calibrations, make_golden, make_pipeline, make_searcher
from api.wiring.backends import make_guards, make_llm, make_tracer, make_workers, open_index, warm_up_profile
from api.wiring.knowledge import (
    make_curation,
    make_garbage,
    make_inbound,
    make_library,
    make_reindexer,
    make_releases,
    make_revisions,
    sync_source,
    upkeep,
)
from core.grants import Grants
from core.jobs import Jobs
from core.llm import LLM
from core.metered_llm import MeteredLLM
from core.metrics import Metrics
from core.profiles import Profiles
from core.quota import Quota
from core.settings import IndexKind, Precision, Settings
from core.telemetry import Tracer
from evals.calibrate import Calibrator
from evals.golden_store import GoldenStore
from guardrails.guards import Guards
from ingest.catalogue import Catalogue
from ingest.curation import Curation
from ingest.failures import Failures
from ingest.garbage import Garbage
from ingest.inbound import Inbound
from ingest.library import Library
from ingest.reindex import Reindexer
from ingest.release_views import ReleaseCatalogue
from ingest.releases import Releases
from ingest.revisions import Revisions
from ingest.schedule import SourceSchedule
from retrieval.embedding import SentenceTransformerEmbedder, model_folder
from retrieval.index import VectorIndex
from retrieval.passages import Passages
from retrieval.search import Searcher

log = structlog.get_logger()

RECOVERY_S = 60.0
"""A model's call is over this long after its deadline, in whichever process: what is still open is lost."""


@dataclass(frozen=True, slots=True)
class Services(Store):
    """Everything, warmed up and ready to answer."""

    index: VectorIndex
    guards: Guards
    searcher: Searcher
    pipeline: AnswerPipeline
    conversations: Conversations
    feedback: FeedbackDesk
    handoffs: HandoffDesk
    gaps: Gaps
    grants: Grants
    profiles: Profiles
    widgets: Widgets
    identities: Identities
    visits: Visits
    library: Library
    inbound: Inbound
    failures: Failures
    catalogue: Catalogue
    curation: Curation
    revisions: Revisions
    releases: Releases
    release_catalogue: ReleaseCatalogue
    garbage: Garbage
    golden: GoldenStore
    calibrations: Calibrations
    calibrator: Calibrator
    jobs: Jobs
    reindexer: Reindexer
    schedule: SourceSchedule
    tracer: Tracer
    metrics: Metrics


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open, reconcile and warm up. Raises `ConflictError` (`home_in_use`) where another process owns the embedded index."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        index = open_index(settings)
        stack.push_async_callback(index.close)
        folder = model_folder(settings.embedding.model)
        embedder = SentenceTransformerEmbedder(
            folder,
            device=settings.embedding.device,
            batch_tokens=settings.embedding.batch_tokens,
            half=settings.embedding.precision is Precision.BFLOAT16,
        )
        stack.push_async_callback(embedder.aclose)
        metrics = Metrics()
        metrics.crossings(store.database.crossings)
        # Models and SDKs take seconds to load: together, and off the loop, which already answers health checks.
        guards, tracer, llm, _ = await asyncio.gather(
            asyncio.to_thread(make_guards, settings),
            asyncio.to_thread(make_tracer, settings, metrics),
            asyncio.to_thread(make_llm, settings),
            embedder.warm_up(),
        )
        stack.enter_context(guards)
        stack.push_async_callback(tracer.aclose)
        if llm is not None:
            stack.push_async_callback(llm.aclose)
            llm = MeteredLLM(llm, store.meter)
        workers = await stack.enter_async_context(make_workers(settings, Path(folder) / "tokenizer.json"))
        releases = make_releases(store, index, embedder, guards)
        stack.push_async_callback(releases.aclose)
        library = make_library(store, index, embedder, workers, Path(folder) / "tokenizer.json")
        reindexer = make_reindexer(store, index, embedder)
        jobs = Jobs(
            store.database,
            {"sync": partial(sync_source, library, releases), **upkeep(reindexer)},
            settings=settings.jobs,
            alone=settings.index.kind is IndexKind.EMBEDDED,
        )
        stack.push_async_callback(jobs.aclose)
        services = _assemble(
            store,
            index,
            embedder,
            guards,
            metrics,
            tracer,
            llm,
            library,
            releases,
            jobs,
            reindexer=reindexer,
        )
        alone = settings.index.kind is IndexKind.EMBEDDED
        await store.meter.recover(older_s=0.0 if alone else settings.llm.deadline_s + RECOVERY_S)
        await releases.reconcile()
        await _warn_of_outdated(reindexer)
        await guards.redact_many(["warm up"], warm_up_profile(store))
        yield services


def _assemble(
    store: Store,
    index: VectorIndex,
    embedder: SentenceTransformerEmbedder,
    guards: Guards,
    metrics: Metrics,
    tracer: Tracer,
    llm: LLM | None,
    library: Library,
    releases: Releases,
    jobs: Jobs,
    *,
    reindexer: Reindexer,
) -> Services:
    settings, database, tenants = store.settings, store.database, store.tenants
    passages = Passages(database)
    searcher = make_searcher(store, index, embedder, passages)
    conversations = Conversations(database, history=settings.answers.history_turns, gaps=settings.gaps)
    quota = Quota(per_minute=settings.quota.questions_per_minute, meter=store.meter)
    golden, calibrations = make_golden(store, guards), make_calibrations(store)
    pipeline = make_pipeline(
        store, searcher, passages, conversations, guards, metrics, tracer, llm, quota, calibrations
    )
    widgets = Widgets(database, settings.widget)
    identities = Identities(database, store.keyring, settings.widget)
    return Services(
        settings=settings,
        database=database,
        keyring=store.keyring,
        tenants=tenants,
        keys=store.keys,
        sources=store.sources,
        audit=store.audit,
        anchors=store.anchors,
        budgets=store.budgets,
        meter=store.meter,
        usage=store.usage,
        index=index,
        guards=guards,
        searcher=searcher,
        pipeline=pipeline,
        conversations=conversations,
        feedback=FeedbackDesk(
            database=database, conversations=conversations, guards=guards, tenants=tenants, tracer=tracer
        ),
        handoffs=HandoffDesk(
            database=database, conversations=conversations, guards=guards, tenants=tenants, keyring=store.keyring
        ),
        gaps=Gaps(database),
        grants=Grants(database),
        profiles=Profiles(database),
        widgets=widgets,
        identities=identities,
        visits=Visits(database, store.keyring, widgets, identities, settings.widget),
        library=library,
        inbound=make_inbound(settings, library),
        failures=Failures(database),
        catalogue=Catalogue(database, page_size=settings.curation.page_size),
        curation=make_curation(store, guards),
        revisions=make_revisions(store, index, embedder),
        releases=releases,
        release_catalogue=ReleaseCatalogue(database, max_listed=settings.releases.max_listed),
        garbage=make_garbage(store, index),
        golden=golden,
        calibrations=calibrations,
        calibrator=Calibrator(golden, searcher, tenants, calibrations, passages=settings.answers.passages),
        jobs=jobs,
        reindexer=reindexer,
        schedule=SourceSchedule(database, settings.jobs),
        tracer=tracer,
        metrics=metrics,
    )


async def _warn_of_outdated(reindexer: Reindexer) -> None:
    for tenant in await reindexer.outdated():
        log.warning(
            "reindex_advised" if tenant.searchable else "reindex_needed",
            tenant=tenant.slug,
            generation=tenant.generation,
            remedy=f"partner-copilot reindex --tenant {tenant.slug}",
        )
