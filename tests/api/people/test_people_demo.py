"""The demo's admin: one account, whose password is kept where the demo's keys are."""

from __future__ import annotations

from pathlib import Path

from people_world import CHEAP

from api.demo import ADMIN, admin, demo_tenants, write
from api.people.sign_in import Visitor
from api.store import Store, open_store
from core.domain import Role
from core.settings import Settings


async def _role(store: Store, password: str) -> Role:
    credential = await store.people.passwords.sign_in(ADMIN, password, Visitor("127.0.0.1"))
    return (await store.people.sessions.authenticate(credential)).account.role


async def test_the_demos_admin_keeps_a_password_until_it_is_lost(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "sign_in": CHEAP})
    file = tmp_path / "demo.json"
    async with open_store(settings) as store:
        await store.tenants.create(demo_tenants()[0].slug)
        first = await admin(store, file)
        write(file, url="http://localhost:8000", tokens={"acme": "a key"}, admin=first)
        assert file.stat().st_mode & 0o777 == 0o600
        assert await admin(store, file) == first
        assert await _role(store, first.password) is Role.PLATFORM_ADMIN
        file.unlink()
        second = await admin(store, file)
        assert second.password != first.password
        assert await _role(store, second.password) is Role.PLATFORM_ADMIN
