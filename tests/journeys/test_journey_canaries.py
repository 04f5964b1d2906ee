"""Personal data goes in by every channel and lies readable nowhere: not in the database, its write-ahead log, the vectors, the
logs, the traces, what a language model is sent, or what Slack is; and it is all in the vault."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from canary_slack import Slack
from canary_values import Canary, canaries, files_of, leaks
from journey_world import FREEZES, WARRANTY, Prepared, operator
from pydantic import SecretStr
from sqlalchemy import func, select

from api.app import app_over
from api.bootstrap import Services, open_services
from api.slack import slack_bot
from bots.slack.installs import Workspaces
from core.jobs import Progress
from core.logs import configure_logging
from core.models import SlackEvent, VaultValue
from core.settings import (
    AnswerSettings,
    LangfuseSettings,
    LLMSettings,
    QuotaSettings,
    Settings,
    SlackSettings,
    WidgetSettings,
)
from guardrails.patterns import redact_patterns
from tests.servers.collector import Collector
from tests.servers.llm_stub import StubLLM, says, stub_llm

pytestmark = pytest.mark.slow

SIGNING, TEAM, BOT = "a signing secret", "T0CANARY", "U0BOT"
HOST = "https://portal.example.com"


@dataclass
class Planter:
    """Puts each canary through one channel; `sent` is what went where."""

    services: Services
    api: httpx.AsyncClient
    folder: Path
    sent: dict[str, list[Canary]] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    visitor: str = ""

    async def plant(self, channel: str, one: Canary, number: int) -> None:
        await getattr(self, channel)(one, number)
        self.sent.setdefault(channel, []).append(one)

    async def question(self, one: Canary, number: int) -> None:
        found = await self._post("/v1/ask", {"question": f"{one.said} {FREEZES}"})
        self.answers.append(found["answer_id"])

    async def stream(self, one: Canary, number: int) -> None:
        body = {"question": f"{FREEZES} {one.said}"}
        response = await self.api.post("/v1/ask", json=body, headers={"Accept": "text/event-stream"})
        assert "event: done" in response.text

    async def search(self, one: Canary, number: int) -> None:
        await self._post("/v1/search", {"query": f"{one.said} warranty of printers"})

    async def chat(self, one: Canary, number: int) -> None:
        """An OpenAI client sends the conversation along."""
        told = [{"role": "user", "content": f"{one.said} {WARRANTY}"}, {"role": "assistant", "content": one.said}]
        last = {"role": "user", "content": "And on scales?"}
        await self._post("/v1/chat/completions", {"model": "partner-copilot", "messages": [*told, last]})

    async def document(self, one: Canary, number: int) -> None:
        fields = {"problem": f"A till is stuck. {one.said}", "resolution": ["Restart it."], "resolved_on": "2026-03-12"}
        record = {"corpus": "tickets", "source": f"INC-{number}", "type": "ticket_resolution", "fields": fields}
        await self._post("/v1/documents", {**record, "title": f"Till {number} is stuck", "audience": "agent"})

    async def upload(self, one: Canary, number: int) -> None:
        name, data = _file(one, number)
        files, form = {"file": (name, data)}, {"corpus": "notes", "audience": "agent"}
        response = await self.api.post("/v1/documents", files=files, data=form)
        assert response.status_code == 201, response.text

    async def sync(self, one: Canary, number: int) -> None:
        folder = self.folder / f"source-{number}"
        folder.mkdir()
        (folder / "note.md").write_text(f"# Note {number}\n\n{one.said}\n\nKeep the till dry.\n", "utf-8")
        principal = await self._principal()
        source = await self.services.library.add_folder(principal, corpus=f"notes-{number}", path=folder)
        report = await self.services.library.sync(principal.tenant_id, source.id, Progress())
        assert report["counts"] == {"indexed": 1}
        shutil.rmtree(folder)

    async def feedback(self, one: Canary, number: int) -> None:
        answer_id = await self._answer()
        said = {"vote": "down", "reason": "wrong", "comment": one.said, "correction": f"It should say: {one.said}"}
        await self._post("/v1/feedback", {"answer_id": answer_id, **said})

    async def case(self, one: Canary, number: int) -> None:
        contact = one.value if one.kind in ("email", "phone", "name") else "the usual one"
        body = {"answer_id": await self._answer(), "note": one.said, "contact": contact}
        case_id = (await self._post("/v1/handoffs", body))["case_id"]
        await self._post(f"/v1/cases/{case_id}/claim")
        await self._post(f"/v1/cases/{case_id}/resolve", {"resolution": f"Done. {one.said}"})

    async def comment(self, one: Canary, number: int) -> None:
        [document, *_] = (await self._get("/v1/documents"))["documents"]
        await self._post(f"/v1/documents/{document['id']}/comments", {"text": one.said})

    async def golden(self, one: Canary, number: int) -> None:
        gold = [{"source": "warranty.md", "quote": "thirty-six months"}]
        question = {"id": f"q{number}", "question": f"{one.said} {WARRANTY}", "kind": "answerable"}
        await self._post("/v1/golden", {"questions": [{**question, "audience": "agent", "gold": gold}]})

    async def slack(self, one: Canary, number: int) -> None:
        event = {
            "type": "app_mention",
            "user": "U0ASKER",
            "team": TEAM,
            "text": f"<@{BOT}> {one.said} {FREEZES}",
            "channel": "C0HELP",
            "ts": f"1700000000.{number:06d}",
        }
        authorised = {
            "enterprise_id": None,
            "team_id": TEAM,
            "user_id": BOT,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": "A0",
            "event_id": f"Ev{number:08d}",
            "event_time": 1_700_000_000 + number,
            "authorizations": [authorised],
            "event": event,
        }
        data, at = json.dumps(body).encode(), str(int(time.time()))
        signed = hmac.new(SIGNING.encode(), f"v0:{at}:".encode() + data, hashlib.sha256).hexdigest()
        headers = {
            "x-slack-request-timestamp": at,
            "x-slack-signature": f"v0={signed}",
            "content-type": "application/json",
        }
        assert (await self.api.post("/slack/events", content=data, headers=headers)).status_code == 200

    async def widget(self, one: Canary, number: int) -> None:
        if not self.visitor:
            self.visitor = await self._visit()
        body = {"question": f"{one.said} {WARRANTY}"}
        headers = {"Authorization": f"Bearer {self.visitor}"}
        response = await self.api.post("/v1/ask", json=body, headers=headers)
        assert response.status_code == 200, response.text

    async def mcp(self, one: Canary, number: int) -> None:
        arguments = {"name": "ask", "arguments": {"question": f"{one.said} {WARRANTY}"}}
        body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": arguments}
        headers = {"accept": "application/json, text/event-stream"}
        response = await self.api.post("/mcp", json=body, headers=headers)
        assert response.status_code == 200, response.text
        assert '"isError":true' not in response.text

    async def settled(self) -> None:
        """Slack's events are answered."""
        async with asyncio.timeout(120):
            while await self._waiting():
                await asyncio.sleep(0.1)

    async def _waiting(self) -> int:
        async with self.services.database.read((await self._principal()).tenant_id) as session:
            waits = SlackEvent.status.in_(("received", "working"))
            return await session.scalar(select(func.count()).select_from(SlackEvent).where(waits)) or 0

    async def _answer(self) -> str:
        return str((await self._post("/v1/ask", {"question": WARRANTY}))["answer_id"])

    async def _visit(self) -> str:
        made = await self._post("/v1/widgets", {"name": "Portal", "origins": [HOST]})
        page = (await self.api.get("/widget/v1/panel", params={"id": made["id"]})).text
        ticket = page.split('"ticket": "')[1].split('"')[0]
        knock = {"widget_id": made["id"], "origin": HOST, "visitor": "v" * 40, "ticket": ticket}
        return str((await self._post("/widget/v1/session", knock))["token"])

    async def _principal(self) -> Any:
        return operator((await self.services.tenants.by_slug("acme")).id)

    async def _post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        response = await self.api.post(path, json=body)
        assert response.is_success, f"{path}: {response.text}"
        return dict(response.json()) if response.content else {}

    async def _get(self, path: str) -> dict[str, Any]:
        response = await self.api.get(path)
        assert response.is_success, response.text
        return dict(response.json())


