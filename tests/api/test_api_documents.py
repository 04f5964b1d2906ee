"""Documents from upload to withdrawal, releases and rollback, sources and jobs."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import httpx
import pytest
from api_world import Json, Lab, ask, calling, new_key, problem, search, upload

from core.domain import Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

DOCK = (
    "---\ntitle: Dock scanner\n---\n# Reset\n\nA dock scanner is reset by holding both triggers for eleven seconds.\n"
)
QUESTION = "How is a dock scanner reset?"
DOCUMENT = {
    "id",
    "source",
    "corpus",
    "title",
    "status",
    "audience",
    "customer",
    "metadata",
    "redactions",
    "signals",
    "warnings",
    "passages",
    "text",
}


def _published(api: httpx.Client, name: str, text: str, **form: str) -> Json:
    response = upload(api, name, text, **form)
    assert response.status_code == 201, response.text
    released = api.post("/v1/releases", json={"note": "test"})
    assert released.status_code == 201, released.text
    document: Json = response.json()
    return document


def _seconds(began: float) -> str:
    return f"{1000 * (time.perf_counter() - began):.0f} ms"


def test_an_uploaded_document_is_answered_from_after_its_release(lab: Lab) -> None:
    began = time.perf_counter()
    response = upload(lab.admin, "dock.md", DOCK)
    assert response.status_code == 201
    document = response.json()
    assert document.keys() >= DOCUMENT
    assert document["ingest"]["status"] == "indexed"
    assert (document["source"], document["corpus"], document["status"]) == ("dock.md", "notes", "approved")
    assert ask(lab.partner, QUESTION)["outcome"] == "abstained"

    released = lab.admin.post("/v1/releases", json={"note": "dock"}).json()
    assert released["release"] == 1
    assert "gate" in released
    answer = ask(lab.partner, QUESTION)
    print(f"upload to cited answer: {_seconds(began)}")
    assert answer["outcome"] == "answered"
    assert "eleven seconds" in answer["text"]
    assert [c["document_id"] for c in answer["citations"]] == [document["id"]]
    assert lab.admin.get(f"/v1/documents/{document['id']}").json()["status"] == "published"


def test_hiding_a_document_from_partners_works_from_the_next_question_on(lab: Lab) -> None:
    document = _published(lab.admin, "dock.md", DOCK)
    assert ask(lab.partner, QUESTION)["outcome"] == "answered"
    began = time.perf_counter()
    response = lab.admin.patch(f"/v1/documents/{document['id']}", json={"audience": "agent"})
    took = _seconds(began)
    assert response.json()["audience"] == "agent"
    answer = ask(lab.partner, QUESTION)
    print(f"hidden after {took}")
    assert (answer["outcome"], answer["citations"]) == ("abstained", [])
    assert search(lab.partner, QUESTION) == []
    problem(lab.partner.get(f"/v1/documents/{document['id']}"), 404, "not_found")
    assert ask(lab.admin, QUESTION)["outcome"] == "answered"

    lab.admin.patch(f"/v1/documents/{document['id']}", json={"audience": "partner"})
    assert ask(lab.partner, QUESTION)["outcome"] == "answered"


def test_a_withdrawn_document_is_gone_from_the_next_question_on_and_from_every_release(lab: Lab) -> None:
    document = _published(lab.admin, "dock.md", DOCK)
    _published(lab.admin, "other.md", "# Labels\n\nLabel rolls are changed from the left side of the printer.\n")
    began = time.perf_counter()
    response = lab.admin.delete(f"/v1/documents/{document['id']}")
    took = _seconds(began)
    assert (response.status_code, response.content) == (204, b"")
    assert document["id"] not in {p["document_id"] for p in search(lab.admin, QUESTION)}
    assert ask(lab.admin, QUESTION)["outcome"] == "abstained"
    print(f"withdrawn after {took}")
    assert lab.admin.post("/v1/releases/1/rollback").json() == {"release": 1}
    assert ask(lab.admin, QUESTION)["outcome"] == "abstained"


def test_rollback_answers_from_the_earlier_release_again(lab: Lab) -> None:
    _published(lab.admin, "dock.md", DOCK)
    second = _published(lab.admin, "dock.md", DOCK.replace("eleven", "nineteen"))
    assert second["ingest"]["status"] == "indexed"
    assert "nineteen seconds" in ask(lab.partner, QUESTION)["text"]
    began = time.perf_counter()
    assert lab.admin.post("/v1/releases/1/rollback").json() == {"release": 1}
    took = _seconds(began)
    answer = ask(lab.partner, QUESTION)
    print(f"rolled back after {took}")
    assert "eleven seconds" in answer["text"]
    assert answer["release"] == 1
    assert lab.admin.post("/v1/releases/2/rollback").json() == {"release": 2}
    assert "nineteen seconds" in ask(lab.partner, QUESTION)["text"]


@pytest.mark.parametrize("number", ["7", "2147483647"])
def test_a_release_that_never_was_cannot_be_rolled_back_to(lab: Lab, number: str) -> None:
    problem(lab.admin.post(f"/v1/releases/{number}/rollback"), 404, "unknown_release")


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "one"])
def test_a_number_that_no_release_can_have_is_refused(lab: Lab, number: str) -> None:
    problem(lab.admin.post(f"/v1/releases/{number}/rollback"), 422, "invalid_request")


def test_publishing_nothing_is_refused_and_publishing_again_changes_nothing(lab: Lab) -> None:
    problem(lab.admin.post("/v1/releases", json={}), 422, "empty_release")
    _published(lab.admin, "dock.md", DOCK)
    assert lab.admin.post("/v1/releases", json={}).json()["release"] == 1


def test_the_same_bytes_again_do_nothing(lab: Lab) -> None:
    first = upload(lab.admin, "dock.md", DOCK)
    again = upload(lab.admin, "dock.md", DOCK)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["ingest"]["status"] == "unchanged"


def test_the_form_says_what_the_file_does_not(lab: Lab) -> None:
    form = {
        "source": "runbooks/dock.txt",
        "title": "Dock scanners",
        "doc_type": "runbook",
        "audience": "agent",
        "versions": ">=7.2 <8.0",
        "customer": "Nordhaven",
        "effective_from": "2026-01-01",
        "url": "https://docs.example/dock",
    }
    document = upload(lab.admin, "upload.txt", "A dock scanner is reset with both triggers.\n", **form).json()
    assert (document["source"], document["title"], document["audience"]) == (
        "runbooks/dock.txt",
        "Dock scanners",
        "agent",
    )
    assert document["customer"] == "Nordhaven"
    stated = {key: document["metadata"][key] for key in ("doc_type", "versions", "effective_from", "url")}
    assert stated == {key: form[key] for key in stated}


@pytest.mark.parametrize(
    "field", [{"audience": "agnet"}, {"doc_type": "novel"}, {"effective_from": "soon"}, {"colour": "red"}]
)
def test_a_form_with_a_typo_is_refused_and_not_guessed_at(lab: Lab, field: dict[str, str]) -> None:
    found = problem(upload(lab.admin, "dock.md", DOCK, **field), 422, "invalid_request")
    assert next(iter(field)) in found["detail"]


def _zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


ENCRYPTED_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/O<" + b"28" * 32 + b">/U<" + b"5e" * 32 + b">/P -44>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]/Size 5>>\n%%EOF\n"
)
BAD_FILES = [
    ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(64), {"unsupported_type"}),
    ("setup.exe", b"MZ" + bytes(500), {"unsupported_type"}),
    ("bundle.7z", b"7z\xbc\xaf\x27\x1c" + bytes(64), {"unsupported_type"}),
    ("torn.zip", _zip({"a.txt": b"text"})[:60], {"unreadable_document"}),
    ("empty.md", b"", {"empty"}),
    ("blank.md", b"  \n\n\t\n", {"empty", "no_text"}),
    ("locked.pdf", ENCRYPTED_PDF, {"encrypted"}),
    ("torn.pdf", b"%PDF-1.7\n1 0 obj<</Type/Catalog", {"unreadable_document"}),
    (
        "torn.docx",
        _zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:doc"})[:90],
        {"unreadable_document"},
    ),
    ("hollow.docx", _zip({"[Content_Types].xml": b"<Types/>"}), {"unreadable_document", "unsupported_type"}),
]


@pytest.mark.parametrize(("name", "data", "codes"), BAD_FILES, ids=[name for name, _, _ in BAD_FILES])
def test_a_file_that_cannot_be_read_is_refused_by_a_stable_code_and_nothing_is_stored(
    lab: Lab, name: str, data: bytes, codes: set[str]
) -> None:
    found = problem(upload(lab.admin, name, data), 422)
    assert found["code"] in codes
    problem(lab.admin.post("/v1/releases", json={}), 422, "empty_release")


def test_an_archive_tells_of_each_file_that_cannot_be_read_and_nothing_is_stored(lab: Lab) -> None:
    members = {"photo.png": b"\x89PNG\r\n\x1a\n", "climb/../../a.txt": b"text", "blank.md": b"\n"}
    response = upload(lab.admin, "bundle.zip", _zip(members))
    assert response.status_code == 200, response.text
    assert {file["path"]: file["reason"] for file in response.json()["documents"]} == {
        "bundle.zip/photo.png": "unsupported_type",
        "bundle.zip/climb/../../a.txt": "invalid_name",
        "bundle.zip/blank.md": "empty",
    }
    problem(lab.admin.post("/v1/releases", json={}), 422, "empty_release")


@pytest.mark.parametrize("name", ["../../etc/passwd.md", "a/../../b.md", "..", "/..", "x" * 501 + ".md"])
def test_a_name_that_leads_upwards_or_is_endless_is_refused(lab: Lab, name: str) -> None:
    found = problem(upload(lab.admin, "dock.md", DOCK, source=name), 422)
    assert found["code"] in ("invalid_name", "invalid_request")


def test_a_files_own_name_that_leads_upwards_is_refused_too(lab: Lab) -> None:
    problem(upload(lab.admin, "..\\..\\dock.md", DOCK), 422, "invalid_name")


def test_no_folder_is_a_source_unless_the_operator_allows_its_root(lab: Lab, tmp_path: Path) -> None:
    for uri in (str(tmp_path), "/etc", "/", "~", "../..", "file:///etc"):
        problem(lab.admin.post("/v1/sources", json={"corpus": "notes", "uri": uri}), 403, "source_not_allowed")
    problem(
        lab.admin.post("/v1/sources", json={"corpus": "notes", "uri": "/etc", "kind": "gopher"}),
        422,
        "unknown_source_kind",
    )


def test_unknown_sources_and_jobs_are_not_found(lab: Lab) -> None:
    problem(lab.admin.post(f"/v1/sources/{'0' * 32}/sync"), 404, "not_found")
    problem(lab.admin.get(f"/v1/jobs/{'0' * 32}"), 404, "not_found")


def test_a_reading_key_writes_nothing(lab: Lab, demo: Demo) -> None:
    document = _published(lab.admin, "dock.md", DOCK)
    path = f"/v1/documents/{document['id']}"
    asking = new_key(demo, lab.tenant, role=Role.PARTNER_USER).token
    with calling(demo, asking) as partner:
        problem(partner.get(path), 403, "forbidden")
    for response in (
        upload(lab.partner, "mine.md", DOCK),
        lab.partner.patch(path, json={"audience": "public"}),
        lab.partner.delete(path),
        lab.partner.post("/v1/releases", json={}),
        lab.partner.post("/v1/releases/1/rollback"),
        lab.partner.post("/v1/sources", json={"corpus": "notes", "uri": "/etc"}),
        lab.partner.get("/v1/jobs/1"),
    ):
        problem(response, 403, "forbidden")
    assert lab.partner.get(path).status_code == 200
