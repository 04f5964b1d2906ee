"""Cards, bank accounts and Internet addresses: digits that a checksum or a word before them gives away."""

from __future__ import annotations

import re
from ipaddress import ip_address

from guardrails.checksums import (
    IBAN_LENGTHS,
    digits_of,
    is_card,
    is_gtin,
    is_iban,
)
from guardrails.contacts import names_another_number, said_before
from guardrails.national_ids import NATIONAL_ID_RULES
from guardrails.rules import Rule

_CARD_WORDS = re.compile(r"\b(?:card|cards|cc|visa|mastercard|amex|american express|debit|credit)\b", re.IGNORECASE)


def _card(match: re.Match[str]) -> tuple[int, int] | None:
    """A 13- or 14-digit GTIN passes Luhn one time in ten, so those lengths need a word such as "card" before them."""
    digits = digits_of(match[0])
    if not is_card(digits):
        return None
    said = said_before(match, _CARD_WORDS)
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
    if not address.is_global or _VERSION_WORDS.search(match.string, max(0, match.start() - 60), match.start()):
        return None
    return match.span() if address.version == 6 or said_before(match, _IP_WORDS) else None


NUMBER_RULES = (
    Rule("IBAN", re.compile(r"(?<![\w-])[A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,32}"), 1.0, _iban),
    Rule("CARD", re.compile(r"(?<![\w.-])\d(?:[ .\u00a0-]?\d){11,18}(?![\w]|[.-]\d)"), 1.0, _card),
    *NATIONAL_ID_RULES,
    Rule(
        "CARD",
        re.compile(
            r"\b(?:cvv2?|cvc2?|cid|card security code|prüfziffer)\b[\s:#=]*(?:is|ist)?\s*(?P<value>\d{3,4})(?!\w|[.,]\d)",
            re.IGNORECASE,
        ),
        0.8,
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
