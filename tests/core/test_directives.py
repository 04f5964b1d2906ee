"""Policies and prompts by version: never changed, set back by saying an earlier one again, audited, kept apart by tenant."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from core.crossings import Crossing
from core.database import Database
from core.directives import SHIPPED, DirectiveKind, Directives
from core.domain import Audience, Permission, Principal
from core.errors import NotFoundError
from core.keyring import Keyring
from core.models import AuditRow
from core.tenancy import Tenants

POLICY, PROMPT = DirectiveKind.POLICY, DirectiveKind.PROMPT


@pytest.fixture
async def admins(database: Database) -> list[Principal]:
    tenants = Tenants(database, Keyring(bytes(range(32))), generation="fake")
    made = [await tenants.create(slug) for slug in ("north", "south")]
    return [Principal(tenant.id, "admin", Audience.AGENT, frozenset(Permission)) for tenant in made]


async def test_versions_count_up_by_kind_and_by_tenant(database: Database, admins: list[Principal]) -> None:
    directives, (north, south) = Directives(database), admins
    assert (await directives.current(north.tenant_id))[POLICY] == SHIPPED
    for number in (1, 2):
        assert (await directives.set(north, POLICY, {"n": number}, note=f"n{number}")).version == number
    assert (await directives.set(north, PROMPT, {"text": "x"})).version == 1
    current = await directives.current(north.tenant_id)
    assert (current[POLICY].body, current[POLICY].note, current[PROMPT].body) == ({"n": 2}, "n2", {"text": "x"})
    assert [each.version for each in await directives.versions(north.tenant_id, POLICY)] == [2, 1]
    assert (await directives.version(north.tenant_id, POLICY, 1)).body == {"n": 1}
    assert (await directives.current(south.tenant_id))[POLICY] == SHIPPED
    assert await directives.versions(south.tenant_id, POLICY) == []


async def test_rollback_says_an_earlier_version_again_under_a_new_number(
    database: Database, admins: list[Principal]
) -> None:
    directives, north = Directives(database), admins[0]
    await directives.set(north, POLICY, {"n": 1})
    await directives.set(north, POLICY, {"n": 2})
    again = await directives.roll_back(north, POLICY, 1, note="2 was too strict")
    assert (again.version, again.body, again.restores) == (3, {"n": 1}, 1)
    shipped = await directives.roll_back(north, POLICY, 0)
    assert (shipped.version, shipped.body, shipped.restores) == (4, {}, 0)
    assert (await directives.current(north.tenant_id))[POLICY].version == 4


@pytest.mark.parametrize("version", [2, 99])
async def test_version_that_the_tenant_never_had_is_not_found(
    database: Database, admins: list[Principal], version: int
) -> None:
    directives, (north, south) = Directives(database), admins
    await directives.set(north, POLICY, {"n": 1})
    await directives.set(south, POLICY, {"n": 1})
    await directives.set(south, POLICY, {"n": 2})
    for attempt in (directives.roll_back(north, POLICY, version), directives.version(north.tenant_id, POLICY, version)):
        with pytest.raises(NotFoundError) as caught:
            await attempt
        assert caught.value.code == "unknown_version"


async def test_two_who_set_at_once_get_two_versions(database: Database, admins: list[Principal]) -> None:
    directives, north = Directives(database), admins[0]
    made = await asyncio.gather(*(directives.set(north, POLICY, {"n": n}) for n in range(5)))
    assert sorted(each.version for each in made) == [1, 2, 3, 4, 5]


async def test_each_change_is_audited(database: Database, admins: list[Principal]) -> None:
    directives, north = Directives(database), admins[0]
    await directives.set(north, POLICY, {"n": 1})
    await directives.roll_back(north, POLICY, 0)
    await directives.set(north, PROMPT, {"text": "x"})
    async with database.read(Crossing.UPKEEP) as session:
        rows = await session.scalars(select(AuditRow).where(AuditRow.action != "tenant.create").order_by(AuditRow.id))
        told = [(row.action, row.target, row.details) for row in rows]
    assert told == [("policy.set", "1", {}), ("policy.rollback", "2", {"restores": 0}), ("prompt.set", "1", {})]