CHANNELS = (
    "question",
    "document",
    "upload",
    "feedback",
    "slack",
    "widget",
    "case",
    "chat",
    "stream",
    "sync",
    "comment",
    "golden",
    "search",
    "mcp",
)


def _file(one: Canary, number: int) -> tuple[str, bytes]:
    """In turn: Markdown, text, a table, a mail, a web page, a ZIP."""
    text = f"Note {number}. {one.said}\n\nKeep the till dry."
    match number % 6:
        case 0:
            return f"note-{number}.md", f"# Note {number}\n\n{text}\n".encode()
        case 1:
            return f"note-{number}.txt", text.encode()
        case 2:
            return f"note-{number}.csv", f'number,note\n{number},"{one.said.replace(chr(10), " ")}"\n'.encode()
        case 3:
            mail = EmailMessage()
            mail["Subject"], mail["From"], mail["To"] = f"Note {number}", "help@acme.example", "desk@acme.example"
            mail.set_content(text)
            return f"note-{number}.eml", mail.as_bytes()
        case 4:
            return f"note-{number}.html", f"<h1>Note {number}</h1><p>{text}</p>".encode()
        case _:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr(f"note-{number}.md", f"# Note\n\n{text}\n")
            return f"notes-{number}.zip", packed.getvalue()


