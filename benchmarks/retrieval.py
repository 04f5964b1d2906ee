"""How well search finds the answers of the AX pages: our ranking beside plain BM25 and a half-and-half hybrid.

Ingest the pages first: ``partner-copilot ingest DATA/ax2012/pages --tenant ax --corpus help --publish``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from api.bootstrap import open_services
from core.clock import today
from core.domain import Audience, Passage, Scope
from core.settings import load_settings

CANDIDATES = 50

RANKINGS: dict[str, Callable[[Passage], float]] = {
    "BM25": lambda p: p.sparse_score,
    "hybrid (.5 BM25 + .5 cosine)": lambda p: p.sparse_score + p.dense_score,
    "best sentence": lambda p: max(p.sentence_scores, default=p.dense_score),
    "ours": lambda p: p.score,
}


async def search_all(tenant: str, questions: Sequence[str]) -> list[Sequence[Passage]]:
    async with open_services(load_settings()) as services:
        info = await services.tenants.by_slug(tenant)
        profile = await services.tenants.profile(info.id)
        found = []
        for question in questions:
            query = (await services.guards.screen_input(question, profile)).text
            scope = Scope(info.id, Audience.AGENT)
            found.append((await services.searcher.search(scope, query, limit=CANDIDATES, today=today())).passages)
        return found


def figures(
    found: Sequence[Sequence[Passage]], gold: Sequence[Sequence[str]], score: Callable[[Passage], float]
) -> str:
    hits = ndcg = 0.0
    for passages, pages in zip(found, gold, strict=True):
        ranked = sorted(passages, key=score, reverse=True)
        hits += any(p.source in pages for p in ranked[:5])
        distinct = list(dict.fromkeys(p.source for p in ranked))[:10]
        rank = next((i for i, source in enumerate(distinct) if source in pages), None)
        ndcg += 0.0 if rank is None else 1 / math.log2(rank + 2)
    return f"gold page in the top 5 passages {hits / len(gold):.3f}   nDCG@10 by page {ndcg / len(gold):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    parser.add_argument("--tenant", default="ax")
    given = parser.parse_args()
    file = given.data / "ax2012" / "questions_dev.jsonl"
    if not file.is_file():
        parser.error(f"there is no {file}; name the data folder with --data")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    found = asyncio.run(search_all(given.tenant, [row["question"] for row in rows]))
    print(f"{len(rows)} questions; every ranking is over the same {CANDIDATES} passages that ours kept")
    for name, score in RANKINGS.items():
        print(f"{name:30} {figures(found, [row['gold_pages'] for row in rows], score)}")


if __name__ == "__main__":
    main()
