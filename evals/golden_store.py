"""The golden questions that a tenant's publish gate asks: imported from golden.jsonl lines, kept as rows, redacted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import delete, func, or_, select

from core.audit import record
from core.database import Database, WriteSession
from core.domain import Principal, RedactedText, RedactionProfile
from core.errors import InvalidRequestError, NotFoundError
from core.models import CorpusGrant, GoldenQuestionRow, Json, Tenant, new_id, now
from core.tenancy import Tenants
from evals.dataset import GoldenQuestion, parse
from guardrails.vault import Place, Vault
from guardrails.withheld import Withheld, withheld
from ingest.gate import GateLimits

LONGEST_KEY = 100  # as in the table
_REDACTED_AT_ONCE = 16


class QuestionRedactor(Protocol):
    """`guardrails.guards.Guards`."""

    async def redact_many(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]: ...


@dataclass(frozen=True, slots=True)
class GoldenView:
    """`expectation` holds the members of a golden.jsonl line beside `id` and `question`."""

    key: str
    question: str
    expectation: Json


@dataclass(frozen=True, slots=True)
class Imported:
    added: int
    changed: int
    removed: int
    total: int


@dataclass(frozen=True, slots=True)
class PartnerQuestions:
    """An entitled tenant's golden questions."""

    tenant_id: str
    slug: str
    questions: tuple[GoldenQuestion, ...]


class GoldenStore:
    """`most` questions a tenant, each of at most `max_chars` characters."""

    def __init__(
        self,
        database: Database,
        *,
        vault: Vault,
        tenants: Tenants,
        redactor: QuestionRedactor,
        most: int = 500,
        max_chars: int = 8000,
    ) -> None:
        self._database = database
        self._vault = vault
        self._tenants = tenants
        self._redactor = redactor
        self._most = most
        self._max_chars = max_chars

    async def put(self, principal: Principal, lines: Sequence[Json], *, replace: bool = False) -> Imported:
        """Add questions; an id that is known is replaced, and with `replace` all others go.

        Raises `InvalidRequestError`: `invalid_golden` naming the line, `too_many_golden`.
        """
        questions = self._parsed(lines)
        texts = await self._redacted(principal.tenant_id, [question.question for question in questions])
        async with self._database.write(principal.tenant_id) as session:
            known = await _rows(session, principal.tenant_id)
            places: dict[Place, tuple[Withheld, ...]] = {}
            for line, question, text in zip(lines, questions, texts, strict=True):
                expectation = {key: value for key, value in line.items() if key not in ("id", "question")}
                row = _put(session, principal.tenant_id, known.get(question.id), question.id, text.text, expectation)
                places[Place("golden_questions", row.id)] = withheld(question.question, text)
            await self._vault.keep(session, principal.tenant_id, places)
            given = {question.id for question in questions}
            removed = known.keys() - given if replace else set[str]()
            await _remove(session, principal.tenant_id, removed)
            total = len(known.keys() | given) - len(removed)
            if total > self._most:
                raise InvalidRequestError(
                    f"that makes {total} golden questions; COPILOT_RELEASES__MAX_GOLDEN allows {self._most}",
                    code="too_many_golden",
                )
            found = Imported(len(given - known.keys()), len(given & known.keys()), len(removed), total)
            _record(session, principal, "golden.import", total=total, removed=len(removed))
        return found

    async def page(self, tenant_id: str, *, after: str = "", limit: int = 200) -> list[GoldenView]:
        """By key, those behind the key `after`."""
        query = (
            select(GoldenQuestionRow)
            .where(GoldenQuestionRow.tenant_id == tenant_id, GoldenQuestionRow.key > after)
            .order_by(GoldenQuestionRow.key)
            .limit(limit)
        )
        async with self._database.read(tenant_id) as session:
            return [GoldenView(row.key, row.question, row.expectation) for row in await session.scalars(query)]

    async def remove(self, principal: Principal, key: str) -> None:
        """Raises `NotFoundError`."""
        async with self._database.write(principal.tenant_id) as session:
            if not await _remove(session, principal.tenant_id, {key}):
                raise NotFoundError(f"there is no golden question '{key}'", code="unknown_golden")
            _record(session, principal, "golden.remove", key=key)

    async def of(self, tenant_id: str) -> tuple[GoldenQuestion, ...]:
        async with self._database.read(tenant_id) as session:
            query = select(GoldenQuestionRow).where(GoldenQuestionRow.tenant_id == tenant_id)
            rows = await session.scalars(query.order_by(GoldenQuestionRow.key))
            return tuple(_question(row) for row in rows)

    async def entitled(self, tenant_id: str) -> list[PartnerQuestions]:
        """Those of the tenants that may read a corpus of this one now, and have golden questions."""
        query = (
            select(Tenant.id, Tenant.slug)
            .join(CorpusGrant, CorpusGrant.grantee_id == Tenant.id)
            .where(
                CorpusGrant.tenant_id == tenant_id,
                Tenant.id != tenant_id,
                or_(CorpusGrant.expires_at.is_(None), CorpusGrant.expires_at > now()),
            )
            .distinct()
            .order_by(Tenant.slug)
        )
        async with self._database.read(tenant_id) as session:
            partners = [(row[0], row[1]) for row in await session.execute(query)]
        found = [PartnerQuestions(partner_id, slug, await self.of(partner_id)) for partner_id, slug in partners]
        return [partner for partner in found if partner.questions]

    async def limits(self, tenant_id: str) -> GateLimits:
        async with self._database.read(tenant_id) as session:
            settings = await session.scalar(select(Tenant.settings).where(Tenant.id == tenant_id))
        return GateLimits.of(settings or {})

    async def set_limits(self, principal: Principal, changes: Mapping[str, float]) -> GateLimits:
        """Of `max_broken` and `min_pass`; the others stay. Raises `InvalidRequestError` (`invalid_gate`)."""
        async with self._database.write(principal.tenant_id) as session:
            row = await session.get(Tenant, principal.tenant_id, with_for_update=True, populate_existing=True)
            if row is None:
                raise NotFoundError("no such tenant", code="unknown_tenant")
            gate = {**row.settings.get("gate", {}), **changes}
            limits = GateLimits.of({"gate": gate})
            row.settings = {**row.settings, "gate": gate}
            _record(session, principal, "golden.limits", **gate)
        return limits

    def _parsed(self, lines: Sequence[Json]) -> list[GoldenQuestion]:
        questions: dict[str, GoldenQuestion] = {}
        for number, line in enumerate(lines, start=1):
            question = parse(json.dumps(line), f"question {number}")
            if len(question.id) > LONGEST_KEY or len(question.question) > self._max_chars:
                raise InvalidRequestError(
                    f"question {number}: an id has at most {LONGEST_KEY} characters, a question {self._max_chars}",
                    code="invalid_golden",
                )
            if question.id in questions:
                raise InvalidRequestError(f"question {number}: the id '{question.id}' is taken", code="invalid_golden")
            questions[question.id] = question
        return list(questions.values())

    async def _redacted(self, tenant_id: str, texts: Sequence[str]) -> list[RedactedText]:
        profile = await self._tenants.profile(tenant_id)
        found: list[RedactedText] = []
        for start in range(0, len(texts), _REDACTED_AT_ONCE):
            page = texts[start : start + _REDACTED_AT_ONCE]
            found += await self._redactor.redact_many(page, profile)
        return found


