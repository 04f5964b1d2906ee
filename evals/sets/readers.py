"""Each data set's files, read into the common form. The development halves are `…_dev`; another `split` names other files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.domain import Filters
from core.errors import InvalidRequestError
from evals.dataset import PLAIN_FILE, GoldenQuestion, GoldenSet, load_golden
from evals.labelled import AX_TENANT, KEPT, MTRAG_TENANT, WITHHELD
from evals.sets.files import lay_out, lines, passage_file
from evals.sets.form import EvalSet, Exchange, SetCorpus, SetQuestion

DEV = "dev"
GOLDEN, PLAIN = "golden", "plain"
AX, MTRAG = "ax2012", "mtrag_cloud"


def names(data: Path | None) -> list[str]:
    """The sets that can be read: those whose folder lies below `data`, and the golden questions."""
    return [name for name, (_, folder) in _READERS.items() if folder is None or (data and (data / folder).is_dir())]


def load_set(name: str, *, data: Path | None, golden: Path, split: str, out: Path) -> EvalSet:
    """Read a set and lay its documents out below `out`.

    Raises `InvalidRequestError`: `unknown_dataset`, `no_data` where its files are not below `data` or are none, `no_split`.
    """
    if name not in _READERS:
        raise InvalidRequestError(
            f"there is no data set '{name}'; there are {', '.join(_READERS)}", code="unknown_dataset"
        )
    read, folder = _READERS[name]
    if name == GOLDEN and split != DEV:
        raise InvalidRequestError(f"the set '{name}' is not split; leave --split out", code="no_split")
    if folder is not None and (data is None or not (data / folder).is_dir()):
        raise InvalidRequestError(f"the set '{name}' is read from DIR/{folder}; name DIR with --data", code="no_data")
    try:
        return read(golden if folder is None or data is None else data / folder, split, out)
    except FileNotFoundError as error:
        raise InvalidRequestError(f"there is no file {error.filename}", code="no_data") from None
    except (KeyError, TypeError) as error:
        raise InvalidRequestError(f"a line of the set '{name}' lacks {error}", code="no_data") from None


def _ax(folder: Path, split: str, out: Path) -> EvalSet:
    rows = list(lines(folder / f"questions_{split}.jsonl"))
    tenant, corpora = _ax_corpora(folder, split, out)
    questions = [_ax_question(row, tenant, gold=row["gold_pages"]) for row in rows]
    return EvalSet("ax", "AX 2012 pages", questions, corpora)


def _ax_withheld(folder: Path, split: str, out: Path) -> EvalSet:
    rows = list(lines(folder / f"questions_{split}.jsonl"))
    tenant, corpora = _ax_corpora(folder, split, out)
    kept = Filters(corpora=(KEPT,))
    questions = [
        _ax_question(row, tenant, gold=() if row["unanswerable_when_withheld"] else row["gold_pages"], filters=kept)
        for row in rows
    ]
    return EvalSet("ax-withheld", "AX 2012 pages, some withheld", questions, corpora)


def _ax_question(
    row: Mapping[str, Any], tenant: str, *, gold: Sequence[str], filters: Filters | None = None
) -> SetQuestion:
    return SetQuestion(
        id=row["id"],
        tenant=tenant,
        text=row["question"],
        group=min(row["gold_pages"]),
        gold=frozenset(gold),
        references=tuple(row["answers"]) if gold else (),
        filters=filters or Filters(),
    )


def _ax_corpora(folder: Path, split: str, out: Path) -> tuple[str, list[SetCorpus]]:
    """Which pages are withheld is the split's; the tenant is, too, so that no page moves between corpora."""
    tenant = AX_TENANT if split == DEV else f"{AX_TENANT}-{split}"
    withheld = set(json.loads((folder / f"withheld_{split}.json").read_text("utf-8"))["pages"])
    pages = {page.name: page for page in sorted((folder / "pages").glob("*.md"))}
    parts = {KEPT: pages.keys() - withheld, WITHHELD: pages.keys() & withheld}
    return tenant, [
        SetCorpus(tenant, corpus, lay_out(out / tenant / corpus, ((name, pages[name].read_bytes()) for name in part)))
        for corpus, part in parts.items()
        if part
    ]


