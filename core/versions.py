"""Product versions and ranges as integers, so that an index can compare them.

A range is written as comparisons joined by blanks, ``>=7.2 <8.0``, or in words: ``7.2-7.4``, ``7.4 and later``, ``up to 7.3``.
A bare ``7.4`` means that version and its patches, and so does an upper end that is included.
"""

from __future__ import annotations

import re

from core.errors import InvalidRequestError

OPEN_END = 2**31 - 1
"""Above every version: the upper bound of a range without one."""

_VERSION = re.compile(r"v?(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?(?:\.\d+)*", re.ASCII)
_COMPARISON = re.compile(r"(>=|<=|==|=|>|<)?\s*(v?\d[\d.]*)", re.ASCII)
_NUMBER = r"(v?\d[\d.]*)"
_SPOKEN = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), comparisons)
    for pattern, comparisons in (
        (rf"(?:from )?{_NUMBER}\s*(?:-|–|\bto\b|\bthrough\b)\s*{_NUMBER}", r">=\1 <=\2"),
        (rf"{_NUMBER}\s*(?:\+|(?:and|or) (?:later|newer|above|higher|up|onwards?))", r">=\1"),
        (rf"(?:from|since) {_NUMBER}(?: (?:on|onwards?))?", r">=\1"),
        (rf"{_NUMBER} (?:and|or) (?:earlier|older|below|lower)|(?:up to|until|through) {_NUMBER}", r"<=\1\2"),
        (rf"before {_NUMBER}", r"<\1"),
        (rf"after {_NUMBER}", r">\1"),
    )
)
"""How documents state a range in words, and what it means in comparisons."""


def version_key(version: str) -> int:
    """``7.2.1`` → 7_002_001. Raises `InvalidRequestError` where it is no version of up to three numbers below 1,000."""
    match = _VERSION.fullmatch(version.strip())
    if not match:
        raise InvalidRequestError(
            f"'{version[:40]}' is no product version; write it as 7.4 or 7.4.1", code="invalid_version"
        )
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major * 1_000_000 + minor * 1_000 + patch


def _next_after(version: str) -> int:
    """The first version that ``version`` and its patches do not cover: 7.4 → 7.5, 7.4.1 → 7.4.2, 7 → 8."""
    step = {1: 1_000_000, 2: 1_000}.get(len(version.strip().lstrip("v").split(".")), 1)
    return version_key(version) + step


def version_range(text: str | None) -> tuple[int, int]:
    """The half-open range ``[from, to)`` of version keys that a document applies to; no statement covers all.

    Raises `InvalidRequestError` (`invalid_version_range`) where the text is no range or an empty one.
    """
    low, high = 0, OPEN_END
    if text is None or not text.strip() or text.strip() == "*":
        return low, high
    cleaned = _compared(text.replace(",", " ").strip())
    matches = list(_COMPARISON.finditer(cleaned))
    if not matches or _COMPARISON.sub("", cleaned).strip():
        raise _bad_range(text)
    for match in matches:
        try:
            covered = _covered(match[1], match[2])
        except InvalidRequestError:
            raise _bad_range(text) from None
        low, high = max(low, covered[0]), min(high, covered[1])
    if low >= high:
        raise _bad_range(text)
    return low, high


def _compared(text: str) -> str:
    """A range in words as comparisons; anything else as it is."""
    for pattern, comparisons in _SPOKEN:
        if match := pattern.fullmatch(text):
            return match.expand(comparisons)
    return text


def version_text(key: int) -> str:
    """7_002_001 → ``7.2.1``, 7_004_000 → ``7.4``."""
    major, minor, patch = key // 1_000_000, key // 1_000 % 1_000, key % 1_000
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"


def range_text(low: int, high: int) -> str:
    """The half-open range as a sentence says it: ``7.4 and later``, ``7.2 to 7.4``, ``versions before 8.0``, ``7.3``.

    An end that closes a minor version is said as that version: nobody reads ``[7.2, 7.5)``.
    """
    if low <= 0 and high >= OPEN_END:
        return "all versions"
    if high >= OPEN_END:
        return f"{version_text(low)} and later"
    if low <= 0:
        return f"versions before {version_text(high)}"
    if high == low + 1 or (low % 1_000 == 0 and high == low + 1_000):
        return version_text(low)
    if low % 1_000_000 == 0 and high == low + 1_000_000:
        return f"{low // 1_000_000}.x"
    last = high - 1_000
    if high % 1_000 == 0 and high % 1_000_000 and last > low:
        return f"{version_text(low)} to {version_text(last)}"
    return f"{version_text(low)} and later, before {version_text(high)}"


def _covered(operator: str | None, version: str) -> tuple[int, int]:
    match operator:
        case ">=":
            return version_key(version), OPEN_END
        case ">":
            return _next_after(version), OPEN_END
        case "<":
            return 0, version_key(version)
        case "<=":
            return 0, _next_after(version)
        case _:
            return version_key(version), _next_after(version)


def _bad_range(text: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"'{text[:60]}' is no version range; write it as '>=7.2 <8.0' or '7.4'", code="invalid_version_range"
    )
