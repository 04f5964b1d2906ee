"""Signing in by a real identity provider on the loopback: what is believed, and what is not."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from oidc_provider_server import CLIENT, SECRET, IdentityProvider, Json, Person, running_provider
from people_world import ORIGIN, PASSWORD, BrowserClient, PeopleWorld
from pydantic import ValidationError

from core.database import Database
from core.domain import Role
from core.settings import OIDCSettings

GROUPS = [
    {"value": "copilot-admins", "tenant": "acme", "role": "knowledge_admin"},
    {"value": "umbra-staff", "tenant": "umbra", "role": "support_agent"},
    {"value": "roots", "tenant": "acme", "role": "platform_admin"},
]
OTHER_KEY = RSAKey.generate_key(2048, parameters={"kid": "one"})

Opened = Callable[..., Awaitable[PeopleWorld]]


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[IdentityProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(shared_provider: IdentityProvider) -> IdentityProvider:
    """As honest as it began."""
    fresh = IdentityProvider(key=shared_provider.key)
    vars(shared_provider).update({**vars(fresh), "url": shared_provider.url})
    return shared_provider


@pytest.fixture
def opened(lite: Database, tmp_path: Path, provider: IdentityProvider) -> Opened:
    async def make(**settings: Any) -> PeopleWorld:
        stated = {"issuer": provider.url, "client_id": CLIENT, "client_secret": SECRET, "groups": GROUPS, **settings}
        return await PeopleWorld(lite, tmp_path, oidc=stated).begin()

    return make


@pytest.fixture
async def world(opened: Opened) -> PeopleWorld:
    return await opened()


async def departed(browser: BrowserClient, place: str = "/review") -> str:
    """The provider's address that the browser is sent to."""
    response = await browser.http.get("/oidc/start", params={"place": place})
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


