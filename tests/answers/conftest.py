"""A pipeline for the tests that ask it."""

from __future__ import annotations

import pytest
from answer_worlds import agent
from pipeline_world import World

from core.database import Database
from core.keyring import Keyring
from core.tenancy import Tenants


@pytest.fixture
async def world(database: Database) -> World:
    tenants = Tenants(database, Keyring(b"m" * 32), generation="g")
    tenant = await tenants.create("acme")
    return World(database, tenants, agent(tenant.id))
