"""Visitors' sessions: a widget's public id, and perhaps a signed identity, for a credential that lasts minutes.

The credential reads `pw.<id>.<secret>`; only a keyed hash of the secret is stored. It is worth nothing once the widget is switched
off or the origin that it was opened on is taken off the list.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from api.widget.challenge import challenge_of
from api.widget.identity import Identities
from api.widget.limits import VisitLimits
from api.widget.registry import Widget, Widgets
from core.auth import VISITOR
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Permission, Principal
from core.errors import ForbiddenError, InvalidRequestError, NotFoundError, UnauthenticatedError
from core.keyring import Keyring
from core.models import Json, WidgetCount, WidgetSession, WidgetStream, new_id, now
from core.settings import WidgetSettings

PREFIX = "pw."
CHANNEL = "widget"

_CREDENTIAL = re.compile(r"pw\.([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")
_TICKET = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")
_NO_SECRET = hmac.new(b"", b"", "sha256").hexdigest()
_TICKET_HOURS = 12


@dataclass(frozen=True, slots=True)
class Knock:
    """What a panel brings for a session: `ticket` from its own page, `origin` of the page around it, `visitor` the random text that
    the browser keeps, `token` the signed identity, `work` what it was challenged to. `sender` is the origin that the browser
    names."""

    widget_id: str
    ticket: str
    origin: str
    visitor: str
    token: str | None
    work: str
    address: str
    sender: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """`visitor` is a pseudonym that stays the same for the same person or browser."""

    token: str
    expires_in_s: int
    visitor: str
    identified: bool
    audience: Audience


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever holds a session's credential."""

    principal: Principal
    session_id: str
    widget_id: str


