"""Grants: who may read whose corpora, until when, and that it is written down."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Filters, Permission, Principal, Scope
from core.errors import InvalidRequestError, NotFoundError
from core.grants import GRANTED_AUDIENCE, GrantedCorpora, Grants, granted
from core.keyring import Keyring
from core.models import AuditRow, Corpus, CorpusGrant
from core.tenancy import Tenants

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Desk:
    """A vendor with two corpora, two partners with one each, and a clock that is set by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.grants = Grants(database, clock=lambda: self.now)
        self.ids: dict[str, str] = {}
        self.corpora: dict[str, str] = {}

    async def begin(self) -> Desk:
        tenants = Tenants(self.database, Keyring(bytes(range(32))), generation="fake")
        for slug, names in (("vendor", ["shared", "internal"]), ("north", ["own"]), ("south", ["own"])):
            self.ids[slug] = (await tenants.create(slug)).id
            async with self.database.write(Crossing.UPKEEP) as session:
                for name in names:
                    row = Corpus(tenant_id=self.ids[slug], name=name)
                    session.add(row)
                    await session.flush()
                    self.corpora[f"{slug}/{name}"] = row.id
        return self

    def admin(self, slug: str) -> Principal:
        return Principal(self.ids[slug], f"admin of {slug}", Audience.AGENT, frozenset(Permission))

    async def readable(self, slug: str) -> list[str]:
        found = await self.grants.readable(self.ids[slug])
        owners = {tenant_id: slug for slug, tenant_id in self.ids.items()}
        return [f"{owners[one.owner_id]}/{name}" for one in found for name in one.names]

    async def audit(self, slug: str) -> list[tuple[str, str, dict[str, object]]]:
        async with self.database.read(Crossing.UPKEEP) as session:
            mine = AuditRow.tenant_id == self.ids[slug], AuditRow.action != "tenant.create"
            query = select(AuditRow).where(*mine).order_by(AuditRow.id)
            return [(row.action, row.actor, row.details) for row in await session.scalars(query)]


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk(database).begin()


async def test_a_granted_corpus_is_readable_by_the_grantee_alone(desk: Desk) -> None:
    made = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    assert (made.owner, made.corpus, made.grantee, made.expired) == ("vendor", "shared", "north", False)
    assert await desk.grants.readable(desk.ids["north"]) == (
        GrantedCorpora(desk.ids["vendor"], (desk.corpora["vendor/shared"],), ("shared",)),
    )
    assert await desk.readable("south") == []
    assert await desk.readable("vendor") == []


async def test_a_partner_grants_to_its_vendor_and_to_another_partner(desk: Desk) -> None:
    await desk.grants.grant(desk.admin("north"), corpus="own", grantee="vendor")
    await desk.grants.grant(desk.admin("north"), corpus="own", grantee="south")
    await desk.grants.grant(desk.admin("south"), corpus="own", grantee="vendor")
    assert sorted(await desk.readable("vendor")) == ["north/own", "south/own"]
    assert await desk.readable("south") == ["north/own"]
    assert await desk.readable("north") == []


async def test_several_corpora_of_one_owner_are_read_together(desk: Desk) -> None:
    for corpus in ("shared", "internal"):
        await desk.grants.grant(desk.admin("vendor"), corpus=corpus, grantee="north")
    [found] = await desk.grants.readable(desk.ids["north"])
    assert found.names == ("internal", "shared")
    assert found.named(["shared", "elsewhere"]) == (desk.corpora["vendor/shared"],)
    assert found.named([]) == found.corpus_ids
    assert found.named(["elsewhere"]) == ()


async def test_readable_asks_the_database_once(desk: Desk) -> None:
    for corpus in ("shared", "internal"):
        await desk.grants.grant(desk.admin("vendor"), corpus=corpus, grantee="north")
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(desk.database.engine.sync_engine, "before_cursor_execute", note)
    await desk.grants.readable(desk.ids["north"])
    event.remove(desk.database.engine.sync_engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if "corpus_grants" in statement]) == 1


async def test_an_expired_grant_allows_nothing_from_that_moment_on_and_is_listed_as_expired(desk: Desk) -> None:
    ends = START + timedelta(days=1)
    await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north", expires_at=ends)
    desk.now = ends - timedelta(seconds=1)
    assert await desk.readable("north") == ["vendor/shared"]
    desk.now = ends
    assert await desk.readable("north") == []
    [listed] = await desk.grants.received(desk.ids["north"])
    assert (listed.expired, listed.expires_at) == (True, ends)


async def test_granting_again_is_one_grant_and_changes_its_end_only(desk: Desk) -> None:
    ends = START + timedelta(days=1)
    first = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    same = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    changed = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north", expires_at=ends)
    assert same == first
    assert (changed.id, changed.expires_at) == (first.id, ends)
    assert len(await desk.grants.given(desk.ids["vendor"])) == 1
    assert [action for action, *_ in await desk.audit("vendor")] == ["grant.create", "grant.change"]


