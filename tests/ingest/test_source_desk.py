"""Sources from being added to being removed: who may, what is kept of them, and how they are synced."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from git_repository import Repository
from ingest_world import World, statuses
from sqlalchemy import select, update

from core.crossings import Crossing
from core.domain import Audience, DocumentStatus, Permission, Principal
from core.errors import ConflictError, CopilotError, ForbiddenError, InvalidRequestError, NotFoundError
from core.jobs import Progress
from core.keyring import Keyring
from core.models import AuditRow, IngestFailure, Source, now
from ingest.library import Library
from ingest.source_desk import Leftover, NewSource, SourceDesk, SourceState, parse_schedule, schedule_text
from ingest.sources.base import SourceLimits
from ingest.sources.bucket import BucketSource
from tests.servers.git_http import GitServer, git_server

KEYRING = Keyring(bytes(range(32)))
SECRET = "s3cret-of-ours"


@pytest.fixture
def desk(world: World, tmp_path: Path) -> SourceDesk:
    """Reaches the loopback; its root is the world's folder."""
    return make_desk(world, tmp_path)


def make_desk(world: World, tmp_path: Path, **more: Any) -> SourceDesk:
    return SourceDesk(
        database=world.database,
        keyring=KEYRING,
        limits=SourceLimits(request_s=20, allow_hosts=("127.0.0.1",)),
        roots=(world.folder,),
        home=tmp_path / "sources",
        **more,
    )


@pytest.fixture
def admin(world: World) -> Principal:
    """May write sources, but is not the operator."""
    return world.principal(without=Permission.SOURCES_LOCAL)


@pytest.fixture
def repository(world: World) -> Repository:
    repository = Repository(world.folder / "handbook")
    repository.commit(
        {"docs/a.md": "# Scanner\n\nA manual of the scanner.", "docs/b.md": "# Till\n\nA manual of the till."}
    )
    return repository


@pytest.fixture
def server(repository: Repository) -> Iterator[GitServer]:
    with git_server(repository.folder.parent) as running:
        running.password = SECRET
        yield running


async def synced(world: World, desk: SourceDesk, source: SourceState) -> dict[str, str]:
    """Path → state, through the library that opens its sources at the desk."""
    library = Library(
        database=world.database,
        index=world.index,  # type: ignore[arg-type]
        tenants=world.tenants,
        pipeline=world.pipeline,
        limits=SourceLimits(),
        roots=(),
        opener=desk.open,
    )
    return statuses(await library.sync(world.tenant.id, source.id, Progress()))


async def code(work: Any) -> str:
    with pytest.raises(CopilotError) as caught:
        await work
    assert SECRET not in caught.value.detail
    return caught.value.code


async def rows(world: World, table: Any) -> list[Any]:
    async with world.database.read(Crossing.UPKEEP) as session:
        return list(await session.scalars(select(table)))


async def test_a_repository_is_synced_into_a_corpus(
    world: World, desk: SourceDesk, admin: Principal, repository: Repository
) -> None:
    source = await desk.add(admin, NewSource("docs", str(repository.folder), "git", {"folder": "docs"}, schedule="6h"))
    assert (source.config, source.schedule, source.synced_at) == ({"folder": "docs"}, "6h", None)
    assert await synced(world, desk, source) == {"a.md": "indexed", "b.md": "indexed"}
    await world.publish()
    assert {found.partition(":")[0] for found in await world.found()} == {"a.md", "b.md"}
    (repository.folder / "docs" / "b.md").unlink()
    repository.commit({"docs/a.md": "# Scanner\n\nA new manual of the scanner."})
    assert await synced(world, desk, source) == {"a.md": "indexed", "b.md": "retired"}
    assert (await desk.get(world.tenant.id, source.id)).synced_at


