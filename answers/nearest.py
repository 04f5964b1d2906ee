"""The documents nearest to a question that none of them answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from answers.types import Closest
from core.domain import Passage

NEAR = 0.35
"""Cosine of a passage with the question from which on it is worth a look, where they share no word."""
_CODE = re.compile(r"\b(?=[\w-]*\d)[\w-]{3,}\b")


def nearest(passages: Sequence[Passage], *, most: int) -> tuple[Closest, ...]:
    """Documents that share words or meaning with the question, best first; none where there is only noise."""
    found: dict[str, Closest] = {}
    for passage in passages:
        if passage.sparse_score > 0 or passage.dense_score >= NEAR:
            found.setdefault(
                passage.document_id, Closest(passage.title, passage.document_id, passage.url, passage.heading_path)
            )
    return tuple(found.values())[:most]


def naming_codes(question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Those that hold a code of the question: what a question in any language can be looked for by."""
    codes = [code.casefold() for code in _CODE.findall(question)]
    return [passage for passage in passages if any(code in passage.text.casefold() for code in codes)]
