"""Sentences that would bind the vendor."""

from __future__ import annotations

import pytest

from guardrails.promises import Promises, quoted

PROMISES = Promises(("Corvane", "Lager & Co."))


@pytest.mark.parametrize(
    "sentence",
    [
        "We will refund you the fee.",
        "We'll replace the scanner within two days.",
        "We are going to waive the charge.",
        "I guarantee that the data is safe.",
        "Corvane will credit 10 % of the monthly fee.",
        "Corvane guarantees a reaction within an hour.",
        "Lager & Co. promises a fix by Friday.",
        "Our team will gladly extend your contract.",
        "You will receive a full refund.",
        "You'll get a 20 % discount on licences.",
        "You are entitled to compensation.",
        "Your refund has been approved.",
        "You will be reimbursed.",
    ],
)
def test_promise_is_recognised(sentence: str) -> None:
    assert PROMISES.in_text(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Restart the service on the till.",
        "The till will send the receipt again.",
        "You will see the price on the label.",
        "The refund key is F4.",
        "You will get an error ERR-4021.",
        "Silver partners buy licences at 20 % below list price.",
        "Discounts beyond the standard need an approval.",
        "We recommend a restart at night.",
    ],
)
def test_plain_statement_is_none(sentence: str) -> None:
    assert not PROMISES.in_text(sentence)


def test_quote_has_the_same_words_in_the_same_order() -> None:
    passage = "Credits.\n\nWe will refund the fee,\nin full, within 30 days."
    assert quoted("**We will refund the fee, in full**", [passage])
    assert not quoted("We will refund the fee within 30 days", [passage])
    assert not quoted("We will refund the fees", [passage])
    assert not quoted("…", [passage])
