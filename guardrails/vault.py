"""The vault: what redaction took out of stored texts, encrypted, and put back for those who may see it.

A placeholder is the same for all spellings of a value, so a value is kept once for each spelling, and each stored text has a row
that says which spelling stands where: so a text is restored as it was, to the character. Where two people share a placeholder (its
tag has 30 bits), that row tells them apart, and what no row tells is not restored: a wrong person's name is worse than none.

Everything is encrypted with the tenant's own key (`core.data_keys`); hashes of values are keyed with it, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, and_, cast, delete, or_, select

from core.data_keys import DataKey, drop_key, ensure_key, find_key
from core.database import ReadSession, WriteSession, insert_new, wait_turn
from core.keyring import Keyring
from core.models import (
    AnswerRow,
    DocumentComment,
    FeedbackRow,
    GoldenQuestionRow,
    Handoff,
    Revision,
    SlackDraft,
    VaultUse,
    VaultValue,
    now,
)
from guardrails.placeholders import normalised
from guardrails.withheld import TAGGED, Withheld

_HOLDERS: Mapping[str, Any] = {
    table.__tablename__: table
    for table in (AnswerRow, DocumentComment, FeedbackRow, GoldenQuestionRow, Handoff, Revision, SlackDraft)
}
"""The tables of `Place.kind`."""
_AT_ONCE = 1000
"""Placeholders, or texts, that one statement names: far below SQLite's and PostgreSQL's most parameters."""
_NAMED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A stored text: the table's name, the row's id, and which of its texts."""

    kind: str
    row_id: str
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Restored:
    """`restored` counts placeholders that were filled, `left` those of which nothing, or nothing certain, is known."""

    texts: tuple[str, ...]
    restored: int
    left: int


