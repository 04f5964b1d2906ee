"""The object graph, built in one place and handed to API, bots, evals and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from answers.compose import Composer
from answers.conversations import Conversations
from answers.feedback import FeedbackDesk
from answers.handoff import HandoffDesk
from answers.pipeline import AnswerPipeline, Policy
from api.store import Store, open_store
from core.domain import RedactionProfile
from core.jobs import Jobs, Progress
from core.llm import LLM, OpenAICompatibleLLM
from core.metrics import Metrics
from core.models import Json
from core.quota import Quota
from core.settings import IndexKind, Settings
from core.telemetry import LangfuseTracer, NullTracer, Tracer
from guardrails.guards import Guards
from guardrails.pii import Redactor, redact_patterns
from ingest.chunk import TokenBudget, word_pieces
from ingest.formats.elements import ParseLimits
from ingest.library import Library
from ingest.pipeline import IngestPipeline
from ingest.prepare import Prepared, PrepareTask, load, prepare
from ingest.releases import Releases
from ingest.worker import Workers
from retrieval.edge import EdgeIndex
from retrieval.embedding import SentenceTransformerEmbedder, model_folder
from retrieval.index import VectorIndex
from retrieval.passages import Passages
from retrieval.search import Searcher
from retrieval.server import ServerIndex

VERSION = "0.1.0"


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
    library: Library
    releases: Releases
    jobs: Jobs
    tracer: Tracer
    metrics: Metrics


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open, reconcile and warm up. Raises `ConflictError` (`home_in_use`) where another process owns the embedded index."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        index = _index(settings)
        stack.push_async_callback(index.close)
        folder = model_folder(settings.embedding.model)
        embedder = SentenceTransformerEmbedder(
            folder, device=settings.embedding.device, batch_tokens=settings.embedding.batch_tokens
        )
        stack.push_async_callback(embedder.aclose)
        metrics = Metrics()
        # Models and SDKs take seconds to load: together, and off the loop, which already answers health checks.
        guards, tracer, llm, _ = await asyncio.gather(
            asyncio.to_thread(_guards, settings),
            asyncio.to_thread(_tracer, settings, metrics),
            asyncio.to_thread(_llm, settings),
            embedder.warm_up(),
        )
        stack.enter_context(guards)
        stack.push_async_callback(tracer.aclose)
        if llm is not None:
            stack.push_async_callback(llm.aclose)
        workers = await stack.enter_async_context(_workers(settings, Path(folder) / "tokenizer.json"))
        releases = Releases(database=store.database, index=index, tenants=store.tenants)
        library = _library(store, index, embedder, workers, Path(folder) / "tokenizer.json")
        jobs = Jobs(store.database, {"sync": partial(_sync, library, releases)})
        stack.push_async_callback(jobs.aclose)
        services = _assemble(store, index, embedder, guards, metrics, tracer, llm, library, releases, jobs)
        await releases.reconcile()
        await guards.redact_many(["warm up"], _warm_up_profile(store))
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
) -> Services:
    settings, database, tenants = store.settings, store.database, store.tenants
    passages = Passages(database)
    searcher = Searcher(
        index=index,
        embedder=embedder,
        passages=passages,
        tenants=tenants,
        candidates=settings.answers.candidates,
    )
    conversations = Conversations(database, history=settings.answers.history_turns)
    pipeline = _pipeline(store, searcher, passages, conversations, guards, metrics, tracer, llm)
    return Services(
        settings=settings,
        database=database,
        keyring=store.keyring,
        tenants=tenants,
        keys=store.keys,
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
        library=library,
        releases=releases,
        jobs=jobs,
        tracer=tracer,
        metrics=metrics,
    )


def _pipeline(
    store: Store,
    searcher: Searcher,
    passages: Passages,
    conversations: Conversations,
    guards: Guards,
    metrics: Metrics,
    tracer: Tracer,
    llm: LLM | None,
) -> AnswerPipeline:
    settings = store.settings
    return AnswerPipeline(
        tenants=store.tenants,
        conversations=conversations,
        guards=guards,
        searcher=searcher,
        passages=passages,
        llm=llm,
        composer=Composer(budget=settings.llm.context_tokens - settings.llm.max_tokens),
        tracer=tracer,
        metrics=metrics,
        quota=Quota(per_minute=settings.quota.questions_per_minute),
        policy=Policy(
            threshold=settings.answers.threshold,
            limit=settings.answers.passages,
            max_tokens=settings.llm.max_tokens,
            deadline_s=settings.llm.deadline_s,
        ),
    )


def _library(
    store: Store,
    index: VectorIndex,
    embedder: SentenceTransformerEmbedder,
    workers: Workers[PrepareTask, Prepared],
    tokenizer: Path,
) -> Library:
    limits = _limits(store.settings)
    pipeline = IngestPipeline(
        database=store.database,
        index=index,
        embedder=embedder,
        workers=workers,
        keyring=store.keyring,
        budget=TokenBudget(word_pieces(tokenizer)),
        limits=limits,
        file_timeout_s=store.settings.ingest.file_timeout_s,
        ahead=2 * store.settings.ingest.workers + 2,
    )
    return Library(
        database=store.database,
        index=index,
        tenants=store.tenants,
        pipeline=pipeline,
        limits=limits,
        roots=store.settings.ingest.roots,
    )


def _limits(settings: Settings) -> ParseLimits:
    return ParseLimits(
        max_bytes=settings.ingest.max_file_bytes,
        max_unpacked_bytes=settings.ingest.max_unpacked_bytes,
        max_pages=settings.ingest.max_pages,
    )


def _workers(settings: Settings, tokenizer: Path) -> Workers[PrepareTask, Prepared]:
    return Workers(
        prepare,
        init=partial(load, tokenizer),
        count=settings.ingest.workers,
        memory_bytes=settings.ingest.worker_memory_bytes,
    )


def _index(settings: Settings) -> VectorIndex:
    match settings.index.kind:
        case IndexKind.EMBEDDED:
            return EdgeIndex(settings.home / "index", max_open=settings.index.max_open_shards)
        case IndexKind.SERVER:
            key = settings.index.api_key.get_secret_value() if settings.index.api_key else None
            return ServerIndex.connect(settings.index.url or "", api_key=key, deadline_s=settings.index.deadline_s)


def _guards(settings: Settings) -> Guards:
    return Guards(
        Redactor(),
        threads=settings.guards.threads,
        deadline_s=settings.guards.deadline_s,
        max_question_chars=settings.answers.max_question_chars,
    )


def _tracer(settings: Settings, metrics: Metrics) -> Tracer:
    langfuse = settings.langfuse
    if not (langfuse.public_key and langfuse.secret_key):
        return NullTracer()
    return LangfuseTracer(
        public_key=langfuse.public_key,
        secret_key=langfuse.secret_key.get_secret_value(),
        base_url=langfuse.base_url,
        environment=langfuse.environment,
        release=VERSION,
        sample_rate=langfuse.sample_rate,
        scrub=redact_patterns,
        on_drop=metrics.telemetry_dropped,
    )


def _llm(settings: Settings) -> LLM | None:
    llm = settings.llm
    if llm.base_url is None:
        return None
    return OpenAICompatibleLLM(
        base_url=llm.base_url,
        model=llm.model,
        api_key=llm.api_key.get_secret_value() if llm.api_key else None,
        idle_s=llm.idle_s,
    )


def _warm_up_profile(store: Store) -> RedactionProfile:
    """For the warm-up only: the redactor's models do not depend on the tenant."""
    return RedactionProfile(key=store.keyring.derive("warm-up"))


async def _sync(library: Library, releases: Releases, tenant_id: str, args: Json, progress: Progress) -> Json:
    report = await library.sync(tenant_id, str(args["source_id"]), progress)
    if args.get("publish"):
        progress.stage = "publishing"
        published = await releases.publish(tenant_id, actor=str(args["actor"]), note="ingest --publish")
        report["release"] = published.release
    return report
