"""Files inside a file: each read by its own parser, below a heading that names it, within one budget for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from core.errors import DocumentError
from ingest.formats.elements import Attachment, Element, ElementKind, Parsed, ParseLimits, collapse

_GOVERNED = frozenset(("audience", "customer", "effective_from", "effective_to", "supersedes"))
"""What decides who reads a text, and when. A document has one of each, so a part that states its own is left out."""

_LONGEST_NAME = 150


class Nesting:
    """What is left, for one file and all that lies in it, of `max_depth`, `max_members` and `max_unpacked_bytes`."""

    def __init__(self, limits: ParseLimits) -> None:
        self.depth = limits.max_depth
        self.members = limits.max_members
        self.bytes = limits.max_unpacked_bytes
        self.characters = limits.max_characters

    def take(self, size: int) -> None:
        """Count one part of `size` bytes. Raises `DocumentError` (`too_large`) where too much lies in the file."""
        self.members -= 1
        self.bytes -= size
        if self.members < 0 or self.bytes < 0:
            raise _bomb()

    def read(self, elements: tuple[Element, ...]) -> None:
        """Count what was read of one part, before the next is. Raises `DocumentError` (`too_large`)."""
        self.characters -= sum(len(element.text) for element in elements)
        if self.characters < 0:
            raise _bomb()


def _bomb() -> DocumentError:
    return DocumentError(
        "what lies inside the file is over max_members, max_unpacked_bytes or max_characters in all; split it",
        code="too_large",
    )


@dataclass(slots=True)
class _Reading:
    """The parts read so far: their elements, and what was left out."""

    elements: list[Element]
    warnings: list[str]
    unread: Counter[str]


def with_attachments(parsed: Parsed, nesting: Nesting, read: Callable[[bytes, str], Parsed]) -> Parsed:
    """`parsed`, and after it what `read` makes of each attachment, `nesting.depth` being that of the file itself.

    One that cannot be read is left out with a warning: what holds it may still be worth reading. Raises `DocumentError` only
    where all of them together are too much.
    """
    if not parsed.attachments:
        return parsed
    if len(parsed.attachments) > nesting.members:
        raise _bomb()
    done = _Reading([], [], Counter())
    for number, attachment in enumerate(parsed.attachments, start=1):
        if nesting.depth <= 1:
            done.unread["deeper than max_depth"] += 1
            continue
        _read_one(attachment, number, nesting, read, done)
    warnings = (*parsed.warnings, *done.warnings, *_counted(done.unread))
    if not parsed.elements and not done.elements:
        raise DocumentError(f"the file holds no text of its own, and {warnings[0]}", code="no_text")
    return replace(parsed, elements=(*parsed.elements, *done.elements), attachments=(), warnings=warnings)


def _read_one(
    attachment: Attachment, number: int, nesting: Nesting, read: Callable[[bytes, str], Parsed], done: _Reading
) -> None:
    # Not the name: it may be a person's, and warnings are not redacted as text is.
    label = f"attachment {number} ({PurePosixPath(attachment.name).suffix.lower()[:10] or 'without extension'})"
    try:
        data = attachment.read()
    except DocumentError as error:
        nesting.take(0)
        done.warnings.append(f"{label} was not read: {error.detail}")
        return
    nesting.take(len(data))
    nesting.depth -= 1
    try:
        inner = read(data, attachment.name)
    except DocumentError as error:
        if nesting.bytes < 0 or nesting.members < 0 or nesting.characters < 0:
            raise
        if error.code == "unsupported_type":
            done.unread[PurePosixPath(attachment.name).suffix.lower()[:10] or "no extension"] += 1
        else:
            done.warnings.append(f"{label} was not read: {error.detail}")
        return
    finally:
        nesting.depth += 1
    if _governs_itself(inner):
        done.warnings.append(
            f"{label} was not read: it states its own audience, customer or dates; ingest it as a file of its own"
        )
        return
    nesting.read(inner.elements)
    done.elements += _below_heading(inner, attachment.name)
    done.warnings += [f"{label}: {warning}" for warning in inner.warnings]


def _governs_itself(parsed: Parsed) -> bool:
    stated: Mapping[str, object] = {**parsed.properties, **parsed.front_matter}
    keys = {key.strip().casefold().replace(" ", "_").replace("-", "_") for key in stated}
    stated_type = stated.get("doc_type")
    types = stated_type if isinstance(stated_type, list) else [stated_type]
    # Strings alone: the text of lists in lists that aliases make may be endless.
    return bool(keys & _GOVERNED) or any(isinstance(each, str) and "config" in each.casefold() for each in types)


def _below_heading(parsed: Parsed, name: str) -> Iterator[Element]:
    yield Element(ElementKind.HEADING, collapse(name)[-_LONGEST_NAME:], 2)
    first, stem = parsed.elements[0], PurePosixPath(name).stem
    repeats = first.kind is ElementKind.HEADING and first.text == stem
    for element in parsed.elements[repeats:]:
        is_heading = element.kind is ElementKind.HEADING
        yield replace(element, level=min(element.level + 2, 6)) if is_heading else element


def _counted(unread: Counter[str]) -> Iterator[str]:
    if unread:
        kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(unread.items()))
        yield f"{unread.total()} attachments were not read ({kinds}): ingest them as files of their own where they matter"
