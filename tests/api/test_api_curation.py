"""The life of a document over HTTP: who may move it where, and what everybody else is told."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from api_world import Json, Lab, calling, new_key, new_tenant, problem, search, upload

from core.domain import Audience, Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

DOCK = (
    "---\ntitle: Dock scanner\n---\n# Reset\n\nA dock scanner is reset by holding both triggers for eleven seconds.\n"
)
QUERY = "How is a dock scanner reset?"
UNKNOWN = "0" * 32


@pytest.fixture
def editor(lab: Lab, demo: Demo) -> Iterator[httpx.Client]:
    with calling(demo, new_key(demo, lab.tenant, role=Role.EDITOR).token) as api:
        yield api


@pytest.fixture
def reviewed(lab: Lab) -> Lab:
    """A lab whose corpus 'notes' asks for a second person."""
    upload(lab.admin, "first.md", "# Labels\n\nLabel rolls are changed from the left side.\n")
    changed = lab.admin.patch("/v1/corpora/notes", json={"requires_approval": True})
    assert changed.json() == {"name": "notes", "requires_approval": True, "documents": {"approved": 1}}
    return lab


def uploaded(api: httpx.Client, text: str = DOCK, name: str = "dock.md", **form: str) -> Json:
    """The document's row, as the lists show it."""
    response = upload(api, name, text, **form)
    assert response.status_code == 201, response.text
    return row(api, response.json()["id"])


def row(api: httpx.Client, document_id: str) -> Json:
    found: Json = api.get(f"/v1/documents/{document_id}/revisions").json()["document"]
    return found


def act(api: httpx.Client, document: Json, name: str, **body: object) -> httpx.Response:
    named = {"revision_id": document["revision_id"]} if name in ("approve", "reject") else {}
    return api.post(f"/v1/documents/{document['id']}/{name}", json={**named, **body})


def waiting(api: httpx.Client, **query: object) -> list[str]:
    response = api.get("/v1/documents", params=query)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return [each["source"] for each in response.json()["documents"]]


def test_an_editor_writes_and_an_admin_approves_and_publishes(reviewed: Lab, editor: httpx.Client) -> None:
    document = uploaded(editor)
    assert (document["status"], document["requires_approval"]) == ("in_review", True)
    assert waiting(reviewed.admin, status="in_review") == ["dock.md"]
    problem(act(editor, document, "approve"), 403, "forbidden")
    problem(act(editor, document, "reject", comment="no"), 403, "forbidden")
    problem(editor.post("/v1/releases", json={}), 403, "forbidden")
    problem(editor.patch("/v1/corpora/notes", json={"requires_approval": False}), 403, "forbidden")

    rejected = act(reviewed.admin, document, "reject", comment="Which triggers?")
    assert (rejected.status_code, rejected.json()["status"]) == (200, "draft")
    comments = editor.get(f"/v1/documents/{document['id']}/comments").json()["comments"]
    assert [(each["text"], each["revision_id"]) for each in comments] == [("Which triggers?", document["revision_id"])]
    assert act(editor, document, "submit").json()["status"] == "in_review"
    approved = act(reviewed.admin, document, "approve", comment="Good now.")
    assert approved.json()["status"] == "approved"
    assert search(reviewed.partner, QUERY) == []
    assert reviewed.admin.post("/v1/releases", json={}).status_code == 201
    assert {passage["document_id"] for passage in search(reviewed.partner, QUERY)} >= {document["id"]}
    published = row(reviewed.admin, document["id"])
    assert (published["status"], published["published_revision_id"]) == ("published", document["revision_id"])


def test_the_author_of_a_revision_does_not_approve_it(reviewed: Lab, demo: Demo) -> None:
    document = uploaded(reviewed.admin)
    found = problem(act(reviewed.admin, document, "approve"), 403, "own_revision")
    assert "second person" in found["detail"]
    with calling(demo, new_key(demo, reviewed.tenant).token) as colleague:
        assert act(colleague, document, "approve").json()["status"] == "approved"
        found = problem(act(colleague, document, "approve"), 409, "invalid_transition")
    assert found["possible"] == ["publish", "reject", "retire", "withdraw", "restore"]


def test_an_approval_names_the_revision_that_was_read(reviewed: Lab, editor: httpx.Client) -> None:
    document = uploaded(editor)
    newer = uploaded(editor, DOCK.replace("eleven", "nineteen"))
    problem(act(reviewed.admin, document, "approve"), 409, "revision_changed")
    problem(reviewed.admin.post(f"/v1/documents/{document['id']}/approve", json={}), 422, "invalid_request")
    assert act(reviewed.admin, newer, "approve").json()["status"] == "approved"


