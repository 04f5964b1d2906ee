"""Street addresses: a street with its number, and what follows (flat, town, postcode, country). A town or country alone stays."""

from __future__ import annotations

import re

from guardrails.name_cues import UPPER
from guardrails.proper_nouns import COUNTRIES
from guardrails.rules import Rule
from guardrails.vocabulary import COMMON_WORDS, ERP_WORDS, GIVEN_NAMES

_WORD = r"[^\W\d_][\w'’.-]{0,30}"
_CAPITAL = rf"(?-i:{UPPER})[\w'’.-]{{0,30}}"
_KIND = (
    r"(?:street|str|st|road|rd|avenue|ave|av|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|square|sq|terrace|ter|highway"
    r"|hwy|parkway|pkwy|close|crescent|cres|circle|cir|trail|trl|alley|mews|quay|grove|gardens|row|walk|hill|rise|park|plaza|loop"
    r"|pike|turnpike|expressway|broadway|green|wharf|marg|nagar|caddesi|cad|sokak|sok|sk)\b\.?"
)
_SUFFIX = (
    r"(?:stra(?:ß|ss)e|stasse|str\.|gasse|platz|allee|weg|lände|damm|steig|graben|pfad|stieg|chaussee|twiete|laan"
    r"|straat|steenweg|plein"
    r"|plaats|dreef|gracht|singel|dijk|baan|gata|gatan|vägen|vegen|veien|vegur|väg|stræti|stræde|torget|torv|gränd"
    r"|stigen|katu|kuja|polku"
    r"|tänav|puiestee|utca|ulica|ulice|(?-i:(?<=[a-zà-ž])(?:veg|vei|vej|gade|bakken|bakke|tie|cesta|trg|skeid)))"
)
_AFTER_NAME = (
    r"(?:ulica|ulice|utca|u\.|út|útja|tér|tere|körút|rakpart|fasor|sétány|tee|tn|pst|mnt|tie|trg|cesta|tänav|weg|allee"
    r"|platz|ring|stra(?:ß|ss)e"
    r"|odboje|náměstí|nám\.|třída|nábřeží|gatve|iela|bulvaras|prospekt|straße)"
)
_PREFIX = (
    r"(?:rue|via|viale|vicolo|piazza|piazzale|corso|largo|strada|contrada|calle|cl\.|c/|c\.|avenida|avda?\.?|av\."
    r"|plaza|pza\.?|paseo"
    r"|pº|camino|camiño|carretera|ctra\.?|ronda|travesía|carrera|cra\.?|calz\.?|rua|r\.|r|travessa|praça|alameda|estrada|rodovia"
    r"|avenue|av|boulevard|bd\.?|blvd\.?|chemin|allée|impasse|quai|place|cours|route|passage|square|ulica|ul\.|aleja"
    r"|al\.|aleje|os\.|pl\."
    r"|nám\.|str\.|calea|bulevardul|b-dul|λεωφόρος|λ\.|οδός|ул\.|улица|пр\.|проспект|пер\.|вул\.|бул\.|jalan|jl\.|zona"
    r"|lot|postfach)"
)
_PARTICLES = (
    r"(?:(?:de|du|des|del|dell|della|delle|degli|dei|dalla|di|da|do|dos|das|la|le|les|los|las|el|van|von|zum|zur|der|den|dem|am|an"
    r"|im|in|auf|ibn|al|und|y|e|et|i)\s+|d['’]|l['’]|dell['’])*"
)
_NUMBER = r"\d{1,5}(?:\s?[-/]\s?\d{1,4})?(?:\s?[a-zA-Z]|\s?(?:bis|ter))?\b\.?"
_UNIT = (
    r"(?:apt|apartment|appt|app|suite|ste|unit|flat|floor|fl|room|rm|whg|wohnung|etage|stock|og|top|stiege|piso|puerta"
    r"|esc|int|interno"
    r"|scala|bât|bat|appartement|m\.|lok|box|bldg|building|block|tower|level|lvl)\b\.?\s*\#?\w{1,5}\b|\#\s?\d{1,5}\b"
    r"|\d{1,2}(?:st|nd|rd|th|er|º)\ (?:floor|étage|piso)\b|\d{1,2}\s?º\s?\w{1,3}\b"
)
_POSTCODE = (
    r"(?:(?-i:[A-Z]{1,2}\d[A-Z\d]?\ ?\d[A-Z]{2})|(?-i:[A-Z]\d[A-Z]\ ?\d[A-Z]\d)|\d{4}\ ?(?-i:[A-Z]{2})\b"
    r"|(?:(?-i:[A-Z]{1,3}|nan)[ -])?"
    r"\d{4,6}(?:-\d{3,4})?|\d{3}\ \d{2}|\d{2}-\d{3}|\d{5}-\d{3}|〒?\d{3}-\d{4})(?!\w|[.,]\d)"
)
_TOWN = (
    rf"{_CAPITAL}(?:(?:[ -]|['’])(?:{_CAPITAL}|de|del|des|of|the|and|la|le|les|di|do|dos|da|sur|am|an|der|im|upon"
    rf"|na|nad|u|i|by|\d{{1,2}}\b)){{0,5}}"
)
_COUNTRY = "(?:" + "|".join(re.escape(name) for name in sorted(COUNTRIES, key=len, reverse=True)) + r")(?!\w)"
_STREETS = rf"""(?<![\w'’.-])(?:
      (?:\d{{1,4}}\ )?{_NUMBER},?\ (?:{_CAPITAL}\ ){{1,4}}{_KIND}                       # 221B Baker Street
    | (?:\d{{1,4}}\ )?(?:{_CAPITAL}[ -]){{0,2}}{_WORD}{_SUFFIX}\ {_NUMBER}              # Untere Donaulände 33
    | (?:\d{{1,4}}\ )?(?:{_CAPITAL}\ ){{1,3}}{_AFTER_NAME}\ {_NUMBER}                   # Gosposka ulica 47
    | (?:\d{{1,4}}\ )?(?:(?:Am|An|Auf|Im|In|Zum|Zur|Unter|Hinter|Vor)(?:\ (?:dem|der
      |den))?\ ){_CAPITAL}(?:\ {_CAPITAL})?\ {_NUMBER}(?=\s*[,\n]\s*(?:D-)?\d{{4,5}}\b)  # Am Anger 5, 07743
    | (?:{_NUMBER},?\ )?{_PREFIX}\ {_PARTICLES}{_CAPITAL}(?:\ {_PARTICLES}{_CAPITAL}){{0,4}},?\ (?:n[º°.]\ ?
      |nr\.?\ )?{_NUMBER}   # Via Pisanelli 89
    | {_NUMBER},?\ {_PREFIX}\ {_PARTICLES}{_CAPITAL}(?:\ {_PARTICLES}{_CAPITAL}){{0,4}}  # 12, rue de Rivoli
    )"""
