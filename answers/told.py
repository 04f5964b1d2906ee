"""An earlier conversation as a caller tells it (chat clients send it along), made into turns like those that we keep ourselves.

Nothing in it is believed: it only helps to understand a follow-up, as the turns of a stored conversation do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from answers.follow_ups import Turn, carry_over, is_follow_up
from answers.types import Exchange
from core.domain import RedactionProfile
from guardrails.guards import Guards
from guardrails.withheld import Withheld, withheld

READ_OF_ANSWERS = 400
"""Characters of an earlier answer that the planner reads."""
TORN = 64
"""Characters dropped at a cut, after redaction: half an address is known to no pattern."""


@dataclass(frozen=True, slots=True)
class Told:
    """The turns, and what their placeholders stand for."""

    turns: list[Turn]
    withheld: tuple[Withheld, ...] = ()


async def told_turns(
    told: Sequence[Exchange], guards: Guards, profile: RedactionProfile, *, most: int, max_chars: int, answers: bool
) -> Told:
    """The last `most` exchanges, redacted, oldest first. `max_chars` of each question are read; answers where `answers`."""
    recent = [exchange for exchange in told if exchange.question.strip()][-most:] if most else []
    if not recent:
        return Told([])
    texts = [(exchange.question, max_chars) for exchange in recent]
    texts += [(exchange.answer if answers else "", READ_OF_ANSWERS) for exchange in recent]
    plain = [guards.plain(text[:limit]) for text, limit in texts]
    redacted = await guards.redact_many(plain, profile)
    clean = [
        _without_torn_end(one.text) if len(text) > limit else one.text
        for one, (text, limit) in zip(redacted, texts, strict=True)
    ]
    turns: list[Turn] = []
    for question, answer in zip(clean[: len(recent)], clean[len(recent) :], strict=True):
        query = carry_over(question, turns) if turns and is_follow_up(question) else question
        turns.append(Turn(question, query, answer))
    return Told(turns, tuple(each for pair in zip(plain, redacted, strict=True) for each in withheld(*pair)))


def _without_torn_end(text: str) -> str:
    return text[:-TORN].rpartition(" ")[0]
