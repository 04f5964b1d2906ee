"""Whether a request is Slack's own and fresh, read before anything in it is parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from slack_sdk.signature import SignatureVerifier

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def is_signed(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """HMAC-SHA256 over timestamp and body, at most five minutes old
    (docs.slack.dev/authentication/verifying-requests-from-slack).

    The headers' shape is checked first, since the SDK raises on what is no number or no ASCII, and Bolt parses a body
    before it verifies it. Without a secret nothing is Slack's.
    """
    timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not secret or not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        return False
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    valid: bool = SignatureVerifier(secret).is_valid(text, timestamp, signature)
    return valid
