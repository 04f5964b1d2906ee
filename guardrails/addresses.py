"""Street addresses: a street with its number, and what follows it (flat, town, postcode). A town or country alone stays."""

from __future__ import annotations

import re

from guardrails.rules import Rule

_WORD = r"[^\W\d_][\w'’.-]{0,30}"
_CAPITAL = r"(?-i:[A-ZÀ-ÖØ-ÞĀ-ŽΑ-ΩА-Я])[\w'’.-]{0,30}"
_KIND = (
    r"(?:street|str|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|square|sq"
    r"|terrace|highway|hwy|"
    r"parkway|pkwy|close|crescent|circle|trail|alley|mews|quay)\b\.?"
)
_SUFFIX = (
    r"(?:stra(?:ß|ss)e|strasse|str\.|gasse|platz|allee|weg|ufer|lände|damm|steig|laan|straat|steenweg"
    r"|plein|plaats|dreef|kade|"
    r"gata|gatan|vägen|vegen|veien|väg|vej|gade|gate|tie|katu|polku|tänav|utca|ulica|ulice|cesta|trg)"
)
_PREFIX = (
    r"(?:rue|via|viale|vicolo|piazza|corso|largo|calle|c/|avenida|avda?\.?|plaza|paseo|camino|camiño"
    r"|carrera|rua|r\.|avenue|"
    r"boulevard|bd\.?|chemin|allée|impasse|quai|ulica|ul\.|aleja|al\.|nám\.|strada|str\.|λεωφόρος|οδός"
    r"|ул\.|улица|jalan|jl\.)"
)
_PARTICLES = (
    r"(?:(?:de|du|des|del|della|dalla|di|da|do|dos|das|la|le|les|los|las|el|van|von|der|den|ibn|al|und|y"
    r"|e)\s+|d['’]|l['’])*"
)
_NUMBER = r"\d{1,5}(?:\s?[-/]\s?\d{1,4})?[a-zA-Z]?\b"
_UNIT = r"(?:apt|apartment|suite|ste|unit|flat|floor|room)\b\.?\s*\#?\w{1,5}\b|\#\s?\d{1,5}\b"
_TOWN = rf"{_CAPITAL}(?:[ -](?:{_CAPITAL}|de|of|the|and|la|le|di|sur|am)){{0,5}}"
_POSTCODE = r"(?-i:[A-Z]{1,2}\d[A-Z\d]?\ ?\d[A-Z]{2})|(?-i:[A-Z]{1,3}[ -])?\d{4,5}(?:-\d{4})?(?:\ ?(?-i:[A-Z]{2}))?"
_TAIL = rf"""(?:
      (?:\s*,\s*|\s+)(?:{_UNIT})
    | \s*[,\n]\s*(?:{_POSTCODE})\b(?:\s+{_TOWN})?
    | \s*[,\n][\s,]*{_TOWN}(?:[,\s]+(?:{_POSTCODE})\b)
    | \s*[,\n][\s,]*(?-i:[A-Z]{{2}})\b(?:\s+(?:{_POSTCODE})\b)?
    | \s+(?-i:[A-Z]{{1,2}}\d[A-Z\d]?\ \d[A-Z]{{2}})\b
    ){{0,4}}"""
_STREETS = rf"""(?<![\w'’.-])(?:
      (?:\d{{1,4}}\ )?{_NUMBER},?\ (?:{_CAPITAL}\ ){{1,4}}{_KIND}                       # 221B Baker Street
    | (?:\d{{1,4}}\ )?(?:{_CAPITAL}[ -]){{0,2}}{_WORD}{_SUFFIX}\ {_NUMBER}              # Untere Donaulände 33
    | (?:\d{{1,4}}\ )?{_CAPITAL}\ (?:ulica|utca|tee|tie|trg|tänav|weg|allee|platz)\ {_NUMBER}   # Gosposka ulica 47
    | (?:{_NUMBER},?\ )?{_PREFIX}\ {_PARTICLES}{_CAPITAL}(?:\ {_PARTICLES}{_CAPITAL}){{0,3}},?\ {_NUMBER}   # Via Pisanelli 89
    | {_NUMBER},?\ {_PREFIX}\ {_PARTICLES}{_CAPITAL}(?:\ {_PARTICLES}{_CAPITAL}){{0,3}}  # 12, rue de Rivoli
    )"""
_STREET = re.compile(_STREETS + _TAIL, re.VERBOSE | re.IGNORECASE)
_BOX = re.compile(rf"(?<![\w.])(?:\d{{1,4}}\s)?P\.?\s?O\.?\s?Box\s+\d{{1,6}}\b{_TAIL}", re.VERBOSE | re.IGNORECASE)
_MILITARY = re.compile(
    r"\b(?:(?:PSC|Unit)\s\d+,?\sBox\s\d+|US[A-Z]{1,3}\s\w+)\s+[AFD]PO\s+A[AEP]\s\d{5}\b", re.IGNORECASE
)
_LINES = r"(?:[\s,>?]*\n[\s,>?]*[^\n\d]{2,40}){0,3}?(?:[\s,>?]+\d{4,5}\b)"
_WITH_UNIT = re.compile(
    rf"""(?<![\w'’.-])(?:\d{{1,4}}\ (?:(?:{_WORD}|\d{{1,5}}(?:th|st|nd|rd)?)\ ){{0,5}}?)?(?:{_WORD}\ ){{0,3}}(?:{_WORD}|{_NUMBER})
    [\s,>?]+(?:apt|apartment|suite|ste)\b\.?\s*\#?\d{{1,5}}\b(?:{_LINES}|{_TAIL})""",
    re.VERBOSE | re.IGNORECASE,
)
_WITH_POSTCODE = re.compile(
    rf"(?<![\w'’.-])\d{{1,4}}\ (?:{_CAPITAL}\ ){{1,4}}{_NUMBER}[\s,]+{_TOWN}[\s,]+(?:(?-i:[A-Z]{{2,3}})[\s,]+)?\d{{4,5}}\b",
    re.VERBOSE | re.IGNORECASE,
)
_STATED = re.compile(
    rf"\b(?:address(?:es)?|live|lives|living|located|reside|resides|ship\ to|office\ is\ at|taxi\ to"
    rf"|sent?\ to|card\ to|one\ to)\b[^.\d]{{0,40}}?"
    rf"(?P<value>\d{{1,4}}\ (?:{_WORD}\ ){{1,4}}{_NUMBER}{_TAIL})",
    re.VERBOSE | re.IGNORECASE,
)

ADDRESS_RULES = (
    Rule("ADDRESS", _WITH_UNIT, 0.85),
    Rule("ADDRESS", _STREET, 0.85),
    Rule("ADDRESS", _BOX, 0.9),
    Rule("ADDRESS", _MILITARY, 0.9),
    Rule("ADDRESS", _WITH_POSTCODE, 0.8),
    Rule("ADDRESS", _STATED, 0.7),
)
