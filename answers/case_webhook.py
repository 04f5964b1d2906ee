"""Cases as signed webhooks (Standard Webhooks 1.0: github.com/standard-webhooks/standard-webhooks).

The signature is HMAC-SHA256 over ``id.timestamp.body``, base64; receivers refuse an old timestamp and an id that they know. A 2xx
answer is the acknowledgement; all else is tried again.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

import httpx

from answers.case_notices import Letter, letter_json
from core.errors import InvalidRequestError, UnavailableError
from core.models import now
from core.settings import CaseSettings

Vet = Callable[[str, int | None], Awaitable[Sequence[str]]]
"""Host and port → the addresses that may be connected to. Raises `CopilotError` for a host that is not public and not listed."""


class WebhookCourier:
    """Connects to the very address that was vetted, so that DNS cannot lead it into the operator's network afterwards."""

    def __init__(self, settings: CaseSettings, vet: Vet, *, plain_hosts: Sequence[str] = ()) -> None:
        """`plain_hosts` (``host`` or ``host:port``) may be called without TLS."""
        self._timeout = settings.webhook_timeout_s
        self._vet = vet
        self._plain = {host.lower() for host in plain_hosts}

    async def deliver(self, letter: Letter) -> str | None:
        body = json.dumps(letter_json(letter), ensure_ascii=False).encode()
        stamp = str(int(now().timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(letter.secret or b"", letter.id, stamp, body),
        }
        status = await self._post(letter.target, body, headers)
        if not 200 <= status < 300:
            raise UnavailableError(f"the webhook answered {status}", code="webhook_refused")
        return None

    async def _post(self, target: str, body: bytes, headers: dict[str, str]) -> int:
        """The status. What else is answered is not read, however long it is."""
        parts = urlsplit(target)
        host = parts.hostname or ""
        if parts.scheme != "https" and not {host, f"{host}:{parts.port}"} & self._plain:
            raise InvalidRequestError("webhooks are called over https", code="webhook_not_https")
        [address, *_] = await self._vet(host, parts.port)
        literal = f"[{address}]" if ":" in address else address
        place = f"{literal}:{parts.port}" if parts.port else literal
        pinned = urlunsplit((parts.scheme, place, parts.path or "/", parts.query, ""))
        told = headers | {"host": parts.netloc}
        try:
            async with (
                httpx.AsyncClient(timeout=self._timeout, trust_env=False, follow_redirects=False) as http,
                http.stream("POST", pinned, content=body, headers=told, extensions={"sni_hostname": host}) as response,
            ):
                return response.status_code
        except httpx.HTTPError as fault:
            raise UnavailableError(
                f"the webhook did not answer ({type(fault).__name__})", code="webhook_failed"
            ) from None


def signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """``v1,<base64>``."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, sha256).digest()).decode()
