"""Data sets as their files have them, in the common form."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from set_data import FIRST, SECOND, write_data

from core.domain import Audience, Filters
from core.errors import InvalidRequestError
from evals.sets.files import lay_out
from evals.sets.form import EvalSet, Exchange
from evals.sets.readers import load_set, names

Load = Callable[..., EvalSet]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    data = write_data(tmp_path / "data")

    def loaded(name: str, split: str = "dev", data: Path | None = data) -> EvalSet:
        return load_set(name, data=data, golden=tmp_path / "corpora", split=split, out=tmp_path / "out")

    return loaded


def documents(found: EvalSet) -> dict[tuple[str, str], dict[str, str]]:
    return {
        (corpus.tenant, corpus.name): {file.name: file.read_text("utf-8") for file in corpus.folder.iterdir()}
        for corpus in found.corpora
    }


def test_all_pages_are_asked_about_where_none_is_withheld(load: Load) -> None:
    found = load("ax")
    assert [(q.id, set(q.gold), q.group, q.filters) for q in found.questions] == [
        ("ax-1", {"tills.md"}, "tills.md", Filters()),
        ("ax-2", {"scales.md"}, "scales.md", Filters()),
        ("ax-3", {"warranty.md"}, "warranty.md", Filters()),
    ]
    assert found.questions[0].references == ("Upload its receipts.",)
    assert {place: set(files) for place, files in documents(found).items()} == {
        ("ax", "kept"): {"tills.md", "scales.md"},
        ("ax", "withheld"): {"warranty.md"},
    }


def test_a_withheld_page_leaves_its_questions_unanswerable(load: Load) -> None:
    found = load("ax-withheld")
    assert [(q.id, q.answerable, q.references) for q in found.questions][1:] == [
        ("ax-2", True, ("At half past five every [morning](scales.md).",)),
        ("ax-3", False, ()),
    ]
    assert {q.filters for q in found.questions} == {Filters(corpora=("kept",))}
    assert [q.group for q in found.questions] == [q.group for q in load("ax").questions]


def test_another_half_has_files_and_a_tenant_of_its_own(load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "ax2012"
    (folder / "withheld_held.json").write_text(json.dumps({"pages": ["tills.md"]}), "utf-8")
    (folder / "questions_held.jsonl").write_text((folder / "questions_dev.jsonl").read_text("utf-8"), "utf-8")
    assert set(documents(load("ax", "held"))["ax-held", "withheld"]) == {"tills.md"}
    with pytest.raises(InvalidRequestError, match=r"questions_other\.jsonl"):
        load("ax", "other")
    with pytest.raises(InvalidRequestError, match="not split"):
        load("golden", "held")


def test_rewritten_questions_stand_alone_and_what_has_no_rewrite_is_left_out(load: Load) -> None:
    found = load("mtrag-rewrite")
    assert [(q.id, q.text, set(q.gold), q.history) for q in found.questions] == [
        ("c1", FIRST, {"doc_1_2.md"}, ()),
        ("c2", "How are backups of IBM Cloudant taken?", {"doc_3_4.md"}, ()),
        ("c4", "What does the canteen serve on Fridays?", set(), ()),
    ]
    assert {q.group for q in found.questions} == {"8"}
    assert documents(found)["mtrag", "cloud"] == {
        "doc_1_2.md": "Cloudant\n\nIBM Cloudant stores JSON documents of up to one megabyte.\n",
        "doc_3_4.md": "Backups of Cloudant are taken with couchbackup every night.\n",
    }


def test_the_last_turn_comes_with_what_was_said_before(load: Load) -> None:
    found = load("mtrag-history")
    assert [q.text for q in found.questions][:2] == [FIRST, SECOND]
    assert [len(q.history) for q in found.questions] == [0, 1, 2, 2]
    assert found.questions[2].history == (
        Exchange(FIRST, "Yes, up to one megabyte."),
        Exchange(SECOND, "Every night."),
    )
    assert [q.id for q in found.questions] == [*(q.id for q in load("mtrag-rewrite").questions), "c5"]


def test_golden_questions_take_the_common_form(load: Load, tmp_path: Path) -> None:
    (tmp_path / "corpora" / "acme").mkdir(parents=True)
    gold = [{"source": "a.md", "quote": "Turn it off."}]
    rows = [
        {"id": "g1", "question": "How?", "kind": "answerable", "audience": "partner", "gold": gold},
        {"id": "g2", "question": "Why?", "kind": "unanswerable", "audience": "agent", "gold": [], "filters": {"version": "7.4"}},
    ]  # fmt: skip
    (tmp_path / "corpora" / "acme" / "golden.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    one, two = load("golden", data=None).questions
    assert (one.tenant, one.audience, set(one.gold), one.references, one.group) == (
        "acme", Audience.PARTNER, {"a.md"}, ("Turn it off.",), "acme/a.md",
    )  # fmt: skip
    assert (two.answerable, two.filters, two.group) == (False, Filters(version="7.4"), "acme/g2")


def test_only_sets_that_are_there_are_named(load: Load, tmp_path: Path) -> None:
    assert names(tmp_path / "data") == ["ax", "ax-withheld", "mtrag-rewrite", "mtrag-history", "golden", "plain"]
    assert names(tmp_path / "out") == names(None) == ["golden", "plain"]
    with pytest.raises(InvalidRequestError, match="--data"):
        load("ax", data=None)
    with pytest.raises(InvalidRequestError, match="ax, ax-withheld"):
        load("squad")


@pytest.mark.parametrize("line", ["{", '{"id": "x"}'])
def test_a_broken_line_is_a_clear_error(load: Load, tmp_path: Path, line: str) -> None:
    (tmp_path / "data" / "ax2012" / "questions_dev.jsonl").write_text(line, "utf-8")
    with pytest.raises(InvalidRequestError) as raised:
        load("ax")
    assert raised.value.code == "no_data"


def test_documents_that_are_there_already_are_left_alone(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "pages", [("a.md", b"one"), ("b.md", b"two"), ("c.md", b"six")])
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    lay_out(folder, [("a.md", b"one"), ("b.md", b"ten")])
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"a.md": b"one", "b.md": b"ten"}
    assert (folder / "a.md").stat().st_mtime_ns == before["a.md"]
