"""Credentials: they leave a text wherever they stand, whatever the tenant's profile says."""

from __future__ import annotations

import re

from guardrails.rules import Rule

_KEY_NAME = (
    r"(?:[\w-]{0,30}(?:password|passwd|passphrase|secret)|pwd|pass|[\w-]{0,30}api[_-]?key|[\w-]{0,30}access[_-]?key(?:[_-]id)?"
    r"|account[_-]?key|shared[_-]?access[_-]?key|client[_-]?secret|private[_-]?key|[\w-]{0,30}token)"
)
_STATED = re.compile(
    rf"(?<![\w-]){_KEY_NAME}[\"']?(?:\s*(?P<sign>=|:=)\s*|\s*:\s*|\s+(?:is|was)\s*:?\s+)[\"'`]?(?P<value>[^\s\"'`;,<>{{}}|\\]{{4,200}})",
    re.IGNORECASE,
)
_NOT_A_VALUE = re.compile(
    r"[*x•.…_-]+|\$\w*|%\w+%?|true|false|null|none|yes|no|required|optional|string|changeme", re.IGNORECASE
)


def _has_letter_and_digit(match: re.Match[str]) -> tuple[int, int] | None:
    value = match[0]
    return match.span() if re.search(r"\d", value) and re.search(r"[A-Za-z]", value) else None


def _stated_value(match: re.Match[str]) -> tuple[int, int] | None:
    """`password=x` is an assignment; `password: x` and `password is x` are also prose, so x must not look like a word."""
    value = match["value"].rstrip(".)")
    if _NOT_A_VALUE.fullmatch(value) or not value:
        return None
    if not match["sign"] and not re.search(r"\d|[a-z][A-Z]|\w[!@#$%^&*+=]", value):
        return None
    return match.start("value"), match.start("value") + len(value)


def _rule(expression: str, *, trigger: str = "", flags: int = 0) -> Rule:
    return Rule("SECRET", re.compile(expression, flags), 1.0, None, trigger)


SECRET_RULES = (
    _rule(
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
        r"|[A-Za-z0-9+/=\s]*)",
        trigger="-----BEGIN",
    ),
    _rule(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", trigger="eyJ"),
    Rule("SECRET", re.compile(r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}"), 1.0, _has_letter_and_digit),
    _rule(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b"),
    _rule(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-AgE[\w-]{40,})"
    ),
    _rule(r"\b(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,}", trigger="x"),
    _rule(r"https://hooks\.slack\.com/(?:services|workflows)/[\w/]+", trigger="hooks.slack.com"),
    _rule(r"\b(?:AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}|hf_[A-Za-z0-9]{30,}|whsec_[\w+/=]{16,})"),
    _rule(r"\b[Bb]earer\s+(?P<value>[\w.~+/-]{20,}=*)", trigger="earer"),
    _rule(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://(?P<value>[^\s:/@<>]{1,100}:[^\s/@<>]{1,200})@", trigger="://"),
    Rule("SECRET", _STATED, 0.9, _stated_value),
)
