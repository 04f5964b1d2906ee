"""How the copilot behaves in each channel: set by a knowledge admin, stored for each tenant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select

from answers.types import Answer
from bots.slack.words import LANGUAGES
from core.audit import record
from core.auth import require
from core.database import Database
from core.domain import Audience, Filters, Outcome, Permission, Principal
from core.errors import InvalidRequestError
from core.models import Json, SlackChannel, now

MAX_ASKERS = 100
MAX_CORPORA = 50
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_USER = re.compile(r"[UW][A-Z0-9]{2,30}")
_ASKS = re.compile(
    r"\?|^\W*(how|what|why|when|where|which|who|can|could|does|do|is|are|should|wie|was|warum|wann|wo|welche\w*|wer|kann|gibt|"
    r"comment|pourquoi|quand|quel\w*|est-ce|cómo|como|qué|por qué|cuándo|dónde|quem|quando)\b",
    re.IGNORECASE,
)


class Mode(StrEnum):
    TAG_ONLY = "tag_only"
    """Answers who mentions it, and their follow-ups in the thread."""
    AUTO = "auto"
    """Also answers new messages by itself, where it can do so well enough."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """`audience` and `corpora` only narrow what the asker may see. `askers` empty: everybody in the channel. Quiet hours concern
    answers that nobody asked the copilot for."""

    mode: Mode = Mode.TAG_ONLY
    questions_only: bool = True
    min_confidence: float = 0.5
    cite_or_silent: bool = True
    corpora: tuple[str, ...] = ()
    audience: Audience | None = None
    ephemeral: bool = False
    quiet_from: str | None = None
    quiet_to: str | None = None
    timezone: str = "UTC"
    askers: tuple[str, ...] = ()
    language: str = "en"

    def lets_ask(self, user: str) -> bool:
        return not self.askers or user in self.askers

    def hears(self, text: str, at: datetime) -> bool:
        """Whether a message that nobody addressed to the copilot is looked at."""
        asks = not self.questions_only or _ASKS.search(text) is not None
        return self.mode is Mode.AUTO and asks and not self.is_quiet(at)

    def speaks(self, answer: Answer) -> bool:
        """Whether an answer that nobody asked the copilot for is good enough to be shown."""
        cited = bool(answer.citations) or not self.cite_or_silent
        return answer.outcome is Outcome.ANSWERED and cited and answer.confidence >= self.min_confidence

    def is_quiet(self, at: datetime) -> bool:
        """From `quiet_from` to before `quiet_to`, over midnight where the end comes first."""
        if self.quiet_from is None or self.quiet_to is None:
            return False
        local = at.astimezone(ZoneInfo(self.timezone)).time()
        begin, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        return begin <= local < end if begin <= end else local >= begin or local < end

    def narrowed(self, audience: Audience) -> Audience:
        """The smaller of an asker's audience and the channel's."""
        return self.audience if self.audience is not None and self.audience in audience.readable() else audience

    def filters(self) -> Filters:
        return Filters(corpora=self.corpora)


DEFAULT = ChannelSettings()


class Channels:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, tenant_id: str, team_id: str, channel: str) -> ChannelSettings:
        """The defaults where nobody set anything, or another tenant did: a remapped workspace begins anew."""
        query = select(SlackChannel).where(SlackChannel.team_id == team_id, SlackChannel.channel == channel)
        async with self._database.read(tenant_id) as session:
            row = await session.scalar(query.where(SlackChannel.tenant_id == tenant_id))
        return read(row.settings) if row else DEFAULT

    async def change(self, principal: Principal, team_id: str, channel: str, settings: ChannelSettings) -> None:
        """Raises `ForbiddenError` unless the principal may say what the tenant runs, `InvalidRequestError` (`invalid_channel`)."""
        require(principal, Permission.TENANT_WRITE)
        check(settings)
        async with self._database.write(principal.tenant_id) as session:
            row = await session.get(SlackChannel, (team_id, channel))
            if row is None:
                row = SlackChannel(team_id=team_id, channel=channel)
                session.add(row)
            row.tenant_id, row.settings = principal.tenant_id, _stored(settings)
            row.changed_by, row.changed_at = principal.id, now()
            record(
                session,
                principal.tenant_id,
                actor=principal.id,
                action="slack.channel",
                target=f"{team_id}/{channel}",
                **{name: value for name, value in row.settings.items() if name != "askers"},
                askers=len(settings.askers),
            )


def check(settings: ChannelSettings) -> None:
    """Raises `InvalidRequestError` (`invalid_channel`), naming what does not fit."""
    clocks = (settings.quiet_from, settings.quiet_to)
    problems = {
        "the least confidence is between 0 and 1": not 0 <= settings.min_confidence <= 1,
        "quiet hours have a beginning and an end, as 18:00": any(clocks)
        and not all(clock and _CLOCK.fullmatch(clock) for clock in clocks),
        f"'{settings.timezone[:60]}' is no time zone, such as Europe/Berlin": settings.timezone
        not in available_timezones(),
        f"at most {MAX_ASKERS} people, as Slack names them": len(settings.askers) > MAX_ASKERS
        or not all(map(_USER.fullmatch, settings.askers)),
        f"at most {MAX_CORPORA} corpora, each with at most 100 characters": len(settings.corpora) > MAX_CORPORA
        or any(not 0 < len(name) <= 100 for name in settings.corpora),
        f"the language is one of {', '.join(LANGUAGES)}": settings.language not in LANGUAGES,
    }
    for problem, holds in problems.items():
        if holds:
            raise InvalidRequestError(problem, code="invalid_channel")


def _stored(settings: ChannelSettings) -> Json:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(settings).items()}


def read(stored: Mapping[str, object]) -> ChannelSettings:
    """Of stored JSON. A field that is not known any more is passed over, an absent one has its default."""
    values = {field.name: stored[field.name] for field in fields(ChannelSettings) if field.name in stored}
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    audience = values.get("audience")
    typed = {
        "mode": Mode(str(values.get("mode", Mode.TAG_ONLY))),
        "audience": Audience(str(audience)) if audience else None,
    }
    return ChannelSettings(**{**values, **lists, **typed})  # type: ignore[arg-type]
