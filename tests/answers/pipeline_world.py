"""An answer pipeline over a real database and fakes at the ports that need models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from answer_worlds import FakeLLM, NameRedactor, passage

from answers.applicability import Asker
from answers.calibration import Calibrations
from answers.compose import Composer
from answers.conversations import Conversations
from answers.events import AnswerEvent
from answers.finding import Finder
from answers.pipeline import AnswerPipeline, Policy
from answers.rulings import TenantRules
from answers.turn import Stages
from answers.types import Answer, Question
from core.database import Database
from core.directives import Directives
from core.domain import Passage, Principal, Scope
from core.keyring import Keyring
from core.metrics import Metrics
from core.quota import Quota
from core.telemetry import NullTracer
from core.tenancy import Tenants
from guardrails.guards import Guards
from guardrails.vault import Vault
from retrieval.scoring import Signals
from retrieval.search import SearchResult

TEXT = "Restart the service CorvaneSync on the till. It listens on port 7443."
SURE = Signals(dense=0.9, sentence=0.9, coverage=1.0, gap=0.3)
UNSURE = Signals(dense=0.1, sentence=0.1, coverage=0.0, gap=0.0)
ASKED = "How do I get the sync going again?"

VAULT = Vault(Keyring(b"v" * 32))


@dataclass
class FakeSearcher:
    passages: tuple[Passage, ...] = (passage(TEXT, cosines=[0.9, 0.85]),)
    signals: Signals = SURE
    fault: Exception | None = None
    queries: list[str] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    """Words of queries that nothing is found for."""

    async def search(self, scope: Scope, query: str, **_: object) -> SearchResult:
        self.queries.append(query)
        self.scopes.append(scope)
        if self.fault:
            raise self.fault
        if any(word in query for word in self.unknown):
            return SearchResult((), 1, "t", UNSURE)
        return SearchResult(self.passages, 1, "t", self.signals)


@dataclass
class Nobody:
    customers: tuple[str, ...] = ()

    async def of(self, *_: object) -> Asker:
        return Asker(date(2026, 11, 1), customers=self.customers)


@dataclass
class World:
    database: Database
    tenants: Tenants
    principal: Principal
    searcher: FakeSearcher = field(default_factory=FakeSearcher)
    redactor: object = field(default_factory=NameRedactor)
    llm: FakeLLM | None = None
    per_minute: int = 1000
    customers: tuple[str, ...] = ()

    def pipeline(self) -> AnswerPipeline:
        return AnswerPipeline(
            tenants=self.tenants,
            conversations=Conversations(self.database, vault=VAULT, history=4),
            guards=Guards(self.redactor),
            finder=Finder(self.searcher, Calibrations(self.database, threshold=0.5), limit=6),
            askers=Nobody(self.customers),
            rules=TenantRules(Directives(self.database)),
            llm=self.llm,
            composer=Composer(budget=3000),
            stages=Stages(NullTracer(), Metrics()),
            quota=Quota(per_minute=self.per_minute),
            policy=Policy(max_tokens=200, deadline_s=10),
        )

    async def ask(self, text: str = ASKED, conversation_id: str | None = None) -> Answer:
        return await self.pipeline().answer(Question(text, self.principal, conversation_id))

    async def events(self, text: str = ASKED) -> list[AnswerEvent]:
        return [event async for event in self.pipeline().ask(Question(text, self.principal))]
