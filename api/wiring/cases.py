"""Cases, put together from the settings: the desk, the receivers, and the job that tells them."""

from __future__ import annotations

from answers.case_mail import MailCourier
from answers.case_notices import JOB, CaseNotices, Courier, RouteKind
from answers.case_routes import CaseRoutes
from answers.case_webhook import WebhookCourier
from answers.cases import CaseDesk
from answers.conversations import Conversations
from answers.handoff import HandoffDesk
from api.engine import Engine
from api.wiring.slack import slack_couriers
from core.jobs import Jobs
from core.profiles import Profiles
from core.settings import IndexKind
from ingest.sources.addresses import vetted_addresses


def make_notices(engine: Engine) -> CaseNotices:
    settings = engine.settings.cases
    notices = CaseNotices(engine.database, engine.keyring, settings)

    async def vet(host: str, port: int | None) -> list[str]:
        return await vetted_addresses(host, port, allow=settings.allow_hosts)

    couriers: dict[RouteKind, Courier] = {
        RouteKind.WEBHOOK: WebhookCourier(settings, vet, plain_hosts=settings.allow_hosts),
        RouteKind.SMTP: MailCourier(settings),
        **slack_couriers(engine),
    }
    notices.employ(couriers)
    return notices


def make_messengers(engine: Engine, notices: CaseNotices) -> Jobs:
    """Runs what tells of cases, beside all other jobs."""
    alone = engine.settings.index.kind is IndexKind.EMBEDDED
    return Jobs(engine.database, {JOB: notices.run}, settings=engine.settings.jobs, alone=alone, kinds=[JOB])


def make_handoffs(engine: Engine, conversations: Conversations, notices: CaseNotices) -> HandoffDesk:
    return HandoffDesk(
        database=engine.database,
        conversations=conversations,
        guards=engine.guards,
        tenants=engine.tenants,
        keyring=engine.keyring,
        vault=engine.vault,
        profiles=Profiles(engine.database),
        notices=notices,
        settings=engine.settings.cases,
    )


def make_cases(engine: Engine, notices: CaseNotices) -> CaseDesk:
    return CaseDesk(
        database=engine.database,
        keyring=engine.keyring,
        vault=engine.vault,
        guards=engine.guards,
        tenants=engine.tenants,
        notices=notices,
    )


def make_case_routes(engine: Engine) -> CaseRoutes:
    return CaseRoutes(engine.database, engine.keyring, engine.settings.cases)
