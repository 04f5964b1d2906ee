"""Follow-ups without a language model: which questions lean on the one before, and what of it they lean on.

A question leans where it points back ("does it print?"), goes on ("and for 7.2?"), or is too short to be looked for by itself
("returns?"). One that stands alone carries nothing over: a topic that is dragged along finds last question's documents again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from answers.kinds import Kind
from answers.types import Choice

MAX_CARRIED = 12
"""Words carried over: more of them would outweigh the question."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange, redacted: the question as asked and as searched, and the answer's text, with the choices that it
    left to the asker."""

    question: str
    query: str
    answer: str
    kind: Kind = Kind.QUESTION
    choices: tuple[Choice, ...] = ()


_WORD = re.compile(r"[\w][\w.\-/]*", re.UNICODE)
_LINK = r"(?:ok(?:ay)?|great|thanks|and|but|so|also|then|or|well|now|yes|no)"
_GOES_ON = re.compile(
    rf"^\W*(?:{_LINK}\b[\s,.!]*)*(?:what about|how about|what if|why not|since when|for how long|which one|(?:the )?same for|"
    r"any other|anything else|what else|how come)\b|"
    rf"^\W*(?:{_LINK}\b[\s,.!]*)*(?:and|but|so|or|then)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    rf"^\W*(?:{_LINK}\b[\s,.!]*)*(?:how|what|which|when|where|who|why|can|could|do|does|is|are|may|must|should|will)\b"
    r"(?! (?:about|if|else)\b)",
    re.IGNORECASE,
)
"""A question with a word that asks: after "and" it may well be about something else."""
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|(?<!is )(?<!are )(?<!was )there(?! (?:is|are|was|were)\b)|"
    r"the same|the other|"
    r"the first|the second|the last|the latter|the former|the remaining|the rest|the result|the previous|"
    r"ones?(?! (?:last|more|of)\b)|"
    r"both|he|she|his|her|above|instead)\b",
    re.IGNORECASE,
)
"""Not the "there" of "is there a limit": it points at nothing."""
_COMMON = frozenset(
    """a an and are as at be been but by can could did do does for from had has have how i if in is it its me my no not of on or
    our should so that the their them then there these they this those to us was we were what when where which who why will with
    would you your about after also any because before get got just like make more much need please same some tell than too use
    used""".split()  # noqa: SIM905
)
_NAME = re.compile(r"[A-Z]{2}|[^\W\d_][A-Z]|\d|[-/.]\w")
"""An acronym, a capital inside a word, a digit, a compound: the shape of names and codes."""


def is_follow_up(question: str) -> bool:
    """Whether it cannot be understood without the question before it."""
    content = content_words(question)
    if points_back(question):
        return True
    if _GOES_ON.match(question):
        return len(content) < 2 or not _WHOLE.match(question)
    return len(content) <= 1 and not any(map(_is_name, content))


def carry_over(question: str, history: Sequence[Turn]) -> str:
    """The question, followed by the words of the conversation's topic that it does not repeat."""
    own = {_key(word) for word in content_words(question)}
    versions = any(map(_is_version, own))
    carried = [
        word
        for word in content_words(history[-1].query)
        if _key(word) not in own and not (versions and _is_version(word))
    ]
    return " ".join([question, *dict.fromkeys(carried[:MAX_CARRIED])])


def content_words(text: str) -> list[str]:
    """Without the words that every question has."""
    return [word.rstrip(".-/") for word in _WORD.findall(text) if word.lower().rstrip(".") not in _COMMON]


def points_back(question: str) -> bool:
    """Whether a pronoun in it has nothing before it, in the question itself, that it could mean."""
    found = _POINTS_BACK.search(question)
    return found is not None and len(content_words(question[: found.start()])) < 2


def _is_name(word: str) -> bool:
    return bool(_NAME.search(word))


def _is_version(word: str) -> bool:
    return bool(re.fullmatch(r"v?\d+(?:\.\d+)*(?:\.x)?", word, re.IGNORECASE))


def _key(word: str) -> str:
    return word.lower()
