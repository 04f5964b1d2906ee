"""One person in documents: the stored text, which redaction freed of them but for a tag, and the originals."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update

from api.rights.rows import Rows, quotes
from api.rights.stores import Row
from api.rights.subject import Traces
from core.database import Database, WriteSession
from core.keyring import Keyring
from core.models import Document, Original, PassageRow, Revision

_STATED = ("title", "path", "owner", "customer")
_MOST_UNPACKED = 200_000_000
"""Bytes of one member of an office file that are looked through."""


@dataclass(slots=True)
class Found:
    """Documents that hold the person, the revisions whose stored text speaks of them, and the originals that do."""

    documents: set[str] = field(default_factory=set)
    revisions: set[str] = field(default_factory=set)
    originals: set[str] = field(default_factory=set)
    """By revision."""


class Documents:
    """Of one tenant."""

    def __init__(self, database: Database, keyring: Keyring, tenant_id: str) -> None:
        self._database = database
        self._keyring = keyring
        self._tenant_id = tenant_id
        self._rows = Rows(database, tenant_id)

    async def find(self, traces: Traces) -> Found:
        found = Found()
        of = await self._documents_of_revisions()
        async for rows in self._rows.batches(Document.__table__, _STATED):  # type: ignore[arg-type]
            found.documents |= {row["id"] for row in rows if _mentions(row, _STATED, traces)}
        stated = ("info", "warnings", "signals")
        async for rows in self._rows.batches(Revision.__table__, stated):  # type: ignore[arg-type]
            found.revisions |= {row["id"] for row in rows if _mentions(row, stated, traces)}
        columns = ("revision_id", "text", "heading_path")
        async for rows in self._rows.batches(PassageRow.__table__, columns):  # type: ignore[arg-type]
            hits = await asyncio.to_thread(_mentioning, rows, columns[1:], traces)
            found.revisions |= {row["revision_id"] for row in hits}
        async for revision_id, name, data in self.originals():
            if traces.in_text(name) or await asyncio.to_thread(_holds, data, traces):
                found.originals.add(revision_id)
        found.documents |= {of[each] for each in found.revisions | found.originals if each in of}
        # Whatever form the person has in them: an original of a document that speaks of them is not kept.
        found.originals |= {revision for revision, document in of.items() if document in found.documents}
        return found

    async def originals(self, wanted: Collection[str] | None = None) -> AsyncIterator[tuple[str, str, bytes]]:
        """Revision, name and bytes of the tenant's originals, or of these revisions', one at a time."""
        query = select(Original.revision_id, Revision.document_id).join(Revision, Revision.id == Original.revision_id)
        async with self._database.read(self._tenant_id) as session:
            places = (await session.execute(query.where(Original.tenant_id == self._tenant_id))).all()
        for revision_id, document_id in places:
            if wanted is not None and revision_id not in wanted:
                continue
            async with self._database.read(self._tenant_id) as session:
                row = await session.get(Original, revision_id)
            if row is not None:
                context = f"{self._tenant_id}/originals/{document_id}"
                data = await asyncio.to_thread(self._keyring.decrypt, row.data, context=context)
                yield revision_id, row.name, data

    async def texts(self, document_ids: Collection[str]) -> list[Row]:
        """Of each document what it says of itself, and its newest stored text."""
        told: list[Row] = []
        async with self._database.read(self._tenant_id) as session:
            for document_id in sorted(document_ids):
                row = await session.get(Document, document_id)
                if row is None:
                    continue
                passages = select(PassageRow.text).where(PassageRow.revision_id == row.revision_id)
                text = "\n\n".join(await session.scalars(passages.order_by(PassageRow.number)))
                told.append({"id": row.id, "source": row.path, "title": row.title, "owner": row.owner, "text": text})
        return told

    async def blot(self, session: WriteSession, found: Found, traces: Traces) -> int:
        """Out of the stored text, out of what documents say of themselves; originals go whole. How many originals went."""
        for document in await _some(session, Document, Document.id, found.documents):
            for name in _STATED:
                setattr(document, name, traces.blotted(getattr(document, name)))
        for revision in await _some(session, Revision, Revision.id, found.revisions):
            revision.info = _json(traces.blotted(revision.info))
            revision.warnings = [str(each) for each in _list(traces.blotted(revision.warnings))]
            revision.signals = _list(traces.blotted(revision.signals))
        for passage in await _some(session, PassageRow, PassageRow.revision_id, found.revisions):
            _blot_passage(passage, traces)
        gone = 0
        for batch in _batched(found.originals):
            done = await session.execute(delete(Original).where(Original.revision_id.in_(batch)))
            gone += max(0, getattr(done, "rowcount", 0))
        # So that the next sync takes the file in again, as it is by then.
        for batch in _batched(found.documents):
            await session.execute(update(Document).where(Document.id.in_(batch)).values(version_tag=""))
        return gone

    async def sources(self, document_ids: Collection[str]) -> set[str]:
        """The sources that these documents come from."""
        async with self._database.read(self._tenant_id) as session:
            query = select(Document.source_id).where(Document.id.in_(document_ids), Document.source_id.is_not(None))
            return {each for each in await session.scalars(query) if each}

    async def _documents_of_revisions(self) -> dict[str, str]:
        async with self._database.read(self._tenant_id) as session:
            query = select(Revision.id, Revision.document_id).where(Revision.tenant_id == self._tenant_id)
            return {row[0]: row[1] for row in await session.execute(query)}


def _mentioning(rows: Sequence[Row], columns: Sequence[str], traces: Traces) -> list[Row]:
    return [row for row in rows if _mentions(row, columns, traces)]


def _mentions(row: Row, columns: Sequence[str], traces: Traces) -> bool:
    return any(quotes(row[name], traces) for name in columns)


def _holds(data: bytes, traces: Traces) -> bool:
    """Whether a file speaks of the person, as far as its bytes are text; of an office file or ZIP each member is looked at."""
    if traces.in_text(data.decode("utf-8", "replace")):
        return True
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(traces.in_text(_member(archive, each)) for each in archive.infolist() if not each.is_dir())
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
    ):  # no ZIP, or one that is locked or cut short
        return False


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    with archive.open(member) as file:
        return file.read(_MOST_UNPACKED).decode("utf-8", "replace")


def _blot_passage(passage: PassageRow, traces: Traces) -> None:
    """Its sentences keep their places, also where what stands in for the person is longer or shorter."""
    spans = traces.spans(passage.text)
    if not spans and not quotes(passage.heading_path, traces):
        return

    def moved(place: int) -> int:
        return place + sum(len(new) - (end - start) for start, end, new in spans if end <= place)

    passage.text = str(traces.blotted(passage.text))
    passage.heading_path = [str(each) for each in _list(traces.blotted(passage.heading_path))]
    passage.sentences = [[moved(start), moved(end)] for start, end in passage.sentences]
    passage.embedded_hash = ""  # its vectors are another text's now: no later revision may take them over


async def _some(session: WriteSession, model: type, column: object, ids: Collection[str]) -> list:  # type: ignore[type-arg]
    rows: list[object] = []
    for batch in _batched(ids):
        rows += await session.scalars(select(model).where(column.in_(batch)))  # type: ignore[attr-defined]
    return rows


def _batched(ids: Collection[str], size: int = 500) -> list[list[str]]:
    ordered = sorted(ids)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def _json(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
