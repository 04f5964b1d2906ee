"""Sessions: how they end, that they are only kept as hashes, and that each is its owner's alone."""

from __future__ import annotations

from pathlib import Path

from people_world import PASSWORD, PeopleWorld
from sqlalchemy import select, text

from core.crossings import Crossing
from core.database import Database
from core.domain import Role
from core.models import UserSession

NEW = "another battery staple"


async def test_an_idle_session_ends(any_world: PeopleWorld) -> None:
    world = any_world
    await world.account()
    browser = await world.signed_in()
    for _ in range(4):
        world.clock.advance(minutes=29)
        assert (await browser.http.get("/v1/sessions")).status_code == 200
    world.clock.advance(minutes=30)
    assert (await browser.http.get("/v1/sessions")).status_code == 401
    assert await browser.person() is None


async def test_a_busy_session_ends_after_twelve_hours(world: PeopleWorld) -> None:
    await world.account()
    browser = await world.signed_in()
    for _ in range(35):
        world.clock.advance(minutes=20)
        assert (await browser.http.get("/v1/sessions")).status_code == 200
    world.clock.advance(minutes=20)
    assert (await browser.http.get("/v1/sessions")).status_code == 401


async def test_both_times_are_settings(lite: Database, tmp_path: Path) -> None:
    world = await PeopleWorld(lite, tmp_path, sessions={"idle_minutes": 2, "absolute_hours": 0.05}).begin()
    await world.account()
    idle, busy = await world.signed_in(), await world.signed_in()
    world.clock.advance(seconds=100)
    assert (await busy.http.get("/v1/sessions")).status_code == 200
    world.clock.advance(seconds=30)
    assert (await idle.http.get("/v1/sessions")).status_code == 401
    assert (await busy.http.get("/v1/sessions")).status_code == 200
    world.clock.advance(seconds=55)
    assert (await busy.http.get("/v1/sessions")).status_code == 401


async def test_whoever_is_disabled_is_out_at_once(any_world: PeopleWorld) -> None:
    world = any_world
    ada = await world.account()
    browser = await world.signed_in()
    await world.people.accounts.change(ada.tenant_id, ada.id, disabled=True)
    assert (await browser.http.get("/v1/sessions")).status_code == 401
    assert (await world.browser().sign_in("ada@acme.example", PASSWORD)).status_code == 401
    await world.people.accounts.change(ada.tenant_id, ada.id, disabled=False)
    assert (await browser.http.get("/v1/sessions")).status_code == 401, "the old session came back"
    (await world.browser().sign_in("ada@acme.example", PASSWORD)).raise_for_status()


async def test_a_row_that_survived_opens_nothing_for_a_disabled_account(world: PeopleWorld) -> None:
    """Should the rows outlive the account, as after a restore: each request asks for the account, too."""
    ada = await world.account()
    browser = await world.signed_in()
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(text("UPDATE users SET disabled_at = created_at WHERE id = :id"), {"id": ada.id})
    assert (await browser.http.get("/v1/sessions")).status_code == 401


async def test_a_changed_password_ends_the_other_sessions(world: PeopleWorld) -> None:
    await world.account()
    here, elsewhere = await world.signed_in(), await world.signed_in()
    wrong = await here.act("PUT", "/v1/session/password", {"current": "wrong", "new": NEW})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    weak = await here.act("PUT", "/v1/session/password", {"current": PASSWORD, "new": "short"})
    assert weak.json()["code"] == "weak_password"
    assert (await elsewhere.http.get("/v1/sessions")).status_code == 200
    (await here.act("PUT", "/v1/session/password", {"current": PASSWORD, "new": NEW})).raise_for_status()
    assert (await elsewhere.http.get("/v1/sessions")).status_code == 401
    assert (await here.http.get("/v1/sessions")).status_code == 200
    assert (await world.browser().sign_in("ada@acme.example", PASSWORD)).status_code == 401
    await world.signed_in(password=NEW)


