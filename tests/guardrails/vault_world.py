"""A tenant with a vault, and texts that go into it as the product's own parts put them there."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.database import Database
from core.domain import RedactedText, RedactionProfile
from core.keyring import Keyring
from core.models import Tenant, new_id
from guardrails.vault import Place, Restored, Vault
from guardrails.withheld import withheld

KEYRING = Keyring(bytes(range(32)))


def place(field_: str = "text") -> Place:
    return Place("answers", new_id(), field_)


@dataclass
class VaultWorld:
    database: Database
    keyring: Keyring = KEYRING
    vault: Vault = field(init=False)

    def __post_init__(self) -> None:
        self.vault = Vault(self.keyring)

    async def tenant(self) -> str:
        row = Tenant(id=new_id(), slug=new_id(), name="a shop", settings={})
        async with self.database.write(row.id) as session:
            session.add(row)
        return row.id

    def profile(self, tenant_id: str) -> RedactionProfile:
        return RedactionProfile(key=self.keyring.derive(f"placeholders/{tenant_id}"))

    async def keep(self, tenant_id: str, at: Place, original: str, redacted: RedactedText) -> None:
        async with self.database.write(tenant_id) as session:
            await self.vault.keep(session, tenant_id, {at: withheld(original, redacted)})

    async def restore(self, tenant_id: str, *texts: str, at: Place | None = None) -> Restored:
        async with self.database.read(tenant_id) as session:
            return await self.vault.restore(session, tenant_id, texts, place=at)
