"""Files that moved: a path that is gone and a new one with the same bytes, or nearly the same words, are one document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ingest.duplicates import NEAR
from ingest.repository import Known
from ingest.resemblance import PERMUTATIONS, Fingerprint

MOST_COMPARED = 10_000
"""Vanished documents whose words are compared with each new file's: 5 MB, 2 ms a file. Beyond, only bytes are."""


class Renames:
    """The documents of one source whose paths are gone. Each is followed once, and only to a file of the same type: the same
    bytes mean another thing in another format."""

    def __init__(self, vanished: Sequence[Known], fingerprints: Mapping[str, Fingerprint]) -> None:
        self._by_bytes: dict[tuple[str, str], list[Known]] = defaultdict(list)
        for document in vanished:
            self._by_bytes[_suffix(document.path), document.content_hash].append(document)
        self._compared = [document for document in vanished if document.id in fingerprints][:MOST_COMPARED]
        self._minima = _stacked([fingerprints[document.id] for document in self._compared])
        self.followed: set[str] = set()
        """Ids."""

    def same_bytes(self, path: str, content_hash: str) -> Known | None:
        found = [each for each in self._by_bytes.get((_suffix(path), content_hash), ()) if each.id not in self.followed]
        return self._follow(found[0] if found else None)

    def same_words(self, path: str, found: Fingerprint) -> Known | None:
        """The most alike, from `duplicates.NEAR` on."""
        if not self._compared:
            return None
        alike = (self._minima == np.frombuffer(found.minhash, "<u4")).mean(axis=1)
        for place in np.argsort(-alike, kind="stable"):
            if alike[place] < NEAR:
                break
            document = self._compared[int(place)]
            if document.id not in self.followed and _suffix(document.path) == _suffix(path):
                return self._follow(document)
        return None

    def _follow(self, document: Known | None) -> Known | None:
        if document is not None:
            self.followed.add(document.id)
        return document


def left_alone(vanished: Sequence[Known], appeared: Collection[tuple[str, str]]) -> int:
    """How many vanished documents have their bytes under none of the new `(path, content hash)`."""
    renames = Renames(vanished, {})
    for path, content_hash in appeared:
        renames.same_bytes(path, content_hash)
    return len(vanished) - len(renames.followed)


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _stacked(fingerprints: Sequence[Fingerprint]) -> NDArray[np.uint32]:
    """(n, 128)"""
    joined = b"".join(each.minhash for each in fingerprints)
    return np.frombuffer(joined, "<u4").reshape(-1, PERMUTATIONS)
