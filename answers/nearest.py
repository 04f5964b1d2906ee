"""The documents nearest to a question that none of them answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from answers.types import Closest
from core.domain import Passage
from retrieval.sparse import terms

NEAR = 0.45
"""Cosine of a passage with the question from which on it is worth a look, whatever words they share."""
SHARED = 1 / 3
"""… and the share of the question's terms that it must hold else: one common word is no nearness."""
_CODE = re.compile(r"\b(?=[\w-]*\d)[\w-]{3,}\b")


def nearest(query: str, passages: Sequence[Passage], *, most: int) -> tuple[Closest, ...]:
    """Documents that share words or meaning with the question, best first; none where there is only noise."""
    found: dict[str, Closest] = {}
    asked = set(terms(query))
    for passage in passages:
        held = asked & set(terms(" ".join((passage.title, *passage.heading_path, passage.text))))
        if passage.dense_score >= NEAR or len(held) > SHARED * len(asked):
            found.setdefault(
                passage.document_id, Closest(passage.title, passage.document_id, passage.url, passage.heading_path)
            )
    return tuple(found.values())[:most]


def naming_codes(question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Those that hold a code of the question: what a question in any language can be looked for by."""
    codes = [code.casefold() for code in _CODE.findall(question)]
    return [passage for passage in passages if any(code in passage.text.casefold() for code in codes)]
