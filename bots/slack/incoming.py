"""Slack's payloads, read into jobs. The only module that knows how they are laid out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from uuid import NAMESPACE_OID, uuid5

from bots.slack.installs import Workspace
from bots.slack.jobs import JobKind, SlackJob

_PERSON = re.compile(r"<@[UW][A-Z0-9]+[|>]")
_CONTROL = re.compile(r"<([^<>]*)>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_PLAIN = {"amp": "&", "lt": "<", "gt": ">"}
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNNAMED = {"@": "@someone", "#": "#a-channel"}


def question(body: Mapping[str, object], *, team_id: str, enterprise_id: str | None) -> SlackJob | None:
    """The job of an `app_mention` or a direct message; None for what is none: edits, joins, files alone, other bots."""
    event = event_of(body)
    if event.get("type") == "message" and event.get("channel_type") not in ("im", "app_home"):
        return None
    return _asked(JobKind.QUESTION, body, team_id=team_id, enterprise_id=enterprise_id)


def overheard(body: Mapping[str, object], *, team_id: str, enterprise_id: str | None) -> SlackJob | None:
    """The job of a message in a channel that nobody addressed to the copilot: a follow-up, or the first of a thread.

    None for what mentions the copilot, which `app_mention` tells of, and for what is said to somebody else.
    """
    event = event_of(body)
    if event.get("channel_type") not in ("channel", "group") or _PERSON.search(_text(event.get("text"))):
        return None
    thread, ts = _text(event.get("thread_ts")), _text(event.get("ts"))
    kind = JobKind.FOLLOW_UP if thread and thread != ts else JobKind.AUTO
    return _asked(kind, body, team_id=team_id, enterprise_id=enterprise_id)


def _asked(kind: JobKind, body: Mapping[str, object], *, team_id: str, enterprise_id: str | None) -> SlackJob | None:
    event = event_of(body)
    channel, user, ts = (_text(event.get(name)) for name in ("channel", "user", "ts"))
    from_bot = event.get("bot_id") or event.get("bot_profile")
    if from_bot or event.get("subtype") or not (channel and user and ts) or user == bot_user(body):
        return None
    home = _is_home(event, {team_id, enterprise_id})
    return SlackJob(
        kind=kind,
        team_id=team_id,
        enterprise_id=enterprise_id,
        channel=channel,
        thread_ts=_text(event.get("thread_ts")) or ts,
        user=user,
        text=plain(_text(event.get("text")), bot=bot_user(body)),
        outside=body.get("is_ext_shared_channel") is True or not home,
        home=home,
    )


def command(body: Mapping[str, object], *, team_id: str, enterprise_id: str | None) -> SlackJob:
    """The job of a question after the slash command."""
    return SlackJob(
        kind=JobKind.ASIDE,
        team_id=team_id,
        enterprise_id=enterprise_id,
        channel=_text(body.get("channel_id")),
        thread_ts="",
        user=_text(body.get("user_id")),
        text=plain(_text(body.get("text")), bot=None),
    )


def interaction(
    kind: JobKind,
    body: Mapping[str, object],
    text: str,
    *,
    workspace: Workspace,
    options: Mapping[str, str] | None = None,
) -> SlackJob:
    """The job of a click, a shortcut or a modal: what it is about is `text`."""
    user = _mapping(body.get("user"))
    team = _text(user.get("team_id"))
    return SlackJob(
        kind=kind,
        team_id=workspace.team_id,
        enterprise_id=workspace.enterprise_id,
        channel=channel_of(body),
        thread_ts=thread_of(body),
        user=_text(user.get("id")),
        text=text,
        home=not team or team in (workspace.team_id, workspace.enterprise_id),
        options=options or {},
    )


def handover_id(tenant_id: str, answer_id: str) -> str:
    """One id for every click on the same answer's button, so that two people open one case."""
    return f"handover-{uuid5(NAMESPACE_OID, f'{tenant_id}/{answer_id}')}"


def place(workspace: Workspace, channel: str, thread_ts: str) -> SlackJob:
    """A thread, with nothing to do in it."""
    return SlackJob(JobKind.QUESTION, workspace.team_id, workspace.enterprise_id, channel, thread_ts, "", "")


def once_id(kind: JobKind, job: SlackJob) -> str:
    """One id for every click of one person on the same button."""
    return f"{kind}-{uuid5(NAMESPACE_OID, f'{job.team_id}/{job.channel}/{job.user}/{job.text}')}"


def event_of(body: Mapping[str, object]) -> Mapping[str, object]:
    return _mapping(body.get("event"))


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


def message_text(body: Mapping[str, object]) -> str:
    """Of the message that a shortcut was used on."""
    return plain(_text(_mapping(body.get("message")).get("text")), bot=None)


def trigger_of(body: Mapping[str, object]) -> str:
    return _text(body.get("trigger_id"))


def view_of(body: Mapping[str, object]) -> Mapping[str, object]:
    return _mapping(body.get("view"))


def metadata(body: Mapping[str, object]) -> dict[str, str]:
    """What we wrote into the modal: ids. Empty for what is no such thing."""
    try:
        found = json.loads(_text(view_of(body).get("private_metadata")) or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def entered(body: Mapping[str, object], block: str) -> str | list[str]:
    """What stands in a modal's field, whatever kind of field it is; empty where nothing does."""
    values = _mapping(_mapping(view_of(body).get("state")).get("values"))
    for element in _mapping(values.get(block)).values():
        field = _mapping(element)
        for name in ("value", "selected_time"):
            if name in field:
                return _text(field.get(name))
        if "selected_option" in field:
            return _text(_mapping(field.get("selected_option")).get("value"))
        if "selected_options" in field:
            return [_text(_mapping(option).get("value")) for option in _list(field.get("selected_options"))]
        if "selected_users" in field:
            return [_text(user) for user in _list(field.get("selected_users"))]
    return ""


def clicked(body: Mapping[str, object]) -> str:
    """The value of the clicked button."""
    actions = body.get("actions")
    return _text(_mapping(actions[0]).get("value")) if isinstance(actions, list) and actions else ""


def action_of(body: Mapping[str, object]) -> str:
    """Which button was clicked."""
    actions = body.get("actions")
    return _text(_mapping(actions[0]).get("action_id")) if isinstance(actions, list) and actions else ""


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


def _is_home(event: Mapping[str, object], home: set[str | None]) -> bool:
    """Whether the author belongs to the workspace (or its organisation) that installed the app."""
    teams = (_text(event.get(name)) for name in ("user_team", "source_team", "team"))
    return not any(team and team not in home for team in teams)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
