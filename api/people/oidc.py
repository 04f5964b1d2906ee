"""Signing in by an identity provider: the code flow with PKCE, and whose account the answer opens.

What one browser was sent away with lies sealed in a cookie of its own until it comes back; the state opens one sign-in. The tenant
is the invited account's, or the one that the operator wrote beside a group: nothing in a token names it.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from api.people.accounts import Accounts
from api.people.membership import Membership, Vouched
from api.people.refusal import Attempt, RefusedError, refused
from api.people.sessions import Method, Sessions
from api.people.sign_in import Visitor
from core.crossings import NO_TENANT
from core.database import Database
from core.errors import ConfigurationError, InvalidRequestError, RateLimitedError
from core.keyring import Keyring
from core.models import UsedSignIn, now
from core.settings import OIDCSettings
from core.tenancy import Tenants

if TYPE_CHECKING:
    from api.people.oidc_provider import Provider

_PLACE = re.compile(r"/(?![/\\])[A-Za-z0-9_\-./?&=%#]{0,200}")
_SEAL = "oidc/attempt"
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Departure:
    """`url` is the provider's, `sealed` what the browser keeps in a cookie until it is back."""

    url: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider sent the browser back with: its query, and the cookie."""

    sealed: str
    state: str
    code: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """`credential` is the new session's; `place` where the person wanted to go."""

    credential: str
    place: str


class OIDCDesk:
    """The door for people for whom the identity provider vouches; shut where none is set up."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        provider: Provider | None,
        membership: Membership,
        sessions: Sessions,
        settings: OIDCSettings,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._provider = provider
        self._membership = membership
        self._sessions = sessions
        self._settings = settings
        self._starts = MovingWindowRateLimiter(MemoryStorage())
        self.seconds = int(settings.minutes * 60)

    @classmethod
    def over(
        cls,
        database: Database,
        keyring: Keyring,
        settings: OIDCSettings,
        *,
        accounts: Accounts,
        sessions: Sessions,
        tenants: Tenants,
    ) -> OIDCDesk:
        membership = Membership(accounts, tenants, keyring, settings.groups)
        if settings.issuer is None:
            return cls(database, keyring, None, membership, sessions, settings)
        from api.people.oidc_provider import Provider

        return cls(database, keyring, Provider(settings), membership, sessions, settings)

    @property
    def label(self) -> str | None:
        """After 'Sign in with'; None where no provider is set up."""
        return self._settings.label if self._provider else None

    async def depart(self, *, own: str, place: str, address: str) -> Departure:
        """Raises `ConfigurationError` (`no_provider`), `RateLimitedError`, `UnavailableError` (`provider_unavailable`)."""
        provider = self._require_provider()
        most = RateLimitItemPerMinute(self._settings.starts_per_address)
        if not self._starts.hit(most, address):
            raise RateLimitedError(
                f"more than {most.amount} a minute; wait a moment (COPILOT_OIDC__STARTS_PER_ADDRESS)"
            )
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        attempt = Attempt(state, nonce, verifier, redirect_uri=f"{own}/oidc/callback")
        ends = int((now() + timedelta(seconds=self.seconds)).timestamp())
        kept = {**asdict(attempt), "place": safe_place(place), "ends": ends}
        return Departure(await provider.authorization_url(attempt), self._seal(kept))

    async def arrive(self, answer: Answer, visitor: Visitor) -> Arrival:
        """Raises `UnauthenticatedError` (`sign_in_refused`, `not_invited`), which says no more, and `UnavailableError`."""
        provider = self._require_provider()
        try:
            kept = self._opened(answer.sealed)
            _require_ours(kept, answer, issuer=provider.issuer)
            await self._use_up(answer.state)
            attempt = Attempt(*(kept[name] for name in ("state", "nonce", "verifier", "redirect_uri")))
            claims = await provider.claims(attempt, answer.code)
            account = await self._membership.of(_vouched(claims, self._settings.group_claim))
        except RefusedError as error:
            raise refused(error) from None
        credential = await self._sessions.open(
            account, method=Method.OIDC, browser=visitor.browser, replaces=visitor.replaces
        )
        return Arrival(credential, kept["place"])

    def _require_provider(self) -> Provider:
        if self._provider is None:
            raise ConfigurationError(
                "no identity provider is set up (COPILOT_OIDC__ISSUER)", code="no_provider", status=404
            )
        return self._provider

    async def _use_up(self, state: str) -> None:
        ends = now() + timedelta(seconds=self.seconds)
        used = UsedSignIn(state_hash=self._keyring.digest("oidc/state", state), expires_at=ends)
        try:
            async with self._database.write(NO_TENANT) as session:
                await session.execute(delete(UsedSignIn).where(UsedSignIn.expires_at < now()))
                session.add(used)
        except IntegrityError:
            raise RefusedError("this state was used before") from None

    def _seal(self, kept: dict[str, Any]) -> str:
        sealed = self._keyring.encrypt(json.dumps(kept).encode(), context=_SEAL)
        return base64.urlsafe_b64encode(sealed).decode()

    def _opened(self, sealed: str) -> dict[str, Any]:
        try:
            found = base64.b64decode(sealed[:_LONGEST].encode(), altchars=b"-_", validate=True)
            kept: dict[str, Any] = json.loads(self._keyring.decrypt(found, context=_SEAL))
        except (ValueError, ConfigurationError):
            raise RefusedError("no attempt of this browser") from None
        return kept


def _require_ours(kept: dict[str, Any], answer: Answer, *, issuer: str) -> None:
    if not hmac.compare_digest(kept["state"].encode(), answer.state.encode()):
        raise RefusedError("the state is not this browser's")
    if kept["ends"] < now().timestamp():
        raise RefusedError("the provider's answer came too late")
    if answer.issuer not in (None, issuer):
        raise RefusedError("the answer is another issuer's")  # RFC 9207
    if not answer.code:
        raise RefusedError("the provider did not sign anybody in")


def safe_place(place: str) -> str:
    """A path of this service, and of no other. Raises `InvalidRequestError` (`invalid_place`)."""
    if not _PLACE.fullmatch(place):
        raise InvalidRequestError(
            "after signing in one goes to a path of this service, such as /review", code="invalid_place"
        )
    return place


def _vouched(claims: dict[str, Any], group_claim: str) -> Vouched:
    """Raises `RefusedError` where the provider does not say that the address is the person's."""
    if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
        raise RefusedError("the address is not verified")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise RefusedError("no subject")
    said = claims.get(group_claim, [])
    groups = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    name = claims.get("name")
    return Vouched(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=claims["email"],
        name=name[:200] if isinstance(name, str) else "",
        groups=frozenset(group for group in groups if isinstance(group, str)),
    )
