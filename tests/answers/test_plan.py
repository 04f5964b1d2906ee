"""Follow-ups, customers, and asking for a person."""

import pytest
from answer_worlds import FakeLLM

from answers.plan import Planner, Turn, carry_over, is_follow_up
from core.domain import Filters

LAST = Turn("How do I configure the EDI gateway?", "How do I configure the EDI gateway?", "Open HQ. [1]")


@pytest.mark.parametrize(
    "question", ["And for Peppol?", "what about 7.4", "How do I restart it?", "why?", "Same for the UK?"]
)
def test_short_questions_that_point_back_are_follow_ups(question: str) -> None:
    assert is_follow_up(question)


@pytest.mark.parametrize(
    "question",
    ["How long is the warranty on receipt printers?", "The till shows ERR-4021 after the night sync, what now?"],
)
def test_whole_questions_stand_alone(question: str) -> None:
    assert not is_follow_up(question)


def test_a_follow_up_carries_the_topic_over_once() -> None:
    assert carry_over("And which EDI port?", LAST) == "And which EDI port? configure gateway"


async def test_without_a_history_nothing_is_rewritten() -> None:
    plan = await Planner(None).plan("And for Peppol?", Filters(), history=[], customers=[])
    assert plan.query == "And for Peppol?"


async def test_the_model_rewrites_a_follow_up() -> None:
    model = FakeLLM('"How do I configure the EDI gateway for Peppol?"')
    plan = await Planner(model).plan("And for Peppol?", Filters(), history=[LAST], customers=[])
    assert plan.query == "How do I configure the EDI gateway for Peppol?"


@pytest.mark.parametrize("model", [FakeLLM("x", fails_after=0), FakeLLM("word " * 500), FakeLLM("")])
async def test_a_model_that_fails_or_rambles_leaves_the_rules(model: FakeLLM) -> None:
    plan = await Planner(model).plan("And for Peppol?", Filters(), history=[LAST], customers=[])
    assert plan.query == "And for Peppol? configure EDI gateway"


async def test_a_named_customer_narrows_and_two_do_not() -> None:
    customers = ["Lindgren Mode", "Casa Verdana"]
    one = await Planner(None).plan("Which ports does lindgren mode use?", Filters(), history=[], customers=customers)
    two = await Planner(None).plan(
        "Do Lindgren Mode and Casa Verdana differ?", Filters(), history=[], customers=customers
    )
    stated = await Planner(None).plan(
        "Lindgren Mode?", Filters(customer="Casa Verdana"), history=[], customers=customers
    )
    assert (one.filters.customer, two.filters.customer, stated.filters.customer) == (
        "Lindgren Mode",
        None,
        "Casa Verdana",
    )


@pytest.mark.parametrize(
    "question", ["I need a human", "can I talk to a real person please", "connect me with someone"]
)
async def test_asking_for_a_person_is_heard(question: str) -> None:
    assert (await Planner(None).plan(question, Filters(), history=[], customers=[])).wants_person


async def test_talking_about_people_is_not_asking_for_one() -> None:
    plan = await Planner(None).plan("Which person approves discounts?", Filters(), history=[], customers=[])
    assert not plan.wants_person