@pytest.fixture
def _logging_restored() -> Iterator[None]:
    import logging

    kept = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    logging.getLogger().handlers[:], _ = kept
    logging.getLogger().setLevel(kept[1])


def _settings(home: Path, langfuse: Collector, llm: StubLLM, slack: str) -> Settings:
    return Settings(
        home=home,
        langfuse=LangfuseSettings(public_key="pk-lf-x", secret_key=SecretStr("sk-lf-x"), base_url=langfuse.base_url),
        llm=LLMSettings(base_url=llm.base_url, model="stub-model", api_key=SecretStr("none")),
        slack=SlackSettings(signing_secret=SecretStr(SIGNING), bot_token=SecretStr("xoxb-none"), api_url=slack),
        quota=QuotaSettings(questions_per_minute=100_000, questions_per_day=100_000, tokens_per_day=100_000_000),
        answers=AnswerSettings(),
        widget=WidgetSettings(
            questions_per_session=10_000, questions_per_visitor=10_000, questions_per_ip=10_000, sessions_per_ip=1000
        ),
    )


@dataclass
class Swept:
    planted: dict[str, list[Canary]]
    sinks: dict[str, bytes]
    vault: str
    """Everything that the vault holds, opened."""
    known: set[bytes]
    """The placeholders that it knows."""


