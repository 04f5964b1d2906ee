"""A channel's settings as the modal sends them."""

from __future__ import annotations

from collections.abc import Mapping

from bots.slack import incoming
from bots.slack.channels import ChannelSettings, Mode
from core.domain import Audience
from core.errors import InvalidRequestError


def settings_of(body: Mapping[str, object]) -> ChannelSettings:
    """Raises `InvalidRequestError` (`invalid_channel`) for a confidence that is no number, a mode that is none."""

    def text(name: str) -> str:
        value = incoming.entered(body, name)
        return value.strip() if isinstance(value, str) else ""

    def several(name: str) -> tuple[str, ...]:
        value = incoming.entered(body, name)
        return tuple(value) if isinstance(value, list) else ()

    flags = several("flags")
    audience = text("audience")
    try:
        return ChannelSettings(
            mode=Mode(text("mode")),
            questions_only="questions_only" in flags,
            min_confidence=float(text("min_confidence").replace(",", ".")),
            cite_or_silent="cite_or_silent" in flags,
            corpora=tuple(line.strip() for line in text("corpora").splitlines() if line.strip()),
            audience=None if audience in ("", "all") else Audience(audience),
            ephemeral="ephemeral" in flags,
            quiet_from=text("quiet_from") or None,
            quiet_to=text("quiet_to") or None,
            timezone=text("timezone") or "UTC",
            askers=several("askers"),
            language=text("language") or "en",
        )
    except ValueError:
        raise InvalidRequestError("the least confidence is a number such as 0.5", code="invalid_channel") from None
