"""One score for every candidate, whichever list and whichever collection it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from retrieval.embedding import Vector
from retrieval.index import Candidate
from retrieval.phrases import pairs_of, phrase_share

DENSE_WEIGHT, SPARSE_WEIGHT, SENTENCE_WEIGHT, PHRASE_WEIGHT = 0.5, 0.2, 1.0, 1.0
"""Of the passage's cosine, its BM25, its best sentence's cosine, and the share of the question's phrases in it. Chosen on
development questions; the losing variants are in docs/adr/0007 and 0011."""
TOTAL_WEIGHT = DENSE_WEIGHT + SPARSE_WEIGHT + SENTENCE_WEIGHT + PHRASE_WEIGHT


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known before composing, each in 0…1: inputs of the confidence estimate. `dense`, `sentence` and `coverage` are the
    best of the first five candidates; `gap` is how far the best candidate's score is ahead of the tenth's, `sentence_gap` the same
    of the candidates' best sentences; `agreement` is 1 where vectors and words find the same document first."""

    dense: float = 0.0
    sentence: float = 0.0
    coverage: float = 0.0
    gap: float = 0.0
    agreement: float = 0.0
    sentence_gap: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with every score it has: `dense` a cosine, `sparse` BM25 over the query's whole idf, at most 1, `coverage` the
    share of that idf that its terms carry, `phrase` the share of its neighbouring terms (0 where nobody looked). `lead` is what its
    owner's documents are given in the order, and nowhere else."""

    candidate: Candidate
    dense: float
    sparse: float
    coverage: float
    sentence_scores: tuple[float, ...] = ()
    phrase: float = 0.0
    lead: float = 0.0

    @property
    def sentence(self) -> float:
        """Exact where the sentences' vectors were read."""
        return max(self.sentence_scores, default=self.candidate.sentence)

    @property
    def score(self) -> float:
        weighted = (
            DENSE_WEIGHT * self.dense
            + SPARSE_WEIGHT * self.sparse
            + SENTENCE_WEIGHT * self.sentence
            + PHRASE_WEIGHT * self.phrase
        )
        return max(0.0, weighted / TOTAL_WEIGHT)


def score(
    candidates: Sequence[Candidate],
    query: Vector,
    idf: Mapping[int, float],
    leads: Mapping[str, float],
) -> list[Scored]:
    """Scores for all candidates together, best first; `leads` by candidate id."""
    raw = [sum(idf.get(i, 0.0) * v for i, v in zip(c.sparse.indices, c.sparse.values, strict=True)) for c in candidates]
    total = sum(idf.values()) or 1.0
    scored = [
        Scored(
            c,
            dense=float(np.dot(c.dense, query)),
            sparse=min(1.0, bm25 / total),
            coverage=sum(idf.get(i, 0.0) for i in c.sparse.indices) / total,
            lead=leads.get(c.id, 0.0),
        )
        for c, bm25 in zip(candidates, raw, strict=True)
    ]
    return best_first(scored)


READ = 20
"""How many candidates are read for the question's phrases: on development questions as good as reading all."""


def worth_reading(scored: Iterable[Scored]) -> list[Scored]:
    """Those that may hold the question's phrases: its words are there, and a sentence is near it."""
    return _to_read(scored, READ)


def _to_read(scored: Iterable[Scored], count: int) -> list[Scored]:
    return sorted(scored, key=lambda s: -(s.sparse + s.sentence))[:count]


def with_phrases(ranked: Sequence[Scored], query: str, texts: Mapping[str, str]) -> list[Scored]:
    """Again, with the phrases of those whose text is given, by candidate id."""
    wanted = pairs_of(query)
    return best_first(
        replace(s, phrase=phrase_share(wanted, texts[s.candidate.id])) if s.candidate.id in texts else s for s in ranked
    )


def worth_measuring(ranked: Sequence[Scored], first: int) -> list[Scored]:
    """Those whose sentences decide what is read, what is shown (the `first`) and how sure that is."""
    by_sentence = sorted(ranked, key=lambda s: -s.sentence)
    return [*_to_read(ranked, READ + SPARE), *ranked[: max(first, FIELD) + SPARE], *by_sentence[: FIELD + SPARE]]


def with_sentences(ranked: Sequence[Scored], query: Vector, sentences: Mapping[str, Vector]) -> list[Scored]:
    """Again, with the exact scores of the sentences of those whose vectors are given, by candidate id."""
    return best_first(
        replace(s, sentence_scores=tuple((sentences[s.candidate.id] @ query).tolist()))
        if s.candidate.id in sentences
        else s
        for s in ranked
    )


def best_first(scored: Iterable[Scored]) -> list[Scored]:
    return sorted(scored, key=lambda s: -(s.score + s.lead))


FIELD = 10
SPARE = 3
"""Candidates that are measured beyond those that count: what the index tells of sentences is a little off, so that one of the first
may stand behind."""
USUAL_TENTH, USUAL_TENTH_SENTENCE = 0.2, 0.35
"""What the tenth candidate of plain questions scores, in the middle: the field that a small collection has not got."""


def _ahead(scores: Iterable[float], *, usual: float) -> float:
    """How far the best is ahead of the tenth."""
    highest = sorted(scores, reverse=True)
    return max(0.0, highest[0] - (highest[FIELD - 1] if len(highest) >= FIELD else usual))


def _agreement(ranked: Sequence[Scored]) -> float:
    by_meaning = max(ranked, key=lambda s: s.dense).candidate.payload.document_id
    by_words = max(ranked, key=lambda s: s.sparse).candidate.payload.document_id
    return float(by_meaning == by_words)


def signals(ranked: Sequence[Scored], *, known: bool) -> Signals:
    """`known`: whether any word of the query occurs in what was searched."""
    if not ranked:
        return Signals()
    best = ranked[:5]
    return Signals(
        dense=max(s.dense for s in best),
        sentence=max(s.sentence for s in best),
        coverage=max(s.coverage for s in best) if known else 0.0,
        gap=_ahead([s.score for s in ranked], usual=USUAL_TENTH),
        agreement=_agreement(ranked) if known else 0.0,
        sentence_gap=_ahead([s.sentence for s in ranked], usual=USUAL_TENTH_SENTENCE),
    )
