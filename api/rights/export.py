"""All that is found about one person, as one ZIP: `export.json`, and the originals of the documents that speak of them."""

from __future__ import annotations

import asyncio
import json
import zipfile
from io import BytesIO
from pathlib import PurePosixPath

from sqlalchemy import select, tuple_

from api.rights.finding import Finder, Places
from api.rights.rows import key_of
from api.rights.stores import STORES, Row, Store
from api.rights.subject import Subject
from core.database import Database
from core.errors import TooLargeError
from core.job_tries import Progress
from core.models import Json, SubjectRequest, now


class Exporter:
    def __init__(self, database: Database, finder: Finder, *, max_bytes: int) -> None:
        self._database = database
        self._finder = finder
        self._max_bytes = max_bytes

    async def run(self, request: SubjectRequest, subject: Subject, progress: Progress) -> tuple[bytes, Json]:
        """The ZIP, and what is in it, counted. Raises `TooLargeError` (`export_too_large`)."""
        places = await self._finder.places(request.tenant_id, subject)
        told: dict[str, object] = {
            "of": subject.as_json(),
            "at": now().isoformat(),
            "principals": sorted(places.traces.principals),
        }
        counts: Json = {}
        for store in STORES:
            progress.stage = store.table.name
            rows = await self._rows(places, store)
            if rows:
                told[store.table.name], counts[store.table.name] = rows, len(rows)
                progress.done += len(rows)
        told["contacts"] = [
            {"case": each.id, "contact": each.text} for each in await places.sealed.contacts(places.traces)
        ]
        told["slack_events"] = [json.loads(each.text) async for each in places.sealed.events(places.traces)]
        counts |= {name: len(told[name]) for name in ("contacts", "slack_events") if told[name]}  # type: ignore[arg-type]
        progress.stage = "documents"
        found = await places.documents.find(places.traces)
        told["documents"] = await places.documents.texts(found.documents)
        counts |= {"documents": len(found.documents)} if found.documents else {}
        told["left"] = await self._finder.left(places)
        return await self._packed(places, told, found.originals), {"found": counts, "left": told["left"]}

    async def _rows(self, places: Places, store: Store) -> list[Row]:
        """Whole rows, as JSON values; what is encrypted is told apart, opened."""
        found: list[Row] = []
        async for hits in places.rows.hits(store, places.traces, places.conversations):
            keys = [key_of(store.table, row) for row in (*hits.own, *hits.quoting, *hits.named)]
            if not keys:
                continue
            query = select(store.table).where(tuple_(*store.table.primary_key).in_(keys))
            async with self._database.read(places.tenant_id) as session:
                rows = await session.execute(query)
                found += [{k: v for k, v in row._mapping.items() if not isinstance(v, bytes)} for row in rows]
        return found

    async def _packed(self, places: Places, told: Json, originals: set[str]) -> bytes:
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            text = json.dumps(told, ensure_ascii=False, indent=1, default=str)
            await asyncio.to_thread(archive.writestr, "export.json", text)
            async for revision_id, name, data in places.documents.originals(originals):
                file = f"originals/{revision_id}/{PurePosixPath(name).name or 'file'}"
                await asyncio.to_thread(archive.writestr, file, data)
                if out.tell() > self._max_bytes:
                    raise TooLargeError(
                        "the export is larger than COPILOT_SUBJECTS__MAX_EXPORT_BYTES; raise it",
                        code="export_too_large",
                    )
        return out.getvalue()
