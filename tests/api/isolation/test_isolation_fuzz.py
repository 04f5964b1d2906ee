"""What the OpenAPI document lets anybody send, made up by schemathesis and sent as each role: no fault, and no door left open."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from route_table import ROUTES
from town import OWN, Town, leaks, settled

from core.auth import PERMISSIONS
from core.domain import Role

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis

pytestmark = pytest.mark.slow

KEYLESS = (None, "junk", f"pc.{'0' * 32}.{'A' * 43}")
REFUSED = {401, 403, 404, 405, 413, 415, 422}
"""To whoever lacks the permission; a body that is no JSON is told so before anybody asks whose it is."""


@pytest.fixture(scope="module")
def operations(sqlite_town: Town) -> list[Any]:
    document = sqlite_town.call(None, "GET", "/openapi.json").json()
    found = schemathesis.openapi.from_dict(document).get_all_operations()
    return [operation.ok() for operation in found]


def test_every_whole_number_that_may_be_sent_has_a_limit(sqlite_town: Town) -> None:
    """One that no column holds would be a fault of the database's: 2**63 was, as the version of a policy."""
    document = sqlite_town.call(None, "GET", "/openapi.json").json()
    named = dict(_sent_schemas(document))
    assert len(named) > 100
    assert [name for name, schema in named.items() for each in _whole_numbers(schema) if "maximum" not in each] == []


def _sent_schemas(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", []):
                yield f"{method} {path} {parameter['name']}", parameter["schema"]
    for name, schema in document["components"]["schemas"].items():
        if name.endswith(("In", "Patch")) or "Body" in name:
            yield from ((f"{name}.{key}", value) for key, value in schema.get("properties", {}).items())


def _whole_numbers(schema: Any) -> Iterator[Any]:
    for each in [schema, *schema.get("anyOf", [])]:
        if each.get("type") == "integer":
            yield each


def _sent(case: Any) -> requests.PreparedRequest:
    """As it goes over the wire, for httpx to send."""
    return requests.Request(**case.as_transport_kwargs(base_url=OWN)).prepare()


def _answers(town: Town, operation: Any, *, examples: int) -> Iterator[tuple[str, httpx.Response]]:
    """Whoever asked, and what they were told."""
    house = settled(town, "fuzzed")
    who: dict[str, str | None] = {str(role): house.keys[role] for role in Role}
    who |= {f"nobody {number}": token for number, token in enumerate(KEYLESS)}
    told: list[tuple[str, httpx.Response]] = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), name=st.sampled_from(sorted(who)))
    def send(case: Any, name: str) -> None:
        wire = _sent(case)
        headers = {key: value for key, value in wire.headers.items() if key.lower() != "authorization"}
        path = str(wire.url).removeprefix(OWN)
        told.append((name, town.send(who[name], str(wire.method), path, headers=headers, content=wire.body)))

    send()
    for _, response in told:
        assert not leaks(town, house, response)
    yield from told


def _fuzz(town: Town, operations: list[Any], *, examples: int) -> int:
    count = 0
    for operation in operations:
        case = next(c for name, c in ROUTES.items() if _same(name, operation))
        for name, response in _answers(town, operation, examples=examples):
            said = f"{operation.method} {response.request.url} as {name}: {response.status_code} {response.text[:300]}"
            assert response.status_code < 500, said
            allowed = case.open or (name in PERMISSIONS and case.holds(PERMISSIONS[Role(name)]))
            assert allowed or response.status_code in REFUSED, said
            count += 1
    return count


def _same(name: str, operation: Any) -> bool:
    return name.replace(":path}", "}") == f"{operation.method.upper()} {operation.path}"


def test_made_up_requests_find_no_fault_and_no_open_door(sqlite_town: Town, operations: list[Any]) -> None:
    assert len(operations) > 60
    assert _fuzz(sqlite_town, operations, examples=2) >= len(operations)


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("which", ["sqlite_town", "postgres_town"])
def test_many_made_up_requests(request: pytest.FixtureRequest, operations: list[Any], which: str) -> None:
    assert _fuzz(request.getfixturevalue(which), operations, examples=60) >= 60 * len(operations) // 2
