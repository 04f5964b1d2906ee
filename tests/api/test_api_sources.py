"""Sources over HTTP: added, listed, synced, paused and removed; what is refused, and that no secret comes back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_world import Json, Lab, calling, new_key, problem

from core.domain import Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

SECRET = "s3cret-of-ours"


@pytest.fixture
def operator(demo: Demo, lab: Lab) -> Iterator[httpx.Client]:
    """May name any folder of the server's disk."""
    with calling(demo, new_key(demo, lab.tenant, role=Role.OPERATOR).token) as api:
        yield api


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "scanner.md").write_text(
        "# Scanner\n\nHold both triggers for eleven seconds to reset the scanner."
    )
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "--quiet", "-m", "x")
    return folder


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def add(api: httpx.Client, uri: object, **more: object) -> httpx.Response:
    return api.post("/v1/sources", json={"corpus": "notes", "uri": str(uri), **more})


def finished(api: httpx.Client, job: Json) -> Json:
    until = time.monotonic() + 60
    while job["status"] in ("queued", "running"):
        assert time.monotonic() < until, job
        time.sleep(0.1)
        job = api.get(f"/v1/jobs/{job['id']}").json()
    return job


def test_a_repository_is_added_synced_answered_from_and_removed(operator: httpx.Client, repository: Path) -> None:
    added = add(operator, repository, kind="git", config={"folder": "docs"}, schedule="6h")
    assert added.status_code == 201, added.text
    source = added.json()
    assert (source["kind"], source["corpus"], source["schedule"], source["config"]) == (
        "git",
        "notes",
        "6h",
        {"folder": "docs"},
    )
    path = f"/v1/sources/{source['id']}"
    job = finished(operator, operator.post(f"{path}/sync").json())
    assert (job["status"], job["result"]["counts"]) == ("done", {"indexed": 1}), job
    assert operator.get(path).json()["synced_at"]
    assert [each["id"] for each in operator.get("/v1/sources").json()["sources"]] == [source["id"]]
    assert operator.post("/v1/releases", json={}).status_code == 201
    [passage, *_] = operator.post("/v1/search", json={"query": "reset the scanner"}).json()["passages"]
    assert passage["source"] == "scanner.md"
    assert operator.delete(path, params={"documents": "keep"}).status_code == 204
    problem(operator.get(path), 404, "not_found")
    assert operator.get("/v1/sources").json() == {"sources": []}


def test_the_contracts_two_fields_are_enough_for_a_folder(operator: httpx.Client, tmp_path: Path) -> None:
    first, again = add(operator, tmp_path).json(), add(operator, tmp_path).json()
    assert (first["id"], first["kind"], first["uri"]) == (again["id"], "files", str(tmp_path))


def test_a_paused_source_is_not_synced_until_it_is_resumed(operator: httpx.Client, tmp_path: Path) -> None:
    path = f"/v1/sources/{add(operator, tmp_path).json()['id']}"
    assert operator.post(f"{path}/pause").json()["paused"] is True
    problem(operator.post(f"{path}/sync"), 409, "source_paused")
    assert operator.post(f"{path}/resume").json()["paused"] is False
    assert operator.post(f"{path}/sync").status_code == 202


REFUSED = {
    "unknown_source_kind": ({"kind": "gopher"}, 422),
    "invalid_config": ({"kind": "git", "config": {"branch": "--upload-pack=x"}}, 422),
    "invalid_credentials": ({"kind": "git", "credentials": {"pass": SECRET}}, 422),
    "invalid_schedule": ({"schedule": "30s"}, 422),
    "invalid_uri": ({"kind": "bucket"}, 422),
    "missing_credentials": ({"kind": "bucket", "uri": "s3://docs"}, 422),
    "address_not_allowed": (
        {"kind": "git", "uri": "https://127.0.0.1/x.git", "credentials": {"password": SECRET}},
        422,
    ),
    "credentials_in_uri": ({"kind": "git", "uri": f"https://me:{SECRET}@example.com/x.git"}, 422),
    "unknown_branch": ({"kind": "git", "config": {"branch": "none"}}, 422),
    "source_not_found": ({"uri": "/no/such/folder"}, 422),
    "invalid_request": ({"kind": "git", "credentials": {"password": [SECRET]}}, 422),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_a_source_is_told_with_a_code_and_no_secret(
    operator: httpx.Client, repository: Path, code: str
) -> None:
    body, status = REFUSED[code]
    response = add(operator, body.get("uri", repository), **{key: value for key, value in body.items() if key != "uri"})
    problem(response, status, code)
    assert SECRET not in response.text
    assert operator.get("/v1/sources").json() == {"sources": []}


def test_places_on_the_server_are_the_operators_alone(lab: Lab, repository: Path) -> None:
    for kind in ("files", "git", "archive"):
        problem(add(lab.admin, repository, kind=kind), 403, "source_not_allowed")


def test_sources_are_their_tenants_and_their_admins(
    operator: httpx.Client, lab: Lab, corvane: httpx.Client, tmp_path: Path
) -> None:
    source = add(operator, tmp_path).json()["id"]
    assert lab.admin.get(f"/v1/sources/{source}").status_code == 200
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/sync"),
        ("POST", "/pause"),
        ("POST", "/resume"),
    ):
        problem(corvane.request(method, f"/v1/sources/{source}{path}"), 404, "not_found")
        problem(lab.partner.request(method, f"/v1/sources/{source}{path}"), 403, "forbidden")
    problem(lab.partner.get("/v1/sources"), 403, "forbidden")
    assert source not in corvane.get("/v1/sources").text
    problem(lab.admin.delete(f"/v1/sources/{source}", params={"documents": "burn"}), 422, "invalid_request")
