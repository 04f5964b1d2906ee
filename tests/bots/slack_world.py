"""A bot with a real database, a local Slack and a scripted pipeline, reached as Slack reaches it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from slack_stub import SlackStub

from answers.case_views import CaseView, Severity
from answers.conversations import StoredAnswer, as_json
from answers.events import AnswerEvent, Cited, Done, Sentence, Started
from answers.feedback import Feedback
from answers.handoff import OFFER, Case
from answers.types import Answer, Citation, Question
from bots.slack.app import SlackBot
from bots.slack.events import Events
from bots.slack.installs import Workspaces
from bots.slack.parts import Ports, Stores
from core.crossings import Crossing
from core.database import Database
from core.domain import Outcome, Principal, RedactedText
from core.errors import NotFoundError
from core.keyring import Keyring
from core.models import Base, Tenant
from core.settings import SlackSettings
from tests.fakes import trail

SECRET = "s3cret"
TEAM, USER, BOT, CHANNEL = "T0HOME", "U0ASKER", "U0BOT", "C0SUPPORT"
Json = dict[str, Any]


def citation(n: int = 1, **changes: Any) -> Citation:
    values: Json = {
        "n": n,
        "document_id": f"d{n}",
        "source": "runbooks/till.md",
        "title": "Till offline",
        "url": "https://kb.example/till",
        "heading_path": ("Recovery", "Restart"),
        "page": None,
        "quote": "Restart the till service.",
        "doc_type": "runbook",
        "version": "7.4",
        "effective_from": None,
        "score": 0.9,
    }
    return Citation(**{**values, **changes})


def answer(text: str = "Restart the till service. [1]", **changes: Any) -> Answer:
    outcome = changes.get("outcome", Outcome.ANSWERED)
    values: Json = {
        "answer_id": "a" * 32,
        "conversation_id": "c1",
        "outcome": outcome,
        "text": text,
        "citations": (citation(),) if outcome is Outcome.ANSWERED else (),
        "confidence": 0.9,
        "degraded": False,
        "release": 1,
        "releases": {},
        "model": "extractive",
        "redactions": {},
        "handoff": None if outcome is Outcome.ANSWERED else OFFER,
        "timings_ms": {},
    }
    return Answer(**{**values, **changes})


@dataclass(slots=True)
class FakeAnswerer:
    """Gives scripted answers, raises scripted faults, or waits; a conversation it never began is unknown to it."""

    script: list[Answer | BaseException | Sequence[AnswerEvent]] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    gate: asyncio.Event | None = None
    given: dict[str, StoredAnswer] = field(default_factory=dict)
    _conversations: dict[str, str] = field(default_factory=dict)

    async def ask(self, question: Question) -> AsyncIterator[AnswerEvent]:
        self.asked.append(question)
        known = question.conversation_id
        if known is not None and self._conversations.get(known) != question.principal.id:
            raise NotFoundError("no such conversation")
        step = self.script.pop(0) if self.script else answer()
        if isinstance(step, BaseException):
            raise step
        if self.gate is not None:
            await self.gate.wait()
        conversation = known or f"c{len(self._conversations) + 1}"
        self._conversations[conversation] = question.principal.id
        if not isinstance(step, Answer):
            for event in step:
                yield event
            return
        yield Started(step.answer_id, conversation, step.model, step.release)
        yield Sentence(0, step.text, "sentence")
        for source in step.citations:
            yield Cited(source)
        done = Answer(**{**{n: getattr(step, n) for n in Answer.__slots__}, "conversation_id": conversation})
        stored = StoredAnswer(as_json(done), {}, question.text, question.principal.id, conversation)
        self.given[f"{question.principal.tenant_id}/{done.answer_id}"] = stored
        yield Done(done)

    async def answer(self, tenant_id: str, answer_id: str) -> StoredAnswer:
        """As it was given."""
        if (found := self.given.get(f"{tenant_id}/{answer_id}")) is None:
            raise NotFoundError("no such answer")
        return found

    def forget(self) -> None:
        self._conversations.clear()


class SlowAnswerer:
    """Says one thing after the other, each when it is let."""

    def __init__(self, *events: AnswerEvent) -> None:
        self.events = events
        self.steps = asyncio.Semaphore(0)
        self.asked: list[Question] = []
        self.cancelled = False

    async def ask(self, question: Question) -> AsyncIterator[AnswerEvent]:
        self.asked.append(question)
        try:
            for event in self.events:
                await self.steps.acquire()
                yield event
        except asyncio.CancelledError:
            self.cancelled = True
            raise


@dataclass(slots=True)
class FakeVotes:
    given: dict[tuple[str, str], Feedback] = field(default_factory=dict)

    async def give(self, principal: Principal, feedback: Feedback) -> None:
        self.given[principal.id, feedback.answer_id] = feedback


@dataclass(slots=True)
class FakeCases:
    opened: list[tuple[Principal, str]] = field(default_factory=list)
    fault: Exception | None = None

    notes: list[tuple[str | None, Severity]] = field(default_factory=list)

    async def open(
        self,
        principal: Principal,
        *,
        answer_id: str,
        note: str | None = None,
        severity: Severity = Severity.NORMAL,
    ) -> Case:
        if self.fault is not None:
            raise self.fault
        self.opened.append((principal, answer_id))
        self.notes.append((note, severity))
        return Case(f"C-{len(self.opened)}", "open")


class FakeCaseWork:
    """Nobody works on cases here; test_slack_cases has the real desk."""

    async def claim(self, principal: Principal, case_id: str) -> CaseView:
        raise NotFoundError("no such case")

    hand_back = claim

    async def resolve(self, principal: Principal, case_id: str, *, resolution: str | None = None) -> CaseView:
        raise NotFoundError("no such case")


@dataclass(slots=True)
class FakePopular:
    questions: list[str] = field(default_factory=list)

    async def top(self, tenant_id: str, *, askers: str, days: float, limit: int) -> list[str]:
        return self.questions[:limit]


async def redact(_tenant_id: str, text: str) -> RedactedText:
    return RedactedText(text.replace("Mrs Miller", "<PERSON>"))


class World:
    """One database and one Slack; `bot()` starts a process's worth of bot on them."""

    def __init__(self, folder: Path, stub: SlackStub) -> None:
        self.slack = stub
        self.answerer, self.votes, self.cases = FakeAnswerer(), FakeVotes(), FakeCases()
        self.popular = FakePopular()
        self.url = f"sqlite+aiosqlite:///{folder / 'copilot.db'}"
        self.database = Database(self.url, trail=trail())
        self.keyring = Keyring(b"k" * 32)
        self.workspaces = Workspaces(self.database, self.keyring)
        self.events = Events(self.database, self.keyring)
        self.tenants: dict[str, str] = {}
        self._bots: list[SlackBot] = []
        self._numbers = count(1)

    async def prepare(self) -> None:
        async with self.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        for slug in ("acme", "other"):
            async with self.database.write(Crossing.UPKEEP) as session:
                row = Tenant(slug=slug, name=slug)
                session.add(row)
            self.tenants[slug] = row.id
        await self.workspaces.map(TEAM, tenant_id=self.tenants["acme"], bot_token="xoxb-home")

    async def bot(self, **changes: Any) -> SlackBot:
        settings = SlackSettings(
            signing_secret=SecretStr(SECRET),
            app_token=SecretStr("xapp-1"),
            api_url=self.slack.url,
            bot_token=changes.get("token"),
        )
        answerer = changes.get("answerer", self.answerer)
        ports = Ports(
            answerer=answerer,
            votes=self.votes,
            cases=changes.get("cases", self.cases),
            case_work=changes.get("case_work", FakeCaseWork()),
            given=changes.get("given", self.answerer),
            popular=self.popular,
            redact=redact,
        )
        stores = Stores.over(self.database, self.keyring, redact=redact, fallback=settings.bot_token)
        stores = replace(stores, events=changes.get("events", self.events))
        bot = SlackBot(ports, stores, settings, sweep_s=changes.get("sweep_s", 30.0))
        self._bots.append(bot)
        await bot.start()
        return bot

    async def close(self) -> None:
        for bot in self._bots:
            await bot.aclose()
        await self.database.aclose()

    def mention(self, text: str = f"<@{BOT}> how do I restart a till?", **event: Any) -> Json:
        """The body of one `app_mention`, as Slack delivers it; `event` changes the inner event."""
        number = next(self._numbers)
        return {
            "type": "event_callback",
            "token": "legacy",
            "team_id": TEAM,
            "api_app_id": "A0",
            "event_id": f"Ev{number:08d}",
            "event_time": 1_700_000_000 + number,
            "is_ext_shared_channel": False,
            "authorizations": [
                {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True, "is_enterprise_install": False}
            ],
            "event": {
                "type": "app_mention",
                "user": USER,
                "team": TEAM,
                "text": text,
                "channel": CHANNEL,
                "ts": f"1700000000.{number:06d}",
                **event,
            },
        }

    def direct(self, text: str, **event: Any) -> Json:
        return self.mention(text, type="message", channel="D0ASKER", channel_type="im", **event)

    def said(self, text: str, **event: Any) -> Json:
        """Somebody says something in the channel, to nobody."""
        return self.mention(text, type="message", channel_type="channel", **event)

    def shortcut(self, callback_id: str, text: str = "my till is offline", **changes: Any) -> Json:
        """The body of a message shortcut on a message with a thread of its own."""
        number = next(self._numbers)
        return {
            "type": "message_action",
            "callback_id": callback_id,
            "trigger_id": f"{number}.2.3",
            "token": "legacy",
            "team": {"id": TEAM, "domain": "home"},
            "user": {"id": USER, "team_id": TEAM},
            "channel": {"id": CHANNEL, "name": "support"},
            "message": {"type": "message", "user": "U0CUSTOMER", "ts": "1700000000.000001", "text": text},
            "message_ts": "1700000000.000001",
            **changes,
        }

    def command(self, text: str, **changes: Any) -> Json:
        """The form of a slash command."""
        return {
            "command": "/copilot",
            "text": text,
            "team_id": TEAM,
            "channel_id": CHANNEL,
            "user_id": USER,
            "trigger_id": f"{next(self._numbers)}.9.9",
            "token": "legacy",
            "api_app_id": "A0",
            **changes,
        }

    def submit(self, view: Mapping[str, Any], values: Mapping[str, Any], *, user: str = USER) -> Json:
        """The body of a modal that was sent; `values` are what stands in its fields."""
        state = {name: {name: value if isinstance(value, dict) else {"value": value}} for name, value in values.items()}
        return {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "home"},
            "user": {"id": user, "team_id": TEAM},
            "token": "legacy",
            "view": {**view, "id": f"V{next(self._numbers)}", "state": {"values": state}},
        }

    def click(self, action_id: str, value: str, **changes: Any) -> Json:
        """The body of a click on a button of the answer in thread 1700000000.000001."""
        return {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "home"},
            "user": {"id": USER, "team_id": TEAM},
            "api_app_id": "A0",
            "token": "legacy",
            "trigger_id": "1.2.3",
            "container": {"type": "message"},
            "channel": {"id": CHANNEL, "name": "support"},
            "message": {"ts": "1700000000.000002", "thread_ts": "1700000000.000001", "type": "message"},
            "actions": [{"action_id": action_id, "block_id": "b", "type": "button", "value": value, "action_ts": "1"}],
            **changes,
        }