def test_many_approvals_are_told_apart(reviewed: Lab, editor: httpx.Client) -> None:
    one, own = uploaded(editor), uploaded(reviewed.admin, DOCK, "own.md")
    pairs = [(one["id"], one["revision_id"]), (own["id"], own["revision_id"]), (UNKNOWN, UNKNOWN)]
    body = {"documents": [{"document_id": a, "revision_id": b} for a, b in pairs]}
    response = reviewed.admin.post("/v1/documents/approve", json=body)
    assert response.status_code == 200
    results = response.json()["results"]
    assert [(each["id"], each.get("status"), each.get("code")) for each in results] == [
        (one["id"], "approved", None),
        (own["id"], None, "own_revision"),
        (UNKNOWN, None, "not_found"),
    ]
    problem(reviewed.admin.post("/v1/documents/approve", json={"documents": []}), 422, "invalid_request")
    problem(reviewed.admin.post("/v1/documents/approve", json={"documents": body["documents"] * 67}), 413, "too_many")


def test_unknown_and_foreign_documents_look_the_same_everywhere(lab: Lab, demo: Demo) -> None:
    document = uploaded(lab.admin)
    hidden = uploaded(lab.admin, DOCK, "hidden.md", audience="agent")
    with calling(demo, new_key(demo, new_tenant(demo)).token) as stranger:
        foreign = [_told(stranger, each) for each in (document["id"], UNKNOWN, "x" * 200)]
    assert foreign[0] == foreign[1] == foreign[2]
    with calling(demo, new_key(demo, lab.tenant, audience=Audience.PARTNER).token) as partner:
        assert _told(partner, hidden["id"]) == foreign[0]
        assert waiting(partner) == ["dock.md"]


def _told(api: httpx.Client, document_id: str) -> list[str]:
    path = f"/v1/documents/{document_id}"
    body = {"revision_id": "r", "comment": "no"}
    responses = [
        api.get(f"{path}/revisions"),
        api.get(f"{path}/diff"),
        api.get(f"{path}/comments"),
        api.post(f"{path}/comments", json={"text": "hello"}),
        api.post(f"{path}/submit"),
        api.post(f"{path}/approve", json=body),
        api.post(f"{path}/reject", json=body),
        api.post(f"{path}/retire"),
        api.post(f"{path}/restore", json={"revision_id": "r"}),
        api.post(f"{path}/assign", json={"owner": "me"}),
    ]
    for response in responses:
        problem(response, 404, "not_found")
    return [response.text for response in responses]


def test_an_endless_comment_is_refused_by_its_limit(lab: Lab) -> None:
    document = uploaded(lab.admin)
    path = f"/v1/documents/{document['id']}"
    for response in (
        lab.admin.post(f"{path}/comments", json={"text": "x" * 100_000}),
        act(lab.admin, document, "reject", comment="x" * 100_000),
    ):
        assert "COPILOT_CURATION__MAX_COMMENT_CHARS" in problem(response, 413, "too_large")["detail"]
    problem(lab.admin.post(f"{path}/comments", json={"text": " \n "}), 422, "empty_comment")
    problem(act(lab.admin, document, "reject", comment=""), 422, "empty_comment")
    assert lab.admin.get(f"{path}/comments").json() == {"comments": [], "next_cursor": None}


def test_personal_data_in_a_comment_is_redacted(lab: Lab) -> None:
    document = uploaded(lab.admin)
    path = f"/v1/documents/{document['id']}/comments"
    said = lab.admin.post(path, json={"text": "Ask kim.larsen@northwind.example or +44 20 7946 0958."})
    assert said.status_code == 201
    for text in (said.text, lab.admin.get(path).text):
        assert "kim.larsen" not in text
        assert "7946" not in text


def test_revisions_are_listed_compared_and_restored(lab: Lab) -> None:
    first = uploaded(lab.admin)
    lab.admin.post("/v1/releases", json={})
    second = uploaded(lab.admin, DOCK.replace("eleven", "nineteen"))
    path = f"/v1/documents/{first['id']}"
    listed = lab.admin.get(f"{path}/revisions").json()["revisions"]
    assert [(each["id"], each["newest"], each["published"]) for each in listed] == [
        (second["revision_id"], True, False),
        (first["revision_id"], False, True),
    ]
    diff = lab.admin.get(f"{path}/diff").json()
    assert (diff["before"], diff["after"]) == (first["revision_id"], second["revision_id"])
    assert "\n-A dock scanner is reset by holding both triggers for eleven seconds.\n" in diff["unified"]
    back = lab.admin.get(f"{path}/diff", params={"from": second["revision_id"], "to": first["revision_id"]}).json()
    assert (back["added"], back["removed"]) == (diff["removed"], diff["added"])
    problem(lab.admin.get(f"{path}/diff", params={"from": UNKNOWN}), 404, "unknown_revision")

    problem(lab.admin.post(f"{path}/restore", json={"revision_id": UNKNOWN}), 404, "unknown_revision")
    problem(lab.admin.post(f"{path}/restore", json={"revision_id": second["revision_id"]}), 409, "already_newest")
    restored = lab.admin.post(f"{path}/restore", json={"revision_id": first["revision_id"]}).json()
    assert (restored["revision_id"], restored["status"]) == (first["revision_id"], "published")
    lab.admin.post("/v1/releases", json={})
    assert "eleven seconds" in search(lab.partner, QUERY)[0]["text"]


