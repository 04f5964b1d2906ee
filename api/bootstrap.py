"""The object graph, built in one place and handed to API, bots, evals and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from answers.calibration import Calibrations
from answers.case_notices import CaseNotices
from answers.case_routes import CaseRoutes
from answers.cases import CaseDesk
from answers.conversations import Conversations
from answers.feedback import FeedbackDesk
from answers.gaps import Gaps
from answers.handoff import HandoffDesk
from answers.pipeline import AnswerPipeline
from answers.tasks import Tasks
from api.engine import Engine, open_engine, shared
from api.store import open_store
from api.widget.identity import Identities
from api.widget.registry import Widgets
from api.widget.streams import Streams
from api.widget.visits import Visits
from api.wiring.answering import (
    make_calibrations,
    make_conversations,
    make_feedback,
    make_golden,
    make_pipeline,
    make_searcher,
)
from api.wiring.backends import make_workers, warm_up_profile
from api.wiring.cases import make_case_routes, make_cases, make_handoffs, make_messengers, make_notices
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
from api.wiring.rights import Rights, make_rights
from api.wiring.vault import make_restorer
from api.wiring.widget import visiting
from core.directives import Directives
from core.grants import Grants
from core.jobs import Handler, Jobs
from core.profiles import Profiles
from core.quota import Quota
from core.settings import IndexKind, Settings
from evals.calibrate import Calibrator
from evals.golden_store import GoldenStore
from guardrails.restoring import Restorer
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
from ingest.sources.sealed import remove_remains
from retrieval.search import Searcher

log = structlog.get_logger()

RECOVERY_S = 60.0
"""A model's call is over this long after its deadline, in whichever process: what is still open is lost."""


@dataclass(frozen=True, slots=True)
class Services(Engine):
    """Everything, warmed up and ready to answer."""

    searcher: Searcher
    pipeline: AnswerPipeline
    conversations: Conversations
    feedback: FeedbackDesk
    handoffs: HandoffDesk
    cases: CaseDesk
    case_routes: CaseRoutes
    tasks: Tasks
    restorer: Restorer
    gaps: Gaps
    grants: Grants
    profiles: Profiles
    directives: Directives
    widgets: Widgets
    identities: Identities
    visits: Visits
    streams: Streams
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
    messengers: Jobs
    """Tell of cases: a person who waits does not wait for a sync."""
    reindexer: Reindexer
    schedule: SourceSchedule
    rights: Rights


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open, reconcile and warm up. Raises `ConflictError` (`home_in_use`) where another process owns the embedded index."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        engine = await open_engine(stack, store)
        workers = await stack.enter_async_context(make_workers(settings))
        releases = make_releases(engine)
        stack.push_async_callback(releases.aclose)
        library, reindexer = make_library(engine, workers), make_reindexer(engine)
        alone = settings.index.kind is IndexKind.EMBEDDED
        if alone:
            await asyncio.to_thread(remove_remains, settings.home / "sources")
        notices, rights = make_notices(engine), make_rights(engine, reindexer)
        handlers: dict[str, Handler] = {
            "sync": partial(sync_source, library, releases),
            **upkeep(reindexer),
            **rights.handlers(),
        }
        jobs = Jobs(store.database, handlers, settings=settings.jobs, alone=alone, kinds=list(handlers))
        stack.push_async_callback(jobs.aclose)
        services = _assemble(engine, library, releases, jobs, reindexer, notices, rights)
        stack.push_async_callback(services.streams.aclose)
        stack.push_async_callback(services.messengers.aclose)
        await store.meter.recover(older_s=0.0 if alone else settings.llm.deadline_s + RECOVERY_S)
        await releases.reconcile()
        await _warn_of_outdated(reindexer)
        await engine.guards.redact_many(["warm up"], warm_up_profile(store))
        yield services


def _assemble(
    engine: Engine,
    library: Library,
    releases: Releases,
    jobs: Jobs,
    reindexer: Reindexer,
    notices: CaseNotices,
    rights: Rights,
) -> Services:
    settings, database, searcher = engine.settings, engine.database, make_searcher(engine)
    conversations = make_conversations(engine)
    quota = Quota(per_minute=settings.quota.questions_per_minute, meter=engine.meter)
    golden, calibrations = make_golden(engine), make_calibrations(engine)
    return Services(
        **shared(engine),
        searcher=searcher,
        pipeline=make_pipeline(engine, searcher, conversations, quota, calibrations),
        conversations=conversations,
        feedback=make_feedback(engine, conversations),
        handoffs=make_handoffs(engine, conversations, notices),
        cases=make_cases(engine, notices),
        case_routes=make_case_routes(engine),
        tasks=Tasks(database),
        restorer=make_restorer(engine),
        gaps=Gaps(database),
        grants=Grants(database),
        profiles=Profiles(database),
        directives=Directives(database),
        **visiting(engine),
        library=library,
        inbound=make_inbound(settings, library),
        failures=Failures(database),
        catalogue=Catalogue(database, page_size=settings.curation.page_size),
        curation=make_curation(engine),
        revisions=make_revisions(engine),
        releases=releases,
        release_catalogue=ReleaseCatalogue(database, max_listed=settings.releases.max_listed),
        garbage=make_garbage(engine),
        golden=golden,
        calibrations=calibrations,
        calibrator=Calibrator(golden, searcher, engine.tenants, calibrations, passages=settings.answers.passages),
        jobs=jobs,
        messengers=make_messengers(engine, notices),
        reindexer=reindexer,
        schedule=SourceSchedule(database, settings.jobs),
        rights=rights,
    )


async def _warn_of_outdated(reindexer: Reindexer) -> None:
    for tenant in await reindexer.outdated():
        log.warning(
            "reindex_advised" if tenant.searchable else "reindex_needed",
            tenant=tenant.slug,
            generation=tenant.generation,
            remedy=f"partner-copilot reindex --tenant {tenant.slug}",
        )
