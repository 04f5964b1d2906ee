import json
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from core.domain import Audience, Filters
from core.errors import InvalidRequestError
from evals.dataset import FILE, PLAIN_FILE, Gold, GoldenQuestion, Kind, fingerprint, load_file, load_golden
from ingest.formats.elements import ParseLimits
from ingest.parse import parse

ROOT = Path(__file__).parents[2]
GOOD = {
    "id": "q1",
    "question": "How do I re-seed a till?",
    "kind": "answerable",
    "audience": "partner",
    "gold": [{"source": "runbooks/till.md", "quote": "Upload its receipts first."}],
    "filters": {"customer": "Noor & Field", "as_of": "2026-05-01"},
}


def write(folder: Path, *rows: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "golden.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n", "utf-8")
    return file


def test_a_row_becomes_a_question_with_its_filters(tmp_path: Path) -> None:
    assert load_file(write(tmp_path, GOOD)) == [
        GoldenQuestion(
            "q1",
            "How do I re-seed a till?",
            Kind.ANSWERABLE,
            Audience.PARTNER,
            (Gold("runbooks/till.md", "Upload its receipts first."),),
            Filters(customer="Noor & Field", as_of=date(2026, 5, 1)),
        )
    ]


def test_tenants_are_the_folders_names(tmp_path: Path) -> None:
    write(tmp_path / "bolt", GOOD)
    write(tmp_path / "acme", GOOD)
    assert list(load_golden(tmp_path)) == ["acme", "bolt"]
    assert list(load_golden(tmp_path / "bolt")) == ["bolt"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{not json", "row: Invalid JSON"),
        (GOOD | {"kind": "maybe"}, "kind"),
        (GOOD | {"surprise": 1}, "surprise"),
        (GOOD | {"gold": []}, "an answerable question has gold passages"),
        (GOOD | {"kind": "unanswerable"}, "any other has none"),
        (GOOD | {"kind": "foreign", "gold": []}, "foreign_tenant"),
        (GOOD | {"gold": [{"source": "a.md", "quote": " "}]}, "gold.0.quote"),
        (GOOD, "the id 'q1' is taken"),
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(tmp_path: Path, row: object, problem: str) -> None:
    file = write(tmp_path, GOOD, "", row)
    with pytest.raises(InvalidRequestError) as caught:
        load_file(file)
    assert f"{file}, line 3: " in caught.value.detail
    assert problem in caught.value.detail


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"golden\.jsonl"):
        load_golden(tmp_path)


def test_fingerprint_follows_the_questions_not_their_order(tmp_path: Path) -> None:
    one, two = load_file(write(tmp_path, GOOD, GOOD | {"id": "q2"}))
    changed = load_file(write(tmp_path, GOOD | {"audience": "agent"}))[0]
    assert fingerprint({"acme": [one, two]}) == fingerprint({"acme": [two, one]})
    assert fingerprint({"acme": [one]}) != fingerprint({"acme": [changed]})


@pytest.mark.parametrize("name", [FILE, *(PLAIN_FILE.format(split=split) for split in ("dev", "held"))])
def test_the_demo_questions_quote_what_stands_in_their_documents(name: str) -> None:
    golden = load_golden(ROOT / "corpora", name)
    assert {"larderworks", "stitchwell"} <= set(golden)
    lost = [
        f"{question.id}: {gold.quote}"
        for tenant, questions in golden.items()
        for question in questions
        for gold in question.gold
        if _plain(gold.quote) not in _document(tenant, gold.source)
    ]
    assert lost == []


@cache
def _document(tenant: str, source: str) -> str:
    """The asker's own before the vendor's."""
    folders = [ROOT / "corpora" / tenant / "docs", *(ROOT / "corpora/corvane/docs").iterdir()]
    file = next(folder / source for folder in folders if (folder / source).is_file())
    parsed = parse(file.read_bytes(), file.name, limits=ParseLimits())
    return _plain("\n".join(element.text for element in parsed.elements))


def _plain(text: str) -> str:
    """Without what Markdown and line breaks add."""
    return " ".join(re.sub(r"[*`\\]", "", text).split())
