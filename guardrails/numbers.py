"""Cards, bank accounts, national ids and Internet addresses: digits that a checksum or a word before them gives away."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address

from guardrails.checksums import (
    IBAN_LENGTHS,
    digits_of,
    is_bsn,
    is_card,
    is_codice_fiscale,
    is_dni,
    is_gtin,
    is_iban,
    is_nir,
    is_pesel,
    is_sin,
)
from guardrails.contacts import names_another_number
from guardrails.rules import Check, Rule

_CONTEXT = 60
"""Characters before a number in which its name may stand."""


def _said_before(match: re.Match[str], words: re.Pattern[str]) -> bool:
    return bool(words.search(match.string, max(0, match.start() - _CONTEXT), match.start()))


_CARD_WORDS = re.compile(r"\b(?:card|cards|cc|visa|mastercard|amex|american express|debit|credit)\b", re.IGNORECASE)


def _card(match: re.Match[str]) -> tuple[int, int] | None:
    """A 13- or 14-digit GTIN passes Luhn one time in ten, so those lengths need a word such as "card" before them."""
    digits = digits_of(match[0])
    if not is_card(digits):
        return None
    said = _said_before(match, _CARD_WORDS)
    if not said and (len(digits) < 15 or is_gtin(digits) or names_another_number(match)):
        return None
    return match.span()


def _iban(match: re.Match[str]) -> tuple[int, int] | None:
    """The expression may run on into the next word; the country says where the number ends."""
    length = IBAN_LENGTHS.get(match[0][:2].upper(), 0)
    compact = ""
    for place, char in enumerate(match[0]):
        compact += char.upper() if char.isalnum() else ""
        if length and len(compact) == length:
            return (match.start(), match.start() + place + 1) if is_iban(compact) else None
    return None


def _checked(is_valid: Callable[[str], bool], words: str = "") -> Check:
    """A checksum over the match without its punctuation; with `words`, one of them must stand before it as well."""
    context = re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if words else None

    def check(match: re.Match[str]) -> tuple[int, int] | None:
        if not is_valid("".join(c for c in match[0].upper() if c.isalnum())) or names_another_number(match):
            return None
        return match.span() if context is None or _said_before(match, context) else None

    return check


def _after(words: str) -> Check:
    context = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    return lambda match: match.span() if _said_before(match, context) else None


_IP_WORDS = re.compile(
    r"\b(?:ip|ipv4|ipv6|address|addresses|addr|client|logged|login|log-in|signed in|sign-in|visitor|connection|connected|"
    r"connecting|request|requests|ping|blocked|firewall|whitelist|proxy|host|remote)\b",
    re.IGNORECASE,
)
_VERSION_WORDS = re.compile(
    r"(?:\b(?:version|versions|build|release|update|hotfix|patch|kernel|v|ver)[\s.:=]*)$", re.IGNORECASE
)


def _public_ip(match: re.Match[str]) -> tuple[int, int] | None:
    """Four numbers are a version (7.12.4.1) unless words before them speak of a network.

    What is not routed publicly (10.x, 192.168.x, loopback, link-local) names a machine in a runbook, not a person: it stays.
    """
    try:
        address = ip_address(match[0])
    except ValueError:
        return None
    if not address.is_global or _VERSION_WORDS.search(match.string, max(0, match.start() - _CONTEXT), match.start()):
        return None
    return match.span() if address.version == 6 or _said_before(match, _IP_WORDS) else None


_NINO = r"\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"

NUMBER_RULES = (
    Rule("IBAN", re.compile(r"(?<![\w-])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,32}"), 1.0, _iban),
    Rule("CARD", re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w]|[.-]\d)"), 1.0, _card),
    Rule(
        "NATIONAL_ID",
        re.compile(r"(?<![\w-])(?!000|666|9)\d{3}[ \-\u2011]?(?!00)\d{2}[ \-\u2011]?(?!0000)\d{4}(?![\w-])"),
        0.95,
        _after(r"ssn|ssns|social|social security|itin|taxpayer"),
    ),
    Rule("NATIONAL_ID", re.compile(_NINO), 0.9, _checked(lambda _: True)),
    Rule("NATIONAL_ID", re.compile(r"\b[XYZ0-9]\d{7}-?[A-HJ-NP-TV-Z]\b"), 0.9, _checked(is_dni)),
    Rule(
        "NATIONAL_ID",
        re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b"),
        1.0,
        _checked(is_codice_fiscale),
    ),
    Rule(
        "NATIONAL_ID",
        re.compile(r"(?<![\w-])[12]\d{2}(?:0\d|1[0-2])\d{10}(?![\w-])"),
        0.9,
        _checked(is_nir, "nir|sécurité sociale|insee"),
    ),
    Rule(
        "NATIONAL_ID", re.compile(r"(?<![\w-])[12] \d{2} \d{2} \d{2} \d{3} \d{3} \d{2}(?![\w-])"), 1.0, _checked(is_nir)
    ),
    Rule("NATIONAL_ID", re.compile(r"(?<![\w-])\d{11}(?![\w-])"), 0.9, _checked(is_pesel, "pesel")),
    Rule(
        "NATIONAL_ID",
        re.compile(r"(?<![\w-])\d{9}(?![\w-])"),
        0.9,
        _checked(is_bsn, "bsn|burgerservicenummer|sofinummer"),
    ),
    Rule(
        "NATIONAL_ID",
        re.compile(r"(?<![\w-])\d{3}[ -]?\d{3}[ -]?\d{3}(?![\w-])"),
        0.9,
        _checked(is_sin, "sin|social insurance"),
    ),
    Rule("IP_ADDRESS", re.compile(r"(?<![\w.:-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)"), 0.8, _public_ip),
    Rule(
        "IP_ADDRESS",
        re.compile(r"(?<![\w.:])(?:[0-9A-Fa-f]{1,4}::?){2,7}[0-9A-Fa-f]{1,4}(?![\w.:])"),
        0.9,
        _public_ip,
        ":",
    ),
)
