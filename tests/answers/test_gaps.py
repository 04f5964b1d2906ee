"""Knowledge gaps: counted together, kept apart by tenant, forgotten in time."""

from __future__ import annotations

import pytest

from answers.gaps import Gaps, is_nearly, keep_gaps
from answers.types import Closest, Missed
from core.crossings import Crossing
from core.database import Database
from core.keyring import Keyring
from core.settings import GapSettings
from core.tenancy import Tenants
from retrieval.sparse import terms

NEAR = Closest("Receipt printers", "d1", None, ("Steps",))


@pytest.fixture
async def tenant(database: Database) -> str:
    return (await Tenants(database, Keyring(b"m" * 32), generation="g").create("acme")).id


async def missed(database: Database, tenant: str, *questions: str, settings: GapSettings | None = None) -> None:
    for question in questions:
        async with database.write(Crossing.UPKEEP) as session:
            one = Missed(question, question, (NEAR,))
            await keep_gaps(session, tenant, [one], settings=settings or GapSettings())


async def test_nearly_the_same_questions_are_one_gap(database: Database, tenant: str) -> None:
    await missed(
        database, tenant, "How do I print a Z report?", "how can I print a Z report", "Where is the loyalty log?"
    )
    page = await Gaps(database).list(tenant, limit=10)
    assert [(gap.question, gap.count) for gap in page.gaps] == [
        ("How do I print a Z report?", 2),
        ("Where is the loyalty log?", 1),
    ]
    assert page.total == 2
    assert page.gaps[0].closest == (NEAR,)
    assert page.gaps[0].first_at <= page.gaps[0].last_at


@pytest.mark.parametrize(
    ("one", "other", "nearly"),
    [
        ("print the daily Z report on till", "print daily Z reports on the tills", True),
        ("Does 7.2 support the Peppol network?", "Does 7.3 support the Peppol network?", False),
        ("What does ERR-4021 mean on the till?", "What does ERR-4107 mean on the till?", False),
        ("reset the terminal", "reset the printer", False),
    ],
)
def test_a_number_that_differs_makes_another_gap(one: str, other: str, nearly: bool) -> None:
    assert is_nearly(terms(one), terms(other)) is nearly


async def test_gaps_are_a_tenants_own(database: Database, tenant: str) -> None:
    stranger = (await Tenants(database, Keyring(b"m" * 32), generation="g").create("other")).id
    await missed(database, tenant, "Where is the loyalty log?")
    await missed(database, stranger, "Where is the loyalty log?")
    assert [gap.count for gap in (await Gaps(database).list(stranger, limit=10)).gaps] == [1]


async def test_no_more_gaps_are_kept_than_allowed(database: Database, tenant: str) -> None:
    asked = ["Where is the loyalty log?", "Who sells spare drawers?", "Which scanner reads passports?"]
    await missed(database, tenant, *asked, settings=GapSettings(max_kept=2))
    page = await Gaps(database).list(tenant, limit=10)
    assert (page.total, {gap.question for gap in page.gaps}) == (2, {*asked[1:]})


async def test_a_page_of_gaps_is_no_longer_than_asked_for(database: Database, tenant: str) -> None:
    await missed(database, tenant, "Where is the loyalty log?", "Who sells spare drawers?")
    first, second = [await Gaps(database).list(tenant, limit=1, offset=offset) for offset in (0, 1)]
    assert len(first.gaps) == len(second.gaps) == 1
    assert first.gaps[0].id != second.gaps[0].id
