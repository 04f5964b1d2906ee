"""Jobs over HTTP: listed, retried, cancelled, and the index made anew while questions go on."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from api_world import Json, Lab, calling, new_key, problem, search, upload
from sqlalchemy import select

from core.crossings import Crossing
from core.database import Database
from core.domain import Role
from core.models import Job, Tenant, new_id
from core.settings import Settings
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

DOCK = "# Dock lamps\n\nA dock lamp that blinks amber wants a new fuse of 4 amperes.\n"


def stored(demo: Demo, tenant: str, *, status: str, **values: object) -> str:
    """A sync of no source, as an earlier run of the service left it; its id."""

    async def add() -> str:
        database = Database(Settings(home=demo.home).database_url)
        try:
            async with database.write(Crossing.UPKEEP) as session:
                owner = await session.scalar(select(Tenant.id).where(Tenant.slug == tenant))
                job = Job(
                    id=new_id(), tenant_id=owner, kind="sync", args={"source_id": new_id()}, status=status, **values
                )
                session.add(job)
            return job.id
        finally:
            await database.aclose()

    return asyncio.run(add())


def ended(api: httpx.Client, job_id: str) -> Json:
    for _ in range(1200):
        job: Json = api.get(f"/v1/jobs/{job_id}").json()
        if job["status"] not in ("queued", "running"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job does not end: {job}")


def test_a_job_that_fails_is_listed_with_its_reason_and_can_be_retried(lab: Lab, demo: Demo) -> None:
    job_id = stored(demo, lab.tenant, status="queued")
    job = ended(lab.admin, job_id)
    assert (job["status"], job["error"]) == ("failed", {"code": "not_found", "detail": "no such source"})
    [listed] = lab.admin.get("/v1/jobs", params={"status": "failed"}).json()["jobs"]
    assert (listed["id"], listed["error"]) == (job_id, job["error"])
    assert "result" not in listed
    assert lab.admin.get("/v1/jobs", params={"status": "done"}).json() == {"jobs": [], "next": None}

    again = lab.admin.post(f"/v1/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["status"], again.json()["error"]) == (202, "queued", None)
    assert ended(lab.admin, job_id)["status"] == "failed"


def test_a_job_is_cancelled_once(lab: Lab, demo: Demo) -> None:
    job_id = stored(demo, lab.tenant, status="queued", not_before=datetime.now(UTC) + timedelta(days=1))
    cancelled = lab.admin.post(f"/v1/jobs/{job_id}/cancel").json()
    assert (cancelled["status"], cancelled["error"]["code"]) == ("cancelled", "cancelled")
    problem(lab.admin.post(f"/v1/jobs/{job_id}/cancel"), 409, "job_ended")


def test_jobs_are_listed_page_by_page(lab: Lab, demo: Demo) -> None:
    ids = [stored(demo, lab.tenant, status="done") for _ in range(5)]
    first = lab.admin.get("/v1/jobs", params={"limit": 3}).json()
    second = lab.admin.get("/v1/jobs", params={"limit": 3, "after": first["next"]}).json()
    assert [job["id"] for job in first["jobs"] + second["jobs"]] == ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "status=asleep", f"after={'x' * 65}"])
def test_a_list_that_cannot_be_is_refused(lab: Lab, query: str) -> None:
    problem(lab.admin.get(f"/v1/jobs?{query}"), 422, "invalid_request")


def test_another_tenants_jobs_are_not_there(lab: Lab, demo: Demo, corvane: httpx.Client) -> None:
    job_id = stored(demo, lab.tenant, status="failed")
    assert job_id not in corvane.get("/v1/jobs", params={"limit": 200}).text
    for response in (
        corvane.get(f"/v1/jobs/{job_id}"),
        corvane.get(f"/v1/jobs?after={job_id}"),
        corvane.post(f"/v1/jobs/{job_id}/retry"),
        corvane.post(f"/v1/jobs/{job_id}/cancel"),
    ):
        problem(response, 404, "not_found")
    assert lab.admin.get(f"/v1/jobs/{job_id}").json()["status"] == "failed"


def test_an_auditor_reads_jobs_and_changes_none(lab: Lab, demo: Demo) -> None:
    job_id = stored(demo, lab.tenant, status="failed")
    with calling(demo, new_key(demo, lab.tenant, role=Role.AUDITOR).token) as auditor:
        assert auditor.get("/v1/jobs").json()["jobs"][0]["id"] == job_id
        for path in (f"/v1/jobs/{job_id}/retry", f"/v1/jobs/{job_id}/cancel", "/v1/reindex"):
            problem(auditor.post(path), 403, "forbidden")
    for response in (lab.partner.get("/v1/jobs"), lab.partner.post("/v1/reindex")):
        problem(response, 403, "forbidden")


def test_the_index_is_looked_through_on_demand(lab: Lab) -> None:
    assert upload(lab.admin, "dock.md", DOCK).status_code == 201
    assert lab.admin.post("/v1/releases", json={}).status_code == 201
    before = search(lab.admin, "amber dock lamp")
    started = lab.admin.post("/v1/reindex")
    assert (started.status_code, started.json()["kind"]) == (202, "reindex")
    job = ended(lab.admin, started.json()["id"])
    assert (job["status"], job["result"]["switched"], job["result"]["passages"]) == ("done", False, 0)
    assert search(lab.admin, "amber dock lamp") == before
