"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re

from guardrails.checksums import digits_of, is_gtin
from guardrails.rules import Rule

_OPEN, _CLOSE = r"[\[({<]\s*", r"\s*[\])}>]"
_AT = rf"\s*{_OPEN}(?:at|ät|@|arroba|chez|klammeraffe){_CLOSE}\s*"
_DOT = rf"\s*{_OPEN}(?:dot|punkt|punto|point|\.){_CLOSE}\s*"
_TOP = (
    r"(?:com|org|net|edu|gov|info|biz|io|dev|app|co|eu|uk|de|fr|es|it|nl|at|ch|be|se|no|dk|fi|pl|pt|ie|us|ca|au|nz|in"
    r"|jp|br|mx|ru|cz|gr|hu"
    r"|ro|tr|za|example|test)"
)
_SEPARATOR = r"[ .\-/\u00a0\u2011\u2013]"
_EXTENSION = r",?\s?(?:x|ext\.?|extension|poste|durchwahl|dw)\s?\d{1,5}"

_NUMBER = re.compile(
    rf"""(?<![\w.+#/-])(?:
      \+\d{{1,3}}(?:{_SEPARATOR}{{0,2}}\(?\d{{1,5}}\)?){{2,6}}                       # +44 (0)20 7946 0018
    | 00[1-9]\d{{0,2}}(?:{_SEPARATOR}\(?\d{{1,10}}\)?){{2,6}}                      # 0049 30 901820, 0043 1 234567890
    | 00[1-9]\d{{9,13}}                                                           # 00493090182000
    | 8[ -]?\(\d{{3,5}}\)(?:{_SEPARATOR}?\d{{1,3}}){{3,4}}                        # 8 (912) 345-67-89
    | 8{_SEPARATOR}\d{{3,4}}{_SEPARATOR}\d{{2,3}}-\d\d-\d\d                        # 8 0152 45-09-11
    | \(0[ -]?\d{{1,4}}(?:\ \d)?\)\ ?\d{{2,8}}(?:{_SEPARATOR}\d{{2,5}}){{0,3}}     # (06 1) 234 5678, (0-312) 34567
    | (?:1{_SEPARATOR})?\([2-9]\d\d\)\ ?\d{{3}}{_SEPARATOR}\d{{4}}                 # (312) 555-0142
    | (?:1{_SEPARATOR})?[2-9]\d\d(?P<nanp>[ .\-\u2011])\d{{3}}(?P=nanp)\d{{4}}     # 312-555-0142
    | (?:1{_SEPARATOR})?[2-9]\d\d[ .\-/]\d{{3}}[.\-]\d{{4}}                        # 312 555-0142
    | \(\d{{2,5}}\){_SEPARATOR}?\d(?:{_SEPARATOR}?\d){{4,9}}                       # (030) 901820
    | 0\d(?P<pair>[ .\-])\d\d(?:(?P=pair)\d\d){{3}}                                # 01.23.45.67.89
    | 0\d{{1,4}}[ \-/]{{1,2}}\d{{2,9}}(?:[ \-]\d{{2,5}}){{0,4}}                    # 020 7946 0018
    | 0\d{{2,4}}\ ?/\ ?\d{{2,4}}(?:[ .\-]?\d{{2,4}}){{1,3}}                        # 0664 / 123 45 67
    | 0\d{{1,3}}[.]\d{{3}}[.]\d{{2,4}}(?:[.]\d{{2,4}})?                            # 079.123.45.67
    )(?:{_EXTENSION})?(?![\w]|[.\-/]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_TELEPHONE = (
    r"(?:tele)?phones?|tel(?:efon(?:o|nummer|szám)?|éfono|efone|éphone|efoon|efón)?|mob(?:ile?)?|móvil|celular"
    r"|cellulare|handy|cell(?:phone)?|fax"
    r"|whatsapp|viber|telegram|sms|hotline|landline|switchboard|voicemail|callback|rufnummer|durchwahl|gsm|tlf|puh|portable|numéro"
    r"|telefax|contact no|ph|т(?:ел)?|моб|电话|電話|手机|携帯|전화"
)
_STATED = re.compile(
    rf"""(?<!\w)(?:
      (?P<strong>{_TELEPHONE})
      (?:\s*(?:number|numbers|no|nr|num|\(?(?:home|work|office|mobile|cell|direct|private|privat|day|evening|m|w|h
        |o)\)?)\b)?[.:#)]*\s*
      (?:is|was|=|to|at|on|ist|es|est|è)?
    | (?P<field>(?:[a-z]+_)?(?:phone|mobile|tel|telephone|fax|cell)_?(?:number|no|nr|num)?)["']?\s*(?=[:=])
    | (?P<place>home|office|work|direct(?:\s+line)?|main|desk|private|emergency|toll[- ]free|reception|front\s+desk|evening
        |day(?:time)?)
      (?=\s*:)
    | (?P<personal>(?:call|dial|ring|text|reach|phone|contact|message|whatsapp|page|find|get)(?:ed|ing)?(?:\s+(?:hold|back))?
      (?:\s+(?:of|to))?\s+(?:me|us|him|her|them)(?:\s+back)?\s+(?:at|on|under|via))
    | (?:call|dial|ring|text|reach|phone|answering|calling|contact)(?:ed|ing)?(?:\s+(?:me|us|him|her|them|you|back))?
      (?:\s+(?:back|at|on|under|via))?
    | (?:my|our|your|his|her|their|contact|direct|private|home|work|office|mobile)\s+(?:(?:new|old|own|other|current|direct
        |private|home|work|office|mobile|cell|day|emergency|best)\s+){{0,2}}(?:number|no\.?|nr\.?|line)
      (?:['’]s|\s+(?:is|was|to|has\ changed\ to|changed\ to))?(?:\s+now)?
    )[:=\s"'|]{{1,4}}(?P<value>\+?\(?\d(?:{_SEPARATOR}?[()]?\d){{5,14}}(?:{_EXTENSION})?)(?![\w]|[.\-/]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_GROUPS = re.compile(
    r"(?<![\w.,+#/:-])(?:\d{2,4}(?P<sep>[ .\-\u00a0])\d{2,4}(?:(?P=sep)\d{2,4}){0,4}|\d{3}-\d{6,7}|\d{2}-\d{7,8}"
    r"|\d{3,4}[ -]\d{6}|\d{5}[ ]\d{5,6}|\d{8,11})"
    r"(?![\w]|[.,\-/:]\d|\s?(?:%|€|\$|£|eur\b|usd\b|gbp\b|kg\b|pcs\b|pieces\b|units\b|items\b|rows\b|ms\b|mb\b|gb\b))",
    re.IGNORECASE,
)
"""Digits in twos to fours, or many: a telephone only where the sentence speaks of one."""
_NAMES_PHONE = re.compile(rf"(?<!\w)(?:{_TELEPHONE})(?!\w)", re.IGNORECASE)
_SPEAKS_OF_PHONE = re.compile(
    rf"(?<!\w)(?:{_TELEPHONE}|call(?:s|ed|ing)?|dial(?:led|ed|ing)?|rings?|rang|reach(?:ed|able)?|texted"
    r"|contact(?:s|ed|able)?|get hold of|get in touch"
    r"|(?<!order )(?<!item )(?<!invoice )(?<!ticket )(?<!case )(?<!store )(?<!account )(?<!serial )(?<!version )number(?! of)"
    r"|ruf|anrufen|erreichbar|appelez|joindre|llamar|llámame|chiama(?:re|mi)?|bel(?:len)?|ring mig|zadzwoń)(?!\w)",
    re.IGNORECASE,
)
_NEAR_BEFORE, _NEAR_AFTER = 70, 30
_JOIN = r"[ \t]*(?:[,;|/·•(–-]|\b(?:at|on|and|or|und|oder|et|ou|y|o|e|tel)\b)[ \t(]*"
_AFTER_CONTACT = re.compile(rf"(?:@[\w-]+(?:\.[\w-]+)+|<(?:EMAIL|PERSON|ADDRESS|PHONE)(?:_[0-9a-v]{{6}})?>){_JOIN}$")
_BEFORE_CONTACT = re.compile(rf"\)?{_JOIN}(?:[\w.+-]+@\w|<EMAIL(?:_[0-9a-v]{{6}})?>)")
"""Beside somebody's address or name, as in "Anna Berg, 560 1234": what an earlier pass took stands as its placeholder."""
_OTHER_NUMBER = re.compile(
    r"\b(?:order|orders|po|so|purchase|sales|invoice|inv|sku|item|article|part|lot|batch|serial|store|terminal|register|till|"
    r"version|build|release|port|gtin|ean|upc|edi|asn|ticket|case|account|customer|vendor|supplier|document|doc|journal|"
    r"voucher|transaction|shipment|tracking|contract|kb|hotfix|id|ref|reference|code|isbn|model|between|from|range|"
    r"amount|total|price|qty|quantity)(?:\s*(?:no|nr|number|numbers|num|id)\b)?(?:\s+(?:is|was|are))?[\s.:#=]*$",
    re.IGNORECASE,
)
_PHONE_WORD = re.compile(r"phone|tel\b|mobile|cell|fax|call|hotline|whatsapp", re.IGNORECASE)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(rf"{_DAY}[-/. ]{_DAY}[-/. ](?:\d\d|(?:19|20)\d\d)|(?:19|20)\d\d[-/. ]{_DAY}[-/. ]{_DAY}")
_BEFORE = 28
"""Characters before a number that are read for a word that names it."""


_CONTEXT = 60
"""Characters before a number in which its name may stand."""


def said_before(match: re.Match[str], words: re.Pattern[str]) -> bool:
    return bool(words.search(match.string, max(0, match.start() - _CONTEXT), match.start()))


def names_another_number(match: re.Match[str]) -> bool:
    """Whether the words before the match say that it is an order, item, version… and not a telephone, card or person's id."""
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    return bool(_OTHER_NUMBER.search(before)) and not _PHONE_WORD.search(before)


def _is_phone(match: re.Match[str]) -> tuple[int, int] | None:
    digits = digits_of(re.split(r"x|ext", match[0], flags=re.IGNORECASE)[0])
    is_article = match[0].isdigit() and is_gtin(digits)  # 0012345678905
    plausible = 7 <= len(digits) <= 15 and len(set(digits)) > 1 and not is_article and not _DATE.fullmatch(match[0])
    return match.span() if plausible and not names_another_number(match) else None


def _is_stated_phone(match: re.Match[str]) -> tuple[int, int] | None:
    """After "phone:" and "call me at" a bare run of digits will do; after "call" it must be written as a telephone number is.
    Six digits are a whole number in small countries and old towns."""
    value = match["value"]
    believed = match["strong"] or match["personal"] or match["field"] or not value.isdigit()
    is_date = _DATE.fullmatch(value) and not (match["strong"] and " " in value)
    if not 6 <= len(digits_of(value)) <= 15 or is_date or not believed:
        return None
    return match.span("value")


def _is_near_phone(match: re.Match[str]) -> tuple[int, int] | None:
    """Whether the same sentence speaks of a telephone, before the number or shortly after, and of no other number just before."""
    digits = digits_of(match[0])
    if not 7 <= len(digits) <= 12 or len(set(digits)) == 1 or _DATE.fullmatch(match[0]) or names_another_number(match):
        return None
    text = match.string
    before = re.split(r"[.!;]\s|\n", text[max(0, match.start() - _NEAR_BEFORE) : match.start()])[-1]
    after = re.split(r"[.!?;]|\n|,", text[match.end() : match.end() + _NEAR_AFTER])[0]
    word = _NAMES_PHONE if match[0].isdigit() else _SPEAKS_OF_PHONE
    spoken_of = word.search(before) or word.search(after)
    return match.span() if spoken_of or (not match[0].isdigit() and _is_beside_a_contact(match)) else None


def _is_beside_a_contact(match: re.Match[str]) -> bool:
    text = match.string
    before = text[max(0, match.start() - _NEAR_BEFORE) : match.start()]
    return bool(_AFTER_CONTACT.search(before) or _BEFORE_CONTACT.match(text, match.end()))


def _is_line_of_its_own(match: re.Match[str]) -> tuple[int, int] | None:
    """In a signature or a card: nothing else on its line than perhaps T, M, P or F, which no order number is."""
    digits = digits_of(match["value"])
    is_written_so = re.search(r"\d[ .-]\d", match["value"]) or match["label"]
    plausible = 7 <= len(digits) <= 12 and len(set(digits)) > 2 and not _DATE.fullmatch(match["value"])
    return match.span("value") if plausible and is_written_so else None


_OWN_LINE = re.compile(
    r"(?:^|\n)[ \t>|*•-]*(?:(?P<label>[TMPFHWDC])[ \t]?[:.|][ \t]*)?"
    r"(?P<value>\d{2,4}(?:[ .-]?\d{2,4}){1,5})(?=[ \t|]*(?:\r?\n|$))"
)


def _is_spelled_out(match: re.Match[str]) -> tuple[int, int] | None:
    return match.span() if _SPELLED.search(match[0]) else None


_SPELLED = re.compile(rf"{_AT}|{_DOT}", re.IGNORECASE)
EMAIL_RULES = (
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
        _is_spelled_out,
    ),
    Rule(
        "EMAIL",
        re.compile(
            rf"(?<![\w+.-])(?:[\w+-]{{1,63}}(?:(?:\.| dot )[\w+-]{{1,63}}){{0,5}}"
            rf" at [\w-]{{1,63}}(?:(?: dot |\.)[\w-]{{1,63}}){{0,5}} dot {_TOP}"
            rf"|[^\W\d]\w{{0,30}}[._][^\W\d]\w{{0,30}} at (?:[\w-]{{1,63}}\.){{1,4}}{_TOP})\b",
            re.IGNORECASE,
        ),
        0.8,
    ),
    Rule(
        "EMAIL",
        re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}} ?@ ?(?:[\w-]{{1,63}} ?\. ?){{1,4}}{_TOP}(?![\w-])", re.IGNORECASE),
        0.8,
        None,
        "@",
    ),
)
PHONE_RULES = (
    Rule("PHONE", _STATED, 0.9, _is_stated_phone),
    Rule("PHONE", _NUMBER, 0.8, _is_phone),
    Rule("PHONE", _GROUPS, 0.6, _is_near_phone),
    Rule("PHONE", _OWN_LINE, 0.5, _is_line_of_its_own),
)