async def returned(browser: BrowserClient, url: str) -> str:
    """Through the provider, to the path and query that the browser comes back with."""
    async with httpx.AsyncClient(trust_env=False) as outside:
        back = urlsplit((await outside.get(url)).headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{ORIGIN}/oidc/callback"
    return f"{back.path}?{back.query}"


async def arrived(browser: BrowserClient, back: str) -> str:
    """Where the service sends the browser in the end."""
    response = await browser.http.get(back)
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


async def sign_in(world: PeopleWorld, browser: BrowserClient | None = None) -> tuple[BrowserClient, str]:
    browser = browser or world.browser()
    return browser, await arrived(browser, await returned(browser, await departed(browser)))


async def test_an_invited_address_signs_in_with_pkce_state_and_nonce(
    world: PeopleWorld, provider: IdentityProvider
) -> None:
    ada = await world.account(password=None)
    browser, place = await sign_in(world)
    assert place == "/review"
    person = await browser.person()
    assert person is not None
    assert (person["id"], person["role"], person["tenant"]["slug"]) == (ada.id, "knowledge_admin", "acme")
    assert provider.seen["code_challenge_method"] == "S256"
    assert provider.seen["scope"] == "openid email profile"
    assert min(len(provider.seen[name]) for name in ("state", "nonce", "code_challenge")) > 40
    assert [(act.action, act.actor) for act in await world.acts()][-2:] == [
        ("user.link", "oidc"),
        ("session.open", ada.id),
    ]
    assert {cookie.name for cookie in browser.http.cookies.jar} == {"__Host-copilot-session"}


def tokens(provider: IdentityProvider) -> dict[str, dict[str, Any]]:
    """What is wrong with each: `alter` changes the claims, `sign` how they are signed."""
    now = int(time.time())
    with_key, octet = provider.signed, OctKey.import_key(SECRET * 3)
    ec = ECKey.generate_key("P-256", parameters={"kid": "one"})

    def unsigned(claims: Json) -> str:
        parts = with_key(claims, provider.key).split(".")
        return f"{_b64({'alg': 'none'})}.{parts[1]}."

    def confused(claims: Json) -> str:
        """By hand, since the library knows better: what everybody may read, taken for a secret."""
        said = f"{_b64({'alg': 'HS256', 'kid': 'one'})}.{_b64(claims)}"
        tag = hmac.new(provider.key.as_pem(private=False), said.encode(), "sha256").digest()
        return f"{said}.{urlsafe_b64encode(tag).decode().rstrip('=')}"

    def torn(claims: Json) -> str:
        head, body, _ = with_key(claims, provider.key).split(".")
        other = with_key({**claims, "email": "root@acme.example"}, provider.key).split(".")
        return f"{head}.{body}.{other[2]}"

    def without(name: str) -> dict[str, Any]:
        return {"alter": lambda claims: {key: value for key, value in claims.items() if key != name}}

    def stated(**more: Any) -> dict[str, Any]:
        return {"alter": lambda claims: {**claims, **more}}

    return {
        "another issuer": stated(iss="https://evil.example"),
        "issuer with a slash": stated(iss=f"{provider.url}/"),
        "another audience": stated(aud="another-client"),
        "several audiences": stated(aud=[CLIENT, "another-client"], azp=CLIENT),
        "no audience": without("aud"),
        "another authorised party": stated(azp="another-client"),
        "another nonce": stated(nonce="n" * 64),
        "no nonce": without("nonce"),
        "expired": stated(exp=now - 120, iat=now - 300),
        "no expiry": without("exp"),
        "expiry that is a text": stated(exp="tomorrow"),
        "not yet": stated(nbf=now + 600),
        "issued later": stated(iat=now + 600),
        "issued long ago": stated(iat=now - 7200),
        "no subject": without("sub"),
        "an empty subject": stated(sub=""),
        "a subject that is a number": stated(sub=7),
        "another access token's hash": stated(at_hash="A" * 22),
        "address not verified": stated(email_verified=False),
        "address verified by a text": stated(email_verified="true"),
        "no word of the address": without("email_verified"),
        "no address": without("email"),
        "an address that is none": stated(email="nobody"),
        "no signature (alg none)": {"sign": unsigned},
        "another key": {"sign": lambda claims: with_key(claims, OTHER_KEY)},
        "another token's signature": {"sign": torn},
        "the client's secret as key (HS256)": {"sign": lambda claims: with_key(claims, octet, "HS256")},
        "the public key as secret (HS256)": {"sign": confused},
        "another algorithm of the same key (PS256)": {"sign": lambda claims: with_key(claims, provider.key, "PS256")},
        "another kind of key (ES256)": {"sign": lambda claims: with_key(claims, ec, "ES256")},
        "a broken signature": {"sign": lambda claims: with_key(claims, provider.key)[:-8] + "AAAAAAAA"},
        "no token at all": {"sign": lambda _claims: ""},
        "junk": {"sign": lambda _claims: "a.b.c"},
        "an endless token": {"sign": lambda _claims: "a" * 40_000},
    }


def _b64(value: Json) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_a_bad_token_signs_nobody_in(opened: Opened, provider: IdentityProvider) -> None:
    world = await opened(starts_per_address=1000)
    await world.account(password=None)
    told: dict[str, tuple[str, Json | None]] = {}
    for what, changes in tokens(provider).items():
        provider.alter, provider.sign = changes.get("alter", provider.honest), changes.get("sign")
        browser, place = await sign_in(world)
        told[what] = (place, await browser.person())
    assert {what: place for what, place in told.items() if place != ("/sign-in#error=sign_in_refused", None)} == {}
    assert len(told) > 30
    assert [act.action for act in await world.acts()] == ["tenant.create", "user.add"]
    provider.alter, provider.sign = provider.honest, None
    assert (await sign_in(world))[1] == "/review", "the honest token would not have been believed either"


async def test_what_came_back_once_opens_nothing_again(world: PeopleWorld, provider: IdentityProvider) -> None:
    """Neither the state with its cookie, nor the code in another sign-in."""
    await world.account(password=None)
    browser = world.browser()
    url = await departed(browser)
    kept = [(cookie.name, cookie.value or "") for cookie in browser.http.cookies.jar]
    back = await returned(browser, url)
    assert await arrived(browser, back) == "/review"
    thief = world.browser()
    for name, value in kept:
        thief.http.cookies.set(name, value, domain="copilot.example")
    assert await arrived(thief, back) == "/sign-in#error=sign_in_refused"
    code = parse_qs(urlsplit(back).query)["code"][0]
    await departed(thief)
    state = provider_state(thief, await departed(thief))
    assert await arrived(thief, f"/oidc/callback?state={state}&code={code}") == "/sign-in#error=sign_in_refused"
    assert await thief.person() is None


def provider_state(_browser: BrowserClient, url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


async def test_another_browsers_answer_is_not_taken(world: PeopleWorld) -> None:
    """Somebody sends a victim the address that they came back with: the victim must not be signed in as them."""
    await world.account(password=None)
    attacker, victim = world.browser(), world.browser()
    back = await returned(attacker, await departed(attacker))
    assert await arrived(victim, back) == "/sign-in#error=sign_in_refused"
    await departed(victim)
    assert await arrived(victim, back) == "/sign-in#error=sign_in_refused"
    assert await victim.person() is None


async def test_the_code_of_another_sign_in_is_worth_nothing_without_its_verifier(
    world: PeopleWorld, provider: IdentityProvider
) -> None:
    await world.account(password=None)
    one, other = world.browser(), world.browser()
    stolen = parse_qs(urlsplit(await returned(one, await departed(one))).query)["code"][0]
    mine = parse_qs(urlsplit(await returned(other, await departed(other))).query)
    back = f"/oidc/callback?state={mine['state'][0]}&code={stolen}"
    assert await arrived(other, back) == "/sign-in#error=sign_in_refused"


async def test_an_answer_that_is_not_the_providers_is_not_taken(world: PeopleWorld) -> None:
    await world.account(password=None)
    for change in ({"iss": "https://evil.example"}, {"code": ""}, {"state": ""}, {"state": "x" * 64}):
        browser = world.browser()
        back = urlsplit(await returned(browser, await departed(browser)))
        query = {name: values[0] for name, values in parse_qs(back.query).items()}
        response = await browser.http.get(back.path, params={**query, **change})
        assert response.headers["location"] == "/sign-in#error=sign_in_refused", change


async def test_nobody_is_let_in_whom_nobody_invited(world: PeopleWorld, provider: IdentityProvider) -> None:
    provider.person = Person(sub="stranger", email="stranger@acme.example", groups=["everybody"])
    browser, place = await sign_in(world)
    assert place == "/sign-in#error=not_invited"
    assert await browser.person() is None
    assert await world.people.accounts.of(world.ids["acme"]) == []


async def test_a_group_brings_tenant_and_role_and_the_role_follows_it(
    world: PeopleWorld, provider: IdentityProvider
) -> None:
    provider.person = Person(sub="cy", email="cy@umbra.example", groups=["everybody", "umbra-staff"])
    browser, _ = await sign_in(world)
    person = await browser.person()
    assert person is not None
    assert (person["tenant"]["slug"], person["role"], person["name"]) == ("umbra", "support_agent", "Ada")
    provider.person = replace(provider.person, groups=["everybody"])
    _, place = await sign_in(world)
    assert place == "/sign-in#error=not_invited"
    assert await browser.person() is None, "whoever left the group is still signed in elsewhere"


async def test_a_changed_group_changes_the_role_in_the_same_tenant_alone(
    world: PeopleWorld, provider: IdentityProvider
) -> None:
    provider.person = Person(groups=["roots"])
    await sign_in(world)
    provider.person = Person(groups=["copilot-admins"])
    browser, _ = await sign_in(world)
    person = await browser.person()
    assert person is not None and person["role"] == "knowledge_admin"
    provider.person = Person(groups=["umbra-staff"])
    _, place = await sign_in(world)
    assert place == "/sign-in#error=sign_in_refused"


async def test_no_claim_names_a_tenant(world: PeopleWorld, provider: IdentityProvider) -> None:
    provider.alter = lambda claims: {
        **claims,
        "tenant": "umbra",
        "groups": ["umbra", "copilot-admins"],
        "role": "operator",
    }
    browser, _ = await sign_in(world)
    person = await browser.person()
    assert person is not None
    assert (person["tenant"]["slug"], person["role"]) == ("acme", "knowledge_admin")


async def test_groups_of_another_shape_bring_nothing(world: PeopleWorld, provider: IdentityProvider) -> None:
    shapes: list[object] = [7, {"copilot-admins": True}, [["copilot-admins"]], [None], None]
    for groups in shapes:
        provider.alter = lambda claims, groups=groups: {**claims, "groups": groups}  # type: ignore[misc]
        assert (await sign_in(world))[1] == "/sign-in#error=not_invited", groups


async def test_an_address_that_changed_hands_does_not_open_the_account(
    world: PeopleWorld, provider: IdentityProvider
) -> None:
    await world.account(password=None)
    assert (await sign_in(world))[1] == "/review"
    provider.person = Person(sub="another-subject")
    assert (await sign_in(world))[1] == "/sign-in#error=sign_in_refused"
    provider.person = Person(email="ada.lovelace@acme.example")
    browser, _ = await sign_in(world)
    person = await browser.person()
    assert person is not None and person["email"] == "ada@acme.example"


async def test_a_disabled_account_is_not_let_in_by_the_provider_either(world: PeopleWorld) -> None:
    ada = await world.account(password=None)
    await world.people.accounts.change(ada.tenant_id, ada.id, disabled=True)
    assert (await sign_in(world))[1] == "/sign-in#error=sign_in_refused"


async def test_a_new_key_of_the_providers_is_fetched_and_a_made_up_one_is_not_asked_for_each_time(
    world: PeopleWorld, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.account(password=None)
    await sign_in(world)
    clock = [time.monotonic()]
    monkeypatch.setattr("api.people.oidc_provider.time.monotonic", lambda: clock[0])
    clock[0] += 60
    fresh = RSAKey.generate_key(2048, parameters={"kid": "two"})
    provider.sign, provider.published = (lambda claims: provider.signed(claims, fresh)), [fresh]
    assert (await sign_in(world))[1] == "/review"
    provider.sign = lambda claims: provider.signed(claims, OTHER_KEY)
    for _ in range(3):
        await sign_in(world)
    assert provider.fetched.count("/keys") == 2


@pytest.mark.parametrize(
    "discovery",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://192.0.2.1/token"}, {"jwks_uri": None}],
    ids=str,
)
async def test_a_provider_that_is_not_the_configured_one_is_not_used(
    world: PeopleWorld, provider: IdentityProvider, discovery: Json
) -> None:
    provider.discovery = discovery
    assert await departed(world.browser()) == "/sign-in#error=provider_unavailable"


async def test_a_provider_that_is_away_is_told_and_comes_back(opened: Opened, provider: IdentityProvider) -> None:
    url, provider.url = provider.url, "http://127.0.0.1:1"
    world = await opened()
    assert await departed(world.browser()) == "/sign-in#error=provider_unavailable"
    provider.url = url


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "review", "/a\nb", "/a@b"]
)
async def test_nobody_is_sent_to_another_site_afterwards(world: PeopleWorld, place: str) -> None:
    assert await departed(world.browser(), place) == "/sign-in#error=invalid_place"


async def test_too_many_starts_from_one_address_are_refused(opened: Opened) -> None:
    world = await opened(starts_per_address=2)
    told = [await departed(world.browser()) for _ in range(3)]
    assert told[2] == "/sign-in#error=rate_limited"
    assert "error" not in told[1]


async def test_an_answer_that_comes_too_late_is_refused(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await opened(minutes=0.0001)
    await world.account(password=None)
    assert (await sign_in(world))[1] in ("/sign-in#error=sign_in_refused",)


async def test_without_a_provider_the_way_is_shut(lite: Database, tmp_path: Path) -> None:
    world = await PeopleWorld(lite, tmp_path).begin()
    browser = world.browser()
    assert (await browser.door())["oidc"] is None
    assert await departed(browser) == "/sign-in#error=no_provider"
    assert await arrived(browser, "/oidc/callback?state=a&code=b") == "/sign-in#error=no_provider"


async def test_an_invited_address_keeps_its_password(world: PeopleWorld) -> None:
    await world.account()
    await sign_in(world)
    await world.signed_in(password=PASSWORD)


def test_settings_that_would_weaken_it_are_refused() -> None:
    for wrong in (
        {"issuer": "http://idp.example"},
        {"algorithm": "none"},
        {"algorithm": "HS256"},
        {"groups": [{"value": "a", "tenant": "acme", "role": Role.OPERATOR}]},
    ):
        with pytest.raises(ValidationError):
            OIDCSettings.model_validate(wrong)
