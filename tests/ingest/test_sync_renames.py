"""Renamed files keep their documents; a sync that would retire much asks first."""

from __future__ import annotations

import pytest
from ingest_world import World, statuses
from sync_world import FakeSource, Shelf, of, page

from core.domain import Audience, DocumentStatus
from ingest.sync import SyncPolicy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_renamed_file_is_the_same_document_and_costs_no_work(world: World) -> None:
    shelf = Shelf(world, FakeSource({"old.md": page(1), "b.md": page(2)}))
    await shelf.sync()
    await world.publish()
    before = (await world.documents())["old.md"]
    await world.library.reclassify(world.principal(), before.id, audience=Audience.AGENT)
    shelf.source.move("old.md", "deep/new.md")
    report = await shelf.sync()
    assert report["counts"] == {"renamed": 1, "unchanged": 1}
    assert of(report, "deep/new.md") == {
        "path": "deep/new.md",
        "status": "renamed",
        "document_id": before.id,
        "previous_path": "old.md",
    }
    assert world.workers.taken == []
    documents = await world.documents()
    assert set(documents) == {"deep/new.md", "b.md"}
    after = documents["deep/new.md"]
    assert (after.id, after.revision_id, after.status) == (before.id, before.revision_id, DocumentStatus.PUBLISHED)
    assert (after.audience, after.audience_set) == ("agent", "agent")
    assert all(found.startswith("deep/new.md: ") for found in await world.found("n1p0w1") if "n1p0w1" in found)
    assert (await shelf.sync())["counts"] == {"unchanged": 2}
    assert shelf.source.fetched == []


async def test_file_that_was_renamed_and_edited_is_the_same_document_with_a_new_revision(world: World) -> None:
    shelf = Shelf(world, FakeSource({"old.md": page(1)}))
    await shelf.sync()
    await world.publish()
    before = (await world.documents())["old.md"]
    shelf.source.move("old.md", "new.md")
    shelf.source.write("new.md", page(1).replace("n1p2w7", "changed"))
    renamed = of(await shelf.sync(), "new.md")
    assert (renamed["status"], renamed["previous_path"]) == ("renamed", "old.md")
    assert (renamed["embedded"], renamed["reused"]) == (1, 3)
    documents = await world.documents()
    assert set(documents) == {"new.md"}
    assert documents["new.md"].id == before.id
    assert documents["new.md"].revision_id != before.revision_id
    await world.publish()
    assert any("changed" in found for found in await world.found("changed"))
    assert (await shelf.sync())["counts"] == {"unchanged": 1}


async def test_another_text_under_a_new_name_is_another_document(world: World) -> None:
    shelf = Shelf(world, FakeSource({"old.md": page(1)}))
    await shelf.sync()
    shelf.source.move("old.md", "new.md")
    shelf.source.write("new.md", page(2))
    assert statuses(await shelf.sync()) == {"old.md": "retired", "new.md": "indexed"}


