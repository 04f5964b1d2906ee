"""Several questions in one message."""

from __future__ import annotations

import pytest

from answers.several import split_questions


def test_questions_that_stand_alone_are_taken_apart() -> None:
    assert split_questions("How long is the printer's warranty? And what are the P1 response times?") == (
        "How long is the printer's warranty?",
        "what are the P1 response times?",
    )
    assert split_questions("How do I reset the terminal and where is the sync agent log?") == (
        "How do I reset the terminal?",
        "where is the sync agent log?",
    )


def test_a_list_is_taken_apart_without_its_numbers() -> None:
    text = "1. How do I reset the terminal?\n2) What is the P1 response time?\n- Who approves discounts?"
    assert split_questions(text) == (
        "How do I reset the terminal?",
        "What is the P1 response time?",
        "Who approves discounts?",
    )


def test_what_is_told_first_stays_with_the_question_it_is_told_for() -> None:
    text = "Our store in York opens Monday. Which ports must be open? Who approves partner discounts?"
    assert split_questions(text) == (
        "Our store in York opens Monday. Which ports must be open?",
        "Who approves partner discounts?",
    )


def test_a_question_that_leans_stays_with_the_one_before_it() -> None:
    text = "How do I install the network driver? Does it need a restart? Who approves partner discounts?"
    assert split_questions(text) == (
        "How do I install the network driver? Does it need a restart?",
        "Who approves partner discounts?",
    )


@pytest.mark.parametrize(
    "text",
    [
        "The till shows ERR-4021. What do I do? Is it dangerous?",
        "What is the X report and how does it work?",
        "The printer prints nothing. What now?",
        "Box went dark, dry-run of the fix tool says 3 broken pieces. Go ahead?",
        "How do we redeem gift vouchers, and what happens to the remaining balance?",
        "When I create a tax code, what should I select in the form?",
        "restart and reset the till",
        "",
        "???",
    ],
)
def test_one_question_stays_whole(text: str) -> None:
    assert split_questions(text) == (text,)