def _put(
    session: WriteSession, tenant_id: str, row: GoldenQuestionRow | None, key: str, question: str, expectation: Json
) -> GoldenQuestionRow:
    if row is None:
        row = GoldenQuestionRow(id=new_id(), tenant_id=tenant_id, key=key)
        session.add(row)
    row.question, row.expectation = question, expectation
    return row


def _question(row: GoldenQuestionRow) -> GoldenQuestion:
    line = {**row.expectation, "id": row.key, "question": row.question}
    return parse(json.dumps(line), f"golden question '{row.key}'")


async def _rows(session: WriteSession, tenant_id: str) -> dict[str, GoldenQuestionRow]:
    rows = await session.scalars(select(GoldenQuestionRow).where(GoldenQuestionRow.tenant_id == tenant_id))
    return {row.key: row for row in rows}


async def _remove(session: WriteSession, tenant_id: str, keys: set[str]) -> int:
    if not keys:
        return 0
    mine = GoldenQuestionRow.tenant_id == tenant_id, GoldenQuestionRow.key.in_(sorted(keys))
    count = await session.scalar(select(func.count()).select_from(GoldenQuestionRow).where(*mine)) or 0
    await session.execute(delete(GoldenQuestionRow).where(*mine))
    return count


def _record(session: WriteSession, principal: Principal, action: str, **details: Any) -> None:
    record(session, principal.tenant_id, actor=principal.id, action=action, **details)
