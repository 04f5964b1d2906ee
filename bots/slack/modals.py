"""The modals: a draft to edit, a reason for a thumb down, a channel's settings, a case to be opened.

What a modal carries in `private_metadata` are ids (at most 3,000 characters): whoever submits it is authorised anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from answers.case_views import Severity
from answers.feedback import Reason
from bots.slack.blocks import Block, context, plain_text, section
from bots.slack.channels import ChannelSettings, Mode
from bots.slack.markdown import escape, split
from bots.slack.words import LANGUAGES
from core.domain import Audience

View = Mapping[str, object]

DRAFT, FEEDBACK, SETTINGS, DIGEST = "copilot_draft", "copilot_reason", "copilot_settings", "copilot_digest"
INPUT_CHARS = 3000
"""Slack takes no more in a text field."""

_REASONS = {
    Reason.WRONG: "It is wrong",
    Reason.OUTDATED: "It is outdated",
    Reason.INCOMPLETE: "Something is missing",
    Reason.UNSAFE: "It would do harm",
    Reason.OTHER: "Something else",
}
_LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}


def waiting(title: str, said: str) -> View:
    """Shown at once, while the answer is looked for: Slack lets a modal be opened for three seconds after the click."""
    return _view(title, [section(escape(said))])


def message(title: str, mrkdwn: str) -> View:
    """Nothing to submit."""
    return _view(title, [section(piece) for piece in split(mrkdwn)[:20]])


def draft(ids: Mapping[str, str], text: str, sources: Iterable[str]) -> View:
    """`ids`: the draft, and the channel and thread that it is for."""
    listed = "\n".join(f"• {escape(one)}" for one in sources)[:2000]
    blocks = [
        context("Written by an AI assistant from your documents. Nothing is posted before you press Send."),
        _input("text", "Your reply", _area("text", text, most=INPUT_CHARS)),
        *([context(f"Cited: {listed}")] if listed else []),
    ]
    return _view("Draft a reply", blocks, callback=DRAFT, submit="Send", metadata=ids)


def feedback(answer_id: str, *, channel: str) -> View:
    reasons = [_option(reason, said) for reason, said in _REASONS.items()]
    blocks = [
        _input("reason", "What is not right?", {"type": "radio_buttons", "action_id": "reason", "options": reasons}),
        _input("right", "What would have been right?", _area("right", "", most=INPUT_CHARS), optional=True),
    ]
    return _view(
        "What went wrong?", blocks, callback=FEEDBACK, submit="Send", metadata={"answer": answer_id, "channel": channel}
    )


def digest(text: str, *, channel: str, thread_ts: str, answer_id: str) -> View:
    severities = [_option(one, one.capitalize()) for one in Severity]
    chosen = severities[list(Severity).index(Severity.NORMAL)]
    select = {
        "type": "static_select",
        "action_id": "severity",
        "options": severities,
        "initial_option": chosen,
    }
    blocks = [
        context("Made from the thread, redacted. Change what you like; a person gets it with the evidence."),
        _input("note", "Summary", _area("note", text, most=INPUT_CHARS)),
        _input("severity", "Severity", select),
    ]
    ids = {"channel": channel, "thread": thread_ts, "answer": answer_id}
    return _view("Hand over a thread", blocks, callback=DIGEST, submit="Hand over", metadata=ids)


def settings(channel: str, given: ChannelSettings) -> View:
    modes: dict[str, str] = {Mode.TAG_ONLY: "Only when it is mentioned", Mode.AUTO: "By itself, where it can"}
    audiences = {
        "": "All that the asker may see",
        Audience.PARTNER: "Partner documents",
        Audience.PUBLIC: "Public only",
    }
    flags = {
        "questions_only": "By itself only to questions",
        "cite_or_silent": "By itself only with sources",
        "ephemeral": "Show answers to the asker first",
    }
    flagged = [name for name in flags if getattr(given, name)]
    languages = {code: _LANGUAGE_NAMES[code] for code in LANGUAGES}
    blocks = [
        _input("mode", "Answers", _select("mode", modes, given.mode)),
        _input("flags", "How", _checkboxes("flags", flags, flagged), optional=True),
        _input(
            "min_confidence",
            "Least confidence to answer by itself (0 to 1)",
            _line("min_confidence", f"{given.min_confidence:g}"),
        ),
        _input("audience", "Documents", _select("audience", audiences, given.audience or "")),
        _input("corpora", "Only these corpora, one a line", _area("corpora", "\n".join(given.corpora)), optional=True),
        _input("quiet_from", "Quiet from (18:00)", _line("quiet_from", given.quiet_from or ""), optional=True),
        _input("quiet_to", "Quiet until (08:00)", _line("quiet_to", given.quiet_to or ""), optional=True),
        _input("timezone", "Time zone", _line("timezone", given.timezone)),
        _input("askers", "Who may ask (nobody chosen: everyone)", _users("askers", given.askers), optional=True),
        _input("language", "Language of the buttons", _select("language", languages, given.language)),
    ]
    return _view("Copilot here", blocks, callback=SETTINGS, submit="Save", metadata={"channel": channel})


def _view(
    title: str,
    blocks: Sequence[Block],
    *,
    callback: str = "copilot_nothing",
    submit: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> View:
    """`title` and `submit` have at most 24 characters."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain_text(title),
        "close": plain_text("Close"),
        "blocks": list(blocks),
        "private_metadata": json.dumps(metadata or {}),
        **({"submit": plain_text(submit)} if submit else {}),
    }


def _input(name: str, label: str, element: Mapping[str, object], *, optional: bool = False) -> Block:
    """The block is named like the field, so that Slack shows an error beside it."""
    return {"type": "input", "block_id": name, "label": plain_text(label), "element": element, "optional": optional}


def _area(name: str, text: str, *, most: int = INPUT_CHARS) -> Mapping[str, object]:
    return {**_line(name, text[:most]), "multiline": True, "max_length": most}


def _line(name: str, text: str) -> Mapping[str, object]:
    filled = {"initial_value": text} if text else {}
    return {"type": "plain_text_input", "action_id": name, **filled}


def _select(name: str, choices: Mapping[str, str], chosen: str) -> Mapping[str, object]:
    options = {value: _option(value or "all", label) for value, label in choices.items()}
    element = {"type": "static_select", "action_id": name, "options": list(options.values())}
    return {**element, "initial_option": options[chosen]} if chosen in options else element


def _checkboxes(name: str, choices: Mapping[str, str], chosen: Sequence[str]) -> Mapping[str, object]:
    options = {value: _option(value, label) for value, label in choices.items()}
    initial = {"initial_options": [options[value] for value in chosen]} if chosen else {}
    return {"type": "checkboxes", "action_id": name, "options": list(options.values()), **initial}


def _users(name: str, chosen: Sequence[str]) -> Mapping[str, object]:
    initial = {"initial_users": list(chosen)} if chosen else {}
    return {"type": "multi_users_select", "action_id": name, **initial}


def _option(value: str, label: str) -> Mapping[str, object]:
    return {"text": plain_text(label), "value": value}
