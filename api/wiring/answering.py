"""Search, the answer pipeline, and what the publish gate asks through."""

from __future__ import annotations

from answers.askers import Askers
from answers.calibration import Calibrations
from answers.compose import Composer
from answers.conversations import Memory
from answers.finding import Finder
from answers.pipeline import AnswerPipeline, Policy
from api.store import Store
from core.grants import Grants
from core.llm import LLM
from core.metrics import Metrics
from core.profiles import Profiles
from core.quota import Quota
from core.telemetry import Tracer
from evals.golden_store import GoldenStore
from guardrails.guards import Guards
from retrieval.embedding import SentenceTransformerEmbedder
from retrieval.index import VectorIndex
from retrieval.names import Vocabularies
from retrieval.passages import Passages
from retrieval.search import Searcher
from retrieval.supersession import Supersession

UNCOUNTED = 2**31
"""Questions a minute: the gate's own count against nobody's quota."""


def make_searcher(
    store: Store, index: VectorIndex, embedder: SentenceTransformerEmbedder, passages: Passages
) -> Searcher:
    return Searcher(
        index=index,
        embedder=embedder,
        passages=passages,
        tenants=store.tenants,
        grants=Grants(store.database),
        supersession=Supersession(store.database),
        candidates=store.settings.answers.candidates,
    )


def make_golden(store: Store, guards: Guards) -> GoldenStore:
    settings = store.settings
    return GoldenStore(
        store.database,
        tenants=store.tenants,
        redactor=guards,
        most=settings.releases.max_golden,
        max_chars=settings.answers.max_question_chars,
    )


def make_calibrations(store: Store) -> Calibrations:
    return Calibrations(store.database, threshold=store.settings.answers.threshold)


def make_pipeline(
    store: Store,
    searcher: Searcher,
    passages: Passages,
    conversations: Memory,
    guards: Guards,
    metrics: Metrics,
    tracer: Tracer,
    llm: LLM | None,
    quota: Quota,
    calibrations: Calibrations,
) -> AnswerPipeline:
    settings = store.settings
    return AnswerPipeline(
        tenants=store.tenants,
        conversations=conversations,
        guards=guards,
        finder=Finder(searcher, calibrations, limit=settings.answers.passages),
        askers=Askers(
            profiles=Profiles(store.database),
            passages=passages,
            vocabularies=Vocabularies(store.database),
            grants=Grants(store.database),
            tenants=store.tenants,
        ),
        llm=llm,
        composer=Composer(budget=settings.llm.context_tokens - settings.llm.max_tokens),
        tracer=tracer,
        metrics=metrics,
        quota=quota,
        policy=Policy(
            max_tokens=settings.llm.max_tokens,
            deadline_s=settings.llm.deadline_s,
            history_turns=settings.answers.history_turns,
            history_chars=settings.answers.history_chars,
            max_questions=settings.answers.max_questions,
            max_choices=settings.answers.max_choices,
            max_closest=settings.answers.max_closest,
            languages=settings.answers.languages,
        ),
    )