async def test_credentials_open_the_source_and_are_read_by_nobody_else(
    world: World, desk: SourceDesk, admin: Principal, server: GitServer, tmp_path: Path
) -> None:
    new = NewSource("docs", f"{server.url}/handbook", "git", credentials={"password": SECRET})
    source = await desk.add(admin, new)
    assert set(await synced(world, desk, source)) == {"docs/a.md", "docs/b.md"}
    assert source.has_credentials
    [stored] = await rows(world, Source)
    assert SECRET.encode() not in stored.credentials
    told = [source, *await desk.all(world.tenant.id), await desk.get(world.tenant.id, source.id)]
    assert SECRET not in repr([asdict(each) for each in told])
    assert SECRET not in repr([row.details for row in await rows(world, AuditRow)])
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    async with world.database.write(Crossing.UPKEEP) as session:
        # a row that is copied does not open with another's secrets
        await session.execute(update(Source).values(credentials=KEYRING.encrypt(b"{}", context="other/sources/row")))
    assert await code(desk.open(world.tenant.id, source)) == "wrong_master_key"


async def test_wrong_credentials_an_absent_branch_and_an_absent_repository_are_told_and_leave_nothing(
    world: World, desk: SourceDesk, admin: Principal, server: GitServer, tmp_path: Path
) -> None:
    url = f"{server.url}/handbook"
    right = {"password": SECRET}
    for expected, new in {
        "source_refused": NewSource("docs", url, "git", credentials={"password": "wrong"}),
        "unknown_branch": NewSource("docs", url, "git", {"branch": "none"}, right),
        "source_not_found": NewSource("docs", f"{server.url}/absent", "git", credentials=right),
        "source_unreachable": NewSource("docs", "http://127.0.0.1:9/x", "git", credentials=right),
        "address_not_allowed": NewSource("docs", "https://10.0.0.1/x", "git", credentials=right),
        "credentials_in_uri": NewSource("docs", f"https://me:{SECRET}@host/x", "git"),
        "unknown_source_kind": NewSource("docs", url, "gopher"),
        "invalid_config": NewSource("docs", url, "git", {"brunch": SECRET}),
        "invalid_credentials": NewSource("docs", url, "git", credentials={"pass": SECRET}),
        "invalid_schedule": NewSource("docs", url, "git", credentials=right, schedule="30s"),
        "invalid_corpus": NewSource("  ", url, "git", credentials=right),
        "missing_credentials": NewSource("docs", "s3://docs", "bucket"),
    }.items():
        assert await code(desk.add(admin, new)) == expected
    assert await rows(world, Source) == []
    assert list((tmp_path / "sources").glob("*")) == []


@pytest.mark.parametrize("kind", ["files", "git", "archive"])
async def test_places_on_this_machine_need_the_operators_leave(
    world: World, desk: SourceDesk, admin: Principal, tmp_path: Path, kind: str
) -> None:
    Repository(tmp_path / "elsewhere").commit({"a.md": "a"})
    (world.folder / "link").symlink_to(tmp_path / "elsewhere")
    for uri in (
        str(tmp_path / "elsewhere"),
        f"{world.folder}/../elsewhere",
        f"file://{tmp_path}/elsewhere",
        str(world.folder / "link"),
    ):
        with pytest.raises(ForbiddenError) as caught:
            await desk.add(admin, NewSource("docs", uri, kind))
        assert caught.value.code == "source_not_allowed"
    assert await code(desk.add(admin, NewSource("docs", str(world.folder / "absent"), kind))) == "source_not_found"


async def test_the_operator_may_name_any_place(world: World, desk: SourceDesk, tmp_path: Path) -> None:
    Repository(tmp_path / "elsewhere").commit({"a.md": "a"})
    source = await desk.add(world.principal(), NewSource("docs", str(tmp_path / "elsewhere"), "git"))
    assert source.uri == str(tmp_path / "elsewhere")


