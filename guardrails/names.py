"""Which stretches of a text are people's names: what NER proposes and what the words around it say, sieved by shape and vocabulary.

spaCy's small model scores every name the same and takes forms, fields and sentence beginnings for people, so its proposals
are not believed alone. Its misses on accented and rare names are what cues (`name_cues`) and the gazetteer make up for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from guardrails import gazetteer
from guardrails.name_cues import (
    ACCOUNT,
    HONORIFIC,
    INITIALS,
    LISTED,
    LOWER,
    LOWER_SIGNED,
    LOWER_STATED,
    PARTICLE,
    REVERSED,
    STRONG,
    WEAK,
)
from guardrails.proper_nouns import BRANDS, COUNTRIES, MONTHS_AND_DAYS, PLACES
from guardrails.rules import PLACEHOLDER, Finding
from guardrails.vocabulary import COMMON_WORDS, ERP_WORDS, GIVEN_NAMES, WORDS_AND_NAMES

_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_HONORIFICS = re.compile(rf"^(?:{HONORIFIC}\s+)+", re.IGNORECASE)
_PARTICLE = re.compile(PARTICLE)
_CODE = re.compile(r"[\d<>/\\|=_@#{}\[\]`*$]")
_COUNTRY_WORDS = frozenset(word.casefold() for country in COUNTRIES for word in country.split())
_SURNAME_ENDING = re.compile(
    r"\w{2,}(?:[^aeiou]ov|[^aeiou]ev|ova|eva|enko|vić|vic|wicz|ski|sky|ská|ska|czyk|czak|ssen|nsen|rsen|lsen|sson|nsson|dóttir"
    r"|dottir|shvili|adze|oğlu|oglu|opoulos|poulou|akis|idis|iadis|escu|yan|szky|ström|qvist|berg|mann|stein)"
)
"""Endings that surnames of many languages have and words of English have not, for those that no list holds."""
_UI_NOUN = re.compile(
    r"\s+(?:form|field|tab|button|page|parameters?|journal|report|list|menu|dialog|wizard|module"
    r"|workspace|fasttab|pane|check|grid|"
    r"table|group|type|code|account|process|server|service|company|inc|ltd|llc|gmbh|box|column|window"
    r"|section|option|role|screen|"
    r"street|road|avenue|lane|drive|str|apt|suite|city|airport|university|hotel|store|shop|model|printer"
    r"|software|system)\b",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r",?\s+(?:(?:&|and|und|et|y)\s+)?(?:inc|ltd|llc|llp|plc|gmbh|kg|ag|corp|corporation|co|company|sons|partners"
    r"|associates|s\.?a|s\.?r\.?l"
    r"|b\.?v|n\.?v|oy|ab|a/s|group|holdings?|bank|bros|brothers)\b|\s*&\s*\w",
    re.IGNORECASE,
)
_UI_VERB = re.compile(
    r"\b(?:click|select|press|tap|choose|open|enter|expand|double-click|drag|the|a|an|each|this|these"
    r"|that|in|at|via|into|from|near|visit)"
    r"\s+[*_`\"“']*$",
    re.IGNORECASE,
)


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
    for suffix, replacement in _FORMS:
        if word.endswith(suffix):
            yield word.removesuffix(suffix) + replacement


_FORMS = (
    *(("'s", ""), ("’s", ""), ("ies", "y"), ("es", ""), ("s", "")),
    *(("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e")),
)


@lru_cache(maxsize=16_384)
def is_vocabulary(token: str) -> bool:
    """A word of support text, in any of its simple forms."""
    return any(form in ERP_WORDS or form in COMMON_WORDS or form in MONTHS_AND_DAYS for form in _fold(token))


@lru_cache(maxsize=16_384)
def _elsewhere(token: str) -> bool:
    """A place or a company, where it stands alone."""
    word = token.casefold()
    return word in PLACES or word in _COUNTRY_WORDS or word.removesuffix("'s").removesuffix("’s") in BRANDS


@lru_cache(maxsize=16_384)
def is_name(token: str) -> bool:
    """Somebody's name and no word: in the gazetteer, or of a surname's shape."""
    if _elsewhere(token) or is_vocabulary(token):
        return False
    return (
        gazetteer.is_name(token) or token.casefold() in GIVEN_NAMES or bool(_SURNAME_ENDING.fullmatch(token.casefold()))
    )


@lru_cache(maxsize=16_384)
def is_given_name(token: str) -> bool:
    return token.casefold() in GIVEN_NAMES or (gazetteer.is_given(token) and not _elsewhere(token))


def _tokens(value: str) -> list[str]:
    return _LETTERS.findall(_HONORIFICS.sub("", value))


def _words(value: str) -> list[str]:
    return [word for word in _tokens(value) if not _PARTICLE.fullmatch(word)]


def _plausible(value: str) -> bool:
    """The shape of a name: no digits or codes; a word of support text only where it is a name, too, beside an unmistakable one."""
    words = _words(value)
    if not words or _CODE.search(value) or all(len(word) == 1 for word in words):
        return False
    if any(len(word) > 3 and word.isupper() for word in words) and not _shouted(words):
        return False
    return all(not is_vocabulary(word) or _is_name_beside(word, words) for word in words)


def _shouted(words: Sequence[str]) -> bool:
    """JOHN SMITH, or Jean DUPONT: what stands in capitals must be known."""
    if not words[-1].isupper() or is_vocabulary(words[-1]):
        return False
    if len(words) == 1:
        return is_name(words[0])
    known = [gazetteer.is_name_or_word(word) for word in words]
    return any(map(is_given_name, words)) and all(known)


def _is_name_beside(word: str, words: Sequence[str]) -> bool:
    """ "Mark Roseby", "April Martin": a word that is a name, too, next to one that is nothing else."""
    folded = word.casefold()
    if folded not in _SURNAMES_TOO and folded not in WORDS_AND_NAMES and folded not in ERP_WORDS:
        return False
    return gazetteer.is_name_or_word(word) and any(is_name(other) for other in words if other != word)


_SURNAMES_TOO = frozenset(
    {"best", "good", "long", "love", "may", "much", "park", "way", "will", "young", "church", "lane"}
)


def needs_ner(text: str) -> bool:
    """Whether any word could be part of a name. Most lines of documentation have none, and NER is 15 times what all else costs."""
    left = PLACEHOLDER.sub(" ", text) if "<" in text else text
    return any(match[0][0].isupper() and not is_vocabulary(match[0]) for match in _LETTERS.finditer(left))


def from_cues(text: str) -> Iterator[Finding]:
    """Names that the words around them announce. No model."""
    for cue in STRONG:
        for match in cue.finditer(text):
            value = _trimmed(match["value"])
            if _plausible(value) and (len(_words(value)) > 1 or not _elsewhere(value)):
                yield Finding("PERSON", match.start("value"), match.start("value") + len(value), 0.85)
    for cue in WEAK:
        for match in cue.finditer(text):
            value = _trimmed(match["value"])
            if (
                _plausible(value)
                and _named(value)
                and not _in_interface(text, match.start("value"), match.end("value"))
            ):
                yield Finding("PERSON", match.start("value"), match.start("value") + len(value), 0.7)
    yield from _lower_cues(text)


def _named(value: str) -> bool:
    """Whether the gazetteer knows it: the word itself, or of several the first or the last."""
    words = _words(value)
    return is_given_name(words[0]) or is_name(words[0]) or (len(words) > 1 and is_name(words[-1]))


def _lower_cues(text: str) -> Iterator[Finding]:
    """After a cue in a message typed without capitals: as many words as are names."""
    for cues, is_one in ((LOWER_STATED, _is_no_word), (LOWER_SIGNED, is_name), (LOWER, GIVEN_NAMES.__contains__)):
        for match in (match for cue in cues for match in cue.finditer(text)):
            words = [word for word in _LETTERS.finditer(match["value"]) if not _PARTICLE.fullmatch(word[0])]
            count = _lower_names([word[0] for word in words], is_one)
            if count and match["value"].islower():
                start = match.start("value")
                yield Finding("PERSON", start + words[0].start(), start + words[count - 1].end(), 0.65)


def _lower_names(words: Sequence[str], is_one: Callable[[str], bool]) -> int:
    """How many of the words after a cue are a name; a word alone must be what the cue asks for."""
    known = [_is_no_word(word) and (is_name(word) or is_one(word)) for word in words]
    count = next((at for at, good in enumerate(known) if not good), len(known))
    if len(words) > 1 and count == 1 and is_given_name(words[0]) and gazetteer.is_name_or_word(words[1]):
        count += not is_vocabulary(words[1])
    return count if count > 1 or (count == 1 and is_one(words[0])) else 0


def _is_no_word(word: str) -> bool:
    return not is_vocabulary(word) and word not in WORDS_AND_NAMES


def from_lists(text: str) -> Iterator[Finding]:
    """A given name with the surname after it, or before it, or as initials. No model."""
    if not any(map(str.isupper, text)):
        yield from _lower_case(text)
    for match in LISTED.finditer(text):
        value = _trimmed(match["value"])
        start = match.start("value")
        words = _words(value)
        if not words or not _plausible(value):
            continue
        if len(words) > 1 and _is_full_name(words):
            yield Finding("PERSON", start, start + len(value), 0.75)
        elif words[0].casefold() in GIVEN_NAMES and not _in_interface(text, start, match.end("value")):
            end = start + len(value if len(words) > 1 else words[0])
            yield Finding("PERSON", start, end, 0.6)
    yield from _written_otherwise(text)


def _written_otherwise(text: str) -> Iterator[Finding]:
    """As an account, with initials, surname first."""
    for match in ACCOUNT.finditer(text):
        given, last = match["value"].replace("_", ".").split(".")
        if is_given_name(given) and is_name(last):
            yield Finding("PERSON", *match.span("value"), 0.6)
    for match in INITIALS.finditer(text):
        if is_name(_tokens(match["value"])[-1]):
            yield Finding("PERSON", *match.span("value"), 0.7)
    for match in REVERSED.finditer(text):
        last, first = _tokens(match["value"])[:2]
        if is_name(last) and is_given_name(first) and not is_given_name(last):
            yield Finding("PERSON", *match.span("value"), 0.6)


def _is_full_name(words: Sequence[str]) -> bool:
    """Given name and surname, in either order, as the gazetteer has them; a frequent given name vouches for any surname."""
    if any(map(_elsewhere, words)) and words[0].casefold() not in GIVEN_NAMES:
        return False
    if is_given_name(words[0]):
        return words[0].casefold() in GIVEN_NAMES or len(words) == 2 or any(is_name(word) for word in words[1:])
    if not is_name(words[-1]) or len(words) > 3:
        return False
    return gazetteer.is_name_or_word(words[0]) or (len(words) == 2 and _is_no_word(words[0].casefold()))


def _lower_case(text: str) -> Iterator[Finding]:
    """In a message typed without capitals a given name is all there is to go by."""
    for match in re.finditer(r"(?<![\w@.-])[^\W\d_]{4,}(?![\w@])", text):
        word = match[0]
        if word in WORDS_AND_NAMES or is_vocabulary(word) or not is_given_name(word):
            continue
        surname = re.compile(r" ((?:(?:van|von|de|der|den|di|da|la|le|al|el) ){0,2}[^\W\d_]{3,})(?![\w@])").match(
            text, match.end()
        )
        last = surname[1].rsplit(" ", 1)[-1] if surname else ""
        is_full = bool(last) and not is_vocabulary(last) and last not in WORDS_AND_NAMES
        if word in GIVEN_NAMES or (is_full and is_name(last)):
            yield Finding("PERSON", match.start(), surname.end() if surname and is_full else match.end(), 0.6)


def from_entities(text: str, entities: Sequence[Entity]) -> Iterator[Finding]:
    """What NER proposes, where shape and surroundings agree. Another label than PERSON needs a given name first."""
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
    words = _words(value)
    if not _plausible(value) or PLACEHOLDER.search(value) or _UI_NOUN.match(text, end):
        return False
    if len(words) > 1:
        return _is_full_name(words) or (entity.label_ == "PERSON" and all(word[0].isupper() for word in words))
    if (
        len(value) < 3
        or not value[0].isupper()
        or value.isupper()
        or _elsewhere(words[0])
        or _in_interface(text, start, end)
    ):
        return False
    if entity.label_ != "PERSON":
        return is_name(words[0])
    return gazetteer.is_name_or_word(words[0]) or not entity.is_word


def _in_interface(text: str, start: int, end: int) -> bool:
    """Whether a lone capitalised word is rather a button, a place or a thing: "click Max", "the Jackson page", "in Georgia"."""
    return bool(_UI_VERB.search(text, max(0, start - 24), start) or _UI_NOUN.match(text, end))


def _trimmed(value: str) -> str:
    """Without what a greedy match or NER drags along: a possessive, punctuation, a last word that is none of a name's."""
    value = re.sub(r"(?:['’]s|[\s'\"“”*_.,:;!?-])+$", "", value)
    while " " in value and _is_dragged(value.rsplit(" ", 1)):
        value = value.rsplit(" ", 1)[0].rstrip(" '\"“”*_.,:;!?-")
    return value


def _is_dragged(parts: Sequence[str]) -> bool:
    return bool(_PARTICLE.fullmatch(parts[1])) or (
        is_vocabulary(parts[1]) and not _is_name_beside(parts[1], _words(parts[0]))
    )


def find_names(text: str, entities: Sequence[Entity]) -> list[Finding]:
    """The longest first, so that "Anna Berg" is not cut short by "Anna"."""
    found = [*from_cues(text), *from_lists(text), *from_entities(text, entities)]
    found = [finding for finding in found if not _COMPANY.match(text, finding.end)]
    return sorted(found, key=lambda finding: (finding.start - finding.end, finding.start))
