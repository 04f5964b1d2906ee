"""Which document has given way to which: by release, day, version and permission; and what that does to a search's result."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete, event, update

from core.crossings import Crossing
from core.database import Database
from core.domain import DocumentStatus
from core.models import Corpus, Document, Membership, Revision, Tenant
from core.versions import OPEN_END, version_key
from retrieval.supersession import Succession, Supersession, closed, ends, outranked, superseded

DAY = date(2026, 11, 1)


class Shelf:
    """A tenant's corpora, written straight into the tables; documents go by their paths."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.supersession = Supersession(database)

    async def begin(self) -> Shelf:
        async with self.database.write(Crossing.UPKEEP) as session:
            session.add(Tenant(id="t", slug="acme", name="Acme"))
            await session.flush()
            session.add_all(
                [Corpus(id="docs", tenant_id="t", name="docs"), Corpus(id="own", tenant_id="t", name="own")]
            )
        return self

    async def add(
        self, path: str, *, corpus: str = "docs", added: int = 1, removed: int = OPEN_END, **info: object
    ) -> None:
        async with self.database.write(Crossing.UPKEEP) as session:
            identity = f"{corpus}:{path}"[-32:]
            stated = {"title": path, **info}
            session.add(
                Document(
                    id=identity,
                    tenant_id="t",
                    corpus_id=corpus,
                    path=path,
                    title=path,
                    status="published",
                    audience="partner",
                )
            )
            await session.flush()
            session.add(Revision(id=identity, tenant_id="t", document_id=identity, content_hash="", info=stated))
            await session.flush()
            session.add(Membership(tenant_id="t", revision_id=identity, added_in=added, removed_in=removed))

    async def closed(self, release: int = 1, *, as_of: date = DAY, version: str | None = None) -> dict[str, str]:
        return _bare(closed(await self.supersession.at("t", release), as_of=as_of, version=_key(version)))

    async def outranked(self, release: int = 1, *, version: str | None = None) -> dict[str, str]:
        return _bare(outranked(await self.supersession.at("t", release), as_of=DAY, version=_key(version)))


def _key(version: str | None) -> int | None:
    return version_key(version) if version else None


def _bare(found: dict[str, str]) -> dict[str, str]:
    return {older.split(":", 1)[1]: newer.split(":", 1)[1] for older, newer in found.items()}


@pytest.fixture
async def shelf(database: Database) -> Shelf:
    return await Shelf(database).begin()


@pytest.mark.parametrize("stated", ["policies/old.md", "old.md", "./old.md", "/policies/old.md", "Old  Policy"])
async def test_the_older_document_is_named_by_path_or_title(shelf: Shelf, stated: str) -> None:
    await shelf.add("policies/old.md", title="Old policy")
    await shelf.add("policies/new.md", title="New policy", supersedes=stated)
    assert await shelf.closed() == {"policies/old.md": "policies/new.md"}


@pytest.mark.parametrize("stated", ["nowhere.md", "", "../../etc/passwd", "new.md", "Twin", "other.md"])
async def test_a_statement_that_names_no_one_document_of_its_corpus_says_nothing(shelf: Shelf, stated: str) -> None:
    for path in ("a.md", "b.md"):
        await shelf.add(path, title="Twin")
    await shelf.add("other.md", corpus="own")
    await shelf.add("new.md", supersedes=stated)
    assert await shelf.closed() == {}


async def test_the_older_gives_way_on_the_day_on_which_the_newer_takes_effect(shelf: Shelf) -> None:
    await shelf.add("2024.md", effective_from="2024-01-01")
    await shelf.add("2026.md", effective_from="2026-02-01", supersedes="2024.md")
    assert await shelf.closed(as_of=date(2026, 1, 31)) == {}
    assert await shelf.closed(as_of=date(2026, 2, 1)) == {"2024.md": "2026.md"}
    found = await shelf.supersession.at("t", 1)
    assert list(ends(found).values()) == [date(2026, 1, 31)]


async def test_of_a_chain_only_the_one_in_force_is_left(shelf: Shelf) -> None:
    await shelf.add("1.md", effective_from="2024-01-01")
    await shelf.add("2.md", effective_from="2025-01-01", supersedes="1.md")
    await shelf.add("3.md", effective_from="2026-01-01", supersedes="2.md")
    assert await shelf.closed(as_of=date(2024, 6, 1)) == {}
    assert await shelf.closed(as_of=date(2025, 6, 1)) == {"1.md": "2.md"}
    assert await shelf.closed(as_of=date(2026, 6, 1)) == {"1.md": "3.md", "2.md": "3.md"}


async def test_a_release_without_the_newer_shows_the_older(shelf: Shelf) -> None:
    await shelf.add("old.md", added=1)
    await shelf.add("new.md", added=2, removed=4, supersedes="old.md")
    assert [await shelf.closed(release) for release in (1, 2, 3, 4)] == [
        {},
        {"old.md": "new.md"},
        {"old.md": "new.md"},
        {},
    ]


