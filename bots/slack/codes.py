"""One-time codes: whoever installs the app with one binds their workspace to the code's tenant."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from bots.slack.installs import context as token_context
from bots.slack.installs import take
from core.audit import OPERATOR, record
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience
from core.errors import NotFoundError
from core.keyring import Keyring
from core.models import SlackCode, now


class Codes:
    """Only keyed hashes are stored. Unknown, used and expired codes get one and the same answer."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def create(self, tenant_id: str, *, audience: Audience, hours: float) -> tuple[str, datetime]:
        """The code, which exists in our hands at this moment alone, and when it expires."""
        code, expires_at = secrets.token_urlsafe(24), now() + timedelta(hours=hours)
        async with self._database.write(tenant_id) as session:
            session.add(
                SlackCode(code_hash=self._hash(code), tenant_id=tenant_id, audience=audience, expires_at=expires_at)
            )
            record(session, tenant_id, actor=OPERATOR, action="slack.code", audience=audience)
        return code, expires_at

    async def check(self, code: str) -> None:
        """Raises `NotFoundError` (`unknown_code`) for one that would bind nothing."""
        await self._tenant(code)

    async def bind(self, code: str, *, team_id: str, enterprise_id: str | None, bot_token: str) -> str:
        """Use the code up and map the workspace; returns the tenant's id. Raises `NotFoundError` (`unknown_code`), and
        `ConflictError` (`workspace_taken`) where another tenant has the workspace: the code is not used up then."""
        tenant_id = await self._tenant(code)
        async with self._database.write(tenant_id) as session:
            row = _alive(await session.get(SlackCode, self._hash(code), with_for_update=True))
            sealed = self._keyring.encrypt(bot_token.encode(), context=token_context(tenant_id, team_id))
            await take(session, team_id, tenant_id, enterprise_id=enterprise_id, audience=row.audience, sealed=sealed)
            row.used_at = now()
            record(session, tenant_id, actor="slack", action="slack.install", target=team_id, audience=row.audience)
        return tenant_id

    async def _tenant(self, code: str) -> str:
        async with self._database.read(Crossing.CREDENTIALS) as session:
            return _alive(await session.get(SlackCode, self._hash(code))).tenant_id

    def _hash(self, code: str) -> str:
        return self._keyring.digest("slack-codes", code)


def _alive(row: SlackCode | None) -> SlackCode:
    if row is None or row.used_at is not None or row.expires_at <= now():
        raise NotFoundError(
            "this installation link is not valid any more; ask for a new one ('partner-copilot slack code')",
            code="unknown_code",
        )
    return row
