"""Development questions with known answers, from public data sets, as what the confidence is fitted on.

Of the demo's golden questions only the vendor's are among them: the partners' stay for measuring. Each reader knows its data
set's files and names the tenant and corpora that must hold its documents; `write_documents` makes the folders to ingest there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.domain import Audience, Filters
from core.errors import InvalidRequestError
from evals.dataset import GoldenQuestion

AX_TENANT = "ax"
MTRAG_TENANT = "mtrag"
KEPT = "kept"
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """`sources` are the documents that answer within `corpora` (all of them where empty); none: nobody can answer.

    Questions of one `group` share a document or a conversation, so that they are never split between fitting and checking.
    """

    tenant: str
    text: str
    sources: frozenset[str]
    group: str
    corpora: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    audience: Audience = Audience.AGENT


def load_labelled(data: Path) -> list[LabelledQuestion]:
    """Every data set that lies below `data`. Raises `InvalidRequestError` (`no_data`) where there is none."""
    readers = {"ax2012": read_ax, "mtrag_cloud": read_mtrag}
    found = [question for name, read in readers.items() if (data / name).is_dir() for question in read(data / name)]
    if not found:
        raise InvalidRequestError(f"there is none of {', '.join(readers)} below {data}", code="no_data")
    return found


def read_ax(folder: Path) -> Iterator[LabelledQuestion]:
    """Each question over all pages; those whose page is withheld a second time over the pages that were kept."""
    for row in _rows(folder / "questions_dev.jsonl"):
        pages = frozenset(row["gold_pages"])
        group = f"{AX_TENANT}/{min(pages)}"
        yield LabelledQuestion(AX_TENANT, row["question"], pages, group)
        if row["unanswerable_when_withheld"]:
            yield LabelledQuestion(AX_TENANT, row["question"], frozenset(), group, (KEPT,))


def read_mtrag(folder: Path) -> Iterator[LabelledQuestion]:
    """Stand-alone rewrites; turns that are mere conversation have no label and are left out."""
    for row in _rows(folder / "questions_dev.jsonl"):
        if row["answerable"] is None:
            continue
        sources = frozenset(map(_passage_file, row["gold_doc_ids"])) if row["answerable"] else frozenset()
        yield LabelledQuestion(MTRAG_TENANT, row["standalone"], sources, f"{MTRAG_TENANT}/{row['conversation']}")


def from_golden(tenant: str, golden: Sequence[GoldenQuestion]) -> list[LabelledQuestion]:
    """A tenant's golden questions; nobody can answer the unanswerable and foreign ones."""
    return [
        LabelledQuestion(tenant, q.question, q.gold_sources, f"{tenant}/{q.id}", filters=q.filters, audience=q.audience)
        for q in golden
    ]


def write_documents(data: Path, out: Path) -> list[tuple[str, str, Path]]:
    """The data sets' documents as folders to ingest: (tenant, corpus, folder) for each."""
    folders = []
    if (data / "ax2012").is_dir():
        withheld = set(json.loads((data / "ax2012" / "withheld_dev.json").read_text("utf-8"))["pages"])
        for page in sorted((data / "ax2012" / "pages").glob("*.md")):
            corpus = WITHHELD if page.name in withheld else KEPT
            _copy(page, out / AX_TENANT / corpus / page.name)
        folders += [(AX_TENANT, corpus, out / AX_TENANT / corpus) for corpus in (KEPT, WITHHELD)]
    if (data / "mtrag_cloud").is_dir():
        target = out / MTRAG_TENANT / "cloud"
        target.mkdir(parents=True, exist_ok=True)
        for row in _rows(data / "mtrag_cloud" / "corpus.jsonl"):
            (target / _passage_file(row["id"])).write_text(
                f"{row['title']}\n\n{row['text'].strip()}\n".lstrip(), "utf-8"
            )
        folders.append((MTRAG_TENANT, "cloud", target))
    return folders


def _copy(page: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(page, target)


def _passage_file(passage_id: str) -> str:
    return re.sub(r"[^\w.-]", "_", passage_id) + ".md"


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise InvalidRequestError(f"{file}, line {number}: {error}", code="no_data") from None