class Visits:
    """Opens, recognises and ends sessions."""

    def __init__(
        self, database: Database, keyring: Keyring, widgets: Widgets, identities: Identities, settings: WidgetSettings
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._widgets = widgets
        self._identities = identities
        self._settings = settings
        self._limits = VisitLimits(database, keyring, settings)
        self._challenge = challenge_of(settings)

    def ticket(self, widget: Widget) -> str:
        """For the panel's own page, which browsers show to listed origins alone: who cannot read the page cannot knock."""
        ends = str(int((now() + timedelta(hours=_TICKET_HOURS)).timestamp()))
        return f"{ends}.{self._sealed(widget.id, ends)}"

    def terms(self, widget: Widget, *, max_chars: int) -> Json:
        """What a panel must know: its ticket, what strangers are challenged to, how long an answer waits for its reader."""
        resume_ms = int(self._settings.resume_s * 1000)
        return {
            "ticket": self.ticket(widget),
            "work_bits": self._challenge.bits,
            "resume_ms": resume_ms,
            "max_chars": max_chars,
        }

    async def open(self, knock: Knock, *, own_origin: str) -> Visit:
        """Raises `NotFoundError`, `RateLimitedError`, `ForbiddenError` (`foreign_origin`, `origin_not_allowed`, `stale_panel`,
        `challenge_failed`), and `UnauthenticatedError` (`invalid_identity`)."""
        widget = await self._widgets.shown(knock.widget_id)
        await self._limits.session(widget.tenant_id, widget.id, knock.address)
        _require_panel(knock.sender, widget, own_origin)
        self._require_ticket(knock)
        if knock.origin not in (*widget.origins, *widget.served_by(own_origin)):
            raise ForbiddenError("this page's origin is not on the widget's list", code="origin_not_allowed")
        if knock.token is None and not self._challenge.passed(knock.ticket, knock.visitor, knock.work):
            raise ForbiddenError("the challenge was not met; load the panel anew", code="challenge_failed")
        subject = None if knock.token is None else await self._identities.subject(widget, knock.token)
        return await self._opened(widget, knock, subject)

    async def authenticate(self, credential: str, *, own_origin: str, sender: str | None) -> Visitor:
        """The visitor behind a credential. Raises `UnauthenticatedError`, which never says why, and `ForbiddenError`
        (`foreign_origin`) where `sender`, the origin that the browser names, is not the panel's."""
        match = _CREDENTIAL.fullmatch(credential)
        session_id, secret = match.groups() if match else ("", "")
        async with self._database.read(Crossing.CREDENTIALS) as session:
            row = await session.get(WidgetSession, session_id)
        matches = hmac.compare_digest(row.secret_hash if row else _NO_SECRET, self._hash(secret))
        if row is None or not matches or row.expires_at <= now():
            raise _unknown()
        try:
            widget = await self._widgets.shown(row.widget_id)
        except NotFoundError:
            raise _unknown() from None
        _require_panel(sender, widget, own_origin)
        if row.origin not in (*widget.origins, *widget.served_by(own_origin)):
            raise _unknown()
        audience = widget.audience if row.identified else Audience.PUBLIC
        principal = Principal(row.tenant_id, row.visitor, audience, VISITOR, CHANNEL)
        return Visitor(principal, row.id, row.widget_id)

    async def close(self, credential: str) -> None:
        """Dead from the next request on; nothing where it is unknown."""
        match = _CREDENTIAL.fullmatch(credential)
        if match is None:
            return
        mine = WidgetSession.id == match[1], WidgetSession.secret_hash == self._hash(match[2])
        async with self._database.read(Crossing.CREDENTIALS) as session:
            tenant_id = await session.scalar(select(WidgetSession.tenant_id).where(*mine))
        if tenant_id is not None:
            async with self._database.write(tenant_id) as session:
                await session.execute(delete(WidgetSession).where(*mine))

    async def admit(self, visitor: Visitor, permission: Permission, *, address: str) -> None:
        """Count what a visitor does. Raises `RateLimitedError`."""
        who, session_id = visitor.principal, visitor.session_id
        if permission is Permission.ASK:
            await self._limits.question(
                who.tenant_id, visitor.widget_id, session_id=session_id, visitor=who.id, address=address
            )
        else:
            await self._limits.message(who.tenant_id, session_id)

    async def _opened(self, widget: Widget, knock: Knock, subject: str | None) -> Visit:
        session_id, secret = new_id(), secrets.token_urlsafe(32)
        who = ("sub", subject) if subject is not None else ("browser", knock.visitor)
        visitor = pseudonym(self._keyring, widget.id, *who)
        ends = now() + timedelta(minutes=self._settings.session_minutes)
        async with self._database.write(widget.tenant_id) as session:
            for table in (WidgetSession, WidgetCount, WidgetStream):
                await session.execute(delete(table).where(table.expires_at < now()))
            session.add(
                WidgetSession(
                    id=session_id,
                    tenant_id=widget.tenant_id,
                    widget_id=widget.id,
                    origin=knock.origin,
                    visitor=visitor,
                    identified=subject is not None,
                    secret_hash=self._hash(secret),
                    expires_at=ends,
                )
            )
        audience = Audience.PUBLIC if subject is None else widget.audience
        seconds = int((ends - now()).total_seconds())
        return Visit(f"{PREFIX}{session_id}.{secret}", seconds, visitor, subject is not None, audience)

    def _require_ticket(self, knock: Knock) -> None:
        match = _TICKET.fullmatch(knock.ticket)
        ends, seal = match.groups() if match else ("0", "")
        good = hmac.compare_digest(seal, self._sealed(knock.widget_id, ends))
        if not good or datetime.fromtimestamp(int(ends), UTC) < now():
            raise ForbiddenError("this panel is out of date; load it anew", code="stale_panel")

    def _sealed(self, widget_id: str, ends: str) -> str:
        return self._keyring.digest("widget-tickets", f"{widget_id}\n{ends}")

    def _hash(self, secret: str) -> str:
        return self._keyring.digest("widget-sessions", secret)


def pseudonym(keyring: Keyring, widget_id: str, kind: str, value: str) -> str:
    """What a visitor is called: by `sub`, the id that a portal signed, or by `browser`, the random text that one keeps."""
    return "w-" + keyring.digest("widget-visitors", "\n".join((widget_id, kind, value)))[:40]


def require_consent(principal: Principal, *, given: bool) -> None:
    """Of a widget's visitor, before anything is handed over. Raises `InvalidRequestError` (`consent_required`)."""
    if principal.channel == CHANNEL and not given:
        raise InvalidRequestError(
            "a visitor must agree that a person reads the conversation: send consent as true", code="consent_required"
        )


def _require_panel(sender: str | None, widget: Widget, own_origin: str) -> None:
    """Programs name no origin; a browser's page must be the panel's own."""
    if sender is not None and sender not in widget.served_by(own_origin):
        raise ForbiddenError("only the widget's own panel may call this", code="foreign_origin")


def _unknown() -> UnauthenticatedError:
    return UnauthenticatedError("this session has ended; open a new one", code="session_ended")