async def test_the_same_address_again_changes_what_is_given_and_leaves_the_rest(
    world: World, desk: SourceDesk, admin: Principal, server: GitServer
) -> None:
    url = f"{server.url}/handbook"
    first = await desk.add(admin, NewSource("docs", url, "git", {"folder": "docs"}, {"password": SECRET}, "1d"))
    again = await desk.add(admin, NewSource("docs", url, "git", schedule="15m"))
    assert again == SourceState(**(asdict(first) | {"schedule": "15m"}))
    changed = await desk.add(admin, NewSource("docs", url, "git", {}, schedule="never"))
    assert (changed.id, changed.config, changed.schedule, changed.has_credentials) == (first.id, {}, None, True)
    assert await code(desk.add(admin, NewSource("docs", url, "git", credentials={}))) == "source_refused"
    other = await desk.add(admin, NewSource("other", url, "git", credentials={"password": SECRET}))
    assert other.id != first.id
    assert [source.corpus for source in await desk.all(world.tenant.id)] == ["docs", "other"]


async def test_other_tenants_sources_are_as_unknown_ones(world: World, desk: SourceDesk, admin: Principal) -> None:
    source = await desk.add(admin, NewSource("docs", str(world.folder)))
    other = await world.tenants.create("other")
    spy = Principal(other.id, "spy", Audience.AGENT, frozenset(Permission))
    assert await desk.all(other.id) == []
    for work in (
        desk.get(other.id, source.id),
        desk.pause(spy, source.id),
        desk.resume(spy, source.id),
        desk.require_active(other.id, source.id),
        desk.remove(spy, source.id, documents=Leftover.RETIRE),
        desk.get(other.id, "0" * 32),
    ):
        with pytest.raises(NotFoundError):
            await work


async def test_a_paused_source_is_not_synced_until_it_is_resumed(
    world: World, desk: SourceDesk, admin: Principal
) -> None:
    source = await desk.add(admin, NewSource("docs", str(world.folder)))
    assert (await desk.pause(admin, source.id)).paused
    assert await code(desk.require_active(world.tenant.id, source.id)) == "source_paused"
    assert not (await desk.resume(admin, source.id)).paused
    assert (await desk.require_active(world.tenant.id, source.id)).id == source.id
    async with world.database.write(Crossing.UPKEEP) as session:  # as repeated faults leave it
        until = now() + timedelta(hours=1)
        await session.execute(update(Source).values(paused_until=until, failures=3))
    resting = await desk.require_active(world.tenant.id, source.id)
    assert (resting.paused, resting.failures, resting.paused_until) == (False, 3, until)
    resumed = await desk.resume(admin, source.id)
    assert (resumed.failures, resumed.paused_until) == (0, None)
    actions = [row.action for row in await rows(world, AuditRow) if row.action.startswith("source")]
    assert actions == ["source.add", "source.pause", "source.resume", "source.resume"]


