"""What one question showed: its rankings, and its answer where the whole pipeline was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.domain import Outcome
from core.models import Json

OURS, BM25, HYBRID = "ours", "BM25", "half and half"
"""Orders of the same candidates: the search's own, BM25 alone, and BM25 (over the best candidate's) plus cosine."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """By document, but for `passage_at_5`: 1 where the five best passages hold the reference answer, None without a reference."""

    recall_at_5: float
    recall_at_10: float
    ndcg_at_10: float
    mrr: float
    passage_at_5: float | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """The answer that the pipeline gives when no threshold holds it back: thresholds are applied to `confidence` afterwards, the
    tenant's own being `threshold`.

    `text` and `cited` (a source for each citation) are empty unless it was `answered`. `f1` and `rouge_l` compare with the best
    reference.
    """

    outcome: Outcome
    confidence: float
    threshold: float
    text: str
    cited: tuple[str, ...]
    f1: float | None
    rouge_l: float | None
    degraded: bool
    model: str
    latency_ms: float


@dataclass(frozen=True, slots=True)
class SetRow:
    """One question. `query` is what was searched, redacted; `rankings` are empty where nobody can answer."""

    id: str
    tenant: str
    group: str
    query: str
    gold: tuple[str, ...]
    rankings: Mapping[str, Ranking]
    search_ms: float
    spoken: Spoken | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.tenant, self.id

    @property
    def answerable(self) -> bool:
        return bool(self.gold)

    @property
    def composed(self) -> bool:
        return self.spoken is not None and self.spoken.outcome is Outcome.ANSWERED

    @property
    def answered(self) -> bool:
        """There is an answer, and it is sure enough to be given."""
        return self.spoken is not None and self.composed and self.spoken.confidence >= self.spoken.threshold

    @property
    def right(self) -> bool:
        """There is an answer, and it cites a document that answers."""
        return self.spoken is not None and self.composed and bool(set(self.spoken.cited) & set(self.gold))


def as_json(row: SetRow) -> Json:
    return asdict(row)


def from_json(stored: Mapping[str, Any]) -> SetRow:
    """The row that `as_json` made and a table kept."""
    spoken = stored["spoken"]
    return SetRow(
        **{name: stored[name] for name in ("id", "tenant", "group", "query", "search_ms")},
        gold=tuple(stored["gold"]),
        rankings={name: Ranking(**ranking) for name, ranking in stored["rankings"].items()},
        spoken=spoken and Spoken(**{**spoken, "outcome": Outcome(spoken["outcome"]), "cited": tuple(spoken["cited"])}),
    )
