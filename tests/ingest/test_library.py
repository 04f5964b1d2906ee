from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from ingest_files import compound_file
from ingest_world import NAME, World
from sqlalchemy import select

from core.crossings import Crossing
from core.domain import Audience, DocumentStatus, Permission, Principal
from core.errors import DocumentError, ForbiddenError, InvalidRequestError, NotFoundError, UnavailableError
from core.keyring import Keyring
from core.models import AuditRow, Original
from ingest.pipeline import FileState


async def foreigner(world: World) -> Principal:
    other = await world.tenants.create("other")
    return Principal(other.id, "spy", Audience.AGENT, frozenset(Permission))


async def test_same_bytes_twice_change_nothing(world: World) -> None:
    document_id = await world.upload("a.md", "manual one")
    world.index.calls.clear()
    status = await world.library.upload(world.principal(), corpus="docs", name="a.md", data=b"manual one", metadata={})
    assert (status.state, status.document_id) == (FileState.UNCHANGED, document_id)
    assert world.index.calls["upsert"] == 0


async def test_same_bytes_under_other_metadata_are_taken_in(world: World) -> None:
    document_id = await world.upload("a.md", "manual one")
    assert await world.upload("a.md", "manual one", audience="agent") == document_id
    assert (await world.documents())["a.md"].audience == "agent"


async def test_same_name_replaces_with_the_next_publish(world: World) -> None:
    first = await world.upload("a.md", "manual old")
    await world.publish()
    assert await world.upload("a.md", "manual new") == first
    assert await world.found() == {"a.md: manual old"}
    await world.publish()
    assert await world.found() == {"a.md: manual new"}


async def test_uploads_of_one_name_at_once_make_one_document(world: World) -> None:
    other = await world.reopened()
    ids = await asyncio.gather(*(each.upload("a.md", "manual one") for each in (world, other, world, other)))
    assert len(set(ids)) == 1
    assert len(await world.documents()) == 1


