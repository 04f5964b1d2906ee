"""Answers as chat completions, whole or in chunks; citations as `url_citation` annotations (OpenAI API reference, chat object)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from answers.checks import separator
from answers.conversations import as_json
from answers.events import AnswerEvent, Cited, Done, Replaced, Sentence, Started, StatusChanged
from answers.types import Answer, Citation
from answers.units import UnitKind
from api.openai.errors import error_body
from core.errors import CopilotError

Json = dict[str, Any]
LinkTo = Callable[[str], str]
"""From a document's id to where it can be read, for those that name no address of their own."""

WITHDRAWN = "\n\n---\n\nWhat stands above is withdrawn. The answer is:\n\n"
"""OpenAI's stream can take nothing back, so a reader is told."""

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_MARKERS = re.compile(r"(?:(?<=\s)|^)(?:\[\d{1,2}\])+")
_NUMBER = re.compile(r"\[(\d{1,2})\]")


@dataclass(frozen=True, slots=True)
class Head:
    """What every object of one response repeats. `created` is in seconds of the Unix epoch."""

    model: str
    created: int
    ignored: Sequence[str]
    link_to: LinkTo


def completion(answer: Answer, head: Head) -> Json:
    """The `chat.completion` object."""
    message = {
        "role": "assistant",
        "content": answer.text,
        "refusal": None,
        "annotations": url_citations(answer.text, answer.citations, head.link_to),
    }
    return {
        "id": _id(answer.answer_id),
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "system_fingerprint": _fingerprint(answer.release),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage(answer),
        "partner_copilot": extras(answer, head),
    }


def url_citations(text: str, citations: Sequence[Citation], link_to: LinkTo, *, offset: int = 0) -> list[Json]:
    """One for each marker `[n]` in `text`: `start_index` and `end_index` (exclusive) are characters around it."""
    cited = {citation.n: citation for citation in citations}
    fenced = [match.span() for match in _FENCED.finditer(text)]
    return [
        _annotation(cited[number], offset + start, offset + end, link_to)
        for number, start, end in _markers(text)
        if number in cited and not any(begin <= start < close for begin, close in fenced)
    ]


def _markers(text: str) -> Iterator[tuple[int, int, int]]:
    """Number, start and end. `values[1]` in a command is none: ours stand behind a space."""
    for run in _MARKERS.finditer(text):
        for match in _NUMBER.finditer(run.group()):
            yield int(match.group(1)), run.start() + match.start(), run.start() + match.end()


def _annotation(citation: Citation, start: int, end: int, link_to: LinkTo) -> Json:
    url = citation.url or link_to(citation.document_id)
    return {
        "type": "url_citation",
        "url_citation": {"start_index": start, "end_index": end, "url": url, "title": citation.title},
    }


def usage(answer: Answer) -> Json:
    """Tokens of the language model; zeros where the answer was extracted without one."""
    prompt, said = answer.usage.get("prompt_tokens", 0), answer.usage.get("completion_tokens", 0)
    return {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}


def extras(answer: Answer, head: Head) -> Json:
    """The contract's answer but for its text, and what of the request had no effect."""
    return {key: value for key, value in as_json(answer).items() if key not in ("text", "usage")} | {
        "ignored": list(head.ignored)
    }


@dataclass(slots=True)
class Chunks:
    """One answer's events as server-sent chunks. What has been sent is kept, since annotations count its characters."""

    head: Head
    include_usage: bool
    _id: str = ""
    _release: int = 0
    _said: str = ""
    _from: int = 0
    """Where in `_said` the text begins that counts."""
    _previous: UnitKind | None = field(default=None)

    def event(self, event: AnswerEvent) -> str:
        match event:
            case Started():
                self._id, self._release = _id(event.answer_id), event.release
                return self._delta({"role": "assistant", "content": "", "refusal": None})
            case Sentence():
                kind = UnitKind(event.kind)
                before, self._previous = separator(self._previous, kind), kind
                return self._say(before + event.text)
            case Replaced():
                return self._instead(event.text)
            case Done(answer):
                return self._end(answer)
            case StatusChanged() | Cited():
                return ""
            case _:
                assert_never(event)

    def fault(self, error: CopilotError) -> str:
        return _frame(error_body(error.status, error.code, error.detail, error.members))

    def _instead(self, text: str) -> str:
        notice = self._say(WITHDRAWN) if self._said else ""
        self._from = len(self._said)
        return notice + self._say(text)

    def _end(self, answer: Answer) -> str:
        missing = self._instead(answer.text) if self._said[self._from :] != answer.text else ""
        cited = url_citations(answer.text, answer.citations, self.head.link_to, offset=self._from)
        parts = [missing, self._delta({"annotations": cited}) if cited else ""]
        parts.append(self._delta({}, finish="stop", partner_copilot=extras(answer, self.head)))
        if self.include_usage:
            parts.append(_frame(self._chunk([], usage(answer))))
        return "".join([*parts, "data: [DONE]\n\n"])

    def _say(self, text: str) -> str:
        self._said += text
        return self._delta({"content": text})

    def _delta(self, delta: Mapping[str, object], *, finish: str | None = None, **more: object) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _frame(self._chunk([choice]) | more)

    def _chunk(self, choices: list[Json], used: Json | None = None) -> Json:
        chunk: Json = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self.head.created,
            "model": self.head.model,
            "system_fingerprint": _fingerprint(self._release),
            "choices": choices,
        }
        return chunk | {"usage": used} if self.include_usage else chunk


def _id(answer_id: str) -> str:
    return f"chatcmpl-{answer_id}"


def _fingerprint(release: int) -> str:
    return f"release-{release}"


def _frame(data: Json) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
