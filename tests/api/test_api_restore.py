"""`POST /v1/restore`: who is shown what placeholders stand for, and that it is told. Real services but for models."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from answers.restorable import answer_parts, case_parts
from answers.types import Evidence
from core.auth import PERMISSIONS, Keys
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Permission, RedactedText, Redaction, Role
from core.keyring import Keyring
from core.models import AuditRow
from core.settings import Settings
from guardrails.guards import ScreenedInput
from guardrails.restoring import Restorer
from guardrails.vault import Vault
from guardrails.withheld import withheld
from ingest.restorable import document_parts
from retrieval.edge import EdgeIndex
from tests.api.shared_app import SharedApp
from tests.case_world import CaseWorld, answer
from tests.fakes import trail
from tests.ingest.ingest_world import NAME, FaultyIndex, World

KEYRING = Keyring(bytes(range(32)))
PLACEHOLDER = "<PERSON_a>"
ASKED = f"I am {NAME.upper()}. Who is {NAME}?"
MOST = 200


class OneName:
    """Takes one name out, however it is spelled."""

    async def redact_many(self, texts: list[str], _profile: object) -> list[RedactedText]:
        return [redacted(text) for text in texts]


def redacted(text: str) -> RedactedText:
    at, found, parts, end = 0, [], [], 0
    while (at := text.lower().find(NAME.lower(), at)) >= 0:
        parts += [text[end:at], PLACEHOLDER]
        found.append(Redaction("PERSON", at, at + len(NAME), 1.0, PLACEHOLDER))
        at = end = at + len(NAME)
    return RedactedText("".join([*parts, text[end:]]), tuple(found))


def screened(text: str) -> ScreenedInput:
    clean = redacted(text)
    return ScreenedInput(clean.text, clean.counts, (), 0, withheld(text, clean))


@dataclass
class Service:
    world: World
    cases: CaseWorld
    keys: Keys
    app: Any
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def as_(
        self, role: Role, *, tenant: str | None = None, audience: Audience = Audience.AGENT, **more: Any
    ) -> httpx.AsyncClient:
        key = await self.keys.create(tenant or self.world.tenant.id, role=role, audience=audience, **more)
        headers = {"Authorization": f"Bearer {key.token}"}
        transport = httpx.ASGITransport(app=self.app)
        self.clients.append(httpx.AsyncClient(base_url="http://test", transport=transport, headers=headers))
        return self.clients[-1]

    async def acts(self) -> list[AuditRow]:
        async with self.world.database.read(Crossing.UPKEEP) as session:
            query = select(AuditRow).where(AuditRow.action == "vault.restore").order_by(AuditRow.id)
            return list(await session.scalars(query))

    async def asked(self, text: str = ASKED) -> str:
        """The answer's id."""
        principal, given = self.cases.principal(), answer()
        await self.cases.conversations.keep(principal, screened(text), given, Evidence(query="q"))
        return given.answer_id


@pytest.fixture
async def service(sqlite_template: Path, tmp_path: Path, quick_folder: Path) -> AsyncIterator[Service]:
    shutil.copyfile(sqlite_template, tmp_path / "copilot.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'copilot.db'}", trail=trail())
    index = EdgeIndex(quick_folder / "index", min_free_bytes=0)
    world = await World(database, tmp_path / "files", FaultyIndex(index)).begin()
    cases = CaseWorld(database, keyring=KEYRING, guards=OneName())
    cases.tenant_ids["acme"] = world.tenant.id
    find = {"document": document_parts, "answer": answer_parts, "case": case_parts}
    keys = Keys(database, KEYRING)
    restorer = Restorer(database, Vault(KEYRING), find, max_chars=MOST)
    services = SimpleNamespace(settings=Settings(home=tmp_path), keys=keys, restorer=restorer)
    made = Service(world, cases, keys, SharedApp(services))
    yield made
    for client in made.clients:
        await client.aclose()
    await cases.close()
    await index.close()
    await database.aclose()


async def restored(client: httpx.AsyncClient, **body: str) -> dict[str, Any]:
    response = await client.post("/v1/restore", json=body)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    found: dict[str, Any] = response.json()
    return found


async def test_a_question_is_shown_as_it_was_asked(service: Service) -> None:
    found = await restored(await service.as_(Role.SUPPORT_AGENT), answer_id=await service.asked())
    assert found["texts"]["question"] == ASKED
    assert (found["restored"], found["left"]) == (2, 0)


async def test_a_document_is_shown_as_it_was_written(service: Service) -> None:
    document_id = await service.world.upload("a.md", f"# Till\n\nAsk {NAME} about the till.")
    client = await service.as_(Role.KNOWLEDGE_ADMIN)
    assert NAME in (await restored(client, document_id=document_id))["texts"]["text"]


