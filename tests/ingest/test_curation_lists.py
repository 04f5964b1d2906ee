"""What admins see of documents: lists that narrow, pages that hold each once, what is due."""

from __future__ import annotations

from datetime import date

import pytest
from curation_world import TODAY, Desk
from ingest_world import World

from core.domain import DocumentStatus
from core.errors import InvalidRequestError
from ingest.catalogue import Wanted
from ingest.paging import PageRequest


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


async def test_owner_and_review_date_are_set_and_cleared_one_by_one(desk: Desk) -> None:
    named = await desk.write("a.md", "manual one")
    await desk.curation.assign(desk.bob, named.document_id, {"owner": "till team", "review_by": date(2026, 12, 1)})
    await desk.curation.assign(desk.bob, named.document_id, {"review_by": date(2027, 1, 1)})
    row = await desk.row(named.document_id)
    assert (row.owner, row.review_by) == ("till team", date(2027, 1, 1))
    await desk.curation.assign(desk.bob, named.document_id, {"owner": None})
    row = await desk.row(named.document_id)
    assert (row.owner, row.review_by) == (None, date(2027, 1, 1))


async def test_due_are_those_whose_review_date_has_passed_and_that_are_still_in_use(desk: Desk) -> None:
    days = {
        "past.md": date(2026, 10, 31),
        "today.md": TODAY,
        "later.md": date(2026, 11, 2),
        "gone.md": date(2020, 1, 1),
    }
    for name, day in days.items():
        named = await desk.write(name, f"manual {name}")
        await desk.curation.assign(desk.bob, named.document_id, {"review_by": day})
    await desk.curation.retire(desk.bob, named.document_id)
    await desk.write("undated.md", "manual undated")
    assert await desk.listed(due=True) == ["past.md"]


async def test_lists_narrow_by_corpus_status_and_words(desk: Desk, world: World) -> None:
    await desk.write("a.md", "# Till 100%\n\nmanual one")
    await desk.write("b_c.md", "# Printer\n\nmanual two")
    await desk.write("bxc.md", "# Scale\n\nmanual three")
    await world.library.upload(world.principal(), corpus="more", name="d.md", data=b"manual four", metadata={})
    assert await desk.listed() == ["a.md", "b_c.md", "bxc.md", "d.md"]
    assert await desk.listed(corpus="more") == ["d.md"]
    assert await desk.listed(text="PRINTER") == ["b_c.md"]
    assert await desk.listed(text="b_c") == ["b_c.md"], "a wildcard of the database is a character here"
    assert await desk.listed(text="100%") == ["a.md"]
    assert await desk.listed(status=DocumentStatus.DRAFT) == []
    assert await desk.listed(corpus="none") == []


async def test_pages_hold_every_document_once_while_others_come_and_go(desk: Desk) -> None:
    for number in range(7):
        await desk.write(f"{number}.md", f"manual {number}")
    first = await desk.catalogue.documents(desk.bob, Wanted(), PageRequest(limit=3))
    await desk.write("00.md", "manual early")
    seen = [row.source for row in first.items]
    cursor = first.next_cursor
    while cursor:
        page = await desk.catalogue.documents(desk.bob, Wanted(), PageRequest(cursor, 3))
        seen += [row.source for row in page.items]
        cursor = page.next_cursor
    assert seen == [f"{number}.md" for number in range(7)]


async def test_a_made_up_cursor_is_refused(desk: Desk) -> None:
    named = await desk.write("a.md", "manual one")
    for cursor in ("", "x", "!!!", "WzFd", "WyJhIiwgMV0=", "bnVsbA==", "é", "WyJhXHUwMDAwIiwgImIiXQ=="):
        page = PageRequest(cursor)
        for act in (
            desk.catalogue.documents(desk.bob, Wanted(), page),
            desk.curation.comments(desk.bob, named.document_id, page),
            desk.revisions.history(desk.bob, named.document_id, page),
        ):
            with pytest.raises(InvalidRequestError) as caught:
                await act
            assert caught.value.code == "invalid_cursor", cursor


async def test_a_page_of_no_or_too_many_rows_is_refused(desk: Desk) -> None:
    for limit in (0, -1, 201, 10**9):
        with pytest.raises(InvalidRequestError) as caught:
            await desk.catalogue.documents(desk.bob, Wanted(), PageRequest(limit=limit))
        assert caught.value.code == "invalid_limit"
        assert "COPILOT_CURATION__PAGE_SIZE" in caught.value.detail
