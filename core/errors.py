"""Errors that a caller may see: each has an HTTP status, a stable code, and a sentence that names the remedy.

Never put a secret or a partner's text into a message: messages are logged and returned.
"""

from collections.abc import Mapping


class CopilotError(Exception):
    """A fault with a stable `code`; rendered as problem+json by the API and as one line by the CLI."""

    status = 500
    code = "internal_error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        """`members` are further members of the problem (RFC 9457, 3.2), as JSON values."""
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.status = status or self.status
        self.members = members or {}


class InvalidRequestError(CopilotError):
    """What the caller sent cannot be used; the same request will fail again."""

    status = 422
    code = "invalid_request"


class UnauthenticatedError(CopilotError):
    """No usable credential. One message for unknown, revoked and malformed keys, so that none can be told from another."""

    status = 401
    code = "unauthenticated"


class ForbiddenError(CopilotError):
    """A known principal lacks the permission."""

    status = 403
    code = "forbidden"


class NotFoundError(CopilotError):
    """Unknown, or another tenant's: the two look the same."""

    status = 404
    code = "not_found"


class ConflictError(CopilotError):
    """Another operation holds what this one needs."""

    status = 409
    code = "conflict"


class TooLargeError(CopilotError):
    """Over a configured limit; the message names the setting."""

    status = 413
    code = "too_large"


class RateLimitedError(CopilotError):
    """A quota is used up for now."""

    status = 429
    code = "rate_limited"


class UnavailableError(CopilotError):
    """A part of the service is down; the same request may work later."""

    status = 503
    code = "unavailable"


class ConfigurationError(CopilotError):
    """A setting is unknown or cannot be used; the message names its path."""

    code = "configuration"


class StorageFullError(CopilotError):
    """The disk is full; nothing was half-written."""

    status = 507
    code = "storage_full"


class DocumentError(CopilotError):
    """One file cannot be ingested; `code` is the reason shown in its status (`unsupported_type`, `encrypted`, …)."""

    status = 422
    code = "unreadable_document"


class LLMError(CopilotError):
    """The language model failed. `transient` faults may be retried."""

    status = 502
    code = "llm_failed"

    def __init__(self, detail: str, *, transient: bool) -> None:
        super().__init__(detail)
        self.transient = transient
