"""Pictures as SVG: plain lines on a card of their own, so that they read the same on a light page and a dark one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from evals.sets.risk import Bin, Point

WIDTH, HEIGHT = 560, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 44, 56
INK, QUIET, LINE, MARK = "#1b1f24", "#59636e", "#0b62c4", "#b3261e"
"""On white: contrast 16, 6, 6 and 6 to 1 (WCAG asks 4.5)."""
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def risk_coverage(points: Sequence[Point], *, title: str, thresholds: Sequence[float]) -> str:
    """Share wrong of what is answered over the share answered; dots mark the `thresholds` that answer anything."""
    top = _ceiling(max((point.risk for point in points), default=0.0))
    line = " ".join(f"{_x(point.coverage):.1f},{_y(point.risk / top):.1f}" for point in points)
    marks = [f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="2"/>'] if points else []
    for threshold in thresholds:
        if shown := [point for point in points if point.threshold >= threshold]:
            marks += _marked(shown[-1], top, f"threshold {threshold:.2f}")
    return _picture(title, "answered, share of all questions", "wrong, share of the answered", top, marks)


def reliability(bins: Sequence[Bin], *, title: str) -> str:
    """The share seen right over the confidence stated, a dot a bin and how many questions it holds; on the diagonal both agree."""
    marks = [
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="{QUIET}" stroke-dasharray="5 4"/>',
        *(
            f'<circle cx="{_x(part.stated):.1f}" cy="{_y(part.seen):.1f}" r="5" fill="{LINE}"/>{_beside(part)}'
            for part in bins
        ),
    ]
    return _picture(title, "confidence stated", "answered right", 1.0, marks)


def _beside(part: Bin) -> str:
    """To the left of a dot near the right edge."""
    words = f"n = {part.questions}"
    if part.stated > 0.75:
        return _text(_x(part.stated) - 9, _y(part.seen) + 4, words, anchor="end", size=11)
    return _text(_x(part.stated) + 9, _y(part.seen) + 4, words, size=11)


def _marked(point: Point, top: float, label: str) -> list[str]:
    x, y = _x(point.coverage), _y(point.risk / top)
    anchor = "end" if point.coverage > 0.6 else "start"
    shift = -9 if anchor == "end" else 9
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{MARK}"/>',
        _text(x + shift, y - 9, label, anchor=anchor, fill=MARK),
    ]


def _picture(title: str, across: str, up: str, top: float, marks: Sequence[str]) -> str:
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'font-family="system-ui, sans-serif">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff" stroke="#d0d7de"/>',
            _text(LEFT, 26, title, size=15, weight="600"),
            *_grid(top),
            _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, across, anchor="middle"),
            f'<g transform="rotate(-90 18 {middle})">{_text(18, middle, up, anchor="middle")}</g>',
            *marks,
            "</svg>\n",
        )
    )


def _grid(top: float) -> Iterator[str]:
    for tick in TICKS:
        x, y = _x(tick), _y(tick)
        yield f'<line x1="{x}" y1="{_y(0)}" x2="{x}" y2="{_y(1)}" stroke="#e4e8ec"/>'
        yield f'<line x1="{_x(0)}" y1="{y}" x2="{_x(1)}" y2="{y}" stroke="#e4e8ec"/>'
        yield _text(x, _y(0) + 18, f"{tick:.0%}", anchor="middle", fill=QUIET, size=11)
        yield _text(_x(0) - 8, y + 4, f"{tick * top:.0%}", anchor="end", fill=QUIET, size=11)


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, size: int = 13, weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _ceiling(risk: float) -> float:
    """The axis ends at the next fifth, so that small risks are not drawn flat."""
    return next(top / 5 for top in range(1, 6) if risk <= top / 5)
