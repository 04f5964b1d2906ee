"""When to ask back, and what the asker picks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from answer_worlds import passage

from answers.clarify import choices_for, customers_for, narrowed, picked, topics_for
from answers.types import Choice, Facet
from core.domain import Filters, Passage

OLD = replace(
    passage("Import the certificate under Partners.", source="old.md", score=0.8), version=">=7.0 <7.4", module="EDI"
)
NEW = replace(
    passage("Create an access point with its own identity.", source="new.md", score=0.75),
    version=">=7.4",
    module="EDI",
)
ASKED = "How do I set up the EDI gateway?"


def asked_back(*passages: Passage, question: str = ASKED, filters: Filters | None = None) -> list[tuple[str, str]]:
    found = choices_for(question, passages, filters or Filters(), most=5)
    return [(choice.label, choice.value) for choice in found]


def test_versions_that_exclude_each_other_are_offered() -> None:
    assert asked_back(OLD, NEW) == [("7.0 to 7.3", "7.0"), ("7.4 and later", "7.4")]


def test_products_and_modules_are_offered() -> None:
    pos, hq = replace(OLD, version=None, module="POS"), replace(NEW, version=None, module="HQ", score=0.79)
    assert asked_back(pos, hq) == [("POS", "POS"), ("HQ", "HQ")]
    one, two = replace(pos, product="Retail"), replace(hq, product="Wholesale")
    assert asked_back(one, two) == [("Retail", "Retail"), ("Wholesale", "Wholesale")]


@pytest.mark.parametrize(
    "passages",
    [
        (OLD,),
        (OLD, replace(NEW, score=0.6)),
        (replace(OLD, version=None), NEW),
        (OLD, replace(NEW, version=">=7.3")),
        (OLD, replace(NEW, text=OLD.text, sentences=OLD.sentences)),
        (replace(OLD, version="no range"), NEW),
        (OLD, replace(NEW, dense_score=0.0)),
        (),
    ],
    ids=["alone", "one leads", "for all versions", "overlapping", "the same text", "no range", "rest of steps", "none"],
)
def test_nobody_is_asked_where_one_leads_or_the_best_agree(passages: tuple[Passage, ...]) -> None:
    assert asked_back(*passages) == []


def test_modules_that_say_the_same_need_no_choice() -> None:
    text = "Keep the feed button pressed for three seconds."
    pos = replace(passage(text, source="a.md"), module="POS")
    assert asked_back(pos, replace(passage(text, source="b.md"), module="HQ")) == []


def test_nobody_is_asked_what_the_question_or_the_filters_say() -> None:
    pos, hq = replace(OLD, version=None, module="POS"), replace(NEW, version=None, module="HQ", score=0.79)
    assert asked_back(pos, hq, question="How do I set up POS printing?") == []
    assert asked_back(pos, hq, filters=Filters(module="POS")) == []
    assert asked_back(OLD, NEW, filters=Filters(version="7.2")) == []
    assert asked_back(OLD, NEW, question="Since when is there an access point?") == []
    long = "How do I set up the EDI gateway for the Peppol partner Larderworks with SHA-256 signatures and receipts?"
    assert asked_back(OLD, NEW, question=long) == []


def test_the_customer_is_asked_for_only_where_one_is_meant() -> None:
    names = ("Casa Verdana", "Lindgren Mode")
    assert [c.label for c in customers_for("Which ports does the customer use?", names, Filters(), most=5)] == [*names]
    both = customers_for("Do Lindgren Mode and Casa Verdana differ?", names, Filters(), most=5)
    assert {choice.label for choice in both} == {*names}
    assert customers_for("Which ports does the till use?", names, Filters(), most=5) == ()
    assert customers_for("Which ports does the customer use?", names, Filters(customer="Casa Verdana"), most=5) == ()
    assert customers_for("Which ports does the customer use?", (), Filters(), most=5) == ()


CHOICES = (Choice("7.0 to 7.3", Facet.VERSION, "7.0"), Choice("7.4 and later", Facet.VERSION, "7.4"))


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("7.4 and later", "7.4"),
        ("7.4", "7.4"),
        ("We run 7.4.", "7.4"),
        ("the first one", "7.0"),
        ("2", "7.4"),
        ("option 2 please", "7.4"),
        ("third", None),
        ("9", None),
        ("0", None),
        ("How long is the warranty?", None),
        ("", None),
    ],
)
def test_a_choice_is_picked_by_label_value_or_place(message: str, value: str | None) -> None:
    choice = picked(message, CHOICES)
    assert (choice.value if choice else None) == value


def test_a_picked_choice_narrows_the_original_question() -> None:
    assert narrowed(ASKED, Filters(), CHOICES[1]) == (ASKED, Filters(version="7.4"))
    customer = Choice("Casa Verdana", Facet.CUSTOMER, "Casa Verdana")
    assert narrowed("Ports?", Filters(), customer) == ("Ports? Casa Verdana", Filters(customer="Casa Verdana"))
    topic = Choice("Printer: Steps", Facet.TOPIC, "Printer: Steps")
    assert narrowed("printer", Filters(), topic) == ("Printer: Steps", Filters())


def test_topics_are_titles_or_the_headings_of_the_only_document() -> None:
    a, b = passage("The printer jams.", source="a.md"), passage("A printer is sold.", source="b.md")
    other = passage("Nothing of it.", source="c.md")
    assert [c.label for c in topics_for("Printer", [a, b, other], most=5)] == ["a.md", "b.md"]
    verify = replace(a, heading_path=("Verify",))
    assert [c.label for c in topics_for("printer", [a, verify], most=5)] == ["a.md: Steps", "a.md: Verify"]
    assert [c.label for c in topics_for("printer", [a, b], most=1)] == ["a.md"]
