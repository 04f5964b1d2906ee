"""A tenant in which one person has left traces everywhere, and another one's data that must stay."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select

from api.rights.erase import Eraser
from api.rights.export import Exporter
from api.rights.finding import Finder
from api.rights.ledger import Ledger
from api.rights.requests import RequestKind, Requests, RequestView
from api.rights.tenant import TenantEraser
from api.widget.visits import pseudonym
from core.crossings import Crossing
from core.database import WriteSession
from core.domain import RedactedText, Redaction, RedactionProfile
from core.job_tries import Progress
from core.jobs import Jobs
from core.keyring import Keyring
from core.models import (
    AnswerRow,
    CaseNotice,
    Conversation,
    CurationTask,
    DocumentComment,
    FeedbackRow,
    Handoff,
    Job,
    KeyUsage,
    KnowledgeGap,
    SlackDraft,
    SlackEvent,
    SlackPerson,
    SlackThread,
    SlackWorkspace,
    WidgetRow,
    WidgetSession,
    now,
)
from guardrails.placeholders import placeholder
from guardrails.vault import Vault
from ingest.prepare import Preparer
from ingest.reindex import Reindexer
from retrieval.index import VectorIndex
from tests.fakes import FakeEmbedder
from tests.ingest.ingest_world import BUDGET, World

KEYRING = Keyring(bytes(range(32)))
NAME, MAIL, PHONE = "Marieke Oosterhuis", "marieke.oosterhuis@private-post.example", "+31 20 794 5182"
OTHER = "Piet Hendriks"
WHO = {"names": [NAME], "emails": [MAIL], "phones": [PHONE], "slack_users": ["U777"], "external_ids": ["customer-9"]}
SLACK, STRANGER, PORTAL = "slack:T1:U777", "slack:T1:U888", "p" * 32
RAW = (NAME, MAIL, "794 5182", "Oosterhuis", "private-post")
DOCUMENT = (
    f"# Frozen till\n\nReported by {NAME} ({MAIL}). Restart the service TillSync on the till.\n\n"
    "The service listens on port 7443. Never delete the queue folder.\n"
)


class TagRedactor:
    """Replaces two names and one address by real placeholders."""

    _TYPES = (("PERSON", NAME), ("PERSON", OTHER), ("EMAIL", MAIL))

    def redact_batch(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        return [self._redacted(text, profile) for text in texts]

    def _redacted(self, text: str, profile: RedactionProfile) -> RedactedText:
        found = tuple(
            Redaction(type_, m.start(), m.end(), 1.0, placeholder(profile.key, type_, value))
            for type_, value in self._TYPES
            for m in re.finditer(re.escape(value), text)
        )
        for type_, value in self._TYPES:
            text = text.replace(value, placeholder(profile.key, type_, value))
        return RedactedText(text, found)


class SeenVault(Vault):
    """`forgotten` is what it was told to forget."""

    def __init__(self) -> None:
        super().__init__(KEYRING)
        self.forgotten: set[str] = set()

    async def forget(self, session: WriteSession, tenant_id: str, placeholders: Collection[str]) -> int:
        self.forgotten |= set(placeholders)
        return await super().forget(session, tenant_id, placeholders)


@dataclass
class RightsWorld:
    """`home` holds the ledger and what sources keep."""

    world: World
    home: Path
    vault: SeenVault = field(default_factory=SeenVault)

    def __post_init__(self) -> None:
        world = self.world
        world.workers._preparer = Preparer(TagRedactor(), BUDGET)
        self.index = cast(VectorIndex, world.index)
        self.finder = Finder(world.database, KEYRING, world.tenants)
        self.ledger = Ledger(self.home / "erasures.jsonl", KEYRING)
        self.vectors = Reindexer(
            database=world.database,
            index=self.index,
            embedder=FakeEmbedder(),
            tenants=world.tenants,
            budget=BUDGET,
            generation="fake",
        )
        self.requests = self.opened()
        self.jobs = Jobs(world.database, self.requests.handlers(), alone=True)
        self.tenants = TenantEraser(world.database, self.index, self.ledger, sources=self.home / "sources")

    def opened(self, *, vectors: Any = None) -> Requests:
        database = self.world.database
        eraser = Eraser(
            database=database,
            finder=self.finder,
            ledger=self.ledger,
            vectors=vectors or self.vectors,
            vault=self.vault,
            sources=self.home / "sources",
        )
        exporter = Exporter(database, self.finder, max_bytes=1_000_000)
        return Requests(database, KEYRING, eraser=eraser, exporter=exporter, export_days=7)

    @property
    def tenant_id(self) -> str:
        return self.world.tenant.id

    async def tag(self, type_: str = "PERSON", value: str = NAME) -> str:
        return placeholder((await self.world.tenants.profile(self.tenant_id)).key, type_, value)

    async def done(self, kind: RequestKind, who: Any = WHO) -> RequestView:
        """Asked for, and worked off."""
        asked = await self.requests.submit(self.world.principal(), kind, who, self.jobs)
        assert asked.job_id
        await self.jobs.wait(asked.job_id)
        job = await self.jobs.get(self.tenant_id, asked.job_id)
        assert job.status == "done", job
        return await self.requests.get(self.tenant_id, asked.id)

    async def furnish(self) -> RightsWorld:
        """Documents, published; and rows in which the person is, and rows in which they are not."""
        world = self.world
        await world.upload("till.md", DOCUMENT)
        await world.upload(
            "printer.md", f"# Printer\n\nAsk {OTHER} for label rolls. Rolls are changed from the left.\n"
        )
        await world.publish()
        await self._rows()
        return self

    async def _rows(self) -> None:
        tenant, tag = self.tenant_id, await self.tag()
        own = {"tenant_id": tenant}
        async with self.world.database.write(Crossing.UPKEEP) as session:
            widget = WidgetRow(**own, name="Portal", origins=["https://a.example"], audience="partner")
            session.add_all([widget, SlackWorkspace(**own, team_id="T1", audience="agent")])
            await session.flush()
            self.visitor = pseudonym(KEYRING, widget.id, "sub", "customer-9")
            for number, who in enumerate((SLACK, self.visitor, STRANGER, PORTAL)):
                talk, answer = f"c{number}".ljust(32, "0"), f"a{number}".ljust(32, "0")
                session.add(Conversation(**own, id=talk, principal_id=who))
                await session.flush()
                session.add(self._answer(answer, talk, who, tag))
            await session.flush()
            session.add_all(self._about("a2".ljust(32, "0"), tag))
            case = Handoff(**own, id="h" * 32, number=1, conversation_id="c3".ljust(32, "0"), principal_id=PORTAL)
            case.contact = KEYRING.encrypt(f"Call {PHONE}".encode(), context=f"{tenant}/handoffs/{case.id}")
            case.packet = {"question": f"{tag} asks"}
            session.add(case)
            await session.flush()
            session.add(CaseNotice(**own, case_id=case.id, event="opened"))
            session.add(WidgetSession(**own, widget_id=widget.id, origin="https://a.example", visitor=self.visitor,
                                      identified=True, secret_hash="0" * 64, expires_at=now()))  # fmt: skip

    def _answer(self, id_: str, talk: str, who: str, tag: str) -> AnswerRow:
        cited = {"text": f"Reported by {tag}. [1]", "releases": {self.tenant_id: 1}, "citations": [{"quote": tag}]}
        return AnswerRow(
            id=id_, tenant_id=self.tenant_id, conversation_id=talk, principal_id=who, channel="api",
            question=f"Who is {tag}?", query=f"who is {tag}", outcome="answered", answer=cited, evidence={"tags": [tag]},
        )  # fmt: skip

    def _about(self, answer_id: str, tag: str) -> list[object]:
        """Of the stranger's answer, and beside it."""
        own = {"tenant_id": self.tenant_id}
        slack = {**own, "team_id": "T1"}
        document = next(iter(self._documents()))
        payload = {"job": {"team_id": "T1", "user": "U777", "text": f"mail {MAIL}"}, "reply_ts": None}
        sealed = KEYRING.encrypt(json.dumps(payload).encode(), context=f"{self.tenant_id}/slack_events/Ev1")
        return [
            FeedbackRow(**own, answer_id=answer_id, principal_id=STRANGER, vote="down", comment=f"ask {tag} at {MAIL}"),
            FeedbackRow(**own, answer_id=answer_id, principal_id=SLACK, vote="up"),
            CurationTask(**own, answer_id=answer_id, reason="wrong", question=f"Who is {tag}?", closed_by=SLACK),
            KnowledgeGap(**own, key="k" * 64, question=f"Where is {tag}?", query=tag, terms=["where"]),
            DocumentComment(**own, document_id=document, author=SLACK, text=f"{NAME} wrote this"),
            Job(
                **own, kind="sync", args={}, status="done", result={"files": [{"path": f"{NAME}.md"}]}, not_before=None
            ),
            KeyUsage(**own, day=now().date(), principal_id=SLACK, questions=3),
            SlackThread(**slack, channel="C1", thread_ts="1", user="U777", conversation_id="c0".ljust(32, "0")),
            SlackPerson(**slack, user="U777", role="support_agent"),
            SlackPerson(**slack, user="U888", role="support_agent"),
            SlackDraft(**slack, channel="C1", thread_ts="1", answer_id=answer_id, principal_id=STRANGER, drafted=tag),
            SlackEvent(**own, event_id="Ev1", status="received", payload=sealed),
        ]

    def _documents(self) -> list[str]:
        return [self.document_id]

    async def begin(self) -> RightsWorld:
        await self.world.upload("first.md", "# First\n\nNobody is named here.\n")
        self.document_id = (await self.world.documents())["first.md"].id
        return await self.furnish()

    async def column(self, column: Any) -> list[Any]:
        async with self.world.database.read(Crossing.UPKEEP) as session:
            return list(await session.scalars(select(column)))

    async def aclose(self) -> None:
        await self.jobs.aclose()


async def swept(*folders: Path, words: Sequence[bytes]) -> list[str]:
    """`file: word` for each word that lies readable in a file below the folders; holes of sparse files are passed over."""
    return await asyncio.to_thread(_swept, folders, words)


def _swept(folders: Sequence[Path], words: Sequence[bytes]) -> list[str]:
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    return [f"{file}: {word[:40]!r}" for file in files for data in [_data(file)] for word in words if word in data]


def _data(file: Path) -> bytes:
    """Its bytes, holes as one zero each."""
    parts, place = [], 0
    with file.open("rb") as read:
        while True:
            try:
                start = os.lseek(read.fileno(), place, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but a hole is left
                return b"\0".join(parts)
            place = os.lseek(read.fileno(), start, os.SEEK_HOLE)
            parts.append(os.pread(read.fileno(), place - start, start))


async def run(requests: Requests, world: RightsWorld, request_id: str) -> None:
    """One try, in this task."""
    await asyncio.wait_for(
        requests.handlers()["subject.erase"](world.tenant_id, {"request_id": request_id}, Progress()), 30
    )
