"""The operator's path on PostgreSQL, by the command line and the API alone: migrate, tenant, ingest, publish, ask, and the rest."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from journey_world import (
    DOCUMENTS,
    FREEZES,
    MAIL,
    PLANTED,
    UNKNOWN,
    Json,
    ask,
    command,
    finished_job,
    is_proved,
    is_told_in_order,
    serving,
    streamed,
    write_documents,
)
from sqlalchemy.engine import make_url

from tests.servers.postgres import OWNER, SERVICE, PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database without a schema, as its owner."""
    name = f"journey_{uuid4().hex[:12]}"
    yield postgres.create(name)
    postgres.drop(name)


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    address = make_url(url)
    with psycopg.connect(host=str(address.query["host"]), user=address.username, dbname=address.database) as connection:
        connection.execute("SELECT set_config('app.crossing', 'upkeep', true)")
        return connection.execute(statement.encode()).fetchall()


def printed(run: subprocess.CompletedProcess[str]) -> Json:
    assert run.returncode == 0, run.stderr
    found: Json = json.loads(run.stdout)
    return found


def test_the_whole_product_runs_on_postgresql(empty: str, tmp_path: Path) -> None:
    home, service = tmp_path / "home", empty.replace(f"//{OWNER}@", f"//{SERVICE}@")
    settings = {"DATABASE__URL": service, "DATABASE__OWNER_URL": empty}

    early = command(home, "tenant", "create", "acme", **settings)
    assert early.returncode != 0
    assert "partner-copilot migrate" in early.stderr
    assert "Traceback" not in early.stderr
    for arguments in (("migrate",), ("migrate",), ("tenant", "create", "acme")):  # migrating twice changes nothing
        run = command(home, *arguments, **settings)
        assert run.returncode == 0, run.stderr
    key = printed(command(home, "key", "create", "--tenant", "acme", "--audience", "agent", "--json", **settings))[
        "key"
    ]
    assert not list(home.glob("*.db")), "a SQLite file beside PostgreSQL"

    folder = write_documents(tmp_path / "docs")
    ingest = ("ingest", str(folder), "--tenant", "acme", "--corpus", "docs", "--publish", "--json")
    with serving(home, **settings) as server, server.api(key) as api:
        report = printed(command(home, *ingest, **settings))
        assert (report["counts"], report["release"]) == ({"indexed": len(DOCUMENTS)}, 1)
        again = printed(command(home, *ingest, **settings))
        assert (again["counts"], again["release"]) == ({"unchanged": len(DOCUMENTS)}, 1)

        answer = ask(api, f"I am {MAIL}. {FREEZES}")
        is_proved(api, answer)
        assert answer["redactions"]["EMAIL"] == 1
        is_told_in_order(streamed(api, FREEZES))
        vote = {"answer_id": answer["answer_id"], "vote": "down", "reason": "wrong", "comment": f"Mail {MAIL}"}
        assert api.post("/v1/feedback", json=vote).status_code == 204
        assert api.post("/v1/feedback", json=vote | {"vote": "up"}).status_code == 204

        unknown = ask(api, UNKNOWN)
        assert unknown["outcome"] == "abstained"
        case = api.post("/v1/handoffs", json={"answer_id": unknown["answer_id"], "contact": MAIL})
        assert (case.status_code, case.json()["status"]) == (201, "open")

        sources = rows(empty, "SELECT id FROM sources")
        job = api.post(f"/v1/sources/{sources[0][0]}/sync")
        assert job.status_code == 202, job.text
        assert finished_job(api, job.json()["id"])["result"]["counts"] == {"unchanged": len(DOCUMENTS)}
        assert api.post("/v1/releases/1/rollback").json() == {"release": 1}

    assert rows(empty, "SELECT count(*) FROM documents WHERE status = 'published'") == [(len(DOCUMENTS),)]
    assert rows(empty, "SELECT vote FROM feedback") == [("up",)]
    assert rows(empty, "SELECT status FROM handoffs") == [("open",)]
    assert set(rows(empty, "SELECT DISTINCT status FROM jobs")) == {("done",)}
    assert rows(empty, "SELECT sum(questions) FROM usage") == [(3,)]
    kept = str([rows(empty, f"SELECT * FROM {table}") for table in ("passages", "answers", "feedback", "handoffs")])
    assert not [planted for planted in PLANTED if planted in kept]


def test_a_worker_beside_the_embedded_index_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    name, url = postgres.create_fresh()
    try:
        run = command(tmp_path / "home", "worker", DATABASE__URL=url)
    finally:
        postgres.drop(name)
    assert run.returncode != 0
    assert "COPILOT_INDEX" in run.stderr
    assert "Traceback" not in run.stderr
