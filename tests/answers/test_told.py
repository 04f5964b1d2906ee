"""A conversation that the caller tells: redacted, bounded, and good for nothing but understanding a follow-up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from answer_worlds import BrokenRedactor, NameRedactor

from answers.plan import Turn
from answers.told import READ_OF_ANSWERS, TORN, told_turns
from answers.types import Exchange
from core.domain import RedactionProfile
from guardrails.guards import GuardError, Guards

PROFILE = RedactionProfile(key=b"k" * 32)
EDI = Exchange("How do I configure the EDI gateway?", "Open HQ. [1]")


async def turns(
    told: Sequence[Exchange], *, most: int = 4, max_chars: int = 1000, answers: bool = True, redactor: object = None
) -> list[Turn]:
    with Guards(redactor or NameRedactor()) as guards:
        return (await told_turns(told, guards, PROFILE, most=most, max_chars=max_chars, answers=answers)).turns


async def test_what_is_told_becomes_turns_in_its_order() -> None:
    [first, second] = await turns([EDI, Exchange("How long is the warranty on receipt printers?", "24 months.")])
    assert (first.question, first.query, first.answer) == (EDI.question, EDI.question, EDI.answer)
    assert second.query == "How long is the warranty on receipt printers?"


async def test_a_follow_up_to_a_follow_up_still_knows_the_topic() -> None:
    [_, port, peppol] = await turns([EDI, Exchange("And which port?", "443."), Exchange("And for Peppol?", "")])
    assert port.query == "And which port? configure EDI gateway"
    assert {"Peppol?", "EDI", "gateway", "port"} <= set(peppol.query.split())


async def test_personal_data_in_earlier_messages_is_redacted_like_a_question() -> None:
    [turn] = await turns([Exchange("Ann Alder asks: what about the gateway?", "Tell Ann Alder to open HQ.")])
    assert "Ann Alder" not in f"{turn}"
    assert turn.question.startswith("<PERSON_aaaaaa>")


async def test_a_redactor_that_fails_lets_nothing_pass() -> None:
    with pytest.raises(GuardError):
        await turns([EDI], redactor=BrokenRedactor())


async def test_only_the_last_turns_are_read() -> None:
    told = [Exchange(f"What is module number {n} for?", f"It is {n}.") for n in range(50)]
    assert [turn.question for turn in await turns(told, most=2)] == [told[48].question, told[49].question]
    assert await turns(told, most=0) == []


async def test_a_long_message_is_cut_between_words_and_loses_what_the_cut_may_have_torn() -> None:
    name_at_the_cut = "x " * 490 + "Ann Alder" + " y" * 500
    [turn] = await turns([Exchange(name_at_the_cut, "a " * 2000)], max_chars=985)
    assert set(turn.question.split()) == {"x"}
    assert 985 - TORN - 2 <= len(turn.question) < 985
    assert len(turn.answer) < READ_OF_ANSWERS


async def test_answers_are_left_out_where_no_model_reads_them() -> None:
    [turn] = await turns([EDI], answers=False)
    assert (turn.question, turn.answer) == (EDI.question, "")


async def test_hidden_characters_and_empty_messages_mean_nothing() -> None:
    told = [Exchange("   ", "Hello! How can I help?"), Exchange("How do I\u200b configure it?", "")]
    assert [turn.question for turn in await turns(told)] == ["How do I configure it?"]