def _mtrag_rewrite(folder: Path, split: str, out: Path) -> EvalSet:
    """Questions without a rewrite, which are unanswerable ones, are left out."""
    rewritten = (row for row in _asked(folder, split) if row["standalone"])
    questions = [_mtrag_question(row, text=row["standalone"]) for row in rewritten]
    return EvalSet("mtrag-rewrite", "MTRAG cloud, rewritten questions", questions, _mtrag_corpora(folder, out))


def _mtrag_history(folder: Path, split: str, out: Path) -> EvalSet:
    questions = [
        _mtrag_question(row, text=row["question"], history=tuple(_exchanges(row["history"])))
        for row in _asked(folder, split)
    ]
    return EvalSet("mtrag-history", "MTRAG cloud, last turn with history", questions, _mtrag_corpora(folder, out))


def _asked(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    """Turns that are mere conversation (thanks, farewells) have no label and are left out."""
    return (row for row in lines(folder / f"questions_{split}.jsonl") if row["answerable"] is not None)


def _mtrag_question(row: Mapping[str, Any], *, text: str, history: tuple[Exchange, ...] = ()) -> SetQuestion:
    answerable = bool(row["answerable"])
    return SetQuestion(
        id=row["id"],
        tenant=MTRAG_TENANT,
        text=text,
        group=str(row["conversation"]),
        gold=frozenset(map(passage_file, row["gold_doc_ids"])) if answerable else frozenset(),
        references=tuple(row["answers"]) if answerable else (),
        history=history,
    )


def _exchanges(history: Sequence[Mapping[str, str]]) -> Iterator[Exchange]:
    """A user's turn with what the agent said next; one that got no answer has an empty one."""
    for number, said in enumerate(history):
        if said["role"] == "user":
            after = history[number + 1] if number + 1 < len(history) else {"role": "user"}
            yield Exchange(said["text"], after["text"] if after["role"] != "user" else "")


def _mtrag_corpora(folder: Path, out: Path) -> list[SetCorpus]:
    documents = (
        (passage_file(row["id"]), f"{row['title']}\n\n{row['text'].strip()}\n".lstrip().encode())
        for row in lines(folder / "corpus.jsonl")
    )
    return [SetCorpus(MTRAG_TENANT, "cloud", lay_out(out / MTRAG_TENANT / "cloud", documents))]


def _golden(folder: Path, _split: str, _out: Path) -> EvalSet:
    return EvalSet(GOLDEN, "Golden questions of the demo", _of_demo(load_golden(folder)))


def _plain(folder: Path, split: str, _out: Path) -> EvalSet:
    questions = _of_demo(load_golden(folder, PLAIN_FILE.format(split=split)))
    return EvalSet(PLAIN, "Plain questions of the demo", questions)


def _of_demo(golden: GoldenSet) -> list[SetQuestion]:
    return [_golden_question(tenant, question) for tenant, asked in golden.items() for question in asked]


def _golden_question(tenant: str, question: GoldenQuestion) -> SetQuestion:
    return SetQuestion(
        id=question.id,
        tenant=tenant,
        text=question.question,
        group=f"{tenant}/{min(question.gold_sources, default=question.id)}",
        gold=question.gold_sources,
        references=tuple(gold.quote for gold in question.gold),
        audience=question.audience,
        filters=question.filters,
    )


_READERS: Mapping[str, tuple[Callable[[Path, str, Path], EvalSet], str | None]] = {
    "ax": (_ax, AX),
    "ax-withheld": (_ax_withheld, AX),
    "mtrag-rewrite": (_mtrag_rewrite, MTRAG),
    "mtrag-history": (_mtrag_history, MTRAG),
    GOLDEN: (_golden, None),
    PLAIN: (_plain, None),
}
"""By name: the reader, and the folder below the data folder; golden and plain questions are the product's own."""
