"""Follow-ups, customers, versions and days, and asking for a person."""

from datetime import date

import pytest
from answer_worlds import FakeLLM

from answers.applicability import Asker
from answers.follow_ups import carry_over, is_follow_up
from answers.plan import Plan, Planner, Turn
from core.domain import Filters
from core.profiles import Profile
from retrieval.names import Vocabulary

LAST = Turn("How do I configure the EDI gateway?", "How do I configure the EDI gateway?", "Open HQ. [1]")

ANYBODY = Asker(date(2026, 11, 1))


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
    assert carry_over("And which EDI port?", [LAST]) == "And which EDI port? configure gateway"


async def test_without_a_history_nothing_is_rewritten() -> None:
    plan = await Planner(None).plan("And for Peppol?", Filters(), history=[], asker=ANYBODY)
    assert plan.query == "And for Peppol?"


async def test_the_model_rewrites_a_follow_up() -> None:
    model = FakeLLM('"How do I configure the EDI gateway for Peppol?"')
    plan = await Planner(model).plan("And for Peppol?", Filters(), history=[LAST], asker=ANYBODY)
    assert plan.query == "How do I configure the EDI gateway for Peppol?"


@pytest.mark.parametrize("model", [FakeLLM("x", fails_after=0), FakeLLM("word " * 500), FakeLLM("")])
async def test_a_model_that_fails_or_rambles_leaves_the_rules(model: FakeLLM) -> None:
    plan = await Planner(model).plan("And for Peppol?", Filters(), history=[LAST], asker=ANYBODY)
    assert plan.query == "And for Peppol? configure EDI gateway"


async def test_a_named_customer_narrows_and_two_do_not() -> None:
    asker = Asker(date(2026, 11, 1), customers=("Lindgren Mode", "Casa Verdana"))
    one = await Planner(None).plan("Which ports does lindgren mode use?", Filters(), history=[], asker=asker)
    two = await Planner(None).plan("Do Lindgren Mode and Casa Verdana differ?", Filters(), history=[], asker=asker)
    stated = await Planner(None).plan("Lindgren Mode?", Filters(customer="Casa Verdana"), history=[], asker=asker)
    assert (one.filters.customer, two.filters.customer, stated.filters.customer) == (
        "Lindgren Mode",
        None,
        "Casa Verdana",
    )


@pytest.mark.parametrize(
    "question", ["I need a human", "can I talk to a real person please", "connect me with someone"]
)
async def test_asking_for_a_person_is_heard(question: str) -> None:
    assert (await Planner(None).plan(question, Filters(), history=[], asker=ANYBODY)).wants_person


async def test_talking_about_people_is_not_asking_for_one() -> None:
    plan = await Planner(None).plan("Which person approves discounts?", Filters(), history=[], asker=ANYBODY)
    assert not plan.wants_person


NAMES = Vocabulary(("Corvane Retail",), ("POS",), ("UK",))
ASKER = Asker(date(2026, 11, 1), Profile(product="Corvane Retail", version="7.2"), NAMES)


async def planned(question: str, *earlier: str, filters: Filters | None = None) -> Plan:
    history = [Turn(text, text, "An answer. [1]") for text in earlier]
    return await Planner(None).plan(question, filters or Filters(), history=history, asker=ASKER)


async def test_the_plan_searches_what_the_question_states() -> None:
    plan = await planned("How do I restart the agent on 7.4 in the UK?")
    assert plan.filters == Filters(product="Corvane Retail", version="7.4", region="UK")
    assert (plan.asked.version, plan.asked.region) == ("7.4", "UK")


async def test_without_a_statement_the_profile_holds_and_a_request_overrules_it() -> None:
    assert (await planned("How do I restart the agent?")).filters.version == "7.2"
    assert (await planned("How do I restart the agent?", filters=Filters(version="8.0"))).filters.version == "8.0"


async def test_what_the_asker_runs_holds_on_in_a_conversation() -> None:
    plan = await planned("How long is the warranty on a receipt printer?", "We run 7.4. Where is the log?", "Thanks!")
    assert (plan.filters.version, plan.asked.version) == ("7.4", "7.4")


async def test_a_follow_up_is_about_the_version_and_day_of_its_question() -> None:
    about = await planned("And for the EDI gateway?", "What is new in 7.4?")
    assert (about.filters.version, about.asked.version) == ("7.4", "7.2")
    then = await planned("And for P2?", "What was the P1 response time last year?")
    assert then.filters.as_of == date(2025, 12, 31)


async def test_a_question_that_stands_alone_is_not_about_the_last_ones_topic_or_day() -> None:
    plan = await planned(
        "How long is the warranty on a receipt printer in a warehouse?", "What was new in 7.4 as of March 2024?"
    )
    assert (plan.filters.version, plan.filters.as_of) == ("7.2", None)


async def test_a_follow_up_may_name_another_version() -> None:
    assert (await planned("And in 7.5?", "What is new in 7.4?")).filters.version == "7.5"


async def test_without_an_asker_only_the_question_counts() -> None:
    plan = await Planner(None).plan("Where is the log on 7.4?", Filters(), history=[], asker=ANYBODY)
    assert plan.filters == Filters(version="7.4")
