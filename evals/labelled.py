"""Development questions with known answers, from public data sets, as what the confidence is fitted on.

Of the demo's questions only the development half of the plain ones is fitted on: golden ones are hard on purpose, and would teach
that a question's words say nothing. They and the held half measure. Each reader knows its data set's files and names the tenant
and corpora that must hold its documents, as `eval run` takes them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.domain import Audience, Filters
from core.errors import InvalidRequestError
from evals.dataset import GoldenQuestion
from evals.sets.files import lines, passage_file

AX_TENANT = "ax"
MTRAG_TENANT = "mtrag"
KEPT = "kept"
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """`sources` are the documents that answer within `corpora` (all of them where empty); none: nobody can answer.

    Questions of one `group` share a document or a conversation, so that they are never split between fitting and checking.
    `references` are what is known of the answer's words.
    """

    tenant: str
    text: str
    sources: frozenset[str]
    group: str
    corpora: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    audience: Audience = Audience.AGENT
    references: tuple[str, ...] = ()


def load_labelled(data: Path) -> list[LabelledQuestion]:
    """Every data set that lies below `data`. Raises `InvalidRequestError` (`no_data`) where there is none."""
    readers = {"ax2012": read_ax, "mtrag_cloud": read_mtrag}
    found = [question for name, read in readers.items() if (data / name).is_dir() for question in read(data / name)]
    if not found:
        raise InvalidRequestError(f"there is none of {', '.join(readers)} below {data}", code="no_data")
    return found


def read_ax(folder: Path) -> Iterator[LabelledQuestion]:
    """Each question over all pages; those whose page is withheld a second time over the pages that were kept."""
    for row in lines(folder / "questions_dev.jsonl"):
        pages = frozenset(row["gold_pages"])
        group = f"{AX_TENANT}/{min(pages)}"
        yield LabelledQuestion(AX_TENANT, row["question"], pages, group, references=_answers(row))
        if row["unanswerable_when_withheld"]:
            yield LabelledQuestion(AX_TENANT, row["question"], frozenset(), group, (KEPT,))


def read_mtrag(folder: Path) -> Iterator[LabelledQuestion]:
    """Stand-alone rewrites; turns that are mere conversation have no label and are left out."""
    for row in lines(folder / "questions_dev.jsonl"):
        if row["answerable"] is None:
            continue
        sources = frozenset(map(passage_file, row["gold_doc_ids"])) if row["answerable"] else frozenset()
        group = f"{MTRAG_TENANT}/{row['conversation']}"
        yield LabelledQuestion(MTRAG_TENANT, row["standalone"], sources, group, references=_answers(row))


def _answers(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row.get("answers", ()))


def from_golden(tenant: str, golden: Sequence[GoldenQuestion]) -> list[LabelledQuestion]:
    """A tenant's golden questions; nobody can answer the unanswerable and foreign ones."""
    return [
        LabelledQuestion(
            tenant,
            q.question,
            q.gold_sources,
            f"{tenant}/{min(q.gold_sources, default=q.id)}",
            filters=q.filters,
            audience=q.audience,
            references=tuple(gold.quote for gold in q.gold),
        )
        for q in golden
    ]
