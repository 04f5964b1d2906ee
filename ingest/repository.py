"""SQL of ingestion: corpora, sources, documents and their revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from core.database import ReadSession, WriteSession
from core.domain import DocumentStatus, Metadata
from core.models import Corpus, Document, Json, Membership, Original, PassageRow, Revision, Source, new_id, now
from guardrails.withheld import Withheld
from ingest.chunk import Chunk
from ingest.resemblance import Fingerprint

Session = ReadSession | WriteSession
Row = TypeVar("Row", Corpus, Source)


@dataclass(frozen=True, slots=True)
class Known:
    """A document as the last ingest left it."""

    id: str
    path: str
    status: DocumentStatus
    content_hash: str
    version_tag: str
    source_id: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What people have decided about a document, and its newest revision."""

    status: DocumentStatus
    audience_set: str | None
    revision_id: str | None


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A parsed, redacted and chunked document, ready to be stored."""

    document_id: str
    path: str
    content_hash: str
    metadata: Metadata
    chunks: tuple[Chunk, ...]
    redactions: Mapping[str, int]
    signals: tuple[str, ...]
    warnings: tuple[str, ...]
    original: bytes
    """Already encrypted."""
    fingerprint: Fingerprint
    embedded_hashes: tuple[str, ...]
    """One for each chunk: `points.embedded_hash`."""
    version_tag: str = ""
    author: str = ""
    withheld: Mapping[str, tuple[Withheld, ...]] = field(default_factory=dict)
    """What the placeholders of its title and its text stand for."""

    @property
    def id(self) -> str:
        """From the document and its bytes: an interrupted ingest that runs again makes the same revision."""
        return uuid5(NAMESPACE_URL, f"{self.document_id}/{self.content_hash}").hex


def batches(values: Iterable[str], size: int = 5000) -> Iterator[list[str]]:
    """Below SQLite's 32,766 and PostgreSQL's 65,535 parameters a statement."""
    rest = sorted(values)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def point_id(revision_id: str, number: int, copy: int = 0) -> str:
    """Stable id of a chunk's point: revision ids already name tenant, document and content; `copy` counts stays in releases."""
    return str(uuid5(NAMESPACE_URL, f"{revision_id}/{number}/{copy}"))


async def corpus(session: WriteSession, tenant_id: str, name: str) -> Corpus:
    """Made where there is none."""
    query = select(Corpus).where(Corpus.tenant_id == tenant_id, Corpus.name == name)
    return await _ensured(session, query, Corpus(id=new_id(), tenant_id=tenant_id, name=name))


async def find_corpus(session: Session, tenant_id: str, name: str) -> Corpus | None:
    return await session.scalar(select(Corpus).where(Corpus.tenant_id == tenant_id, Corpus.name == name))


async def forget_empty_corpus(session: WriteSession, corpus_id: str) -> None:
    """Delete a corpus that holds neither a document nor a source."""
    held = select(Document.id).where(Document.corpus_id == corpus_id).exists()
    fed = select(Source.id).where(Source.corpus_id == corpus_id).exists()
    await session.execute(delete(Corpus).where(Corpus.id == corpus_id, ~held, ~fed))


async def source(session: WriteSession, tenant_id: str, corpus_id: str, *, kind: str, uri: str) -> Source:
    query = select(Source).where(
        Source.tenant_id == tenant_id, Source.corpus_id == corpus_id, Source.kind == kind, Source.uri == uri
    )
    row = Source(id=new_id(), tenant_id=tenant_id, corpus_id=corpus_id, kind=kind, uri=uri)
    return await _ensured(session, query, row)


async def _ensured(session: WriteSession, query: Select[Row], row: Row) -> Row:
    """What `query` finds, else `row`: also where another writer of PostgreSQL makes the same at this moment."""
    found = await session.scalar(query)
    if found is not None:
        return found
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return (await session.scalars(query)).one()
    return row


async def known_documents(session: Session, tenant_id: str, corpus_id: str) -> dict[str, Known]:
    """The corpus' documents by path."""
    columns = (
        Document.id,
        Document.path,
        Document.status,
        Document.content_hash,
        Document.version_tag,
        Document.source_id,
    )
    rows = await session.execute(
        select(*columns).where(Document.tenant_id == tenant_id, Document.corpus_id == corpus_id)
    )
    return {r.path: Known(r.id, r.path, DocumentStatus(r.status), *r[3:]) for r in rows}