async def test_a_case_is_shown_with_its_note_and_its_resolution(service: Service) -> None:
    asker = service.cases.principal()
    case = await service.cases.handoffs.open(asker, answer_id=await service.asked(), note=f"{NAME} waits")
    worker = service.cases.principal(role=Role.SUPPORT_AGENT, name="worker")
    await service.cases.desk.resolve(worker, case.case_id, resolution=f"Told {NAME.lower()}.")
    texts = (await restored(await service.as_(Role.SUPPORT_AGENT), case_id=case.case_id))["texts"]
    assert texts["note"] == f"{NAME} waits"
    assert texts["resolution"] == f"Told {NAME.lower()}."
    assert texts["question"] == texts["question_1"] == ASKED
    shown = await service.cases.desk.show(worker, case.case_id)
    assert NAME.lower() not in str(shown).lower()


@pytest.mark.parametrize("role", list(Role))
async def test_only_who_works_with_the_tenants_own_data_is_shown_it(service: Service, role: Role) -> None:
    answer_id = await service.asked()
    response = await (await service.as_(role)).post("/v1/restore", json={"answer_id": answer_id})
    may = role in (Role.SUPPORT_AGENT, Role.KNOWLEDGE_ADMIN, Role.PLATFORM_ADMIN, Role.OPERATOR)
    assert response.status_code == (200 if may else 403)
    assert (Permission.VAULT_RESTORE in PERMISSIONS[role]) is may
    assert (NAME in response.text) is may


async def test_a_foreign_tenant_is_told_nothing(service: Service) -> None:
    answer_id = await service.asked()
    case = await service.cases.handoffs.open(service.cases.principal(), answer_id=answer_id, note=NAME)
    document_id = await service.world.upload("a.md", f"# Till\n\nAsk {NAME}.")
    other = await service.world.tenants.create("other")
    client = await service.as_(Role.KNOWLEDGE_ADMIN, tenant=other.id)
    for body in ({"answer_id": answer_id}, {"case_id": case.case_id}, {"document_id": document_id}):
        assert (await client.post("/v1/restore", json=body)).status_code == 404
    found = await restored(client, text=f"Who is {PLACEHOLDER}?")
    assert found == {"texts": {"text": f"Who is {PLACEHOLDER}?"}, "restored": 0, "left": 1}


async def test_a_document_above_the_own_audience_is_unknown(service: Service) -> None:
    document_id = await service.world.upload("a.md", f"---\naudience: agent\n---\n# Till\n\nAsk {NAME}.")
    client = await service.as_(Role.SUPPORT_AGENT, audience=Audience.PARTNER)
    assert (await client.post("/v1/restore", json={"document_id": document_id})).status_code == 404


async def test_a_key_of_few_permissions_is_shown_no_record_that_it_may_not_read(service: Service) -> None:
    client = await service.as_(Role.SUPPORT_AGENT, scopes=[Permission.VAULT_RESTORE])
    for body in ({"answer_id": await service.asked()}, {"case_id": "C-1"}, {"document_id": "x"}):
        assert (await client.post("/v1/restore", json=body)).status_code == 403


async def test_each_restoration_is_told_with_who_and_what_and_no_value(service: Service) -> None:
    client, answer_id = await service.as_(Role.SUPPORT_AGENT), await service.asked()
    await restored(client, answer_id=answer_id)
    await restored(client, text=f"{PLACEHOLDER} called")
    await client.post("/v1/restore", json={"answer_id": "0" * 32})
    one, other = await service.acts()
    [key] = [key for key in await service.keys.of(service.world.tenant.id) if key.role == Role.SUPPORT_AGENT]
    assert (one.actor, one.target, one.details) == (key.id, f"answer/{answer_id}", {"restored": 2, "left": 0})
    assert other.details == {"restored": 1, "left": 0, "placeholders": [PLACEHOLDER]}
    assert NAME.lower() not in f"{one.details}{other.details}".lower()


@pytest.mark.parametrize("body", [{}, {"text": "a", "answer_id": "b"}, {"text": ""}, {"text": None}])
async def test_exactly_one_thing_is_named(service: Service, body: dict[str, str]) -> None:
    assert (await (await service.as_(Role.SUPPORT_AGENT)).post("/v1/restore", json=body)).status_code == 422


async def test_a_text_above_the_limit_is_refused(service: Service) -> None:
    client = await service.as_(Role.SUPPORT_AGENT)
    assert (await client.post("/v1/restore", json={"text": "x" * MOST})).status_code == 200
    response = await client.post("/v1/restore", json={"text": "x" * (MOST + 1)})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
