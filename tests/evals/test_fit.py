import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from eval_fakes import FakeFinder, passage

from answers.calibration import Point, lowest
from answers.confidence import Coefficients, confidence
from core.domain import Audience
from core.errors import InvalidRequestError
from evals.fit import FIRM, TWIN_WEIGHT, LabelledSignals, collect, cross_fitted, fit, report, risk_coverage, stated
from evals.labelled import LabelledQuestion, load_labelled
from retrieval.scoring import Signals


def rows(count: int = 600, seed: int = 1) -> list[LabelledSignals]:
    """Drawn from a known model: logit = -4 + 8·sentence, whatever the other signals are."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        dense, sentence, coverage, gap = random.random(4)
        right = random.random() < 1 / (1 + np.exp(4 - 8 * sentence))
        made.append(LabelledSignals(Signals(dense, sentence, coverage, gap), bool(right), f"g{number % 40}"))
    return made


def test_the_fit_finds_the_weights_that_made_the_data() -> None:
    weights = fit(rows(4000)).coefficients
    assert weights.intercept == pytest.approx(-4, abs=0.7)
    assert weights.sentence == pytest.approx(8, abs=0.7)
    for name in ("coverage", "gap"):
        assert abs(getattr(weights, name)) < 0.5


def test_fitted_coefficients_are_what_confidence_takes() -> None:
    weights = fit(rows()).coefficients
    sure, unsure = (confidence(Signals(0.5, sentence, 0.5, 0.5), weights) for sentence in (0.9, 0.2))
    assert sure > 0.85
    assert unsure < 0.2


def test_figures_are_cross_fitted_by_group() -> None:
    # Labels are a coin of the group's, and each group has its own signals: whoever saw the group knows, nobody else can.
    random = np.random.default_rng(3)
    leaky = []
    for group in range(30):
        signals, found = Signals(*random.random(4)), bool(random.random() < 0.5)
        leaky += [LabelledSignals(signals, found, f"g{group}")] * 10
    area = fit(leaky).auroc
    assert area is not None
    assert area < 0.7


def test_the_curve_gives_the_threshold_of_an_accepted_risk() -> None:
    point = lowest(fit(rows(2000)).curve, 0.05)
    assert point is not None
    assert point.risk <= 0.05
    assert 0.1 < point.coverage < 0.6
    assert "at most 5% wrong: threshold 0." in report(fit(rows(2000)), 0.05, [])


def test_the_curve_counts_what_each_threshold_answers() -> None:
    curve = risk_coverage([0.9, 0.8, 0.8, 0.3], [True, False, True, False], least=1)
    assert curve == (Point(0.9, 0.25, 0.0), Point(0.8, 0.75, 1 / 3), Point(0.3, 1.0, 0.5))
    assert [point.coverage for point in risk_coverage([0.9, 0.8, 0.3], [True] * 3, least=2)] == [2 / 3, 1.0]


def test_a_few_labels_move_the_prior_a_little_and_many_move_it_far() -> None:
    prior = Coefficients(intercept=0.0, sentence=0.0, coverage=0.0, gap=5.0)
    few, many = (fit(rows(count), prior=prior, strength=FIRM).coefficients for count in (60, 4000))
    assert few.gap > 2.0
    assert abs(many.gap) < 0.7
    assert few.sentence < many.sentence


def test_too_little_data_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        fit(rows(4))
    with pytest.raises(InvalidRequestError):
        fit([LabelledSignals(Signals(), True, f"g{n}") for n in range(50)])


async def test_right_means_that_the_extract_cites_an_answering_document() -> None:
    signals = Signals(0.5, 0.6, 0.7, 0.1)
    finder = FakeFinder(
        by_query={"known": ([passage("a.md"), passage("x.md")], signals), "lost": ([passage("x.md")], signals)}
    )
    questions = [
        LabelledQuestion("ax", "known", frozenset({"a.md"}), "g1"),
        LabelledQuestion("ax", "lost", frozenset({"a.md"}), "g2", ("kept",)),
        LabelledQuestion("elsewhere", "skipped", frozenset(), "g3"),
    ]
    found = await collect(questions, finder, {"ax": "t1"}, limit=6, note=lambda _: None)
    assert found == [LabelledSignals(signals, True, "g1"), LabelledSignals(signals, False, "g2")]
    scopes = [scope for scope, _, _ in finder.searched]
    assert [(s.tenant_id, s.audience, s.filters.corpora) for s in scopes] == [
        ("t1", Audience.AGENT, ()),
        ("t1", Audience.AGENT, ("kept",)),
    ]


async def test_a_twin_lacks_the_answering_document_unless_another_says_the_same() -> None:
    signals = Signals(0.5, 0.6, 0.7, 0.1)
    known, other = passage("a.md", text="Hold the button for ten seconds."), passage("x.md", text="Printers are grey.")
    copy = passage("copy.md", text="Hold the button for ten seconds.")
    finder = FakeFinder(by_query={"lone": ([known, other], signals), "copied": ([known, copy], signals)})
    questions = [
        LabelledQuestion("ax", query, frozenset({"a.md"}), query, references=("hold the button for ten seconds",))
        for query in ("lone", "copied")
    ]
    found = await collect(questions, finder, {"ax": "t1"}, limit=6, note=lambda _: None, twins=True)
    assert [(row.group, row.right, row.weight) for row in found] == [
        ("lone", True, 1.0),
        ("lone", False, TWIN_WEIGHT),
        ("copied", True, 1.0),
    ]


def test_a_row_counts_as_much_as_its_weight() -> None:
    made = rows(2000)
    light = [replace(row, weight=0.2) if not row.right else row for row in made]
    assert fit(light).coefficients.intercept > fit(made).coefficients.intercept + 1


def test_what_a_fit_never_saw_measures_it() -> None:
    fitted, unseen = fit(rows(1500)), rows(500, seed=2)
    measured = stated(unseen, fitted.coefficients)
    assert measured.calibration_error < 0.08
    assert measured.auroc is not None and measured.auroc > 0.85
    low, high = measured.calibration_range()
    assert low < measured.calibration_error < high
    assert (cross_fitted(rows(1500)) + measured).line("together").startswith("together: 2000 questions, AUROC 0.")


def data(folder: Path) -> Path:
    ax, cloud = folder / "ax2012", folder / "mtrag_cloud"
    (ax / "pages").mkdir(parents=True)
    cloud.mkdir()
    for page in ("a.md", "b.md"):
        (ax / "pages" / page).write_text(f"# {page}")
    (ax / "withheld_dev.json").write_text(json.dumps({"pages": ["b.md"]}))
    ax_rows = [("in a?", "a.md", False), ("in b?", "b.md", True)]
    (ax / "questions_dev.jsonl").write_text(
        "".join(
            json.dumps({"question": q, "gold_pages": [p], "unanswerable_when_withheld": w}) + "\n"
            for q, p, w in ax_rows
        )
    )
    (cloud / "corpus.jsonl").write_text(json.dumps({"id": "doc/1:2", "title": "T", "text": "\nbody"}) + "\n")
    cloud_rows = [("s1", True, ["doc/1:2"]), ("s2", False, []), ("hello", None, [])]
    (cloud / "questions_dev.jsonl").write_text(
        "".join(
            json.dumps({"standalone": s, "answerable": a, "gold_doc_ids": g, "conversation": "8"}) + "\n"
            for s, a, g in cloud_rows
        )
    )
    return folder


def test_a_withheld_question_is_asked_with_and_without_its_page(tmp_path: Path) -> None:
    ax = [q for q in load_labelled(data(tmp_path)) if q.tenant == "ax"]
    assert [(q.text, set(q.sources), q.corpora) for q in ax] == [
        ("in a?", {"a.md"}, ()),
        ("in b?", {"b.md"}, ()),
        ("in b?", set(), ("kept",)),
    ]
    assert ax[1].group == ax[2].group != ax[0].group


def test_a_cloud_conversation_is_one_group_and_small_talk_is_left_out(tmp_path: Path) -> None:
    cloud = [q for q in load_labelled(data(tmp_path)) if q.tenant == "mtrag"]
    assert [(q.text, set(q.sources)) for q in cloud] == [("s1", {"doc_1_2.md"}), ("s2", set())]
    assert len({q.group for q in cloud}) == 1


def test_an_absent_data_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=str(tmp_path)):
        load_labelled(tmp_path)
