"""Product versions and ranges as integers, so that an index can compare them.

A range is written as comparisons joined by blanks, ``>=7.2 <8.0``; a bare ``7.4`` means that version and its patches.
"""

from __future__ import annotations

import re

from core.errors import InvalidRequestError

OPEN_END = 2**31 - 1
"""Above every version: the upper bound of a range without one."""

_VERSION = re.compile(r"v?(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?(?:\.\d+)*", re.ASCII)
_COMPARISON = re.compile(r"(>=|<=|==|=|>|<)?\s*(v?\d[\d.]*)", re.ASCII)


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
    cleaned = text.replace(",", " ").strip()
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
