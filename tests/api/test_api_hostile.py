"""Whatever is sent: never a fault of the server's, always a problem with a code; and the server goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from api_world import Lab, ask, calling, new_key, problem, revoke, search

from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _lives_on(demo: Demo) -> Iterator[None]:
    yield
    with calling(demo, None) as anybody:
        assert anybody.get("/readyz").status_code == 200


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "\u200b\u200b", "\u2063\ufeff", "\x00"])
def test_a_question_without_words_is_refused(corvane: httpx.Client, question: str) -> None:
    problem(corvane.post("/v1/ask", json={"question": question}), 422, "empty_question")
    problem(corvane.post("/v1/search", json={"query": question}), 422, "empty_question")


def test_an_endless_question_is_refused(corvane: httpx.Client) -> None:
    for text in ("till " * 20_000, "x" * 100_000, "\u200b" * 100_000):
        problem(corvane.post("/v1/ask", json={"question": text}), 422, "question_too_long")
        problem(corvane.post("/v1/search", json={"query": text}), 422, "question_too_long")


LONGEST = [
    "w" * 8000,
    "a@" * 4000,
    "1234 " * 1600,
    "+1 555 " * 1100,
    "((((" * 2000,
    "`" * 8000,
    "| " * 4000,
    "Wärme 日本 🧾 " * 600,
    "[1](" * 2000,
    "http://a.b/" * 700,
]


@pytest.mark.parametrize("text", LONGEST, ids=lambda text: text[:8])
def test_the_longest_question_allowed_is_taken_whatever_it_holds(corvane: httpx.Client, text: str) -> None:
    answer = ask(corvane, text)
    assert answer["outcome"] in ("answered", "abstained", "refused", "escalated")


HIDDEN = [
    "How long is the warr\u200banty on a receipt prin\u00adter?",
    "\u202eHow long is the warranty on a receipt printer?\u202c",
    "How long is the warranty\x00 on a receipt printer?",
    "\ufeffHow long is the warranty on a receipt printer?\U000e0041\U000e0042",
]


@pytest.mark.parametrize("question", HIDDEN, ids=ascii)
def test_hidden_characters_do_not_change_the_answer(corvane: httpx.Client, question: str) -> None:
    plain, answer = ask(corvane, "How long is the warranty on a receipt printer?"), ask(corvane, question)
    assert (answer["outcome"], answer["text"]) == (plain["outcome"], plain["text"])
    assert answer["citations"] == plain["citations"]


def test_a_terminals_control_characters_come_back_in_no_answer(corvane: httpx.Client) -> None:
    answer = ask(corvane, "How long is the \x1b[31mwarranty\x07 on a \u202ereceipt\x9b printer?")
    assert not set("\x1b\x07\x9b\u202e") & set(json.dumps(answer, ensure_ascii=False))


BROKEN = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"42",
    b'"question"',
    b'{"question": }',
    b"{'question': 'x'}",
    b'{"question": "x"',
    b"\xff\xfe\x00",
    b'{"question": "\xff"}',
    b'{"question": NaN}',
    b'{"question": 1}',
    b'{"question": null}',
    b'{"question": ["x"]}',
    b'{"question": {"a": 1}}',
    b'{"query": "x"}',
    b'{"question": "x", "color": 1}',
    b'{"question": "x", "filters": []}',
    b'{"question": "x", "filters": {"customers": "x"}}',
    b'{"question": "x", "filters": {"doc_types": ["novel"]}}',
    b'{"question": "x", "filters": {"as_of": "yesterday"}}',
    b'{"question": "x", "filters": {"as_of": "0000-13-99"}}',
    b'{"question": "x", "conversation_id": 7}',
    b'{"question": "\\ud800"}',
    b'{"question": "x \\udfff y", "filters": {"customer": "\\ud83d"}}',
    b'{"\\ud800": "x", "question": "x"}',
    b'{"question": "x", "filters": {"customer": "\\ud83d"}}',
    b'{"question": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b'{"question": ' + b"9" * 6000 + b"}",
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:40]))
def test_a_broken_body_is_refused(corvane: httpx.Client, body: bytes) -> None:
    response = corvane.post("/v1/ask", content=body, headers=JSON)
    assert response.status_code in (400, 422), response.text[:200]
    problem(response, response.status_code, "invalid_request")


def test_what_was_sent_is_not_repeated_in_the_problem(corvane: httpx.Client) -> None:
    response = corvane.post("/v1/ask", json={"question": 4111111111111111, "filters": {"as_of": "jane@roe.example"}})
    found = problem(response, 422, "invalid_request")
    assert "4111" not in str(found)
    assert "jane" not in str(found)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image/png", ";"]
)
def test_a_body_of_another_type_is_refused(corvane: httpx.Client, content_type: str) -> None:
    response = corvane.post("/v1/ask", content=b'{"question": "x"}', headers={"Content-Type": content_type})
    assert response.status_code in (400, 415, 422)
    problem(response, response.status_code)


def test_a_form_without_a_file_or_with_a_torn_one_is_refused(lab: Lab) -> None:
    problem(lab.admin.post("/v1/documents", data={"corpus": "notes"}), 422, "invalid_request")
    problem(lab.admin.post("/v1/documents", files={"file": ("a.md", b"text")}), 422, "invalid_request")
    problem(lab.admin.post("/v1/documents", data={"corpus": "notes", "file": "text"}), 422, "invalid_request")
    torn = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\nte',
        b"no boundary at all",
    ):
        response = lab.admin.post("/v1/documents", content=body, headers=torn)
        assert response.status_code in (400, 422)
        problem(response, response.status_code)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic cGM6cGM=",
        "Token {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer {key} x",
        "Bearer pc..",
        "Bearer " + "x" * 5000,
    ],
)
def test_a_missing_or_mangled_key_is_told_nothing(demo: Demo, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(key=demo.keys["corvane"])}
    with calling(demo, None) as anybody:
        response = anybody.post("/v1/ask", json={"question": "x"}, headers=headers)
    problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"].lower().startswith("bearer")


def test_the_schemes_case_does_not_matter(demo: Demo) -> None:
    for scheme in ("bearer", "BEARER"):
        with calling(demo, None) as anybody:
            headers = {"Authorization": f"{scheme} {demo.keys['corvane']}"}
            assert anybody.post("/v1/search", json={"query": "till"}, headers=headers).status_code == 200


def test_revoked_expired_unknown_and_mangled_keys_get_one_answer(demo: Demo) -> None:
    gone = new_key(demo, "corvane")
    with calling(demo, gone.token) as api:
        assert search(api, "till")
    revoke(demo, "corvane", gone)
    expired = new_key(demo, "corvane", lifetime=timedelta(microseconds=1))
    unknown = f"pc.{'0' * 32}.{'A' * 43}"
    wrong = demo.keys["corvane"][:-1] + ("A" if demo.keys["corvane"][-1] != "A" else "B")
    answers = set()
    for token in (gone.token, expired.token, unknown, wrong, "pc.x"):
        with calling(demo, token) as api:
            response = api.post("/v1/search", json={"query": "till"})
        problem(response, 401, "unauthenticated")
        answers.add(response.content)
    assert len(answers) == 1


def test_a_body_over_the_limit_is_refused_before_it_is_read(demo: Demo) -> None:
    request = "POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n"
    answer = _raw(demo, request.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer
    assert b"COPILOT_SERVER__MAX_BODY_BYTES" in answer


def test_an_endless_header_is_refused(demo: Demo) -> None:
    """By the HTTP parser, before there is an application to render a problem."""
    answer = _raw(demo, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 300_000 + b"\r\n\r\n")
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ", b"HTTP/1.1 200 "))


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"POST /v1/ask HTTP/1.1\r\nContent-Length: -5\r\n\r\n"]
)
def test_what_is_no_http_ends_the_connection_alone(demo: Demo, garbage: bytes) -> None:
    answer = _raw(demo, garbage)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def _raw(demo: Demo, data: bytes) -> bytes:
    """All that the server says to these bytes before it closes, or falls silent for two seconds."""
    url = httpx.URL(demo.url)
    said = b""
    with socket.create_connection((url.host, url.port or 80), timeout=2.0) as connection:
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                said += piece
        except (TimeoutError, ConnectionError):
            pass
    return said


def test_a_reader_who_leaves_mid_stream_harms_nobody(demo: Demo, corvane: httpx.Client) -> None:
    body = {"question": "How do I close the month?"}
    for _ in range(10):
        with corvane.stream("POST", "/v1/ask", json=body, headers={"Accept": "text/event-stream"}) as response:
            assert next(response.iter_lines()).startswith("event: meta")
    text = json.dumps(body)
    request = (
        f"POST /v1/ask HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {demo.keys['corvane']}\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    )
    url = httpx.URL(demo.url)
    for _ in range(10):
        with socket.create_connection((url.host, url.port or 80), timeout=60.0) as connection:
            connection.sendall(request.encode())
    assert ask(corvane, body["question"])["outcome"] == "answered"


@pytest.mark.parametrize("identifier", ["%00", "..%2f..%2f", "%f0%9f%92%a9", "x" * 3000, "' OR 1=1--", "%ff%fe"])
def test_a_strange_id_is_an_unknown_one(corvane: httpx.Client, identifier: str) -> None:
    problem(corvane.get(f"/v1/documents/{identifier}"), 404, "not_found")
    problem(corvane.get(f"/v1/jobs/{identifier}"), 404, "not_found")


def test_nul_in_a_field_reaches_no_database(corvane: httpx.Client) -> None:
    answer = ask(
        corvane,
        "How long is the warranty on a receipt printer?",
        filters={"customer": "\x00Pantry\x00", "corpora": ["sha\x00red"]},
    )
    body = {"answer_id": answer["answer_id"], "vote": "down", "comment": "wr\x00ong \u202e \U0001f600"}
    assert corvane.post("/v1/feedback", json=body).status_code == 204
