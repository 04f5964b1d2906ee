"""Cases over a real database and real jobs; the guard is a stand-in that knows one name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import func, select

from answers.case_notices import JOB, CaseNotices, Courier, Letter, RouteKind
from answers.case_routes import CaseRoutes
from answers.cases import CaseDesk
from answers.conversations import Conversations
from answers.handoff import HandoffDesk
from answers.types import Answer, Citation, Evidence, Missed
from core.auth import PERMISSIONS
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Outcome, Principal, RedactedText, Role
from core.errors import UnavailableError
from core.jobs import Jobs
from core.keyring import Keyring
from core.models import CaseNotice, Tenant, new_id
from core.profiles import Profiles
from core.settings import CaseSettings, JobSettings
from core.tenancy import Tenants
from guardrails.guards import Guards, ScreenedInput
from guardrails.vault import Vault

KEYRING = Keyring(b"c" * 32)
VAULT = Vault(KEYRING)
NAME = "Mrs Miller"


class NameGuards:
    """Replaces one name."""

    async def redact_many(self, texts: Sequence[str], _profile: object) -> list[RedactedText]:
        return [RedactedText(text.replace(NAME, "<PERSON_a>")) for text in texts]


@dataclass(slots=True)
class FakeCourier:
    """Takes letters, after as many refusals as it is told."""

    refusals: int = 0
    letters: list[Letter] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    async def deliver(self, letter: Letter) -> str | None:
        self.tried.append(letter.id)
        if self.refusals > 0:
            self.refusals -= 1
            raise UnavailableError("the desk is closed", code="desk_closed")
        self.letters.append(letter)
        return f"receipt-{len(self.letters)}"

    @property
    def told(self) -> list[str]:
        return [letter.event for letter in self.letters]


class CaseWorld:
    """`jobs` is one process's worth; `another_process` gives a second one over the same database."""

    def __init__(
        self,
        database: Database,
        settings: CaseSettings | None = None,
        *,
        keyring: Keyring = KEYRING,
        guards: object | None = None,
    ) -> None:
        self.database = database
        self.settings = settings or CaseSettings(retry_s=0.0)
        vault, guards = Vault(keyring), cast(Guards, guards or NameGuards())
        self.tenants = Tenants(database, keyring, generation="test")
        self.conversations = Conversations(database, vault=vault, history=4)
        self.notices = CaseNotices(database, keyring, self.settings)
        self.routes = CaseRoutes(database, keyring, self.settings)
        self.desk = CaseDesk(
            database=database,
            keyring=keyring,
            vault=vault,
            guards=guards,
            tenants=self.tenants,
            notices=self.notices,
        )
        self.handoffs = HandoffDesk(
            database=database,
            conversations=self.conversations,
            guards=guards,
            tenants=self.tenants,
            keyring=keyring,
            vault=vault,
            profiles=Profiles(database),
            notices=self.notices,
            settings=self.settings,
        )
        self.tenant_ids: dict[str, str] = {}
        self._jobs: list[Jobs] = []

    async def begin(self, *slugs: str) -> CaseWorld:
        for slug in slugs or ("acme", "other"):
            async with self.database.write(Crossing.UPKEEP) as session:
                row = Tenant(slug=slug, name=slug)
                session.add(row)
            self.tenant_ids[slug] = row.id
        return self

    def run(self, couriers: Mapping[RouteKind, Courier]) -> Jobs:
        """A process that delivers."""
        notices = CaseNotices(self.database, KEYRING, self.settings)
        notices.employ(couriers)
        jobs = Jobs(self.database, {JOB: notices.run}, settings=JobSettings(poll_s=0.02), alone=True, kinds=[JOB])
        self._jobs.append(jobs)
        jobs.start()
        return jobs

    async def close(self) -> None:
        for jobs in self._jobs:
            await jobs.aclose()

    def principal(self, tenant: str = "acme", *, role: Role = Role.PARTNER_USER, name: str = "asker") -> Principal:
        return Principal(self.tenant_ids[tenant], name, Audience.AGENT, PERMISSIONS[role])

    async def asked(self, principal: Principal, question: str = "how do I reset a till?", **changes: Any) -> Answer:
        """A turn that was stored, as the pipeline stores it."""
        given = answer(**changes)
        missed = () if given.outcome is Outcome.ANSWERED else (Missed(question, question),)
        asked = ScreenedInput(question, {}, (), 0)
        await self.conversations.keep(principal, asked, given, Evidence(query=question, missed=missed))
        return given

    async def undelivered(self) -> int:
        async with self.database.read(Crossing.UPKEEP) as session:
            waiting = select(func.count()).select_from(CaseNotice).where(CaseNotice.acknowledged_at.is_(None))
            return await session.scalar(waiting) or 0


def answer(text: str = "I do not know.", **changes: Any) -> Answer:
    outcome = changes.get("outcome", Outcome.ABSTAINED)
    values: dict[str, Any] = {
        "answer_id": new_id(),
        "conversation_id": new_id(),
        "outcome": outcome,
        "text": text,
        "citations": changes.get("citations", ()),
        "confidence": 0.2,
        "degraded": False,
        "release": 3,
        "releases": {},
        "model": "extractive",
        "redactions": {},
        "handoff": None,
        "timings_ms": {},
    }
    return Answer(**{**values, **changes})


def citation(**changes: Any) -> Citation:
    values: dict[str, Any] = {
        "n": 1,
        "document_id": "d1",
        "source": "runbooks/till.md",
        "title": "Till offline",
        "url": "https://kb.example/till",
        "heading_path": ("Recovery",),
        "page": None,
        "quote": "Restart the till service.",
        "doc_type": "runbook",
        "version": "7.4",
        "effective_from": None,
        "score": 0.9,
    }
    return Citation(**{**values, **changes})


async def until(condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