_STREET = re.compile(_STREETS, re.VERBOSE | re.IGNORECASE)
_CORNER = re.compile(
    rf"(?<!\w)(?:the\ )?corner\ of\ [^\n,]{{3,60}}?\ (?:and|&)\ (?:(?:{_WORD}\ ){{1,3}}{_KIND}|{_STREETS})",
    re.VERBOSE | re.IGNORECASE,
)
_BOX = re.compile(
    r"(?<![\w.])(?:\d{1,4}\s)?(?:P\.?\s?O\.?\s?Box|Postfach|Postbus|Boîte Postale|Apartado(?: de correos)?"
    r"|Casella Postale|Postboks)"
    r"\s+\d{1,6}\b",
    re.IGNORECASE,
)
_MILITARY = re.compile(
    r"\b(?:(?:PSC|CMR|Unit)\s\d+,?\sBox\s\d+|US[A-Z]{1,3}\s\w+)\s+[AFD]PO\s+A[AEP]\s\d{5}\b", re.IGNORECASE
)
_WITH_UNIT = re.compile(
    rf"""(?<![\w'’.-])(?:\d{{1,4}}\ (?:(?:{_WORD}|\d{{1,5}}(?:th|st|nd|rd)?)\ ){{0,5}}?)?(?:{_WORD}\ ){{0,3}}(?:{_WORD}|{_NUMBER})
    [\s,>?]+(?:apt|apartment|suite|ste)\b\.?\s*\#?\d{{1,5}}\b""",
    re.VERBOSE | re.IGNORECASE,
)
_WITH_TOWN = re.compile(
    rf"""(?<![\w'’.-])(?:\d{{1,4}}\ )?{_CAPITAL}(?:\ {_PARTICLES}{_CAPITAL}){{0,4}},?\ {_NUMBER}
    (?=[\s,]*[,\n][\s,]*(?:{_POSTCODE}\s+{_TOWN}|{_TOWN}[\s,]*[,\n\s][\s,]*(?:(?-i:[A-Z]{{2,3}}
      |nan)[\s,]+)?(?:{_POSTCODE}|{_COUNTRY})))""",
    re.VERBOSE | re.IGNORECASE,
)
_STATED = re.compile(
    rf"\b(?:address(?:es)?|live|lives|living|located|reside|resides|ship\ to|deliver\ to|office\ is\ at|taxi\ to"
    rf"|sent?\ to|card\ to|one\ to|wohne?n?|wohnhaft|anschrift|adresse|dirección|domicilio|indirizzo|endereço"
    rf"|adres)\b[^.\d\n]{{0,40}}?"
    rf"(?P<value>\d{{1,4}}\ (?:{_WORD}\ ){{1,4}}{_NUMBER})",
    re.VERBOSE | re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?<!ip )(?<!mail )(?<!e-mail )(?<!mac )(?<!web )(?<!url )\b(?:(?:home|postal|mailing|street|private|billing"
    r"|shipping|delivery|residential)\ address"
    r"|anschrift|wohnort|adresse|dirección|domicilio|indirizzo|endereço|adres|adress)\s*[:=]\s*(?P<value>[^\n|;<>@]{8,120})",
    re.IGNORECASE,
)
_POSTCODE_STATED = re.compile(
    r"\b(?:post\ ?code|zip(?:\ code)?|plz|postleitzahl|code postal|cap|código postal)\s*(?:is|:"
    r"|=)\s*(?P<value>(?-i:[A-Z]{1,2}\d[A-Z\d]?\ ?\d[A-Z]{2}))\b",
    re.IGNORECASE,
)
_AMBIGUOUS_KIND = re.compile(
    r"\b(?:drive|row|park|loop|plaza|walk|way|place|court|rise|green|close|square|terrace|circle|sk|cir|ter|trl|pike"
    r"|hill|st|pl|dr|av)\.?$",
    re.IGNORECASE,
)
_TAIL_PARTS = tuple(
    re.compile(expression, re.VERBOSE | re.IGNORECASE)
    for expression in (
        rf"[\s,>?|]{{1,8}}(?:{_UNIT})",
        rf"\s?[\s,>?|–-]{{1,8}}(?:{_POSTCODE})(?:[\s>?]{{1,5}}(?!{_COUNTRY}){_TOWN}(?=\s*(?:[,.;?!\n)]|$)))?",
        rf"[\s,>?|]{{1,8}}{_COUNTRY}",
        rf"\s*[,\n][\s,>?|]*(?-i:[A-Z]{{2,3}}|nan|\d{{2}})(?=[\s,]+(?:{_POSTCODE}|{_COUNTRY}))",
        r"\s*,\s*(?-i:[A-Z]{2})\b(?=\s*(?:[.;\n)]|$))",
        rf"[\s,>?|]{{1,8}}{_TOWN}?(?=[\s,>?|]+(?:(?-i:[A-Z]{{2,3}}|nan)[\s,]+)?(?:{_COUNTRY}|{_POSTCODE}))",
        rf"\s*[,\n][\s,>?|]*(?P<town>{_TOWN})(?=\s*(?:[,.;?!\n)]|$))",
        rf"\s*[,\n][\s,>?|]*[^\W\d_][^\W_ ]*(?:\ [^\W\d_]+){{0,3}}(?=[\s,>?|]+(?:{_COUNTRY}|{_POSTCODE}))",
    )
)
"""What may follow a street, tried in this order and again after each: flat, postcode, country, region, town."""
_LONGEST_TAIL = 7
_TAIL_CHARS = 90


def _whole(match: re.Match[str]) -> tuple[int, int] | None:
    """The street, and its tail."""
    start, end = match.span("value") if "value" in match.re.groupindex else match.span()
    text = match.string
    for _ in range(_LONGEST_TAIL):
        for part in _TAIL_PARTS:
            tail = part.match(text, end, end + _TAIL_CHARS)
            if tail and tail.end() > end and not _begins_anew(tail):
                end = tail.end()
                break
        else:
            break
    return start, end


def _street(match: re.Match[str]) -> tuple[int, int] | None:
    """ "2 Sales Drive" and "3 Item Row" end like streets: those kinds are believed only of words that support text has not."""
    words = re.findall(r"[^\W\d_]+", match[0])
    if _AMBIGUOUS_KIND.search(match[0]) and any(word.casefold().removesuffix("s") in ERP_WORDS for word in words):
        return None
    return _whole(match)


def _begins_anew(tail: re.Match[str]) -> bool:
    """A line of its own after the street that is rather a name or a heading than a town."""
    town = tail.groupdict().get("town")
    if not town:
        return False
    first = re.split(r"[\s-]", town)[0].casefold()
    return first in GIVEN_NAMES or first in ERP_WORDS or first in COMMON_WORDS


def _street_of_names(match: re.Match[str]) -> tuple[int, int] | None:
    """No word of the street is one of support text: "Store 12, 4500 Units" is no address."""
    words = re.findall(r"[^\W\d_]+", match[0])
    if any(word.casefold() in ERP_WORDS or word.casefold().removesuffix("s") in ERP_WORDS for word in words):
        return None
    return _whole(match)


def _labelled(match: re.Match[str]) -> tuple[int, int] | None:
    """A line after "address:" that has a number and a word, up to the end of its sentence."""
    value = re.split(r"\.\s+(?=[A-ZÀ-Þ][a-z])|\s{2,}", match["value"])[0].rstrip(" .,;")
    if not re.search(r"\d", value) or not re.search(r"[^\W\d_]{3,}", value) or " " not in value or "://" in value:
        return None
    return match.start("value"), match.start("value") + len(value)


ADDRESS_RULES = (
    Rule("ADDRESS", _LABELLED, 0.8, _labelled),
    Rule("ADDRESS", _CORNER, 0.8, _whole, "corner"),
    Rule("ADDRESS", _WITH_UNIT, 0.85, _whole),
    Rule("ADDRESS", _STREET, 0.85, _street),
    Rule("ADDRESS", _BOX, 0.9, _whole),
    Rule("ADDRESS", _MILITARY, 0.9),
    Rule("ADDRESS", _WITH_TOWN, 0.8, _street_of_names),
    Rule("ADDRESS", _STATED, 0.7, _whole),
    Rule("ADDRESS", _POSTCODE_STATED, 0.8),
)
