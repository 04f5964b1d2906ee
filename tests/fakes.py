"""Test doubles that more than one package's tests use; each is held to the contract of its port."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import Trail
from core.crossings import Crossing
from core.database import CROSSING_SETTING, Database
from core.keyring import Keyring
from retrieval.embedding import Embedded, EmbedItem
from retrieval.index import DIMENSION, Vector


def trail() -> Trail:
    """The real one, under a key that every test knows."""
    return Trail(Keyring(b"audit" * 6 + b"##"))


@asynccontextmanager
async def as_administrator(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection past the sessions, as whoever administers the database has one: it sees every tenant's rows."""
    async with database.engine.begin() as connection:
        if not database.is_sqlite:
            await connection.execute(select(func.set_config(CROSSING_SETTING, Crossing.UPKEEP.value, True)))
        yield connection


class FakeEmbedder:
    """Bags of words as unit vectors: texts that share words are near, without a model."""

    name = "fake"
    dimension = DIMENSION

    async def embed_query(self, text: str) -> Vector:
        return _vector(text)

    async def embed_texts(self, texts: Sequence[str]) -> Vector:
        return np.stack([_vector(text) for text in texts]) if texts else np.empty((0, DIMENSION), np.float32)

    async def embed_passages(self, items: Sequence[EmbedItem]) -> list[Embedded]:
        return [_embedded(item) for item in items]


def _embedded(item: EmbedItem) -> Embedded:
    dense = _vector(item.text)
    spans = [item.text[start:end] for start, end in item.spans]
    sentences = [_vector(span) if _words(span) else dense for span in spans]
    return Embedded(dense, np.stack(sentences) if sentences else np.empty((0, DIMENSION), np.float32))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _vector(text: str) -> Vector:
    vector = np.zeros(DIMENSION, np.float32)
    vector[0] = 1e-3  # a text without words has a direction too
    for word in _words(text):
        vector[int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "big") % DIMENSION] += 1.0
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