async def known_document(session: Session, tenant_id: str, corpus_id: str, path: str) -> Known | None:
    row = await session.scalar(
        select(Document).where(Document.tenant_id == tenant_id, Document.corpus_id == corpus_id, Document.path == path)
    )
    if row is None:
        return None
    return Known(row.id, row.path, DocumentStatus(row.status), row.content_hash, row.version_tag, row.source_id)


async def source_names(session: Session, tenant_id: str) -> dict[str, str]:
    """Kind and address of each source, as a message names it."""
    rows = await session.execute(select(Source.id, Source.kind, Source.uri).where(Source.tenant_id == tenant_id))
    return {row.id: f"{row.kind} {row.uri}" for row in rows}


async def store_revisions(
    session: WriteSession, tenant_id: str, corpus_id: str, source_id: str | None, revisions: Sequence[NewRevision]
) -> None:
    """Write documents and revisions that no document points to yet; `adopt` does that once their vectors are in the index."""
    ids = [revision.id for revision in revisions]
    for table in (PassageRow, Original):
        await session.execute(delete(table).where(table.revision_id.in_(ids)))
    existing = set(
        await session.scalars(select(Document.id).where(Document.id.in_([r.document_id for r in revisions])))
    )
    stored = set(await session.scalars(select(Revision.id).where(Revision.id.in_(ids))))
    session.add_all(
        _document(tenant_id, corpus_id, source_id, revision)
        for revision in revisions
        if revision.document_id not in existing
    )
    await session.flush()
    session.add_all(_revision(tenant_id, revision) for revision in revisions if revision.id not in stored)
    for revision in revisions:
        if revision.id in stored:  # perhaps by a version that took no fingerprints; perhaps its text was collected
            await session.execute(
                update(Revision)
                .where(Revision.id == revision.id)
                .values(
                    text_hash=revision.fingerprint.text_hash,
                    minhash=revision.fingerprint.minhash,
                    passages=len(revision.chunks),
                )
            )
    await session.flush()
    session.add_all(row for revision in revisions for row in _passages(tenant_id, revision))
    session.add_all(
        Original(revision_id=r.id, tenant_id=tenant_id, name=r.path, data=r.original) for r in revisions if r.original
    )


async def indexed_revisions(session: Session, ids: Sequence[str]) -> set[str]:
    return set(await session.scalars(select(Revision.id).where(Revision.id.in_(ids), Revision.indexed)))


async def standing(session: Session, document_ids: Sequence[str], *, lock: bool = False) -> dict[str, Standing]:
    """Documents that exist already; `lock` keeps others from changing them until the transaction ends."""
    query = select(Document.id, Document.status, Document.audience_set, Document.revision_id).where(
        Document.id.in_(document_ids)
    )
    rows = await session.execute(query.with_for_update() if lock else query)
    return {r.id: Standing(DocumentStatus(r.status), r.audience_set, r.revision_id) for r in rows}


async def forget_points(session: WriteSession, document_id: str) -> None:
    """A withdrawn document's points go from every release: what it held must be indexed anew to be shown again."""
    revisions = select(Revision.id).where(Revision.document_id == document_id)
    await session.execute(delete(Membership).where(Membership.revision_id.in_(revisions)))
    await session.execute(update(Revision).where(Revision.document_id == document_id).values(indexed=False))


async def adopt(
    session: WriteSession, revisions: Sequence[NewRevision], *, source_id: str | None, status: DocumentStatus
) -> None:
    """Make the revisions their documents' newest: from here on a publish takes them.

    What an admin has decided stays: the audience always, owner and review date until the document states others than it did.
    """
    query = select(Document.id, Revision.info).join(Revision, Revision.id == Document.revision_id)
    rows = await session.execute(query.where(Document.id.in_([r.document_id for r in revisions])))
    previous: dict[str, Json] = {row.id: row.info for row in rows}
    await session.execute(update(Revision).where(Revision.id.in_([r.id for r in revisions])).values(indexed=True))
    for revision in revisions:
        await session.execute(
            update(Document)
            .where(Document.id == revision.document_id)
            .values(
                revision_id=revision.id,
                content_hash=revision.content_hash,
                version_tag=revision.version_tag,
                source_id=source_id,
                path=revision.path,
                title=revision.metadata.title[:500],
                audience=func.coalesce(Document.audience_set, str(revision.metadata.audience)),
                customer=revision.metadata.customer,
                status=status,
                updated_at=now(),
                **_newly_stated(revision.metadata, previous.get(revision.document_id, {})),
            )
        )


