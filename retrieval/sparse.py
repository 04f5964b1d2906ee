"""BM25 as sparse vectors: a text's terms, their saturated weights, a question's IDF over what its asker may see.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the IDF is Lucene's, above 0.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b

import Stemmer

from retrieval.index import SparseVector

K1 = 1.2
B = 0.75

AVERAGE_LENGTH = 90.0
"""Terms of a chunk: on average 95 in 2,584 chunks of 700 to 1,100 characters of ERP help pages, 82 with shorter ones.

A constant, so that a weight never depends on what else is stored."""

_TOKEN = re.compile(r"\w+(?:[-./_:+#]+\w+)*")
_PART = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])")
_DOTTED_NUMBER = re.compile(r"v?\d+(?:\.\d+)+")
_CONTRACTION = re.compile(r"(?<=\w)['’](?:s|t|re|ve|ll|d|m)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")

_STOP_WORDS = frozenset(
    """
    a about an and any are as at be been but by can could did do does doesn don for from had has have how i if in into
    is isn it its me my no not of on or our should so some such than that the their them then there these they this
    those to was we were what when where which who why will with would you your
    """.split()  # noqa: SIM905
)

_local = threading.local()  # a PyStemmer object must not be shared between threads


def terms(text: str) -> list[str]:
    """In order, with repetitions. An id (ERR-4021, 7.4.1, edi.partner_id, CorvaneSync) is kept whole and in parts."""
    plain = _CONTRACTION.sub("", unicodedata.normalize("NFKC", text))
    return [term for match in _TOKEN.finditer(plain) for term in _terms_of(match.group())]


def encode_document(text: str) -> SparseVector:
    """Weights with saturation and length in them; the IDF comes with the question."""
    counts = Counter(map(term_id, terms(text)))
    saturation = K1 * (1 - B + B * counts.total() / AVERAGE_LENGTH)
    weights = {term: count * (K1 + 1) / (count + saturation) for term, count in sorted(counts.items())}
    return SparseVector(tuple(weights), tuple(weights.values()))


def query_terms(text: str) -> dict[int, str]:
    """The question's distinct terms by number, in order: what document frequencies are asked for."""
    return {term_id(term): term for term in terms(text)}


def encode_query(text: str, frequencies: Mapping[int, int], total: int) -> SparseVector:
    """Each distinct term with its IDF. `frequencies` and `total` count exactly the points that the asker may see.

    The dot product with a document's vector is its BM25 score. Terms that occur nowhere are kept: they say how much of
    the question is not covered.
    """
    idf = {term: inverse_frequency(frequencies.get(term, 0), total) for term in query_terms(text)}
    return SparseVector(tuple(idf), tuple(idf.values()))


def inverse_frequency(frequency: int, total: int) -> float:
    """``ln(1 + (N - df + ½) / (df + ½))``, above 0 for every ``df <= N``."""
    return math.log1p((total - frequency + 0.5) / (frequency + 0.5))


def term_id(term: str) -> int:
    """The term's number, uint32: the same in every process and version."""
    return int.from_bytes(blake2b(term.encode(), digest_size=4).digest(), "big")


@lru_cache(maxsize=16_384)
def _terms_of(token: str) -> tuple[str, ...]:
    """Cached, since a question reads twenty passages, and their words are few."""
    return tuple(_split(token))


def _split(token: str) -> Iterator[str]:
    whole = token.lower()
    if _DOTTED_NUMBER.fullmatch(whole):
        whole = whole.removeprefix("v")
    parts = [part.lower() for piece in _HUMP.split(token) for part in _PART.findall(piece)]
    if len(parts) <= 1:
        yield from _kept([whole], shortest=1)
        return
    yield whole
    if whole.count(".") > 1 and _DOTTED_NUMBER.fullmatch(whole):
        yield whole.rpartition(".")[0]  # a question about 7.4 meets 7.4.1
    yield from _kept(parts, shortest=2)


def _kept(words: Iterable[str], *, shortest: int) -> Iterator[str]:
    for word in words:
        if word not in _STOP_WORDS and (len(word) >= max(2, shortest) or (word.isdigit() and shortest == 1)):
            yield _stem(word) if _WORD.fullmatch(word) else word


def _stem(word: str) -> str:
    stemmer: Stemmer.Stemmer | None = getattr(_local, "stemmer", None)
    if stemmer is None:
        stemmer = _local.stemmer = Stemmer.Stemmer("english")
    return str(stemmer.stemWord(word))