async def test_same_name_in_two_corpora_is_two_documents(world: World) -> None:
    await world.upload("a.md", "manual one")
    await world.library.upload(world.principal(), corpus="more", name="a.md", data=b"manual two", metadata={})
    await world.publish()
    assert await world.found() == {"a.md: manual one", "a.md: manual two"}


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.md", b"", "empty"),
        ("a.exe", b"MZ", "unsupported_type"),
        ("noextension", b"words", "unsupported_type"),
        ("a.docx", compound_file({"EncryptedPackage": b"x" * 64}), "encrypted"),
        ("a.pdf", b"%PDF-1.7 cut", "unreadable_document"),
        ("a.docx", b"PK\x03\x04", "unreadable_document"),
    ],
)
async def test_file_that_cannot_be_used_is_refused_and_leaves_no_document(
    world: World, name: str, data: bytes, code: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        await world.library.upload(world.principal(), corpus="docs", name=name, data=data, metadata={})
    assert caught.value.code == code
    assert await world.documents() == {}


async def test_file_above_the_limit_is_refused_before_it_is_read(world: World, tmp_path: Path) -> None:
    small = World(world.database, tmp_path, world.index, max_bytes=10)
    small.tenant = world.tenant
    with pytest.raises(DocumentError) as caught:
        await small.upload("a.md", "x" * 11)
    assert (caught.value.code, caught.value.status) == ("too_large", 413)
    assert "COPILOT_INGEST__MAX_FILE_BYTES" in caught.value.detail
    assert small.workers.taken == []


@pytest.mark.parametrize("corpus", ["", "   ", "x" * 101])
async def test_corpus_without_a_usable_name_is_refused(world: World, corpus: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await world.library.upload(world.principal(), corpus=corpus, name="a.md", data=b"x", metadata={})
    assert caught.value.code == "invalid_corpus"


async def test_document_is_shown_redacted_with_what_is_known_of_it(world: World) -> None:
    document_id = await world.upload("a.md", f"# Till manual\n\nAsk {NAME}.", product="Till", audience="agent")
    view = await world.library.get(world.principal(), document_id)
    assert (view.source, view.corpus, view.title, view.status) == ("a.md", "docs", "Till manual", "approved")
    assert view.text == "Ask <PERSON_a>."
    assert view.redactions == {"PERSON": 1}
    assert view.metadata["product"] == "Till"
    assert view.passages == 1
    assert NAME not in repr(view)


async def test_original_is_stored_and_opens_with_the_key_alone(world: World) -> None:
    document_id = await world.upload("a.md", f"Ask {NAME}.")
    async with world.database.read(Crossing.UPKEEP) as session:
        sealed = (await session.scalars(select(Original.data))).one()
    assert NAME.encode() not in sealed
    context = f"{world.tenant.id}/originals/{document_id}"
    assert Keyring(bytes(range(32))).decrypt(sealed, context=context) == f"Ask {NAME}.".encode()


async def test_withdrawn_document_is_gone_at_once_from_every_release(world: World) -> None:
    await world.upload("a.md", "manual one")
    document_id = await world.upload("b.md", "manual secret old")
    await world.publish()
    await world.upload("b.md", "manual secret new")
    await world.publish()
    await world.library.withdraw(world.principal(), document_id)
    assert [await world.found(release=n) for n in (1, 2)] == [{"a.md: manual one"}] * 2
    assert len(await world.points()) == 1
    assert (await world.library.get(world.principal(), document_id)).status is DocumentStatus.WITHDRAWN
    await world.publish()
    assert await world.found() == {"a.md: manual one"}


@pytest.mark.parametrize("published_between", [True, False])
async def test_withdrawn_document_that_is_uploaded_again_answers_after_a_publish(
    world: World, published_between: bool
) -> None:
    await world.upload("a.md", "manual one")
    document_id = await world.upload("b.md", "manual two")
    await world.publish()
    await world.library.withdraw(world.principal(), document_id)
    if published_between:
        await world.publish()
    assert await world.upload("b.md", "manual two") == document_id
    assert await world.found() == {"a.md: manual one"}
    await world.publish()
    assert await world.found() == {"a.md: manual one", "b.md: manual two"}


async def test_withdrawal_holds_where_the_index_failed_to_follow(world: World) -> None:
    document_id = await world.upload("a.md", "manual old secret")
    await world.publish()

    async def away() -> None:
        raise UnavailableError("away")

    world.index.before["delete_document"] = away
    with pytest.raises(UnavailableError):
        await world.library.withdraw(world.principal(), document_id)
    assert await world.found() == set()
    await world.upload("a.md", "manual clean")
    await world.publish()
    assert await world.found() == {"a.md: manual clean"}
    assert await world.found(release=1) == set()


async def test_narrower_audience_holds_at_once_in_every_release(world: World) -> None:
    document_id = await world.upload("a.md", "manual one", audience="partner")
    await world.publish()
    await world.upload("b.md", "manual two", audience="partner")
    await world.publish()
    assert len(await world.found(audience=Audience.PARTNER)) == 2
    view = await world.library.reclassify(world.principal(), document_id, audience=Audience.AGENT)
    assert view.audience is Audience.AGENT
    assert await world.found(audience=Audience.PARTNER) == {"b.md: manual two"}
    assert await world.found(audience=Audience.PARTNER, release=1) == set()
    assert len(await world.found(audience=Audience.AGENT)) == 2


async def test_narrower_audience_holds_where_the_index_failed_to_follow(world: World) -> None:
    document_id = await world.upload("a.md", "manual one", audience="partner")
    await world.publish()

    async def away() -> None:
        raise UnavailableError("away")

    world.index.before["update_payload"] = away
    with pytest.raises(UnavailableError):
        await world.library.reclassify(world.principal(), document_id, audience=Audience.AGENT)
    assert await world.found(audience=Audience.PARTNER) == set()


async def test_another_tenants_document_is_as_unknown_as_none(world: World) -> None:
    document_id = await world.upload("a.md", "manual one")
    await world.publish()
    spy = await foreigner(world)
    details = set()
    for who, what in ((spy, document_id), (world.principal(), "0" * 32), (world.principal(), "' OR 1=1")):
        for attempt in (
            world.library.get(who, what),
            world.library.withdraw(who, what),
            world.library.reclassify(who, what, audience=Audience.PUBLIC),
        ):
            with pytest.raises(NotFoundError) as caught:
                await attempt
            details.add(caught.value.detail)
    assert len(details) == 1
    assert await world.found() == {"a.md: manual one"}


async def test_document_above_the_askers_audience_is_unknown_to_it(world: World) -> None:
    document_id = await world.upload("a.md", "manual one", audience="agent")
    partner = world.principal(Audience.PARTNER, without=Permission.DOCUMENTS_WRITE)
    with pytest.raises(NotFoundError):
        await world.library.get(partner, document_id)
    admin_with_a_partner_key = world.principal(Audience.PARTNER)
    with pytest.raises(NotFoundError):
        await world.library.get(admin_with_a_partner_key, document_id)
    managed = await world.library.describe(admin_with_a_partner_key, document_id)
    assert (managed.id, managed.text) == (document_id, "")


async def test_what_admins_do_is_audited(world: World) -> None:
    document_id = await world.upload("a.md", "manual one")
    await world.library.reclassify(world.principal(), document_id, audience=Audience.AGENT)
    await world.library.withdraw(world.principal(), document_id)
    async with world.database.read(Crossing.UPKEEP) as session:
        rows = list(await session.scalars(select(AuditRow).order_by(AuditRow.id)))
    assert [(row.action, row.target) for row in rows] == [
        ("tenant.create", world.tenant.slug),
        ("document.upload", document_id),
        ("document.reclassify", document_id),
        ("document.withdraw", document_id),
    ]


async def test_folder_outside_the_roots_is_for_the_operator_alone(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (world.folder / "link").symlink_to(outside)
    admin = world.principal(without=Permission.SOURCES_LOCAL)
    for path in (outside, world.folder / ".." / "outside", world.folder / "link", Path("/")):
        with pytest.raises(ForbiddenError) as caught:
            await world.library.add_folder(admin, corpus="docs", path=path)
        assert caught.value.code == "source_not_allowed"
    assert (await world.library.add_folder(world.principal(), corpus="docs", path=outside)).uri == str(outside)
    assert (await world.library.add_folder(admin, corpus="docs", path=world.folder)).uri == str(world.folder)


async def test_folder_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await world.library.add_folder(world.principal(), corpus="docs", path=world.folder / "absent")
    assert caught.value.code == "source_not_found"


async def test_same_folder_named_twice_is_one_source(world: World) -> None:
    added = await asyncio.gather(
        *(world.library.add_folder(world.principal(), corpus="docs", path=world.folder) for _ in range(4))
    )
    assert len({source.id for source in added}) == 1


async def test_another_tenants_source_is_unknown(world: World) -> None:
    source = await world.library.add_folder(world.principal(), corpus="docs", path=world.folder)
    spy = await foreigner(world)
    with pytest.raises(NotFoundError):
        await world.library.source(spy.tenant_id, source.id)
