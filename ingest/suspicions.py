"""What an admin should look at before a release goes live: documents that say what another one says with other numbers, and floods
of alike ones. Poisoned documents look like that; so do the price lists of two years, and nothing is blocked for it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import aliased

from core.domain import DocumentStatus
from core.models import Document, Json, PassageRow
from guardrails.rules import PLACEHOLDER
from ingest.duplicates import DuplicateKind
from ingest.release_rows import Session
from ingest.repository import batches

SHOWN = 8
"""Numbers that are named of each of two documents."""

_HIDDEN = (DocumentStatus.RETIRED, DocumentStatus.WITHDRAWN)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Altered:
    """`source` is much like `original`, but says the numbers `says` where that one says `original_says`; `audiences` are theirs,
    since numbers are what documents say."""

    source: str
    original: str
    says: tuple[str, ...]
    original_says: tuple[str, ...]
    audiences: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Flood:
    """So many of a release's documents repeat `original`."""

    original: str
    documents: int


@dataclass(frozen=True, slots=True)
class _Copy:
    path: str
    revision_id: str
    kind: str
    audience: str
    original: str
    original_revision_id: str
    original_audience: str


async def suspicious(session: Session, tenant_id: str, entering: Collection[str], *, flood: int, compared: int) -> Json:
    """Of a release that the revisions `entering` come in with: its `altered` documents and its `floods` of at least `flood`
    documents, each where there are any. Of near copies the first `compared` by path are read for their numbers."""
    copies = await _copies(session, tenant_id)
    counted = Counter(copy.original for copy in copies if copy.revision_id in entering)
    floods = [Flood(original, count) for original, count in sorted(counted.items()) if count >= flood]
    near = [
        copy
        for copy in copies
        if copy.kind == DuplicateKind.NEAR and not {copy.revision_id, copy.original_revision_id}.isdisjoint(entering)
    ]
    altered = await _altered(session, near[:compared])
    found: Json = {"altered": [asdict(each) for each in altered], "floods": [asdict(each) for each in floods]}
    return {kind: some for kind, some in found.items() if some}


async def _copies(session: Session, tenant_id: str) -> list[_Copy]:
    copy, original = aliased(Document), aliased(Document)
    shown = copy.revision_id.is_not(None), original.revision_id.is_not(None)
    query = (
        select(
            *(copy.path, copy.revision_id, copy.duplicate_kind, copy.audience),
            *(original.path, original.revision_id, original.audience),
        )
        .join(original, original.id == copy.duplicate_of)
        .where(copy.tenant_id == tenant_id, copy.duplicate_of.is_not(None), copy.status.not_in(_HIDDEN), *shown)
        .order_by(copy.path)
    )
    return [_Copy(*map(str, row)) for row in await session.execute(query)]


async def _altered(session: Session, copies: Sequence[_Copy]) -> list[Altered]:
    """Each has a number that the other has not: a document that merely says more is none."""
    numbers = await _numbers(session, {id_ for copy in copies for id_ in (copy.revision_id, copy.original_revision_id)})
    pairs = ((copy, numbers[copy.revision_id], numbers[copy.original_revision_id]) for copy in copies)
    return [
        Altered(
            copy.path,
            copy.original,
            _named(own - other),
            _named(other - own),
            (copy.audience, copy.original_audience),
        )
        for copy, own, other in pairs
        if own - other and other - own
    ]


async def _numbers(session: Session, revision_ids: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for batch in batches(revision_ids):
        query = select(PassageRow.revision_id, PassageRow.text).where(PassageRow.revision_id.in_(batch))
        for revision_id, text in await session.execute(query):
            found[revision_id].update(_NUMBER.findall(PLACEHOLDER.sub(" ", text)))
    return found


def _named(numbers: set[str]) -> tuple[str, ...]:
    return tuple(sorted(numbers)[:SHOWN])
