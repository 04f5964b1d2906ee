from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, update

from core.database import Database
from core.domain import RedactedText, Redaction
from core.errors import ConfigurationError
from core.keyring import Keyring
from core.models import DataKeyRow, GoldenQuestionRow, VaultUse, VaultValue, new_id
from guardrails.placeholders import placeholder
from guardrails.vault import Place
from guardrails.withheld import withheld
from tests.guardrails.vault_world import VaultWorld, place


@pytest.fixture
def world(database: Database) -> VaultWorld:
    return VaultWorld(database)


def taken_out(text: str, *values: tuple[str, str], key: bytes = b"k") -> RedactedText:
    """`text` without these (type, value), each occurrence of each."""
    found = sorted(
        (
            Redaction(type_, match.start(), match.end(), 1.0, placeholder(key, type_, value))
            for type_, value in values
            for match in re.finditer(re.escape(value), text)
        ),
        key=lambda one: one.start,
    )
    return RedactedText(_filled(text, found), tuple(found))


def colliding(text: str, values: Sequence[str]) -> RedactedText:
    """As if the tags of all these names were the same."""
    found = sorted(
        (
            Redaction("PERSON", text.index(value), text.index(value) + len(value), 1.0, "<PERSON_aaaaaa>")
            for value in values
        ),
        key=lambda one: one.start,
    )
    return RedactedText(_filled(text, found), tuple(found))


def _filled(text: str, found: Sequence[Redaction]) -> str:
    parts, at = [], 0
    for one in found:
        parts += [text[at : one.start], one.placeholder]
        at = one.end
    return "".join([*parts, text[at:]])


async def count(world: VaultWorld, tenant_id: str, table: type[VaultValue] | type[VaultUse]) -> int:
    async with world.database.read(tenant_id) as session:
        return await session.scalar(select(func.count()).where(table.tenant_id == tenant_id)) or 0


async def test_each_occurrence_is_restored_as_it_was_spelled(world: VaultWorld) -> None:
    tenant, at = await world.tenant(), place()
    text = "Anna Berg, ANNA BERG and again Anna Berg: <EMAIL_aaaaaa> is no placeholder of ours."
    redacted = taken_out(text, ("PERSON", "Anna Berg"), ("PERSON", "ANNA BERG"))
    assert len({one.placeholder for one in redacted.entities}) == 1
    await world.keep(tenant, at, text, redacted)
    found = await world.restore(tenant, redacted.text, at=at)
    assert (found.texts, found.restored, found.left) == ((text,), 3, 1)
    assert (await world.restore(tenant, redacted.entities[0].placeholder)).texts[0] in ("Anna Berg", "ANNA BERG")


async def test_a_value_is_kept_once_whatever_texts_hold_it(world: VaultWorld) -> None:
    tenant = await world.tenant()
    for _ in range(3):
        redacted = taken_out("ask Anna Berg", ("PERSON", "Anna Berg"))
        await world.keep(tenant, place(), "ask Anna Berg", redacted)
    assert await count(world, tenant, VaultValue) == 1
    assert await count(world, tenant, VaultUse) == 3


async def test_a_foreign_tenants_placeholder_restores_nothing(world: VaultWorld) -> None:
    one, other, at = await world.tenant(), await world.tenant(), place()
    redacted = taken_out("ask Anna Berg", ("PERSON", "Anna Berg"))
    await world.keep(one, at, "ask Anna Berg", redacted)
    await world.keep(other, place(), "ask Bo Ek", taken_out("ask Bo Ek", ("PERSON", "Bo Ek")))
    found = await world.restore(other, redacted.text, at=at)
    assert (found.texts, found.restored, found.left) == ((redacted.text,), 0, 1)


async def test_two_people_who_share_a_placeholder_are_never_mistaken(world: VaultWorld) -> None:
    tenant, first, second = await world.tenant(), place(), place()
    for at, name in ((first, "Anna Berg"), (second, "Bo Ek")):
        await world.keep(tenant, at, f"ask {name}", colliding(f"ask {name}", [name]))
    assert (await world.restore(tenant, "ask <PERSON_aaaaaa>", at=first)).texts == ("ask Anna Berg",)
    assert (await world.restore(tenant, "ask <PERSON_aaaaaa>", at=second)).texts == ("ask Bo Ek",)
    found = await world.restore(tenant, "ask <PERSON_aaaaaa>")
    assert (found.texts, found.restored, found.left) == (("ask <PERSON_aaaaaa>",), 0, 1)


async def test_two_people_who_share_a_placeholder_in_one_text_keep_their_places(world: VaultWorld) -> None:
    tenant, at, text = await world.tenant(), place(), "Bo Ek asks Anna Berg"
    redacted = colliding(text, ["Anna Berg", "Bo Ek"])
    await world.keep(tenant, at, text, redacted)
    assert (await world.restore(tenant, redacted.text, at=at)).texts == (text,)
    assert (await world.restore(tenant, redacted.text[:20], at=at)).texts == (redacted.text[:20],)


async def test_a_text_that_is_written_anew_is_restored_to_what_it_says_now(world: VaultWorld) -> None:
    tenant, at = await world.tenant(), place()
    for name in ("Anna Berg", "Bo Ek"):
        await world.keep(tenant, at, f"ask {name}", colliding(f"ask {name}", [name]))
    assert (await world.restore(tenant, "ask <PERSON_aaaaaa>", at=at)).texts == ("ask Bo Ek",)
    await world.keep(tenant, at, "ask nobody", RedactedText("ask nobody"))
    assert await count(world, tenant, VaultUse) == 0


