"""Questions put to search and pipeline, with fakes that show what they were asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from eval_fakes import TENANTS, answer, citation, passage, principal

from answers.plan import Turn
from answers.types import Answer, Evidence, Question
from core.domain import Audience, Filters, Outcome, Passage, Scope
from evals.sets.asking import Product, SetRun, rank
from evals.sets.dialogue import Dialogues
from evals.sets.form import Exchange, SetQuestion
from evals.sets.rows import BM25, HYBRID, OURS, Ranking
from guardrails.guards import ScreenedInput
from retrieval.search import SearchResult

ASKED = SetQuestion("q1", "acme", "How?", "g", frozenset({"a.md"}), ("Turn it off.",))


@dataclass
class ListFinder:
    """The first `limit` of the same passages."""

    passages: tuple[Passage, ...]
    searched: list[tuple[Scope, str, int]] = field(default_factory=list)

    async def search(
        self, scope: Scope, query: str, *, limit: int, today: date, whole_procedures: bool = False
    ) -> SearchResult:
        self.searched.append((scope, query, limit))
        return SearchResult(self.passages[:limit], 1, scope.tenant_id)


@dataclass
class RecallingAsker:
    """Recalls and keeps as the pipeline does; searches for the question in capitals."""

    dialogues: Dialogues
    answers: Mapping[str, Answer]
    recalled: list[tuple[str, list[Turn]]] = field(default_factory=list)

    async def answer(self, question: Question) -> Answer:
        _, turns = await self.dialogues.recall(question.principal, question.conversation_id)
        self.recalled.append((question.text, turns))
        given = replace(self.answers.get(question.text, answer()), answer_id=f"answer-{len(self.recalled)}")
        asked = ScreenedInput(f"({question.text})", {}, (), 0)
        await self.dialogues.keep(question.principal, asked, given, Evidence(question.text.upper()))
        return given


class World:
    def __init__(
        self, *passages: Passage, answers: Mapping[str, Answer] | None = None, history: int = 4, candidates: int = 2
    ) -> None:
        self.dialogues = Dialogues(history=history)
        self.finder = ListFinder(passages)
        self.asker = RecallingAsker(self.dialogues, answers or {})
        self.product = Product(
            self.finder, self.asker, self.dialogues, self.screened, principal, {"acme": 0.7}, candidates
        )

    async def screened(self, tenant_id: str, text: str) -> str:
        return f"<{tenant_id[:1]}> {text}"


def scored(source: str, *, sparse: float, dense: float, text: str = "text") -> Passage:
    return replace(passage(source, text), sparse_score=sparse, dense_score=dense)


async def test_baselines_order_the_same_candidates() -> None:
    found = (
        scored("x.md", sparse=0.9, dense=0.1),
        scored("a.md", sparse=0.8, dense=0.9),
        scored("y.md", sparse=1.0, dense=0.0),
    )
    row = await SetRun(World(*found).product, answers=False).ask(ASKED)
    assert {name: ranking.mrr for name, ranking in row.rankings.items()} == {BM25: 1 / 3, HYBRID: 1.0, OURS: 1 / 2}
    assert row.spoken is None


async def test_search_alone_asks_what_the_search_route_would() -> None:
    world = World(passage("a.md"), candidates=7)
    narrowed = replace(ASKED, filters=Filters(corpora=("kept",)), audience=Audience.PARTNER)
    row = await SetRun(world.product, answers=False).ask(narrowed)
    scope = Scope(TENANTS["acme"], Audience.PARTNER, Filters(corpora=("kept",)))
    assert world.finder.searched == [(scope, "<a> How?", 50), (scope, "<a> How?", 14)]
    assert row.query == "<a> How?"
    assert not world.asker.recalled


async def test_an_unanswerable_question_has_no_ranking() -> None:
    row = await SetRun(World(passage("a.md")).product, answers=False).ask(replace(ASKED, gold=frozenset()))
    assert row.rankings == {}
    assert not row.answerable


async def test_the_answer_is_kept_with_its_likeness_to_the_reference() -> None:
    said = replace(
        answer(citations=[citation(source="a.md"), citation(source="x.md")], confidence=0.6), text="Turn it on. [1]"
    )
    row = await SetRun(World(passage("a.md"), answers={"How?": said}).product, answers=True).ask(ASKED)
    assert row.spoken is not None
    assert (row.spoken.cited, row.spoken.confidence, row.spoken.threshold) == (("a.md", "x.md"), 0.6, 0.7)
    assert (row.spoken.f1, row.spoken.rouge_l) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (row.composed, row.answered, row.right) == (True, False, True)


async def test_an_abstention_is_compared_with_no_reference() -> None:
    world = World(passage("a.md"), answers={"How?": answer(Outcome.ABSTAINED)})
    row = await SetRun(world.product, answers=True).ask(ASKED)
    assert row.spoken is not None
    assert (row.spoken.text, row.spoken.f1, row.composed) == ("", None, False)


FOLLOW_UP = replace(ASKED, text="And then?", history=(Exchange("How?", "Turn it off."), Exchange("Why?", "It is hot.")))


async def test_a_follow_up_is_searched_as_the_pipeline_understood_it() -> None:
    world = World(passage("a.md"))
    row = await SetRun(world.product, answers=False).ask(FOLLOW_UP)
    first, second = Turn("(How?)", "HOW?", "Turn it off."), Turn("(Why?)", "WHY?", "It is hot.")
    assert world.asker.recalled == [("How?", []), ("Why?", [first]), ("And then?", [first, second])]
    assert row.query == "AND THEN?"
    assert {query for _, query, _ in world.finder.searched} == {"AND THEN?"}
    assert row.spoken is None


async def test_an_earlier_turn_is_asked_once_in_a_conversation() -> None:
    world = World(passage("a.md"))
    run = SetRun(world.product, answers=True)
    await run.ask(ASKED)
    await run.ask(FOLLOW_UP)
    await run.ask(replace(FOLLOW_UP, group="another conversation"))
    assert [text for text, _ in world.asker.recalled] == ["How?", "Why?", "And then?", "How?", "Why?", "And then?"]


async def test_no_more_turns_are_recalled_than_the_product_would() -> None:
    world = World(passage("a.md"), history=1)
    await SetRun(world.product, answers=False).ask(FOLLOW_UP)
    assert [turn.question for turn in world.asker.recalled[-1][1]] == ["(Why?)"]


def test_a_ranking_is_by_document_and_its_passage_by_the_first_five() -> None:
    question = replace(ASKED, gold=frozenset({"a.md", "b.md"}))
    found = [passage(name, "nothing") for name in ("x.md", "x.md", "a.md", "x.md", "y.md", "b.md")]
    ranking = rank(question, found)
    # Documents in order: x, a, y, b.
    assert (ranking.recall_at_5, ranking.mrr, ranking.passage_at_5) == (1.0, 1 / 2, 0.0)
    # Turn, it: two of three tokens stand in the fifth passage, none in the sixth.
    held = [*found[:4], passage("y.md", "Turn it on."), found[5]]
    assert rank(question, held).passage_at_5 == 1.0
    assert rank(question, [*found[:5], passage("b.md", "Turn it off.")]).passage_at_5 == 0.0


def test_nothing_found_ranks_nothing() -> None:
    assert rank(ASKED, []) == Ranking(0.0, 0.0, 0.0, 0.0, 0.0)
