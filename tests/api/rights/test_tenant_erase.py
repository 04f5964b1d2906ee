"""A whole tenant goes; the audit's row that tells of it stays, and its chain is whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from rights_world import NAME, RightsWorld, swept
from sqlalchemy import select

from core.audit_anchors import Anchors
from core.audit_book import AuditBook
from core.crossings import Crossing
from core.errors import InvalidRequestError, NotFoundError
from core.models import AuditRow, Base, Tenant
from tests.tenant_rows import fill


@pytest.mark.parametrize("_on", ["sqlite", "postgresql"])
async def test_nothing_of_a_tenant_is_left_but_the_act_itself(
    rights: RightsWorld, _on: str, tmp_path: Path, quick_folder: Path
) -> None:
    database, neighbour = rights.world.database, await fill(rights.world.database, "neighbour")
    anchors = Anchors(database, _keyring(), file=tmp_path / "anchors.jsonl")
    await anchors.append()
    gone = await rights.tenants.run(rights.tenant_id, confirm="acme", actor="op")
    assert gone["answers"] == 4
    async with database.read(Crossing.UPKEEP) as session:
        for table in Base.metadata.sorted_tables:
            if "tenant_id" not in table.columns or table.name == "audit":
                continue
            assert set(await session.scalars(select(table.c.tenant_id))) == {neighbour}, table.name
        acts = list(await session.scalars(select(AuditRow).where(AuditRow.tenant_id == rights.tenant_id)))
        row = await session.get(Tenant, rights.tenant_id)
    assert [act.action for act in acts] == ["audit.prune", "tenant.erase"]
    assert row is not None
    assert "acme" not in f"{row.slug} {row.name} {row.settings}"
    assert (await AuditBook(database, database.trail, anchors).verify(rights.tenant_id)).whole  # type: ignore[arg-type]
    assert await swept(tmp_path / "home", quick_folder, words=[rights.tenant_id.encode()]) == []
    tag = await rights.tag()
    if database.is_sqlite:
        assert await swept(tmp_path, words=[word.encode() for word in (NAME, tag, "Frozen till")]) == []


async def test_an_erased_tenant_is_nobodys_and_its_name_is_free(rights: RightsWorld) -> None:
    await rights.tenants.run(rights.tenant_id, confirm="acme", actor="op")
    with pytest.raises(NotFoundError):
        await rights.world.tenants.by_slug("acme")
    assert [tenant.slug for tenant in await rights.world.tenants.all()] == []
    assert (await rights.world.tenants.create("acme")).id != rights.tenant_id
    assert [erasure.subject for erasure in rights.ledger.read()] == [None]


async def test_a_tenant_is_erased_by_its_name_alone(rights: RightsWorld) -> None:
    for word in ("", "ACME", "acm"):
        with pytest.raises(InvalidRequestError) as caught:
            await rights.tenants.run(rights.tenant_id, confirm=word, actor="op")
        assert caught.value.code == "not_confirmed"
    assert (await rights.world.documents()).keys() >= {"till.md"}


async def test_an_erasure_that_dies_goes_on_where_it_was(rights: RightsWorld) -> None:
    class _Died(Exception):
        pass

    async def die(_collection: str) -> None:
        raise _Died

    rights.world.index.before["drop"] = lambda: die("")  # type: ignore[attr-defined]
    with pytest.raises(_Died):
        await rights.tenants.run(rights.tenant_id, confirm="acme", actor="op")
    await rights.tenants.run(rights.tenant_id, confirm="acme", actor="op")
    assert await rights.world.documents() == {}


def _keyring() -> object:
    from rights_world import KEYRING

    return KEYRING
