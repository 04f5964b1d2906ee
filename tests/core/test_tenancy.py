from __future__ import annotations

import asyncio

import pytest

from core.crossings import Crossing
from core.database import Database
from core.errors import ConflictError, InvalidRequestError, NotFoundError
from core.keyring import Keyring
from core.models import Corpus, Document
from core.tenancy import Tenants


@pytest.fixture
def tenants(database: Database) -> Tenants:
    return Tenants(database, Keyring(bytes(range(32))), generation="minilm-c1")


async def test_tenant_is_found_by_id_and_by_name(tenants: Tenants) -> None:
    made = await tenants.create("acme-retail", name="Acme Retail")
    assert made.slug == "acme-retail"
    assert made.name == "Acme Retail"
    assert made.live_release == 0
    assert await tenants.get(made.id) == made
    assert await tenants.by_slug("acme-retail") == made


async def test_collection_comes_from_the_id_and_never_from_the_name(tenants: Tenants) -> None:
    made = await tenants.create("acme")
    assert made.collection == f"t_{made.id}_minilm-c1"
    assert "acme" not in made.collection


@pytest.mark.parametrize(
    "slug", ["", "-acme", "Acme", "acme retail", "a/b", "../a", "acme\n", "ä", "a" * 64, "a_b", "a.b", "٣"]
)
async def test_bad_name_is_refused_and_nothing_is_created(tenants: Tenants, slug: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await tenants.create(slug)
    assert caught.value.code == "invalid_tenant"
    assert await tenants.all() == []


async def test_full_name_that_is_too_long_is_refused(tenants: Tenants) -> None:
    with pytest.raises(InvalidRequestError):
        await tenants.create("acme", name="x" * 201)
    assert (await tenants.create("acme", name="x" * 200)).name == "x" * 200


@pytest.mark.parametrize("slug", ["a", "0", "a" * 63, "acme-2"])
async def test_good_name_is_taken(tenants: Tenants, slug: str) -> None:
    assert (await tenants.create(slug)).name == slug


async def test_taken_name_is_a_conflict_and_the_first_stays(tenants: Tenants) -> None:
    first = await tenants.create("acme", name="First")
    with pytest.raises(ConflictError) as caught:
        await tenants.create("acme", name="Second")
    assert caught.value.code == "tenant_exists"
    assert await tenants.all() == [first]


async def test_one_of_two_that_create_at_once_wins(tenants: Tenants) -> None:
    results = await asyncio.gather(*(tenants.create("acme") for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, ConflictError) for result in results) == 3
    assert len(await tenants.all()) == 1


async def test_unknown_tenant_is_not_found_with_the_remedy(tenants: Tenants) -> None:
    with pytest.raises(NotFoundError) as caught:
        await tenants.by_slug("acme")
    assert "tenant create acme" in caught.value.detail
    for attempt in (tenants.get("0" * 32), tenants.profile("0" * 32), tenants.keep_clear("0" * 32, allow=["x"])):
        with pytest.raises(NotFoundError) as caught:
            await attempt
        assert caught.value.code == "unknown_tenant"


async def test_placeholder_keys_differ_by_tenant_and_stay(tenants: Tenants, database: Database) -> None:
    first, second = await tenants.create("a"), await tenants.create("b")
    again = Tenants(database, Keyring(bytes(range(32))), generation="other")
    assert (await tenants.profile(first.id)).key == (await again.profile(first.id)).key
    assert (await tenants.profile(first.id)).key != (await tenants.profile(second.id)).key
    assert len((await tenants.profile(first.id)).key) == 32


async def test_words_that_stay_clear_are_added_up(tenants: Tenants) -> None:
    made = await tenants.create("acme", name="Acme", settings={"allow": ["Corvane"], "theme": "dark"})
    await tenants.keep_clear(made.id, allow=["Alina"], domains=["acme.example"])
    kept = await tenants.keep_clear(made.id, allow=["Alina", "Zoe"], hotlines=["+1 800"])
    assert kept == {"allow": ["Alina", "Corvane", "Zoe"], "domains": ["acme.example"], "hotlines": ["+1 800"]}
    profile = await tenants.profile(made.id)
    assert profile.allow == ("Acme", "Alina", "Corvane", "Zoe")
    assert profile.domains == ("acme.example",)
    assert profile.hotlines == ("+1 800",)


async def test_words_added_at_the_same_time_are_all_kept(tenants: Tenants) -> None:
    made = await tenants.create("acme")
    await asyncio.gather(*(tenants.keep_clear(made.id, allow=[f"word{n}"]) for n in range(8)))
    assert await tenants.keep_clear(made.id) == {
        "allow": [f"word{n}" for n in range(8)],
        "domains": [],
        "hotlines": [],
    }


async def test_names_of_a_tenants_own_customers_stay_clear(tenants: Tenants, database: Database) -> None:
    first, second = await tenants.create("a"), await tenants.create("b")
    async with database.write(Crossing.UPKEEP) as session:
        corpus = Corpus(tenant_id=first.id, name="c")
        session.add(corpus)
        await session.flush()
        session.add_all(
            Document(tenant_id=first.id, corpus_id=corpus.id, path=f"{n}", status="draft", audience="agent", customer=c)
            for n, c in enumerate(("Lindgren Mode", "Lindgren Mode", None, ""))
        )
    assert (await tenants.profile(first.id)).allow == ("Lindgren Mode", "a")
    assert (await tenants.profile(second.id)).allow == ("b",)


async def test_tenants_are_listed_by_name(tenants: Tenants) -> None:
    for slug in ("b", "c", "a"):
        await tenants.create(slug)
    assert [tenant.slug for tenant in await tenants.all()] == ["a", "b", "c"]
