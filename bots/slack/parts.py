"""What the bot is given: the services that it speaks for, and its own tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from answers.case_views import CaseView
from answers.feedback import Feedback
from bots.slack.asking import Answerer
from bots.slack.cases import SlackCases
from bots.slack.channels import Channels
from bots.slack.drafts import Drafts, Redacts
from bots.slack.escalations import Cases
from bots.slack.events import Events
from bots.slack.installs import Workspaces
from bots.slack.people import People
from bots.slack.shares import Shares
from bots.slack.standing import Standings
from bots.slack.talks import Given
from bots.slack.threads import Threads
from bots.slack.views import TopQuestions
from core.database import Database
from core.domain import Principal
from core.keyring import Keyring
from guardrails.vault import Vault


class Votes(Protocol):
    """Takes feedback; `answers.feedback.FeedbackDesk` is one."""

    async def give(self, principal: Principal, feedback: Feedback) -> None: ...


class CaseWork(Protocol):
    """Changes cases; `answers.cases.CaseDesk` is one."""

    async def claim(self, principal: Principal, case_id: str) -> CaseView: ...

    async def hand_back(self, principal: Principal, case_id: str) -> CaseView: ...

    async def resolve(self, principal: Principal, case_id: str, *, resolution: str | None = None) -> CaseView: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The services, as this surface needs them."""

    answerer: Answerer
    votes: Votes
    cases: Cases
    case_work: CaseWork
    given: Given
    popular: TopQuestions
    redact: Redacts


@dataclass(frozen=True, slots=True)
class Stores:
    """The bot's tables."""

    workspaces: Workspaces
    events: Events
    threads: Threads
    channels: Channels
    shares: Shares
    people: People
    places: SlackCases
    drafts: Drafts

    @classmethod
    def over(cls, database: Database, keyring: Keyring, *, redact: Redacts, fallback: SecretStr | None) -> Stores:
        return cls(
            workspaces=Workspaces(database, keyring, fallback=fallback),
            events=Events(database, keyring),
            threads=Threads(database),
            channels=Channels(database),
            shares=Shares(database),
            people=People(database),
            places=SlackCases(database),
            drafts=Drafts(database, redact, Vault(keyring)),
        )

    @property
    def standings(self) -> Standings:
        return Standings(self.workspaces, self.channels, self.shares, self.people)
