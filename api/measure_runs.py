"""`partner-copilot eval run` and `eval all`: measure, write report and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from api.measure_sets import FOLDER, Wanted, Watch, open_stick, read
from core.settings import Settings
from evals.sets import page
from evals.sets.markdown import as_markdown, draw
from evals.sets.rows import SetRow
from evals.sets.run import SetResult

REPORT, RUN = "report.md", "run.json"


async def measure_set(
    settings: Settings, name: str, wanted: Wanted, *, out: Path | None, command: str, watch: Watch
) -> tuple[str, Path]:
    """The report, and the folder that holds it with the run's rows and pictures: `out`, else one of the run's own in the home
    folder."""
    asked = read(settings, name, wanted)
    async with open_stick(settings) as stick:
        result = await stick.measure(asked, wanted, watch=watch)
    folder = out or settings.home / FOLDER / "runs" / f"{result.dataset.replace('@', '-')}-{result.id[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    report = as_markdown(result, command=command, images=[picture.name for picture in draw(result, folder)])
    (folder / REPORT).write_text(report, "utf-8")
    (folder / RUN).write_text(as_text(result), "utf-8")
    return report, folder


async def measure_all(
    settings: Settings, wanted: Wanted, *, commands: Mapping[str, str], target: Path | None, command: str, watch: Watch
) -> str:
    """Several sets in one process, and their report; written between the markers of the page `target`, its pictures beside it.
    `commands` are the sets' names, each with what measures it alone.

    Raises `InvalidRequestError` (`no_markers`) before anything is measured.
    """
    if target is not None:
        page.require_markers(target)
    pictures = (target.parent if target else settings.home / FOLDER) / page.FIGURES
    sections: list[str] = []
    rows: list[SetRow] = []
    async with open_stick(settings) as stick:
        for name, alone in commands.items():
            result = await stick.measure(read(settings, name, wanted), wanted, watch=watch)
            images = [f"{page.FIGURES}/{picture.name}" for picture in draw(result, pictures)]
            sections.append(as_markdown(result, command=alone, images=images))
            rows += result.rows
    sections.append(page.pooled(rows, pictures, address=page.FIGURES))
    if target is not None:
        page.write_section(target, sections, command=command)
    return "\n".join(sections)


def as_text(result: SetResult) -> str:
    """One JSON object: context, figures, comparison, rows."""
    return json.dumps(asdict(result), ensure_ascii=False, indent=2)