async def test_an_expired_grant_is_renewed_by_granting_again(desk: Desk) -> None:
    await desk.grants.grant(
        desk.admin("vendor"), corpus="shared", grantee="north", expires_at=START + timedelta(hours=1)
    )
    desk.now = START + timedelta(days=2)
    await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    assert await desk.readable("north") == ["vendor/shared"]


async def test_granting_at_the_same_moment_makes_one_grant(desk: Desk) -> None:
    granting = (desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north") for _ in range(8))
    made = await asyncio.gather(*granting)
    assert len({one.id for one in made}) == 1
    assert [action for action, *_ in await desk.audit("vendor")] == ["grant.create"]


async def test_a_revoked_grant_is_gone_at_once_and_can_be_given_anew(desk: Desk) -> None:
    made = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    await desk.grants.revoke(desk.admin("vendor"), made.id)
    assert await desk.readable("north") == []
    assert await desk.grants.received(desk.ids["north"]) == []
    await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    assert await desk.readable("north") == ["vendor/shared"]


async def test_every_act_is_audited_for_its_owner_with_who_and_what(desk: Desk) -> None:
    made = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    await desk.grants.revoke(desk.admin("vendor"), made.id)
    assert await desk.audit("vendor") == [
        ("grant.create", "admin of vendor", {"corpus": "shared", "grantee": "north", "expires_at": None}),
        ("grant.revoke", "admin of vendor", {"corpus": "shared", "grantee": "north"}),
    ]
    assert await desk.audit("north") == []


async def test_an_act_whose_audit_cannot_be_written_is_undone(desk: Desk, database: Database) -> None:
    def fail(_mapper: object, _connection: object, _row: object) -> None:
        raise RuntimeError("no audit")

    event.listen(AuditRow, "before_insert", fail)
    try:
        with pytest.raises(RuntimeError):
            await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    finally:
        event.remove(AuditRow, "before_insert", fail)
    async with database.read(Crossing.UPKEEP) as session:
        assert (await session.scalars(select(CorpusGrant))).all() == []


@pytest.mark.parametrize("stranger", ["north", "south"])
async def test_anothers_grant_looks_like_an_unknown_one(desk: Desk, stranger: str) -> None:
    made = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    said = []
    for grant_id in (made.id, "f" * 32, "", "x" * 500):
        with pytest.raises(NotFoundError) as caught:
            await desk.grants.revoke(desk.admin(stranger), grant_id)
        said.append((caught.value.code, caught.value.detail))
    assert len(set(said)) == 1
    assert await desk.readable("north") == ["vendor/shared"]


@pytest.mark.parametrize(
    ("corpus", "grantee", "code"),
    [
        ("nothing", "north", "unknown_corpus"),
        ("own", "north", "unknown_corpus"),  # another tenant's corpus
        ("shared", "nobody", "unknown_tenant"),
        ("shared", "", "unknown_tenant"),
        ("shared", "vendor", "grant_to_self"),
    ],
)
async def test_what_cannot_be_granted_says_why_and_changes_nothing(
    desk: Desk, corpus: str, grantee: str, code: str
) -> None:
    with pytest.raises((NotFoundError, InvalidRequestError)) as caught:
        await desk.grants.grant(desk.admin("vendor"), corpus=corpus, grantee=grantee)
    assert caught.value.code == code
    assert await desk.grants.given(desk.ids["vendor"]) == []
    assert await desk.audit("vendor") == []


@pytest.mark.parametrize("ends", [START, START - timedelta(days=1), datetime(2027, 1, 1)])
async def test_an_end_that_is_past_or_without_a_zone_is_refused(desk: Desk, ends: datetime) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north", expires_at=ends)
    assert caught.value.code == "invalid_expiry"


async def test_both_sides_see_the_grant_and_nobody_else_does(desk: Desk) -> None:
    made = await desk.grants.grant(desk.admin("vendor"), corpus="shared", grantee="north")
    assert await desk.grants.given(desk.ids["vendor"]) == [made]
    assert await desk.grants.received(desk.ids["north"]) == [made]
    assert await desk.grants.given(desk.ids["north"]) == []
    assert await desk.grants.received(desk.ids["south"]) == []


@pytest.mark.parametrize(
    ("asker", "reads"),
    [
        (Audience.AGENT, {Audience.PUBLIC, Audience.PARTNER}),
        (Audience.PARTNER, {Audience.PUBLIC, Audience.PARTNER}),
        (Audience.PUBLIC, {Audience.PUBLIC}),
    ],
)
def test_the_owners_agent_only_documents_are_never_granted(asker: Audience, reads: set[Audience]) -> None:
    scope = granted(Scope("north", asker, Filters(version="7.2", customer="Costa")), "vendor")
    assert set(scope.audience.readable()) == reads
    assert Audience.AGENT not in GRANTED_AUDIENCE.readable()
    assert (scope.tenant_id, scope.filters) == ("vendor", Filters(version="7.2"))
