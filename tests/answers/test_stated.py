"""What a question says of itself: which version its asker runs, which it is about, and the day whose rules it asks for."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.stated import Stated, read_stated
from retrieval.names import Vocabulary

TODAY = date(2026, 11, 1)
NAMES = Vocabulary(
    products=("Corvane Retail",),
    modules=("POS", "EDI Gateway", "Sync Agent", "HQ", "Finance"),
    regions=("UK", "Germany", "Iberia", "Nordics"),
)


def read(question: str) -> Stated:
    return read_stated(question, NAMES, today=TODAY)


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("How do I restart the sync agent on 7.2?", "7.2"),
        ("We run 7.4.1. How do I restart the agent?", "7.4.1"),
        ("we are running version 7.3, where is the log?", "7.3"),
        ("Which settings does the till need on Corvane 7.3?", "7.3"),
        ("Corvane Retail 7.3: where is the log?", "7.3"),
        ("The customer still uses v7.1, how do I reset a till?", "7.1"),
        ("v7: how do I reset a till?", "7"),
        ("Our client is on release 7.0 and the till freezes", "7.0"),
        ("client sits on 7.2, tills are slow", "7.2"),
        ("How do I set the price in 7.4?", "7.4"),
        ("How do I set the price in version 8?", "8"),
        ("Where is the GLN kept with Corvane Retail version 7.3?", "7.3"),
        ("We upgraded to 7.4 and now the till shows ERR-4021", "7.4"),
        ("We upgraded from 7.2 to 7.4 yesterday and the labels are wrong", "7.4"),
        ("After the upgrade to 8.0 the tills don't sync, what now?", "8.0"),
        ("Since updating our stores to 7.5 prices are missing", "7.5"),
        ("Does the EDI Gateway 7.5 need a new certificate?", "7.5"),
        ("Our 7.2 tills print no barcode", "7.2"),
        ("7.4: how do I restart the agent?", "7.4"),
        ("How is a refund booked (7.3)?", "7.3"),
        ("Is AS4 supported? We have 7.3.2 installed", "7.3.2"),
        ("we're stuck on 7.1 for now: how do I export data?", "7.1"),
    ],
)
def test_the_version_that_the_asker_runs(question: str, runs: str) -> None:
    found = read(question)
    assert (found.runs, found.topics, found.moving) == ((runs,), (), False)


@pytest.mark.parametrize(
    ("question", "topics"),
    [
        ("What is new in 7.4?", ("7.4",)),
        ("what's new in Corvane Retail 7.4", ("7.4",)),
        ("What changed in release 8.0?", ("8.0",)),
        ("What changed between 7.2 and 7.4?", ("7.2", "7.4")),
        ("Which bugs were fixed in 7.3?", ("7.3",)),
        ("Is the rounding bug solved in 7.5?", ("7.5",)),
        ("Where are the 7.4 release notes?", ("7.4",)),
        ("Is 7.2 still supported?", ("7.2",)),
        ("When does release 8.1 come out and what will it contain?", ("8.1",)),
        ("Since 7.4 the key is called scheme. Why?", ("7.4",)),
        ("Was the old terminal protocol removed in 8.0?", ("8.0",)),
        ("Differences in offline mode: 7.2 vs 7.4", ("7.2", "7.4")),
        ("Client would even pay to have a bug in 7.0 repaired. Possible?", ("7.0",)),
        ("Which features came with 7.5?", ("7.5",)),
        ("Does 7.4 support AS4?", ("7.4",)),
        ("Prior to 7.4 we could edit prices, now we cannot", ("7.4",)),
    ],
)
def test_a_version_that_the_question_is_about_is_not_what_the_asker_runs(
    question: str, topics: tuple[str, ...]
) -> None:
    found = read(question)
    if found.topics != topics:  # "7.2 vs 7.4" may be read as either, as long as nobody is taken to run one of two
        assert (found.runs, found.topics) == (topics, ())
    assert found.moving is False


@pytest.mark.parametrize(
    ("question", "runs", "topics"),
    [
        ("Does the fix in 7.4 work on 7.2?", ("7.2",), ("7.4",)),
        ("We run 7.2. Is the rounding bug fixed in 7.4?", ("7.2",), ("7.4",)),
        ("We are on 7.3: what is new in 8.0?", ("7.3",), ("8.0",)),
    ],
)
def test_a_question_may_be_about_another_version_than_its_askers(
    question: str, runs: tuple[str, ...], topics: tuple[str, ...]
) -> None:
    found = read(question)
    assert (found.runs, found.topics) == (runs, topics)


@pytest.mark.parametrize(
    "question",
    [
        "How do I upgrade from 7.2 to 8.0?",
        "How much free disk space does the database volume need before the upgrade to 8.0?",
        "client sits on 7.2 and wants the newest version - can they jump in one go?",
        "We run 7.3 and want to migrate. What comes first?",
        "Can we move our stores to 7.5 in one night?",
        "On which date is Costa Mercado moving to 8.0?",
        "On which date will Lindgren Mode be upgraded to 8.0?",
        "Should I install 7.4.1 first or go straight to 8.0?",
        "How do I roll back from 7.4 to 7.3?",
    ],
)
def test_a_move_is_about_both_its_ends(question: str) -> None:
    found = read(question)
    assert found.moving
    assert found.names_versions


@pytest.mark.parametrize(
    "question",
    [
        "How long is the warranty?",
        "Why does ERR-4021 appear after 3 tries?",
        "Is a discount of 7.5 % allowed?",
        "May I refund 7.40 EUR in cash?",
        "Does the backup take 1.5 hours?",
        "Is €7.4 the fee for one label?",
        "What does section 7.4 of the policy say?",
        "Do we need TLS 1.2 on the till?",
        "Does it run on Windows 10.0?",
        "We have Python 3.11 on the server, is that fine?",
        "Which version 1.3 of TLS ciphers are allowed?",
        "Does the store open at 7.30 on Sundays?",
        "Is 192.168.7.4 the till's address?",
        "How many stores can 2 servers carry?",
        "Does the P60 have 2.4 GHz?",
        "The till froze on 7 December, is that covered?",
        "Do we get a 4.5 star rating?",
        "What is the factor 1.5 multiplier?",
        "Is ISO 27001 required in 2026?",
        "The file 2026.11.01 was not imported",
    ],
)
def test_a_number_that_is_no_version_of_ours_says_nothing(question: str) -> None:
    found = read(question)
    assert (found.runs, found.topics, found.moving) == ((), (), False)


def test_a_products_name_makes_a_version_only_where_it_is_known() -> None:
    question = "Where does Tavrin 7.3 keep its log?"
    assert read(question).runs == ()
    assert read_stated(question, Vocabulary(products=("Tavrin Cloud",)), today=TODAY).runs == ("7.3",)


@pytest.mark.parametrize(
    ("question", "runs"),
    [
        ("We run 7.2 and 7.4 in different stores, where is the log?", ("7.2", "7.4")),
        ("Will 7.2 clients work against an 8.0 server?", ("7.2", "8.0")),
        ("Does the agent of 7.2 talk to HQ 8.0?", ("7.2", "8.0")),
    ],
)
def test_two_versions_that_are_run_are_both_said(question: str, runs: tuple[str, ...]) -> None:
    assert read(question).runs == runs


@pytest.mark.parametrize(
    ("question", "module", "region"),
    [
        ("How do I restart the till in the POS module?", "POS", None),
        ("Which port does the EDI gateway module use?", "EDI Gateway", None),
        ("Which port does the EDI Gateway use?", None, None),
        ("Do the POS module and the Finance module share a log?", None, None),
        ("Which fiscal rules hold in Germany?", None, "Germany"),
        ("Do our German stores need a TSE?", None, "Germany"),
        ("How long are receipts kept in Spain?", None, "Iberia"),
        ("Which plugs for the UK?", None, "UK"),
        ("Do the rules in Germany and in the UK differ?", None, None),
        ("Is the hotline staffed?", None, None),
    ],
)
def test_module_and_region_count_where_the_question_says_so(
    question: str, module: str | None, region: str | None
) -> None:
    found = read(question)
    assert (found.module, found.region) == (module, region)


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("What was the warranty as of 2024-03-15?", date(2024, 3, 15)),
        ("What does the policy say as of March 2024?", date(2024, 3, 31)),
        ("as of 15 March 2024, how fast was P1 answered?", date(2024, 3, 15)),
        ("Which discount was valid on March 3rd, 2024?", date(2024, 3, 3)),
        ("How long did hardware repairs take under the rules in force in mid-2024?", date(2024, 6, 30)),
        ("What was the response time last year?", date(2025, 12, 31)),
        ("What was last year's discount for gold partners?", date(2025, 12, 31)),
        ("Which target times applied in 2023?", date(2023, 12, 31)),
        ("What was the P1 response time in early 2024?", date(2024, 1, 31)),
        ("How fast were tickets answered in Q2 2024?", None),  # tickets are events
        ("What did the SLA say two years ago?", date(2024, 11, 1)),
        ("What did gold partners get last month?", date(2026, 10, 31)),
        ("Which rules are in force as of 1 January 2027?", date(2027, 1, 1)),
        ("What does the policy say as of this November 2026?", None),
        ("What was in effect in November 2026?", TODAY),
        ("What was the warranty as of 31 February 2024?", None),
    ],
)
def test_the_day_whose_rules_are_asked_for(question: str, day: date | None) -> None:
    assert read(question).as_of == day


@pytest.mark.parametrize(
    "question",
    [
        "What are the dates of the Christmas freeze 2026?",
        "A terminal bought in March 2024 broke, is it under warranty?",
        "Which warranty did a printer get that was delivered in May 2025?",
        "Is an order of 3 March 2025 still open?",
        "When does support for 7.4 end?",
        "What happened in the outage of March 2026?",
        "Which stores opened last year?",
        "May I still send a claim until 31 December 2026?",
        "What is planned for 2027?",
        "What was the level review policy before 2025?",
        "How long is the warranty?",
    ],
)
def test_a_date_that_is_no_rules_day_says_nothing(question: str) -> None:
    assert read(question).as_of is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    read(text)
