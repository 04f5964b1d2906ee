"""What is encrypted and may be one person's: contacts of cases, Slack's events that wait."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import select

from api.rights.rows import BATCH
from api.rights.subject import Traces
from core.database import Database
from core.keyring import Keyring
from core.models import Handoff, SlackEvent


@dataclass(frozen=True, slots=True)
class Opened:
    """One row, and what was sealed in it."""

    id: str
    text: str
    conversation_id: str | None = None


class Sealed:
    """Opens rows of one tenant. Raises `ConfigurationError` (`wrong_master_key`) where the key is another one."""

    def __init__(self, database: Database, keyring: Keyring, tenant_id: str) -> None:
        self._database = database
        self._keyring = keyring
        self._tenant_id = tenant_id

    async def contacts(self, traces: Traces) -> list[Opened]:
        """Cases whose contact is the person's."""
        query = select(Handoff.id, Handoff.contact, Handoff.conversation_id).where(
            Handoff.tenant_id == self._tenant_id, Handoff.contact.is_not(None)
        )
        async with self._database.read(self._tenant_id) as session:
            rows = (await session.execute(query)).all()
        opened = (Opened(row[0], self._text(row[1] or b"", f"handoffs/{row[0]}"), row[2]) for row in rows)
        return [each for each in opened if traces.in_text(each.text)]

    async def events(self, traces: Traces) -> AsyncIterator[Opened]:
        """Slack's events that the person sent, or that speak of them. Those that are worked off hold nothing any more."""
        query = (
            select(SlackEvent.event_id, SlackEvent.payload)
            .where(SlackEvent.tenant_id == self._tenant_id, SlackEvent.payload != b"")
            .order_by(SlackEvent.event_id)
        )
        last = ""
        while True:
            async with self._database.read(self._tenant_id) as session:
                page = query.where(SlackEvent.event_id > last).limit(BATCH)
                rows = (await session.execute(page)).all()
            for event_id, payload in rows:
                text = self._text(payload, f"slack_events/{event_id}")
                if traces.in_text(text) or _sender(text) in traces.principals:
                    yield Opened(event_id, text)
            if len(rows) < BATCH:
                return
            last = rows[-1][0]

    def _text(self, data: bytes, row: str) -> str:
        return self._keyring.decrypt(data, context=f"{self._tenant_id}/{row}").decode("utf-8", "replace")


def _sender(payload: str) -> str:
    job = json.loads(payload).get("job", {})
    return f"slack:{job.get('team_id')}:{job.get('user')}"
