"""Codes that a question names, such as ``ERR-4021``: an answer about another code of the same family is a wrong one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.domain import Passage

_CODE = re.compile(r"\b(?:([A-Za-z]{2,})[-_](\d{2,}[A-Za-z]?)|([A-Z]{2,})(\d{3,}[A-Z]?))\b")


def codes(text: str) -> frozenset[tuple[str, str]]:
    """(family, number) of each, in capitals: ``err-4021`` and ``ERR4021`` are the same one."""
    return frozenset(((found[1] or found[3]).upper(), (found[2] or found[4]).upper()) for found in _CODE.finditer(text))


def heading_of(passage: Passage) -> str:
    return " ".join((passage.title, *passage.heading_path))


def holding(question: str, passages: Sequence[Passage]) -> frozenset[int]:
    """The passages that hold a code that the question names, in their text or headings; empty where it names none."""
    named = codes(question)
    return frozenset(
        number
        for number, passage in enumerate(passages)
        if named and named & codes(f"{heading_of(passage)}\n{passage.text}")
    )


def names_unknown_code(question: str, passages: Sequence[Passage]) -> bool:
    """Whether the question names codes of which the passages hold none, but others of their family."""
    named = codes(question)
    found = codes("\n".join(f"{heading_of(passage)}\n{passage.text}" for passage in passages))
    families = {family for family, _ in found}
    return bool(named) and not named & found and any(family in families for family, _ in named)
