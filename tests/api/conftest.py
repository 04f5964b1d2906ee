"""Tenants and keys of a running demo."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from api_world import Lab, calling, new_key, new_tenant

from core.domain import Audience, Role
from tests.servers.demo import Demo


@pytest.fixture
def lab(demo: Demo) -> Iterator[Lab]:
    tenant = new_tenant(demo)
    admin = new_key(demo, tenant).token
    partner = new_key(demo, tenant, role=Role.SUPPORT_AGENT, audience=Audience.PARTNER).token
    with calling(demo, admin) as as_admin, calling(demo, partner) as as_partner:
        yield Lab(tenant, as_admin, as_partner)


@pytest.fixture
def corvane(demo: Demo) -> Iterator[httpx.Client]:
    """The vendor's own staff."""
    with calling(demo, demo.keys["corvane"]) as api:
        yield api
