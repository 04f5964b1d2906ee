"""Characters that a reader does not see and a model does: tags, zero-width, bidi, controls. And letters in disguise.

Unicode's own security advice is UTS #39; "tag" smuggling spells ASCII in U+E0000–E007F.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0, DEL, C1; newline, return and tab stay
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "]"
)
_JOINERS = "\u200c\u200d"
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0e80-\u109f\u1780-\u17ff\u1800-\u18af\u2190-\u2bff\ufe0f\U0001f000-\U0001faff\U0001f3fb-\U0001f3ff]"
)
"""Before and after these scripts' letters and emoji a joiner or a presentation selector is ordinary spelling."""
_EMOJI = re.compile("[#*0-9\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]")
_DISGUISED = re.compile("[\u2000-\u200a\u202f\u205f\u3000\xa0\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff]")
"""Full-width and mathematical letters, ligatures, odd blanks. Not all of NFKC: it makes 10² into 102 and ½ into 1⁄2."""


_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u3099\u309a\ufe20-\ufe2f"
_CLUSTER = re.compile(rf"\r\n|[\s\S](?:[{_MARKS}]|{_HIDDEN.pattern})*")
_UNUSUAL = re.compile(rf"[\r\u2028\u2029{_MARKS}]|{_HIDDEN.pattern}|{_DISGUISED.pattern}")
_LINE_ENDS = frozenset({"\r\n", "\r", "\u2028", "\u2029"})


def is_hidden(text: str, place: int) -> bool:
    """Whether the character there is one that nobody sees and that spelling does not need."""
    char = text[place]
    if not _HIDDEN.match(char):
        return False
    before = text[place - 1] if place else ""
    after = text[place + 1] if place + 1 < len(text) else ""
    if char in _JOINERS:
        return not (_JOINING.match(before) and _JOINING.match(after))
    if char in "\ufe0e\ufe0f":
        return not _EMOJI.match(before)
    return True


def hidden_places(text: str) -> list[int]:
    if text.isascii() and not _HIDDEN.search(text):
        return []
    return [match.start() for match in _HIDDEN.finditer(text) if is_hidden(text, match.start())]


def strip_hidden(text: str) -> tuple[str, int]:
    """`text` without them, and how many there were. Repeats, since taking one away may leave a joiner without its letter."""
    stripped = 0
    while places := hidden_places(text):
        gone = set(places)
        text = "".join(char for place, char in enumerate(text) if place not in gone)
        stripped += len(places)
    return text, stripped


def undisguised(text: str) -> str:
    """Full-width, mathematical and ligature letters as the plain ones they stand for; others as they are."""
    return _DISGUISED.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)


def normalise(text: str) -> tuple[str, int]:
    """NFC, no hidden characters (counted), disguised letters and odd blanks made plain, line ends as ``\\n``. Idempotent."""
    text, stripped = strip_hidden(
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    )
    return undisguised(unicodedata.normalize("NFC", text)), stripped


@dataclass(frozen=True, slots=True)
class View:
    """A text as rules read it: hidden characters left out, disguised letters plain, accents composed, line ends ``\\n``.

    `places` holds for each character of `text` the place in the original, then the original's length; None where both agree.
    """

    text: str
    places: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters ``start…end`` of the view, at least one, stand in the original."""
        if self.places is None:
            return start, end
        last = self.places[end - 1]
        return self.places[start], next(place for place in self.places[end:] if place > last)


def view(text: str) -> View:
    """What is found in the view is mapped back with its `span`: whoever reports offsets reports those of the text as given."""
    if not _UNUSUAL.search(text):
        return View(text)
    hidden = set(hidden_places(text))
    characters: list[str] = []
    places: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        kept = "".join(text[place] for place in range(*cluster.span()) if place not in hidden)
        plain = "\n" if kept in _LINE_ENDS else undisguised(unicodedata.normalize("NFC", kept))
        characters.append(plain)
        places += [cluster.start()] * len(plain)
    return View("".join(characters), (*places, len(text)))
