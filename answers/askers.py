"""What is known of an asker before the question is read: what the tenant runs, and the names that its readable documents use."""

from __future__ import annotations

from collections.abc import Mapping

from answers.applicability import Asker
from core.clock import today
from core.domain import Principal, Scope
from core.grants import Grants
from core.profiles import Profiles
from core.tenancy import TenantInfo, Tenants
from retrieval.names import Vocabularies
from retrieval.passages import Passages


class Askers:
    def __init__(
        self,
        *,
        profiles: Profiles,
        passages: Passages,
        vocabularies: Vocabularies,
        grants: Grants,
        tenants: Tenants,
    ) -> None:
        self._profiles = profiles
        self._passages = passages
        self._vocabularies = vocabularies
        self._grants = grants
        self._tenants = tenants

    async def of(self, principal: Principal, tenant: TenantInfo, releases: Mapping[str, int]) -> Asker:
        """`tenant` is the principal's; `releases` stand in for the live ones, by their owners' ids."""
        vocabulary = await self._vocabularies.of(tenant.id, releases.get(tenant.id, tenant.live_release))
        for part in await self._grants.readable(tenant.id):
            owner = await self._tenants.get(part.owner_id)
            release = releases.get(owner.id, owner.live_release)
            vocabulary |= await self._vocabularies.of(owner.id, release, part.corpus_ids)
        return Asker(
            today(), self._profiles.of(tenant), vocabulary, tuple(await self._passages.customers(Scope.of(principal)))
        )