async def sweep(prepared: Prepared, folder: Path, capfd: pytest.CaptureFixture[str], planted: list[Canary]) -> Swept:
    slack, home = Slack(), prepared.copied_to(folder / "home")
    configure_logging(level="INFO", json=True, scrub=redact_patterns)
    with Collector() as langfuse:
        async with slack.running() as address, stub_llm(says("Restart the service TillSync on the till [1].")) as llm:
            async with open_services(_settings(home, langfuse, llm, address)) as services:
                app = app_over(services)
                transport = httpx.ASGITransport(app=app)
                headers = {"Authorization": f"Bearer {prepared.token}"}
                async with (
                    slack_bot(services) as app.state.slack,
                    app.router.lifespan_context(app),
                    httpx.AsyncClient(
                        transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=60
                    ) as api,
                ):
                    tenant = await services.tenants.by_slug("acme")
                    workspaces = Workspaces(services.database, services.keyring)
                    await workspaces.map(TEAM, tenant_id=tenant.id, bot_token="xoxb-none")
                    planter = Planter(services, api, folder)
                    for number, one in enumerate(planted):
                        await planter.plant(CHANNELS[number % len(CHANNELS)], one, number)
                    await planter.settled()
                    await services.tracer.flush()
                    vault = await _opened(services, tenant.id)
                    sinks = files_of(home)  # as a thief finds it: while it runs, the write-ahead log included
            assert any(name.endswith("-wal") for name in sinks)
            sinks |= {f"closed/{name}": data for name, data in files_of(home).items() if data != sinks.get(name)}
            sinks["traces"] = langfuse.everything.encode()
            sinks["model"] = json.dumps([one.body for one in llm.requests], ensure_ascii=False).encode()
            sinks["slack"] = b"\n".join(slack.received)
    out, err = capfd.readouterr()
    sinks["log"] = f"{out}\n{err}".encode()
    return Swept(planter.sent, sinks, "\n".join(vault.values()), {name.encode() for name in vault})


async def _opened(services: Services, tenant_id: str) -> dict[str, str]:
    """Placeholder → value."""
    async with services.database.read(tenant_id) as session:
        query = select(VaultValue.placeholder).where(VaultValue.tenant_id == tenant_id).distinct()
        names = (await session.scalars(query)).all()
        found = await services.vault.restore(session, tenant_id, names)
    return dict(zip(names, found.texts, strict=True))


KEPT = {*CHANNELS} - {"search", "chat"}
"""Channels whose texts are stored; of a conversation that a client tells, the last message is, and what its query takes up."""
PLACEHOLDER = re.compile(rb"<(?:PERSON|EMAIL|PHONE|CARD|IBAN|SECRET)_[0-9a-v]{6}>")


def require_nothing_readable(found: Swept) -> None:
    everything = [one for some in found.planted.values() for one in some]
    assert leaks(everything, found.sinks) == []
    for name in ("traces", "model", "slack", "log"):
        assert len(found.sinks[name]) > 200, f"nothing was sent to {name}: the sweep proves nothing"
    lost = [
        f"{channel}: {one.kind}"
        for channel, some in found.planted.items()
        if channel in KEPT
        for one in some
        if one.value not in found.vault
    ]
    assert lost == []
    stored = {name for file, data in found.sinks.items() if ".db" in file for name in PLACEHOLDER.findall(data)}
    assert len(stored) > 30
    assert stored <= found.known, "a stored text holds a placeholder that stands for nothing"


@pytest.mark.usefixtures("_logging_restored")
async def test_planted_personal_data_lies_nowhere_but_in_the_vault(
    prepared: Prepared, quick_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    require_nothing_readable(await sweep(prepared, quick_folder, capfd, canaries(42, seed=1)))


@pytest.mark.proof
@pytest.mark.usefixtures("_logging_restored")
@pytest.mark.parametrize("seed", [2, 3])
async def test_three_hundred_canaries_lie_nowhere_but_in_the_vault(
    prepared: Prepared, quick_folder: Path, capfd: pytest.CaptureFixture[str], seed: int
) -> None:
    require_nothing_readable(await sweep(prepared, quick_folder, capfd, canaries(300, seed=seed)))


def test_the_sweep_finds_what_lies_open(tmp_path: Path) -> None:
    planted = canaries(12, seed=4)
    for number, one in enumerate(planted):
        (tmp_path / f"{number}.bin").write_bytes(b"\0\1" + one.value.upper().encode() + b"\xff")
    assert len(leaks(planted, files_of(tmp_path))) >= len(planted)
