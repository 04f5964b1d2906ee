"""Thumbs: a rejected answer is asked why, and leaves a curation task and scores. Real desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from slack_world import TEAM, USER, World, post, until
from sqlalchemy import select

from answers.feedback import FeedbackDesk
from answers.tasks import Tasks, TaskStatus
from bots.slack import blocks
from core.crossings import Crossing
from core.domain import Outcome, Role
from core.errors import ConflictError, NotFoundError
from core.models import FeedbackRow
from core.telemetry import Tracer
from guardrails.guards import Guards
from tests.case_world import NAME, VAULT, CaseWorld, NameGuards, citation


@dataclass
class Scores:
    """Notes the scores that are sent."""

    sent: list[tuple[str, str, float, Any]] = field(default_factory=list)

    def score(self, trace: str, name: str, value: float, *, comment: Any = None, score_id: str = "") -> None:
        self.sent.append((trace, name, value, comment))


class Rated:
    """A bot whose votes are counted for real, and an answer to vote on."""

    def __init__(self, world: World) -> None:
        self.world, self.scores = world, Scores()
        self.cases = CaseWorld(world.database)
        self.cases.tenant_ids = world.tenants
        self.tasks = Tasks(world.database)
        world.votes = cast(
            Any,
            FeedbackDesk(
                database=world.database,
                vault=VAULT,
                conversations=self.cases.conversations,
                guards=cast(Guards, NameGuards()),
                tenants=self.cases.tenants,
                tracer=cast(Tracer, self.scores),
            ),
        )

    async def begin(self) -> tuple[Any, str]:
        asker = self.cases.principal(name=f"slack:{TEAM}:{USER}")
        given = await self.cases.asked(asker, outcome=Outcome.ANSWERED, citations=(citation(), citation(n=2)))
        return await self.world.bot(), given.answer_id

    async def rows(self) -> Sequence[FeedbackRow]:
        async with self.world.database.read(Crossing.UPKEEP) as session:
            return (await session.scalars(select(FeedbackRow))).all()

    async def voted(self, bot: Any, answer_id: str, reason: str, right: str | None = None) -> None:
        """Thumb down, then the modal."""
        before = len(self.scores.sent)
        await post(bot, self.world.click(blocks.FEEDBACK, f"down:{answer_id}"))
        await until(lambda: self.world.slack.of("views.open"))
        view = self.world.slack.of("views.open")[-1].arguments["view"]
        chosen: dict[str, Any] = {"reason": {"selected_option": {"value": reason}}}
        await post(bot, self.world.submit(view, chosen | ({"right": right} if right else {})))
        await until(lambda: len(self.scores.sent) == before + 2)
        await until(lambda: not bot.worker.busy)


@pytest.fixture
def rated(world: World) -> Rated:
    return Rated(world)


async def test_rejected_answer_is_asked_why_and_leaves_a_task(rated: Rated) -> None:
    bot, answer_id = await rated.begin()
    await rated.voted(bot, answer_id, "outdated", f"{NAME} says: since 7.5 it is in the menu")
    [row] = await rated.rows()
    assert (row.vote, row.reason, row.correction) == (
        "down",
        "outdated",
        "<PERSON_a> says: since 7.5 it is in the menu",
    )
    [task] = (await rated.tasks.page(rated.world.tenants["acme"], limit=10)).tasks
    assert (task.reason, task.status, task.question) == ("outdated", TaskStatus.OPEN, "how do I reset a till?")
    assert task.correction == row.correction
    assert task.documents == ({"document_id": "d1", "title": "Till offline"},)
    assert [score[1:] for score in rated.scores.sent] == [
        ("user_feedback", 0.0, None),
        ("user_feedback", 0.0, "outdated"),
    ]


async def test_thumb_up_scores_and_leaves_no_task(rated: Rated) -> None:
    bot, answer_id = await rated.begin()
    await post(bot, rated.world.click(blocks.FEEDBACK, f"up:{answer_id}"))
    await until(lambda: rated.scores.sent and not bot.worker.busy)
    assert rated.scores.sent[0][1:3] == ("user_feedback", 1.0)
    assert (await rated.tasks.page(rated.world.tenants["acme"], limit=10)).total == 0
    assert rated.world.slack.of("views.open") == []


async def test_thumb_down_counts_though_its_reason_is_never_told(rated: Rated) -> None:
    bot, answer_id = await rated.begin()
    await post(bot, rated.world.click(blocks.FEEDBACK, f"down:{answer_id}"))
    await until(lambda: rated.world.slack.of("views.open"))
    [row] = await rated.rows()
    assert (row.vote, row.reason) == ("down", None)
    assert (await rated.tasks.page(rated.world.tenants["acme"], limit=10)).total == 0


async def test_second_opinion_goes_into_the_same_task_and_opens_it_again(rated: Rated) -> None:
    bot, answer_id = await rated.begin()
    tenant = rated.world.tenants["acme"]
    await rated.voted(bot, answer_id, "wrong", "It is the red button.")
    admin = rated.cases.principal(role=Role.KNOWLEDGE_ADMIN, name="admin")
    [task] = (await rated.tasks.page(tenant, limit=10)).tasks
    await rated.tasks.close(admin, task.id)
    with pytest.raises(ConflictError):
        await rated.tasks.close(admin, task.id)
    with pytest.raises(NotFoundError):
        await rated.tasks.close(rated.cases.principal("other", role=Role.KNOWLEDGE_ADMIN), task.id)
    assert (await rated.tasks.page(tenant, status=TaskStatus.OPEN, limit=10)).total == 0
    await rated.voted(bot, answer_id, "unsafe")
    page = await rated.tasks.page(tenant, limit=10)
    [again] = page.tasks
    assert (again.id, again.status, again.reason) == (task.id, TaskStatus.OPEN, "unsafe")
    assert again.correction == "It is the red button.", "what was said before stays"


@pytest.mark.parametrize("reason", ["", "because", "wrong'; DROP TABLE"])
async def test_reason_that_is_none_is_not_recorded(rated: Rated, reason: str) -> None:
    bot, answer_id = await rated.begin()
    await post(bot, rated.world.click(blocks.FEEDBACK, f"down:{answer_id}"))
    await until(lambda: rated.world.slack.of("views.open"))
    view = rated.world.slack.of("views.open")[0].arguments["view"]
    await post(bot, rated.world.submit(view, {"reason": {"selected_option": {"value": reason}}}))
    await until(lambda: not bot.worker.busy)
    [row] = await rated.rows()
    assert row.reason is None
