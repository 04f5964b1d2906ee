"""Signing in with a password: one answer for all that is wrong, waits that grow, and what the cookie is."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from people_world import ORIGIN, PASSWORD, PeopleWorld
from sqlalchemy import select

from api.people.passwords import Passwords
from core.crossings import Crossing
from core.database import Database
from core.domain import Role
from core.errors import ConflictError, InvalidRequestError
from core.models import SignInFailure, User
from core.settings import SignInSettings


async def test_a_right_password_opens_a_session_that_is_a_principal(any_world: PeopleWorld) -> None:
    world = any_world
    ada = await world.account()
    browser = await world.signed_in("  ADA@acme.example ")
    person = await browser.person()
    assert person is not None
    assert (person["email"], person["role"], person["tenant"]) == (
        "ada@acme.example",
        "knowledge_admin",
        {"slug": "acme", "name": "acme"},
    )
    acts = (await browser.http.get("/v1/audit")).raise_for_status().json()["acts"]
    assert [(act["action"], act["actor"]) for act in acts[:2]] == [("session.open", ada.id), ("user.add", "operator")]
    assert (await browser.http.get("/v1/users")).status_code == 403


async def test_unknown_disabled_passwordless_and_wrong_get_one_answer(world: PeopleWorld) -> None:
    await world.account()
    await world.account("bob@acme.example", password=None)
    cara = await world.account("cara@acme.example")
    await world.people.accounts.change(cara.tenant_id, cara.id, disabled=True)
    told = set()
    for email, password in (
        ("ada@acme.example", "wrong horse battery"),
        ("bob@acme.example", PASSWORD),
        ("cara@acme.example", PASSWORD),
        ("nobody@acme.example", PASSWORD),
        ("no address", PASSWORD),
        ("'; drop table users --@x", PASSWORD),
    ):
        response = await world.browser().sign_in(email, password)
        headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
        told.add((response.status_code, response.text, str(headers)))
    [(status, text, _)] = told
    assert status == 401
    assert "wrong_credentials" in text


async def test_an_unknown_account_takes_as_long_as_a_known_one(lite: Database, tmp_path: Path) -> None:
    """At the costs of a real installation; the quickest of several, for machines are shared."""
    dear = {"argon2_memory_kib": 65_536, "argon2_passes": 3, "argon2_lanes": 1, "tries_per_account": 1000}
    world = await PeopleWorld(lite, tmp_path, sign_in={**dear, "tries_per_address": 1000}).begin()
    await world.account()
    await world.account("bob@acme.example", password=None)
    browser, quickest = world.browser(), dict[str, float]()
    for _ in range(6):
        for email in ("ada@acme.example", "bob@acme.example", "nobody@acme.example"):
            began = time.perf_counter()
            assert (await browser.sign_in(email, "wrong horse battery")).status_code == 401
            quickest[email] = min(quickest.get(email, 9.0), time.perf_counter() - began)
    assert max(quickest.values()) < 3 * min(quickest.values()), quickest
    assert min(quickest.values()) > 0.01, "nothing was hashed at all"


async def test_waits_grow_with_each_wrong_password_and_a_right_one_ends_them(world: PeopleWorld) -> None:
    await world.account()
    browser = world.browser()
    for _ in range(5):
        assert (await browser.sign_in("ada@acme.example", "wrong")).status_code == 401
    waits = []
    for _ in range(9):
        refused = await browser.sign_in("ada@acme.example", PASSWORD)
        assert (refused.status_code, refused.json()["code"]) == (429, "sign_in_wait")
        waits.append(int(refused.headers["retry-after"]))
        world.clock.advance(seconds=waits[-1])
        assert (await browser.sign_in("ada@acme.example", "wrong")).status_code == 401
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900]
    world.clock.advance(seconds=900)
    (await browser.sign_in("ada@acme.example", PASSWORD)).raise_for_status()
    assert (await browser.sign_in("ada@acme.example", "wrong")).status_code == 401
    (await browser.sign_in("ada@acme.example", PASSWORD)).raise_for_status()


async def test_an_account_that_is_not_there_has_to_wait_as_well(world: PeopleWorld) -> None:
    for _ in range(5):
        assert (await world.browser().sign_in("nobody@acme.example", "wrong")).status_code == 401
    assert (await world.browser().sign_in("nobody@acme.example", "wrong")).status_code == 429


async def test_many_accounts_from_one_address_have_to_wait_and_other_addresses_do_not(world: PeopleWorld) -> None:
    await world.account()
    for number in range(30):
        assert (await world.browser().sign_in(f"x{number}@acme.example", "wrong")).status_code == 401
    assert (await world.browser().sign_in("ada@acme.example", PASSWORD)).status_code == 429
    elsewhere = world.browser(address="198.51.100.9")
    (await elsewhere.sign_in("ada@acme.example", PASSWORD)).raise_for_status()


async def test_right_passwords_from_one_address_never_make_it_wait(lite: Database, tmp_path: Path) -> None:
    world = await PeopleWorld(lite, tmp_path, sign_in={"tries_per_address": 3}).begin()
    await world.account()
    for _ in range(5):
        await world.signed_in()


async def test_many_tries_at_once_are_no_more_tries(any_world: PeopleWorld) -> None:
    world = any_world
    await world.account()
    tries = [world.browser().sign_in("ada@acme.example", f"wrong {number}") for number in range(20)]
    codes = [response.status_code for response in await asyncio.gather(*tries)]
    assert (codes.count(401), codes.count(429)) == (5, 15)


async def test_wrong_passwords_are_forgotten_after_a_day(any_world: PeopleWorld) -> None:
    world = any_world
    for _ in range(4):
        assert (await world.browser().sign_in("ada@acme.example", "wrong")).status_code == 401
    world.clock.advance(hours=24.1)
    for _ in range(5):
        assert (await world.browser().sign_in("ada@acme.example", "wrong")).status_code == 401
    async with world.database.read(Crossing.UPKEEP) as session:
        rows = (await session.scalars(select(SignInFailure))).all()
    assert sorted(row.failures for row in rows) == [5, 5]
    assert not any("acme" in row.key_hash for row in rows)


async def test_no_address_and_no_password_lies_readable_in_the_database(world: PeopleWorld) -> None:
    await world.account()
    async with world.database.read(Crossing.UPKEEP) as session:
        [row] = (await session.scalars(select(User))).all()
    assert b"acme" not in row.email
    assert row.password_hash is not None and row.password_hash.startswith("$argon2id$")
    assert PASSWORD not in row.password_hash


async def test_a_weak_password_is_refused_with_what_is_asked_for(world: PeopleWorld) -> None:
    for password in ("short", "a" * 300, "aaaaaaaaaaaaaaaa", "ada-is-my-name-1", "abababababab"):
        with pytest.raises(InvalidRequestError) as caught:
            await world.account(password=password)
        assert caught.value.code == "weak_password", password
        assert password not in caught.value.detail


async def test_an_address_is_one_account_in_all_tenants(world: PeopleWorld) -> None:
    await world.account()
    with pytest.raises(ConflictError) as caught:
        await world.account("Ada@ACME.example", tenant="umbra")
    assert caught.value.code == "user_exists"


async def test_a_hash_of_other_costs_is_renewed_at_the_next_sign_in(lite: Database, tmp_path: Path) -> None:
    world = await PeopleWorld(lite, tmp_path).begin()
    ada = await world.account()
    old = await Passwords(SignInSettings(argon2_memory_kib=2048, argon2_passes=1)).hash(PASSWORD, email="x@y.example")
    await world.people.accounts.rehash(ada.tenant_id, ada.id, old)
    await world.signed_in()
    row = await world.people.accounts.row(User.id == ada.id)
    assert row is not None and row.password_hash is not None and "m=1024," in row.password_hash
    await world.signed_in()


async def test_where_passwords_are_off_none_opens_anything(lite: Database, tmp_path: Path) -> None:
    world = await PeopleWorld(lite, tmp_path, sign_in={"passwords": False}).begin()
    await world.account()
    browser = world.browser()
    refused = await browser.sign_in("ada@acme.example", PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (403, "passwords_off")
    assert (await browser.door())["passwords"] is False


@pytest.mark.parametrize(
    ("origin", "stated", "expected"),
    [
        (ORIGIN, None, "__Host-copilot-session; HttpOnly; Path=/; SameSite=strict; Secure"),
        ("http://intranet", None, "__Host-copilot-session; HttpOnly; Path=/; SameSite=strict; Secure"),
        ("http://127.0.0.1:8000", None, "copilot-session; HttpOnly; Path=/; SameSite=strict"),
        ("https://localhost", None, "__Host-copilot-session; HttpOnly; Path=/; SameSite=strict; Secure"),
        ("http://127.0.0.1:8000", True, "__Host-copilot-session; HttpOnly; Path=/; SameSite=strict; Secure"),
        ("http://intranet", False, "copilot-session; HttpOnly; Path=/; SameSite=strict"),
    ],
)
async def test_the_cookie_is_safe_wherever_it_may_be(
    lite: Database, tmp_path: Path, origin: str, stated: bool | None, expected: str
) -> None:
    world = await PeopleWorld(lite, tmp_path, sessions={"secure": stated}).begin()
    await world.account()
    body = {"email": "ada@acme.example", "password": PASSWORD}
    response = await world.browser(origin=origin).act("POST", "/v1/session", body)
    [cookie] = response.raise_for_status().headers.get_list("set-cookie")
    name, _, rest = cookie.partition("=")
    assert "; ".join([name, *sorted(rest.split("; ")[1:])]) == expected


async def test_a_cookie_without_the_prefix_is_nothing_over_tls(world: PeopleWorld) -> None:
    await world.account()
    credential = (await world.signed_in()).credential
    planted = world.browser()
    planted.http.cookies.set("copilot-session", credential)
    assert (await planted.http.get("/v1/sessions")).status_code == 401


async def test_the_role_decides_and_changes_at_once(world: PeopleWorld) -> None:
    ada = await world.account()
    browser = await world.signed_in()
    assert (await browser.http.get("/v1/audit")).status_code == 200
    await world.people.accounts.change(ada.tenant_id, ada.id, role=Role.PARTNER_USER)
    assert (await browser.http.get("/v1/audit")).status_code == 403
