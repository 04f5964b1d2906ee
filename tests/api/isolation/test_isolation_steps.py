"""No tenant is told of another, whatever anybody does; on PostgreSQL also where every statement forgot its filter."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from isolation_machine import Neighbours
from town import SLUGS, TOPIC, House, Town, leaks
from unfiltered import unfiltered

from core.domain import Audience, Role

pytestmark = pytest.mark.slow

STEPS = 30
PROOF = 10_000


def _walk(town: Town, *, at_least: int, examples: int, derandomize: bool, maimed: bool = False) -> None:
    Neighbours.town, Neighbours.steps, Neighbours.maimed = town, 0, maimed
    given = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=derandomize,
        database=None,
        phases=(Phase.generate,),  # what was stored stays stored: a shorter walk would meet another town
        suppress_health_check=list(HealthCheck),
    )
    while Neighbours.steps < at_least:
        run_state_machine_as_test(Neighbours, settings=given)  # type: ignore[no-untyped-call]


def test_nobody_is_told_of_another_tenant(sqlite_town: Town) -> None:
    _walk(sqlite_town, at_least=60, examples=3, derandomize=True)


def test_row_level_security_alone_keeps_tenants_apart(postgres_town: Town) -> None:
    with unfiltered(postgres_town.services.database) as taken:
        _walk(postgres_town, at_least=60, examples=3, derandomize=True, maimed=True)
    assert taken[0] > 60  # one a step, at least


def test_without_filters_and_without_row_level_security_the_canaries_are_found(sqlite_town: Town) -> None:
    """Else the test above would show nothing."""
    house = sqlite_town.houses[SLUGS[0]]
    with unfiltered(sqlite_town.services.database) as taken:
        response = sqlite_town.call(house.keys[Role.AUDITOR], "GET", "/v1/audit?limit=1000")
        listed = sqlite_town.call(house.keys[Role.KNOWLEDGE_ADMIN], "GET", "/v1/sources")
    assert taken[0] >= 2
    assert response.status_code == 200
    assert leaks(sqlite_town, house, listed) == set(SLUGS[1:])


def test_a_granted_corpus_is_read_in_place_under_row_level_security(postgres_town: Town) -> None:
    vendor, partner, stranger = postgres_town.houses.values()
    grant = postgres_town.ok(vendor, "POST", "/v1/grants", json={"corpus": "notes", "grantee": partner.slug})

    def told(house: House) -> str:
        found = postgres_town.ok(house, "POST", "/v1/search", json={"query": TOPIC, "limit": 50})
        return str(found) + str(postgres_town.ok(house, "POST", "/v1/ask", json={"question": TOPIC}))

    shared = vendor.canary + Audience.PARTNER
    assert shared in told(partner)
    assert vendor.canary + Audience.AGENT not in told(partner)
    assert vendor.canary not in told(stranger)
    postgres_town.ok(vendor, "DELETE", f"/v1/grants/{grant['id']}")
    assert vendor.canary not in told(partner)


def test_crossings_are_counted_by_purpose(postgres_town: Town) -> None:
    said = postgres_town.call(None, "GET", "/metrics").text
    assert 'copilot_crossings_total{purpose="credentials"}' in said
    assert 'copilot_crossings_total{purpose="upkeep"}' not in said


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("filters", ["kept", "forgotten"])
def test_ten_thousand_steps_on_postgresql(postgres_town: Town, filters: str) -> None:
    if filters == "kept":
        _walk(postgres_town, at_least=PROOF, examples=100, derandomize=False)
        return
    with unfiltered(postgres_town.services.database):
        _walk(postgres_town, at_least=PROOF, examples=100, derandomize=False, maimed=True)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_ten_thousand_steps_on_sqlite(sqlite_town: Town) -> None:
    _walk(sqlite_town, at_least=PROOF, examples=100, derandomize=False)
