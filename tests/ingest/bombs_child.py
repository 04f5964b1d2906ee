"""What a worker does in the tests of hostile files: all that the service does, with a redactor that needs no model."""

from __future__ import annotations

from ingest_files import minilm_budget
from ingest_world import FakeRedactor

from ingest.prepare import Prepared, Preparer, PrepareTask

_made: list[Preparer] = []


def load() -> None:
    _made.append(Preparer(FakeRedactor(), minilm_budget()))


def prepare(task: PrepareTask) -> Prepared:
    return _made[0].prepare(task)
