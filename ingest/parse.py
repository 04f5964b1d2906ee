"""Bytes and a name in, a `Parsed` document out; what is wrong with a file is a `DocumentError` that names the remedy.

This runs hostile files through native libraries: call it in a worker process (`ingest.worker`), never in the service.
"""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import PurePosixPath

from core.errors import CopilotError, DocumentError
from ingest.formats.elements import Element, ElementKind, Parsed, ParseLimits, unreadable
from ingest.formats.sniff import check_content

__all__ = ["Element", "ElementKind", "ParseLimits", "Parsed", "parse"]

_log = logging.getLogger(__name__)

Parser = Callable[[bytes, ParseLimits], Parsed]

# An extension → what to do with such a file instead. Anything else is unsupported without a remedy of its own.
_REMEDIES = {
    **dict.fromkeys((".doc", ".dot", ".rtf", ".odt"), "save it as .docx"),
    **dict.fromkeys((".ppt", ".pps", ".odp"), "save it as .pptx"),
    **dict.fromkeys((".xls", ".xlsb", ".ods"), "save it as .xlsx"),
    **dict.fromkeys((".zip", ".7z", ".tar", ".gz", ".rar"), "unpack it and ingest the files inside"),
    **dict.fromkeys((".json", ".xml", ".yaml", ".yml"), "export the records as .csv or write them as .md"),
    **dict.fromkeys((".epub", ".rst", ".org", ".adoc"), "convert it to .md or .html, with pandoc for example"),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp"), "text in pictures is not read"
    ),
}


_PARSERS = {
    **dict.fromkeys((".md", ".markdown"), ("markdown", "parse_markdown")),
    **dict.fromkeys((".txt", ".text", ".log"), ("plain", "parse_plain")),
    **dict.fromkeys((".html", ".htm"), ("html", "parse_html")),
    ".csv": ("sheets", "parse_csv"),
    **dict.fromkeys((".xlsx", ".xlsm"), ("sheets", "parse_xlsx")),
    **dict.fromkeys((".docx", ".docm"), ("office", "parse_docx")),
    **dict.fromkeys((".pptx", ".pptm"), ("office", "parse_pptx")),
    ".eml": ("mail", "parse_eml"),
    ".msg": ("mail", "parse_msg"),
    ".pdf": ("pdf", "parse_pdf"),
}
"""An extension → module of `ingest.formats` and function, so that Markdown alone never loads the office libraries."""


def _parser(suffix: str) -> Parser | None:
    if suffix not in _PARSERS:
        return None
    module, function = _PARSERS[suffix]
    parser: Parser = getattr(import_module(f"ingest.formats.{module}"), function)
    return parser


def parse(data: bytes, name: str, *, limits: ParseLimits) -> Parsed:
    """Read one file by its extension.

    Raises `DocumentError` and nothing else, with `code` one of `unsupported_type`, `empty`, `too_large`,
    `too_many_pages`, `encrypted`, `scanned`, `no_text` and `unreadable_document`.
    """
    suffix = PurePosixPath(name.lower()).suffix
    parser = _parser(suffix)
    if parser is None:
        remedy = _REMEDIES.get(suffix, "supported are md, txt, html, docx, pptx, xlsx, csv, eml, msg and pdf")
        raise DocumentError(f"files of type '{suffix[:20]}' are not supported: {remedy}", code="unsupported_type")
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise DocumentError("the file is empty", code="empty")
    if len(data) > limits.max_bytes:
        raise too_large(len(data), limits)
    check_content(data, suffix, limits)
    return _within(_guarded(parser, data, limits), limits)


def too_large(size: int, limits: ParseLimits) -> DocumentError:
    return DocumentError(
        f"the file has {size:,} bytes, the limit (max_bytes) is {limits.max_bytes:,}; split it", code="too_large"
    )


def _guarded(parser: Parser, data: bytes, limits: ParseLimits) -> Parsed:
    try:
        # What vendors remark on odd files is read by nobody; what matters of it is in `Parsed.warnings`.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parser(data, limits)
    except (CopilotError, MemoryError):
        raise  # out of memory, the worker process ends and is replaced: what is left of this one cannot be trusted
    except Exception as error:
        # Parsers raise whatever they like at broken input (KeyError, struct.error, lxml's, zlib's). The vendor's message
        # may quote the document, so only the kind of error is told, and where it arose.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        _log.info("%s failed: %s at %s:%s", parser.__name__, type(error).__name__, frame.filename, frame.lineno)
        raise unreadable(f"the file is damaged or not what its name says ({type(error).__name__})") from error


def _within(parsed: Parsed, limits: ParseLimits) -> Parsed:
    elements = tuple(e for e in parsed.elements if e.text.strip())
    characters = sum(len(e.text) for e in elements)
    if not any(character.isalnum() for e in elements for character in e.text):
        raise DocumentError("the file holds no text", code="no_text")
    if characters > limits.max_characters:
        raise DocumentError(
            f"the file holds {characters:,} characters, max_characters is {limits.max_characters:,}; split it",
            code="too_large",
        )
    return replace(parsed, elements=elements)