def _newly_stated(metadata: Metadata, previous: Json) -> dict[str, object]:
    """Owner and review date, where the document names one, and another than its previous revision did."""
    stated: dict[str, object] = {"owner": metadata.owner, "review_by": metadata.review_by}
    return {
        name: value for name, value in stated.items() if value is not None and str(value) != str(previous.get(name))
    }


async def relocate(session: WriteSession, document_id: str, *, path: str, version_tag: str) -> None:
    """The document's file has another name now. Its title stays what it was taken in with."""
    await session.execute(
        update(Document).where(Document.id == document_id).values(path=path, version_tag=version_tag, updated_at=now())
    )


async def remember_tags(session: WriteSession, tags: Mapping[str, str]) -> None:
    """Document → what its source's head says of the bytes that are stored. No change of the document."""
    for document_id, tag in tags.items():
        await session.execute(update(Document).where(Document.id == document_id).values(version_tag=tag))


async def hand_over(session: WriteSession, document_ids: Sequence[str], *, source_id: str) -> None:
    """They are this source's documents from now on."""
    for batch in batches(document_ids):
        await session.execute(update(Document).where(Document.id.in_(batch)).values(source_id=source_id))


async def set_status(session: WriteSession, document_ids: Sequence[str], status: DocumentStatus) -> None:
    for batch in batches(document_ids):
        await session.execute(update(Document).where(Document.id.in_(batch)).values(status=status, updated_at=now()))


async def forget_hash(session: WriteSession, document_id: str) -> None:
    """So that the next ingest takes the document's bytes in again."""
    await session.execute(update(Document).where(Document.id == document_id).values(content_hash=""))


async def find_document(session: Session, tenant_id: str, document_id: str) -> Document | None:
    return await session.scalar(select(Document).where(Document.id == document_id, Document.tenant_id == tenant_id))


async def document_text(session: Session, revision_id: str) -> str:
    """The stored, redacted text: the passages in order, a blank line between two."""
    rows = await session.scalars(
        select(PassageRow.text).where(PassageRow.revision_id == revision_id).order_by(PassageRow.number)
    )
    return "\n\n".join(rows)


async def count_documents(session: Session, tenant_id: str) -> int:
    return await session.scalar(select(func.count()).select_from(Document).where(Document.tenant_id == tenant_id)) or 0


def _document(tenant_id: str, corpus_id: str, source_id: str | None, revision: NewRevision) -> Document:
    return Document(
        id=revision.document_id,
        tenant_id=tenant_id,
        corpus_id=corpus_id,
        source_id=source_id,
        path=revision.path,
        title=revision.metadata.title[:500],
        status=DocumentStatus.DRAFT,
        audience=revision.metadata.audience,
        customer=revision.metadata.customer,
        revision_id=None,
        content_hash="",
    )


def _revision(tenant_id: str, revision: NewRevision) -> Revision:
    return Revision(
        id=revision.id,
        tenant_id=tenant_id,
        document_id=revision.document_id,
        content_hash=revision.content_hash,
        info=metadata_json(revision.metadata),
        redactions=dict(revision.redactions),
        signals=list(revision.signals),
        warnings=list(revision.warnings),
        passages=len(revision.chunks),
        author=revision.author,
        authoritative=bool(revision.metadata.authoritative),
        text_hash=revision.fingerprint.text_hash,
        minhash=revision.fingerprint.minhash,
    )


def _passages(tenant_id: str, revision: NewRevision) -> list[PassageRow]:
    return [
        PassageRow(
            tenant_id=tenant_id,
            revision_id=revision.id,
            number=chunk.number,
            text=chunk.text,
            heading_path=list(chunk.heading_path),
            page=chunk.page,
            kind=chunk.kind,
            sentences=[list(span) for span in chunk.sentences],
            embedded_hash=embedded_hash,
        )
        for chunk, embedded_hash in zip(revision.chunks, revision.embedded_hashes, strict=True)
    ]


def metadata_json(metadata: Metadata) -> Json:
    """Only what was stated; dates as ISO 8601."""
    values = asdict(metadata)
    return {
        key: value.isoformat() if hasattr(value, "isoformat") else value
        for key, value in values.items()
        if value not in (None, "")
    }
