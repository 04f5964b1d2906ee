"""The desk of the people who curate, over an ingest world: real parts but for the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from ingest_world import BUDGET, NAME, World
from sqlalchemy import select, update

from core.auth import PERMISSIONS
from core.crossings import Crossing
from core.domain import Audience, Principal, RedactedText, RedactionProfile, Role
from core.keyring import Keyring
from core.models import AuditRow, Corpus, Revision
from guardrails.vault import Vault
from ingest.catalogue import Catalogue, DocumentRow, Wanted
from ingest.curation import Curation, CurationLimits, Named
from ingest.paging import PageRequest
from ingest.revisions import Revisions
from ingest.staging import Staging
from retrieval.index import VectorIndex
from tests.fakes import FakeEmbedder

TODAY = date(2026, 11, 1)


class OneNameRedactor:
    """Takes one name out, as the world's own does; `seen` is what it was given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def redact_many(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        self.seen += texts
        return [RedactedText(text.replace(NAME, "<PERSON_a>")) for text in texts]


class Desk:
    """Catalogue, curation and revisions of one world, and the people at them."""

    def __init__(self, world: World, *, limits: CurationLimits | None = None, max_diff_lines: int = 5000) -> None:
        limits = limits or CurationLimits(page_size=200, max_comment_chars=8000, max_bulk=200)
        staging = Staging(
            database=world.database,
            index=cast(VectorIndex, world.index),
            embedder=FakeEmbedder(),
            tenants=world.tenants,
            budget=BUDGET,
        )
        self.world = world
        self.redactor = OneNameRedactor()
        self.catalogue = Catalogue(world.database, page_size=limits.page_size, day=lambda: TODAY)
        self.curation = Curation(
            database=world.database,
            vault=Vault(Keyring(bytes(range(32)))),
            tenants=world.tenants,
            redactor=self.redactor,
            limits=limits,
        )
        self.revisions = Revisions(
            database=world.database, staging=staging, page_size=limits.page_size, max_diff_lines=max_diff_lines
        )

    def person(self, name: str, role: Role = Role.KNOWLEDGE_ADMIN, audience: Audience = Audience.AGENT) -> Principal:
        return Principal(self.world.tenant.id, name, audience, PERMISSIONS[role])

    @property
    def ada(self) -> Principal:
        """Writes."""
        return self.person("ada")

    @property
    def bob(self) -> Principal:
        """Approves."""
        return self.person("bob")

    async def require_approval(self, corpus: str = "docs") -> None:
        await self.catalogue.set_approval(self.bob, corpus, required=True)

    async def write(self, name: str, text: str, *, author: str = "ada", **metadata: object) -> Named:
        """A revision by `author`."""
        document_id = await self.world.upload(name, text, **metadata)
        row = await self.row(document_id)
        assert row.revision_id
        async with self.world.database.write(Crossing.UPKEEP) as session:
            await session.execute(update(Revision).where(Revision.id == row.revision_id).values(author=author))
        return Named(document_id, row.revision_id)

    async def row(self, document_id: str, principal: Principal | None = None) -> DocumentRow:
        return await self.catalogue.document(principal or self.bob, document_id)

    async def listed(self, principal: Principal | None = None, **wanted: object) -> list[str]:
        """Paths."""
        narrowed = replace(Wanted(), **wanted)  # type: ignore[arg-type]
        page = await self.catalogue.documents(principal or self.bob, narrowed, PageRequest())
        return [row.source for row in page.items]

    async def audited(self) -> list[tuple[str, str, str]]:
        """Actor, action and target, oldest first, without the releases', tenants' and uploads'."""
        async with self.world.database.read(Crossing.UPKEEP) as session:
            rows = await session.scalars(select(AuditRow).order_by(AuditRow.id))
            aside = ("release", "tenant", "document.upload")
            return [(r.actor, r.action, r.target) for r in rows if not r.action.startswith(aside)]

    async def stranger(self) -> Principal:
        """Another tenant's admin."""
        other = await self.world.tenants.create("other")
        return Principal(other.id, "eve", Audience.AGENT, PERMISSIONS[Role.KNOWLEDGE_ADMIN])


@dataclass(frozen=True, slots=True)
class CorpusSettings:
    name: str
    requires_approval: bool


async def corpus_settings(world: World) -> list[CorpusSettings]:
    async with world.database.read(Crossing.UPKEEP) as session:
        rows = await session.scalars(select(Corpus).order_by(Corpus.name))
        return [CorpusSettings(row.name, row.requires_approval) for row in rows]
