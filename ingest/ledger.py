"""What a sync writes beside the documents: tags, new paths, failures. Collected, and written a few at a time."""

from __future__ import annotations

from collections.abc import Sequence

from core.database import Database
from ingest import failures, repository
from ingest.failures import Recorded
from ingest.pipeline import Target
from ingest.statuses import FileStatus, is_unfinished


class Ledger:
    """Of one run. Nothing of it is lost for good in a crash: the next run finds the same."""

    def __init__(self, database: Database, target: Target, recorded: Sequence[str]) -> None:
        """`recorded` are the paths of the source's failures so far."""
        self._database = database
        self._target = target
        self._recorded = set(recorded)
        self._tags: dict[str, str] = {}
        self._moves: dict[str, tuple[str, str]] = {}
        self._taken: dict[str, str] = {}
        self._failed: dict[str, Recorded] = {}

    def tagged(self, document_id: str, tag: str) -> None:
        self._tags[document_id] = tag

    def moved(self, document_id: str, path: str, tag: str) -> None:
        self._moves[document_id] = (path, tag)

    def taken_over(self, document_id: str, tag: str) -> None:
        """From another source that is gone, or from none."""
        self._taken[document_id] = tag

    def failed(self, failure: Recorded) -> None:
        self._failed[failure.path] = failure

    async def write(self) -> None:
        """What has been collected since the last time."""
        source_id = self._target.source_id
        if not (self._tags or self._moves or self._taken or self._failed) or source_id is None:
            return
        tags, moves, taken, failed = self._tags, self._moves, self._taken, self._failed
        self._tags, self._moves, self._taken, self._failed = {}, {}, {}, {}
        async with self._database.write(self._target.tenant_id) as session:
            await repository.remember_tags(session, tags | taken)
            await repository.hand_over(session, list(taken), source_id=source_id)
            for document_id, (path, tag) in moves.items():
                await repository.relocate(session, document_id, path=path, version_tag=tag)
            await failures.record(session, self._target.tenant_id, source_id, list(failed.values()))
        self._recorded.update(failed)

    async def close(self, files: Sequence[FileStatus], present: set[str]) -> None:
        """At the end of a run: the rest, and out of the list with what was taken in or is gone."""
        await self.write()
        if self._target.source_id is None:
            return
        over = self._recorded - {file.path for file in files if is_unfinished(file) and file.path in present}
        async with self._database.write(self._target.tenant_id) as session:
            await failures.clear(session, self._target.source_id, over)
