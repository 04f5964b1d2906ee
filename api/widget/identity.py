"""Who a visitor is, as the partner's own backend signs it: JWTs (RFC 7519) under keys that were registered for one widget.

Which algorithm a key verifies is stored with it; what a token's header says decides nothing (RFC 8725, 3.1). Tenant and audience
come from the widget, never from a claim.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError

from api.widget.registry import Widget
from core.audit import record
from core.database import Database, WriteSession
from core.domain import Principal
from core.errors import InvalidRequestError, NotFoundError, UnauthenticatedError
from core.keyring import Keyring
from core.models import WidgetKey, WidgetToken, new_id, now
from core.settings import WidgetSettings

log = structlog.get_logger()

_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "jti"]
_LONGEST_CLAIM = 200


class Algorithm(StrEnum):
    HS256 = "HS256"
    EDDSA = "EdDSA"


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """`kid` goes into each token's header. `secret` is there once, when an HS256 key is made: show it, keep it nowhere."""

    kid: str
    algorithm: Algorithm
    issuer: str
    created_at: datetime
    retires_at: datetime | None
    secret: str | None = None


class _RefusedError(Exception):
    """Why, for the log."""


class Identities:
    """Keys of widgets, and the tokens that were signed with them."""

    def __init__(self, database: Database, keyring: Keyring, settings: WidgetSettings) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings

    async def rotate(
        self, principal: Principal, widget: Widget, *, algorithm: Algorithm, issuer: str, public_key: str | None = None
    ) -> IdentityKey:
        """A new key; those before it end after COPILOT_WIDGET__ROTATION_HOURS.

        Raises `InvalidRequestError` (`invalid_key`) where EdDSA comes without an Ed25519 public key in PEM, or HS256 with any.
        """
        secret, material = _material(algorithm, public_key)
        kid = new_id()
        row = WidgetKey(
            id=kid,
            tenant_id=widget.tenant_id,
            widget_id=widget.id,
            algorithm=algorithm,
            issuer=issuer,
            material=self._keyring.encrypt(material, context=_context(widget.tenant_id, kid)),
        )
        ends = now() + timedelta(hours=self._settings.rotation_hours)
        async with self._database.write(principal.tenant_id) as session:
            for old in await session.scalars(select(WidgetKey).where(WidgetKey.widget_id == widget.id)):
                old.retires_at = min(ends, old.retires_at or ends)
            session.add(row)
            _record(session, principal, "widget.rotate_key", widget, kid)
        return _shown(row, secret)

    async def of(self, widget: Widget) -> list[IdentityKey]:
        """Those that still verify, the newest first."""
        query = select(WidgetKey).where(WidgetKey.widget_id == widget.id, _live()).order_by(WidgetKey.created_at.desc())
        async with self._database.read(widget.tenant_id) as session:
            return [_shown(row) for row in await session.scalars(query)]

    async def revoke(self, principal: Principal, widget: Widget, kid: str) -> None:
        """At once. Raises `NotFoundError` for another widget's key as for an unknown one."""
        async with self._database.write(principal.tenant_id) as session:
            row = await session.get(WidgetKey, kid)
            if row is None or row.widget_id != widget.id:
                raise NotFoundError("this widget has no such key")
            row.retires_at = now()
            _record(session, principal, "widget.revoke_key", widget, kid)

    async def subject(self, widget: Widget, token: str) -> str:
        """The `sub` of a token, which is used up by this. Raises `UnauthenticatedError` (`invalid_identity`), which never says why:
        the log does."""
        try:
            claims = await self._claims(widget, token)
            await self._use_up(widget, claims)
        except (_RefusedError, jwt.InvalidTokenError, jwt.InvalidKeyError) as error:
            log.info("widget_token_refused", widget=widget.id, reason=f"{type(error).__name__}: {str(error)[:200]}")
            raise UnauthenticatedError(
                "the identity token was not accepted; the service's log says why (event widget_token_refused)",
                code="invalid_identity",
            ) from None
        return str(claims["sub"])

    async def _claims(self, widget: Widget, token: str) -> dict[str, Any]:
        if len(token) > self._settings.max_token_chars:
            raise _RefusedError("longer than COPILOT_WIDGET__MAX_TOKEN_CHARS")
        header = jwt.get_unverified_header(token)
        if "crit" in header:  # RFC 7515, 4.1.11: what is critical and unknown must be refused
            raise _RefusedError("critical header parameters")
        row = await self._key(widget, header.get("kid"))
        claims: dict[str, Any] = jwt.decode(
            token,
            self._opened(row),
            algorithms=[row.algorithm],
            audience=widget.id,
            issuer=row.issuer,
            leeway=self._settings.leeway_s,
            options={"require": _REQUIRED, "strict_aud": True},
        )
        self._require_brief(claims)
        _require_texts(claims)
        return claims

    async def _key(self, widget: Widget, kid: object) -> WidgetKey:
        async with self._database.read(widget.tenant_id) as session:
            row = await session.scalar(
                select(WidgetKey).where(WidgetKey.id == str(kid)[:64], WidgetKey.widget_id == widget.id, _live())
            )
        if row is None:
            raise _RefusedError("no such kid")
        return row

    def _opened(self, row: WidgetKey) -> bytes | Ed25519PublicKey:
        material = self._keyring.decrypt(row.material, context=_context(row.tenant_id, row.id))
        return material if row.algorithm == Algorithm.HS256 else _public(material.decode())

    def _require_brief(self, claims: dict[str, Any]) -> None:
        if not all(isinstance(claims[name], int) and not isinstance(claims[name], bool) for name in ("iat", "exp")):
            raise _RefusedError("iat and exp are whole seconds")
        if not 0 < claims["exp"] - claims["iat"] <= self._settings.token_minutes * 60:
            raise _RefusedError("lives longer than COPILOT_WIDGET__TOKEN_MINUTES")

    async def _use_up(self, widget: Widget, claims: dict[str, Any]) -> None:
        ends = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=self._settings.leeway_s)
        used = WidgetToken(
            widget_id=widget.id,
            jti_hash=self._keyring.digest("widget-tokens", claims["jti"]),
            tenant_id=widget.tenant_id,
            expires_at=ends,
        )
        try:
            async with self._database.write(widget.tenant_id) as session:
                await session.execute(delete(WidgetToken).where(WidgetToken.expires_at < now()))
                session.add(used)
        except IntegrityError:
            raise _RefusedError("this jti was used before") from None


