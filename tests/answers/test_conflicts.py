"""Two documents on one point: a contradiction is found and told, a mere likeness is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from answer_worlds import passage
from hypothesis import given
from hypothesis import strategies as st
from policy_pairs import AGREEING, CONTRADICTING, LATER_AGREEING, LATER_CONTRADICTING

from answers.conflicts import MAX_CONFLICTS, conflicts, remark
from answers.values import differing, values
from core.domain import DocType, Passage

OURS, VENDOR = "partner", "vendor"


def said(text: str, tenant_id: str, *, heading: str = "Rules", **more: object) -> Passage:
    made = passage(text, source=f"{tenant_id}/{more.get('title', 'rules')}.md")
    values = {"title": "Service levels", "doc_type": DocType.POLICY, "heading_path": (heading,), **more}
    return replace(made, tenant_id=tenant_id, **values)  # type: ignore[arg-type]


def pair(heading: str, ours: str, theirs: str) -> list[Passage]:
    return [said(theirs, VENDOR, heading=heading), said(ours, OURS, heading=heading)]


@pytest.mark.parametrize(("heading", "ours", "theirs"), [*CONTRADICTING, *LATER_CONTRADICTING])
def test_a_contradiction_is_found(heading: str, ours: str, theirs: str) -> None:
    [found] = conflicts(pair(heading, ours, theirs), tenant_id=OURS)
    assert (found.ours.text, found.theirs.text, found.own) == (ours, theirs, True)


@pytest.mark.parametrize(("heading", "ours", "theirs"), [*AGREEING, *LATER_AGREEING])
def test_what_only_looks_alike_is_no_contradiction(heading: str, ours: str, theirs: str) -> None:
    assert conflicts(pair(heading, ours, theirs), tenant_id=OURS) == ()


NINETY = "A session ends by itself after 90 minutes; it can be prolonged once, by a new code."
TWO_HOURS = "The session ends by itself after 120 minutes and may be prolonged once."
AROUND = "The agent states in the ticket what is to be looked at. {} Other tools may be used only if the customer prescribes them."


def test_a_contradiction_is_found_among_the_sentences_of_whole_passages() -> None:
    passages = [
        said("Call the hotline at any time. The desk answers in English.", VENDOR, title="Contacts"),
        said(AROUND.format(TWO_HOURS), VENDOR, title="Remote access to customer systems", heading="Procedure"),
        said(AROUND.format(NINETY), OURS, title="Remote access rules", heading="Sessions"),
    ]
    [found] = conflicts(passages, tenant_id=OURS)
    assert (found.ours.passage, found.theirs.passage) == (2, 1)
    assert (found.ours.quote, found.theirs.quote, found.point) == (NINETY, TWO_HOURS, "Sessions")


def test_the_askers_own_document_is_ours_whichever_stands_first() -> None:
    first, second = pair(
        "Warranty", "Printers carry a warranty of 12 months.", "Printers carry a warranty of 24 months."
    )
    for passages in ([first, second], [second, first]):
        [found] = conflicts(passages, tenant_id=OURS)
        assert passages[found.ours.passage].tenant_id == OURS


def test_two_documents_of_one_tenant_may_contradict_each_other() -> None:
    passages = [
        said("Invoices are payable within 14 days.", OURS, title="FAQ", heading="Payment"),
        said("Invoices are payable within 30 days.", OURS, title="Terms", heading="Payment"),
    ]
    [found] = conflicts(passages, tenant_id=OURS)
    assert not found.own
    assert remark(found, passages, marks=(1, 2), names={}, tenant_id=OURS) == (
        "Two documents differ: “FAQ” says “Invoices are payable within 14 days.” [1]; "
        "“Terms” says “Invoices are payable within 30 days.” [2]."
    )


def test_the_remark_names_whose_document_says_what_with_its_source() -> None:
    passages = pair("Warranty", "Printers carry a warranty of 12 months.", "Printers carry a warranty of 24 months.")
    [found] = conflicts(passages, tenant_id=OURS)
    assert remark(found, passages, marks=(2, 1), names={VENDOR: "Corvane"}, tenant_id=OURS) == (
        "Your own policy says “Printers carry a warranty of 12 months.” [2]; "
        "Corvane's says “Printers carry a warranty of 24 months.” [1]."
    )
    runbook = [replace(passages[0], doc_type=DocType.RUNBOOK), passages[1]]
    assert "; the other runbook says “" in remark(found, runbook, marks=(2, 1), names={}, tenant_id=OURS)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"version": ">=8.0"}, {"version": "<8.0"}),
        ({"region": "UK"}, {"region": "Germany"}),
        ({"customer": "Costa"}, {"customer": None}),
        ({"effective_from": date(2026, 1, 1)}, {"effective_to": date(2025, 12, 31)}),
    ],
)
def test_what_holds_for_others_or_at_another_time_differs_rightly(
    ours: dict[str, object], theirs: dict[str, object]
) -> None:
    text = "Printers carry a warranty of {} months."
    ours, theirs = {"effective_from": None, **ours}, {"effective_from": None, **theirs}
    passages = [said(text.format(12), OURS, **ours), said(text.format(24), VENDOR, **theirs)]  # type: ignore[arg-type]
    assert conflicts(passages, tenant_id=OURS) == ()
    same = [replace(one, **dict.fromkeys(ours | theirs)) for one in passages]
    assert len(conflicts(same, tenant_id=OURS)) == 1


def test_a_document_does_not_contradict_itself() -> None:
    first = said("Printers carry a warranty of 12 months.", OURS)
    second = replace(first, id="p-2", text="Printers carry a warranty of 24 months.", sentences=((0, 39),))
    assert conflicts([first, second], tenant_id=OURS) == ()


OUR_TABLE = "Priority | Response | Workaround\nP1 | 30 minutes | 4 hours\nP2 | 4 hours | 2 days"
THEIR_TABLE = "Priority | Response | Workaround\nP1 | 1 hour | 4 hours\nP2 | 4 hours | 2 days"


def test_the_cells_of_two_tables_are_compared_row_by_row() -> None:
    passages = [said(THEIR_TABLE, VENDOR, heading="Target times"), said(OUR_TABLE, OURS, heading="Target times")]
    [found] = conflicts(passages, tenant_id=OURS)
    assert (found.ours.quote, found.theirs.quote) == ("P1 | 30 minutes | 4 hours", "P1 | 1 hour | 4 hours")
    assert conflicts([passages[0], replace(passages[0], tenant_id=OURS, document_id="copy")], tenant_id=OURS) == ()


def test_where_sections_share_no_topic_only_near_statements_are_compared() -> None:
    passages = [
        said("Sessions end by themselves after 120 minutes.", VENDOR, title="Assist", heading="Tools"),
        said("Sessions end by themselves after 90 minutes.", OURS, title="Visits", heading="Rules"),
    ]
    assert conflicts(passages, tenant_id=OURS) == ()
    assert conflicts(passages, tenant_id=OURS, similar=lambda _a, _b: 0.3) == ()
    assert len(conflicts(passages, tenant_id=OURS, similar=lambda _a, _b: 0.9)) == 1


def test_a_word_that_both_documents_know_tells_two_things_apart() -> None:
    passages = [
        said("Devices of the premium tariff are replaced within 2 days.", VENDOR),
        said("Devices are replaced within 5 days. For the premium tariff there is a courier.", OURS),
    ]
    assert conflicts(passages, tenant_id=OURS) == ()


def test_each_point_is_told_once_and_not_more_than_a_few() -> None:
    rules = [
        "Printers carry a warranty of {} months.",
        "Invoices are payable within {} days.",
        "A password has {} characters.",
    ]
    mine = " ".join(rule.format(12) for rule in rules)
    theirs = " ".join(rule.format(24) for rule in rules)
    passages = [said(theirs, VENDOR), said(mine, OURS), replace(said(mine, OURS), id="p-copy")]
    assert len(conflicts(passages, tenant_id=OURS)) == MAX_CONFLICTS


@pytest.mark.parametrize(
    ("ours", "theirs", "dimensions"),
    [
        ("within 24 hours", "within a day", set()),
        ("within 2 days", "within 2 business days", {"time"}),
        ("12 months", "one year", set()),
        ("3 months", "90 days", set()),
        ("30 days", "31 days", {"time"}),
        ("half an hour", "30 minutes", set()),
        ("from 08:00 to 18:00", "from 8 am to 6 pm", set()),
        ("from 08:00 to 18:00", "from 07:30 to 18:30", {"clock"}),
        ("on 7 December", "on December 7th, 2026", set()),
        ("on 7 December 2025", "on 7 December 2026", {"date"}),
        ("on 2026-12-07", "on 7 December 2026", set()),
        ("1,000 EUR", "€1000", set()),
        ("1,000 EUR", "EUR 1,500.50", {"money eur"}),
        ("1,000 EUR", "1,000 USD", set()),  # nothing to compare
        ("15 percent", "15 %", set()),
        ("15 %", "twenty percent", {"share"}),
        ("7.4 and later", "version 7.4", set()),
        ("release 8.0", "version 7.4", {"version"}),
        ("at least 4 consultants", "6 consultants", {"count consult"}),
        ("4 consultants", "6 stores", set()),
        ("every January", "in January", set()),
        ("1 hour and 8 hours", "8 hours", set()),  # one is shared
        ("", "5 minutes", set()),
    ],
)
def test_values_differ_where_they_are_of_one_kind_and_none_is_shared(
    ours: str, theirs: str, dimensions: set[str]
) -> None:
    assert differing(values(ours), values(theirs)) == dimensions


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert differing(values(text), values(text)) == frozenset()
    conflicts([said(text, VENDOR), said(f"{text} 5 minutes", OURS)], tenant_id=OURS)
