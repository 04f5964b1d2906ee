"""How fast passages are embedded in float32 and in bfloat16, beside a bare `encode`, and how far the vectors agree."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

import numpy as np

from benchmarks.bare import encoder, timed, use_fastest_threads
from benchmarks.pages import DATA
from retrieval.embedding import EmbedItem, SentenceTransformerEmbedder, Vector, model_folder

CHARACTERS = 900


def texts_of(pages: Path, count: int) -> list[str]:
    found: list[str] = []
    for page in sorted(pages.glob("*.md")):
        text = page.read_text("utf-8")
        found += [text[start : start + CHARACTERS] for start in range(0, len(text), CHARACTERS)]
        if len(found) >= count:
            break
    return found[:count]


async def ours(texts: list[str], *, half: bool) -> tuple[float, Vector]:
    embedder = SentenceTransformerEmbedder(model_folder(None), half=half)
    items = [EmbedItem(text) for text in texts]
    await embedder.embed_passages(items[:64])
    began = time.perf_counter()
    embedded = await embedder.embed_passages(items)
    seconds = time.perf_counter() - began
    await embedder.aclose()
    return seconds, np.stack([item.dense for item in embedded])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--passages", type=int, default=600)
    given = parser.parse_args()
    texts = texts_of(given.data / "ax2012" / "pages", given.passages)
    if not texts:
        parser.error(f"there are no pages in {given.data / 'ax2012' / 'pages'}; name the data folder with --data")
    model = encoder()
    some = texts[:: max(1, len(texts) // 64)]
    use_fastest_threads(lambda: model.encode(some, batch_size=32, show_progress_bar=False), rounds=3)
    bare_s, _ = timed(lambda: model.encode(texts, batch_size=32, show_progress_bar=False))
    single_s, single = asyncio.run(ours(texts, half=False))
    half_s, half = asyncio.run(ours(texts, half=True))
    cosines = (single * half).sum(axis=1)
    print(f"{len(texts)} passages; bare encode {bare_s:.1f} s, float32 {single_s:.1f} s, bfloat16 {half_s:.1f} s")
    print(f"bare over ours: float32 {bare_s / single_s:.2f}, bfloat16 {bare_s / half_s:.2f}")
    print(f"cosine between the two: mean {cosines.mean():.5f}, least {cosines.min():.5f}")


if __name__ == "__main__":
    main()
