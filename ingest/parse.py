"""Bytes and a name in, a `Parsed` document out; what is wrong with a file is a `DocumentError` that names the remedy.

This runs hostile files through native libraries: call it in a worker process (`ingest.worker`), never in the service.
"""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import PurePosixPath
from typing import TypeVar

from core.errors import CopilotError, DocumentError
from ingest.attachments import Nesting, with_attachments
from ingest.formats.elements import Attachment, Element, ElementKind, Parsed, ParseLimits, no_text, unreadable
from ingest.formats.sniff import check_content

__all__ = ["Element", "ElementKind", "ParseLimits", "Parsed", "parse"]

_log = logging.getLogger(__name__)

T = TypeVar("T")
Parser = Callable[[bytes, ParseLimits], Parsed]

# An extension → what to do with such a file instead. Anything else is unsupported without a remedy of its own.
_REMEDIES = {
    **dict.fromkeys((".doc", ".dot", ".rtf", ".odt"), "save it as .docx"),
    **dict.fromkeys((".ppt", ".pps", ".odp"), "save it as .pptx"),
    **dict.fromkeys((".xls", ".xlsb", ".ods"), "save it as .xlsx"),
    **dict.fromkeys(
        (".7z", ".tar", ".gz", ".tgz", ".rar"), "unpack it and ingest the files inside, or pack them as .zip"
    ),
    **dict.fromkeys((".xml", ".yaml", ".yml"), "export the records as .json or .csv, or write them as .md"),
    **dict.fromkeys((".dat", ".tnef"), "an Outlook container: ask for the mail as .eml or .msg"),
    **dict.fromkeys((".epub", ".rst", ".org", ".adoc"), "convert it to .md or .html, with pandoc for example"),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp"),
        "text in pictures is not read; write down what they say in a document",
    ),
}

_SUPPORTED = "supported are md, txt, html, docx, pptx, xlsx, csv, json, eml, msg, pdf and zip"

_PARSERS = {
    **dict.fromkeys((".md", ".markdown"), ("markdown", "parse_markdown")),
    **dict.fromkeys((".txt", ".text", ".log"), ("plain", "parse_plain")),
    **dict.fromkeys((".html", ".htm"), ("html", "parse_html")),
    **dict.fromkeys((".csv", ".tsv"), ("sheets", "parse_csv")),
    **dict.fromkeys((".xlsx", ".xlsm"), ("sheets", "parse_xlsx")),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), ("data", "parse_json")),
    ".zip": ("archive", "parse_zip"),
    **dict.fromkeys((".docx", ".docm"), ("office", "parse_docx")),
    **dict.fromkeys((".pptx", ".pptm"), ("office", "parse_pptx")),
    ".eml": ("mail", "parse_eml"),
    ".msg": ("mail", "parse_msg"),
    ".pdf": ("pdf", "parse_pdf"),
}
"""An extension → module of `ingest.formats` and function, so that Markdown alone never loads the office libraries."""


_OFFICE = frozenset((".docx", ".docm", ".pptx", ".pptm", ".eml", ".msg", ".zip"))
"""Office files, and what has them inside."""


def _parser(suffix: str) -> Parser | None:
    if suffix not in _PARSERS:
        return None
    module, function = _PARSERS[suffix]
    parser: Parser = getattr(import_module(f"ingest.formats.{module}"), function)
    return parser


def load_parser(name: str) -> None:
    """Import what reading a file of this name may take, before its seconds are counted."""
    if PurePosixPath(name.lower()).suffix in _OFFICE:
        import_module("ingest.formats.office").load()


def parse(data: bytes, name: str, *, limits: ParseLimits) -> Parsed:
    """Read one file by its extension, and the files inside it by theirs.

    Raises `DocumentError` and nothing else, with `code` one of `unsupported_type`, `empty`, `too_large`,
    `too_many_pages`, `encrypted`, `scanned`, `no_text`, `invalid_record` and `unreadable_document`.
    """
    nesting = Nesting(limits)

    def read(data: bytes, name: str) -> Parsed:
        parsed = _parsed(data, name, limits)
        return _within(with_attachments(parsed, nesting, read), limits)

    return read(data, name)


def _parsed(data: bytes, name: str, limits: ParseLimits) -> Parsed:
    suffix = PurePosixPath(name.lower()).suffix
    parser = _parser(suffix)
    if parser is None:
        raise DocumentError(
            f"files of type '{suffix[:20]}' are not supported: {_REMEDIES.get(suffix, _SUPPORTED)}",
            code="unsupported_type",
        )
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise DocumentError("the file is empty: leave it out, or fill it", code="empty")
    if len(data) > limits.max_bytes:
        raise too_large(len(data), limits)
    check_content(data, suffix, limits)
    parsed = _guarded(partial(parser, data, limits), suffix)
    inside = (Attachment(each.name, partial(_guarded, each.read, suffix)) for each in parsed.attachments)
    return replace(parsed, attachments=tuple(inside))


def too_large(size: int, limits: ParseLimits) -> DocumentError:
    return DocumentError(
        f"the file has {size:,} bytes, the limit (max_bytes) is {limits.max_bytes:,}; split it", code="too_large"
    )


def _guarded(step: Callable[[], T], name: str) -> T:
    try:
        # What vendors remark on odd files is read by nobody; what matters of it is in `Parsed.warnings`.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return step()
    except (CopilotError, MemoryError):
        raise  # out of memory, the worker process ends and is replaced: what is left of this one cannot be trusted
    except Exception as error:
        # Parsers raise whatever they like at broken input (KeyError, struct.error, lxml's, zlib's). The vendor's message
        # may quote the document, so only the kind of error is told, and where it arose.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        _log.info("%s failed: %s at %s:%s", name, type(error).__name__, frame.filename, frame.lineno)
        raise unreadable(_told(error)) from error


def _told(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the file's parts lie too deep in each other to be read: save it without so much nesting"
    return f"the file is damaged or not what its name says ({type(error).__name__}): open it in its own program and save it again"


def _within(parsed: Parsed, limits: ParseLimits) -> Parsed:
    elements = tuple(e for e in parsed.elements if e.text.strip())
    characters = sum(len(e.text) for e in elements)
    if not any(character.isalnum() for e in elements for character in e.text):
        raise no_text()
    if characters > limits.max_characters:
        raise DocumentError(
            f"the file holds {characters:,} characters, max_characters is {limits.max_characters:,}; split it",
            code="too_large",
        )
    return replace(parsed, elements=elements)