def test_a_withdrawn_document_is_restored_with_its_vectors(lab: Lab) -> None:
    document = uploaded(lab.admin)
    lab.admin.post("/v1/releases", json={})
    before = search(lab.partner, QUERY)
    assert lab.admin.delete(f"/v1/documents/{document['id']}").status_code == 204
    restored = act(lab.admin, document, "restore", revision_id=document["revision_id"])
    assert restored.json()["status"] == "approved"
    lab.admin.post("/v1/releases", json={})
    after = search(lab.partner, QUERY)
    assert [(p["text"], p["score"]) for p in after] == [(p["text"], p["score"]) for p in before]


def test_lists_narrow_and_come_in_pages(lab: Lab) -> None:
    for number in range(3):
        uploaded(lab.admin, f"# Printer {number}\n\nPrinter {number} is cleaned weekly.\n", f"printers/{number}.md")
    due = uploaded(lab.admin)
    assigned = act(lab.admin, due, "assign", owner="dock team", review_by="2020-01-01").json()
    assert (assigned["owner"], assigned["review_by"]) == ("dock team", "2020-01-01")
    assert waiting(lab.admin, due=True) == ["dock.md"]
    assert act(lab.admin, due, "assign", review_by=None).json()["owner"] == "dock team"
    assert waiting(lab.admin, due=True) == []
    assert waiting(lab.admin, q="printer 1") == ["printers/1.md"]
    assert waiting(lab.admin, status="draft") == waiting(lab.admin, corpus="none") == []
    assert waiting(lab.admin, q="\x00printer\x00 1") == ["printers/1.md"]

    seen: list[str] = []
    cursor = None
    while True:
        page = lab.admin.get("/v1/documents", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [each["source"] for each in page["documents"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ["dock.md", "printers/0.md", "printers/1.md", "printers/2.md"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=nonsense", "invalid_cursor"),
        ("cursor=%00", "invalid_cursor"),
        ("limit=0", "invalid_limit"),
        ("limit=100000", "invalid_limit"),
        ("limit=some", "invalid_request"),
        ("status=lost", "invalid_request"),
        ("due=perhaps", "invalid_request"),
        ("q=" + "x" * 201, "invalid_request"),
    ],
)
def test_a_list_that_cannot_be_is_refused(lab: Lab, query: str, code: str) -> None:
    problem(lab.admin.get(f"/v1/documents?{query}"), 422, code)


def test_a_corpus_of_any_name_has_its_setting(lab: Lab) -> None:
    uploaded(lab.admin, DOCK, corpus="handbücher/kasse 1")
    assert lab.admin.get("/v1/corpora").json() == {
        "corpora": [{"name": "handbücher/kasse 1", "requires_approval": False, "documents": {"approved": 1}}]
    }
    path = "/v1/corpora/handb%C3%BCcher/kasse%201"
    assert lab.admin.patch(path, json={"requires_approval": True}).json()["requires_approval"] is True
    problem(lab.admin.patch("/v1/corpora/none", json={"requires_approval": True}), 404, "unknown_corpus")
    problem(lab.admin.patch(path, json={"requires_approval": "perhaps"}), 422, "invalid_request")
    problem(lab.partner.patch(path, json={"requires_approval": False}), 403, "forbidden")


def test_a_reading_key_reads_and_changes_nothing(lab: Lab) -> None:
    document = uploaded(lab.admin)
    path = f"/v1/documents/{document['id']}"
    assert row(lab.partner, document["id"])["acts"] == []
    assert lab.partner.get(f"{path}/diff").status_code == 200
    for name in ("submit", "retire", "approve", "reject", "restore", "assign", "comments"):
        body = {"revision_id": "r", "comment": "x", "text": "x"}
        problem(lab.partner.post(f"{path}/{name}", json=body), 403, "forbidden")


def test_the_review_page_is_served_without_a_key_and_holds_no_data(demo: Demo) -> None:
    with calling(demo, None) as anybody:
        page = anybody.get("/review")
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert anybody.get("/review/review.js").headers["content-type"].startswith("text/javascript")
        assert anybody.head("/review").status_code == 200
        problem(anybody.get("/review/nothing.js"), 404, "not_found")
        problem(anybody.get("/v1/documents"), 401, "unauthenticated")
