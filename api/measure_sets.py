"""Hands the real services to the measuring stick, and makes sure that they hold what is measured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from answers.calibration import Calibration, Calibrations
from api.bootstrap import Services, open_services
from api.demo import CORPORA, seed
from api.store import Store
from api.wiring.answering import UNCOUNTED, make_pipeline
from api.wiring.backends import make_llm
from core.auth import PERMISSIONS
from core.domain import Audience, Permission, Principal, Role
from core.errors import ConflictError, NotFoundError
from core.jobs import Progress
from core.metrics import Metrics
from core.quota import Quota
from core.settings import Settings
from core.telemetry import NullTracer
from core.tenancy import TenantInfo
from evals.repository import EvalRuns, Holdings
from evals.sets import readers
from evals.sets.asking import Product, SetRun
from evals.sets.dialogue import Dialogues
from evals.sets.form import EvalSet, SetCorpus
from evals.sets.run import SetResult, ask_all, context, keep, require_comparable

CHANNEL = "eval"
FOLDER = "eval"
"""Below the home folder: the documents of data sets, as files, and each run's report."""

Watch = Callable[[str, Progress], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: with `answers` the whole pipeline, else search alone. `data` holds the public data sets' folders."""

    data: Path | None = None
    split: str = readers.DEV
    answers: bool = False
    compare: str | None = None


def read(settings: Settings, name: str, wanted: Wanted) -> EvalSet:
    """Raises `InvalidRequestError` for a set that is none or is not there."""
    return readers.load_set(name, data=wanted.data, golden=CORPORA, split=wanted.split, out=settings.home / FOLDER)


async def tenant_for(store: Store, slug: str, corpora: set[str]) -> TenantInfo:
    """The tenant that holds a data set's corpora, made if it is new.

    Raises `ConflictError` (`tenant_in_use`) where it holds others: it is somebody's, and their documents would spoil the figures.
    """
    try:
        tenant = await store.tenants.by_slug(slug)
    except NotFoundError:
        return await store.tenants.create(slug)
    if others := await Holdings(store.database).corpora(tenant.id) - corpora:
        raise ConflictError(
            f"tenant '{slug}' holds other corpora than the data set's: {', '.join(sorted(others))};"
            " measure in a COPILOT_HOME of its own",
            code="tenant_in_use",
        )
    return tenant


class Ungated(Calibrations):
    """Each tenant's own estimate, and no threshold."""

    async def of(self, tenant_id: str) -> Calibration:
        return replace(await super().of(tenant_id), threshold=0.0)


ProductOf = Callable[[Mapping[str, str], Mapping[str, float]], Product]
"""Of tenants by slug: their ids, and their thresholds."""


class Stick:
    """Measures data sets, one after another, on one set of services."""

    def __init__(self, services: Services, settings: Settings, product: ProductOf) -> None:
        self._services = services
        self._settings = settings
        self._product = product

    async def measure(self, asked: EvalSet, wanted: Wanted, *, watch: Watch) -> SetResult:
        """Raises `ConflictError` (`tenant_in_use`) where the set's tenant holds other corpora, and what the product raises."""
        runs = EvalRuns(self._services.database)
        await require_comparable(runs, wanted.compare)
        await self._hold(asked, watch)
        ids = {slug: (await self._services.tenants.by_slug(slug)).id for slug in asked.tenants}
        gates = {slug: await self._services.calibrations.of(tenant_id) for slug, tenant_id in ids.items()}
        progress = Progress()
        watch(f"{asked.name}: asking", progress)
        product = self._product(ids, {slug: gate.threshold for slug, gate in gates.items()})
        rows = await ask_all(asked, SetRun(product, answers=wanted.answers), progress)
        held = await Holdings(self._services.database).fingerprint(ids.values())
        confidence = {slug: {"threshold": g.threshold, **asdict(g.coefficients)} for slug, g in gates.items()}
        stated = await context(
            asked, self._settings, rows, answers=wanted.answers, stated={**held, "confidence": confidence}
        )
        return await keep(runs, asked, rows, split=wanted.split, stated=stated, compare=wanted.compare)

    async def _hold(self, asked: EvalSet, watch: Watch) -> None:
        """The set's tenants hold its documents, indexed as the settings say, and show them."""
        if not asked.corpora:
            await seed(self._services, watch=watch)
        for slug in sorted({corpus.tenant for corpus in asked.corpora}):
            tenant = await tenant_for(self._services, slug, {c.name for c in asked.corpora if c.tenant == slug})
            if not tenant.current:
                progress = Progress()
                watch(f"{slug}: index anew", progress)
                await self._services.reindexer.run(tenant.id, progress)
            await self._sync(tenant, [c for c in asked.corpora if c.tenant == slug], watch)

    async def _sync(self, tenant: TenantInfo, corpora: Sequence[SetCorpus], watch: Watch) -> None:
        operator = Principal(tenant.id, CHANNEL, Audience.AGENT, frozenset(Permission), CHANNEL)
        for corpus in corpora:
            progress = Progress()
            watch(f"{tenant.slug}: {corpus.name}", progress)
            source = await self._services.library.add_folder(operator, corpus=corpus.name, path=corpus.folder)
            await self._services.library.sync(tenant.id, source.id, progress, confirm_retire=True)
        await self._services.releases.publish(tenant.id, actor=operator.id, note="data set")


@asynccontextmanager
async def open_stick(settings: Settings) -> AsyncIterator[Stick]:
    """Raises `ConflictError` (`home_in_use`) while a server owns the index.

    The pipeline that is measured answers whatever its confidence, so that one pass serves every threshold; it asks the configured
    model, keeps nothing, and counts against nobody's quota.
    """
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(settings))
        llm = make_llm(settings)
        if llm is not None:
            stack.push_async_callback(llm.aclose)
        dialogues = Dialogues(history=settings.answers.history_turns)
        quiet = replace(services, llm=llm, tracer=NullTracer(), metrics=Metrics())
        pipeline = make_pipeline(
            quiet,
            services.searcher,
            dialogues,
            Quota(per_minute=UNCOUNTED),
            Ungated(services.database, threshold=0.0),
        )

        async def screen(tenant_id: str, text: str) -> str:
            profile = await services.tenants.profile(tenant_id)
            return (await services.guards.screen_input(text, profile)).text

        def product(ids: Mapping[str, str], thresholds: Mapping[str, float]) -> Product:
            def principal(slug: str, audience: Audience) -> Principal:
                return Principal(ids[slug], CHANNEL, audience, PERMISSIONS[Role.SUPPORT_AGENT], CHANNEL)

            candidates = settings.answers.candidates
            return Product(services.searcher, pipeline, dialogues, screen, principal, thresholds, candidates)

        yield Stick(services, settings, product)
