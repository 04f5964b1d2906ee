"""Every figure of a run, worked out by hand from its rows."""

from dataclasses import replace

import pytest
from set_rows import LOST, PERFECT, SILENT, SPOKEN, set_row

from evals.sets.figures import figures, summarise
from evals.sets.rows import BM25, HYBRID, OURS, as_json, from_json

ROWS = [
    set_row("right", replace(SPOKEN, cited=("a.md", "x.md"), latency_ms=10.0)),
    set_row("half", replace(SPOKEN, f1=0.1, rouge_l=0.05, confidence=0.8), gold=("a.md", "b.md")),
    set_row("wrong", replace(SPOKEN, cited=("y.md",), f1=0.3, rouge_l=0.3, confidence=0.7)),
    set_row("shy", replace(SPOKEN, confidence=0.4)),
    set_row("mute", replace(SILENT, confidence=0.6)),
    set_row("bluff", replace(SPOKEN, cited=("z.md",), f1=None, rouge_l=None, confidence=0.75), gold=()),
    set_row("silent", replace(SILENT, confidence=0.1, latency_ms=90.0), gold=()),
]


def value(name: str) -> float | None:
    return summarise(ROWS, answers=True).own[name].value


def test_citations_are_counted_over_answered_answerable_questions() -> None:
    # right 1 of 2, half 1 of 1, wrong 0 of 1; of gold documents right 1 of 1, half 1 of 2, wrong 0 of 1.
    assert value("citation precision") == pytest.approx(2 / 4)
    assert value("citation recall") == pytest.approx(2 / 4)


def test_texts_are_compared_over_answered_answerable_questions() -> None:
    assert value("token F1") == pytest.approx((0.5 + 0.1 + 0.3) / 3)
    assert value("ROUGE-L") == pytest.approx((0.25 + 0.05 + 0.3) / 3)


def test_an_abstention_is_whatever_is_not_answered_at_the_threshold() -> None:
    assert value("answered of the answerable") == pytest.approx(3 / 5)
    # shy, mute and silent got no answer; silent alone should not have had one, bluff neither.
    assert value("abstention precision") == pytest.approx(1 / 3)
    assert value("abstention recall") == pytest.approx(1 / 2)


def test_where_all_can_be_answered_no_abstention_can_be_right() -> None:
    found = summarise([row for row in ROWS if row.answerable], answers=True).own
    assert {found[f"abstention {name}"].value for name in ("AUROC", "precision", "recall")} == {None}


def test_the_area_is_of_the_confidence_over_answerable_or_not() -> None:
    # Answerable .9 .8 .7 .4 .6, not .75 .1: 2 + 5 of 10 pairs in order.
    assert value("abstention AUROC") == pytest.approx(7 / 10)


def test_calibration_is_against_a_right_answer() -> None:
    # Right: right, half, shy. Squares: .01 .04 .49 .36 .36 .5625 .01.
    assert value("Brier score") == pytest.approx((0.01 + 0.04 + 0.49 + 0.36 + 0.36 + 0.5625 + 0.01) / 7)
    # Five bins by rising confidence: (.1 .4) (.6 .7) (.75) (.8) (.9), right ½ 0 0 1 1.
    gaps = 2 * abs(0.25 - 0.5) + 2 * 0.65 + 0.75 + 0.2 + 0.1
    assert value("ECE, 5 equal-mass bins") == pytest.approx(gaps / 7)


def test_latencies_are_percentiles() -> None:
    assert value("answer latency p50, ms") == 20.0
    assert value("answer latency p95, ms") == pytest.approx(20 + 0.7 * 70)
    assert value("search latency p50, ms") == 10.0


def test_rankings_are_over_answerable_questions_and_beside_their_baselines() -> None:
    rows = [*ROWS, replace(set_row("lost"), rankings={OURS: LOST, BM25: LOST, HYBRID: PERFECT})]
    found = summarise(rows, answers=False)
    for name in ("recall@5", "recall@10", "nDCG@10", "MRR", "answer-passage recall@5"):
        assert found.own[name].value == pytest.approx(5 / 6)
        assert found.own[name].n == 6
        assert found.baselines[BM25][name].value == 0.0
        assert found.leads[BM25][name].value == pytest.approx(5 / 6)
        assert found.leads[HYBRID][name].value == pytest.approx(-1 / 6)


def test_a_question_without_reference_has_no_passage_figure() -> None:
    bare = replace(set_row("bare"), rankings=dict.fromkeys((OURS, BM25, HYBRID), replace(PERFECT, passage_at_5=None)))
    found = summarise([bare], answers=False).own
    assert found["answer-passage recall@5"].value is None
    assert found["recall@5"].value == 1.0


def test_a_search_run_has_no_figures_of_answers() -> None:
    assert "token F1" not in summarise([set_row("a", None)], answers=False).own
    assert [figure.name for figure in figures(answers=False)] == [
        "recall@5",
        "recall@10",
        "nDCG@10",
        "MRR",
        "answer-passage recall@5",
        "search latency p50, ms",
        "search latency p95, ms",
    ]


def test_rows_come_back_from_the_table_as_they_were() -> None:
    for row in (*ROWS, set_row("search only", None)):
        assert from_json(as_json(row)) == row