def _live() -> Any:
    return or_(WidgetKey.retires_at.is_(None), WidgetKey.retires_at > now())


def _require_texts(claims: dict[str, Any]) -> None:
    for name in ("sub", "jti"):
        if not isinstance(claims[name], str) or not 0 < len(claims[name].strip()) <= _LONGEST_CLAIM:
            raise _RefusedError(f"{name} is a text of 1 to {_LONGEST_CLAIM} characters")


def _material(algorithm: Algorithm, public_key: str | None) -> tuple[str | None, bytes]:
    """The secret to show, and what to keep."""
    if algorithm is Algorithm.EDDSA:
        _public(public_key or "")
        return None, (public_key or "").encode()
    if public_key is not None:
        raise InvalidRequestError("an HS256 key is made here and shown once; send no public_key", code="invalid_key")
    secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return secret, secret.encode()


def _public(pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidRequestError("EdDSA takes an Ed25519 public key in PEM", code="invalid_key")
    return key


def _shown(row: WidgetKey, secret: str | None = None) -> IdentityKey:
    return IdentityKey(row.id, Algorithm(row.algorithm), row.issuer, row.created_at, row.retires_at, secret)


def _context(tenant_id: str, kid: str) -> str:
    return f"{tenant_id}/widget_keys/{kid}"


def _record(session: WriteSession, principal: Principal, action: str, widget: Widget, kid: str) -> None:
    record(session, widget.tenant_id, actor=principal.id, action=action, target=widget.id, kid=kid)
