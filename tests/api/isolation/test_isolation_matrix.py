"""Every route × every principal. A route that the table does not name fails, and so does an answer that it does not foresee."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute
from route_table import ROUTES, Case
from starlette.routing import Mount, Route
from town import GIVEN, OWN, SLUGS, UNKNOWN, Cookie, House, Town, session_of

from api.app import app_over
from api.people.forgery import SAFE
from api.widget.visits import Knock
from core.auth import PERMISSIONS, VISITOR
from core.domain import Permission, Role

pytestmark = pytest.mark.slow

JUNK = {
    "no key": None,
    "an empty key": "",
    "junk": "junk",
    "a made-up key": f"pc.{UNKNOWN}.{'A' * 43}",
    "a made-up session": f"pw.{UNKNOWN}.{'A' * 43}",
}


FILES = {"MOUNT /chat", "MOUNT /review", "MOUNT /sign-in", "MOUNT /widget/v1/static"}
"""Folders of scripts and styles, which anybody may read."""


def _routes(town: Town) -> Iterator[str]:
    for included in app_over(town.services).routes:
        router = getattr(included, "original_router", None)
        for route in router.routes if router else [included]:
            if isinstance(route, Mount):
                yield f"MOUNT {route.path}"
            else:
                assert isinstance(route, Route | APIRoute), f"what is {route}?"
                yield from (f"{method} {route.path}" for method in route.methods or {"POST"})


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest) -> Town:
    """Row-level security on the one must not be seen from outside: both answer alike."""
    found: Town = request.getfixturevalue("sqlite_town" if request.param == "sqlite" else "postgres_town")
    return found


@pytest.fixture
def house(town: Town) -> House:
    return town.houses[SLUGS[0]]


def visitor(town: Town, house: House) -> str:
    """A session of the house's widget; kept, since an address may open thirty a minute."""
    if "visitor" in house.keys:
        return house.keys["visitor"]
    visits = town.services.visits
    widget = town.run(town.services.widgets.get(house.id, house.ids["widget"]))
    knock = Knock(widget.id, visits.ticket(widget), widget.origins[0], "v" * 32, None, "", "127.0.0.1", None)
    house.keys["visitor"] = str(town.run(visits.open(knock, own_origin=OWN)).token)
    return house.keys["visitor"]


def called(town: Town, token: str | Cookie | None, name: str, case: Case, ids: dict[str, str]) -> httpx.Response:
    method, path = name.split(" ", 1)
    for parameter, thing in case.ids.items():
        value = thing[1:] or "nothing" if thing.startswith("-") else ids.get(thing, UNKNOWN)
        path = path.replace(f"{{{parameter}:path}}", value).replace(f"{{{parameter}}}", value)
    return town.call(token, method, path, **case.sent)


