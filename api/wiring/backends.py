"""What stands behind the ports: index, models, traces, worker processes, as the settings choose them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from api.store import Store
from api.version import VERSION
from core.domain import RedactionProfile
from core.llm import LLM, OpenAICompatibleLLM
from core.metrics import Metrics
from core.settings import IndexKind, Precision, Settings
from core.telemetry import LangfuseTracer, NullTracer, Tracer
from guardrails.guards import Guards
from guardrails.pii import Redactor, redact_patterns
from ingest.prepare import Prepared, PrepareTask, furnish, load, prepare
from ingest.worker import Workers
from retrieval.edge import EdgeIndex
from retrieval.embedding import SentenceTransformerEmbedder, model_folder
from retrieval.index import VectorIndex
from retrieval.server import ServerIndex


def open_index(settings: Settings) -> VectorIndex:
    match settings.index.kind:
        case IndexKind.EMBEDDED:
            return EdgeIndex(settings.home / "index", max_open=settings.index.max_open_shards)
        case IndexKind.SERVER:
            key = settings.index.api_key.get_secret_value() if settings.index.api_key else None
            return ServerIndex.connect(settings.index.url or "", api_key=key, deadline_s=settings.index.deadline_s)


def make_embedder(settings: Settings) -> SentenceTransformerEmbedder:
    given = settings.embedding
    return SentenceTransformerEmbedder(
        model_folder(given.model),
        device=given.device,
        batch_tokens=given.batch_tokens,
        half=given.precision is Precision.BFLOAT16,
    )


def tokenizer_of(settings: Settings) -> Path:
    """The embedding model's: passages are cut to its window."""
    return Path(model_folder(settings.embedding.model)) / "tokenizer.json"


def make_guards(settings: Settings) -> Guards:
    return Guards(
        Redactor(),
        threads=settings.guards.threads,
        deadline_s=settings.guards.deadline_s,
        max_question_chars=settings.answers.max_question_chars,
    )


def make_tracer(settings: Settings, metrics: Metrics) -> Tracer:
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


def make_llm(settings: Settings) -> LLM | None:
    llm = settings.llm
    if llm.base_url is None:
        return None
    return OpenAICompatibleLLM(
        base_url=llm.base_url,
        model=llm.model,
        api_key=llm.api_key.get_secret_value() if llm.api_key else None,
        idle_s=llm.idle_s,
    )


def make_workers(settings: Settings) -> Workers[PrepareTask, Prepared]:
    return Workers(
        prepare,
        init=partial(load, tokenizer_of(settings)),
        furnish=furnish,
        count=settings.ingest.workers,
        memory_bytes=settings.ingest.worker_memory_bytes,
        start_s=settings.ingest.worker_start_s,
    )


def warm_up_profile(store: Store) -> RedactionProfile:
    """For the warm-up only: the redactor's models do not depend on the tenant."""
    return RedactionProfile(key=store.keyring.derive("warm-up"))
