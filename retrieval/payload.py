"""A point's payload as an index stores it: plain JSON values, the same in every adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from retrieval.index import Embedded, IndexPoint, PayloadChanges, PointPayload

Stored = dict[str, str | int | list[int]]

KEYWORDS = (
    "document_id", "revision_id", "corpus_id", "doc_type", "audience", "product", "module", "region", "customer"
)  # fmt: skip
RANGES = ("version_from", "version_to", "effective_from", "effective_to", "added_in", "removed_in")
TERMS = "terms"
"""The point's sparse term numbers: an index counts under a filter only what lies in the payload."""

UNSTATED = ""
"""What `None` is stored as: a value that can be matched, for an absent field needs a slower condition of its own."""

FIELDS = (*KEYWORDS, "number", *RANGES)


def stored(point: IndexPoint) -> Stored:
    return {**plain(asdict(point.payload)), TERMS: list(point.sparse.indices)}


def plain(values: Mapping[str, str | int | None] | PayloadChanges) -> Stored:
    return {name: UNSTATED if value is None else _json(value) for name, value in values.items()}


def _json(value: object) -> str | int:
    """Enumerations become their text: a vendor's binding need not know them."""
    return int(value) if isinstance(value, int) else str(value)


def embedded(vectors: Mapping[str, object]) -> Embedded:
    """From a vendor's vectors by name."""
    return Embedded(np.asarray(vectors["dense"], np.float32), np.asarray(vectors["sentences"], np.float32))


def loaded(payload: Mapping[str, object]) -> PointPayload:
    """Raises `KeyError` or `ValueError` where the payload was not written by `stored`."""
    texts = {name: str(payload[name]) for name in KEYWORDS}
    numbers = {name: int(str(payload[name])) for name in ("number", *RANGES)}
    stated = {name: texts[name] or None for name in ("product", "module", "region", "customer")}
    required = {name: texts[name] for name in ("document_id", "revision_id", "corpus_id", "doc_type", "audience")}
    return PointPayload(**required, **stated, **numbers)  # type: ignore[arg-type]