class Vault:
    """Works in its caller's transaction: what a placeholder stands for is stored with the text that holds it, or neither is."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def keep(self, session: WriteSession, tenant_id: str, found: Mapping[Place, Sequence[Withheld]]) -> None:
        """Store what the placeholders of these texts stand for, in place of what was stored for them before."""
        await _forget_uses(session, tenant_id, found)
        if not any(found.values()):
            return
        await wait_turn(session, _turn(tenant_id), shared=True)
        key = await ensure_key(session, self._keyring, tenant_id)
        values: dict[tuple[str, str], dict[str, Any]] = {}
        uses = [_use(tenant_id, place, _spelled(key, tenant_id, each, values)) for place, each in found.items() if each]
        # In one order everywhere: two transactions that store the same values must not wait for each other.
        await insert_new(session, VaultValue, [values[each] for each in sorted(values)])
        await insert_new(session, VaultUse, uses)

    async def restore(
        self, session: ReadSession | WriteSession, tenant_id: str, texts: Sequence[str], *, place: Place | None = None
    ) -> Restored:
        """`texts` with the tenant's own values for placeholders. Where they are those of a `place`, in order, as they were spelled
        there; else as they were first seen, and not at all where two values share a placeholder."""
        wanted = {match.group() for text in texts for match in TAGGED.finditer(text)}
        key = await find_key(session, self._keyring, tenant_id) if wanted else None
        if key is None:
            return Restored(tuple(texts), 0, sum(len(TAGGED.findall(text)) for text in texts))
        known = _Known(key, tenant_id, await _values(session, tenant_id, wanted))
        uses = await _uses(session, tenant_id, place) if place else {}
        counts = {name: sum(text.count(name) for text in texts) for name in uses}
        return _filled(texts, {name: known.said(name, uses.get(name), counts.get(name, 0)) for name in wanted})

    async def forget(self, session: WriteSession, tenant_id: str, placeholders: Collection[str]) -> int:
        """Delete what these placeholders stand for, in every spelling; no text can be restored to them again. How many there were.

        A data subject's placeholders are those that `Redactor.redact` gives their names and addresses, with the tenant's profile.
        """
        gone = 0
        for some in _batches(placeholders):
            held = (VaultValue.tenant_id == tenant_id, VaultValue.placeholder.in_(some))
            deleted = await session.execute(delete(VaultValue).where(*held).returning(VaultValue.spelling))
            gone += len(deleted.all())
            await _unname(session, tenant_id, some)
        return gone

    async def sweep(self, session: WriteSession, tenant_id: str) -> int:
        """Delete what no stored text stands for any more: its row was deleted, by retention or by a garbage collection. How many
        spellings."""
        await wait_turn(session, _turn(tenant_id))
        for kind, table in _HOLDERS.items():
            there = select(table.id).where(table.tenant_id == tenant_id)
            mine = (VaultUse.tenant_id == tenant_id, VaultUse.kind == kind)
            await session.execute(delete(VaultUse).where(*mine, VaultUse.row_id.not_in(there)))
        used: set[str] = set()
        for spellings in await session.scalars(select(VaultUse.spellings).where(VaultUse.tenant_id == tenant_id)):
            used.update(each for _, some in spellings for each in some)
        kept = await session.scalars(select(VaultValue.spelling).where(VaultValue.tenant_id == tenant_id))
        gone = set(kept) - used
        for some in _batches(gone):
            held = (VaultValue.tenant_id == tenant_id, VaultValue.spelling.in_(some))
            await session.execute(delete(VaultValue).where(*held))
        return len(gone)

    async def forget_tenant(self, session: WriteSession, tenant_id: str) -> None:
        """Drop the tenant's key, and what it sealed: also what lies in a copy of the database opens no more without a copy of the
        key."""
        await drop_key(session, tenant_id)
        for table in (VaultValue, VaultUse):
            await session.execute(delete(table).where(table.tenant_id == tenant_id))


class _Known:
    """A tenant's values for some placeholders: by placeholder, then spelling; first seen first."""

    def __init__(self, key: DataKey, tenant_id: str, rows: Iterable[VaultValue]) -> None:
        self._key = key
        self._tenant_id = tenant_id
        self._rows: dict[str, dict[str, VaultValue]] = {}
        for row in rows:
            self._rows.setdefault(row.placeholder, {})[row.spelling] = row

    def said(self, placeholder: str, spellings: Sequence[str] | None, occurrences: int) -> list[str | None]:
        """What each occurrence stands for, or one thing for all of them; None where that is not known."""
        rows = self._rows.get(placeholder, {})
        if spellings is not None and len(spellings) in (1, occurrences):
            return [placeholder if each == "" else self._open(rows.get(each)) for each in spellings]
        # Without a row for this text, or with another number of occurrences (a table's heading that two passages repeat).
        candidates = [rows[each] for each in spellings or rows if each in rows]
        people = {row.identity for row in candidates}
        return [self._open(candidates[0]) if len(people) == 1 and "" not in (spellings or ()) else None]

    def _open(self, row: VaultValue | None) -> str | None:
        if row is None:
            return None
        context = _context(self._tenant_id, row.placeholder, row.spelling)
        return self._key.open(row.sealed, context=context).decode("utf-8", "surrogatepass")


def _spelled(
    key: DataKey, tenant_id: str, found: Sequence[Withheld], values: dict[tuple[str, str], dict[str, Any]]
) -> list[list[Any]]:
    """The text's spellings by placeholder; adds rows of those that `values` lacks."""
    spellings: dict[str, list[str]] = {}
    digests: dict[Withheld, str] = {}
    for each in found:
        if each not in digests:
            digests[each] = "" if each.value is None else key.digest(each.placeholder, each.value)
        spellings.setdefault(each.placeholder, []).append(digests[each])
    for each, spelling in digests.items():
        if each.value is not None and (each.placeholder, spelling) not in values:
            values[each.placeholder, spelling] = _value(key, tenant_id, each, each.value, spelling)
    return [[name, all_ if len(set(all_)) > 1 else all_[:1]] for name, all_ in spellings.items()]


