"""What changed between two texts, line by line, in bounded time whatever the texts are.

Myers' greedy algorithm (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1, 1986) finds the fewest
edits in a time that grows with their square, not with the texts; difflib's worst case is cubic, and hostile texts reach it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_EDITS = 1_000
"""Above this many edited lines the whole stretch is shown as replaced: nobody reads it line by line, and finding out takes a
quarter of a second."""
CONTEXT = 3


class LineKind(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Line:
    kind: LineKind
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch of changed lines between unchanged ones; line numbers begin at 1, as in a unified diff."""

    from_line: int
    from_count: int
    to_line: int
    to_count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TextDiff:
    """`left_out` counts lines of hunks that were not listed."""

    hunks: tuple[Hunk, ...]
    added: int
    removed: int
    left_out: int = 0


_SIGNS = {LineKind.SAME: " ", LineKind.REMOVED: "-", LineKind.ADDED: "+"}


def unified(diff: TextDiff, before: str, after: str) -> str:
    """As `diff -u` writes it, under the names `before` and `after`; empty where nothing changed."""
    if not diff.hunks:
        return ""
    rows = [f"--- {before}", f"+++ {after}"]
    for hunk in diff.hunks:
        rows.append(f"@@ -{hunk.from_line},{hunk.from_count} +{hunk.to_line},{hunk.to_count} @@")
        rows += [_SIGNS[line.kind] + line.text for line in hunk.lines]
    return "\n".join(rows) + "\n"


def diff_lines(before: Sequence[str], after: Sequence[str], *, most_lines: int) -> TextDiff:
    """Hunks with three lines of context; at most `most_lines` lines are listed, the rest is counted."""
    lines = _script(before, after)
    added = sum(line.kind is LineKind.ADDED for line in lines)
    removed = sum(line.kind is LineKind.REMOVED for line in lines)
    hunks: list[Hunk] = []
    shown = left_out = 0
    for hunk in _hunks(lines):
        room = max(0, most_lines - shown)
        shown += min(room, len(hunk.lines))
        left_out += max(0, len(hunk.lines) - room)
        if room:
            hunks.append(_cut(hunk, room))
    return TextDiff(tuple(hunks), added, removed, left_out)


def _cut(hunk: Hunk, room: int) -> Hunk:
    lines = hunk.lines[:room]
    from_count = sum(line.kind is not LineKind.ADDED for line in lines)
    to_count = sum(line.kind is not LineKind.REMOVED for line in lines)
    return Hunk(hunk.from_line, from_count, hunk.to_line, to_count, lines)


def _hunks(lines: Sequence[Line]) -> Iterator[Hunk]:
    changed = [number for number, line in enumerate(lines) if line.kind is not LineKind.SAME]
    spans: list[list[int]] = []
    for number in changed:
        if spans and number - spans[-1][1] <= 2 * CONTEXT:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    at = from_line = to_line = 0
    for first, last in spans:
        start, end = max(at, first - CONTEXT), min(len(lines), last + CONTEXT + 1)
        from_line += start - at  # what lies between two hunks stands in both texts
        to_line += start - at
        part = tuple(lines[start:end])
        whole = Hunk(from_line, 0, to_line, 0, part)
        counted = _cut(whole, len(part))
        yield Hunk(
            from_line + (counted.from_count > 0),
            counted.from_count,
            to_line + (counted.to_count > 0),
            counted.to_count,
            part,
        )
        from_line, to_line, at = from_line + counted.from_count, to_line + counted.to_count, end


def _script(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    """Every line of both texts, in an order that turns one into the other."""
    start = _common(before, after)
    rest_before, rest_after = before[start:], after[start:]
    end = _common(rest_before[::-1], rest_after[::-1])
    middle_before, middle_after = rest_before[: len(rest_before) - end], rest_after[: len(rest_after) - end]
    same = [Line(LineKind.SAME, text) for text in before]
    return [*same[:start], *_middle(middle_before, middle_after), *same[len(before) - end :]]


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return number
    return min(len(before), len(after))


def _middle(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    x = y = 0
    for match_x, match_y in [*_matches(before, after), (len(before), len(after))]:
        lines += [Line(LineKind.REMOVED, text) for text in before[x:match_x]]
        lines += [Line(LineKind.ADDED, text) for text in after[y:match_y]]
        lines += [Line(LineKind.SAME, text) for text in before[match_x : match_x + 1]]
        x, y = match_x + 1, match_y + 1
    return lines


def _matches(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of equal lines, in order, as many as there can be; none where more than `MOST_EDITS` lines differ."""
    trace: list[dict[int, int]] = []
    reach = {1: 0}
    for edits in range(min(MOST_EDITS, len(before) + len(after)) + 1):
        trace.append(dict(reach) if edits < 2 else _around(reach, edits))
        for k in range(-edits, edits + 1, 2):
            x = _furthest(reach, k, edits)
            while x < len(before) and x - k < len(after) and before[x] == after[x - k]:
                x += 1
            reach[k] = x
            if x >= len(before) and x - k >= len(after):
                return _traced(trace, len(before), len(after))
    return []


def _around(reach: dict[int, int], edits: int) -> dict[int, int]:
    """What the next round reads: every second diagonal."""
    return {k: reach[k] for k in range(-edits + 1, edits, 2)}


def _furthest(reach: dict[int, int], k: int, edits: int) -> int:
    down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
    return reach[k + 1] if down else reach[k - 1] + 1


def _traced(trace: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    matches: list[tuple[int, int]] = []
    for edits in range(len(trace) - 1, -1, -1):
        k = x - y
        begun = _furthest(trace[edits], k, edits)
        while x > begun:
            x, y = x - 1, y - 1
            matches.append((x, y))
        down = k == -edits or (k != edits and trace[edits][k - 1] < trace[edits][k + 1])
        x, y = (x, y - 1) if down else (x - 1, y)
    return matches[::-1]
