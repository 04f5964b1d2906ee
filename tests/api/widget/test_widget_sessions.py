"""Sessions: who gets one, what it opens, when it ends, how often it may be used."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from widget_service import WidgetService, limited, serving

from core.settings import Settings

pytestmark = pytest.mark.slow


def ask(service: WidgetService, token: str, **headers: str) -> httpx.Response:
    with service.api(token, **headers) as api:
        return api.post("/v1/ask", json={"question": "How?"}, headers={"Accept": "text/event-stream"})


def refused(response: httpx.Response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


def test_a_stranger_reads_what_is_public_through_the_ordinary_routes(roomy: WidgetService) -> None:
    visit = roomy.visit()
    assert (visit["identified"], visit["audience"]) == (False, "public")
    assert ask(roomy, visit["token"]).status_code == 200
    principal = roomy.pipeline.asked[-1].principal
    assert (principal.tenant_id, principal.audience, principal.id) == (roomy.tenant, "public", visit["visitor"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v1/search", 403), ("GET", "/v1/widgets", 403), ("POST", "/v1/widgets", 403)],
)
def test_a_session_opens_nothing_but_asking(roomy: WidgetService, method: str, path: str, status: int) -> None:
    with roomy.api(roomy.visit()["token"]) as api:
        refused(api.request(method, path, json={"query": "x", "name": "x"}), status, "forbidden")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"widget_id": "0" * 32}, 404, "unknown_widget"),
        ({"widget_id": ""}, 404, "unknown_widget"),
        ({"ticket": ""}, 403, "stale_panel"),
        ({"ticket": f"{10**11}.{'0' * 64}"}, 403, "stale_panel"),
        ({"ticket": f"{10**12}.{'0' * 64}"}, 403, "stale_panel"),
        ({"origin": "https://evil.example.com"}, 403, "origin_not_allowed"),
        ({"origin": "null"}, 403, "origin_not_allowed"),
        ({"origin": ""}, 403, "origin_not_allowed"),
        ({"visitor": "short"}, 422, "invalid_request"),
        ({"visitor": None}, 422, "invalid_request"),
        ({"token": "x" * 20_001}, 422, "invalid_request"),
        ({"tenant": "other"}, 422, "invalid_request"),
        ({"audience": "agent"}, 422, "invalid_request"),
    ],
)
def test_a_bad_knock_opens_nothing(roomy: WidgetService, change: dict[str, Any], status: int, code: str) -> None:
    with roomy.api() as api:
        refused(api.post("/widget/v1/session", json=roomy.knock() | change), status, code)


def test_a_ticket_of_another_widget_opens_nothing(roomy: WidgetService) -> None:
    with roomy.api() as api:
        knock = roomy.knock(ticket=roomy.ticket(roomy.new_widget()))
        refused(api.post("/widget/v1/session", json=knock), 403, "stale_panel")


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "HOST"}],
)
def test_another_origins_page_can_neither_open_nor_use_a_session(roomy: WidgetService, headers: dict[str, str]) -> None:
    sent = {name: roomy.host if value == "HOST" else value for name, value in headers.items()}
    with roomy.api(None, **sent) as api:
        refused(api.post("/widget/v1/session", json=roomy.knock()), 403, "foreign_origin")
    refused(ask(roomy, roomy.visit()["token"], **sent), 403, "foreign_origin")


@pytest.mark.parametrize("token", ["pw.", f"pw.{'0' * 32}.{'a' * 43}", "pw.x.y", "pw." + "a" * 5000])
def test_an_unknown_session_is_told_from_none_other(roomy: WidgetService, token: str) -> None:
    refused(ask(roomy, token), 401, "session_ended")


def test_a_changed_secret_opens_nothing(roomy: WidgetService) -> None:
    token = roomy.visit()["token"]
    refused(ask(roomy, token[:-1] + ("A" if token[-1] != "A" else "B")), 401, "session_ended")


def test_closing_switching_off_and_taking_the_origin_off_end_sessions_at_once(roomy: WidgetService) -> None:
    widget = roomy.new_widget()
    closed, other = (roomy.visit(widget)["token"] for _ in range(2))
    with roomy.api(closed) as api:
        assert api.delete("/widget/v1/session").status_code == 204
    refused(ask(roomy, closed), 401, "session_ended")
    assert ask(roomy, other).status_code == 200
    roomy.call("PATCH", f"/v1/widgets/{widget}", {"origins": ["https://elsewhere.example.com"]})
    refused(ask(roomy, other), 401, "session_ended")
    roomy.call("PATCH", f"/v1/widgets/{widget}", {"origins": [roomy.host], "enabled": False})
    refused(ask(roomy, other), 401, "session_ended")
    with roomy.api() as api:
        refused(api.get("/widget/v1/panel", params={"id": widget}), 404, "unknown_widget")


def test_a_session_ends_by_itself(tmp_path: Path, template: Path) -> None:
    with serving(tmp_path, template, limited(session_minutes=0.000001)) as service:
        refused(ask(service, service.visit()["token"]), 401, "session_ended")


LIMITS = {
    "sessions_per_ip": "rate_limited",
    "questions_per_session": "rate_limited",
    "questions_per_visitor": "rate_limited",
    "questions_per_ip": "rate_limited",
    "questions_per_widget": "rate_limited",
    "questions_per_day": "widget_day_limit",
    "messages_per_session": "rate_limited",
}


@pytest.mark.parametrize(("setting", "code"), LIMITS.items())
def test_every_limit_holds_and_names_its_setting(tmp_path: Path, template: Path, setting: str, code: str) -> None:
    with serving(tmp_path, template, limited(**{setting: 2})) as service:
        first, again = (lambda token: ask(service, token)), (lambda token: ask(service, token))
        if setting == "messages_per_session":
            first = again = lambda token: _vote(service, token)
        if setting == "sessions_per_ip":
            token = service.visit()["token"]
            service.visit()
            with service.api() as api:
                response = api.post("/widget/v1/session", json=service.knock())
            assert first(token).status_code == 200
        else:
            token = service.visit()["token"]
            assert {first(token).is_success for _ in range(2)} == {True}
            response = again(token)
        refused(response, 429, code)
        assert f"COPILOT_WIDGET__{setting.upper()}" in response.json()["detail"]
        assert response.headers["retry-after"]


def test_one_visitors_limit_is_nobody_elses(tmp_path: Path, template: Path) -> None:
    with serving(tmp_path, template, limited(questions_per_session=1, questions_per_visitor=1)) as service:
        for visitor in ("a" * 40, "b" * 40):
            assert ask(service, service.visit(visitor=visitor)["token"]).status_code == 200
        refused(ask(service, service.visit(visitor="a" * 40)["token"]), 429, "rate_limited")


def _vote(service: WidgetService, token: str) -> httpx.Response:
    with service.api(token) as api:
        return api.post("/v1/feedback", json={"answer_id": "ans_1", "vote": "up"})


def test_a_visitor_hands_over_with_consent_alone(roomy: WidgetService) -> None:
    before = len(roomy.handoffs.cases)
    with roomy.api(roomy.visit()["token"]) as api:
        for body in ({}, {"consent": False}):
            refused(api.post("/v1/handoffs", json={"answer_id": "a"} | body), 422, "consent_required")
        assert len(roomy.handoffs.cases) == before
        assert api.post("/v1/handoffs", json={"answer_id": "a", "consent": True}).status_code == 201
    with roomy.api(roomy.agent) as api:  # a colleague's own case needs none
        assert api.post("/v1/handoffs", json={"answer_id": "a"}).status_code == 201


def test_a_stranger_works_for_a_session_where_that_is_asked_for(tmp_path: Path, template: Path) -> None:
    with serving(tmp_path, template, limited(challenge_bits=8)) as service, service.api() as api:
        knock = service.knock()
        answers = [api.post("/widget/v1/session", json=knock | {"work": work}) for work in ("", "x", "é")]
        assert {answer.json()["code"] for answer in answers} == {"challenge_failed"}
        work = next(str(n) for n in range(10_000) if _zero_bits(f"{knock['ticket']}.{knock['visitor']}.{n}") >= 8)
        assert api.post("/widget/v1/session", json=knock | {"work": work}).status_code == 201
        other = knock | {"work": work, "visitor": "w" * 40}
        refused(api.post("/widget/v1/session", json=other), 403, "challenge_failed")
        assert service.visit(token=service.signed())["identified"] is True


def _zero_bits(text: str) -> int:
    digest = hashlib.sha256(text.encode()).digest()
    return len(digest) * 8 - int.from_bytes(digest).bit_length()


def test_a_widget_is_served_under_its_tenants_own_domain(tmp_path: Path, template: Path) -> None:
    settings = Settings()
    server = settings.server.model_copy(update={"public_url": "https://copilot.example"})
    with serving(tmp_path, template, settings.model_copy(update={"server": server})) as service:
        widget = service.new_widget(domain="https://Help.Stitchwell.example/")
        shown = service.call("GET", f"/v1/widgets/{widget}")
        assert shown["domain"] == "https://help.stitchwell.example"
        assert 'src="https://help.stitchwell.example/widget/v1/loader.js"' in shown["snippet"]
        for origin, status in (
            ("https://help.stitchwell.example", 201),
            ("https://copilot.example", 201),
            ("https://help.larderworks.example", 403),
            (service.own, 403),
        ):
            with service.api(None, Origin=origin) as api:
                response = api.post("/widget/v1/session", json=service.knock(widget))
            assert response.status_code == status, origin
            if status == 201:
                assert ask(service, response.json()["token"], Origin=origin).status_code == 200
        token = service.visit(widget)["token"]
        refused(ask(service, token, Origin="https://help.larderworks.example"), 403, "foreign_origin")
        service.call("PATCH", f"/v1/widgets/{widget}", {"domain": ""})
        refused(ask(service, token, Origin="https://help.stitchwell.example"), 403, "foreign_origin")
        assert 'src="https://copilot.example/' in service.call("GET", f"/v1/widgets/{widget}")["snippet"]


def test_the_panels_page_names_who_may_frame_it_and_leaves_nothing_executable_in_its_data(
    roomy: WidgetService,
) -> None:
    theme = {"name": "</script><script>alert(1)</script>", "logo": "https://cdn.example.com/logo.png"}
    widget = roomy.new_widget(theme=theme)
    with roomy.api() as api:
        page = api.get("/widget/v1/panel", params={"id": widget})
    policy = page.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert re.search(r"frame-ancestors ([^;]+)$", policy[0])[1] == f"'self' {roomy.host}"  # type: ignore[index]
    assert "script-src 'self';" in policy[0] and "img-src 'self' data: https://cdn.example.com;" in policy[0]
    assert page.text.count("<script") == 2
    assert "alert(1)</script>" not in page.text
    assert page.headers["cache-control"] == "no-store"
