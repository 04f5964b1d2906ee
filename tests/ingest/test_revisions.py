"""Every revision is kept, can be compared, and can be made the newest again."""

from __future__ import annotations

import pytest
from curation_world import Desk
from ingest_world import NAME, World
from sqlalchemy import delete, select, update

from core.crossings import Crossing
from core.domain import Audience, DocumentStatus
from core.errors import ConflictError, NotFoundError, StorageFullError
from core.models import AuditRow, Document, Membership, PassageRow, Revision, new_id
from ingest.paging import PageRequest
from ingest.revisions import RevisionDiff
from ingest.textdiff import LineKind


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def changed(diff: RevisionDiff) -> list[str]:
    """Lines that came or went, with their signs."""
    signs = {LineKind.ADDED: "+", LineKind.REMOVED: "-"}
    return [
        signs[line.kind] + line.text for hunk in diff.hunks for line in hunk.lines if line.kind in signs and line.text
    ]


async def history(desk: Desk, document_id: str) -> list[str]:
    page = await desk.revisions.history(desk.bob, document_id, PageRequest())
    return [row.id for row in page.items]


# What changed


async def test_the_limit_of_a_diff_holds_for_documents(world: World) -> None:
    desk = Desk(world, max_diff_lines=10)
    named = await desk.write("a.md", "\n\n".join(f"manual line {n}" for n in range(40)))
    diff = await desk.revisions.diff(desk.bob, named.document_id)
    assert sum(len(hunk.lines) for hunk in diff.hunks) == 10
    assert diff.left_out == diff.added - 10


async def test_a_diff_is_from_what_is_published_to_the_newest(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "# Till\n\nmanual one\n\nkept words")
    new = await desk.revisions.diff(desk.bob, first.document_id)
    assert (new.before, new.after, new.removed) == (None, first.revision_id, 0)
    assert "+manual one" in changed(new)
    await world.publish()
    await desk.write("a.md", "# Till\n\nmanual two\n\nkept words")
    third = await desk.write("a.md", "# Till\n\nmanual three\n\nkept words")
    diff = await desk.revisions.diff(desk.bob, first.document_id)
    assert (diff.before, diff.after) == (first.revision_id, third.revision_id)
    assert changed(diff) == ["-manual one", "+manual three"]
    assert f"--- {first.revision_id}\n+++ {third.revision_id}\n@@ " in diff.unified
    assert " kept words\n" in diff.unified


async def test_a_diff_of_two_named_revisions_goes_both_ways(desk: Desk) -> None:
    first = await desk.write("a.md", "manual one")
    second = await desk.write("a.md", "manual two")
    there = await desk.revisions.diff(desk.bob, first.document_id, before=first.revision_id, after=second.revision_id)
    back = await desk.revisions.diff(desk.bob, first.document_id, before=second.revision_id, after=first.revision_id)
    same = await desk.revisions.diff(desk.bob, first.document_id, before=first.revision_id, after=first.revision_id)
    assert (changed(there), changed(back)) == (["-manual one", "+manual two"], ["-manual two", "+manual one"])
    assert (same.hunks, same.unified, same.metadata) == ((), "", ())


async def test_a_changed_heading_and_changed_statements_show(desk: Desk) -> None:
    body = "manual words that stay as they are " * 12
    first = await desk.write("a.md", f"# Till\n\n## Reset\n\n{body}", product="Till 7", audience="agent")
    await desk.write("a.md", f"# Till\n\n## Restart\n\n{body}", product="Till 8", audience="partner")
    diff = await desk.revisions.diff(desk.bob, first.document_id, before=first.revision_id)
    assert any("Reset" in line for line in changed(diff) if line[0] == "-")
    assert any("Restart" in line for line in changed(diff) if line[0] == "+")
    stated = {change.field: (change.before, change.after) for change in diff.metadata}
    assert stated == {"product": ("Till 7", "Till 8"), "audience": ("agent", "partner")}


