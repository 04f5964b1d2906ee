"""Points and filters for the index tests, and what a filter means, written down a second time."""

from __future__ import annotations

import uuid
from dataclasses import replace

import numpy as np

from retrieval.index import DIMENSION, IndexFilter, IndexPoint, PointPayload, SparseVector, Vector

TODAY = 739_000
EVERYBODY = ("public", "partner", "agent")
ANYTHING = IndexFilter(release=1, audiences=EVERYBODY, as_of=TODAY)
PAYLOAD = PointPayload(
    document_id="d1", revision_id="r1", corpus_id="c1", number=0, doc_type="runbook", audience="partner"
)
PUBLISHED = replace(PAYLOAD, added_in=1)
NOTHING = SparseVector((), ())


def point_id(name: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(name)))


def unit(seed: int, rows: int | None = None) -> Vector:
    vectors = np.random.default_rng(seed).normal(size=(rows or 1, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors if rows else vectors[0], np.float32)


def point(
    name: object, payload: PointPayload = PUBLISHED, *, seed: int = 0, terms: dict[int, float] | None = None
) -> IndexPoint:
    held = terms or {1: 1.0}
    return IndexPoint(
        id=point_id(name),
        dense=unit(seed),
        sentences=unit(seed + 10_000, rows=2),
        sparse=SparseVector(tuple(held), tuple(held.values())),
        payload=payload,
    )


def visible(payload: PointPayload, within: IndexFilter) -> bool:
    """Plain Python, not `IndexFilter.conditions`: the two must agree."""
    return (
        payload.added_in <= within.release < payload.removed_in
        and payload.effective_from <= within.as_of < payload.effective_to
        and payload.audience in within.audiences
        and (within.version is None or payload.version_from <= within.version < payload.version_to)
        and (payload.customer is None or payload.customer == within.customer)
        and all(
            getattr(within, name) is None or getattr(payload, name) in (None, getattr(within, name))
            for name in ("product", "module", "region")
        )
        and (not within.doc_types or payload.doc_type in within.doc_types)
        and (not within.corpus_ids or payload.corpus_id in within.corpus_ids)
    )
