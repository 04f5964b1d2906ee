"""Granted corpora in answers: pooled with the own ones, conflicts told, permission current; and the version that an asker runs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from api_world import Json, Lab, ask, calling, new_key, new_tenant, search, upload

from core.domain import Audience, Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

SESSIONS = "# Remote access to customer systems\n\n## Sessions\n\n{}\n"
VENDOR_SAYS = "A remote session ends by itself after 120 minutes and may be prolonged once."
PARTNER_SAYS = "A remote session ends by itself after 90 minutes and may be prolonged once."
ASKED = "After how many minutes does a remote session end by itself?"


@pytest.fixture
def partner(demo: Demo) -> Iterator[tuple[str, httpx.Client, httpx.Client]]:
    """Another tenant: its slug, its knowledge admin and one of its partners' users."""
    slug = new_tenant(demo)
    reader = new_key(demo, slug, role=Role.SUPPORT_AGENT, audience=Audience.PARTNER).token
    with calling(demo, new_key(demo, slug).token) as admin, calling(demo, reader) as user:
        yield slug, admin, user


def publish(api: httpx.Client) -> int:
    done = api.post("/v1/releases", json={})
    assert done.status_code == 201, done.text
    return int(done.json()["release"])


def add(api: httpx.Client, name: str, text: str, **form: str) -> None:
    done = upload(api, name, text, **form)
    assert done.status_code == 201, done.text


def share(lab: Lab, slug: str) -> str:
    done = lab.admin.post("/v1/grants", json={"corpus": "notes", "grantee": slug})
    assert done.status_code == 201, done.text
    return str(done.json()["id"])


def test_a_granted_corpus_answers_until_the_grant_is_revoked(
    lab: Lab, partner: tuple[str, httpx.Client, httpx.Client]
) -> None:
    slug, admin, user = partner
    add(lab.admin, "remote.md", SESSIONS.format(VENDOR_SAYS))
    release = publish(lab.admin)
    assert search(user, ASKED) == []
    grant = share(lab, slug)
    answer = ask(user, ASKED)
    assert "120 minutes" in answer["text"], answer
    assert [citation["source"] for citation in answer["citations"]] == ["remote.md"]
    assert release in answer["releases"].values()
    [cited] = {citation["document_id"] for citation in answer["citations"]}
    shown = user.get(f"/v1/documents/{cited}").json()
    assert VENDOR_SAYS in shown["text"] and "owner" not in shown["metadata"]
    assert user.delete(f"/v1/documents/{cited}").status_code == 403
    assert admin.delete(f"/v1/documents/{cited}").status_code == 404
    assert lab.admin.delete(f"/v1/grants/{grant}").status_code == 204
    assert search(user, ASKED) == []
    assert user.get(f"/v1/documents/{cited}").status_code == 404
    assert ask(user, ASKED)["outcome"] == "abstained"


def test_what_the_owner_keeps_for_its_own_agents_stays_there(
    lab: Lab, partner: tuple[str, httpx.Client, httpx.Client]
) -> None:
    slug, admin, _ = partner
    add(lab.admin, "remote.md", SESSIONS.format(VENDOR_SAYS), audience="agent")
    publish(lab.admin)
    share(lab, slug)
    assert search(lab.admin, ASKED)
    assert search(admin, ASKED) == []


def test_an_overlay_that_differs_stands_first_and_the_answer_says_so(
    lab: Lab, partner: tuple[str, httpx.Client, httpx.Client]
) -> None:
    slug, admin, user = partner
    add(lab.admin, "remote.md", SESSIONS.format(VENDOR_SAYS), doc_type="policy")
    add(admin, "own-remote.md", SESSIONS.format(PARTNER_SAYS), doc_type="policy")
    publish(lab.admin)
    publish(admin)
    share(lab, slug)
    found = search(user, ASKED)
    assert [passage["source"] for passage in found[:2]] == ["own-remote.md", "remote.md"]
    assert abs(found[0]["score"] - found[1]["score"]) < 0.02
    answer = ask(user, ASKED)
    assert "Your own policy says" in answer["text"], answer["text"]
    assert "90 minutes" in answer["text"] and "120 minutes" in answer["text"]
    assert {citation["source"] for citation in answer["citations"]} == {"own-remote.md", "remote.md"}
    assert len(answer["releases"]) == 2


