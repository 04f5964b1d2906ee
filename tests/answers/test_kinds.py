"""What a message is taken for: each kind, mixtures, and the questions that only look like one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.kinds import Kind, is_one_word, read_message


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (Kind.GREETING, ["hi", "Hello!", "hey there", "Good morning", "hi team", "How are you?", "Hi :)", "hiii sir"]),
        (Kind.THANKS, ["thanks!", "Thank you very much", "ok thanks", "great, thank you", "thx", "Perfect!"]),
        (Kind.GOODBYE, ["bye", "see you later", "thanks, bye", "have a nice day", "that's all, thanks"]),
        (Kind.ABOUT, ["who are you?", "Are you a person?", "are you a bot or a human?", "what can you do?", "help"]),
        (Kind.ABOUT, ["am I talking to a real person?", "Is this bot an AI?", "who made you?", "are you ChatGPT?"]),
        (Kind.FRUSTRATION, ["You are useless!", "this is bullshit", "WTF", "I'm so fed up", "worst support ever"]),
        (
            Kind.FRUSTRATION,
            ["This is ridiculous. You are the worst.", "hi. You stupid bot", "Your service is pathetic"],
        ),
        (Kind.OUTSIDE, ["write me a poem", "Tell me a joke", "What's the weather in Berlin?", "do my math homework"]),
        (Kind.OUTSIDE, ["write a python function that reverses a list", "who won the world cup?", "what is 2+2?"]),
        (Kind.EMPTY, ["???", "!!!...", "😀😀", "🤷‍♂️", "—", "yes", "ok", "test"]),
    ],
)
def test_what_is_no_question_is_told_from_one(kind: Kind, texts: list[str]) -> None:
    assert {text: read_message(text).kind for text in texts} == dict.fromkeys(texts, kind)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("hi, how do I reset the terminal?", "how do I reset the terminal?"),
        ("Hello, the till shows ERR-4021. Thanks!", "the till shows ERR-4021."),
        ("hey, good morning. How are you? My till is dead.", "My till is dead."),
        ("Dear <PERSON_k3f9>, we run 7.2. Where is the log?", "we run 7.2. Where is the log?"),
        ("You are useless. How do I reset the terminal?", "How do I reset the terminal?"),
        ("How long is the warranty? Many thanks in advance", "How long is the warranty?"),
    ],
)
def test_the_question_beside_a_greeting_is_what_counts(text: str, question: str) -> None:
    message = read_message(text)
    assert (message.kind, message.text) == (Kind.QUESTION, question)


@pytest.mark.parametrize(
    "text",
    [
        "Peppol?",
        "Hi-Fi speakers at the till",
        "Hello World sample missing",
        "This damn printer jams again",
        "What is the weather module?",
        "who is the person to contact for discounts?",
        "Can you help me reset the till?",
        "Is it unacceptable to ship without a label?",
        "thank you page redirect is broken",
        "How do I say goodbye to old licences?",
        "Which Python versions does the SDK support?",
        "Where does the story of a ticket begin?",
    ],
)
def test_a_question_with_such_words_in_it_stays_as_it_is(text: str) -> None:
    message = read_message(text)
    assert (message.kind, message.text) == (Kind.QUESTION, text)


def test_one_word_is_one_whatever_stands_around_it() -> None:
    assert all(map(is_one_word, ["Peppol?", " ERR-4021 ", "“edi.partner_id”", "refunds!!"]))
    assert not any(map(is_one_word, ["two words", "???", ""]))


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    message = read_message(text)
    assert message.kind in Kind
    assert message.text.strip() or not text.strip()


@pytest.mark.parametrize("part", ["w", "a@", "[1](", " ", "and ", "thanks ", "i am really ", "a?", "x.", "\n \n", ", "])
def test_the_longest_message_is_read_in_no_time(part: str) -> None:
    text = (part * 40_000)[:40_000] + "x?"
    began = time.process_time()
    read_message(text)
    assert time.process_time() - began < 0.5
