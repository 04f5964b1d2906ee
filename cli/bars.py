"""Progress of several jobs at once, each read from its own record whenever the bars are drawn."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from core import jobs


class Bars(Progress):
    """A context manager; `watch` adds a bar."""

    def __init__(self, *, console: Console) -> None:
        self._watched: dict[TaskID, jobs.Progress] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        super().__init__(*columns, console=console)

    def watch(self, name: str, progress: jobs.Progress) -> None:
        self._watched[self.add_task(name, total=None)] = progress

    def get_renderables(self) -> Iterable[RenderableType]:
        for task, progress in self._watched.copy().items():
            self.update(task, completed=progress.done, total=progress.total or None)
        yield from super().get_renderables()
