"""A document's elements by heading: sections, and short neighbours gathered under their parent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.formats.elements import Element, ElementKind
from ingest.pieces import cost_of

_LONGEST_HEADING = 200
"""Characters; what is longer is prose in a heading's clothes."""

_SHORT = 0.3
"""A section below this part of the target says too little alone to be found: some three lines of text."""


@dataclass(slots=True)
class Section:
    """What stands between one heading and the next. `trail` numbers the headings above it, `path` names them."""

    trail: tuple[int, ...]
    path: tuple[str, ...]
    heading: Element | None
    elements: list[Element] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks of elements under one heading path; blocks are kept together where they fit."""

    path: tuple[str, ...]
    blocks: tuple[tuple[Element, ...], ...]


def sections_of(elements: Sequence[Element], title: str) -> list[Section]:
    """Every section that holds text, in order. A heading without any text below it counts as text itself."""
    sections = [Section((), (), None)]
    stack: list[tuple[int, int, str]] = []
    for number, element in enumerate(elements):
        if element.kind is not ElementKind.HEADING or len(element.text) > _LONGEST_HEADING:
            sections[-1].elements.append(element)
            continue
        stack = _above(stack, element.level)
        stack.append((element.level, number, " ".join(element.text.split())))
        names = tuple(name for _, _, name in stack)
        # The first heading usually repeats the title, which stands before the path wherever the path is shown.
        path = names[1:] if names[0].casefold() == title.strip().casefold() else names
        sections.append(Section(tuple(n for _, n, _ in stack), path, element))
    return [section for section, after in zip(sections, [*sections[1:], None], strict=True) if _counts(section, after)]


def _above(stack: list[tuple[int, int, str]], level: int) -> list[tuple[int, int, str]]:
    """The headings that a new one of `level` stands below: those before the first that is not higher."""
    kept = next((index for index, (above, _, _) in enumerate(stack) if above >= level), len(stack))
    return stack[:kept]


def _counts(section: Section, after: Section | None) -> bool:
    if section.elements:
        return True
    has_children = after is not None and after.trail[: len(section.trail)] == section.trail
    return section.heading is not None and not has_children


def gathered(sections: Sequence[Section], target: int, count: Callable[[str], int]) -> Iterator[Group]:
    """Sections as groups: short ones in a row under the same parent become one, their headings lines of its text."""
    run: list[Section] = []
    used = 0
    for section in sections:
        cost = sum(cost_of(element.text, count) for element in _with_heading(section))
        if run and not (cost <= target * _SHORT and used + cost <= target and _together(run, section)):
            yield _group(run)
            run, used = [], 0
        if cost > target * _SHORT:
            yield _group([section])
            continue
        run.append(section)
        used += cost
    if run:
        yield _group(run)


def _together(run: list[Section], section: Section) -> bool:
    """`section` is a sibling of the run's last, or a child of the parent whose opening words began the run."""
    parent = section.trail[:-1]
    if len(run) == 1 and run[0].trail == parent:
        return True
    return bool(run[-1].trail) and run[-1].trail[:-1] == parent


def _with_heading(section: Section) -> list[Element]:
    return [section.heading, *section.elements] if section.heading else section.elements


def _group(run: list[Section]) -> Group:
    first = run[0]
    if len(run) == 1:
        blocks = (tuple(first.elements or _with_heading(first)),)
        path = first.path if first.elements else first.path[:-1]
        return Group(path, blocks)
    opening = first.trail == run[1].trail[:-1]
    path = first.path if opening else first.path[:-1]
    head = [tuple(first.elements if opening else _with_heading(first))]
    return Group(path, tuple(head + [tuple(_with_heading(section)) for section in run[1:]]))
