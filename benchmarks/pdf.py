"""A 300-page PDF: seconds and peak memory of parsing and cutting it, in a worker process with the service's own limits.

The file is made here: chapters, prose, a table a page, running heads and page numbers. `--pages` sets its length.
"""

from __future__ import annotations

import asyncio
import resource
import time
from functools import partial
from pathlib import Path

from benchmarks.pages import parser
from core.settings import IngestSettings
from ingest.chunk import TokenBudget, chunk, word_pieces
from ingest.formats.elements import ParseLimits
from ingest.parse import parse
from ingest.worker import Workers
from retrieval.embedding import model_folder

TARGET_S = 30.0
TARGET_BYTES = 1_000_000_000
_PROSE = (
    "The till sends each receipt to the store server, which checks the totals of the shift against the drawer and keeps "
    "what does not match for the morning report. A receipt that was refused twice is parked until the store manager releases it."
)


def main() -> int:
    pages = parser(__doc__).parse_args().pages
    data = manual(pages)
    seconds, peak, chunks, found = asyncio.run(_measured(data))
    print(f"{pages} pages, {len(data):,} bytes → {found:,} elements, {chunks:,} chunks")
    print(f"parse + chunk {seconds:.1f} s, {_verdict(seconds <= TARGET_S)} {TARGET_S:g} s")
    print(f"memory {peak / 1e6:,.0f} MB at its peak, {_verdict(peak <= TARGET_BYTES)} {TARGET_BYTES / 1e6:,.0f} MB")
    return 0 if seconds <= TARGET_S and peak <= TARGET_BYTES else 1


def _verdict(met: bool) -> str:
    return "within" if met else "OVER"


async def _measured(data: bytes) -> tuple[float, int, int, int]:
    settings = IngestSettings()
    tokenizer = model_folder(None) / "tokenizer.json"
    async with Workers(partial(_cut, tokenizer), memory_bytes=settings.worker_memory_bytes) as workers:
        await workers.start()
        began = time.perf_counter()
        chunks, elements, peak = await workers.run(data, timeout_s=settings.file_timeout_s)
        return time.perf_counter() - began, peak, chunks, elements


def _cut(tokenizer: Path, data: bytes) -> tuple[int, int, int]:
    """Chunks, elements, and the most memory (bytes) that this process has held."""
    parsed = parse(data, "manual.pdf", limits=ParseLimits())
    chunks = chunk(parsed.elements, title=parsed.title, budget=TokenBudget(word_pieces(tokenizer)))
    return len(chunks), len(parsed.elements), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def manual(pages: int) -> bytes:
    """A PDF of `pages` pages, some 3,000 characters each."""
    objects = [b"", b"", _font(b"Helvetica"), _font(b"Helvetica-Bold")]
    kids = []
    for number in range(1, pages + 1):
        drawn = "".join(_drawn(*line) for line in _page(number)).encode("latin-1", "replace")
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    return _file(objects)


def _page(number: int) -> list[tuple[float, float, int, str]]:
    lines: list[tuple[float, float, int, str]] = [(60, 815, 9, "Store operations manual"), (290, 25, 9, str(number))]
    lines.append((60, 780, 18 if number % 10 == 1 else 14, f"{number}. Procedure for receipts of type {number}"))
    words = f"Page {number}. {_PROSE} ".split() * 8
    top = 755.0
    for start in range(0, len(words), 15):
        lines.append((60, top, 11, " ".join(words[start : start + 15])))
        top -= 14
    for row in range(12):
        height = top - 20 - 14 * row
        lines += [
            (x, height, 11, f"{cell} {number}-{row}") for x, cell in ((60, "Code"), (220, "Till"), (380, "Total"))
        ]
    return lines


def _drawn(x: float, y: float, size: int, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /F{2 if size >= 13 else 1} {size} Tf {x:g} {y:g} Td ({escaped}) Tj ET\n"


def _font(name: bytes) -> bytes:
    return b"<</Type/Font/Subtype/Type1/BaseFont/%s>>" % name


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


if __name__ == "__main__":
    raise SystemExit(main())