async def test_same_bytes_in_another_format_are_another_document(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.txt": page(1)}))
    await shelf.sync()
    shelf.source.move("a.txt", "a.md")
    assert statuses(await shelf.sync()) == {"a.txt": "retired", "a.md": "indexed"}


async def test_copy_of_a_file_that_stays_is_no_rename(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": page(1)}))
    await shelf.sync()
    shelf.source.write("copy.md", page(1))
    assert (await shelf.sync())["counts"] == {"indexed": 1, "unchanged": 1}
    assert len(await world.documents()) == 2


async def test_one_vanished_document_goes_on_in_one_of_two_copies(world: World) -> None:
    shelf = Shelf(world, FakeSource({"old.md": page(1)}))
    await shelf.sync()
    before = (await world.documents())["old.md"]
    shelf.source.write("one.md", page(1))
    shelf.source.move("old.md", "two.md")
    assert statuses(await shelf.sync()) == {"one.md": "renamed", "two.md": "indexed"}
    documents = await world.documents()
    assert documents["one.md"].id == before.id
    assert documents["two.md"].duplicate_of == before.id


@pytest.mark.parametrize("edited", [False, True])
async def test_withdrawn_document_does_not_come_back_under_another_name(world: World, edited: bool) -> None:
    shelf = Shelf(world, FakeSource({"secret.md": page(1)}))
    await shelf.sync()
    await world.publish()
    document = (await world.documents())["secret.md"]
    await world.library.withdraw(world.principal(), document.id)
    shelf.source.move("secret.md", "renamed.md")
    if edited:
        shelf.source.write("renamed.md", page(1).replace("n1p2w7", "changed"))
    for _ in range(2):
        assert statuses(await shelf.sync()) == {"renamed.md": "skipped:withdrawn"}
    documents = await world.documents()
    assert {path: row.status for path, row in documents.items()} == {"renamed.md": DocumentStatus.WITHDRAWN}
    assert shelf.source.fetched == []
    await world.upload("other.md", "manual")
    await world.publish()
    assert await world.found("n1p0w1") == {"other.md: manual"}


async def test_sync_that_would_retire_much_changes_nothing_and_asks(world: World) -> None:
    shelf = Shelf(world, FakeSource({f"{n:02}.md": page(n) for n in range(20)}))
    await shelf.sync()
    await world.publish()
    for number in range(6):
        del shelf.source.files[f"{number:02}.md"]
    shelf.source.write("new.md", page(99))
    report = await shelf.sync()
    assert report["counts"] == {}
    stopped = report["stopped"]
    assert (stopped["code"], stopped["gone"], stopped["of"]) == ("retire_limit", 6, 20)
    assert stopped["paths"] == [f"{number:02}.md" for number in range(6)]
    assert {row.status for row in (await world.documents()).values()} == {DocumentStatus.PUBLISHED}
    assert len(await world.documents()) == 20
    report = await shelf.sync(confirm_retire=True)
    assert report["counts"] == {"retired": 6, "indexed": 1, "unchanged": 14}
    assert "stopped" not in report


async def test_share_and_number_that_may_go_unasked_are_settings(world: World) -> None:
    source = FakeSource({f"{n:02}.md": page(n) for n in range(20)})
    await Shelf(world, source).sync()
    for number in range(6):
        del source.files[f"{number:02}.md"]
    for policy in (SyncPolicy(retire_limit=0.29, retire_free=5), SyncPolicy(retire_limit=0.0, retire_free=5)):
        assert "stopped" in await Shelf(world, source, policy=policy).sync()
    assert (await Shelf(world, source, policy=SyncPolicy(retire_limit=0.3)).sync())["counts"]["retired"] == 6
    for number in range(6, 12):
        del source.files[f"{number:02}.md"]
    generous = SyncPolicy(retire_limit=0.0, retire_free=6)
    assert (await Shelf(world, source, policy=generous).sync())["counts"]["retired"] == 6


async def test_one_document_may_go_unasked_and_of_a_small_corpus_no_more_than_a_fifth(world: World) -> None:
    source = FakeSource({f"{n}.md": page(n) for n in range(4)})
    shelf = Shelf(world, source)
    await shelf.sync()
    del source.files["0.md"]
    assert (await shelf.sync())["counts"] == {"retired": 1, "unchanged": 3}
    del source.files["1.md"], source.files["2.md"]
    stopped = (await shelf.sync())["stopped"]
    assert (stopped["gone"], stopped["of"]) == (2, 3)
    assert "confirm_retire=true" in stopped["detail"] and "--confirm-retire" in stopped["detail"]


async def test_folder_that_was_renamed_as_a_whole_is_followed_without_asking(world: World) -> None:
    shelf = Shelf(world, FakeSource({f"old/{n:02}.md": page(n) for n in range(20)}))
    await shelf.sync()
    before = {row.id for row in (await world.documents()).values()}
    for path in list(shelf.source.files):
        shelf.source.move(path, path.replace("old/", "new/"))
    assert (await shelf.sync())["counts"] == {"renamed": 20}
    documents = await world.documents()
    assert {row.id for row in documents.values()} == before
    assert all(path.startswith("new/") for path in documents)


async def test_only_documents_of_the_source_count_for_the_share(world: World) -> None:
    first = Shelf(world, FakeSource({f"{n:02}.md": page(n) for n in range(10)}))
    second = Shelf(world, FakeSource({f"x{n:02}.md": page(100 + n) for n in range(40)}), name="other")
    await first.sync()
    await second.sync()
    for number in range(6):
        del first.source.files[f"{number:02}.md"]
    assert (await first.sync())["stopped"]["of"] == 10
