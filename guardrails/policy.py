"""High-impact topics: what a question must be about for only authoritative documents to answer it.

Recognised by rules over the words of a sentence, never by a model and never by one word alone: "the price list import fails" is
no question about prices. A cue is two words or more that follow each other within a sentence, near enough to belong together; a
word may offer alternatives (``cost|costs``) and end in a star (``discount*``). What is in `unless` anywhere in the sentence says
that the words mean something else there, as a till's discount key does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from core.errors import InvalidRequestError

NEAR = 8
"""Words from one of a cue to the next, at most: "what does an extra half day of till training cost"."""

_SENTENCE = re.compile(r"[.!?;:]+(?=\s|$)|\n+")
_WORD = re.compile(r"[^\W_]+|%")
_CUE_WORD = re.compile(r"(?:[^\W_]+\*?|%)(?:\|(?:[^\W_]+\*?|%))*")
_NAME = re.compile(r"[a-z][a-z0-9 -]{1,38}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Topic:
    """`name` is shown to whoever asked: "this is about contract terms"."""

    name: str
    cues: tuple[str, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one tenant's policy."""

    topics: int = 30
    cues: int = 200
    """Of one topic; the same for what is in `unless`."""
    cue_words: int = 6
    cue_chars: int = 200


@dataclass(frozen=True, slots=True)
class TopicPolicy:
    """Which topics are answered from authoritative documents only; none where a tenant wants no such thing."""

    topics: tuple[Topic, ...]

    def touched(self, *texts: str) -> tuple[str, ...]:
        """Names of the topics that one of the texts is about, in the policy's order."""
        sentences = [words for text in texts for words in _sentences(text)]
        return tuple(topic.name for topic in self.topics if any(_about(topic, words) for words in sentences))

    def as_json(self) -> dict[str, Any]:
        return {"topics": [asdict(topic) for topic in self.topics]}


def policy_of(stated: Mapping[str, Any], limits: Limits | None = None) -> TopicPolicy:
    """From `as_json`'s form. Raises `InvalidRequestError` (`invalid_policy`) for what could not be meant."""
    limits = limits or Limits()
    topics = tuple(_topic(each, limits) for each in stated.get("topics", ()))
    names = [topic.name for topic in topics]
    if len(topics) > limits.topics or len(set(names)) < len(names):
        raise _invalid(f"a policy has at most {limits.topics} topics, each with a name of its own")
    return TopicPolicy(topics)


def _topic(stated: Mapping[str, Any], limits: Limits) -> Topic:
    topic = Topic(str(stated["name"]), tuple(map(_tidy, stated["cues"])), tuple(map(_tidy, stated.get("unless", ()))))
    if not _NAME.fullmatch(topic.name):
        raise _invalid("a topic's name is 3 to 40 lower-case letters, digits, blanks and hyphens")
    if not topic.cues or max(len(topic.cues), len(topic.unless)) > limits.cues:
        raise _invalid(f"'{topic.name}' needs 1 to {limits.cues} cues, and as many exceptions at most")
    for least, cues in ((2, topic.cues), (1, topic.unless)):
        for cue in cues:
            words = cue.split()
            fits = least <= len(words) <= limits.cue_words and len(cue) <= limits.cue_chars
            if not fits or not all(map(_CUE_WORD.fullmatch, words)):
                raise _invalid(
                    f"'{cue[:80]}' of '{topic.name}' is not usable: {least} to {limits.cue_words} words, each as 'cost', "
                    "'cost|costs' or 'discount*'"
                )
    return topic


def _tidy(cue: object) -> str:
    return " ".join(str(cue).casefold().split())


def _invalid(detail: str) -> InvalidRequestError:
    return InvalidRequestError(detail, code="invalid_policy")


def _sentences(text: str) -> Iterator[tuple[str, ...]]:
    for sentence in _SENTENCE.split(text.casefold()):
        if words := tuple(_WORD.findall(sentence)):
            yield words


def _about(topic: Topic, words: Sequence[str]) -> bool:
    return any(_says(cue, words) for cue in topic.cues) and not any(_says(cue, words) for cue in topic.unless)


def _says(cue: str, words: Sequence[str]) -> bool:
    """Whether the cue's words stand in the sentence in their order, none further than `NEAR` from the one before."""
    first, *rest = _read(cue)
    ends = {place for place, word in enumerate(words) if first.fullmatch(word)}
    for wanted in rest:
        reach = sorted({after for end in ends for after in range(end + 1, min(end + 1 + NEAR, len(words)))})
        ends = {place for place in reach if wanted.fullmatch(words[place])}
    return bool(ends)


@lru_cache(maxsize=10_000)
def _read(cue: str) -> tuple[re.Pattern[str], ...]:
    """One expression a word. Nothing of a tenant's text is read as one: alternatives and stars are all there is."""
    return tuple(
        re.compile("|".join(re.escape(each.rstrip("*")) + r"\w*" * each.endswith("*") for each in word.split("|")))
        for word in cue.split()
    )
