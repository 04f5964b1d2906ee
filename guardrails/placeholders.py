"""What stands in for personal data: ``<PERSON_k3f9ab>``, the same for the same value in one tenant, another in the next."""

from __future__ import annotations

import base64
import hmac
import re
import unicodedata

from core.domain import RedactionProfile
from guardrails.checksums import digits_of
from guardrails.hidden import strip_hidden
from guardrails.rules import Finding

_TAG_CHARACTERS = 6
"""30 bits: two of a tenant's 5,000 names share a tag about one time in ninety."""
_HONORIFIC = re.compile(r"^(?:mr|mrs|ms|miss|mx|dr|prof|herr|frau|mme|mlle|sra?|señora?|signora?|sig)\b\.?\s+")
_AT = re.compile(r"\s*[\[({]\s*at\s*[\])}]\s*|\s+at\s+")
_DOT = re.compile(r"\s*[\[({]\s*dot\s*[\])}]\s*|\s+dot\s+")


def placeholder(key: bytes, type_: str, value: str) -> str:
    """The type, and 6 base32 (RFC 4648 "extended hex") characters of HMAC-SHA256 over type and normalised value."""
    digest = hmac.digest(key, (type_ + normalised(type_, value)).encode(), "sha256")
    return f"<{type_}_{base64.b32hexencode(digest).decode().lower()[:_TAG_CHARACTERS]}>"


def normalised(type_: str, value: str) -> str:
    """What makes two spellings one value: case and blanks, a telephone's punctuation, an e-mail's [at] and [dot]."""
    folded = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", strip_hidden(value)[0])).strip().casefold()
    match type_:
        case "EMAIL":
            return re.sub(r"\s", "", _DOT.sub(".", _AT.sub("@", folded)))
        case "PHONE":
            return digits_of(folded)
        case "CARD" | "IBAN" | "NATIONAL_ID":
            return "".join(c for c in folded if c.isalnum())
        case "PERSON":
            return _HONORIFIC.sub("", folded)
        case "SECRET":
            return value
        case _:
            return folded


class Exemptions:
    """What a tenant's profile lets stay: its words, its e-mail domains, its hotlines."""

    def __init__(self, profile: RedactionProfile) -> None:
        words = sorted((word.strip() for word in profile.allow if word.strip()), key=len, reverse=True)
        self._words = {word.casefold() for word in words}
        self._phrases = (
            re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)", re.IGNORECASE) if words else None
        )
        self._domains = tuple(domain.casefold().lstrip("@.") for domain in profile.domains if domain.strip())
        self._hotlines = tuple(digits for line in profile.hotlines if (digits := _subscriber(line)))

    def remaining(self, text: str, finding: Finding) -> list[Finding]:
        """The parts of a finding that must still go: all of it, none, or a name or address without the tenant's own words."""
        value = text[finding.start : finding.end]
        if finding.type == "SECRET":
            return [finding]
        if value.casefold() in self._words or self._is_own_contact(finding.type, value):
            return []
        if finding.type not in {"PERSON", "ADDRESS"} or self._phrases is None:
            return [finding]
        return self._without_phrases(text, finding)

    def _is_own_contact(self, type_: str, value: str) -> bool:
        if type_ == "EMAIL":
            domain = normalised("EMAIL", value).rpartition("@")[2]
            return any(domain == own or domain.endswith("." + own) for own in self._domains)
        if type_ == "PHONE":
            digits = _subscriber(value)
            return any(_same_line(digits, own) for own in self._hotlines)
        return False

    def _without_phrases(self, text: str, finding: Finding) -> list[Finding]:
        assert self._phrases is not None
        parts, at = [], finding.start
        for match in self._phrases.finditer(text):
            if match.end() <= finding.start or match.start() >= finding.end:
                continue
            parts.append((at, max(at, match.start())))
            at = match.end()
        parts.append((at, max(at, finding.end)))
        return [
            Finding(finding.type, part.start() + start, part.end() + start, finding.score)
            for start, end in parts
            if (part := re.search(r"\w(?:.*\w)?", text[start:end], re.DOTALL))
        ]


def _subscriber(number: str) -> str:
    return digits_of(number).lstrip("0")


def _same_line(one: str, other: str) -> bool:
    """Equal digits, or equal but for a country code of up to three: +1 800 555 0100 and 800-555-0100."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    return len(shorter) >= 7 and longer.endswith(shorter) and len(longer) - len(shorter) <= 3
