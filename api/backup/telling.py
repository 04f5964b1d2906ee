"""An act on the whole installation is a row of each tenant's audit: a partner's auditor sees when their data was copied, and when
it was set back."""

from __future__ import annotations

from api.store import Store
from core.audit import OPERATOR, record


async def tell_tenants(store: Store, *, action: str, target: str, **details: object) -> int:
    """One transaction a tenant; how many tenants."""
    found = await store.tenants.all()
    for tenant in found:
        async with store.database.write(tenant.id) as session:
            record(session, tenant.id, actor=OPERATOR, action=action, target=target, **details)
    return len(found)
