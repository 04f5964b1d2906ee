"""What people have decided outlives the next sync; what belongs to one source is not another's."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from ingest_world import World, statuses
from sqlalchemy import select, update
from sync_world import FakeSource, Shelf, of, page

from core.crossings import Crossing
from core.domain import Audience, DocumentStatus
from core.errors import CopilotError, DocumentError, UnavailableError
from core.keyring import Keyring
from core.models import Corpus, Document, Revision
from ingest.source_desk import Leftover, SourceDesk
from ingest.sources.base import SourceLimits

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def make_desk(world: World) -> SourceDesk:
    return SourceDesk(
        database=world.database,
        keyring=Keyring(bytes(32)),
        limits=SourceLimits(),
        roots=(world.folder,),
        home=world.folder.parent / "sources",
    )


async def test_audience_that_an_admin_narrowed_outlives_changed_bytes(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "---\naudience: partner\n---\nmanual one"}))
    await shelf.sync()
    document = (await world.documents())["a.md"]
    await world.library.reclassify(world.principal(), document.id, audience=Audience.AGENT)
    shelf.source.write("a.md", "---\naudience: partner\n---\nmanual two")
    await shelf.sync()
    await world.publish()
    assert (await world.documents())["a.md"].audience == "agent"
    assert await world.found(audience=Audience.PARTNER) == set()
    assert await world.found(audience=Audience.AGENT) == {"a.md: manual two"}


async def test_audience_that_an_admin_widened_holds_for_the_new_points_too(world: World) -> None:
    document_id = await world.upload("a.md", "manual one", audience="agent")
    await world.library.reclassify(world.principal(), document_id, audience=Audience.PUBLIC)
    await world.upload("a.md", "manual two", audience="agent")
    await world.publish()
    assert await world.found(audience=Audience.PUBLIC) == {"a.md: manual two"}


async def test_audience_that_is_narrowed_while_the_file_is_indexed_holds(world: World) -> None:
    document_id = await world.upload("a.md", "manual one", audience="partner")

    async def narrowed() -> None:
        await world.library.reclassify(world.principal(), document_id, audience=Audience.AGENT)

    world.index.before["upsert"] = narrowed
    await world.upload("a.md", "manual two", audience="partner")
    await world.publish()
    async with world.database.write(Crossing.UPKEEP) as session:  # so that the index alone decides
        await session.execute(update(Document).values(audience="public"))
    assert await world.found(audience=Audience.PARTNER) == set()
    assert await world.found(audience=Audience.AGENT) == {"a.md: manual two"}


async def test_withdrawn_document_stays_withdrawn_though_its_file_is_there_and_changes(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one", "b.md": "manual two"}))
    await shelf.sync()
    await world.publish()
    document = (await world.documents())["a.md"]
    await world.library.withdraw(world.principal(), document.id)
    for text in ("manual one", "manual changed"):
        shelf.source.write("a.md", text)
        report = await shelf.sync()
        assert statuses(report) == {"a.md": "skipped:withdrawn"}
        assert of(report, "a.md")["document_id"] == document.id
    assert shelf.source.fetched == []
    await world.publish()
    assert await world.found() == {"b.md: manual two"}


async def test_document_that_is_withdrawn_while_its_file_is_indexed_stays_so(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one"}))
    await shelf.sync()
    document = (await world.documents())["a.md"]

    async def withdrawn() -> None:
        await world.library.withdraw(world.principal(), document.id)

    world.index.before["upsert"] = withdrawn
    shelf.source.write("a.md", "manual two")
    assert statuses(await shelf.sync()) == {"a.md": "skipped:withdrawn"}
    assert (await world.documents())["a.md"].status == DocumentStatus.WITHDRAWN
    assert await world.points() == {}


async def test_withdrawn_document_comes_back_by_an_upload(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one"}))
    await shelf.sync()
    document = (await world.documents())["a.md"]
    await world.library.withdraw(world.principal(), document.id)
    assert await world.upload("a.md", "manual one") == document.id
    await world.publish()
    assert await world.found() == {"a.md: manual one"}


async def test_second_source_does_not_overwrite_the_first_ones_document(world: World) -> None:
    first = Shelf(world, FakeSource({"a.md": "manual first"}), name="first")
    second = Shelf(world, FakeSource({"a.md": "manual second", "b.md": "manual more"}), name="second")
    await first.sync()
    report = await second.sync()
    assert statuses(report) == {"a.md": "failed:path_taken", "b.md": "indexed"}
    assert str(world.folder / "first") in of(report, "a.md")["detail"]
    assert second.source.fetched == ["b.md"]
    await world.publish()
    assert await world.found() == {"a.md: manual first", "b.md: manual more"}
    assert (await first.sync())["counts"] == {"unchanged": 1}


async def test_path_is_free_again_when_its_document_is_retired(world: World) -> None:
    first = Shelf(world, FakeSource({"a.md": "manual first"}), name="first")
    second = Shelf(world, FakeSource({"a.md": "manual second"}), name="second")
    await first.sync()
    await second.sync()
    first.source.files.clear()
    await first.sync()
    assert statuses(await second.sync()) == {"a.md": "indexed"}
    assert (await first.sync())["counts"] == {}
    first.source.write("a.md", "manual first")
    assert statuses(await first.sync()) == {"a.md": "failed:path_taken"}


async def test_sync_does_not_overwrite_an_upload(world: World) -> None:
    await world.upload("a.md", "manual uploaded")
    shelf = Shelf(world, FakeSource({"a.md": "manual of the source"}))
    report = await shelf.sync()
    assert statuses(report) == {"a.md": "failed:path_taken"}
    assert "an upload" in of(report, "a.md")["detail"]
    await world.publish()
    assert await world.found() == {"a.md: manual uploaded"}


async def test_moved_folders_documents_go_on_under_the_source_that_it_is_now(world: World) -> None:
    old = Shelf(world, FakeSource({f"{n}.md": page(n) for n in range(4)}), name="old")
    await old.sync()
    await world.publish()
    before = {path: row.id for path, row in (await world.documents()).items()}
    (world.folder / "old").rename(world.folder / "new")
    new = Shelf(world, FakeSource(dict(old.source.files)), name="new")
    assert (await new.sync())["counts"] == {"unchanged": 4}
    documents = await world.documents()
    assert {path: row.id for path, row in documents.items()} == before
    assert {row.source_id for row in documents.values()} == {await new.source_id()}
    assert new.embedder.texts == []
    assert (await new.sync())["counts"] == {"unchanged": 4} and new.source.fetched == []
    del new.source.files["0.md"]
    assert statuses(await new.sync()) == {"0.md": "retired"}


async def test_file_that_was_changed_while_its_folder_moved_waits_for_its_old_source_to_be_removed(
    world: World,
) -> None:
    old = Shelf(world, FakeSource({"a.md": "manual one", "b.md": "manual two"}), name="old")
    await old.sync()
    gone = await old.source_id()
    (world.folder / "old").rename(world.folder / "new")
    new = Shelf(world, FakeSource({"a.md": "manual one", "b.md": "manual changed"}), name="new")
    report = await new.sync()
    assert statuses(report) == {"b.md": "failed:path_taken"}
    assert "which is gone" in of(report, "b.md")["detail"] and "remove that source" in of(report, "b.md")["detail"]
    await make_desk(world).remove(world.principal(), gone, documents=Leftover.RETIRE)
    assert statuses(await new.sync()) == {"b.md": "indexed"}
    await world.publish()
    assert await world.found() == {"a.md: manual one", "b.md: manual changed"}


async def test_source_that_was_removed_and_added_again_takes_its_kept_documents_back(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one", "b.md": "manual two"}))
    await shelf.sync()
    await world.publish()
    before = {path: row.id for path, row in (await world.documents()).items()}
    await make_desk(world).remove(world.principal(), await shelf.source_id(), documents=Leftover.KEEP)
    shelf.source.write("b.md", "manual changed")
    assert statuses(await shelf.sync()) == {"b.md": "failed:path_taken"}  # perhaps somebody uploaded that one
    documents = await world.documents()
    assert {path: row.id for path, row in documents.items()} == before
    assert documents["a.md"].source_id == await shelf.source_id()
    shelf.source.write("b.md", "manual two")
    assert (await shelf.sync())["counts"] == {"unchanged": 2}


async def test_upload_that_was_cut_short_holds_no_path(world: World) -> None:
    await world.upload("first.md", "so that the corpus is there")

    async def away() -> None:
        raise UnavailableError("away", code="index_unavailable")

    world.index.before["upsert"] = away
    with pytest.raises(UnavailableError):
        await world.upload("a.md", "manual uploaded")
    shelf = Shelf(world, FakeSource({"a.md": "manual of the source"}))
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}


@pytest.mark.parametrize(
    ("name", "data", "code"), [("a.exe", b"MZ", "unsupported_type"), ("a.md", b"", "empty"), ("a.docx", b"PK", None)]
)
async def test_upload_that_cannot_be_read_makes_no_corpus(
    world: World, name: str, data: bytes, code: str | None
) -> None:
    with pytest.raises(DocumentError) as caught:
        await world.library.upload(world.principal(), corpus="brand new", name=name, data=data, metadata={})
    assert code in (None, caught.value.code)
    assert await corpora(world) == []


async def test_upload_that_cannot_be_embedded_makes_no_corpus(world: World) -> None:
    shelf = Shelf(world, FakeSource())
    shelf.embedder.faults = [UnavailableError("no memory", code="embedding_failed")]
    with pytest.raises(UnavailableError):
        await shelf.library.upload(world.principal(), corpus="brand new", name="a.md", data=b"manual", metadata={})
    assert await corpora(world) == []


async def test_first_uploads_into_one_new_corpus_share_it_though_one_fails(world: World) -> None:
    other = await world.reopened()

    async def upload(each: World, name: str, text: str) -> object:
        return await each.library.upload(
            each.principal(), corpus="brand new", name=name, data=text.encode(), metadata={}
        )

    results = await asyncio.gather(
        upload(world, "a.md", "manual one"),
        upload(other, "b.md", ""),
        upload(other, "c.md", "manual three"),
        upload(world, "d.exe", "MZ"),
        return_exceptions=True,
    )
    assert [isinstance(result, CopilotError) for result in results] == [False, True, False, True]
    assert await corpora(world) == ["brand new"]
    assert set(await world.documents()) == {"a.md", "c.md"}


async def corpora(world: World) -> list[str]:
    async with world.database.read(Crossing.UPKEEP) as session:
        return list(await session.scalars(select(Corpus.name).where(Corpus.tenant_id == world.tenant.id)))


async def test_revision_names_who_brought_it_in(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one"}))
    await shelf.sync(actor="somebody")
    await world.upload("b.md", "manual two")
    async with world.database.read(Crossing.UPKEEP) as session:
        query = select(Document.path, Revision.author).join(Revision, Revision.id == Document.revision_id)
        authors = {row.path: row.author for row in await session.execute(query)}
    assert authors == {"a.md": "somebody", "b.md": "admin"}


async def test_document_that_arrives_where_approval_is_asked_for_waits_for_it(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one"}))
    await shelf.sync()
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Corpus).values(requires_approval=True))
    shelf.source.write("a.md", "manual two")
    shelf.source.write("b.md", "manual three")
    await shelf.sync()
    assert {row.status for row in (await world.documents()).values()} == {DocumentStatus.IN_REVIEW}


async def test_owner_and_review_date_are_the_documents_until_an_admin_says_otherwise(world: World) -> None:
    front = "---\nowner: {owner}\nreview_by: 2027-01-31\n---\nmanual {text}"
    shelf = Shelf(world, FakeSource({"a.md": front.format(owner="Till team", text="one")}))
    await shelf.sync()
    document = (await world.documents())["a.md"]
    assert (document.owner, document.review_by) == ("Till team", date(2027, 1, 31))
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Document).values(owner="Print team", review_by=date(2028, 1, 1)))
    shelf.source.write("a.md", front.format(owner="Till team", text="two"))
    await shelf.sync()
    document = (await world.documents())["a.md"]
    assert (document.owner, document.review_by) == ("Print team", date(2028, 1, 1))
    shelf.source.write("a.md", front.format(owner="Scale team", text="two"))
    await shelf.sync()
    document = (await world.documents())["a.md"]
    assert (document.owner, document.review_by) == ("Scale team", date(2028, 1, 1))
