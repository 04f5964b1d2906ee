"""What a tenant runs: kept with its other settings, checked, and audited."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Permission, Principal
from core.errors import InvalidRequestError, NotFoundError
from core.keyring import Keyring
from core.models import AuditRow
from core.profiles import Profile, Profiles
from core.tenancy import Tenants


@pytest.fixture
async def admin(database: Database) -> Principal:
    tenants = Tenants(database, Keyring(bytes(range(32))), generation="fake")
    tenant = await tenants.create("north", settings={"allow": ["Corvane"]})
    return Principal(tenant.id, "admin", Audience.AGENT, frozenset(Permission))


async def _actions(database: Database) -> list[str]:
    async with database.read(Crossing.UPKEEP) as session:
        found = await session.scalars(select(AuditRow).where(AuditRow.action != "tenant.create"))
        return [row.action for row in found]


async def test_a_new_tenant_states_nothing(database: Database, admin: Principal) -> None:
    assert await Profiles(database).get(admin.tenant_id) == Profile()


async def test_only_what_is_stated_changes(database: Database, admin: Principal) -> None:
    profiles = Profiles(database)
    await profiles.change(admin, {"product": " Corvane  Retail ", "version": "7.2"})
    assert await profiles.change(admin, {"version": "v7.3", "region": "UK"}) == Profile(
        "Corvane Retail", "v7.3", region="UK"
    )
    assert await profiles.change(admin, {"region": "", "version": None}) == Profile("Corvane Retail")
    assert await profiles.get(admin.tenant_id) == Profile("Corvane Retail")


async def test_the_tenants_other_settings_stay(database: Database, admin: Principal) -> None:
    await Profiles(database).change(admin, {"version": "7.2"})
    kept = await Tenants(database, Keyring(bytes(range(32))), generation="fake").profile(admin.tenant_id)
    assert "Corvane" in kept.allow


async def test_a_change_is_audited_and_no_change_is_not(database: Database, admin: Principal) -> None:
    for _ in range(2):
        await Profiles(database).change(admin, {"version": "7.2"})
    await Profiles(database).change(admin, {})
    assert await _actions(database) == ["tenant.profile"]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"version": "newest"}, "invalid_version"),
        ({"version": ">=7.2"}, "invalid_version"),
        ({"region": "x" * 201}, "invalid_profile"),
        ({"colour": "red"}, "invalid_profile"),
    ],
)
async def test_what_is_no_profile_is_refused(
    database: Database, admin: Principal, stated: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await Profiles(database).change(admin, stated)
    assert caught.value.code == code
    assert await Profiles(database).get(admin.tenant_id) == Profile()


async def test_an_unknown_tenant_has_no_profile(database: Database) -> None:
    with pytest.raises(NotFoundError):
        await Profiles(database).get("f" * 32)