async def post(bot: SlackBot, body: Json | bytes, *, retry: int = 0, **headers: str | None) -> httpx.Response:
    """Deliver a signed request; `headers` (with underscores) replace or, with None, remove its own."""
    form = isinstance(body, dict) and "event" not in body and "challenge" not in body
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if isinstance(body, dict) and form:
        raw = urlencode(body if "command" in body else {"payload": raw.decode()}).encode()
    timestamp = str(int(time.time()))
    if stamp := headers.get("x_slack_request_timestamp"):
        timestamp = stamp
    sent: dict[str, str | None] = {
        "content-type": "application/x-www-form-urlencoded" if form else "application/json",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": sign(raw, timestamp),
        **({"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"} if retry else {}),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    async with http(bot) as client:
        return await client.post(
            "/slack/events", content=raw, headers={n: v.encode() for n, v in sent.items() if v is not None}
        )


_apps: WeakKeyDictionary[SlackBot, FastAPI] = WeakKeyDictionary()


def http(bot: SlackBot) -> httpx.AsyncClient:
    """Slack's side of the bot's endpoint."""
    if bot not in _apps:
        _apps[bot] = FastAPI()
        _apps[bot].add_api_route("/slack/events", bot.handle, methods=["POST"])
    transport = httpx.ASGITransport(app=_apps[bot], raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://copilot.test", trust_env=False)


def sign(raw: bytes, timestamp: str) -> str:
    return "v0=" + hmac.new(SECRET.encode(), b"v0:" + timestamp.encode() + b":" + raw, hashlib.sha256).hexdigest()


async def until(condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Wait for what happens after the acknowledgement."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def thread_of(body: Mapping[str, Any]) -> tuple[str, str]:
    event = body["event"]
    return event["channel"], event.get("thread_ts", event["ts"])
