"""Showing people what redaction took out: to those who may see it, in their own tenant, and never unseen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from core.audit import record
from core.auth import require
from core.database import Database, WriteSession
from core.domain import Permission, Principal
from core.errors import InvalidRequestError, TooLargeError
from guardrails.vault import Place, Vault
from guardrails.withheld import TAGGED

_NAMED = 20
"""Placeholders of a pasted text that its audit row names."""


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a stored thing, by name; in pieces where it lies in pieces, with `between` them. `place` is where the vault
    knows it."""

    name: str
    pieces: Sequence[str]
    place: Place | None = None
    between: str = "\n\n"


@dataclass(frozen=True, slots=True)
class Restoration:
    """The texts by name. `restored` counts placeholders that were filled, `left` those that were not: nothing is known of them,
    they were forgotten, they are another tenant's, or two values share one."""

    texts: Mapping[str, str]
    restored: int
    left: int


Find = Callable[[WriteSession, Principal, str], Awaitable[Sequence[Part]]]
"""The parts of a thing by its id. Raises `NotFoundError` for what the principal may not read as for what is unknown."""


class Restorer:
    """Restores texts of up to `max_chars` characters, and stored things: `find` tells of each kind where its texts are."""

    def __init__(self, database: Database, vault: Vault, find: Mapping[str, Find], *, max_chars: int) -> None:
        self._database = database
        self._vault = vault
        self._find = find
        self._max_chars = max_chars

    async def text(self, principal: Principal, text: str) -> Restoration:
        """As first seen; what stands for two values is left. Raises `ForbiddenError`, `TooLargeError`."""
        require(principal, Permission.VAULT_RESTORE)
        if len(text) > self._max_chars:
            raise TooLargeError(f"at most {self._max_chars:,} characters at once (COPILOT_VAULT__MAX_TEXT_CHARS)")
        named = sorted({match.group() for match in TAGGED.finditer(text)})[:_NAMED]
        async with self._database.write(principal.tenant_id) as session:
            return await self._restored(session, principal, [Part("text", [text])], target="text", placeholders=named)

    async def thing(self, principal: Principal, kind: str, id_: str) -> Restoration:
        """Everything as it was spelled. Raises `ForbiddenError`, `NotFoundError`, `InvalidRequestError` for another kind."""
        require(principal, Permission.VAULT_RESTORE)
        if kind not in self._find:
            raise InvalidRequestError(f"no {kind} can be restored; name one of {', '.join(sorted(self._find))}")
        async with self._database.write(principal.tenant_id) as session:
            parts = await self._find[kind](session, principal, id_)
            return await self._restored(session, principal, parts, target=f"{kind}/{id_}")

    async def _restored(
        self, session: WriteSession, principal: Principal, parts: Sequence[Part], *, target: str, **details: object
    ) -> Restoration:
        """Audited in the transaction that reads: who, and which record; never a value."""
        texts: dict[str, str] = {}
        restored = left = 0
        for part in parts:
            found = await self._vault.restore(session, principal.tenant_id, part.pieces, place=part.place)
            texts[part.name] = part.between.join(found.texts)
            restored, left = restored + found.restored, left + found.left
        counted = {"restored": restored, "left": left, **details}
        record(session, principal.tenant_id, actor=principal.id, action="vault.restore", target=target, **counted)
        return Restoration(texts, restored, left)
