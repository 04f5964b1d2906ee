"""The names that a release's documents state."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from core.crossings import Crossing
from core.database import Database
from core.models import Corpus, Document, Membership, Revision, Tenant
from core.versions import OPEN_END
from retrieval.names import Vocabularies, Vocabulary


async def _filled(database: Database) -> None:
    rows = [
        ("a", "t", "docs", 1, OPEN_END, {"product": "Corvane Retail", "module": "POS"}),
        ("b", "t", "docs", 2, OPEN_END, {"product": "Corvane Retail", "region": "UK"}),
        ("c", "t", "own", 1, 2, {"product": "Tavrin"}),
        ("d", "other", "theirs", 1, OPEN_END, {"product": "Orlex"}),
        ("e", "t", "docs", 1, OPEN_END, {"title": "Says nothing"}),
    ]
    async with database.write(Crossing.UPKEEP) as session:
        for tenant in ("t", "other"):
            session.add(Tenant(id=tenant, slug=tenant, name=tenant))
        await session.flush()
        for tenant, corpus in (("t", "docs"), ("t", "own"), ("other", "theirs")):
            session.add(Corpus(id=corpus, tenant_id=tenant, name=corpus))
        await session.flush()
        for name, tenant, corpus, added, removed, info in rows:
            session.add(
                Document(id=name, tenant_id=tenant, corpus_id=corpus, path=name, status="published", audience="partner")
            )
            await session.flush()
            session.add(Revision(id=name, tenant_id=tenant, document_id=name, content_hash="", info=info))
            await session.flush()
            session.add(Membership(tenant_id=tenant, revision_id=name, added_in=added, removed_in=removed))


@pytest.fixture
async def vocabularies(database: Database) -> Vocabularies:
    await _filled(database)
    return Vocabularies(database)


async def test_a_releases_names_are_those_of_the_documents_that_it_shows(vocabularies: Vocabularies) -> None:
    assert await vocabularies.of("t", 1) == Vocabulary(("Corvane Retail", "Tavrin"), ("POS",))
    assert await vocabularies.of("t", 2) == Vocabulary(("Corvane Retail",), ("POS",), ("UK",))
    assert await vocabularies.of("t", 0) == Vocabulary()


async def test_a_grantee_knows_the_names_of_granted_corpora_alone(vocabularies: Vocabularies) -> None:
    assert await vocabularies.of("t", 1, ["own"]) == Vocabulary(("Tavrin",))
    assert await vocabularies.of("other", 1, ["own"]) == Vocabulary()


async def test_names_of_several_collections_are_put_together(vocabularies: Vocabularies) -> None:
    both = await vocabularies.of("t", 1) | await vocabularies.of("other", 1)
    assert both == Vocabulary(("Corvane Retail", "Orlex", "Tavrin"), ("POS",))


async def test_a_release_is_read_once(vocabularies: Vocabularies, database: Database) -> None:
    asked: list[str] = []
    await vocabularies.of("t", 1)
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    await vocabularies.of("t", 1)
    assert asked == []


async def test_no_more_releases_are_remembered_than_are_allowed(database: Database) -> None:
    vocabularies = Vocabularies(database, kept=2)
    for release in (1, 2, 3):
        await vocabularies.of("t", release)
    assert len(vocabularies._known) == 2
