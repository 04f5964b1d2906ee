"""Which documents high-impact questions are answered from: what a document states, and what an admin says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest_world import TODAY, World
from sqlalchemy import select

from core.crossings import Crossing
from core.domain import Audience, Filters, Permission, Principal, Scope
from core.errors import ForbiddenError, NotFoundError
from core.grants import Grants
from core.models import AuditRow, Revision
from ingest.metadata import combined, read_metadata

MARKED = "---\nauthoritative: true\n---\n"


def stated(front_matter: object = None, rules: object = None, properties: object = None) -> bool | None:
    given = [{"authoritative": value} if value is not None else {} for value in (front_matter, rules, properties)]
    return read_metadata(given[0], given[1], name="a.md", title="", properties=given[2])[0].authoritative


@pytest.mark.parametrize("value", ["true", "True", " yes ", True, "1"])
def test_authority_is_stated_in_plain_words(value: object) -> None:
    assert stated(value) is True


def test_authority_is_stated_by_front_matter_and_rules_that_agree() -> None:
    assert (stated("true", "true"), stated(None, "true"), stated("true", "false"), stated("false", "true")) == (
        True,
        True,
        False,
        False,
    )
    assert stated() is None


def test_what_a_program_stored_or_nobody_understands_makes_nothing_authoritative() -> None:
    assert stated(properties="true") is None
    assert stated("very") is None
    _, warnings = read_metadata({"authoritative": "very"}, {}, name="a.md", title="")
    assert any("authoritative" in warning for warning in warnings)


def test_archives_own_rules_cannot_give_back_what_the_upload_denied() -> None:
    outer, inner = {"authoritative": "false"}, {"authoritative": "true"}
    assert combined(outer, inner)["authoritative"] == "false"
    assert combined({}, inner)["authoritative"] == "true"


async def authoritative(world: World, scope: Scope | None = None) -> set[str]:
    """The paths that a search for a high-impact question sees."""
    scope = scope or Scope(world.tenant.id, Audience.AGENT)
    narrowed = scope.narrowed(replace(scope.filters, authoritative=True))
    found = await world.searcher.search(narrowed, "manual", limit=50, today=TODAY)
    assert all(passage.authoritative for passage in found.passages)
    return {passage.source for passage in found.passages}


async def test_search_for_a_high_impact_question_sees_authoritative_documents_alone(world: World) -> None:
    await world.upload("rule.md", f"{MARKED}manual of prices")
    await world.upload("note.md", "manual of rumours")
    await world.publish()
    assert await authoritative(world) == {"rule.md"}
    assert {each.split(":")[0] for each in await world.found()} == {"rule.md", "note.md"}


async def test_without_any_authoritative_document_nothing_is_seen(world: World) -> None:
    await world.upload("note.md", "manual of rumours")
    await world.publish()
    assert await authoritative(world) == set()


async def test_admins_word_on_authority_holds_at_once_and_outlives_revisions(world: World) -> None:
    note = await world.upload("note.md", "manual of rumours")
    rule = await world.upload("rule.md", f"{MARKED}manual of prices")
    await world.publish()
    assert (await world.library.set_authority(world.principal(), note, authoritative=True)).authoritative
    assert not (await world.library.set_authority(world.principal(), rule, authoritative=False)).authoritative
    assert await authoritative(world) == {"note.md"}
    await world.upload("rule.md", f"{MARKED}manual of new prices")
    await world.upload("note.md", "manual of newer rumours")
    await world.publish()
    assert await authoritative(world) == {"note.md"}


async def test_revision_that_is_not_published_marks_nothing(world: World) -> None:
    await world.upload("note.md", "manual of rumours")
    await world.publish()
    await world.upload("note.md", f"{MARKED}manual of rumours that mark themselves")
    assert await authoritative(world) == set()
    async with world.database.read(Crossing.UPKEEP) as session:
        marks = sorted(await session.scalars(select(Revision.authoritative)))
    assert marks == [False, True]
    await world.publish()
    assert await authoritative(world) == {"note.md"}


async def test_withdrawn_and_narrower_documents_stay_out(world: World) -> None:
    gone = await world.upload("gone.md", f"{MARKED}manual of old prices", audience="partner")
    await world.upload("desk.md", f"{MARKED}manual of the desk", audience="agent")
    await world.publish()
    partner = Scope(world.tenant.id, Audience.PARTNER)
    assert await authoritative(world, partner) == {"gone.md"}
    await world.library.withdraw(world.principal(), gone)
    assert await authoritative(world, partner) == set()


async def test_shared_document_is_authoritative_where_its_owner_says_so(world: World) -> None:
    await world.upload("rule.md", f"{MARKED}manual of prices", audience="partner")
    await world.upload("note.md", "manual of rumours", audience="partner")
    await world.publish()
    other = await world.tenants.create("other")
    await Grants(world.database).grant(world.principal(), corpus="docs", grantee="other")
    assert await authoritative(world, Scope(other.id, Audience.PARTNER, Filters())) == {"rule.md"}


async def test_who_may_not_approve_may_not_mark_and_a_foreign_document_is_unknown(world: World) -> None:
    note = await world.upload("note.md", "manual of rumours")
    editor = world.principal(without=Permission.DOCUMENTS_APPROVE)
    with pytest.raises(ForbiddenError):
        await world.library.set_authority(editor, note, authoritative=True)
    other = await world.tenants.create("other")
    spy = Principal(other.id, "spy", Audience.AGENT, frozenset(Permission))
    with pytest.raises(NotFoundError):
        await world.library.set_authority(spy, note, authoritative=True)
    async with world.database.read(Crossing.UPKEEP) as session:
        actions = list(await session.scalars(select(AuditRow.action)))
    assert "document.authority" not in actions
