"""Rows of a measured set, with the one thing under test spelt out."""

from __future__ import annotations

from dataclasses import replace

from core.domain import Outcome
from evals.sets.rows import BM25, HYBRID, OURS, Ranking, SetRow, Spoken

PERFECT = Ranking(1.0, 1.0, 1.0, 1.0, 1.0)
LOST = Ranking(0.0, 0.0, 0.0, 0.0, 0.0)
SPOKEN = Spoken(Outcome.ANSWERED, 0.9, 0.5, "So.", ("a.md",), 0.5, 0.25, False, "extractive", 20.0)
SILENT = replace(SPOKEN, outcome=Outcome.ABSTAINED, text="", cited=(), f1=None, rouge_l=None)


def set_row(
    row_id: str, spoken: Spoken | None = SPOKEN, *, gold: tuple[str, ...] = ("a.md",), group: str = ""
) -> SetRow:
    rankings = {OURS: PERFECT, BM25: LOST, HYBRID: PERFECT} if gold else {}
    return SetRow(row_id, "acme", group or row_id, "redacted query", gold, rankings, 10.0, spoken)