async def test_secrets_are_for_the_place_that_they_were_given_for(
    world: World, desk: SourceDesk, admin: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may change a bucket's endpoint would else have its keys sign requests to a place of their own."""

    async def answers(*_: object) -> None:
        return None

    monkeypatch.setattr(BucketSource, "probe", answers)
    keys = {"key": "anybody", "secret": SECRET}
    here, elsewhere = ({"endpoint_url": f"http://127.0.0.1:{port}", "region": "us-east-1"} for port in (9000, 9001))
    source = await desk.add(admin, NewSource("docs", "s3://docs", "bucket", here, keys))
    moved = NewSource("docs", "s3://docs", "bucket", elsewhere)
    assert await code(desk.add(admin, moved)) == "missing_credentials"
    assert (await desk.get(world.tenant.id, source.id)).config == here
    assert (await desk.add(admin, replace(moved, config={**here, "region": "eu-west-1"}))).has_credentials
    assert (await desk.add(admin, replace(moved, credentials=keys))).config == elsewhere


@pytest.mark.parametrize("leftover", Leftover)
async def test_a_removed_sources_documents_are_retired_or_kept(
    world: World, desk: SourceDesk, admin: Principal, repository: Repository, tmp_path: Path, leftover: Leftover
) -> None:
    source = await desk.add(admin, NewSource("docs", str(repository.folder), "git"))
    await synced(world, desk, source)
    await world.upload("other.md", "A manual of something else.")
    await world.publish()
    async with world.database.write(Crossing.UPKEEP) as session:
        session.add(IngestFailure(tenant_id=world.tenant.id, source_id=source.id, path="x.md", reason="empty"))
    caches = list((tmp_path / "sources").iterdir())
    assert [file.name for file in caches] == [f"{source.id}.sealed"]
    assert b"manual" not in caches[0].read_bytes().lower()
    await desk.remove(admin, source.id, documents=leftover)
    assert await rows(world, Source) == await rows(world, IngestFailure) == []
    assert not list((tmp_path / "sources").iterdir())
    kept = leftover is Leftover.KEEP
    found = await world.documents()
    status = DocumentStatus.PUBLISHED if kept else DocumentStatus.RETIRED
    assert {path: document.status for path, document in found.items()} == {
        "docs/a.md": status,
        "docs/b.md": status,
        "other.md": DocumentStatus.PUBLISHED,
    }
    assert {document.source_id for document in found.values()} == {None}
    assert len(await world.found()) == 3, "nothing changes before the next release"
    if not kept:
        await world.publish()
        assert len(await world.found()) == 1
    with pytest.raises(NotFoundError):
        await desk.open(world.tenant.id, source)


async def test_a_source_is_not_removed_in_the_middle_of_a_sync(
    world: World, desk: SourceDesk, admin: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", "A manual.")
    source = await desk.add(admin, NewSource("docs", str(world.folder)))
    world.workers.hold = asyncio.Event()
    running = asyncio.ensure_future(synced(world, desk, source))
    while not world.workers.running:
        await asyncio.sleep(0.01)
    hasty = make_desk(world, world.folder.parent, turn_s=0.1)
    with pytest.raises(ConflictError) as caught:
        await hasty.remove(admin, source.id, documents=Leftover.RETIRE)
    assert caught.value.code == "source_busy"
    removal = asyncio.ensure_future(desk.remove(admin, source.id, documents=Leftover.RETIRE))
    await asyncio.sleep(0.05)
    world.workers.hold.set()
    assert await running == {"a.md": "indexed"}
    await removal
    assert {document.status for document in (await world.documents()).values()} == {DocumentStatus.RETIRED}


async def test_a_tenant_has_no_more_sources_than_the_operator_allows(
    world: World, tmp_path: Path, admin: Principal
) -> None:
    desk = make_desk(world, tmp_path, most=2)
    for name in ("a", "b", "c"):
        (world.folder / name).mkdir()
    for name in ("a", "b", "a"):
        await desk.add(admin, NewSource("docs", str(world.folder / name)))
    assert await code(desk.add(admin, NewSource("docs", str(world.folder / "c")))) == "too_many_sources"
    assert len(await rows(world, Source)) == 2


async def test_a_configuration_that_is_no_longer_known_is_told_when_the_source_is_opened(
    world: World, desk: SourceDesk, admin: Principal
) -> None:
    source = await desk.add(admin, NewSource("docs", str(world.folder)))
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Source).values(config={"once": "valid"}))
    assert await code(desk.open(world.tenant.id, source)) == "invalid_config"
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Source).values(kind="uninstalled"))
    assert await code(desk.open(world.tenant.id, source)) == "unknown_source_kind"


SCHEDULES = {
    "60s": 60,
    "15m": 900,
    "6h": 21_600,
    "1d": 86_400,
    "2w": 1_209_600,
    " 1 D ": 86_400,
    "90m": 5400,
    "never": None,
}


@pytest.mark.parametrize("text", SCHEDULES)
def test_a_schedule_is_a_number_and_a_unit(text: str) -> None:
    assert parse_schedule(text) == SCHEDULES[text]


@pytest.mark.parametrize(
    ("seconds", "text"), [(60, "1m"), (5400, "90m"), (86_400, "1d"), (604_800, "1w"), (61, "61s"), (None, None)]
)
def test_a_schedule_is_shown_in_its_largest_unit(seconds: int | None, text: str | None) -> None:
    assert schedule_text(seconds) == text


@pytest.mark.parametrize(
    "text", ["", "59s", "0m", "15", "m", "-5m", "1.5h", "1y", "400d", "٣m", "9" * 30 + "d", "15m 3s"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_schedule(text)
    assert caught.value.code == "invalid_schedule"
