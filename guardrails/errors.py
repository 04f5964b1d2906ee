"""The one fault of this package. It lives apart so that every guard can raise it and `guards` can import every guard."""

from __future__ import annotations

from core.errors import CopilotError


class GuardError(CopilotError):
    """A guard could not do its work, so nothing may pass. Never carries the guarded text."""

    status = 503
    code = "guard_failed"
