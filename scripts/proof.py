"""Writes docs/proof.md from what pytest reported (JUnit XML): each long proof with its result, its time, what it printed.

python -m pytest -m proof -o junit_logging=system-out --junitxml=proof.xml tests
python scripts/proof.py docs/proof.md proof.xml
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

HEAD = """# Proofs at their full size

Written by `make proof` on {day} at revision `{revision}`{dirty}, on {cores} CPU cores. `make test` runs the same tests in seeded
small versions. {passed} of {total} passed, {skipped} were skipped.

| proof | result | seconds | what it printed |
|---|---|---|---|
"""

_NOISE = re.compile(r"^-+ .* -+$|\[(?:debug|info|warning|error) +\]|^Loading weights")
"""pytest's captions, log lines and progress bars."""


@dataclass(frozen=True, slots=True)
class Proof:
    name: str
    place: str
    result: str
    seconds: float
    said: str

    def row(self) -> str:
        return f"| {self.name}<br>`{self.place}` | {self.result} | {self.seconds:,.0f} | {self.said} |"


def proofs(report: Path) -> Iterator[Proof]:
    """Raises `FileNotFoundError` where pytest never ended."""
    for case in ET.parse(report).iter("testcase"):
        name = case.get("name", "")
        function, _, case_id = name.partition("[")
        said = " ".join(part.text or "" for part in case.iter("system-out"))
        yield Proof(
            name=function.removeprefix("test_").replace("_", " ") + (f" ({case_id.rstrip(']')})" if case_id else ""),
            place=f"{case.get('classname', '').replace('.', '/')}.py",
            result=_result(case),
            seconds=float(case.get("time", 0)),
            said=_one_line(said),
        )


def _result(case: ET.Element) -> str:
    for tag, word in (("failure", "**failed**"), ("error", "**broke**"), ("skipped", "skipped")):
        if (found := case.find(tag)) is not None:
            return f"{word}: {_one_line(found.get('message', ''))[:200]}"
    return "passed"


def _one_line(text: str) -> str:
    lines = (line.strip() for line in text.splitlines())
    kept = (line for line in lines if line and not _NOISE.search(line))
    return "<br>".join(line.replace("|", "\\|") for line in kept)


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()


def main(page: Path, reports: Sequence[Path]) -> None:
    found = sorted((proof for report in reports for proof in proofs(report)), key=lambda proof: proof.place)
    passed = sum(proof.result == "passed" for proof in found)
    head = HEAD.format(
        day=datetime.now(UTC).date().isoformat(),
        revision=_git("rev-parse", "--short", "HEAD"),
        dirty=" with changes" if _git("status", "--porcelain", "--untracked-files=no") else "",
        cores=os.cpu_count(),
        passed=passed,
        total=len(found),
        skipped=sum(proof.result.startswith("skipped") for proof in found),
    )
    page.write_text(head + "\n".join(proof.row() for proof in found) + "\n", "utf-8")
    print(f"{page}: {passed} of {len(found)} passed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
