"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re

from guardrails.checksums import digits_of
from guardrails.rules import Rule

_AT = r"\s*(?:\[\s*at\s*\]|\(\s*at\s*\)|\{\s*at\s*\})\s*"
_DOT = r"\s*(?:\[\s*dot\s*\]|\(\s*dot\s*\)|\{\s*dot\s*\})\s*"
_TOP = r"(?:com|org|net|edu|gov|info|biz|io|co|eu|uk|de|fr|es|it|nl|at|ch|be|se|no|dk|fi|pl|pt|ie|us|ca|au)"
_SEPARATOR = r"[ .\-/\u00a0\u2011\u2013]"

_NUMBER = re.compile(
    rf"""(?<![\w.+#/-])(?:
      \+\d{{1,3}}(?:{_SEPARATOR}?\(?\d{{1,5}}\)?){{2,6}}                           # +44 (0)20 7946 0018
    | 00[1-9]\d{{0,2}}(?:{_SEPARATOR}\(?\d{{1,5}}\)?){{2,6}}                       # 0049 30 901820
    | (?:1{_SEPARATOR})?\([2-9]\d\d\)\ ?\d{{3}}{_SEPARATOR}\d{{4}}                 # (312) 555-0142
    | (?:1{_SEPARATOR})?[2-9]\d\d(?P<nanp>[ .\-\u2011])\d{{3}}(?P=nanp)\d{{4}}     # 312-555-0142
    | \(\d{{2,5}}\){_SEPARATOR}?\d(?:{_SEPARATOR}?\d){{4,9}}                       # (030) 901820
    | 0\d{{1,4}}[ \-/]\d{{2,8}}(?:[ \-]\d{{2,5}}){{0,4}}                           # 020 7946 0018
    )(?:\s?(?:x|ext\.?|extension)\s?\d{{1,5}})?(?![\w]|[.\-/]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_STATED = re.compile(
    rf"""\b(?:
      (?P<strong>phone|tel|telephone|telefon|teléfono|téléphone|mobile|mobil|handy|cell|cellphone|fax|whatsapp|hotline|landline)
      (?:\s*(?:number|no|nr|num)\b)?[.:#]*\s*(?:is|was|=|to|at|on)?
    | (?:call|dial|ring|text|reach|phone|answering|calling|contact)(?:ed|ing)?(?:\s+(?:me|us|him|her|them|you|back))?
      (?:\s+(?:at|on|under|via))?
    | (?:my|his|her|their|contact|direct)\s+number(?:\s+is)?
    )[:\s]{{1,3}}(?P<value>\+?\(?\d(?:{_SEPARATOR}?[()]?\d){{5,14}})(?![\w]|[.\-/]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"\b(?:order|orders|po|so|purchase|sales|invoice|inv|sku|item|article|part|lot|batch|serial|store|terminal|register|till|"
    r"version|build|release|port|gtin|ean|upc|edi|asn|ticket|case|account|customer|vendor|supplier|document|doc|journal|"
    r"voucher|transaction|shipment|tracking|contract|kb|hotfix|id|ref|reference|code|isbn|model|between|from|range|"
    r"amount|total|price|qty|quantity)(?:\s*(?:no|nr|number|numbers|num|id)\b)?[\s.:#=]*$",
    re.IGNORECASE,
)
_PHONE_WORD = re.compile(r"phone|tel\b|mobile|cell|fax|call|hotline|whatsapp", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}[-/. ]\d{1,2}[-/. ](?:\d{2}|\d{4})|\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}")
_BEFORE = 28
"""Characters before a number that are read for a word that names it."""


def names_another_number(match: re.Match[str]) -> bool:
    """Whether the words before the match say that it is an order, item, version… and not a telephone, card or person's id."""
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    return bool(_OTHER_NUMBER.search(before)) and not _PHONE_WORD.search(before)


def _is_phone(match: re.Match[str]) -> tuple[int, int] | None:
    digits = digits_of(re.split(r"x|ext", match[0], flags=re.IGNORECASE)[0])
    plausible = 7 <= len(digits) <= 15 and len(set(digits)) > 1 and not _DATE.fullmatch(match[0])
    return match.span() if plausible and not names_another_number(match) else None


def _is_stated_phone(match: re.Match[str]) -> tuple[int, int] | None:
    """After "phone:" a bare run of digits will do; after "call" it must be written as a telephone number is."""
    value = match["value"]
    digits = digits_of(value)
    if not 7 <= len(digits) <= 15 or _DATE.fullmatch(value) or (not match["strong"] and value.isdigit()):
        return None
    return match.span("value")


CONTACT_RULES = (
    Rule(
        "EMAIL",
        re.compile(
            r"(?<![\w.+-])[\w.!#$%&'*+=?^`{|}~-]{0,63}\w[+_-]?@(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,8}[^\W\d_]{2,24}\b"
        ),
        1.0,
        None,
        "@",
    ),
    Rule(
        "EMAIL",
        re.compile(
            rf"(?<![\w.+-])\w[\w+-]{{0,63}}(?:(?:\.|{_DOT})[\w+-]{{1,63}}){{0,5}}(?:{_AT}|@)"
            rf"\w[\w-]{{0,63}}(?:(?:{_DOT}|\.)[\w-]{{1,63}}){{0,5}}\b",
            re.IGNORECASE,
        ),
        0.9,
        lambda match: match.span() if re.search(r"[\[({]\s*(?:at|dot)\s*[\])}]", match[0], re.IGNORECASE) else None,
    ),
    Rule(
        "EMAIL",
        re.compile(
            rf"(?<![\w+-])[\w+-]{{1,63}}(?:(?:\.| dot )[\w+-]{{1,63}}){{0,5}}"
            rf" at [\w-]{{1,63}}(?:(?: dot |\.)[\w-]{{1,63}}){{0,5}} dot {_TOP}\b",
            re.IGNORECASE,
        ),
        0.8,
        None,
        " dot ",
    ),
    Rule("PHONE", _STATED, 0.9, _is_stated_phone),
    Rule("PHONE", _NUMBER, 0.8, _is_phone),
)
