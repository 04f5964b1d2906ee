"""High-impact questions: only authoritative documents answer them, and nobody is promised anything in the vendor's name."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from answer_worlds import FakeLLM, passage
from pipeline_world import ASKED, UNSURE, FakeSearcher, World
from sqlalchemy import select

from answers.gaps import Gaps
from answers.given import answer_of
from answers.rulings import prompt_body
from answers.system_prompt import SHIPPED_PROMPT, checked, filled
from core.crossings import Crossing
from core.directives import DirectiveKind, Directives
from core.domain import Outcome, Passage, Scope
from core.errors import InvalidRequestError
from core.models import AnswerRow, Json
from guardrails.policy import policy_of
from retrieval.search import SearchResult

PRICE = "What discount does a silver partner get?"
RUMOUR = passage("Silver partners buy licences at 50 % below list price.", source="mails/rumour.eml", cosines=[0.9])
RULE = replace(
    passage("Silver partners buy licences at 20 % below list price.", source="policies/discounts.md", cosines=[0.8]),
    authoritative=True,
)


@dataclass
class Marked(FakeSearcher):
    """Keeps to authoritative passages where the scope does."""

    async def search(self, scope: Scope, query: str, **more: object) -> SearchResult:
        found = await super().search(scope, query, **more)
        if not scope.filters.authoritative:
            return found
        kept = tuple(each for each in found.passages if each.authoritative)
        return replace(found, passages=kept)


class Unsure(Marked):
    """Is sure of nothing but of the few authoritative documents."""

    async def search(self, scope: Scope, query: str, **more: object) -> SearchResult:
        found = await super().search(scope, query, **more)
        return found if scope.filters.authoritative else replace(found, signals=UNSURE)


def knowing(world: World, *passages: Passage) -> World:
    world.searcher = Marked(passages=passages)
    return world


def reserved(world: World) -> list[str]:
    """The queries that were searched among authoritative documents alone."""
    asked = zip(world.searcher.queries, world.searcher.scopes, strict=True)
    return [query for query, scope in asked if scope.filters.authoritative]


async def evidence(world: World) -> list[Json]:
    async with world.database.read(Crossing.UPKEEP) as session:
        return [row.evidence for row in await session.scalars(select(AnswerRow).order_by(AnswerRow.created_at))]


async def test_high_impact_question_is_answered_from_the_authoritative_document_alone(world: World) -> None:
    answer = await knowing(world, RUMOUR, RULE).ask(PRICE)
    assert (answer.outcome, answer.topics) == (Outcome.ANSWERED, ("discounts",))
    assert "20 %" in answer.text and "50 %" not in answer.text
    assert [citation.source for citation in answer.citations] == ["policies/discounts.md"]


async def test_without_an_authoritative_document_a_person_is_offered_and_the_reason_told(world: World) -> None:
    answer = await knowing(world, RUMOUR).ask(PRICE)
    assert (answer.outcome, answer.citations, answer.topics) == (Outcome.ABSTAINED, (), ("discounts",))
    assert "This is about discounts" in answer.text and "authoritative" in answer.text and "50 %" not in answer.text
    assert answer.handoff is not None and "person" in answer.handoff.message
    [gap] = (await Gaps(world.database).list(world.principal.tenant_id, limit=10)).gaps
    assert gap.question == PRICE


async def test_what_stands_out_among_few_documents_must_be_sure_among_all(world: World) -> None:
    """The list price of a seat: no document tells it, and the only one about prices is always the nearest of its shelf."""
    world.searcher = Unsure(passages=(RUMOUR, RULE))
    answer = await world.ask(PRICE)
    assert (answer.outcome, answer.topics) == (Outcome.ABSTAINED, ("discounts",))
    assert answer.confidence < 0.5 and "20 %" not in answer.text


async def test_other_questions_are_answered_from_any_document(world: World) -> None:
    answer = await world.ask(ASKED)
    assert (answer.outcome, answer.topics) == (Outcome.ANSWERED, ())
    assert not any(scope.filters.authoritative for scope in world.searcher.scopes)


async def test_of_several_questions_each_is_judged_by_itself(world: World) -> None:
    service = passage("Restart the service CorvaneSync on the till.", cosines=[0.9])
    asked = f"{PRICE} And how do I get the sync of the till going again?"
    answer = await knowing(world, service, RUMOUR).ask(asked)
    assert reserved(world) == [PRICE]
    assert (answer.outcome, answer.partial, answer.topics) == (Outcome.ANSWERED, True, ("discounts",))
    assert "This is about discounts" in answer.text and "CorvaneSync" in answer.text


async def test_follow_up_leans_on_the_topic_of_the_question_before(world: World) -> None:
    first = await knowing(world, RUMOUR, RULE).ask(PRICE)
    await world.ask("And for gold?", first.conversation_id)
    assert len(reserved(world)) == 2


async def test_answer_records_the_policy_and_the_prompt_that_held(world: World) -> None:
    directives = Directives(world.database)
    await knowing(world, RUMOUR, RULE).ask(PRICE)
    await directives.set(world.principal, DirectiveKind.POLICY, policy_of({"topics": []}).as_json())
    await directives.set(world.principal, DirectiveKind.PROMPT, prompt_body("Say NO_ANSWER."))
    unbound = await world.ask(PRICE)
    await directives.roll_back(world.principal, DirectiveKind.POLICY, 0)
    await world.ask(PRICE)
    held = [(each["policy_version"], each["prompt_version"]) for each in await evidence(world)]
    assert held == [(0, 0), (1, 1), (2, 1)]
    assert unbound.topics == () and "50 %" in unbound.text
    assert reserved(world) == [PRICE, PRICE]


async def test_stored_answer_is_read_back_with_its_topics(world: World) -> None:
    answer = await knowing(world, RULE).ask(PRICE)
    async with world.database.read(Crossing.UPKEEP) as session:
        row = (await session.scalars(select(AnswerRow))).one()
    assert answer_of(row.answer).topics == answer.topics
    assert answer_of({key: value for key, value in row.answer.items() if key != "topics"}).topics == ()


async def test_tenants_prompt_is_what_the_model_is_told(world: World) -> None:
    world.llm = FakeLLM("Restart the service CorvaneSync on the till [1].")
    first = await world.ask(ASKED)
    text = "You serve {{ tenant }}. {% raw %} Reply NO_ANSWER where the passages say nothing."
    await Directives(world.database).set(world.principal, DirectiveKind.PROMPT, prompt_body(text))
    await world.ask(ASKED)
    system = world.llm.asked[-1][0].content
    assert system == "You serve acme. {% raw %} Reply NO_ANSWER where the passages say nothing."
    hashes = {each["prompt_hash"] for each in await evidence(world)}
    assert len(hashes) == 2 and first.outcome is Outcome.ANSWERED


PROMISE = "We will refund the monthly fee in full"
DOCUMENT = "Outages. We will refund the monthly fee in full after an outage of a day. Restart the service CorvaneSync on the till."


@pytest.mark.parametrize(
    "said", [f"{PROMISE} after an outage of a day [1].", "You are entitled to a refund of the fee [1]."]
)
async def test_composed_promise_is_not_sent(world: World, said: str) -> None:
    world.llm = FakeLLM(f"Restart the service CorvaneSync on the till [1]. {said}")
    answer = await knowing(world, passage(DOCUMENT)).ask(ASKED)
    assert "refund" not in answer.text and "CorvaneSync" in answer.text
    [verdicts] = [each["verdicts"] for each in await evidence(world)]
    assert [each["reason"] for each in verdicts if not each["sent"]] == ["promise"]


async def test_promise_that_an_authoritative_document_makes_may_be_quoted_and_no_more(world: World) -> None:
    knowing(world, replace(passage(DOCUMENT), authoritative=True))
    world.llm = FakeLLM(f"{PROMISE} after an outage of a day [1].")
    assert PROMISE in (await world.ask(ASKED)).text
    world.llm = FakeLLM("Restart the service CorvaneSync on the till [1]. We will refund the fee after an outage [1].")
    assert "refund" not in (await world.ask(ASKED)).text


@pytest.mark.parametrize("text", ["Answer well.", "NO_ANSWER {{ secrets }}", f"NO_ANSWER {'x' * 200}"])
def test_prompt_without_a_way_to_abstain_or_with_unknown_names_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        checked(text, max_chars=200)
    assert caught.value.code == "invalid_prompt"


def test_shipped_prompt_is_one_that_a_tenant_may_set() -> None:
    assert checked(SHIPPED_PROMPT, max_chars=6000)
    assert "{{" not in filled(SHIPPED_PROMPT, tenant="{{ max_words }}", max_words=150).replace("{{ max_words }}", "", 1)
