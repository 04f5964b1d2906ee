"""Every route that writes is listed: as one that anybody with a key for asking may use, or as a privileged one, which is called
here and leaves exactly one row in the audit. In process, over real services but for the models."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from audit_service import KEYRING, Service, served
from fastapi.routing import APIRoute
from sqlalchemy import select

from answers.tasks import open_task
from api.app import app_over
from api.people.accounts import NewAccount
from api.people.sessions import Method
from core.auth import Keys
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Role
from core.metering import Cost
from core.models import AuditRow, Json
from core.settings import Settings
from tests.case_world import CaseWorld

READS = {"GET", "HEAD"}

ASKING = {
    "POST /v1/ask",
    "POST /v1/search",
    "POST /v1/feedback",
    "POST /v1/handoffs",
    "POST /v1/chat/completions",
    "POST /widget/v1/session",
    "DELETE /widget/v1/session",
    "DELETE /widget/v1/answers/{answer_id}",
    "POST /v1/widgets/theme",  # keeps nothing
    "POST /slack/events",  # signed by Slack; what it leads to is one of the above
}
"""What anybody with a key for asking does: kept, in tables of its own, and no privileged act."""


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The chain itself is tested on both databases, in tests/core."""
    shutil.copyfile(sqlite_template, tmp_path / "copilot.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'copilot.db'}"


@pytest.fixture
async def service(database: Database, tmp_path: Path, quick_folder: Path) -> AsyncIterator[Service]:
    async with served(database, tmp_path, quick_folder) as service:
        yield service


Act = Callable[[Service], Awaitable[Callable[[], Awaitable[httpx.Response]]]]
"""Makes what must be there first; then the call itself."""

ACTS: dict[str, Act] = {}


def act(route: str) -> Callable[[Act], Act]:
    def listed(how: Act) -> Act:
        ACTS[route] = how
        return how

    return listed


def on_document(route: str, *, status: str = "", method: str = "POST", **body: object) -> None:
    """An act on a document of another author."""

    async def prepared(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
        if status == "waiting":
            named = await service.waiting("b.md")
        else:
            named = await service.document("b.md")
        if status == "draft":
            await service.admin.patch("/v1/corpora/docs", json={"requires_approval": True})
            again = await service.waiting("c.md")
            sent = {"revision_id": again["revision_id"], "comment": "Step 3 names the old service."}
            (await service.admin.post(f"/v1/documents/{again['document_id']}/reject", json=sent)).raise_for_status()
            named = again
        path = route.removeprefix(f"{method} ").replace("{document_id}", str(named["document_id"]))
        filled = {key: named["revision_id"] if value == "REVISION" else value for key, value in body.items()}
        return lambda: service.admin.request(method, path, json=filled or None)

    ACTS[route] = prepared


on_document("PATCH /v1/documents/{document_id}", method="PATCH", audience="agent")
on_document("DELETE /v1/documents/{document_id}", method="DELETE")
on_document("POST /v1/documents/{document_id}/approve", status="waiting", revision_id="REVISION", comment="")
on_document("POST /v1/documents/{document_id}/reject", status="waiting", revision_id="REVISION", comment="old")
on_document("POST /v1/documents/{document_id}/submit", status="draft")
on_document("POST /v1/documents/{document_id}/retire")
on_document("POST /v1/documents/{document_id}/comments", text="Does this still hold?")
on_document("POST /v1/documents/{document_id}/assign", owner="retail team")


def plain(route: str, path: str, body: Json | None = None, *, operator: bool = False) -> None:
    """An act that needs nothing to be there first."""

    async def prepared(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
        client = service.operator if operator else service.admin
        return lambda: client.request(route.split(maxsplit=1)[0], path, json=body)

    ACTS[route] = prepared


GOLD = [{"source": "a.md", "quote": "manual"}]
GOLDEN = {"id": "q1", "question": "How is it reset?", "kind": "answerable", "audience": "agent", "gold": GOLD}
plain("POST /v1/golden", "/v1/golden", {"questions": [GOLDEN]})
plain("PATCH /v1/golden/limits", "/v1/golden/limits", {"min_pass": 0.5})
plain("PATCH /v1/tenant/profile", "/v1/tenant/profile", {"region": "Germany"})
plain("PUT /v1/policy", "/v1/policy", {"topics": [{"name": "prices", "cues": ["list price"]}]})
plain("POST /v1/policy/rollback", "/v1/policy/rollback", {"version": 0})
plain("PUT /v1/prompt", "/v1/prompt", {"text": "Answer from the passages, or reply with NO_ANSWER."})
plain("POST /v1/prompt/rollback", "/v1/prompt/rollback", {"version": 0})
plain("POST /v1/confidence/fit", "/v1/confidence/fit")
plain("DELETE /v1/confidence", "/v1/confidence")
plain("POST /v1/reindex", "/v1/reindex")
plain("POST /v1/releases/collect", "/v1/releases/collect", {})
plain("POST /v1/restore", "/v1/restore", {"text": "<PERSON_aaaaaa> called"})
plain("PATCH /v1/retention", "/v1/retention", {"days": {"feedback": 90}}, operator=True)
plain("POST /v1/retention/run", "/v1/retention/run", operator=True)
plain("POST /v1/subjects/erase", "/v1/subjects/erase", {"emails": ["jo@example.com"]}, operator=True)
plain("POST /v1/subjects/export", "/v1/subjects/export", {"emails": ["jo@example.com"]}, operator=True)
plain("PATCH /v1/usage/budget", "/v1/usage/budget", {"questions": 5}, operator=True)


@act("POST /v1/documents")
async def _upload(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    files = {"file": ("a.md", b"# Scanner\n\nA manual of the scanner.")}
    return lambda: service.admin.post("/v1/documents", data={"corpus": "docs"}, files=files)


@act("POST /v1/documents/approve")
async def _approve_many(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    named = await service.waiting("b.md")
    return lambda: service.admin.post("/v1/documents/approve", json={"documents": [named]})


@act("POST /v1/documents/{document_id}/restore")
async def _restore(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    first = await service.document("b.md")
    await service.world.upload("b.md", "another manual of b")
    path = f"/v1/documents/{first['document_id']}/restore"
    return lambda: service.admin.post(path, json={"revision_id": first["revision_id"]})


@act("PATCH /v1/corpora/{name:path}")
async def _corpus(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    await service.document()
    return lambda: service.admin.patch("/v1/corpora/docs", json={"requires_approval": True})


@act("POST /v1/releases")
async def _publish(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    await service.document()
    return lambda: service.admin.post("/v1/releases", json={})


@act("POST /v1/releases/{number}/rollback")
async def _rollback(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    await service.published()
    return lambda: service.admin.post("/v1/releases/1/rollback")


@act("DELETE /v1/golden/{key:path}")
async def _forget_golden(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    (await service.admin.post("/v1/golden", json={"questions": [GOLDEN]})).raise_for_status()
    return lambda: service.admin.delete("/v1/golden/q1")


@act("PUT /v1/confidence/risk")
async def _risk(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    (await service.admin.post("/v1/confidence/fit")).raise_for_status()
    return lambda: service.admin.put("/v1/confidence/risk", json={"accepted_risk": 0.1})


async def _case(service: Service) -> str:
    world = CaseWorld(service.world.database)
    world.tenant_ids = {"acme": service.world.tenant.id}
    asker = world.principal()
    await world.handoffs.open(asker, answer_id=(await world.asked(asker)).answer_id)
    return "/v1/cases/C-1"


def on_case(route: str, body: Json | None = None, *, claimed: bool = False) -> None:
    async def prepared(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
        path = await _case(service)
        if claimed:
            (await service.admin.post(f"{path}/claim")).raise_for_status()
        return lambda: service.admin.post(f"{path}/{route.rpartition('/')[2]}", json=body)

    ACTS[route] = prepared


on_case("POST /v1/cases/{case_id}/claim")
on_case("POST /v1/cases/{case_id}/hand-back", claimed=True)
on_case("POST /v1/cases/{case_id}/resolve", {"resolution": "restarted it"})
CASE_ROUTE = {"kind": "webhook", "target": "https://desk.example.com/cases"}
plain("POST /v1/case-routes", "/v1/case-routes", CASE_ROUTE)


@act("DELETE /v1/case-routes/{route_id}")
async def _remove_case_route(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    made = await service.admin.post("/v1/case-routes", json=CASE_ROUTE)
    return lambda: service.admin.delete(f"/v1/case-routes/{made.json()['id']}")


@act("POST /v1/tasks/{task_id}/close")
async def _close_task(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    world = CaseWorld(service.world.database)
    world.tenant_ids = {"acme": service.world.tenant.id}
    given = await world.asked(world.principal())
    async with service.world.database.write(Crossing.UPKEEP) as session:
        await open_task(session, service.world.tenant.id, given.answer_id, reason="wrong", correction=None)
    [task] = (await service.admin.get("/v1/tasks")).json()["tasks"]
    return lambda: service.admin.post(f"/v1/tasks/{task['id']}/close")


WIDGET = {"name": "Partner portal", "origins": ["https://portal.example.com"]}
plain("POST /v1/widgets", "/v1/widgets", WIDGET)


async def _widget(service: Service) -> str:
    made = await service.admin.post("/v1/widgets", json=WIDGET)
    return f"/v1/widgets/{made.raise_for_status().json()['id']}"


@act("PATCH /v1/widgets/{widget_id}")
async def _change_widget(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    path = await _widget(service)
    return lambda: service.admin.patch(path, json={"name": "Shop portal"})


@act("POST /v1/widgets/{widget_id}/keys")
async def _widget_key(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    path = await _widget(service)
    return lambda: service.admin.post(f"{path}/keys", json={"issuer": "portal.example.com"})


@act("DELETE /v1/widgets/{widget_id}/keys/{kid}")
async def _end_widget_key(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    path = await _widget(service)
    made = await service.admin.post(f"{path}/keys", json={"issuer": "portal.example.com"})
    return lambda: service.admin.delete(f"{path}/keys/{made.json()['kid']}")


@act("POST /v1/grants")
async def _grant(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    await service.document()
    return lambda: service.admin.post("/v1/grants", json={"corpus": "docs", "grantee": "partner"})


@act("DELETE /v1/grants/{grant_id}")
async def _revoke(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    made = await (await _grant(service))()
    return lambda: service.admin.delete(f"/v1/grants/{made.json()['id']}")


@act("POST /v1/sources")
async def _add_source(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    service.world.write("box/a.md", "manual of a box")
    sent = {"corpus": "boxes", "uri": str(service.world.folder / "box")}
    return lambda: service.admin.post("/v1/sources", json=sent)


def on_source(route: str) -> None:
    async def prepared(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
        method, path = route.split()
        source_id = await service.source()
        return lambda: service.admin.request(method, path.replace("{source_id}", source_id))

    ACTS[route] = prepared


for on in (
    "DELETE /v1/sources/{source_id}",
    *(f"POST /v1/sources/{{source_id}}/{x}" for x in ("pause", "resume", "sync")),
):
    on_source(on)


@act("POST /v1/failures/{failure_id}/retry")
async def _retry_file(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    failure_id = await service.failure()
    return lambda: service.admin.post(f"/v1/failures/{failure_id}/retry")


@act("POST /v1/jobs/{job_id}/retry")
async def _retry(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    job_id = await service.job("failed")
    return lambda: service.admin.post(f"/v1/jobs/{job_id}/retry")


@act("POST /v1/jobs/{job_id}/cancel")
async def _cancel(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    job_id = await service.job("queued")
    return lambda: service.admin.post(f"/v1/jobs/{job_id}/cancel")


@act("POST /v1/usage/confirm")
async def _confirm(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    async with service.meter.turn(service.world.principal()):
        call = await service.meter.reserve("stub", Cost(5, 5))
    await service.meter.recover()
    told = {"calls": [{"id": call.id, "prompt_tokens": 3, "completion_tokens": 1}]}
    return lambda: service.operator.post("/v1/usage/confirm", json=told)


PASSWORD = "correct horse battery"


async def _person(service: Service) -> str:
    """The id of a platform admin."""
    new = NewAccount("root@acme.example", Role.PLATFORM_ADMIN, password=PASSWORD)
    return (await service.people.accounts.add(service.world.tenant.id, new)).id


async def _session(service: Service) -> str:
    """The credential of one of theirs; the same person's, where there is one already."""
    accounts = await service.people.accounts.of(service.world.tenant.id)
    if not accounts:
        await _person(service)
        accounts = await service.people.accounts.of(service.world.tenant.id)
    return await service.people.sessions.open(accounts[0], method=Method.PASSWORD)


def on_session(route: str, body: Json | None = None, *, other: bool = False) -> None:
    """An act of somebody who signed in; with `other` on another of their sessions."""

    async def prepared(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
        credential = await _session(service)
        method, path = route.split()
        if other:
            path = path.replace("{session_id}", (await _session(service)).split(".")[1])
        headers = {
            "cookie": f"__Host-copilot-session={credential}",
            "origin": "http://test",
            "x-csrf-token": service.people.sessions.csrf(credential),
        }
        return lambda: service.nobody.request(method, path, json=body, headers=headers)

    ACTS[route] = prepared


on_session("PATCH /v1/session", {"tenant": "acme"})
on_session("DELETE /v1/session")
on_session("PUT /v1/session/password", {"current": PASSWORD, "new": "another battery staple"})
on_session("DELETE /v1/sessions/{session_id}", other=True)
plain("POST /v1/users", "/v1/users", {"email": "ada@acme.example", "role": "auditor"}, operator=True)


@act("POST /v1/session")
async def _sign_in(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    await _person(service)
    return lambda: service.nobody.post("/v1/session", json={"email": "root@acme.example", "password": PASSWORD})


@act("PATCH /v1/users/{user_id}")
async def _change_user(service: Service) -> Callable[[], Awaitable[httpx.Response]]:
    made = await service.operator.post("/v1/users", json={"email": "ada@acme.example", "role": "auditor"})
    return lambda: service.operator.patch(f"/v1/users/{made.json()['id']}", json={"disabled": True})


def writing_routes() -> set[str]:
    app = app_over(cast(Any, SimpleNamespace(settings=Settings())))
    found: set[str] = set()
    for included in app.routes:
        router = getattr(included, "original_router", None)
        for route in router.routes if router else ():
            assert isinstance(route, APIRoute)
            found |= {f"{method} {route.path}" for method in route.methods - READS}
    return found


ENDING = {"DELETE /v1/tenant"}
"""Leaves nothing but its own row: see test_tenant_erase.py."""


def test_every_route_that_writes_is_listed() -> None:
    routes = writing_routes()
    assert len(routes) > 30, "the application's routes are not found any more"
    assert routes == ASKING | ACTS.keys() | ENDING


@pytest.mark.parametrize("route", sorted(ACTS))
async def test_a_privileged_call_leaves_one_row_that_names_who_called(service: Service, route: str) -> None:
    call = await ACTS[route](service)
    before = await service.rows()
    response = await call()
    assert response.is_success, f"{response.status_code} {response.text}"
    async with service.world.database.read(Crossing.UPKEEP) as session:
        new = (
            await session.scalars(select(AuditRow).order_by(AuditRow.id).offset(before + 1))
        ).all()  # 1: the partner's own
    assert await service.rows() == before + 1, [(row.action, row.target) for row in new]
    [act] = (await service.admin.get("/v1/audit", params={"limit": 1})).json()["acts"]
    assert len(act["actor"]) == 32, act
    assert (await service.admin.get("/v1/audit/verify")).json()["fault"] is None


async def test_a_refused_call_leaves_no_row(service: Service) -> None:
    before = await service.rows()
    for response in (
        await service.admin.delete(f"/v1/documents/{'0' * 32}"),
        await service.admin.post("/v1/releases/7/rollback"),
        await service.admin.patch("/v1/usage/budget", json={"questions": 1}),
    ):
        assert response.is_client_error
    assert await service.rows() == before


@pytest.mark.parametrize("role", list(Role))
async def test_the_audit_and_the_usage_are_for_those_who_answer_for_them(service: Service, role: Role) -> None:
    key = await Keys(service.world.database, KEYRING).create(
        service.world.tenant.id, role=role, audience=Audience.AGENT
    )
    headers = {"Authorization": f"Bearer {key.token}"}
    may = role in (Role.AUDITOR, Role.KNOWLEDGE_ADMIN, Role.PLATFORM_ADMIN, Role.OPERATOR)
    for path in ("/v1/audit", "/v1/audit/verify", "/v1/usage"):
        assert (await service.admin.get(path, headers=headers)).status_code == (200 if may else 403), path
    changed = await service.admin.patch("/v1/usage/budget", headers=headers, json={"tokens": 10})
    assert changed.status_code == (200 if role in (Role.OPERATOR, Role.PLATFORM_ADMIN) else 403)
