"""Slack's payloads, read into jobs. The only module that knows how they are laid out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import NAMESPACE_OID, uuid5

from bots.slack.jobs import JobKind, SlackJob

_CONTROL = re.compile(r"<([^<>]*)>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_PLAIN = {"amp": "&", "lt": "<", "gt": ">"}
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNNAMED = {"@": "@someone", "#": "#a-channel"}


def question(body: Mapping[str, object], *, team_id: str, enterprise_id: str | None) -> SlackJob | None:
    """The job of an `app_mention` or a direct message; None for what is none: edits, joins, files alone, other bots."""
    event = _mapping(body.get("event"))
    channel, user, ts = (_text(event.get(name)) for name in ("channel", "user", "ts"))
    from_bot = event.get("bot_id") or event.get("bot_profile")
    if from_bot or event.get("subtype") or not (channel and user and ts) or user == bot_user(body):
        return None
    if event.get("type") == "message" and event.get("channel_type") != "im":
        return None
    outside = _is_outside(body, event, {team_id, enterprise_id})
    return SlackJob(
        kind=JobKind.OUTSIDE if outside else JobKind.QUESTION,
        team_id=team_id,
        enterprise_id=enterprise_id,
        channel=channel,
        thread_ts=_text(event.get("thread_ts")) or ts,
        user=user,
        text="" if outside else plain(_text(event.get("text")), bot=bot_user(body)),
    )


def handover(body: Mapping[str, object], answer_id: str, *, team_id: str, enterprise_id: str | None) -> SlackJob:
    """The job of a click on "hand over to a person"."""
    return SlackJob(
        kind=JobKind.HANDOVER,
        team_id=team_id,
        enterprise_id=enterprise_id,
        channel=channel_of(body),
        thread_ts=thread_of(body),
        user=user_of(body),
        text=answer_id,
    )


def handover_id(tenant_id: str, answer_id: str) -> str:
    """One id for every click on the same answer's button, so that two people open one case."""
    return f"handover-{uuid5(NAMESPACE_OID, f'{tenant_id}/{answer_id}')}"


def event_id(body: Mapping[str, object]) -> str:
    return _text(body.get("event_id"))


def bot_user(body: Mapping[str, object]) -> str | None:
    """The bot's own user id in the workspace that the event is delivered for."""
    authorizations = body.get("authorizations")
    first = _mapping(authorizations[0]) if isinstance(authorizations, list) and authorizations else {}
    return _text(first.get("user_id")) or None


def user_of(body: Mapping[str, object]) -> str:
    return _text(_mapping(body.get("user")).get("id"))


def channel_of(body: Mapping[str, object]) -> str:
    return _text(_mapping(body.get("channel")).get("id"))


def thread_of(body: Mapping[str, object]) -> str:
    """The thread of the message whose button was clicked."""
    message = _mapping(body.get("message"))
    return _text(message.get("thread_ts")) or _text(message.get("ts"))


def clicked(body: Mapping[str, object]) -> str:
    """The value of the clicked button."""
    actions = body.get("actions")
    return _text(_mapping(actions[0]).get("value")) if isinstance(actions, list) and actions else ""


def is_reference(value: str) -> bool:
    """Whether a button's value can be an answer's id."""
    return _REFERENCE.fullmatch(value) is not None


def plain(text: str, *, bot: str | None) -> str:
    """A message's text as its author saw it: mentions, links and entities of Slack's mrkdwn undone, the bot's own name
    removed (docs.slack.dev/messaging/formatting-message-text)."""
    shown = _CONTROL.sub(lambda match: _shown(match[1], bot), text)
    return _ENTITY.sub(lambda match: _PLAIN[match[1]], shown).strip()


def _shown(control: str, bot: str | None) -> str:
    target, _, label = control.partition("|")
    if target[:1] in ("@", "#", "!"):
        return _mention(target, label, bot)
    if target.startswith(("mailto:", "tel:")):
        return label or target.partition(":")[2]
    return target if not label or label in target else f"{label} ({target})"


def _mention(target: str, label: str, bot: str | None) -> str:
    sign, name = target[0], target[1:]
    if sign == "@" and bot is not None and name == bot:
        return ""
    if sign == "!":
        return label or ("@" + name if name in ("here", "channel", "everyone") else "")
    return f"{sign}{label.lstrip(sign)}" if label else _UNNAMED[sign]


def _is_outside(body: Mapping[str, object], event: Mapping[str, object], home: set[str | None]) -> bool:
    """Slack Connect: the channel is shared with, or the author belongs to, another organisation."""
    teams = (_text(event.get(name)) for name in ("user_team", "source_team", "team"))
    return body.get("is_ext_shared_channel") is True or any(team and team not in home for team in teams)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
