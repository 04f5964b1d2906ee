"""The grounding check measured: false sentences that it lets pass, by kind of attack, and faithful ones that it drops.

    python -m benchmarks grounding [--data ../shared/data] [--half dev|locked] [--cited] [--show number|…|good]

The sentences are `tests/guardrails/grounding_attacks.jsonl`; their passages are read from the data folder with the parser of the
product. A sentence is held against six passages, its own and the five after it, as an answer's that cites none of them; with
`--cited`, against its own alone. Both halves were written before the checker was tuned; `dev` tunes it, `locked` is only measured.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from benchmarks.pages import DATA
from guardrails import grounding
from ingest.formats.elements import ParseLimits
from ingest.parse import parse

SENTENCES = Path(__file__).parents[1] / "tests" / "guardrails" / "grounding_attacks.jsonl"
GOOD = "good"
PASSAGES = 6


@dataclass(frozen=True, slots=True)
class Case:
    """`kind` is that of the attack, or `good`; the first of `passages` is the one that the sentence speaks of."""

    kind: str
    sentence: str
    passages: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    passed: list[str] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.passed) + len(self.dropped)


def cases(data: Path, half: str, *, count: int = PASSAGES) -> list[Case]:
    """Raises `LookupError` where a passage is not in the data as the file says."""
    rows = [json.loads(line) for line in SENTENCES.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["half"] == half]
    read = [passage(data, row["source"], row["from"], row["to"]) for row in rows]
    found = []
    for place, row in enumerate(rows):
        near = [read[(place + offset) % len(read)] for offset in range(count)]
        titles, texts = zip(*near, strict=True)
        told = [*row["attacks"], *((GOOD, sentence) for sentence in row["good"])]
        found += [Case(kind, sentence, texts, titles) for kind, sentence in told]
    return found


def passage(data: Path, source: str, first: str, last: str) -> tuple[str, str]:
    """Title and text of the blocks from the one that has `first` to the next that has `last`, as the product would store them."""
    title, text = _document(data, source)
    blocks = re.split(r"\n\s*\n", text)
    flat = [" ".join(block.split()) for block in blocks]
    starts = [place for place, block in enumerate(flat) if first in block]
    ends = [place for place, block in enumerate(flat) if starts and place >= starts[0] and last in block]
    if len(starts) != 1 or not ends:
        raise LookupError(f"{source}: no passage, or several, from '{first}' to '{last}'")
    markdown = "\n\n".join(blocks[starts[0] : ends[0] + 1])
    elements = parse(markdown.encode(), "passage.md", limits=ParseLimits()).elements
    return title, "\n".join(element.text for element in elements)


@cache
def _document(data: Path, source: str) -> tuple[str, str]:
    file, _, row_id = source.partition("#")
    text = (data / file).read_text("utf-8")
    if not row_id:
        title = re.search(r"^title: *(.+)$", text, re.MULTILINE)
        return (title[1].strip() if title else ""), text
    row = next(row for row in map(json.loads, text.splitlines()) if row["id"] == row_id)
    return str(row["title"]), str(row["text"])


def measure(told: Sequence[Case]) -> tuple[dict[str, Tally], list[float]]:
    """By kind what was passed and dropped, and how long each sentence took in ms."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    times = []
    for case in told:
        started = time.perf_counter()
        verdict = grounding.check(case.sentence, case.passages, about=case.titles)
        times.append((time.perf_counter() - started) * 1000)
        if verdict.supported:
            tallies[case.kind].passed.append(case.sentence)
        else:
            tallies[case.kind].dropped.append((verdict.reason, case.sentence))
    return tallies, times


def report(tallies: dict[str, Tally], times: Sequence[float]) -> None:
    attacks = {kind: tally for kind, tally in tallies.items() if kind != GOOD}
    for kind, tally in sorted(attacks.items()):
        print(f"  {kind:12} {_share(len(tally.passed), tally.total)} sent")
    sent, total = sum(len(t.passed) for t in attacks.values()), sum(t.total for t in attacks.values())
    print(f"  {'all attacks':12} {_share(sent, total)} sent")
    print(f"  {'good ones':12} {_share(len(tallies[GOOD].dropped), tallies[GOOD].total)} dropped")
    print(
        f"  median {statistics.median(times):.2f} ms a sentence, 95th percentile {sorted(times)[len(times) * 95 // 100]:.2f} ms"
    )


def _share(part: int, total: int) -> str:
    return f"{part / max(total, 1):6.1%} ({part:3} of {total:3})"


def show(tallies: dict[str, Tally], kind: str) -> None:
    """The mistakes: attacks of this kind that passed, or good sentences that were dropped and why."""
    for name, tally in sorted(tallies.items()):
        if kind == GOOD and name == GOOD:
            print(*(f"  dropped, {reason}: {sentence}" for reason, sentence in tally.dropped), sep="\n")
        elif name != GOOD and kind in (name, "attacks"):
            print(*(f"  sent, {name}: {sentence}" for sentence in tally.passed), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the public data sets (%(default)s)")
    parser.add_argument("--half", choices=["dev", "locked"], default="dev")
    parser.add_argument("--cited", action="store_true", help="hold a sentence against its own passage alone")
    parser.add_argument("--show", metavar="KIND", help="print the mistakes of this kind: number, …, attacks, good")
    options = parser.parse_args()
    try:
        told = cases(options.data, options.half, count=1 if options.cited else PASSAGES)
    except FileNotFoundError as error:
        sys.exit(f"there is no {error.filename}: name the folder of the public data sets with --data")
    against = len(told[0].passages)
    print(f"{options.half} half: {len(told)} sentences, each held against {against} passage{'s' * (against > 1)}")
    tallies, times = measure(told)
    report(tallies, times)
    if options.show:
        show(tallies, options.show)


if __name__ == "__main__":
    main()
