"""From a question to what Langfuse really receives: stages, scores, no personal data, no key; and nothing lost without it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from journey_world import FREEZES, MAIL, NAME, PHONE, PLANTED, Prepared, operator
from langfuse import Langfuse

from answers.feedback import Feedback
from answers.types import Answer, Question
from api.bootstrap import Services, open_services
from core.domain import Outcome, Principal, Vote
from core.settings import LangfuseSettings, LLMSettings, Settings
from tests.servers.collector import Collector
from tests.servers.llm_stub import says, stub_llm
from tests.servers.ports import free_port

pytestmark = pytest.mark.slow

PUBLIC, SECRET, LLM_KEY = "pk-lf-journey", "sk-lf-journey-secret", "sk-model-journey-secret"
QUESTION = f"I am {NAME}, mail {MAIL} or call {PHONE}. {FREEZES}"
SUPPORTED = "Restart the service TillSync on the till [1]."
TYPE = "langfuse.observation.type"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@asynccontextmanager
async def traced(prepared: Prepared, home: Path, base_url: str, llm: str | None) -> AsyncIterator[Services]:
    langfuse = LangfuseSettings(public_key=PUBLIC, secret_key=SECRET, base_url=base_url)
    model = LLMSettings(base_url=llm, model="stub-model", api_key=LLM_KEY) if llm else LLMSettings()
    async with open_services(Settings(home=prepared.copied_to(home), langfuse=langfuse, llm=model)) as services:
        yield services


async def asker(services: Services) -> Principal:
    return operator((await services.tenants.by_slug("acme")).id)


async def asked(services: Services) -> Answer:
    answer = await services.pipeline.answer(Question(QUESTION, await asker(services)))
    assert answer.outcome is Outcome.ANSWERED
    assert answer.redactions["PERSON"] >= 1
    assert answer.redactions["EMAIL"] == 1
    return answer


async def vote(services: Services, answer: Answer) -> None:
    remark = f"Thanks, tell {NAME} at {MAIL}."
    await services.feedback.give(await asker(services), Feedback(answer.answer_id, Vote.UP, comment=remark))


def dropped(services: Services) -> float:
    found = re.search(r"^copilot_telemetry_dropped_total (\S+)$", services.metrics.render().decode(), re.MULTILINE)
    assert found
    return float(found[1])


@pytest.mark.parametrize("with_model", [False, True], ids=["extractive", "model"])
async def test_an_answer_arrives_as_one_trace_with_its_stages_and_scores(
    prepared: Prepared, tmp_path: Path, collector: Collector, with_model: bool
) -> None:
    async with stub_llm(says(SUPPORTED)) as llm:
        base_url = llm.base_url if with_model else None
        async with traced(prepared, tmp_path / "home", collector.base_url, base_url) as services:
            answer = await asked(services)
            await vote(services, answer)
            await services.tracer.flush()
            assert dropped(services) == 0

    trace_id = Langfuse.create_trace_id(seed=answer.answer_id)
    stages = {span.name: span for span in collector.spans}
    assert len(stages) == len(collector.spans)
    assert {name: span.attributes[TYPE] for name, span in stages.items()} == {
        "answer": "span",
        "screen_input": "guardrail",
        "plan": "span",
        "find": "retriever",
        "compose": "generation" if with_model else "span",
    }
    root = stages.pop("answer")
    for span in [root, *stages.values()]:
        assert span.trace_id == trace_id
        assert span.attributes["session.id"] == answer.conversation_id
        assert span.attributes["langfuse.trace.tags"] == ["tenant:acme"]
        said = {
            key: json.loads(span.attributes[f"langfuse.trace.metadata.{key}"])
            for key in ("tenant", "release", "channel")
        }
        assert said == {"tenant": "acme", "release": "1", "channel": "api"}
    assert {span.parent_id for span in stages.values()} == {root.span_id}
    known = {
        key: root.attributes[f"langfuse.observation.metadata.{key}"].strip('"')
        for key in ("outcome", "confidence", "prompt_hash")
    }
    assert known["outcome"] == "answered"
    assert known["confidence"] == str(answer.confidence)
    assert answer.text.split(".")[0] in root.attributes["langfuse.observation.output"]
    assert re.fullmatch(r"[0-9a-f]{16}" if with_model else "", known["prompt_hash"])

    confidence, feedback = collector.score("confidence"), collector.score("user_feedback")
    assert (confidence["traceId"], confidence["value"]) == (trace_id, answer.confidence)
    assert (feedback["traceId"], feedback["value"]) == (trace_id, 1.0)


async def test_no_personal_data_and_no_key_are_in_any_byte_that_is_sent(
    prepared: Prepared, tmp_path: Path, collector: Collector
) -> None:
    leaky = f"Ask {NAME} at {MAIL} or {PHONE} [1]. "
    async with (
        stub_llm(says(leaky, SUPPORTED)) as llm,
        traced(prepared, tmp_path / "home", collector.base_url, llm.base_url) as services,
    ):
        answer = await asked(services)
        await vote(services, answer)
        await services.tracer.flush()
        prompts = str([request.body for request in llm.requests])
    assert len(collector.spans) == 5
    assert len(collector.scores) == 2
    decoded = f"{collector.spans} {collector.scores} {collector.everything}"
    for told in (decoded, prompts, answer.text):
        assert not [planted for planted in PLANTED if planted in told]
    bodies = "".join(body.decode(errors="replace") for _, _, body in collector.requests)
    assert SECRET not in f"{collector.spans} {collector.scores} {bodies}"
    for secret in (LLM_KEY, prepared.token):
        assert secret not in decoded


async def test_without_its_collector_an_answer_is_the_same_and_the_loss_is_counted(
    prepared: Prepared, tmp_path: Path, collector: Collector
) -> None:
    async with traced(prepared, tmp_path / "with", collector.base_url, None) as services:
        expected = await asked(services)
        await services.tracer.flush()
        assert dropped(services) == 0
    async with traced(prepared, tmp_path / "without", f"http://127.0.0.1:{free_port()}", None) as services:
        assert dropped(services) == 0
        answer = await asked(services)
        await services.tracer.flush()
        assert dropped(services) >= 2  # the trace's spans and the score
    assert (answer.text, answer.confidence) == (expected.text, expected.confidence)
    assert [citation.quote for citation in answer.citations] == [citation.quote for citation in expected.citations]
    assert not answer.degraded
