"""What to look for in a pasted log, a stack trace or a very long text: error codes, exceptions, and the "
"sentences that ask."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

MANY_WORDS = 150
"""A longer message is a text with a question somewhere in it: no sentence encoder's window holds more "
"(all-MiniLM-L6-v2: 256 pieces)."""
MAX_ASKING, MAX_CODES, MAX_FAULTS = 2, 6, 2
MAX_PART_WORDS = 30
"""Words kept of a sentence or of an error's own message."""

_LOGGED = re.compile(
    r"^\W{0,3}(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d[/.]\d\d[/.]\d{2,4}[ ,]+\d\d:\d\d|\d\d:\d\d:\d\d|"
    r"[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d)"
    r"|^\W{0,3}(?:ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|TRACE|SEVERE|CRITICAL)\b"
    r"|^\s*(?:at [\w$.<>/]+\s?\(|File \"[^\"]+\", line \d+|Traceback \(most recent|\.\.\. \d+ more|Caused by: |"
    r"---> |in \S+:line \d+)"
    r"|^\s*(?:[\w$]+\.)*\w+(?:Exception|Error)(?:: |$)|^\s*0x[0-9a-fA-F]{4,}|^\s*[~^]{3,}\s*$"
)
_STAMP = re.compile(
    r"^\W*(?:\d[\d:.,/T Z+-]{6,}|[A-Z][a-z]{2} {1,2}\d{1,2} [\d:]+)?\W*(?:\[[^\]]*\]\W*|(?:ERROR|FATAL|SEVERE|"
    r"CRITICAL|WARN(?:ING)?)\W+)*"
)
_CODE = re.compile(
    r"\b[A-Z][A-Z_]*[A-Z]?[-_]?\d{2,}(?:[-_][A-Z0-9]+)*\b|\b0x[0-9A-Fa-f]{4,8}\b|\b[A-Z]{2,}(?:_[A-Z]{2,})+\b"
)
_FAULT = re.compile(r"\b(?P<name>[A-Z]\w*(?:Exception|Error|Fault|Failure))\b(?::[ \t]*(?P<message>[^\n]*))?")
_BAD_LINE = re.compile(r"\b(?:ERROR|FATAL|SEVERE|CRITICAL|FAILED|failed|refused|denied|timed out)\b")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\S)[^.!?\n]*)*[.!?]*")
_ASKS = re.compile(
    r"^\W*(?:(?:so|and|but|hi|hello|please|now|also|ok|my question(?: is)?|question)\b[\s,:]*)*"
    r"(?:how|what|which|when|where|who|why|can|could|do|does|did|is|are|may|must|should|would|any idea|"
    r"please (?:help|advise|tell|explain)|"
    r"help|i (?:need|want) to (?:know|understand)|tell me|we (?:need|want) to know)\b",
    re.IGNORECASE,
)


def is_pasted(text: str) -> bool:
    """Two lines of a log or a stack trace, or more words than anyone types."""
    return sum(bool(_LOGGED.match(line)) for line in text.splitlines()) >= 2 or len(text.split()) > MANY_WORDS


def worth_searching(text: str) -> str:
    """The asking sentences, codes and errors of a pasted text, as a query; empty where it holds none."""
    lines = text.splitlines()
    prose = "\n".join(line for line in lines if not _LOGGED.match(line))
    parts: list[str] = []
    for part in [*_asking(prose), *_codes(text), *_faults(text)] or _bad_lines(lines):
        if part.lower() not in " ".join(parts).lower():
            parts.append(part)
    return " ".join(parts)


def _asking(prose: str) -> Iterator[str]:
    """The first and the last sentence that ask: people open or close with their question."""
    sentences = [sentence.strip() for sentence in _SENTENCE.findall(prose)]
    asking = [s for s in sentences if len(s.split()) > 2 and (s.endswith("?") or _ASKS.match(s))]
    plain = [s for s in asking if s.endswith("?")] or asking
    for sentence in dict.fromkeys([*plain[:1], *plain[-(MAX_ASKING - 1) :]]):
        yield _shortened(sentence)


def _codes(text: str) -> list[str]:
    """The most frequent; names in capitals only where no code has a number."""
    found = Counter(_CODE.findall(text))
    numbered = Counter({code: count for code, count in found.items() if any(map(str.isdigit, code))})
    return [code for code, _ in (numbered or found).most_common(MAX_CODES)]


def _faults(text: str) -> list[str]:
    """Exceptions by their plain names with what they say; the last is nearest to the cause."""
    said: dict[str, str] = {}
    for match in _FAULT.finditer(text):
        message = (match["message"] or "").strip()
        if match["name"] not in said or message:
            said[match["name"]] = message
    return [_shortened(f"{name} {message}".strip()) for name, message in list(said.items())[-MAX_FAULTS:]][::-1]


def _bad_lines(lines: list[str]) -> list[str]:
    """Where nothing else says what went wrong: the first lines that tell of a failure, without their stamps."""
    bad = [_STAMP.sub("", line) for line in lines if _LOGGED.match(line) and _BAD_LINE.search(line)]
    return [_shortened(line) for line in dict.fromkeys(bad)][:1]


def _shortened(text: str) -> str:
    return " ".join(text.split()[:MAX_PART_WORDS])
