"""Thresholds and what they let through, by hand; and the pictures of it."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from set_rows import SILENT, SPOKEN, set_row

from evals.sets import pictures
from evals.sets.risk import Bin, Point, bins, curve, sample, threshold_covering, wrong_share

SVG = "{http://www.w3.org/2000/svg}"


def rows() -> np.ndarray:
    """Five answerable, of which the fourth cites another document; the surest of all but one cannot be answered."""
    answers = [
        set_row("a", replace(SPOKEN, confidence=0.9)),
        set_row("b", replace(SPOKEN, confidence=0.8)),
        set_row("c", replace(SPOKEN, confidence=0.7)),
        set_row("d", replace(SPOKEN, confidence=0.6, cited=("x.md",))),
        set_row("e", replace(SPOKEN, confidence=0.5)),
        set_row("u", replace(SPOKEN, confidence=0.85), gold=()),
        set_row("v", replace(SPOKEN, confidence=0.1), gold=()),
    ]
    return sample(answers)


def test_the_threshold_is_the_highest_that_answers_the_share() -> None:
    assert threshold_covering(rows(), 0.8) == 0.6
    assert threshold_covering(rows(), 0.81) == 0.5
    assert threshold_covering(rows(), 0.2) == 0.9


def test_wrong_are_unanswerable_questions_and_answers_without_a_gold_citation() -> None:
    # At .6: a, u, b, c, d are answered; u and d are wrong.
    assert wrong_share(rows()) == pytest.approx(2 / 5)


def test_what_is_never_composed_counts_as_not_answered() -> None:
    mute = sample([set_row("a", replace(SPOKEN, confidence=0.9)), set_row("b", replace(SILENT, confidence=0.95))])
    assert threshold_covering(mute, 0.5) == 0.9
    assert threshold_covering(mute, 0.8) is None
    assert np.isnan(wrong_share(mute))


def test_the_curve_goes_from_the_surest_answer_to_all_of_them() -> None:
    assert curve(rows())[:2] == [Point(0.9, 1 / 7, 0.0), Point(0.85, 2 / 7, 0.5)]
    assert curve(rows())[-1] == Point(0.1, 1.0, pytest.approx(3 / 7))


def test_equal_confidences_are_answered_together() -> None:
    tied = sample([set_row("a"), set_row("b", replace(SPOKEN, cited=("x.md",)))])
    assert curve(tied) == [Point(0.9, 1.0, 0.5)]


def test_bins_hold_equally_many_questions() -> None:
    # By rising confidence: .1 .5 .6 (d is wrong, v cannot be answered), .7 .8, .85 .9.
    found = bins(rows(), 3)
    assert [part.questions for part in found] == [3, 2, 2]
    assert found[0] == Bin(pytest.approx(0.4), pytest.approx(1 / 3), 3)
    assert bins(rows()[:2], 5)[-1].questions == 1


def parsed(picture: str) -> tuple[ElementTree.Element, list[str]]:
    root = ElementTree.fromstring(picture)
    return root, [str(text.text) for text in root.iter(f"{SVG}text")]


def test_the_risk_picture_has_labelled_axes_and_marks_the_threshold() -> None:
    root, texts = parsed(pictures.risk_coverage(curve(rows()), title="A < B & C", thresholds=[0.6]))
    assert {"A < B & C", "answered, share of all questions", "wrong, share of the answered", "threshold 0.60"} <= set(
        texts
    )
    [line] = root.iter(f"{SVG}polyline")
    assert len(str(line.get("points")).split()) == 7
    # Five of seven answered, 2/5 wrong on an axis that ends at 60 %, the next fifth above the worst share, one half.
    [dot] = root.iter(f"{SVG}circle")
    assert float(str(dot.get("cx"))) == pytest.approx(64 + 5 / 7 * 476, abs=0.1)
    assert float(str(dot.get("cy"))) == pytest.approx(344 - (2 / 5) / 0.6 * 300, abs=0.1)


def test_the_reliability_picture_has_a_dot_a_bin_within_its_frame() -> None:
    root, texts = parsed(pictures.reliability(bins(rows()), title="Reliability"))
    assert {"confidence stated", "answered right", "n = 2", "n = 1"} <= set(texts)
    dots = list(root.iter(f"{SVG}circle"))
    assert len(dots) == 5
    assert all(64 <= float(str(dot.get("cx"))) <= 540 and 44 <= float(str(dot.get("cy"))) <= 344 for dot in dots)


def test_nothing_answered_is_an_empty_picture() -> None:
    root, _ = parsed(pictures.risk_coverage([], title="Nothing", thresholds=[0.5]))
    assert not list(root.iter(f"{SVG}polyline"))