def test_an_overlay_about_something_else_is_not_promoted(
    lab: Lab, partner: tuple[str, httpx.Client, httpx.Client]
) -> None:
    slug, admin, user = partner
    add(lab.admin, "remote.md", SESSIONS.format(VENDOR_SAYS))
    add(admin, "printers.md", "# Receipt printers\n\nA printer is opened by its lever on the side.")
    publish(lab.admin)
    publish(admin)
    share(lab, slug)
    assert next(passage["source"] for passage in search(user, ASKED)) == "remote.md"
    assert "own" not in ask(user, ASKED)["text"]


VERSIONED = "---\ntitle: {title}\nversions: '{versions}'\n---\n# {title}\n\n{text}\n"
OLD = "The night export of CorvaneSync starts at 02:15 and writes one file for each store."
NEW = "The night export of CorvaneSync starts at 04:45 and writes one file for each region."
EXPORT = "When does the night export of CorvaneSync start?"


def versioned(title: str, versions: str, text: str) -> str:
    return VERSIONED.format(title=title, versions=versions, text=text)


def stated(api: httpx.Client, question: str, **filters: str) -> Json:
    return ask(api, question, filters=filters)


def test_only_a_newer_one_matches_and_the_answer_says_so(lab: Lab) -> None:
    add(lab.admin, "new.md", versioned("Night export", ">=7.4", NEW))
    publish(lab.admin)
    for answer in (stated(lab.partner, EXPORT, version="7.2"), ask(lab.partner, f"We run 7.2. {EXPORT}")):
        assert answer["outcome"] == "answered", answer
        assert "04:45" in answer["text"]
        assert "applies to 7.4 and later; you run 7.2" in answer["text"]
    assert "you run" not in stated(lab.partner, EXPORT, version="7.4")["text"]
    assert search(lab.partner, EXPORT, filters={"version": "7.2"}) == []


def test_a_tenant_states_its_version_once(lab: Lab) -> None:
    add(lab.admin, "old.md", versioned("Night export", "<7.4", OLD))
    add(lab.admin, "new.md", versioned("Night export", ">=7.4", NEW))
    publish(lab.admin)
    assert lab.admin.patch("/v1/tenant/profile", json={"version": "7.2"}).status_code == 200
    answer = ask(lab.partner, EXPORT)
    assert "02:15" in answer["text"] and "04:45" not in answer["text"]
    assert "This changed with 7.4." in answer["text"]
    newer = ask(lab.partner, f"{EXPORT} I mean in 7.5.")
    assert "04:45" in newer["text"] and "02:15" not in newer["text"]


def test_a_text_for_another_region_is_said_to_be_one(lab: Lab) -> None:
    add(lab.admin, "uk.md", "---\nregion: UK\n---\n# Night export\n\n" + OLD)
    publish(lab.admin)
    answer = stated(lab.partner, EXPORT, region="Germany")
    assert "written for UK; you asked for Germany" in answer["text"], answer["text"]


def test_what_is_no_longer_in_force_is_said_to_have_ended(lab: Lab) -> None:
    add(lab.admin, "old.md", "---\neffective_from: 2020-01-01\neffective_to: 2021-12-31\n---\n# Night export\n\n" + OLD)
    publish(lab.admin)
    assert search(lab.partner, EXPORT) == []
    answer = stated(lab.partner, EXPORT, as_of="2021-12-31")
    assert "In force until 2021-12-31." in answer["text"], answer["text"]


def test_a_superseded_text_never_stands_before_its_successor(lab: Lab) -> None:
    add(lab.admin, "old.md", "# Night export\n\n" + OLD)
    add(lab.admin, "new.md", "---\nsupersedes: old.md\n---\n# The export at night, new rules\n\n" + NEW)
    publish(lab.admin)
    assert {passage["source"] for passage in search(lab.partner, EXPORT)} == {"new.md"}
    [newer] = [d for d in lab.admin.get("/v1/documents").json()["documents"] if d["source"] == "new.md"]
    assert lab.admin.delete(f"/v1/documents/{newer['id']}").status_code in (200, 204)
    assert {passage["source"] for passage in search(lab.partner, EXPORT)} == {"old.md"}