async def test_guessing_the_current_password_has_to_wait_too(world: PeopleWorld) -> None:
    await world.account()
    browser = await world.signed_in()
    sent = {"current": "wrong", "new": NEW}
    codes = [(await browser.act("PUT", "/v1/session/password", sent)).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


async def test_a_password_that_the_operator_sets_ends_all_sessions(world: PeopleWorld) -> None:
    ada = await world.account()
    browser = await world.signed_in()
    await world.people.accounts.set_password(ada.tenant_id, ada.id, NEW)
    assert (await browser.http.get("/v1/sessions")).status_code == 401


async def test_signing_in_again_makes_a_new_credential_and_ends_the_old_one(world: PeopleWorld) -> None:
    await world.account()
    browser = await world.signed_in()
    old = browser.credential
    (await browser.sign_in("ada@acme.example", PASSWORD)).raise_for_status()
    assert browser.credential != old
    thief = world.browser()
    thief.http.cookies.set("__Host-copilot-session", old)
    assert (await thief.http.get("/v1/sessions")).status_code == 401


async def test_a_planted_credential_is_not_taken_over(world: PeopleWorld) -> None:
    await world.account()
    browser = world.browser()
    planted = f"ps.{'0' * 32}.{'A' * 43}"
    browser.http.cookies.set("__Host-copilot-session", planted, domain="copilot.example")
    (await browser.sign_in("ada@acme.example", PASSWORD)).raise_for_status()
    values = {cookie.value for cookie in browser.http.cookies.jar}
    assert planted not in values


async def test_own_sessions_are_listed_and_ended_and_nobody_elses(world: PeopleWorld) -> None:
    await world.account()
    await world.account("bob@acme.example")
    here = await world.signed_in()
    world.clock.advance(seconds=1)
    elsewhere, bob = await world.signed_in(), await world.signed_in("bob@acme.example")
    listed = (await here.http.get("/v1/sessions")).json()["sessions"]
    assert [each["current"] for each in listed] == [False, True]
    assert {each["method"] for each in listed} == {"password"}
    other = next(each["id"] for each in listed if not each["current"])
    theirs = (await bob.http.get("/v1/sessions")).json()["sessions"][0]["id"]
    assert (await here.act("DELETE", f"/v1/sessions/{theirs}")).status_code == 404
    assert (await here.act("DELETE", f"/v1/sessions/{other}")).status_code == 204
    assert (await elsewhere.http.get("/v1/sessions")).status_code == 401
    assert (await bob.http.get("/v1/sessions")).status_code == 200


async def test_signing_out_ends_the_session_and_the_cookie(world: PeopleWorld) -> None:
    await world.account()
    browser = await world.signed_in()
    credential = browser.credential
    (await browser.act("DELETE", "/v1/session")).raise_for_status()
    assert not browser.http.cookies
    browser.http.cookies.set("__Host-copilot-session", credential)
    assert (await browser.http.get("/v1/sessions")).status_code == 401
    assert (await world.browser().act("DELETE", "/v1/session")).status_code == 204


async def test_only_a_keyed_hash_of_a_session_is_stored(world: PeopleWorld) -> None:
    await world.account()
    browser = await world.signed_in()
    _, session_id, secret = browser.credential.split(".")
    async with world.database.read(Crossing.UPKEEP) as session:
        [row] = (await session.execute(select(UserSession.__table__).where(UserSession.id == session_id))).all()
    assert not any(secret in str(value) or browser.csrf in str(value) for value in row)


async def test_every_unusable_credential_is_refused(world: PeopleWorld) -> None:
    for credential in (
        "",
        "junk",
        f"ps.{'0' * 32}.{'A' * 43}",
        f"ps.{'0' * 31}.{'A' * 43}",
        "ps..",
        f"pc.{'0' * 32}.{'A' * 43}",
        "ps.\x7f",
    ):
        cookie = {"cookie": f"__Host-copilot-session={credential}"}
        assert (await world.browser().http.get("/v1/sessions", headers=cookie)).status_code == 401, credential


async def test_another_secret_for_a_live_session_is_refused(world: PeopleWorld) -> None:
    await world.account()
    prefix, session_id, _ = (await world.signed_in()).credential.split(".")
    forged = f"__Host-copilot-session={prefix}.{session_id}.{'A' * 43}"
    assert (await world.browser().http.get("/v1/sessions", headers={"cookie": forged})).status_code == 401


async def test_the_oldest_session_makes_room(lite: Database, tmp_path: Path) -> None:
    world = await PeopleWorld(lite, tmp_path, sessions={"max_per_person": 2}).begin()
    await world.account()
    browsers = []
    for _ in range(3):
        browsers.append(await world.signed_in())
        world.clock.advance(minutes=1)
    assert [(await each.http.get("/v1/sessions")).status_code for each in browsers] == [401, 200, 200]


async def test_a_platform_admin_enters_another_tenant_whose_audit_tells_of_it(any_world: PeopleWorld) -> None:
    world = any_world
    root = await world.account("root@acme.example", Role.PLATFORM_ADMIN)
    browser = await world.signed_in("root@acme.example")
    (await browser.act("PATCH", "/v1/session", {"tenant": "umbra"})).raise_for_status()
    person = await browser.person()
    assert person is not None and person["tenant"]["slug"] == "umbra"
    made = await browser.act("POST", "/v1/users", {"email": "eve@umbra.example", "role": "auditor"})
    assert made.status_code == 201
    told = [(act.action, act.actor) for act in await world.acts("umbra")][-2:]
    assert told == [("session.enter", root.id), ("user.add", root.id)]
    assert not [act for act in await world.acts("acme") if act.action == "session.enter"]
    (await browser.act("PATCH", "/v1/session", {"tenant": "acme"})).raise_for_status()
    assert (await world.people.accounts.of(world.ids["acme"]))[0].email == "root@acme.example"
    assert (await browser.http.get("/v1/users")).json()["users"][0]["email"] == "root@acme.example"


async def test_nobody_else_enters_another_tenant_or_learns_of_one(world: PeopleWorld) -> None:
    for role in (Role.KNOWLEDGE_ADMIN, Role.AUDITOR, Role.SUPPORT_AGENT):
        await world.account(f"{role}@acme.example", role)
        browser = await world.signed_in(f"{role}@acme.example")
        told = {(await browser.act("PATCH", "/v1/session", {"tenant": name})).text for name in ("umbra", "nothing")}
        assert len(told) == 1
        assert "forbidden" in told.pop()


async def test_who_is_no_platform_admin_any_more_is_back_home(world: PeopleWorld) -> None:
    root = await world.account("root@acme.example", Role.PLATFORM_ADMIN)
    browser = await world.signed_in("root@acme.example")
    (await browser.act("PATCH", "/v1/session", {"tenant": "umbra"})).raise_for_status()
    await world.people.accounts.change(root.tenant_id, root.id, role=Role.AUDITOR)
    person = await browser.person()
    assert person is not None and person["tenant"]["slug"] == "acme"


async def test_a_session_is_for_people_and_not_for_keys(world: PeopleWorld) -> None:
    key = await world.key(Role.OPERATOR)
    for method, path in (("GET", "/v1/sessions"), ("PATCH", "/v1/session")):
        response = await world.browser().http.request(method, path, headers=key, json={"tenant": "umbra"})
        assert response.status_code == 401
