"""Which questions lean on the one before, and what they take over."""

from __future__ import annotations

import time

import pytest

from answers.follow_ups import Turn, carry_over, is_follow_up


@pytest.mark.parametrize(
    "question",
    [
        "what about returns?",
        "and for 7.2?",
        "Ok, and in the UK?",
        "So it can store any file or do I need to name the type in advance?",
        "Does that survive a restart of the store server on the last day of the month?",
        "What if I want to send an image with a document?",
        "why?",
        "returns?",
        "Which ones are free?",
    ],
)
def test_what_points_back_or_goes_on_is_a_follow_up(question: str) -> None:
    assert is_follow_up(question)


@pytest.mark.parametrize(
    "question",
    [
        "And who approves partner discounts?",
        "Is there a limit on the file size?",
        "The till shows ERR-4021, how do I fix it?",
        "What is a strong password?",
        "Great! One last thing, where can I find the Python SDK for pushing data?",
        "CorvaneSync",
        "What are the parts of a release tag?",
    ],
)
def test_what_stands_alone_carries_nothing(question: str) -> None:
    assert not is_follow_up(question)


def test_a_version_replaces_the_last_questions_version() -> None:
    last = Turn("Where is the log on 7.4?", "Where is the log on 7.4?", "")
    assert carry_over("and for 7.2?", [last]) == "and for 7.2? log"


def test_the_topic_of_the_searched_query_is_carried_not_of_the_typed_one() -> None:
    last = Turn("And for Peppol?", "And for Peppol? configure EDI gateway", "")
    assert carry_over("Does it need a certificate?", [last]).endswith("Peppol configure EDI gateway")


def test_a_long_question_is_judged_in_no_time() -> None:
    began = time.process_time()
    for text in ("w" * 40_000, "and " * 10_000, "there is it " * 3000):
        is_follow_up(text)
    assert time.process_time() - began < 0.5
