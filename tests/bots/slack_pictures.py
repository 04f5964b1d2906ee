"""Slack's blocks as HTML, near enough to what its clients show to be looked at: docs/images/slack-*.png are made with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]

PEOPLE = {"U0ASKER": "kim", "U0AGENT": "ada", "U0ADMIN": "ravi"}
EMOJI = {
    "large_blue_circle": '<span style="color:#1d6fd1">●</span>',
    "white_circle": "○",
    "large_orange_circle": '<span style="color:#d9730d">●</span>',
    "red_circle": '<span style="color:#d1242f">●</span>',
    "alarm_clock": "◷",
}
"""Drawn with characters that every font has: where no emoji font is installed, pictures would show boxes."""
STYLE = Path(__file__).with_suffix(".css").read_text("utf-8")
_SPAN = re.compile(
    r"<([^<>]*)>|```(.*?)```|`([^`\n]+)`|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<!\w)_([^_\n]+)_(?!\w)|:([a-z_]+):",
    re.DOTALL,
)


def page(parts: Iterable[str]) -> str:
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{STYLE}</style><main>{"".join(parts)}</main>'


def message(blocks: Sequence[Json], *, author: str = "", only_you: bool = False) -> str:
    """`author` is a person, else it is the copilot's; `only_you`: only the reader sees it."""
    name = escape(author or "Partner Copilot")
    badge = "" if author else '<span class="app">APP</span>'
    note = '<div class="only">Only visible to you</div>' if only_you else ""
    body = "".join(map(_block, blocks))
    kinds = f"message {'person' if author else ''} {'whisper' if only_you else ''}"
    return (
        f'<div class="{kinds}"><div class="face">{name[0].upper()}</div>'
        f'<div>{note}<span class="name">{name}</span>{badge}{body}</div></div>'
    )


def said(author: str, text: str) -> str:
    """A person's message."""
    return message([{"type": "section", "text": {"text": escape(text, quote=False)}}], author=author)


def stream(chunks: Sequence[Json]) -> str:
    """A message while it is streamed: the last state of each task, and the blocks so far."""
    tasks = {chunk["id"]: chunk for chunk in chunks if chunk["type"] == "task_update"}
    shown = [{**task, "type": "task"} for task in tasks.values()]
    blocks = [block for chunk in chunks if chunk["type"] == "blocks" for block in chunk["blocks"]]
    return message([*shown, *blocks])


def modal(view: Json) -> str:
    submit = f'<button class="primary">{escape(view["submit"]["text"])}</button>' if "submit" in view else ""
    footer = f"<footer><button>{escape(view['close']['text'])}</button>{submit}</footer>"
    body = "".join(map(_block, view["blocks"]))
    return f'<div class="modal"><header>{escape(view["title"]["text"])}</header><div class="body">{body}</div>{footer}</div>'


def mrkdwn(text: str) -> str:
    """Slack's text is escaped for HTML already, but for its own controls."""
    parts = re.split(r"(?m)^&gt; (.*)$\n?", text)
    quoted = [f"<blockquote>{_spans(part)}</blockquote>" for part in parts[1::2]] + [""]
    plain = [_spans(part.strip("\n")).replace("\n", "<br>") for part in parts[0::2]]
    return "".join(shown + quote for shown, quote in zip(plain, quoted, strict=True))


def _spans(text: str) -> str:
    return _SPAN.sub(_span, text)


def _span(match: re.Match[str]) -> str:
    control, fence, code, strong, em, emoji = match.groups()
    if control is not None:
        return _control(control)
    if fence is not None:
        return f"<pre>{fence.strip()}</pre>"
    if code is not None:
        return f"<code>{code}</code>"
    if strong is not None:
        return f"<strong>{_spans(strong)}</strong>"
    return f"<em>{_spans(em)}</em>" if em is not None else EMOJI.get(emoji, match[0])


def _control(control: str) -> str:
    target, _, label = control.partition("|")
    if target.startswith("@"):
        return f'<span class="at">@{PEOPLE.get(target[1:], target[1:])}</span>'
    if target.startswith("!date"):
        return label
    return f'<a href="{target.replace(chr(34), "")}">{label or target}</a>'


def _block(block: Json) -> str:
    shown: dict[str, Callable[[Json], str]] = {
        "section": lambda b: f'<div class="section">{mrkdwn(b["text"]["text"])}</div>',
        "context": lambda b: f'<div class="context">{" ".join(mrkdwn(e["text"]) for e in b["elements"])}</div>',
        "actions": lambda b: "<div>" + "".join(map(_button, b["elements"])) + "</div>",
        "context_actions": lambda b: "<div>" + "".join(map(_thumbs, b["elements"])) + "</div>",
        "input": lambda b: f"<label>{escape(b['label']['text'])}</label>{_field(b['element'])}",
        "task": lambda b: f'<div class="task">{"✓" if b["status"] == "complete" else "◌"} {escape(b["title"])}</div>',
    }
    return shown[block["type"]](block)


def _button(button: Json) -> str:
    return f'<button class="{button.get("style", "")}">{escape(button["text"]["text"])}</button>'


def _thumbs(element: Json) -> str:
    labels = (element["positive_button"]["text"]["text"], element["negative_button"]["text"]["text"])
    return f"<button>▲ {escape(labels[0])}</button><button>▼ {escape(labels[1])}</button>"


def _field(element: Json) -> str:
    if "options" in element and element["type"] != "static_select":
        chosen = element.get("initial_options", [])
        marks = ("☑", "☐") if element["type"] == "checkboxes" else ("◉", "○")
        options = (f"{marks[0] if o in chosen else marks[1]} {escape(o['text']['text'])}" for o in element["options"])
        return "".join(f'<div class="option">{option}</div>' for option in options)
    value = element.get("initial_value") or element.get("initial_option", {}).get("text", {}).get("text", "")
    users = ", ".join("@" + PEOPLE.get(user, user) for user in element.get("initial_users", []))
    return f'<div class="field">{escape(value or users)}</div>'
