"""Grants and profiles over HTTP: who may give, who sees what was given, and what cannot be given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from api_world import Json, Lab, calling, new_key, new_tenant, problem, upload

from core.domain import Audience, Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow


@pytest.fixture
def partner(demo: Demo) -> Iterator[tuple[str, httpx.Client]]:
    """Another tenant's name, and its knowledge admin."""
    slug = new_tenant(demo)
    with calling(demo, new_key(demo, slug).token) as api:
        yield slug, api


def give(api: httpx.Client, to: str, **more: object) -> httpx.Response:
    return api.post("/v1/grants", json={"corpus": "notes", "grantee": to, **more})


def given(api: httpx.Client) -> list[Json]:
    found: list[Json] = api.get("/v1/grants").json()["given"]
    return found


def received(api: httpx.Client) -> list[Json]:
    found: list[Json] = api.get("/v1/grants").json()["received"]
    return found


def test_a_grant_is_seen_by_both_sides_changed_by_its_owner_and_revoked(
    lab: Lab, partner: tuple[str, httpx.Client]
) -> None:
    slug, other = partner
    upload(lab.admin, "a.md", "# A\n\nRestart the till at night.")
    made = give(lab.admin, slug)
    assert made.status_code == 201, made.text
    grant = made.json()
    assert (grant["owner"], grant["corpus"], grant["grantee"], grant["expired"]) == (lab.tenant, "notes", slug, False)
    assert given(lab.admin) == received(other) == [grant]
    assert received(lab.admin) == given(other) == []

    ends = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    changed = give(lab.admin, slug, expires_at=ends.isoformat()).json()
    assert changed["id"] == grant["id"]
    assert datetime.fromisoformat(changed["expires_at"]) == ends
    assert len(given(lab.admin)) == 1

    assert lab.admin.delete(f"/v1/grants/{grant['id']}").status_code == 204
    assert given(lab.admin) == received(other) == []
    problem(lab.admin.delete(f"/v1/grants/{grant['id']}"), 404, "not_found")


def test_only_the_owner_revokes_and_to_others_the_grant_does_not_exist(
    lab: Lab, partner: tuple[str, httpx.Client]
) -> None:
    slug, other = partner
    upload(lab.admin, "a.md", "# A\n\nRestart the till at night.")
    grant = give(lab.admin, slug).json()
    foreign = problem(other.delete(f"/v1/grants/{grant['id']}"), 404, "not_found")
    unknown = problem(other.delete(f"/v1/grants/{'0' * 32}"), 404, "not_found")
    assert foreign["detail"] == unknown["detail"]
    assert given(lab.admin) == [grant]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"corpus": "nothing"}, 404, "unknown_corpus"),
        ({"grantee": "nobody-here"}, 404, "unknown_tenant"),
        ({"grantee": "SELF"}, 422, "grant_to_self"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "invalid_expiry"),
        ({"expires_at": "2040-01-01T00:00:00"}, 422, "invalid_request"),
        ({"expires_at": "soon"}, 422, "invalid_request"),
        ({"corpus": ""}, 422, "invalid_request"),
        ({"audience": "agent"}, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_granted_is_a_problem_that_says_why(lab: Lab, body: Json, status: int, code: str) -> None:
    upload(lab.admin, "a.md", "# A\n\nRestart the till at night.")
    body = {"corpus": "notes", "grantee": "stitchwell"} | body
    body["grantee"] = lab.tenant if body["grantee"] == "SELF" else body["grantee"]
    problem(lab.admin.post("/v1/grants", json=body), status, code)
    assert given(lab.admin) == []


def test_anothers_corpus_cannot_be_granted_on(lab: Lab, partner: tuple[str, httpx.Client], demo: Demo) -> None:
    slug, other = partner
    upload(lab.admin, "a.md", "# A\n\nRestart the till at night.")
    give(lab.admin, slug)
    problem(give(other, "stitchwell"), 404, "unknown_corpus")


@pytest.mark.parametrize("role", [Role.PARTNER_USER, Role.SUPPORT_AGENT, Role.EDITOR, Role.AUDITOR])
def test_granting_and_the_profile_need_an_admins_key(demo: Demo, lab: Lab, role: Role) -> None:
    with calling(demo, new_key(demo, lab.tenant, role=role, audience=Audience.AGENT).token) as api:
        problem(give(api, "stitchwell"), 403, "forbidden")
        problem(api.delete(f"/v1/grants/{'0' * 32}"), 403, "forbidden")
        problem(api.patch("/v1/tenant/profile", json={"version": "7.2"}), 403, "forbidden")
        assert api.get("/v1/grants").status_code == (403 if role is Role.PARTNER_USER else 200)


def test_the_demos_partners_read_the_vendors_shared_corpus_by_a_grant(demo: Demo) -> None:
    for partner in ("larderworks", "stitchwell"):
        with demo.api(partner) as api:
            assert [(one["owner"], one["corpus"]) for one in received(api)] == [("corvane", "shared")]
    with demo.api("corvane") as api:
        assert {(one["corpus"], one["grantee"]) for one in given(api)} >= {
            ("shared", "larderworks"),
            ("shared", "stitchwell"),
        }


def test_a_profile_is_kept_and_changed_field_by_field(lab: Lab) -> None:
    nothing = {"product": None, "version": None, "module": None, "region": None}
    assert lab.admin.get("/v1/tenant/profile").json() == nothing
    lab.admin.patch("/v1/tenant/profile", json={"product": "Corvane Retail", "version": "7.2"})
    changed = lab.admin.patch("/v1/tenant/profile", json={"version": "7.3", "region": "UK"}).json()
    assert changed == nothing | {"product": "Corvane Retail", "version": "7.3", "region": "UK"}
    assert lab.admin.patch("/v1/tenant/profile", json={"region": ""}).json()["region"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"version": "newest"}, "invalid_version"),
        ({"version": "7" * 21}, "invalid_request"),
        ({"colour": "red"}, "invalid_request"),
        ({"region": ["UK"]}, "invalid_request"),
    ],
)
def test_what_is_no_profile_is_refused(lab: Lab, body: Json, code: str) -> None:
    problem(lab.admin.patch("/v1/tenant/profile", json=body), 422, code)
