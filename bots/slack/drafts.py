"""Replies that the copilot drafted and a person sent: kept redacted, with their difference, and audited."""

from __future__ import annotations

import difflib
from typing import Protocol

from bots.slack.jobs import SlackJob
from core.audit import record
from core.database import Database
from core.domain import Principal, RedactedText
from core.errors import NotFoundError
from core.models import SlackDraft, new_id, now
from guardrails.vault import Place, Vault
from guardrails.withheld import withheld


class Redacts(Protocol):
    async def __call__(self, tenant_id: str, text: str) -> RedactedText: ...


class Drafts:
    def __init__(self, database: Database, redact: Redacts, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._redact = redact

    async def keep(self, principal: Principal, job: SlackJob, *, answer_id: str, text: str) -> str:
        """Store a draft; returns its id. Its text is checked and redacted already, as answers are."""
        row = SlackDraft(
            id=new_id(),
            tenant_id=principal.tenant_id,
            answer_id=answer_id,
            team_id=job.team_id,
            channel=job.channel,
            thread_ts=job.thread_ts,
            principal_id=principal.id,
            drafted=text,
        )
        async with self._database.write(principal.tenant_id) as session:
            session.add(row)
        return row.id

    async def find(self, principal: Principal, draft_id: str) -> SlackDraft:
        """Raises `NotFoundError` for another person's or tenant's draft as for an unknown one."""
        async with self._database.read(principal.tenant_id) as session:
            row = await session.get(SlackDraft, draft_id)
        if row is None or (row.tenant_id, row.principal_id) != (principal.tenant_id, principal.id):
            raise NotFoundError("no such draft; use the shortcut again")
        return row

    async def sent(self, principal: Principal, draft_id: str, text: str) -> None:
        """Record what was sent and how it differs, before it is posted: nothing is posted that is not on record. Once only."""
        clean = await self._redact(principal.tenant_id, text)
        async with self._database.write(principal.tenant_id) as session:
            row = await session.get(SlackDraft, draft_id, with_for_update=True)
            if row is None or row.sent_at is not None:
                return
            row.sent, row.sent_at, row.difference = clean.text, now(), difference(row.drafted, clean.text)
            if found := withheld(text, clean):
                await self._vault.keep(session, row.tenant_id, {Place("slack_drafts", row.id, "sent"): found})
            changed = sum(line.startswith(("+", "-")) for line in row.difference.splitlines()[2:])
            record(
                session,
                row.tenant_id,
                actor=principal.id,
                action="slack.draft.send",
                target=row.id,
                answer=row.answer_id,
                lines_changed=changed,
            )


def difference(drafted: str, sent: str) -> str:
    """A unified diff, empty where nothing was changed."""
    lines = difflib.unified_diff(drafted.splitlines(), sent.splitlines(), "drafted", "sent", lineterm="", n=1)
    return "\n".join(lines)
