"""Installation into many workspaces (OAuth 2, docs.slack.dev/authentication/installing-with-oauth).

The one-time code travels in the sealed `state`, which is bound to the browser by a cookie: nobody can make somebody else's
browser finish an installation that they began.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from bots.slack.codes import Codes
from bots.slack.scopes import SCOPES
from bots.slack.web import Web
from core.errors import ConfigurationError, ForbiddenError, NotFoundError
from core.keyring import Keyring
from core.models import now
from core.settings import SlackSettings

STATE_S = 600
_CONTEXT = "slack/oauth-state"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it must bring back as a cookie."""

    url: str
    nonce: str


class Installer:
    def __init__(self, codes: Codes, keyring: Keyring, web: Web, settings: SlackSettings) -> None:
        self._codes = codes
        self._keyring = keyring
        self._web = web
        self._settings = settings

    async def begin(self, code: str, *, redirect_uri: str) -> Begun:
        """Raises `NotFoundError` for a code that binds nothing, and where no app's client id is set."""
        client_id, _ = self._client()
        await self._codes.check(code)
        nonce = secrets.token_urlsafe(24)
        expires = int((now() + timedelta(seconds=STATE_S)).timestamp())
        sealed = self._keyring.encrypt(json.dumps([code, nonce, expires]).encode(), context=_CONTEXT)
        state = base64.urlsafe_b64encode(sealed).decode()
        query = {"client_id": client_id, "scope": ",".join(SCOPES), "state": state, "redirect_uri": redirect_uri}
        return Begun(f"{self._settings.authorize_url}?{urlencode(query)}", nonce)

    async def finish(self, *, state: str, nonce: str, given: str, redirect_uri: str) -> str:
        """Bind the workspace that Slack names; returns its id. Raises `ForbiddenError` (`foreign_state`), `SlackError`."""
        client_id, client_secret = self._client()
        code = self._opened(state, nonce)
        answer = await self._web.exchange(
            client_id=client_id, client_secret=client_secret, code=given, redirect_uri=redirect_uri
        )
        enterprise_id, team_id = _id(answer.get("enterprise")), _id(answer.get("team"))
        place, token = (enterprise_id if answer.get("is_enterprise_install") else team_id), answer.get("access_token")
        if not place or not isinstance(token, str) or not token.startswith("xoxb-"):
            raise ForbiddenError("Slack named no workspace and no bot token", code="foreign_state")
        await self._codes.bind(code, team_id=place, enterprise_id=enterprise_id, bot_token=token)
        return place

    def _client(self) -> tuple[str, str]:
        given = self._settings
        if given.client_id is None or given.client_secret is None or given.signing_secret is None:
            raise NotFoundError(
                "installation is not configured; set COPILOT_SLACK__CLIENT_ID, __CLIENT_SECRET and __SIGNING_SECRET"
            )
        return given.client_id, given.client_secret.get_secret_value()

    def _opened(self, state: str, nonce: str) -> str:
        refused = ForbiddenError("this installation was begun elsewhere or too long ago", code="foreign_state")
        try:
            sealed = base64.urlsafe_b64decode(state.encode())
            code, own, expires = json.loads(self._keyring.decrypt(sealed, context=_CONTEXT))
        except (ValueError, ConfigurationError):
            raise refused from None
        if not hmac.compare_digest(str(own), nonce) or now().timestamp() > expires:
            raise refused
        return str(code)


def _id(value: object) -> str | None:
    found = value.get("id") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) and found else None
