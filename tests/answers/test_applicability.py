"""Whom and when an answer must hold for: which statement wins, what is searched, and what is said beside the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from answer_worlds import passage

from answers.applicability import Asked, Asker, applicability_note, asked_for
from answers.stated import read_stated
from core.domain import Filters, Passage
from core.profiles import Profile
from retrieval.names import Vocabulary

TODAY = date(2026, 11, 1)
NAMES = Vocabulary(("Corvane Retail", "Tavrin"), ("POS", "HQ"), ("UK", "Germany"))


def ask(question: str, filters: Filters | None = None, **profile: str) -> tuple[Asked, Filters]:
    asker = Asker(TODAY, Profile(**profile), NAMES)
    return asked_for(filters or Filters(), read_stated(question, NAMES, today=TODAY), asker)


def text(version: str | None = None, *, title: str = "Sync", **more: object) -> Passage:
    return replace(passage("Restart the agent.", source=title), version=version, title=title, **more)  # type: ignore[arg-type]


def test_the_request_wins_over_the_question_and_the_question_over_the_profile() -> None:
    question = "How do I restart the agent on 7.2 in Germany?"
    asked, searched = ask(question, Filters(version="8.0", region="UK"), version="7.4", region="Iberia")
    assert (asked.version, asked.region, searched.version, searched.region) == ("8.0", "UK", "8.0", "UK")
    asked, searched = ask(question, version="7.4", region="Iberia")
    assert (asked.version, asked.region, searched.version, searched.region) == ("7.2", "Germany", "7.2", "Germany")
    asked, searched = ask("How do I restart the agent?", version="7.4", region="Iberia")
    assert (asked.version, asked.region, searched.version, searched.region) == ("7.4", "Iberia", "7.4", "Iberia")


def test_nobody_who_states_anything_narrows_nothing() -> None:
    assert ask("How do I restart the agent?") == (Asked(today=TODAY), Filters())


def test_filters_that_no_statement_touches_stay() -> None:
    given = Filters(customer="Costa", corpora=("own",), as_of=date(2025, 1, 1))
    _, searched = ask("How do I restart the agent on 7.2?", given)
    assert searched == replace(given, version="7.2")


@pytest.mark.parametrize(
    ("question", "runs", "searched"),
    [
        ("What is new in 7.4?", "7.2", "7.4"),
        ("Is the rounding bug fixed in 7.4?", "7.2", "7.4"),
        ("What changed between 7.3 and 8.0?", "7.2", None),
        ("How do I upgrade from 7.2 to 8.0?", "7.2", None),
        ("Does the fix in 7.4 work on 7.3?", "7.3", None),
        ("We run 7.3 and 7.4, where is the log?", None, None),
        ("v7: how do I reset a till?", "7.2", "7.2"),
        ("v8: how do I reset a till?", "8", None),
        ("How do I reset a till?", "7.2", "7.2"),
    ],
)
def test_a_version_that_is_the_topic_is_searched_whatever_the_asker_runs(
    question: str, runs: str | None, searched: str | None
) -> None:
    asked, filters = ask(question, version="7.2")
    assert (asked.version, filters.version) == (runs, searched)


def test_a_profile_says_nothing_about_another_product() -> None:
    asked, searched = ask(
        "How do I restart Tavrin?", product="Corvane Retail", version="7.2", module="POS", region="UK"
    )
    assert (asked.version, searched.version, searched.module, searched.product) == (None, None, None, "Tavrin")
    assert searched.region == "UK"


def test_a_stated_day_is_searched_and_today_is_no_other_day() -> None:
    asked, searched = ask("What was the P1 response time last year?")
    assert (asked.as_of, searched.as_of) == (date(2025, 12, 31), date(2025, 12, 31))
    asked, searched = ask("How long is the warranty?", Filters(as_of=TODAY))
    assert (asked.as_of, searched.as_of) == (None, TODAY)


@pytest.mark.parametrize(
    ("version", "stated", "note"),
    [
        ("7.2", ">=7.4", "This applies to 7.4 and later; you run 7.2."),
        ("7.2", ">=7.4 <8.0", "This applies to 7.4 and later, before 8.0; you run 7.2."),
        ("7.2", "7.3-7.4", "This applies to 7.3 to 7.4; you run 7.2."),
        ("8.0", "<8.0", "This applies to versions before 8.0; you run 8.0."),
        ("7", ">=8.0", "This applies to 8.0 and later; you run 7."),
        ("7.4.1", ">=7.4.2", "This applies to 7.4.2 and later; you run 7.4.1."),
        ("7.4", ">=7.4", None),
        ("7.4", ">=7.4.2", None),  # 7.4 may be 7.4.2
        ("7", ">=7.2 <8.0", None),
        ("7.2", None, None),
        (None, ">=7.4", None),
    ],
)
def test_an_answer_for_other_versions_says_so(version: str | None, stated: str | None, note: str | None) -> None:
    assert applicability_note(Asked(version=version), [text(stated)], []) == note


def test_an_answer_of_which_a_part_holds_says_so() -> None:
    cited = [text(">=7.0"), text(">=7.4"), text(">=8.0")]
    assert applicability_note(Asked(version="7.2"), cited, []) == (
        "Part of this applies to 7.4 and later and to 8.0 and later; you run 7.2."
    )


def test_a_question_about_several_versions_needs_no_remark() -> None:
    asked, _ = ask("How do I upgrade from 7.2 to 8.0?", version="7.2")
    assert applicability_note(asked, [text(">=8.0")], []) is None


def test_whoever_asks_whether_another_versions_fix_works_is_told() -> None:
    asked, _ = ask("Does the fix in 7.4 work on 7.2?")
    assert applicability_note(asked, [text(">=7.4")], []) == "This applies to 7.4 and later; you run 7.2."


def test_where_nothing_holds_for_the_asker_the_note_names_what_holds_for_others() -> None:
    note = applicability_note(Asked(version="7.2"), [], [text(">=7.4", title="Scan and go")])
    assert note == "“Scan and go” applies to 7.4 and later; you run 7.2."


@pytest.mark.parametrize(
    ("cited", "later", "note"),
    [
        (">=7.0 <7.4", ">=7.4", "This changed with 7.4."),
        ("<8.0", ">=8.0", "This changed with 8.0."),
        (">=7.0", ">=7.4", None),  # both hold for later versions: nothing ended
        (">=7.0 <7.4", ">=8.0", None),  # between them stands something else
        (None, ">=7.4", None),
        (">=7.0 <7.4", None, None),
    ],
)
def test_a_text_that_another_takes_over_from_says_when(cited: str | None, later: str | None, note: str | None) -> None:
    assert applicability_note(Asked(version="7.2"), [text(cited)], [text(later)]) == note


def test_what_held_before_the_askers_version_is_no_change_to_come() -> None:
    assert applicability_note(Asked(version="8.0"), [text(">=8.0")], [text("<8.0")]) is None


@pytest.mark.parametrize(
    ("as_of", "begins", "ends", "note"),
    [
        (date(2024, 3, 1), date(2023, 1, 1), date(2024, 12, 31), "In force until 2024-12-31."),
        (date(2027, 1, 1), date(2027, 1, 1), None, "In force from 2027-01-01."),
        (date(2026, 3, 1), date(2025, 1, 1), None, None),
        (date(2026, 3, 1), date(2025, 1, 1), TODAY, None),  # its last day is today: it is in force
        (None, date(2023, 1, 1), date(2024, 12, 31), None),
    ],
)
def test_a_text_of_another_time_says_when_it_was_in_force(
    as_of: date | None, begins: date, ends: date | None, note: str | None
) -> None:
    asked = Asked(as_of=as_of, today=TODAY)
    assert applicability_note(asked, [text(effective_from=begins, effective_to=ends)], []) == note


def test_a_text_for_another_region_says_so_cited_or_not() -> None:
    asked = Asked(region="UK")
    german = text(title="Fiscal rules", region="Germany")
    assert applicability_note(asked, [german], []) == "This is written for Germany; you asked for UK."
    assert applicability_note(asked, [], [german]) == "“Fiscal rules” is written for Germany; you asked for UK."
    assert applicability_note(asked, [text(region="uk"), text()], [german]) is None


def test_several_remarks_stand_side_by_side() -> None:
    asked = Asked(version="7.2", as_of=date(2024, 1, 1), today=TODAY)
    assert applicability_note(asked, [text(">=7.4", effective_to=date(2024, 12, 31))], []) == (
        "This applies to 7.4 and later; you run 7.2. In force until 2024-12-31."
    )


def test_a_range_that_is_none_says_nothing() -> None:
    assert applicability_note(Asked(version="7.2"), [text("soon")], []) is None
    assert applicability_note(Asked(version="newest"), [text(">=7.4")], []) is None