async def test_what_is_forgotten_stands_for_nothing_and_the_rest_stays(world: VaultWorld) -> None:
    tenant, at, text = await world.tenant(), place(), "Anna Berg, anna berg, Bo Ek"
    redacted = taken_out(text, ("PERSON", "Anna Berg"), ("PERSON", "anna berg"), ("PERSON", "Bo Ek"))
    await world.keep(tenant, at, text, redacted)
    gone = redacted.entities[0].placeholder
    async with world.database.write(tenant) as session:
        assert await world.vault.forget(session, tenant, [gone]) == 2
    found = await world.restore(tenant, redacted.text, at=at)
    assert (found.texts, found.restored, found.left) == ((f"{gone}, {gone}, Bo Ek",), 1, 2)


async def test_without_the_tenants_key_a_copy_of_the_rows_opens_no_more(world: VaultWorld) -> None:
    tenant, at = await world.tenant(), place()
    redacted = taken_out("ask Anna Berg", ("PERSON", "Anna Berg"))
    await world.keep(tenant, at, "ask Anna Berg", redacted)
    async with world.database.read(tenant) as session:
        [copy] = list(await session.scalars(select(VaultValue).where(VaultValue.tenant_id == tenant)))
    async with world.database.write(tenant) as session:
        await world.vault.forget_tenant(session, tenant)
    assert (await world.restore(tenant, redacted.text, at=at)).restored == 0
    await world.keep(tenant, place(), "ask Bo Ek", taken_out("ask Bo Ek", ("PERSON", "Bo Ek")))  # a new key
    async with world.database.write(tenant) as session:
        await session.merge(copy)
    with pytest.raises(ConfigurationError) as caught:
        await world.restore(tenant, redacted.text)
    assert caught.value.code == "wrong_data_key"


async def test_what_no_stored_text_stands_for_any_more_is_swept_away(world: VaultWorld) -> None:
    tenant = await world.tenant()
    row = GoldenQuestionRow(id=new_id(), tenant_id=tenant, key="q1", question="ask <PERSON_a>")
    async with world.database.write(tenant) as session:
        session.add(row)
    kept, gone = Place("golden_questions", row.id), Place("golden_questions", new_id())
    for at, names in ((kept, "Anna Berg"), (gone, "Anna Berg and Bo Ek")):
        values = [("PERSON", name) for name in names.split(" and ")]
        await world.keep(tenant, at, names, taken_out(names, *values))
    for expected in (1, 0):
        async with world.database.write(tenant) as session:
            assert await world.vault.sweep(session, tenant) == expected
    assert await count(world, tenant, VaultUse) == 1
    assert (await world.restore(tenant, placeholder(b"k", "PERSON", "Anna Berg"))).texts == ("Anna Berg",)
    assert (await world.restore(tenant, placeholder(b"k", "PERSON", "Bo Ek"))).restored == 0


async def test_a_sealed_value_opens_in_its_own_row_alone(world: VaultWorld) -> None:
    tenant, text = await world.tenant(), "Bo Ek asks Anna Berg"
    redacted = taken_out(text, ("PERSON", "Anna Berg"), ("PERSON", "Bo Ek"))
    await world.keep(tenant, place(), text, redacted)
    async with world.database.write(tenant) as session:
        rows = list(await session.scalars(select(VaultValue).where(VaultValue.tenant_id == tenant)))
        rows[0].sealed = rows[1].sealed
        swapped = rows[0].placeholder
    with pytest.raises(ConfigurationError):
        await world.restore(tenant, swapped)


async def test_another_tenants_key_does_not_open_in_its_place(world: VaultWorld) -> None:
    one, other = await world.tenant(), await world.tenant()
    for tenant in (one, other):
        await world.keep(tenant, place(), "Bo Ek", taken_out("Bo Ek", ("PERSON", "Bo Ek")))
    async with world.database.read(one) as session:
        key = await session.get(DataKeyRow, one)
    assert key is not None
    async with world.database.write(other) as session:
        changed = update(DataKeyRow).where(DataKeyRow.tenant_id == other)
        await session.execute(changed.values(wrapped=key.wrapped, key_id=key.key_id))
    with pytest.raises(ConfigurationError) as caught:
        await world.restore(other, placeholder(b"k", "PERSON", "Bo Ek"))
    assert caught.value.code == "wrong_master_key"


async def test_nothing_of_a_value_lies_readable_in_the_rows(world: VaultWorld) -> None:
    tenant = await world.tenant()
    await world.keep(tenant, place(), "Anna Berg", taken_out("Anna Berg", ("PERSON", "Anna Berg")))
    async with world.database.read(tenant) as session:
        values = (await session.execute(select(VaultValue.__table__))).all()
        uses = (await session.execute(select(VaultUse.__table__))).all()
    assert not re.search("anna|berg", f"{values} {uses}", re.IGNORECASE)
    other = VaultWorld(world.database, Keyring(bytes(32)))
    with pytest.raises(ConfigurationError):
        await other.restore(tenant, placeholder(b"k", "PERSON", "Anna Berg"))


def test_what_was_withheld_never_shows_its_value() -> None:
    [found] = withheld("ask Anna Berg", taken_out("ask Anna Berg", ("PERSON", "Anna Berg")))
    assert found.value == "Anna Berg"
    assert "Anna" not in repr(found)
