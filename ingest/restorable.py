"""Where a document's texts are, for whoever may have its placeholders restored."""

from __future__ import annotations

from sqlalchemy import select

from core.auth import require
from core.database import WriteSession
from core.domain import Permission, Principal
from core.models import PassageRow
from guardrails.restoring import Part
from guardrails.vault import Place
from ingest.catalogue import readable


async def document_parts(session: WriteSession, principal: Principal, document_id: str) -> list[Part]:
    """Title and passages of the newest revision. Raises `NotFoundError` as `readable` does: a granted document is its owner's."""
    require(principal, Permission.DOCUMENTS_READ)
    document = await readable(session, principal, document_id)
    if document.revision_id is None:
        return [Part("title", [document.title])]
    query = select(PassageRow.text).where(PassageRow.revision_id == document.revision_id).order_by(PassageRow.number)
    passages = list(await session.scalars(query))
    return [
        Part("title", [document.title], Place("revisions", document.revision_id, "title")),
        Part("text", passages, Place("revisions", document.revision_id, "text")),
    ]
