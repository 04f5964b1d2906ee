"""The identity provider: its discovery document and keys, the exchange of a code, and the ID token, of which nothing is believed
before its signature, algorithm, issuer, audience, nonce and times are what they must be (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from httpx2 import HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.people.refusal import Attempt, RefusedError
from core.errors import UnavailableError
from core.settings import LOOPBACK, OIDCSettings

log = structlog.get_logger()

_DISCOVERY = "/.well-known/openid-configuration"
_KEYS_KEPT_S = 3600.0
_KEYS_PAUSE_S = 10.0
"""An unknown key id is looked for anew no more often: a forged one must not make us ask for each request."""
_LONGEST_BYTES = 1_000_000
_LONGEST_TOKEN = 32_000
_OLDEST_S = 600


class Provider:
    """One issuer, as one client of it."""

    def __init__(self, settings: OIDCSettings) -> None:
        self.issuer = settings.issuer or ""
        self._settings = settings
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    async def authorization_url(self, attempt: Attempt) -> str:
        """Where to send the browser. Raises `UnavailableError` (`provider_unavailable`)."""
        async with self._client(attempt.redirect_uri) as client:
            await self._discover(client)
            url, _ = client.create_authorization_url(
                self._metadata["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(url)

    async def claims(self, attempt: Attempt, code: str) -> dict[str, Any]:
        """Of the ID token that the code is exchanged for. Raises `RefusedError`, and `UnavailableError`
        (`provider_unavailable`)."""
        async with self._client(attempt.redirect_uri) as client:
            await self._discover(client)
            given = await self._exchanged(client, attempt, code)
            token = given.get("id_token")
            if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
                raise RefusedError("no ID token")
            return await self._believed(client, token, attempt, str(given.get("access_token", "")))

    def _client(self, redirect_uri: str) -> AsyncOAuth2Client:
        secret = self._settings.client_secret
        return AsyncOAuth2Client(
            self._settings.client_id,
            secret.get_secret_value() if secret else None,
            scope=self._settings.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=self._settings.request_s,
            trust_env=False,
            follow_redirects=False,
        )

    async def _exchanged(self, client: AsyncOAuth2Client, attempt: Attempt, code: str) -> Mapping[str, Any]:
        try:
            given: Mapping[str, Any] = await client.fetch_token(
                self._metadata["token_endpoint"], code=code, code_verifier=attempt.verifier
            )
        except AuthlibBaseError as error:
            raise RefusedError(f"the provider refused the code ({error.error})") from None
        except (HTTPError, ValueError) as error:
            raise _away(type(error).__name__) from None
        return given

    async def _believed(
        self, client: AsyncOAuth2Client, token: str, attempt: Attempt, access_token: str
    ) -> dict[str, Any]:
        settings = self._settings
        try:
            decoded = await self._verified(client, token)
            options = {"iss": {"essential": True, "value": self.issuer}, "sub": {"essential": True}}
            params = {"nonce": attempt.nonce, "client_id": settings.client_id, "access_token": access_token}
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(leeway=settings.leeway_s)
        except (JoseError, ValueError) as error:
            raise RefusedError(f"the ID token is not believed ({type(error).__name__}: {error})") from None
        if claims["aud"] not in (settings.client_id, [settings.client_id]):
            raise RefusedError("the ID token is for somebody else, or not for us alone")
        if claims["iat"] < time.time() - _OLDEST_S - settings.leeway_s:
            raise RefusedError("the ID token is old")
        return dict(claims)

    async def _verified(self, client: AsyncOAuth2Client, token: str) -> jwt.Token:
        """By the pinned algorithm alone. A key that is not known may be the provider's new one."""
        algorithms = [self._settings.algorithm.value]
        try:
            return jwt.decode(token, await self._key_set(client, fresh=False), algorithms)
        except (JoseError, ValueError):
            if time.monotonic() - self._keys_at < _KEYS_PAUSE_S:
                raise
            return jwt.decode(token, await self._key_set(client, fresh=True), algorithms)

    async def _key_set(self, client: AsyncOAuth2Client, *, fresh: bool) -> KeySet:
        if fresh or self._keys is None or time.monotonic() - self._keys_at > _KEYS_KEPT_S:
            stated = await self._fetched(client, self._metadata["jwks_uri"])
            try:
                self._keys = KeySet.import_key_set(stated)  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError):
                raise _away("no keys") from None
            self._keys_at = time.monotonic()
        return self._keys

    async def _discover(self, client: AsyncOAuth2Client) -> None:
        if self._metadata:
            return
        stated = await self._fetched(client, self.issuer.rstrip("/") + _DISCOVERY)
        if stated.get("issuer") != self.issuer:
            raise _away("its discovery document names another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not _over_tls(stated.get(name)):
                raise _away(f"its {name} is missing, or not over TLS")
        self._metadata = stated

    async def _fetched(self, client: AsyncOAuth2Client, url: str) -> dict[str, Any]:
        try:
            response = await client.request("GET", url, withhold_token=True)
            found = response.json() if len(response.content) <= _LONGEST_BYTES else None
        except (HTTPError, ValueError) as error:
            raise _away(type(error).__name__) from None
        if response.status_code != 200 or not isinstance(found, dict):
            raise _away(f"status {response.status_code}")
        return found


def _over_tls(url: object) -> bool:
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _away(why: str) -> UnavailableError:
    log.warning("provider_unavailable", reason=why)
    return UnavailableError("the identity provider cannot be used just now; try again", code="provider_unavailable")
