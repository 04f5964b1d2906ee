"""What a program stores beside a document's text: its title, and properties that somebody gave the names of our metadata keys."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from lxml import etree

from ingest.formats.elements import collapse

KEYS = frozenset(
    (
        "audience", "customer", "doc_type", "effective_from", "effective_to", "module", "owner", "product", "region",
        "review_by", "supersedes", "title", "url", "versions",
    )
)  # fmt: skip
"""Properties under other names are the program's own affair."""

_NO_TITLE = re.compile(
    r"(powerpoint )?presentation\d*|(word )?document\d*|untitled.*|microsoft word - .*|workbook\d*|title", re.IGNORECASE
)
"""What programs write where nobody gave a title."""

_LONGEST_PART = 1_000_000
_LONGEST_VALUE = 2_000


def known(properties: Mapping[str, str]) -> dict[str, object]:
    """Those of `properties` that are ours, whatever the case and the word breaks: ``Doc Type``, ``reviewBy``."""
    found: dict[str, object] = {}
    for name, value in properties.items():
        key = re.sub(r"[\s-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()[:40])).casefold()
        text = collapse(value[:_LONGEST_VALUE])
        if key in KEYS and text and not (key == "title" and _NO_TITLE.fullmatch(text)):
            found.setdefault(key, text)
    return found


def office_properties(data: bytes) -> dict[str, object]:
    """The title and the custom properties of a Word, PowerPoint or Excel file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        core, custom = _part(archive, "docProps/core.xml"), _part(archive, "docProps/custom.xml")
    stated: dict[str, str] = {}
    for each in custom if custom is not None else ():
        stated[each.get("name", "")] = "".join(each.itertext())
    title = core.findtext("{http://purl.org/dc/elements/1.1/}title") if core is not None else None
    return known({**stated, "title": title or ""})


def macro_warning(data: bytes) -> tuple[str, ...]:
    """Macros are never run, nor read; a reader of the report may want to know that there are some."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        has_macros = any(name.endswith("vbaProject.bin") for name in archive.namelist())
    return ("the file's macros were ignored",) if has_macros else ()


def _part(archive: zipfile.ZipFile, name: str) -> Any:
    """The root of an XML part; None where it is missing or broken: properties are no reason to refuse a document."""
    try:
        with archive.open(name) as stream:
            data = stream.read(_LONGEST_PART)
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except (
        KeyError,
        etree.XMLSyntaxError,
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        ValueError,
        EOFError,
        OSError,
    ):
        return None
