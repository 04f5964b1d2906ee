"""Runs as they are kept, compared and written down."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from set_rows import LOST, SPOKEN, set_row

from core.database import Database
from core.errors import InvalidRequestError, NotFoundError
from core.models import Json
from evals.repository import EvalRuns
from evals.sets import page
from evals.sets.form import EvalSet
from evals.sets.markdown import as_markdown, draw
from evals.sets.rows import OURS, SetRow
from evals.sets.run import SetResult, keep, require_comparable

SET = EvalSet("ax", "AX 2012 pages", ())
STATED: Json = {
    "kind": "set", "date": "2026-11-21", "revision": "abc123", "settings": "s1", "questions": "q1", "documents": 2500,
    "corpus": "c1", "confidence": {}, "model": "extractive", "answers": True,
}  # fmt: skip
ROWS = [set_row(f"q{n}", replace(SPOKEN, confidence=0.4 + n / 20)) for n in range(10)]
WORSE = [replace(row, rankings={**row.rankings, OURS: LOST}) for row in ROWS]


async def kept(
    database: Database, rows: Sequence[SetRow], compare: str | None = None, *, name: str = "ax", **stated: object
) -> SetResult:
    asked = replace(SET, name=name)
    return await keep(
        EvalRuns(database), asked, rows, split="dev", stated={**STATED, **stated}, compare=compare
    )  # fmt: skip


async def test_a_run_is_compared_with_the_last_of_its_set(database: Database) -> None:
    assert (await kept(database, ROWS, "last")).comparison is None
    first = await kept(database, WORSE, settings="s0")
    await kept(database, ROWS, name="ax-withheld")
    second = (await kept(database, ROWS, "last")).comparison
    assert second is not None
    assert (second.run_id, second.dataset, second.questions, second.changed) == (first.id, "ax@dev", 10, ("settings",))
    gain = second.differences["recall@5"]
    assert (gain.then, gain.now, gain.low, gain.high) == (0.0, 1.0, 1.0, 1.0)
    assert gain.p < 0.02
    assert (second.differences["token F1"].value, second.differences["token F1"].p) == (0.0, 1.0)


async def test_a_run_is_compared_with_any_other_over_the_questions_of_both(database: Database) -> None:
    other = await kept(database, WORSE[:4], name="ax-withheld")
    found = (await kept(database, ROWS, other.id[:12])).comparison
    assert found is not None
    assert (found.dataset, found.questions) == ("ax-withheld@dev", 4)


async def test_answers_are_left_out_where_one_of_both_has_none(database: Database) -> None:
    searched = await kept(database, [replace(row, spoken=None) for row in ROWS], answers=False, model="")
    found = (await kept(database, ROWS, searched.id)).comparison
    assert found is not None
    assert "recall@5" in found.differences
    assert "token F1" not in found.differences


async def test_what_cannot_be_compared_is_refused(database: Database) -> None:
    runs = EvalRuns(database)
    with pytest.raises(NotFoundError, match="nope"):
        await require_comparable(runs, "nope")
    golden = await runs.keep("golden/acme", metrics={}, context={}, rows=[])
    with pytest.raises(InvalidRequestError, match="another kind"):
        await require_comparable(runs, golden.id)
    strangers = await kept(database, [set_row("elsewhere")])
    with pytest.raises(InvalidRequestError, match="none of these questions"):
        await kept(database, ROWS, strangers.id)


async def test_the_report_says_what_was_measured_and_how_it_did(database: Database, tmp_path: Path) -> None:
    before = await kept(database, WORSE)
    result = await kept(database, ROWS, "last")
    images = [picture.name for picture in draw(result, tmp_path)]
    report = as_markdown(result, command="partner-copilot eval run ax --data DIR", images=images)
    for stated in (
        "### AX 2012 pages (`ax@dev`)",
        "    partner-copilot eval run ax --data DIR",
        "10 questions, 10 of them answerable, in 10 groups; 2,500 documents (`c1`); 21 November 2026, revision `abc123`",
        "| **ours** | **1.000** (1.00–1.00) |",
        "| BM25 | 0.000 (0.00–0.00) |",
        "| answers at a confidence of 0.5 and above | figure | 95 % |",
        "| answered of the answerable | 0.800 | 0.500–1.000 |",
        "| abstention AUROC | – |  |",
        f"Compared with run `{before.id[:8]}` (`ax@dev`) over 10 questions; changed: nothing.",
        "| recall@5 | 0.000 | 1.000 | +1.000 | +1.000 to +1.000 |",
        "![Risk and coverage, AX 2012 pages](ax-dev-risk-coverage.svg)",
        "![Reliability, AX 2012 pages](ax-dev-reliability.svg)",
    ):
        assert stated in report
    assert sorted(file.name for file in tmp_path.glob("*.svg")) == sorted(images)


def test_the_measured_section_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "quality.md"
    file.write_text(f"# Figures\n\n{page.BEGIN}\nold\n{page.END}\n\nafter\n", "utf-8")
    page.write_section(file, ["### One\n", "### Two\n"], command="make eval")
    page.write_section(file, ["### New\n"], command="make eval")
    text = file.read_text("utf-8")
    assert text.startswith(f"# Figures\n\n{page.BEGIN}\nWritten by this command on ")
    assert text.endswith(f"### New\n{page.END}\n\nafter\n")
    assert "    make eval\n" in text
    assert "old" not in text and "One" not in text


@pytest.mark.parametrize("text", ["", page.BEGIN, f"{page.END}\n{page.BEGIN}", f"{page.BEGIN}{page.END}{page.BEGIN}"])
def test_a_page_without_its_markers_is_not_touched(tmp_path: Path, text: str) -> None:
    file = tmp_path / "quality.md"
    file.write_text(text, "utf-8")
    with pytest.raises(InvalidRequestError) as raised:
        page.write_section(file, ["### One\n"], command="make eval")
    assert raised.value.code == "no_markers"
    assert file.read_text("utf-8") == text


def test_all_sets_are_pooled_where_anything_was_answered(tmp_path: Path) -> None:
    pooled = page.pooled([*ROWS, set_row("searched", None)], tmp_path, address="figures")
    assert "| 10 questions pooled | figure | 95 % |" in pooled
    assert f"![Reliability, all sets](figures/{page.POOLED})" in pooled
    assert (tmp_path / page.POOLED).is_file()
    assert page.pooled([set_row("searched", None)], tmp_path, address="figures") == ""


def test_the_shipped_page_has_its_markers() -> None:
    page.require_markers(Path(__file__).parents[2] / "docs" / "quality.md")
