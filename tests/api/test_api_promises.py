"""What the demo promises: most questions that its documents answer are answered from them, most others are declined.

These guard against collapse; `partner-copilot eval golden` measures.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from api_world import TENANTS, GoldenQuestion, ask_golden, calling, golden, new_key

from core.domain import Audience
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

Clients = dict[tuple[str, Audience], httpx.Client]


@pytest.fixture
def askers(demo: Demo) -> Iterator[Clients]:
    """A key of each tenant and audience."""
    with ExitStack() as stack:
        yield {
            (tenant, audience): stack.enter_context(calling(demo, new_key(demo, tenant, audience=audience).token))
            for tenant in TENANTS
            for audience in Audience
        }


# Guards against collapse, below what was measured (7 of 30 answered, all rightly; 14 of 15 declined): the figures themselves are
# `eval golden`'s business, and the golden questions are hard on purpose (other words than the documents', near misses that no
# document answers).
FLOOR_ANSWERED = 0.15
FLOOR_RIGHT = 0.8
FLOOR_DECLINED = 0.6


def _sample(kind: str, count: int) -> list[GoldenQuestion]:
    return random.Random(20260701).sample(golden(kind), count)


def test_answers_to_hard_questions_are_from_the_right_document(askers: Clients) -> None:
    answered, right = 0, 0
    asked = _sample("answerable", 30)
    for question in asked:
        answer = ask_golden(askers[question.tenant, question.audience], question)
        cited = {citation["source"] for citation in answer["citations"]}
        answered += answer["outcome"] == "answered"
        right += bool(cited & question.sources)
        print(f"  {question.id} {answer['outcome']} {answer['confidence']:.2f} {sorted(cited)}")
    print(f"answered {answered} of {len(asked)}, {right} of them with the gold source cited")
    assert answered >= FLOOR_ANSWERED * len(asked)
    assert right >= FLOOR_RIGHT * answered


def test_most_unanswerable_questions_are_declined_with_an_offer(askers: Clients) -> None:
    told = []
    asked = _sample("unanswerable", 15)
    for question in asked:
        answer = ask_golden(askers[question.tenant, question.audience], question)
        if answer["outcome"] == "answered":
            told.append(f"{question.id} {answer['confidence']:.2f} {answer['text'][:80]!r}")
            continue
        assert answer["citations"] == []
        assert answer["handoff"]["offered"] is True
    share = 1 - len(told) / len(asked)
    print(f"declined: {share:.0%} of {len(asked)}", *told, sep="\n  ")
    assert share >= FLOOR_DECLINED
