"""What a question says of itself: the version that the asker runs, the versions that it is about, product, module, region.

Whether a version is run or asked about decides what is searched: an asker *on* 7.2 must not be shown what
holds from 7.4 on as if it held for them; a question *about* 7.4 must find 7.4, whatever its asker runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from answers.mentions import Kind, mentions, wants_move
from answers.periods import day_of
from retrieval.names import Vocabulary


@dataclass(frozen=True, slots=True)
class Stated:
    """`runs`: the versions that the asker says they have; `topics`: those that the question is about; `moving`: it asks about a
    way from one to another. `as_of`: the day whose rules it asks for."""

    runs: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    moving: bool = False
    product: str | None = None
    module: str | None = None
    region: str | None = None
    as_of: date | None = None

    @property
    def names_versions(self) -> bool:
        return bool(self.runs or self.topics)


def read_stated(question: str, vocabulary: Vocabulary, *, today: date) -> Stated:
    """What one question states; `vocabulary` tells our products from others', `today` dates "last year"."""
    found = list(mentions(question, (*vocabulary.products, *vocabulary.modules)))
    runs = tuple(dict.fromkeys(one.version for one in found if one.kind is Kind.RUNS))
    topics = dict.fromkeys(one.version for one in found if one.kind is Kind.TOPIC)
    on_the_way = bool(runs) and wants_move(question) and not any(one.settled for one in found)
    return Stated(
        runs=runs,
        topics=tuple(topic for topic in topics if topic not in runs),
        moving=on_the_way or any(one.moving for one in found),
        product=_only(_named(question, vocabulary.products)),
        module=_only(_modules(question, vocabulary.modules)),
        region=_only(_regions(question, vocabulary.regions)),
        as_of=day_of(question, today=today),
    )


def _named(question: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.IGNORECASE)]


def _modules(question: str, names: Sequence[str]) -> list[str]:
    """Only where it is called a module: that a question names the till does not keep the answer out of HQ's manual."""
    return [
        name
        for name in names
        if re.search(rf"(?<!\w)(?:module {re.escape(name)}|{re.escape(name)} module)(?!\w)", question, re.IGNORECASE)
    ]


def _regions(question: str, names: Sequence[str]) -> list[str]:
    """Those that the question says to be in, by their own name, or by a country of theirs."""
    found = []
    for name in names:
        spoken = "|".join(re.escape(word) for word in (name, *_COUNTRIES.get(name.lower(), ())))
        place = rf"(?:in|within|across|for|of) (?:the |our )?(?:{spoken})"
        shops = rf"(?:our|their|an?|the) (?:{spoken}) (?:stores?|shops?|customers?|tills?|clients?|branch(?:es)?)"
        if re.search(rf"(?<!\w)(?:{place}|{shops})(?!\w)", question, re.IGNORECASE):
            found.append(name)
    return found


_COUNTRIES = {
    "uk": ("united kingdom", "britain", "great britain", "british", "england", "scotland", "wales"),
    "germany": ("german", "de"),
    "france": ("french", "fr"),
    "iberia": ("spain", "portugal", "spanish", "portuguese"),
    "nordics": ("sweden", "norway", "denmark", "finland", "iceland", "swedish", "norwegian", "danish", "finnish"),
    "dach": ("germany", "austria", "switzerland", "german", "austrian", "swiss"),
    "benelux": ("belgium", "netherlands", "luxembourg", "dutch", "belgian"),
    "us": ("united states", "usa", "america"),
}
"""What else people call the regions that documents are written for; others are known by their own names."""


def _only(found: Sequence[str]) -> str | None:
    """Two names mean none, so that nothing is left out."""
    return found[0] if len(found) == 1 else None
