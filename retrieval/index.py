"""The vector index as the rest of the product sees it: points, what may be seen, candidates. No vendor's names.

No score is computed here or in an adapter: `candidates` returns the stored vectors of each, so that one place scores
all of them on one scale, whichever index answered and over however many collections. Of their sentences, which are many, the index
tells how near the best one is; the vectors are read of those candidates that come to the top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.errors import UnavailableError
from core.versions import OPEN_END

__all__ = [
    "DIMENSION",
    "OPEN_END",
    "STAGED",
    "AnyOf",
    "Between",
    "Candidate",
    "Condition",
    "Embedded",
    "IndexFilter",
    "IndexPoint",
    "PayloadChanges",
    "PointPayload",
    "SparseVector",
    "Vector",
    "VectorIndex",
    "incomplete",
    "missing",
    "numbered",
]

DIMENSION = 384

STAGED = OPEN_END
"""`added_in` of a point that no release shows yet: above every release number."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Distinct term numbers (uint32) and their weights, in the same order."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PointPayload:
    """What a search can filter a chunk by. Ranges are half-open.

    Versions are `core.versions` keys; dates are `date.toordinal()` numbers, 0 and `OPEN_END` where a document sets no
    bound; `None` where it states nothing. `number` is the chunk's place in its revision.
    """

    document_id: str
    revision_id: str
    corpus_id: str
    number: int
    doc_type: str
    audience: str
    product: str | None = None
    module: str | None = None
    region: str | None = None
    customer: str | None = None
    version_from: int = 0
    version_to: int = OPEN_END
    effective_from: int = 0
    effective_to: int = OPEN_END
    added_in: int = STAGED
    removed_in: int = OPEN_END


class PayloadChanges(TypedDict, total=False):
    """What may change in place, in every release at once; which release shows a point is for `enter` and `leave`."""

    corpus_id: str
    doc_type: str
    audience: str
    product: str | None
    module: str | None
    region: str | None
    customer: str | None
    version_from: int
    version_to: int
    effective_from: int
    effective_to: int


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """A passage's unit vectors: `dense` of shape (384,), `sentences` (s, 384), one for each of its sentences.

    A sentence's vector is the mean of its tokens' in the passage's own forward pass, so it knows its context and costs
    nothing (Günther et al., "Late Chunking", 2024). A sentence beyond the model's window has the passage's vector.
    """

    dense: Vector
    sentences: Vector


@dataclass(frozen=True, slots=True, eq=False)
class IndexPoint:
    """One chunk. `id` is a UUID; `dense` has shape (384,), `sentences` (s, 384) with s ≥ 1, both of unit length."""

    id: str
    dense: Vector
    sentences: Vector
    sparse: SparseVector
    payload: PointPayload


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A point that one of the two searches found; ranks begin at 0, `None` where that search did not list it. `sentence` is the
    cosine of its best sentence as the index tells it, which keeps them in half precision: right to .0005."""

    id: str
    payload: PointPayload
    dense: Vector
    sparse: SparseVector
    sentence: float
    dense_rank: int | None
    sparse_rank: int | None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field holds one of the values; `None` among them stands for a field that states nothing."""

    field: str
    values: tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """``low <= field < high``; an end that is `None` is open."""

    field: str
    low: int | None = None
    high: int | None = None


Condition = AnyOf | Between


@dataclass(frozen=True, slots=True)
class IndexFilter:
    """What one asker may see at one release; applied inside a search, never to its result.

    Empty `doc_types`, `corpus_ids` and `revision_ids` do not narrow; empty `audiences` see nothing. A document that states no
    product, module or region fits any. Without a `customer` only documents of no customer are seen.
    """

    release: int
    audiences: tuple[str, ...]
    as_of: int
    version: int | None = None
    product: str | None = None
    module: str | None = None
    region: str | None = None
    customer: str | None = None
    doc_types: tuple[str, ...] = ()
    corpus_ids: tuple[str, ...] = ()
    revision_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.release:
            numbered(self.release)

    def conditions(self) -> tuple[Condition, ...]:
        """All must hold. The one translation of visibility, so that no two adapters can differ in it."""
        conditions: list[Condition] = [
            Between("added_in", high=self.release + 1),
            Between("removed_in", low=self.release + 1),
            AnyOf("audience", self.audiences),
            AnyOf("customer", (None,) if self.customer is None else (self.customer, None)),
            *_around("effective", self.as_of),
        ]
        if self.version is not None:
            conditions += _around("version", self.version)
        stated = {"product": self.product, "module": self.module, "region": self.region}
        conditions += [AnyOf(name, (value, None)) for name, value in stated.items() if value is not None]
        narrowed = {"doc_type": self.doc_types, "corpus_id": self.corpus_ids, "revision_id": self.revision_ids}
        conditions += [AnyOf(name, values) for name, values in narrowed.items() if values]
        return tuple(conditions)