async def test_a_diff_shows_redacted_text_alone(desk: Desk) -> None:
    first = await desk.write("a.md", f"Ask {NAME} today.")
    await desk.write("a.md", f"Ask {NAME} tomorrow.")
    diff = await desk.revisions.diff(desk.bob, first.document_id, before=first.revision_id)
    assert changed(diff) == ["-Ask <PERSON_a> today.", "+Ask <PERSON_a> tomorrow."]
    assert NAME not in repr(diff)


# Who sees what


async def test_history_lists_every_revision_with_who_wrote_and_approved_it(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual one")
    await world.publish()
    await desk.require_approval()
    second = await desk.write("a.md", "manual two", author="carl")
    await desk.curation.approve(desk.bob, second)
    page = await desk.revisions.history(desk.ada, first.document_id, PageRequest())
    assert [(r.id, r.author, r.approved_by, r.newest, r.published) for r in page.items] == [
        (second.revision_id, "carl", "bob", True, False),
        (first.revision_id, "ada", None, False, True),
    ]


async def test_history_comes_in_pages(desk: Desk) -> None:
    ids = [(await desk.write("a.md", f"manual {n}")).revision_id for n in range(5)]
    document_id = (await desk.write("a.md", "manual 4")).document_id
    seen: list[str] = []
    request = PageRequest(limit=2)
    while True:
        page = await desk.revisions.history(desk.bob, document_id, request)
        seen += [row.id for row in page.items]
        if page.next_cursor is None:
            break
        request = PageRequest(page.next_cursor, 2)
    assert seen == ids[::-1]


async def test_a_revision_above_ones_audience_is_unknown_even_where_the_document_is_not(desk: Desk) -> None:
    secret = await desk.write("a.md", "manual secret", audience="agent")
    opened = await desk.write("a.md", "manual open", audience="partner")
    partner = desk.person("pat", audience=Audience.PARTNER)
    page = await desk.revisions.history(partner, secret.document_id, PageRequest())
    assert [row.id for row in page.items] == [opened.revision_id]
    for act in (
        desk.revisions.diff(partner, secret.document_id, before=secret.revision_id),
        desk.revisions.diff(partner, secret.document_id, after=secret.revision_id),
        desk.revisions.restore(partner, secret.document_id, secret.revision_id),
    ):
        with pytest.raises(NotFoundError) as caught:
            await act
        assert caught.value.code == "unknown_revision"


async def test_what_an_admin_has_set_overrules_what_revisions_stated(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual one", audience="partner")
    await desk.write("a.md", "manual two", audience="partner")
    await world.library.reclassify(world.principal(), first.document_id, audience=Audience.AGENT)
    await desk.revisions.restore(desk.bob, first.document_id, first.revision_id)
    await world.publish()
    assert (await desk.row(first.document_id)).audience is Audience.AGENT
    assert await world.found(audience=Audience.PARTNER) == set()
    assert await world.found(audience=Audience.AGENT) == {"a.md: manual one"}


async def test_another_documents_revision_is_unknown(desk: Desk) -> None:
    one = await desk.write("a.md", "manual one")
    other = await desk.write("b.md", "manual two")
    for revision_id in (other.revision_id, new_id(), "x"):
        for act in (
            desk.revisions.restore(desk.bob, one.document_id, revision_id),
            desk.revisions.diff(desk.bob, one.document_id, before=revision_id),
        ):
            with pytest.raises(NotFoundError) as caught:
                await act
            assert caught.value.code == "unknown_revision"


# Back to an earlier one


async def test_a_restored_revision_is_answered_from_after_the_next_publish(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    await world.publish()
    await desk.write("a.md", "manual new")
    await world.publish()
    assert await desk.revisions.restore(desk.ada, first.document_id, first.revision_id) is DocumentStatus.APPROVED
    assert await world.found() == {"a.md: manual new"}
    await world.publish()
    assert await world.found() == {"a.md: manual old"}
    assert [await world.found(release=n) for n in (1, 2)] == [{"a.md: manual old"}, {"a.md: manual new"}]
    assert ("ada", "document.restore", first.document_id) in await desk.audited()


async def test_a_restored_revision_waits_for_approval_where_the_corpus_asks_for_it(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    await desk.write("a.md", "manual new")
    await world.publish()
    await desk.require_approval()
    assert await desk.revisions.restore(desk.bob, first.document_id, first.revision_id) is DocumentStatus.IN_REVIEW
    await world.publish()
    assert await world.found() == {"a.md: manual new"}
    await desk.curation.approve(desk.bob, first)
    await world.publish()
    assert await world.found() == {"a.md: manual old"}


async def test_going_back_to_what_is_published_needs_no_approval(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    await world.publish()
    await desk.require_approval()
    await desk.write("a.md", "manual new")
    assert await desk.revisions.restore(desk.ada, first.document_id, first.revision_id) is DocumentStatus.PUBLISHED
    assert await world.publish() == 1, "nothing has changed"
    assert await world.found() == {"a.md: manual old"}


async def test_the_newest_revision_is_not_restored_but_submitted(desk: Desk) -> None:
    named = await desk.write("a.md", "manual one")
    with pytest.raises(ConflictError) as caught:
        await desk.revisions.restore(desk.ada, named.document_id, named.revision_id)
    assert caught.value.code == "already_newest"


async def test_a_retired_document_comes_back(desk: Desk, world: World) -> None:
    await desk.write("b.md", "manual other")
    named = await desk.write("a.md", "manual one")
    await world.publish()
    await desk.curation.retire(desk.ada, named.document_id)
    await world.publish()
    await desk.revisions.restore(desk.ada, named.document_id, named.revision_id)
    assert await world.found() == {"b.md: manual other"}
    await world.publish()
    assert await world.found() == {"a.md: manual one", "b.md: manual other"}


@pytest.mark.parametrize("published_between", [True, False])
async def test_a_withdrawn_document_comes_back_as_it_was(desk: Desk, world: World, published_between: bool) -> None:
    await desk.write("b.md", "manual other")
    text = "# Till\n\n" + "\n\n".join(f"The manual says words about part {n}. " * 6 for n in range(4))
    named = await desk.write("a.md", text, product="Till", audience="partner")
    await world.publish()
    shown = await world.found(audience=Audience.PARTNER)
    await world.library.withdraw(world.principal(), named.document_id)
    if published_between:
        await world.publish()
    taken = list(world.workers.taken)
    await desk.revisions.restore(desk.bob, named.document_id, named.revision_id)
    assert await world.found() == {"b.md: manual other"}
    await world.publish()
    assert await world.found(audience=Audience.PARTNER) == shown
    assert world.workers.taken == taken, "no byte is read again"
    sizes, points = await world.sizes(), await world.points()
    assert points == {revision_id: sizes[revision_id] for revision_id in points}


async def test_a_revision_whose_points_were_lost_is_staged_anew(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    await world.publish()
    await desk.write("a.md", "manual new")
    await world.publish()
    await world.index.delete_revisions(world.tenant.collection, [first.revision_id])
    async with world.database.write(Crossing.UPKEEP) as session:  # as the reconciliation at start leaves it
        await session.execute(delete(Membership).where(Membership.revision_id == first.revision_id))
        await session.execute(update(Revision).where(Revision.id == first.revision_id).values(indexed=False))
    await desk.revisions.restore(desk.ada, first.document_id, first.revision_id)
    await world.publish()
    assert await world.found() == {"a.md: manual old"}
    assert await world.found(release=2) == {"a.md: manual new"}


async def test_a_revision_whose_text_was_collected_cannot_come_back(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    await desk.write("a.md", "manual new")
    await world.publish()
    async with world.database.write(Crossing.UPKEEP) as session:  # as the collection leaves it
        await session.execute(delete(PassageRow).where(PassageRow.revision_id == first.revision_id))
        await session.execute(
            update(Revision).where(Revision.id == first.revision_id).values(indexed=False, passages=0)
        )
    for act in (
        desk.revisions.restore(desk.ada, first.document_id, first.revision_id),
        desk.revisions.diff(desk.ada, first.document_id, before=first.revision_id),
    ):
        with pytest.raises(ConflictError) as caught:
            await act
        assert caught.value.code == "revision_collected"
    page = await desk.revisions.history(desk.ada, first.document_id, PageRequest())
    assert [row.kept for row in page.items] == [True, False]
    assert await world.found() == {"a.md: manual new"}


async def test_a_restore_that_meets_a_full_disk_leaves_the_document_as_it_was(desk: Desk, world: World) -> None:
    named = await desk.write("a.md", "manual one")
    await world.library.withdraw(world.principal(), named.document_id)

    async def full() -> None:
        raise StorageFullError("full")

    world.index.before["upsert"] = full
    with pytest.raises(StorageFullError):
        await desk.revisions.restore(desk.ada, named.document_id, named.revision_id)
    assert (await desk.row(named.document_id)).status is DocumentStatus.WITHDRAWN
    await desk.revisions.restore(desk.ada, named.document_id, named.revision_id)
    await world.publish()
    assert await world.found() == {"a.md: manual one"}


async def test_a_withdrawal_during_a_restore_wins(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    await desk.write("a.md", "manual new")
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Revision).where(Revision.id == first.revision_id).values(indexed=False))

    async def withdraw() -> None:
        await world.library.withdraw(world.principal(), first.document_id)

    world.index.before["upsert"] = withdraw
    with pytest.raises(ConflictError):
        await desk.revisions.restore(desk.ada, first.document_id, first.revision_id)
    assert (await desk.row(first.document_id)).status is DocumentStatus.WITHDRAWN


async def test_a_sync_of_the_unchanged_source_leaves_a_restored_revision_alone(desk: Desk, world: World) -> None:
    world.write("a.md", "manual old")
    await world.sync()
    document_id = (await world.documents())["a.md"].id
    first = (await history(desk, document_id))[0]
    world.write("a.md", "manual new")
    await world.sync()
    await desk.revisions.restore(desk.ada, document_id, first)
    await world.sync()
    assert (await desk.row(document_id)).revision_id == first
    world.write("a.md", "manual newer")
    await world.sync()
    assert (await desk.row(document_id)).revision_id not in (first, None)
    await world.publish()
    assert await world.found() == {"a.md: manual newer"}


async def test_the_same_upload_again_undoes_a_restore(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    second = await desk.write("a.md", "manual new")
    await desk.revisions.restore(desk.ada, first.document_id, first.revision_id)
    assert (await desk.write("a.md", "manual new")).revision_id == second.revision_id
    await world.publish()
    assert await world.found() == {"a.md: manual new"}


async def test_a_document_gone_from_its_source_stays_once_it_is_restored(desk: Desk, world: World) -> None:
    world.write("b.md", "manual other")
    file = world.write("a.md", "manual one")
    for number in range(8):
        world.write(f"more/{number}.md", f"manual more {number}")
    await world.sync()
    file.unlink()
    await world.sync()
    document = (await world.documents())["a.md"]
    assert document.status == DocumentStatus.RETIRED
    await desk.revisions.restore(desk.ada, document.id, document.revision_id or "")
    await world.sync()
    assert (await world.documents())["a.md"].status == DocumentStatus.APPROVED


async def test_restoring_goes_back_and_forth_without_doubling_a_point(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    second = await desk.write("a.md", "manual new")
    for turn in range(6):
        back = (first, second)[turn % 2]
        await desk.revisions.restore(desk.ada, back.document_id, back.revision_id)
        release = await world.publish()
        assert set((await world.visible(release)).values()) == {1}
        assert await world.found() == {f"a.md: manual {('old', 'new')[turn % 2]}"}


async def test_a_restore_is_audited_with_the_revision_and_quotes_nothing(desk: Desk, world: World) -> None:
    first = await desk.write("a.md", "manual old")
    await desk.write("a.md", "manual new")
    await desk.revisions.restore(desk.ada, first.document_id, first.revision_id)
    async with world.database.read(Crossing.UPKEEP) as session:
        row = (await session.scalars(select(AuditRow).where(AuditRow.action == "document.restore"))).one()
        document = await session.get_one(Document, first.document_id)
    assert row.details == {"revision_id": first.revision_id, "was": "approved", "status": "approved"}
    assert document.title == "a"
