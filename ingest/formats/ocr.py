"""Text of pages that are pictures, where the extra `ocr` is installed: RapidOCR, whose models come with its package."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import Any

from ingest.formats.pdf_rows import Line
from ingest.formats.pdf_tables import Cell

REMEDY = "install partner-copilot[ocr], or run the file through OCR first"
DPI = 200
LEAST_SURE = 0.6
"""RapidOCR's own score of a line, below which it is more often a stain than text."""


def installed() -> bool:
    return find_spec("rapidocr_onnxruntime") is not None


def remedy() -> str:
    """For pages of pictures of which nothing was read."""
    return "OCR found no text in them" if installed() else REMEDY


def read_page(page: Any, number: int) -> list[Line]:
    """The lines of a pdfium page that is a picture, all in one size: a scan's heights are no font sizes. Seconds a page."""
    bitmap = page.render(scale=DPI / 72)
    try:
        found, _ = _reader()(bitmap.to_numpy()[:, :, :3])
    finally:
        bitmap.close()
    sure = [(box, text) for box, text, score in found or () if score >= LEAST_SURE]
    if not sure:
        return []
    points, height = 72 / DPI, page.get_height()
    size = points * median(max(y for _, y in box) - min(y for _, y in box) for box, _ in sure)
    return [_line(box, text, number, points=points, height=height, size=size) for box, text in sure]


def _line(box: list[list[float]], text: str, number: int, *, points: float, height: float, size: float) -> Line:
    """From pixels below the page's top to points above its bottom."""
    xs, ys = [x * points for x, _ in box], [height - y * points for _, y in box]
    cell = Cell(left=min(xs), text=text, right=max(xs))
    return Line((cell,), number, top=max(ys), bottom=min(ys), right=max(xs), size=size, bold=False)


@cache
def _reader() -> Any:
    from rapidocr_onnxruntime import RapidOCR

    return RapidOCR()
