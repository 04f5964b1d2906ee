"""How a message's answer ends: what is said where no document speaks, and what goes with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from answers import words
from answers.handoff import OFFER
from answers.kinds import Kind, Message
from answers.nearest import nearest
from answers.plan import Plan
from answers.types import Choice, Closest, Facet, HandoffOffer, Missed
from core.domain import Outcome, Passage

MAX_QUERY = 160
"""Characters of a query that an abstention repeats."""
SURE = 1.0
"""What the copilot says of itself rests on no document."""

_PLACEHOLDER = re.compile(r"<([A-Z]+(?:_[A-Z]+)*)_[0-9a-v]{4,}>")

_ENDS = {
    Kind.GREETING: Outcome.ANSWERED,
    Kind.THANKS: Outcome.ANSWERED,
    Kind.GOODBYE: Outcome.ANSWERED,
    Kind.ABOUT: Outcome.ANSWERED,
    Kind.OUTSIDE: Outcome.REFUSED,
}
"""Of the kinds that are replied to without a search; the others abstain."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What is said, and what is stored and shown beside it; `missed` are the knowledge gaps that it leaves."""

    outcome: Outcome
    text: str
    kind: Kind = Kind.QUESTION
    confidence: float = 0.0
    partial: bool = False
    choices: tuple[Choice, ...] = ()
    closest: tuple[Closest, ...] = ()
    handoff: HandoffOffer | None = OFFER
    missed: tuple[Missed, ...] = ()

    @property
    def answered(self) -> bool:
        return self.outcome is Outcome.ANSWERED


def answered(text: str, confidence: float) -> Ending:
    return Ending(Outcome.ANSWERED, text, confidence=confidence, handoff=None)


def escalated() -> Ending:
    return Ending(Outcome.ESCALATED, words.ESCALATED)


def cannot_search() -> Ending:
    return Ending(Outcome.ABSTAINED, words.CANNOT_SEARCH)


def replied(message: Message, tenant: str) -> Ending:
    """To a message that no search can answer."""
    outcome = _ENDS.get(message.kind, Outcome.ABSTAINED)
    text = words.REPLIES[message.kind].format(tenant=tenant)
    if outcome is Outcome.ANSWERED:
        return Ending(outcome, text, message.kind, confidence=SURE, handoff=None)
    offer = HandoffOffer(words.ANGRY_OFFER) if message.kind is Kind.FRUSTRATION else OFFER
    return Ending(outcome, text, message.kind, handoff=offer)


def nothing_in_pasted() -> Ending:
    return Ending(Outcome.ABSTAINED, words.NOTHING_IN_PASTED, Kind.EMPTY)


def not_my_language(plan: Plan, confidence: float, passages: Sequence[Passage], *, most: int) -> Ending:
    """In the asker's own language."""
    text = words.NOT_MY_LANGUAGE.get(plan.language, words.NOT_MY_LANGUAGE["und"])
    offer = HandoffOffer(words.OFFER_IN.get(plan.language, words.OFFER_IN["und"]))
    closest = nearest(plan.query, passages, most=most)
    return Ending(Outcome.ABSTAINED, text, Kind.LANGUAGE, confidence, closest=closest, handoff=offer)


def unclear(choices: tuple[Choice, ...], confidence: float) -> Ending:
    """Asks which of the choices is meant."""
    text = words.WHICH[choices[0].facet].format(choices=_listed(choices))
    return Ending(Outcome.ABSTAINED, text, Kind.CLARIFICATION, confidence, choices=choices)


def what_about(word: str, topics: tuple[Choice, ...], confidence: float) -> Ending:
    """Asks what a single word is about."""
    template = words.WHAT_ABOUT_CHOICES if topics else words.WHAT_ABOUT
    text = template.format(word=f"“{word}”", choices=_listed(topics))
    return Ending(Outcome.ABSTAINED, text, Kind.WORD, confidence, choices=topics)


def abstained(plan: Plan, confidence: float, passages: Sequence[Passage], *, most: int) -> Ending:
    """Says what was looked for and what is nearest, which is no answer; the gap is kept."""
    closest = nearest(plan.query, passages, most=most)
    text = words.LOOKED_FOR.format(query=shortened(plan.query))
    if closest:
        text += " " + words.CLOSEST.format(title=closest[0].title)
    missed = Missed(plan.question or plan.query, plan.query, closest)
    return Ending(Outcome.ABSTAINED, text, confidence=confidence, closest=closest, missed=(missed,))


def reserved(ending: Ending, topics: Sequence[str]) -> Ending:
    """In the place of an abstention from a high-impact question: why nothing else may answer it, and who can. The gap is kept."""
    text = words.RESERVED.format(topics=" and ".join(topics))
    if ending.closest:
        text += " " + words.CLOSEST.format(title=ending.closest[0].title)
    return replace(ending, text=text, handoff=HandoffOffer(words.RESERVED_OFFER))


def together(endings: Sequence[Ending], text: str, *, left_out: int) -> Ending:
    """Several questions' endings as one: as sure as the least sure of its answers."""
    missed = tuple(one for ending in endings for one in ending.missed)
    closest = tuple({near.document_id: near for ending in endings for near in ending.closest}.values())
    done = [ending for ending in endings if ending.answered]
    if not done:
        most = max(ending.confidence for ending in endings)
        return Ending(Outcome.ABSTAINED, text, confidence=most, closest=closest, missed=missed)
    return Ending(
        Outcome.ANSWERED,
        text,
        confidence=min(ending.confidence for ending in done),
        partial=len(done) < len(endings) or left_out > 0,
        closest=closest,
        handoff=None if len(done) == len(endings) else OFFER,
        missed=missed,
    )


def headline(question: str) -> str:
    """Over the answer to one of several questions."""
    line = shortened(question)
    return line[:1].upper() + line[1:]


def shortened(text: str) -> str:
    """On one line; what was taken out of a question is named by its kind, since a reader has no use for its tag."""
    line = " ".join(_PLACEHOLDER.sub(lambda found: f"[{found[1].lower().replace('_', ' ')}]", text).split())
    return line if len(line) <= MAX_QUERY else line[:MAX_QUERY].rsplit(" ", 1)[0] + " …"


def _listed(choices: Sequence[Choice]) -> str:
    labels = [choice.label for choice in choices]
    joint = ", " if choices and choices[0].facet is Facet.TOPIC else " or "
    return f"{', '.join(labels[:-1])}{joint}{labels[-1]}" if len(labels) > 1 else "".join(labels)
