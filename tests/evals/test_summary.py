"""Figures of a run, worked out by hand from its rows."""

import pytest
from eval_fakes import row

from core.domain import Outcome
from evals.dataset import Kind
from evals.golden import Ranking
from evals.summary import summarise, summarise_by_tenant

ROWS = [
    row(id="right", cited=("a.md", "x.md"), gold=("a.md",), latency_ms=10.0),
    row(id="wrong", cited=("y.md",), gold=("b.md",), ranking=Ranking(4, 0.0, 1.0, 0.25, 0.43, 0.0), latency_ms=30.0),
    row(id="shy", outcome=Outcome.ABSTAINED, cited=(), ranking=Ranking(None, 0, 0, 0, 0, 0), confidence=0.2, latency_ms=20.0),
    row(id="silent", kind=Kind.UNANSWERABLE, outcome=Outcome.ABSTAINED, cited=(), gold=(), ranking=None, confidence=0.1),
    row(id="bluff", kind=Kind.UNANSWERABLE, cited=("z.md",), gold=(), ranking=None, confidence=0.5, broken_quotes=1),
    row(
        id="leak", tenant="bolt", kind=Kind.FOREIGN, cited=("v.md", "w.md"), gold=(), ranking=None, confidence=0.3,
        foreign_citations=2,
    ),
]  # fmt: skip


def value(name: str) -> float | None:
    return summarise(ROWS)[name].value


def test_ranking_is_averaged_over_answerable_questions() -> None:
    assert value("recall_at_1") == pytest.approx(1 / 3)
    assert value("recall_at_5") == pytest.approx(2 / 3)
    assert value("mrr") == pytest.approx((1 + 0.25 + 0) / 3)


def test_citation_precision_is_over_citations_of_answered_answerable_questions() -> None:
    assert value("citation_precision") == pytest.approx(1 / 3)
    assert value("gold_cited") == pytest.approx(1 / 2)


def test_quote_integrity_is_over_all_citations() -> None:
    assert value("quote_integrity") == pytest.approx(5 / 6)


def test_abstention_treats_foreign_questions_as_unanswerable() -> None:
    # Should abstain: silent, bluff, leak. Did: shy, silent. Right: silent.
    assert value("abstention_precision") == pytest.approx(1 / 2)
    assert value("abstention_recall") == pytest.approx(1 / 3)
    assert value("abstention_f1") == pytest.approx(2 / 5)


def test_an_escalation_is_no_answer() -> None:
    assert summarise([row(outcome=Outcome.ESCALATED, cited=())])["answered"].value == 0


def test_shares_answered() -> None:
    assert value("answered") == pytest.approx(4 / 6)
    assert value("answered_answerable") == pytest.approx(2 / 3)
    assert value("answered_unanswerable") == pytest.approx(2 / 3)


def test_confidence_is_judged_by_answerability() -> None:
    # True .9 .9 .2 against false .1 .5 .3: 3 + 3 + 1 of 9 pairs in order.
    assert value("confidence_auroc") == pytest.approx(7 / 9)


def test_foreign_citations_are_a_count_and_stand_with_their_tenant() -> None:
    assert value("foreign_citations") == 2
    by_tenant = summarise_by_tenant(ROWS)
    assert {tenant: m["foreign_citations"].value for tenant, m in by_tenant.items()} == {"acme": 0, "bolt": 2}


def test_latency_percentiles_are_over_all_questions() -> None:
    assert summarise(ROWS[:3])["latency_p50_ms"].value == 20.0