def _around(name: str, value: int) -> tuple[Between, Between]:
    return Between(f"{name}_from", high=value + 1), Between(f"{name}_to", low=value + 1)


def numbered(release: int) -> int:
    """The release itself. Raises `ValueError` where it is no release's number: 0 and `STAGED` mean other things."""
    if not 0 < release < STAGED:
        raise ValueError(f"{release} is no release number")
    return release


def missing(collection: str) -> UnavailableError:
    return UnavailableError(
        f"the index has no collection {collection}; `partner-copilot doctor` shows what to rebuild",
        code="index_missing",
    )


def incomplete(revision_id: str) -> UnavailableError:
    return UnavailableError(
        f"the index lacks chunks of revision {revision_id}; ingest its document again", code="index_incomplete"
    )


class VectorIndex(Protocol):
    """Points by collection, one collection per tenant; `collection` always comes from the server side.

    Every method may raise `UnavailableError` (`index_unavailable`; `index_missing` where the collection was never made
    or is gone), the writing ones also `StorageFullError`. What a write acknowledged survives a crash. Writes are
    idempotent: a job that runs one twice leaves the same points.
    """

    async def ensure(self, collection: str) -> None:
        """Make the collection where there is none."""
        ...

    async def upsert(self, collection: str, points: Sequence[IndexPoint]) -> None: ...

    async def candidates(
        self, collection: str, dense: Vector, sparse: SparseVector, within: IndexFilter, limit: int
    ) -> list[Candidate]:
        """The `limit` nearest by cosine and the `limit` best by sparse dot product (above 0), each point once."""
        ...

    async def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Embedded]:
        """All vectors of each id that exists: text that stays the same need not be embedded again."""
        ...

    async def sentence_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Shape (s, 384) for each id that exists."""
        ...

    async def count(self, collection: str, within: IndexFilter) -> int: ...

    async def document_frequencies(self, collection: str, within: IndexFilter, terms: Sequence[int]) -> dict[int, int]:
        """How many visible points hold each term: 0 is listed too. Add them up over the collections of one search."""
        ...

    async def enter(self, collection: str, revision_ids: Sequence[str], release: int) -> None:
        """The staged points of these revisions become visible from `release`."""
        ...

    async def leave(self, collection: str, revision_ids: Sequence[str], release: int) -> None:
        """The points of these revisions that are still open become invisible from `release`."""
        ...

    async def undo(self, collection: str, release: int) -> None:
        """Take back every `enter` and `leave` of a release that was abandoned."""
        ...

    async def copy(self, collection: str, revision_id: str, id_map: Mapping[str, str], release: int) -> None:
        """Show points again that left: copy old id → new id with their vectors, visible from `release` on.

        Raises `UnavailableError` (`index_incomplete`) where the revision has no such point; then nothing was copied.
        """
        ...

    async def update_payload(self, collection: str, document_id: str, changes: PayloadChanges) -> None: ...

    async def delete_points(self, collection: str, ids: Sequence[str]) -> None:
        """Ids that do not exist are passed over."""
        ...

    async def delete_revisions(self, collection: str, revision_ids: Sequence[str]) -> None: ...

    async def delete_document(self, collection: str, document_id: str) -> None: ...

    async def revisions(self, collection: str) -> dict[str, int]:
        """How many points each revision has, in any state: what is reconciled with the database."""
        ...

    async def optimize(self, collection: str) -> None:
        """Merge and tidy after a large change; searches go on meanwhile, writes to the collection wait."""
        ...

    async def purge(self, collection: str) -> None:
        """What was deleted or written over is gone from the disk, too, when this returns. A Qdrant server does so in its own time,
        and cannot be waited for."""
        ...

    async def drop(self, collection: str) -> None:
        """Delete the collection, if there is one."""
        ...

    async def close(self) -> None: ...
