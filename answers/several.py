"""Several questions in one message: taken apart where each stands by itself, left together where one leans on another."""

from __future__ import annotations

import re
from dataclasses import dataclass

from answers.follow_ups import content_words, points_back

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\S)[^.!?\n]*)*(?:[.!?]+|\n|$)")
_BULLET = re.compile(r"^\s*(?:\(?\d{1,2}[.):]|[-*•]|[a-h]\))\s+", re.MULTILINE)
_ASKING = r"(?:how|what|which|when|where|who|why)"
_OPENER = r"(?:how|what|which|when|where|who|why|can|could|do|does|is|are|may|must|should|will)"
_JOINED = re.compile(rf",?\s+and\s+(?:also\s+)?(?={_ASKING}\b)", re.IGNORECASE)
_OPENS = re.compile(rf"^\W*{_OPENER}\b", re.IGNORECASE)
_CONNECTIVE = re.compile(
    r"^\W*(?:and|also|then|plus|second(?:ly)?|third(?:ly)?|finally|next|another question)\b[\s,:]*", re.IGNORECASE
)
LEAST_WORDS = 2
"""Words of its own that a question needs to be looked for alone; "what now?" has none."""


@dataclass(slots=True)
class _Part:
    text: str
    alone: bool


def split_questions(text: str) -> tuple[str, ...]:
    """The questions of a message, each with what was told before it. One where they cannot be told apart."""
    parts: list[_Part] = []
    told = ""
    for piece in _pieces(text):
        if not piece.endswith("?"):
            told = f"{told} {piece}".strip()
            continue
        alone = _stands_alone(piece)
        if parts and not alone:
            parts[-1].text = " ".join(filter(None, (parts[-1].text, told, piece)))
        else:
            asked = _CONNECTIVE.sub("", piece) if parts else piece
            parts.append(_Part(" ".join(filter(None, (told, asked))), alone))
        told = ""
    if len(parts) < 2 or not parts[0].alone:
        return (text,)
    parts[-1].text = f"{parts[-1].text} {told}".strip()
    return tuple(part.text for part in parts)


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for sentence in map(str.strip, _SENTENCE.findall(_BULLET.sub("", text))):
        halves = _JOINED.split(sentence)
        apart = len(halves) > 1 and all(_OPENS.match(half) and _stands_alone(half) for half in halves)
        pieces += [half.rstrip("?") + "?" for half in halves] if apart and sentence.endswith("?") else [sentence]
    return [piece for piece in pieces if any(character.isalnum() for character in piece)]


def _stands_alone(piece: str) -> bool:
    return len(content_words(piece)) >= LEAST_WORDS and not points_back(piece)