def _value(key: DataKey, tenant_id: str, found: Withheld, value: str, spelling: str) -> dict[str, Any]:
    context = _context(tenant_id, found.placeholder, spelling)
    return {
        "tenant_id": tenant_id,
        "placeholder": found.placeholder,
        "spelling": spelling,
        "identity": key.digest(found.type, normalised(found.type, value)),
        "sealed": key.seal(value.encode("utf-8", "surrogatepass"), context=context),
        "created_at": now(),
    }


def _use(tenant_id: str, place: Place, spellings: list[list[Any]]) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "kind": place.kind,
        "row_id": place.row_id,
        "field": place.field,
        "spellings": spellings,
    }


def _turn(tenant_id: str) -> str:
    """What is stored and what is swept away never meet."""
    return f"vault/{tenant_id}"


def _context(tenant_id: str, placeholder: str, spelling: str) -> str:
    return f"{tenant_id}/vault_values/{placeholder}/{spelling}"


async def _values(session: ReadSession | WriteSession, tenant_id: str, wanted: Collection[str]) -> list[VaultValue]:
    rows: list[VaultValue] = []
    for some in _batches(wanted):
        query = select(VaultValue).where(VaultValue.tenant_id == tenant_id, VaultValue.placeholder.in_(some))
        rows += await session.scalars(query.order_by(VaultValue.created_at, VaultValue.spelling))
    return rows


async def _uses(session: ReadSession | WriteSession, tenant_id: str, place: Place) -> dict[str, list[str]]:
    row = await session.get(VaultUse, (tenant_id, place.kind, place.row_id, place.field))
    return {} if row is None else {name: list(spellings) for name, spellings in row.spellings}


async def _forget_uses(session: WriteSession, tenant_id: str, places: Iterable[Place]) -> None:
    listed = list(places)
    for start in range(0, len(listed), _AT_ONCE // 4):
        named = [
            and_(VaultUse.kind == each.kind, VaultUse.row_id == each.row_id, VaultUse.field == each.field)
            for each in listed[start : start + _AT_ONCE // 4]
        ]
        await session.execute(delete(VaultUse).where(VaultUse.tenant_id == tenant_id, or_(*named)))


async def _unname(session: WriteSession, tenant_id: str, placeholders: Sequence[str]) -> None:
    """Take the placeholders out of what is written of texts: a tag of someone who is erased says that they were there."""
    for start in range(0, len(placeholders), _NAMED_AT_ONCE):
        some = placeholders[start : start + _NAMED_AT_ONCE]
        naming = or_(*(cast(VaultUse.spellings, String).contains(f'"{name}"', autoescape=True) for name in some))
        for row in await session.scalars(select(VaultUse).where(VaultUse.tenant_id == tenant_id, naming)):
            row.spellings = [[name, spellings] for name, spellings in row.spellings if name not in some]


def _filled(texts: Sequence[str], said: Mapping[str, list[str | None]]) -> Restored:
    """The texts with what each placeholder, occurrence by occurrence, stands for."""
    turns: dict[str, Iterator[str | None]] = {name: iter(all_) for name, all_ in said.items() if len(all_) > 1}
    counted = {True: 0, False: 0}
    filled = []
    for text in texts:
        parts, at = [], 0
        for match in TAGGED.finditer(text):
            name = match.group()
            value = next(turns[name]) if name in turns else said[name][0]
            counted[value is not None and value != name] += 1
            parts += [text[at : match.start()], name if value is None else value]
            at = match.end()
        filled.append("".join([*parts, text[at:]]))
    return Restored(tuple(filled), counted[True], counted[False])


def _batches(values: Collection[str]) -> Iterator[list[str]]:
    rest = sorted(values)
    for start in range(0, len(rest), _AT_ONCE):
        yield rest[start : start + _AT_ONCE]
