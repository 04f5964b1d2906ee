"""What every format is reduced to: a flat run of elements in reading order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import DocumentError


class ElementKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Element:
    """One block of a document.

    `level` is 1…6 of a heading; of anything else the depth of the list that it stands in, 0 outside lists, so that a
    paragraph or code block of level 1 continues the list item before it. A list item's text begins with its marker
    (``1. `` or ``- ``). A table's text is one line a row, cells joined by `` | ``, the header row first. `page` counts
    from 1 where the format has pages or slides.
    """

    kind: ElementKind
    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a file. `name` is what it is called there, possibly with folders; `read` may raise `DocumentError`."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document's elements, the title that it states itself (or an empty string), and what was left out and why.

    `front_matter` is what its author wrote at its head; `properties` are what the program that saved it stores beside the
    text (title, author, own properties), which says less. `attachments` are read by `ingest.parse`, each by its own parser.
    """

    elements: tuple[Element, ...]
    title: str = ""
    front_matter: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    properties: Mapping[str, object] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What one file may take. Bytes and characters; `max_ratio` is unpacked to packed size, checked above 20 MB.

    `max_depth` is how many files may lie inside each other (1: attachments are not read); `max_members` and
    `max_unpacked_bytes` hold for all that is in one file together.
    """

    max_bytes: int = 50_000_000
    max_unpacked_bytes: int = 200_000_000
    max_ratio: int = 200
    max_members: int = 20_000
    max_pages: int = 3_000
    max_characters: int = 10_000_000
    max_depth: int = 4


# Control characters, zero-width spaces, soft hyphens, bidirectional overrides, lone surrogates and Unicode tags: no
# reader sees them, and all have been used to hide instructions or to split words that a filter looks for.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x0b|\x0c|\x85")


_LIGATURES = re.compile("[\ufb00-\ufb06]")
"""Typesetters' single characters for ``fi``, ``ffl`` and the like: nobody searches for them."""


def clean(text: str) -> str:
    """`text` in NFC with ``\\n`` line ends, ligatures as letters, without characters that no reader sees; blanks stay."""
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))


def collapse(text: str) -> str:
    """`text` on one line, single blanks."""
    return " ".join(clean(text).split())


def table_text(rows: Iterable[Iterable[str]]) -> str:
    """Rows of cells as a table element's text: rows without any text dropped, trailing empty columns too."""
    cleaned = [[collapse(cell) for cell in row] for row in rows]
    width = max((i + 1 for row in cleaned for i, cell in enumerate(row) if cell), default=0)
    return "\n".join(" | ".join((row + [""] * width)[:width]).strip() for row in cleaned if any(row))


def unreadable(detail: str) -> DocumentError:
    return DocumentError(detail, code="unreadable_document")


def no_text() -> DocumentError:
    return DocumentError("the file holds no text: leave it out, or save it with its words as text", code="no_text")
