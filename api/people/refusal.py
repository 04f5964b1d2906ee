"""A sign-in by the identity provider that is under way, and one that was not believed."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from core.errors import UnauthenticatedError

log = structlog.get_logger()


class RefusedError(Exception):
    """Why a sign-in was not believed: for the log, never for whoever tried."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one browser was sent to the provider with."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


def refused(error: RefusedError) -> UnauthenticatedError:
    """One answer to whoever tried; the reason is the operator's to read."""
    log.warning("sign_in_refused", reason=str(error))
    return UnauthenticatedError(
        "the identity provider's answer was not accepted; sign in again", code="sign_in_refused"
    )