async def test_a_withdrawn_successor_replaces_nothing_at_once_also_in_a_release_read_before(shelf: Shelf) -> None:
    await shelf.add("old.md")
    await shelf.add("new.md", supersedes="old.md")
    assert await shelf.closed() == {"old.md": "new.md"}
    async with shelf.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Document).where(Document.path == "new.md").values(status=DocumentStatus.WITHDRAWN))
    assert await shelf.closed() == {}


async def test_a_successor_whose_points_are_gone_replaces_nothing(shelf: Shelf) -> None:
    await shelf.add("old.md")
    await shelf.add("new.md", supersedes="old.md")
    assert await shelf.closed() == {"old.md": "new.md"}
    async with shelf.database.write(Crossing.UPKEEP) as session:
        await session.execute(delete(Membership).where(Membership.revision_id == "docs:new.md"))
    assert await shelf.closed() == {}


async def test_a_successor_for_later_versions_leaves_the_older_to_its_own(shelf: Shelf) -> None:
    await shelf.add("7x.md", versions=">=7.0 <8.0")
    await shelf.add("8.md", versions=">=8.0", supersedes="7x.md")
    assert await shelf.closed(version="7.2") == {}
    assert await shelf.outranked(version="7.2") == {}
    assert await shelf.closed(version="8.0") == {"7x.md": "8.md"}
    assert await shelf.closed() == {}
    assert await shelf.outranked() == {"7x.md": "8.md"}  # whoever states no version sees both, the newer first


async def test_a_successor_for_all_versions_of_the_older_replaces_it(shelf: Shelf) -> None:
    await shelf.add("7x.md", versions=">=7.0 <8.0")
    await shelf.add("all.md", supersedes="7x.md")
    assert await shelf.closed() == {"7x.md": "all.md"}
    assert await shelf.closed(version="7.2") == {"7x.md": "all.md"}


@pytest.mark.parametrize("facet", ["region", "product", "module", "customer"])
async def test_a_successor_for_some_goes_before_the_older_and_does_not_hide_it(shelf: Shelf, facet: str) -> None:
    await shelf.add("old.md")
    await shelf.add("new.md", supersedes="old.md", **{facet: "Germany"})
    assert await shelf.closed() == {}
    assert await shelf.outranked() == {"old.md": "new.md"}


async def test_front_matter_that_lies_changes_nothing(shelf: Shelf) -> None:
    await shelf.add("a.md", supersedes="c.md")
    await shelf.add("b.md", supersedes="a.md")
    await shelf.add("c.md", supersedes="b.md")
    await shelf.add("young.md", effective_from="2026-01-01")
    await shelf.add("old.md", effective_from="2024-01-01", supersedes="young.md")
    assert await shelf.closed() == {}


async def test_a_release_is_read_once_and_permission_each_time(shelf: Shelf) -> None:
    await shelf.add("old.md")
    await shelf.add("new.md", supersedes="old.md")
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    await shelf.closed()
    event.listen(shelf.database.engine.sync_engine, "before_cursor_execute", note)
    await shelf.closed()
    event.remove(shelf.database.engine.sync_engine, "before_cursor_execute", note)
    assert (
        len([statement for statement in asked if "set_config" not in statement and statement.startswith("SELECT")]) == 1
    )


async def test_no_more_releases_are_remembered_than_are_allowed(shelf: Shelf) -> None:
    await shelf.add("old.md")
    supersession = Supersession(shelf.database, kept=2)
    for release in (1, 2, 3, 1, 2):
        assert await supersession.at("t", release) == ()
    assert len(supersession._known) == 2


def _documents(items: list[str]) -> list[str]:
    return superseded(items, lambda item: item[0], gone={"x": "z"}, behind={"a": "b"})


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (["a1", "c1", "b1", "c2"], ["c1", "b1", "a1", "c2"]),
        (["a1", "b1", "a2", "b2", "a3"], ["b1", "b2", "a1", "a2", "a3"]),
        (["b1", "a1"], ["b1", "a1"]),
        (["a1", "c1"], ["a1", "c1"]),  # its successor was not found: it may stand
        (["x1", "a1", "x2", "z1"], ["a1", "z1"]),
        ([], []),
    ],
)
def test_what_has_given_way_is_gone_or_stands_behind_its_successor(found: list[str], shown: list[str]) -> None:
    assert _documents(found) == shown


def test_of_two_successors_the_later_one_is_last() -> None:
    first = Succession("old", "new", "r1", date(2025, 1, 1), (0, OPEN_END), True, True)
    later = replace(first, newer="newest", revision_id="r2", since=date(2026, 1, 1))
    assert closed([later, first], as_of=DAY) == {"old": "newest"}
    assert closed([later, first], as_of=date(2025, 6, 1)) == {"old": "new"}
    assert ends([later, first]) == {"old": date(2024, 12, 31)}
