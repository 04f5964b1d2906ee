"""What another site's page makes a browser send changes nothing."""

from __future__ import annotations

from people_world import ORIGIN, PASSWORD, PeopleWorld

from core.domain import Role

BODY = {"questions": 7}
FOREIGN: list[dict[str, str | None]] = [
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": "none"},
    {"origin": "https://evil.example"},
    {"origin": "https://evil.example", "sec_fetch_site": None},
    {"origin": "null", "sec_fetch_site": None},
    {"origin": f"{ORIGIN}.evil.example", "sec_fetch_site": None},
    {"origin": f"{ORIGIN}:8443", "sec_fetch_site": None},
]


async def test_a_foreign_page_changes_nothing_by_a_session(world: PeopleWorld) -> None:
    await world.account(role=Role.PLATFORM_ADMIN)
    browser = await world.signed_in()
    for said in (*FOREIGN, {"origin": None, "sec_fetch_site": None}):
        refused = await browser.act("PATCH", "/v1/usage/budget", BODY, **said)
        assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin"), said
    (await browser.act("PATCH", "/v1/usage/budget", BODY)).raise_for_status()


async def test_one_of_the_two_that_browsers_send_is_enough(world: PeopleWorld) -> None:
    await world.account(role=Role.PLATFORM_ADMIN)
    browser = await world.signed_in()
    (await browser.act("PATCH", "/v1/usage/budget", BODY, origin=None)).raise_for_status()
    (await browser.act("PATCH", "/v1/usage/budget", BODY, sec_fetch_site=None)).raise_for_status()


async def test_an_act_without_the_sessions_token_is_refused(world: PeopleWorld) -> None:
    await world.account(role=Role.PLATFORM_ADMIN)
    browser, other = await world.signed_in(), await world.signed_in()
    for token in (None, "", "0" * 64, other.csrf):
        refused = await browser.act("PATCH", "/v1/usage/budget", BODY, x_csrf_token=token)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf"), token
        assert (await browser.act("DELETE", "/v1/session", x_csrf_token=token)).status_code == 403
    assert await browser.person() is not None


async def test_reading_asks_for_no_token(world: PeopleWorld) -> None:
    await world.account(role=Role.PLATFORM_ADMIN)
    browser = await world.signed_in()
    assert (await browser.http.get("/v1/users")).status_code == 200


async def test_a_foreign_page_signs_nobody_in(world: PeopleWorld) -> None:
    await world.account()
    body = {"email": "ada@acme.example", "password": PASSWORD}
    for said in FOREIGN:
        refused = await world.browser().act("POST", "/v1/session", body, **said)
        assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin"), said
        assert "set-cookie" not in refused.headers


async def test_a_form_signs_nobody_in(world: PeopleWorld) -> None:
    """A page may post these kinds of body anywhere without being asked; JSON it may not."""
    await world.account()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        content = f'{{"email": "ada@acme.example", "password": "{PASSWORD}"}}'
        response = await world.browser().http.post("/v1/session", content=content, headers={"content-type": kind})
        assert response.status_code == 422
        assert "set-cookie" not in response.headers


async def test_a_key_needs_no_token_and_beats_a_cookie(world: PeopleWorld) -> None:
    await world.account(role=Role.PARTNER_USER)
    browser = await world.signed_in()
    key = await world.key(Role.OPERATOR)
    changed = await browser.http.patch("/v1/usage/budget", json=BODY, headers={**key, "origin": "https://evil.example"})
    assert changed.status_code == 200
    assert (await browser.act("PATCH", "/v1/usage/budget", BODY, authorization="Bearer junk")).status_code == 401


async def test_the_pages_policy_lets_nobody_frame_post_or_inject(world: PeopleWorld) -> None:
    response = await world.browser().http.get("/sign-in")
    policy = response.raise_for_status().headers["content-security-policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert part in policy
    assert "unsafe" not in policy
