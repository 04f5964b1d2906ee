"""Where each audit chain ended, written outside the database: what tells that rows are missing from a chain's end.

An append-only file of JSON lines, each signed by itself. On a disk that the database's administrator cannot write to, or a share
that keeps what was once written (`COPILOT_AUDIT__ANCHORS`), it also withstands whoever holds the whole server.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from core.audit import canonical
from core.crossings import Crossing
from core.database import Database
from core.errors import CopilotError
from core.keyring import Keyring
from core.models import AuditRow, Tenant, now
from core.tasks import beside

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain of `tenant_id` had `number` rows, the last with `hash`, at `at` (ISO 8601)."""

    tenant_id: str
    number: int
    hash: str
    at: str


@dataclass(frozen=True, slots=True)
class Anchored:
    """What the file holds: each tenant's anchors, number → hash, and the lines (from 1) that are none of ours."""

    hashes: dict[str, dict[int, str]]
    forged: tuple[int, ...]


class Anchors:
    def __init__(self, database: Database, keyring: Keyring, *, file: Path, every_s: float = 300.0) -> None:
        self._database = database
        self._key = keyring.derive("audit/anchors")
        self._file = file
        self._every_s = every_s
        self._last: dict[str, int] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Anchors at intervals, beside whatever else this process does."""
        async with beside(self._run(), "audit-anchors"):
            yield

    async def append(self) -> int:
        """Anchor every chain that has grown since this process anchored it last; how many."""
        grown = [anchor for anchor in await self._ends() if self._last.get(anchor.tenant_id) != anchor.number]
        if grown:
            await asyncio.to_thread(self._write, grown)
            self._last |= {anchor.tenant_id: anchor.number for anchor in grown}
        return len(grown)

    async def try_append(self) -> None:
        """A file that cannot be written, or a database that is away, must not end what goes on."""
        try:
            await self.append()
        except (CopilotError, OSError) as fault:
            log.warning("audit_not_anchored", file=str(self._file), fault=type(fault).__name__)

    def read(self) -> Anchored:
        """The file as it is now; nothing where there is none yet."""
        hashes: dict[str, dict[int, str]] = {}
        forged: list[int] = []
        lines = self._file.read_text("utf-8", errors="replace").splitlines() if self._file.exists() else []
        for number, line in enumerate(lines, start=1):
            anchor = self._opened(line)
            if anchor is None:
                forged.append(number)
            else:
                hashes.setdefault(anchor.tenant_id, {})[anchor.number] = anchor.hash
        return Anchored(hashes, tuple(forged))

    async def _run(self) -> None:
        while True:
            await self.try_append()
            await asyncio.sleep(self._every_s)

    async def _ends(self) -> list[Anchor]:
        inner = aliased(AuditRow)
        # One probe of an index for each tenant, however long the chains are.
        highest = select(func.max(inner.number)).where(inner.tenant_id == Tenant.id).scalar_subquery()
        query = (
            select(AuditRow.tenant_id, AuditRow.number, AuditRow.hash)
            .select_from(Tenant)
            .join(AuditRow, (AuditRow.tenant_id == Tenant.id) & (AuditRow.number == highest))
        )
        at = now().astimezone(UTC).isoformat(timespec="seconds")
        async with self._database.read(Crossing.ANCHORS) as session:
            return [Anchor(row[0], row[1], row[2], at) for row in await session.execute(query)]

    def _write(self, anchors: list[Anchor]) -> None:
        text = "".join(json.dumps({**_said(anchor), "signature": self._signed(anchor)}) + "\n" for anchor in anchors)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, text.encode())  # in one piece: other processes append, too
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _signed(self, anchor: Anchor) -> str:
        return hmac.new(self._key, canonical(_said(anchor)), sha256).hexdigest()

    def _opened(self, line: str) -> Anchor | None:
        try:
            said = json.loads(line)
            signature = str(said.pop("signature"))
            anchor = Anchor(said.pop("tenant"), said.pop("rows"), said.pop("hash"), said.pop("at"))
        except (ValueError, KeyError, AttributeError, TypeError):
            return None
        genuine = hmac.compare_digest(signature.encode(), self._signed(anchor).encode())
        return anchor if genuine and not said else None


def _said(anchor: Anchor) -> dict[str, object]:
    return {"tenant": anchor.tenant_id, "rows": anchor.number, "hash": anchor.hash, "at": anchor.at}
