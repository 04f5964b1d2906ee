"""Which stretches of a text are people's names: what NER proposes and what the words around it say, sieved by shape and vocabulary.

spaCy's small model scores every name the same and takes forms, fields and sentence beginnings for people, so its proposals
are not believed alone. Its misses on accented and rare names are what greetings, signatures and labels make up for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guardrails.rules import PLACEHOLDER, Finding
from guardrails.vocabulary import COMMON_WORDS, ERP_WORDS, GIVEN_NAMES, WORDS_AND_NAMES

_UPPER = r"[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶŁĻĽŃŅŇŌŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽȘȚΑ-ΩА-Я]"
_PARTICLE = r"(?:de|da|do|dos|das|del|della|di|du|la|le|van|von|vom|zu|zur|der|den|ten|ter|bin|bint|ibn|al|el|af|av|y)"
_TOKEN = rf"{_UPPER}[^\W\d_]*(?:['’.-](?:{_UPPER})?[^\W\d_]+)*"
_SHAPE = rf"{_TOKEN}(?:\ (?:{_UPPER}\.|(?:{_PARTICLE}\ ){{0,3}}{_TOKEN})){{0,3}}"
_HONORIFIC = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Hr|Fr|Mme|Mlle|Sra?|Señora?|Signora?|Sig)\b\.?"
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_FULL_SHAPE = re.compile(_SHAPE)


def _cue(before: str, *, after: str = "", flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """A cue is read without regard to case, the name after it is not."""
    return re.compile(rf"{before}(?P<value>(?-i:(?:{_HONORIFIC}\ )?{_SHAPE})){after}", flags)


_CUES = (
    _cue(
        r"\b(?:dear|hi|hello|hey|hallo|bonjour|hola|ciao|guten tag|liebe[r]?|moin)[ ,]{1,2}",
        after=r"(?=\s*[,!.:;\n–-]|\s*$)",
    ),
    _cue(
        r"\b(?:regards|wishes|thanks|thank you|cheers|sincerely|yours|best|grüße|grüßen|gruß|cordialement"
        r"|saludos|saluti|cumprimenti)"
        r"[^\S\n]*[,.!]?[ \t]*\n[\s]*",
        after=r"(?=\s*(?:\n|$|,|\|))",
        flags=re.IGNORECASE,
    ),
    _cue(
        r"\b(?:(?:my|his|her|their|maiden|first|last|full|given|family|sur|contact|customer|caller|employee"
        r"|cashier|manager|user)[ -]?name"
        r"(?:'s|\s+is|\s+was)|(?:contact(?:[ ](?:person|name))?|attn|attention|caller|name|full name"
        r"|requester|requested by|reported by|"
        r"created by|approved by|signed by|assigned to|written by|submitted by|escalated by|account holder"
        r"|cardholder)\s*:)\s*",
    ),
    _cue(
        r"\b(?:spoke|speak|speaking|spoken|talk|talked|talking|chatted|met|meeting|followed up|follow up"
        r"|reach(?:ed)? out)\s+(?:to|with)\s+"
    ),
    _cue(r"\b(?:said|starring|directed by|here's|here’s)\s+"),
    re.compile(
        rf"(?<!\w)(?P<value>{_SHAPE})(?=['’]s (?:address|e-?mail|phone|mobile|number|password|manager|birthday"
        rf"|salary|laptop|name|"
        r"request|complaint)\b|,? (?:said|says|asked|told|wrote|phoned|rang|emailed|complained|replied)\b)"
    ),
    _cue(
        r"\b(?:this is|i am|i'm|i’m|on behalf of|everyone calls me|call me|kind of|signed,)\s+",
        after=r"(?=\s*(?:[,.!?\n]|from|at|in|speaking|calling|and|$))",
    ),
    re.compile(rf"(?<!\w)(?P<value>{_HONORIFIC}\ {_SHAPE})"),
)
_STATED_LOWER = re.compile(
    r"\b(?i:my|her|his|their) name(?: is|['’]s) (?P<value>[^\W\d_]{2,}(?: [^\W\d_]{2,})?)(?=\s*[.,!?\n]|\s*$|\s+and\b)"
)
_UI_NOUN = re.compile(
    r"\s+(?:form|field|tab|button|page|parameters?|journal|report|list|menu|dialog|wizard|module"
    r"|workspace|fasttab|pane|check|grid|"
    r"table|group|type|code|account|process|server|service|company|inc|ltd|llc|gmbh|box|column|window"
    r"|section|option|role|screen|"
    r"street|road|avenue|lane|drive|str|apt|suite|city|airport|university|hotel|store|shop|model|printer"
    r"|software|system)\b",
    re.IGNORECASE,
)
_UI_VERB = re.compile(
    r"\b(?:click|select|press|tap|choose|open|enter|expand|double-click|drag|the|a|an|each|this|these"
    r"|that|in|at|via|into|from|near|visit)"
    r"\s+[*_`\"“']*$",
    re.IGNORECASE,
)
_LISTED = re.compile(rf"(?<![\w-])(?P<value>{_TOKEN}(?:\ (?:{_PARTICLE}\ ){{0,2}}{_TOKEN}){{0,2}})(?!\w)")


@dataclass(frozen=True, slots=True)
class Entity:
    """What NER proposes, in characters of the whole text. Named as spaCy's spans are, since Presidio's recognisers read those.

    `is_word`: it is one word that the model also knows in lower case, so rather "Behind" than "Lindgren".
    """

    label_: str
    start_char: int
    end_char: int
    is_word: bool = False


def _fold(token: str) -> Iterator[str]:
    """The word and what it may be a form of: fields → field, entries → entry, invoicing → invoice, posted → post."""
    word = token.casefold().strip("'’.-")
    yield word
    for suffix, replacement in (
        ("'s", ""),
        ("’s", ""),
        ("ies", "y"),
        ("es", ""),
        ("s", ""),
        ("ing", ""),
        ("ing", "e"),
        ("ed", ""),
        ("ed", "e"),
    ):
        if word.endswith(suffix):
            yield word.removesuffix(suffix) + replacement


def is_vocabulary(token: str) -> bool:
    """A word of support text, in any of its simple forms."""
    return any(form in ERP_WORDS or form in COMMON_WORDS for form in _fold(token))


def is_given_name(token: str) -> bool:
    return token.casefold() in GIVEN_NAMES


def _tokens(value: str) -> list[str]:
    return _LETTERS.findall(re.sub(rf"^{_HONORIFIC}\s+", "", value))


def _plausible(value: str, *, full: bool = False) -> bool:
    """The shape of a name: no digits, codes or vocabulary; with `full`, at least two capitalised words."""
    words = [word for word in _tokens(value) if not re.fullmatch(_PARTICLE, word)]
    if not words or any(c.isdigit() or c in "<>/\\|=_@#" for c in value):
        return False
    if any(len(word) > 3 and word.isupper() for word in words) or all(len(word) == 1 for word in words):
        return False
    if any(is_vocabulary(word) for word in words):
        return False
    return not full or (len(words) >= 2 and all(word[0].isupper() for word in words))


def needs_ner(text: str) -> bool:
    """Whether any word could be part of a name. Most lines of documentation have none, and NER is 15 times what all else costs."""
    return any(match[0][0].isupper() and not is_vocabulary(match[0]) for match in _LETTERS.finditer(text))


def from_cues(text: str) -> Iterator[Finding]:
    """Names that the words around them announce: greetings, signatures, labels, honorifics. No model."""
    for cue in _CUES:
        for match in cue.finditer(text):
            value = _trimmed(match["value"])
            if _plausible(value):
                yield Finding("PERSON", match.start("value"), match.start("value") + len(value), 0.85)
    for match in _STATED_LOWER.finditer(text):
        if _plausible(match["value"]):
            yield Finding("PERSON", *match.span("value"), 0.7)


def from_lists(text: str) -> Iterator[Finding]:
    """A frequent given name, with the surname after it where there is one. No model."""
    if not any(map(str.isupper, text)):
        yield from _lower_case(text)
    for match in _LISTED.finditer(text):
        words = _tokens(match["value"])
        start = match.start("value")
        if not words or not is_given_name(words[0]) or not _plausible(match["value"]):
            continue
        if len(words) == 1 and _in_interface(text, start, match.end("value")):
            continue
        yield Finding("PERSON", start, match.end("value"), 0.75 if len(words) > 1 else 0.6)


def _lower_case(text: str) -> Iterator[Finding]:
    """In a message typed without capitals a given name is all there is to go by."""
    for match in re.finditer(r"(?<![\w@.-])[^\W\d_]{4,}(?![\w@])", text):
        if not is_given_name(match[0]) or match[0] in WORDS_AND_NAMES:
            continue
        surname = re.compile(r" ([^\W\d_]{3,})(?![\w@])").match(text, match.end())
        is_name = surname is not None and not is_vocabulary(surname[1]) and surname[1] not in WORDS_AND_NAMES
        yield Finding("PERSON", match.start(), surname.end() if surname and is_name else match.end(), 0.6)


def from_entities(text: str, entities: Sequence[Entity]) -> Iterator[Finding]:
    """What NER proposes, where shape and surroundings agree. Another label than PERSON needs a frequent given name first."""
    for entity in entities:
        value = text[entity.start_char : entity.end_char]
        for part in re.finditer(r"[^\n,;/&()]+", value):
            start, end = entity.start_char + part.start(), entity.start_char + part.end()
            start += len(text[start:end]) - len(text[start:end].lstrip(" '\"“”*_-"))
            end = start + len(_trimmed(text[start:end]))
            if start < end and _believed(text, start, end, entity):
                yield Finding("PERSON", start, end, 0.7)


def _believed(text: str, start: int, end: int, entity: Entity) -> bool:
    value = text[start:end]
    words = _tokens(value)
    if not _plausible(value) or PLACEHOLDER.search(value) or _UI_NOUN.match(text, end):
        return False
    if entity.label_ != "PERSON":
        return is_given_name(words[0]) and (len(words) > 1 or not _in_interface(text, start, end))
    if len(words) > 1:
        return _plausible(value, full=True) or is_given_name(words[0])
    lone_word = entity.is_word and not is_given_name(words[0])
    return len(value) > 2 and value[0].isupper() and not lone_word and not _in_interface(text, start, end)


def _in_interface(text: str, start: int, end: int) -> bool:
    """Whether a lone capitalised word is rather a button, a place or a thing: "click Max", "the Jackson page", "in Georgia"."""
    return bool(_UI_VERB.search(text, max(0, start - 24), start) or _UI_NOUN.match(text, end))


def _trimmed(value: str) -> str:
    """Without what a greedy match or NER drags along: a possessive, punctuation, a last word that is none of a name's."""
    value = re.sub(r"(?:['’]s|[\s'\"“”*_.,:;!?-])+$", "", value)
    while " " in value and is_vocabulary(value.rsplit(" ", 1)[1]):
        value = value.rsplit(" ", 1)[0].rstrip(" '\"“”*_.,:;!?-")
    return value


def find_names(text: str, entities: Sequence[Entity]) -> list[Finding]:
    """The longest first, so that "Anna Berg" is not cut short by "Anna"."""
    found = [*from_cues(text), *from_lists(text), *from_entities(text, entities)]
    return sorted(found, key=lambda finding: (finding.start - finding.end, finding.start))
