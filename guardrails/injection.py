"""Signs of prompt injection in a question or a document: rules a sentence at a time, and characters that nobody sees.

A signal is evidence for a person or a policy, never the defence itself: that is that the answer path has no tools and that
nothing leaves unscreened. So precision comes first; "ignore this warning" in a question about a compiler is no attack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardrails.hidden import View, hidden_places, normalise, view
from guardrails.injection_rules import SENTENCE_RULES

__all__ = ["Signal", "normalise", "scan"]

_EXCERPT = 120
"""Characters of the text that a signal quotes."""
_TAGS = range(0xE0000, 0xE0080)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FEW_HIDDEN = 3
"""A pasted web page brings a stray zero-width blank or two; a run of them is a message."""
_SENTENCE = re.compile(r"[^\n.!?。！？]+(?:[.!?。！？](?![\s\n]|$)[^\n.!?。！？]*)*[.!?。！？]*")


@dataclass(frozen=True, slots=True)
class Signal:
    """Characters ``start…end`` of the text as given; `excerpt` quotes at most 120 of them, hidden ones left out."""

    kind: str
    start: int
    end: int
    excerpt: str


_COMMENT = re.compile(r"<!--(?P<body>[\s\S]{0,4000}?)(?:-->|$)")
_TOOL_MARKUP = re.compile(
    r"</?(?:tool_call|tool_use|function_call|function_calls|invoke|tool_result|tool_response|antml:\w+"
    r"|parameter)\b[^>]{0,200}>"
    r"|\{\s*\"(?:tool|tool_name|function|function_call|tool_calls?)\"\s*:",
    re.IGNORECASE,
)
_ORDERING = re.compile(
    r"\b(?:ignore|you\s+(?:must|should|are|will)|assistant|system|instruction|prompt|reveal|send|reply"
    r"|respond|answer|execute|say|tell|always|never|llm|ai)\b",
    re.IGNORECASE,
)


_SPACED = re.compile(r"(?<!\w)(?:\w ){5,}\w(?!\w)")
_OVERRIDING = re.compile(r"(?:ignore|disregard|forget|override|system|reveal)", re.IGNORECASE)
_LEET = re.compile(r"(?<!\w)(?=[0134578@$]*[A-Za-z])[A-Za-z0134578@$]{4,}(?!\w)")
_LETTER_FOR = str.maketrans("0134578@$", "oieastbas")


def _plain(sentence: str) -> str:
    """Digits that stand for letters as letters: 1gn0re. As long as before, so that places stay."""
    return _LEET.sub(lambda match: match[0].translate(_LETTER_FOR), sentence)


def scan(text: str) -> tuple[Signal, ...]:
    """Signals in the order of the text.

    Kinds: `instruction_override`, `role_play`, `prompt_leak`, `exfiltration`, `delimiter_spoofing`, `assistant_address`,
    `answer_steering` (in a document an attack, in a question often a wish), `tool_markup`, `hidden_comment`,
    `hidden_characters`, `bidi_control`, `tag_characters`.

    Rules read the text without its hidden characters and with disguised letters made plain; offsets are of the text as given.
    """
    seen = view(text)
    found = [*_hidden(text), *(_place(signal, seen) for signal in _said(seen.text))]
    return tuple(sorted(found, key=lambda signal: (signal.start, signal.kind)))


def _said(text: str) -> Iterator[Signal]:
    for sentence in _SENTENCE.finditer(text):
        said: set[str] = set()
        for kind, expression in SENTENCE_RULES:
            if kind not in said and (match := expression.search(sentence[0]) or expression.search(_plain(sentence[0]))):
                said.add(kind)
                yield _signal(kind, text, sentence.start() + match.start(), sentence.start() + match.end())
    for match in _SPACED.finditer(text):
        if _OVERRIDING.match(match[0].replace(" ", "")):
            yield _signal("instruction_override", text, *match.span())
    for match in _TOOL_MARKUP.finditer(text):
        yield _signal("tool_markup", text, *match.span())
    for match in _COMMENT.finditer(text):
        if _ORDERING.search(match["body"]):
            yield _signal("hidden_comment", text, *match.span())


def _hidden(text: str) -> Iterator[Signal]:
    hidden = hidden_places(text)
    groups = {
        "tag_characters": [place for place in hidden if ord(text[place]) in _TAGS],
        "bidi_control": [place for place in hidden if text[place] in _BIDI],
        "hidden_characters": [place for place in hidden if ord(text[place]) not in _TAGS and text[place] not in _BIDI],
    }
    for kind, at in groups.items():
        if len(at) > (_FEW_HIDDEN if kind == "hidden_characters" else 0):
            yield Signal(kind, at[0], at[-1] + 1, "")


def _place(signal: Signal, seen: View) -> Signal:
    return Signal(signal.kind, *seen.span(signal.start, signal.end), signal.excerpt)


def _signal(kind: str, text: str, start: int, end: int) -> Signal:
    return Signal(kind, start, end, text[start:end][:_EXCERPT])