def test_every_route_is_in_the_table(town: Town) -> None:
    found = set(_routes(town))
    assert not found - set(ROUTES) - FILES, f"say in route_table.py who may call {sorted(found - set(ROUTES) - FILES)}"
    assert not (set(ROUTES) | FILES) - found, "the table names routes that are gone"


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_route_answers_each_principal_as_the_table_says(town: Town, house: House, name: str) -> None:
    case = ROUTES[name]
    own = house.ids if case.real else {}
    expected = {f"{who} → {case.status if case.open else 401}" for who in (*JUNK, "revoked", "expired")}
    expected |= {f"{role} → {401 if case.signed else _status(case, PERMISSIONS[role])}" for role in Role}
    expected.add(f"visitor → {_status(case, VISITOR) if case.visitor and not case.signed else 401}")
    told = {f"{who} → {called(town, token, name, case, own).status_code}" for who, token in JUNK.items()}
    for who in (*Role, "revoked", "expired"):
        told.add(f"{who} → {called(town, house.keys[who], name, case, own).status_code}")
    told.add(f"visitor → {called(town, visitor(town, house), name, case, own).status_code}")
    if name == "DELETE /widget/v1/session":
        del house.keys["visitor"]  # it is dead now
    assert told == expected


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_route_answers_each_person_as_it_answers_a_key_of_their_role(town: Town, house: House, name: str) -> None:
    """And changes nothing for a request that does not show the session's token, and nothing for a session that ended."""
    case, method = ROUTES[name], name.partition(" ")[0]
    own = house.ids if case.real else {}
    guarded = method not in SAFE and not (case.open and name != "DELETE /v1/session")
    expected, told = set(), set()
    for role in GIVEN:
        status = _status(case, PERMISSIONS[role]) if case.session else 401
        expected |= {f"{role} → {status}", f"{role} from elsewhere → {403 if guarded and case.session else status}"}
        cookie = house.people[role]
        elsewhere = called(town, Cookie(cookie.credential, ""), name, case, own).status_code
        told |= {
            f"{role} from elsewhere → {elsewhere}",
            f"{role} → {called(town, cookie, name, case, own).status_code}",
        }
        if name == "DELETE /v1/session":  # it is dead now
            account = town.run(town.services.people.accounts.named(f"{role}@{house.slug}.example"))
            house.people[role] = town.run(session_of(town.services, account))
    expected.add(f"ended → {case.status if case.open else 401}")
    told.add(f"ended → {called(town, house.people['ended'], name, case, own).status_code}")
    assert told == expected


def _status(case: Case, held: frozenset[Permission]) -> int:
    return case.status if case.holds(held) else 403


@pytest.mark.parametrize(
    "name", sorted(name for name, case in ROUTES.items() if any(v[0] != "-" for v in case.ids.values()))
)
def test_another_tenants_id_answers_as_an_unknown_one_does(town: Town, house: House, name: str) -> None:
    """To each role: with 404 where it may call the route, with 403 where not; the same to the byte but for the id."""
    neighbour = town.houses[SLUGS[1]]
    for role, key in [
        *((role, neighbour.keys[role]) for role in Role),
        *((role, neighbour.people[role]) for role in GIVEN),
    ]:
        theirs = called(town, key, name, ROUTES[name], house.ids)
        never = called(town, key, name, ROUTES[name], {})
        assert theirs.status_code == never.status_code == _status_of_unknown(ROUTES[name], role)
        assert _without_ids(theirs, house) == _without_ids(never, house)


def _status_of_unknown(case: Case, role: Role) -> int:
    return 404 if case.permission in PERMISSIONS[role] else 403


def _without_ids(response: httpx.Response, house: House) -> tuple[str, dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    text = response.text
    for known in house.ids.values():
        text = text.replace(known, UNKNOWN)
    return text, headers | {"content-length": ""}


@pytest.mark.parametrize(
    ("path", "field", "more"),
    [
        ("/v1/ask", "conversation_id", {"question": "And then?"}),
        ("/v1/feedback", "answer_id", {"vote": "up"}),
        ("/v1/handoffs", "answer_id", {}),
        ("/v1/handoffs", "conversation_id", {}),
        ("/v1/documents/approve", "document_id", {}),
    ],
)
def test_another_tenants_id_in_a_body_answers_as_an_unknown_one_does(
    town: Town, house: House, path: str, field: str, more: dict[str, str]
) -> None:
    def sent(value: str) -> httpx.Response:
        body = {field: value, **more}
        wrapped = {"documents": [{**body, "revision_id": UNKNOWN}]} if path.endswith("approve") else body
        return town.call(town.houses[SLUGS[1]].keys[Role.OPERATOR], "POST", path, json=wrapped)

    theirs, never = sent(house.ids[field.removesuffix("_id")]), sent(UNKNOWN)
    assert theirs.status_code == never.status_code
    assert _without_ids(theirs, house) == _without_ids(never, house)
    assert theirs.status_code == 404 or "not_found" in theirs.text


def test_the_other_tenants_things_are_untouched(town: Town, house: House) -> None:
    """By all the calls above: each still answers its owner."""
    for name, case in ROUTES.items():
        if case.real and case.ids:
            assert called(town, house.keys[Role.OPERATOR], name, case, house.ids).status_code == 200
