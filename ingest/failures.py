"""The dead-letter list: files of a source that could not be taken in, kept until they are, or until they are gone.

An unchanged one is not fetched and parsed again at every sync; `retry` asks for that. Files that hold nothing for us
(pictures, empty files) are remembered beside, and listed where they are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from core.database import Database, ReadSession, WriteSession
from core.errors import NotFoundError
from core.models import Corpus, IngestFailure, Json, Source, new_id, now
from ingest.repository import batches
from ingest.statuses import SKIPS, FileState, FileStatus

_LONGEST_REASON, _LONGEST_DETAIL = 64, 1000  # as in the table


@dataclass(frozen=True, slots=True)
class FailureView:
    """A dead letter as the API shows it: which file, why, and since when."""

    id: str
    source_id: str
    corpus: str
    path: str
    reason: str
    detail: str
    attempts: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a file ended last time, and the `tag` of its bytes and the limits then; an empty one asks for another try."""

    path: str
    reason: str
    detail: str
    tag: str

    def status(self) -> FileStatus:
        state = FileState.SKIPPED if self.reason in SKIPS else FileState.FAILED
        return FileStatus(self.path, state, self.reason, self.detail)


@dataclass(frozen=True, slots=True)
class FailurePage:
    """Some of the list; `total` counts all of it."""

    failures: tuple[FailureView, ...]
    total: int


class Failures:
    """What admins see of the list, and its retry button."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, tenant_id: str, *, source_id: str | None = None, skipped: bool = False, limit: int = 100, offset: int = 0
    ) -> FailurePage:
        """Latest first; `skipped`: with the files that hold nothing for us."""
        wanted = [IngestFailure.tenant_id == tenant_id]
        wanted += [IngestFailure.source_id == source_id] if source_id is not None else []
        wanted += [] if skipped else [IngestFailure.reason.not_in(SKIPS)]
        query = (
            select(IngestFailure, Corpus.name)
            .join(Source, Source.id == IngestFailure.source_id)
            .join(Corpus, Corpus.id == Source.corpus_id)
            .where(*wanted)
            .order_by(IngestFailure.last_at.desc(), IngestFailure.id)
        )
        async with self._database.read(tenant_id) as session:
            total = await session.scalar(select(func.count()).select_from(IngestFailure).where(*wanted))
            rows = await session.execute(query.limit(limit).offset(offset))
            return FailurePage(tuple(_view(row, corpus) for row, corpus in rows), total or 0)

    async def retry(self, tenant_id: str, failure_id: str) -> str:
        """Let the next sync try the file again, changed or not. Returns the id of its source, which is to be synced now.

        Raises `NotFoundError` for another tenant's as for an unknown one.
        """
        async with self._database.write(tenant_id) as session:
            source_id: str | None = await session.scalar(
                update(IngestFailure)
                .where(IngestFailure.id == failure_id, IngestFailure.tenant_id == tenant_id)
                .values(version_tag="")
                .returning(IngestFailure.source_id)
            )
        if source_id is None:
            raise NotFoundError("no such failure: its file was taken in, or is gone from its source")
        return source_id


async def recorded(session: ReadSession, source_id: str) -> dict[str, Recorded]:
    """The source's list by path."""
    rows = await session.scalars(select(IngestFailure).where(IngestFailure.source_id == source_id))
    return {row.path: Recorded(row.path, row.reason, row.detail, row.version_tag) for row in rows}


async def record(session: WriteSession, tenant_id: str, source_id: str, failed: Collection[Recorded]) -> None:
    """Add, or count one more attempt."""
    rows: dict[str, IngestFailure] = {}
    for batch in batches(each.path for each in failed):
        query = select(IngestFailure).where(IngestFailure.source_id == source_id, IngestFailure.path.in_(batch))
        rows |= {row.path: row for row in await session.scalars(query)}
    for each in failed:
        values: Json = {
            "reason": each.reason[:_LONGEST_REASON],
            "detail": each.detail[:_LONGEST_DETAIL],
            "version_tag": each.tag,
        }
        row = rows.get(each.path)
        if row is None:
            session.add(IngestFailure(id=new_id(), tenant_id=tenant_id, source_id=source_id, path=each.path, **values))
        else:
            row.attempts, row.last_at = row.attempts + 1, now()
            row.reason, row.detail, row.version_tag = values["reason"], values["detail"], values["version_tag"]


async def clear(session: WriteSession, source_id: str, paths: Iterable[str]) -> None:
    """These files were taken in, or are gone."""
    for batch in batches(paths):
        await session.execute(
            delete(IngestFailure).where(IngestFailure.source_id == source_id, IngestFailure.path.in_(batch))
        )


def _view(row: IngestFailure, corpus: str) -> FailureView:
    return FailureView(
        row.id,
        row.source_id,
        corpus,
        row.path,
        row.reason,
        row.detail,
        row.attempts,
        row.first_at,
        row.last_at,
    )
