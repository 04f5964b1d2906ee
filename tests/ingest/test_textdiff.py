"""What changed between two texts: enough to make the one from the other, in bounded time."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ingest.textdiff import Hunk, LineKind, diff_lines, unified


def rebuilt(before: Sequence[str], hunks: Sequence[Hunk]) -> list[str]:
    """`before` with the hunks applied, as `patch` does it."""
    lines, at = [], 0
    for hunk in hunks:
        start = hunk.from_line - 1 if hunk.from_count else hunk.from_line
        lines += before[at:start]
        old = [line.text for line in hunk.lines if line.kind is not LineKind.ADDED]
        assert list(before[start : start + hunk.from_count]) == old
        new = [line.text for line in hunk.lines if line.kind is not LineKind.REMOVED]
        assert len(new) == hunk.to_count
        assert len(lines) == (hunk.to_line - 1 if hunk.to_count else hunk.to_line)
        lines += new
        at = start + hunk.from_count
    return [*lines, *before[at:]]


def common(before: Sequence[str], after: Sequence[str]) -> int:
    """Length of the longest common subsequence, by the textbook's table."""
    row = [0] * (len(after) + 1)
    for one in before:
        above, row = row, [0]
        for number, other in enumerate(after):
            row.append(above[number] + 1 if one == other else max(above[number + 1], row[number]))
    return row[-1]


LINES = st.lists(st.sampled_from("abcdefgh"), max_size=40)


@given(LINES, LINES)
def test_a_diff_applied_to_the_one_gives_the_other_with_the_fewest_edits(before: list[str], after: list[str]) -> None:
    diff = diff_lines(before, after, most_lines=1000)
    assert rebuilt(before, diff.hunks) == after
    assert diff.added == len(after) - common(before, after)
    assert diff.removed == len(before) - common(before, after)
    assert bool(unified(diff, "a", "b")) == (before != after)


def test_hostile_texts_are_compared_in_bounded_time() -> None:
    """Few different lines, each repeated just below what difflib takes for noise: hours there."""
    before = [str(n * 7919 % 101) for n in range(20_000)]
    after = [str(n * 104729 % 101) for n in range(20_000)]
    began = time.process_time()
    diff = diff_lines(before, after, most_lines=50)
    assert time.process_time() - began < 10
    assert diff.added == diff.removed >= 19_900


def test_a_long_diff_is_cut_and_counts_what_it_leaves_out() -> None:
    diff = diff_lines([], [str(n) for n in range(30)], most_lines=10)
    assert sum(len(hunk.lines) for hunk in diff.hunks) == 10
    assert (diff.added, diff.left_out) == (30, 20)
    assert rebuilt([], diff.hunks) == [str(n) for n in range(10)]
