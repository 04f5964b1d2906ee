"""Search, the answer pipeline, and what the publish gate asks through."""

from __future__ import annotations

from answers.askers import Askers
from answers.calibration import Calibrations
from answers.compose import Composer
from answers.conversations import Conversations, Memory
from answers.feedback import FeedbackDesk
from answers.finding import Finder
from answers.pipeline import AnswerPipeline, Policy
from answers.rulings import TenantRules
from answers.turn import Stages
from api.engine import Engine
from core.directives import Directives
from core.grants import Grants
from core.profiles import Profiles
from core.quota import Quota
from core.turns import Turns
from evals.golden_store import GoldenStore
from retrieval.names import Vocabularies
from retrieval.passages import Passages
from retrieval.search import LATELY_S, Searcher
from retrieval.supersession import Supersession

UNCOUNTED = 2**31
"""Questions a minute: the gate's own count against nobody's quota."""


def make_searcher(engine: Engine) -> Searcher:
    database = engine.database
    return Searcher(
        index=engine.index,
        embedder=engine.embedder,
        passages=Passages(database),
        tenants=engine.tenants,
        grants=Grants(database),
        supersession=Supersession(database),
        candidates=engine.settings.answers.candidates,
        turns=Turns(engine.settings.answers.parallel, lately_s=LATELY_S),
    )


def make_golden(engine: Engine) -> GoldenStore:
    settings = engine.settings
    return GoldenStore(
        engine.database,
        vault=engine.vault,
        tenants=engine.tenants,
        redactor=engine.guards,
        most=settings.releases.max_golden,
        max_chars=settings.answers.max_question_chars,
    )


def make_calibrations(engine: Engine) -> Calibrations:
    return Calibrations(engine.database, threshold=engine.settings.answers.threshold)


def make_conversations(engine: Engine) -> Conversations:
    settings = engine.settings
    return Conversations(
        engine.database, vault=engine.vault, history=settings.answers.history_turns, gaps=settings.gaps
    )


def make_feedback(engine: Engine, conversations: Conversations) -> FeedbackDesk:
    return FeedbackDesk(
        database=engine.database,
        vault=engine.vault,
        conversations=conversations,
        guards=engine.guards,
        tenants=engine.tenants,
        tracer=engine.tracer,
    )


def make_pipeline(
    engine: Engine, searcher: Searcher, conversations: Memory, quota: Quota, calibrations: Calibrations
) -> AnswerPipeline:
    settings, database = engine.settings, engine.database
    answers, llm = settings.answers, settings.llm
    return AnswerPipeline(
        tenants=engine.tenants,
        conversations=conversations,
        guards=engine.guards,
        finder=Finder(searcher, calibrations, limit=answers.passages),
        askers=Askers(
            profiles=Profiles(database),
            passages=Passages(database),
            vocabularies=Vocabularies(database),
            grants=Grants(database),
            tenants=engine.tenants,
        ),
        rules=TenantRules(Directives(database)),
        llm=engine.llm,
        composer=Composer(budget=llm.context_tokens - llm.max_tokens),
        stages=Stages(engine.tracer, engine.metrics),
        quota=quota,
        policy=Policy(
            max_tokens=llm.max_tokens,
            deadline_s=llm.deadline_s,
            history_turns=answers.history_turns,
            history_chars=answers.history_chars,
            max_questions=answers.max_questions,
            max_choices=answers.max_choices,
            max_closest=answers.max_closest,
            languages=answers.languages,
        ),
    )
