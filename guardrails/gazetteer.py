"""Names of people the world over, folded to plain lower-case letters: what tells "Okonkwo" from "Suframa" where a model cannot.

`data/names.txt` is written by `scripts/name_list.py`, which names its sources; `data/LICENSE` is Faker's.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "names.txt"
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "’": "'", "ʻ": "'"}
)


def fold(name: str) -> str:
    """Lower case without accents: Łukasz → lukasz, Ødegård → odegard."""
    lower = name.casefold().translate(_LETTERS)
    if lower.isascii():
        return lower
    return "".join(char for char in unicodedata.normalize("NFD", lower) if not unicodedata.combining(char))


@lru_cache(maxsize=1)
def _sections() -> dict[str, frozenset[str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in _FILE.read_text(encoding="ascii").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        else:
            current += line.split()
    return {name: frozenset(names) for name, names in sections.items()}


def is_given(name: str) -> bool:
    """A given name somewhere, and no English word."""
    return fold(name) in _sections()["given"]


def is_name(name: str) -> bool:
    """A given name or surname somewhere, and no English word. A double name counts where one half does."""
    return any(part in _sections()["given"] or part in _sections()["surname"] for part in _parts(name))


def is_name_or_word(name: str) -> bool:
    """As `is_name`, or a name that is a word as well, such as Bailey or Hill."""
    return is_name(name) or any(part in _sections()["word"] for part in _parts(name))


def _parts(name: str) -> list[str]:
    folded = fold(name)
    return [folded, *folded.split("-")] if "-" in folded else [folded]
