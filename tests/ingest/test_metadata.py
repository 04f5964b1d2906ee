from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import read, shared_data

from core.domain import Audience, DocType, Metadata
from core.errors import DocumentError
from ingest.metadata import load_rules, read_metadata, rules_for


def metadata(front_matter: dict[str, object], rules: dict[str, object] | None = None, **default: object) -> Metadata:
    base = Metadata(**default)  # type: ignore[arg-type]
    return read_metadata(front_matter, rules or {}, name="docs/price-import_fails.md", title="Heading", default=base)[0]


def test_every_key_is_read() -> None:
    stated = {
        "title": "T", "doc_type": "runbook", "audience": "agent", "product": "Corvane Retail", "versions": ">=7.2 <8.0",
        "module": "POS", "region": "UK", "customer": "Noor & Field", "effective_from": "2026-01-01",
        "effective_to": "2026-12-31", "owner": "Desk", "review_by": "2027-01-01", "supersedes": "old.md",
        "url": "https://example.org/a",
    }  # fmt: skip
    found, warnings = read_metadata(stated, {}, name="a.md", title="")
    assert warnings == ()
    assert found == Metadata(
        "T", DocType.RUNBOOK, Audience.AGENT, "Corvane Retail", ">=7.2 <8.0", "POS", "UK", "Noor & Field",
        date(2026, 1, 1), date(2026, 12, 31), "Desk", date(2027, 1, 1), "old.md", "https://example.org/a",
    )  # fmt: skip


def test_front_matter_goes_before_rules_and_rules_before_default() -> None:
    found = metadata({"module": "POS"}, {"module": "HQ", "region": "UK"}, region="US", owner="Desk")
    assert (found.module, found.region, found.owner) == ("POS", "UK", "Desk")


def test_title_falls_back_to_heading_then_name() -> None:
    assert metadata({}).title == "Heading"
    assert read_metadata({}, {}, name="docs/price-import_fails.md", title="")[0].title == "price import fails"


@pytest.mark.parametrize("value", ["agent", "Agent", "agents", "internal", "INTERNAL ONLY", "confidential", "confidental",
                                   "support staff", "not public", ["agents", "partner"], "Employees-only"])  # fmt: skip
def test_whatever_sounds_internal_is_for_agents(value: object) -> None:
    for default in Audience:
        assert metadata({"audience": value}, audience=default).audience is Audience.AGENT


@pytest.mark.parametrize("value", ["Application User", "IT Pro", "everyone", "pubilc", "", ["x"], {"a": 1}, 7])
def test_foreign_audience_leaves_the_default(value: object) -> None:
    for default in Audience:
        assert metadata({"audience": value}, audience=default).audience is default


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("public", Audience.PUBLIC),
        ("Partner", Audience.PARTNER),
        (["agent", "partner"], Audience.PARTNER),
        ("resellers", Audience.PARTNER),
    ],
)
def test_stated_audience_is_honoured(value: object, expected: Audience) -> None:
    assert metadata({"audience": value}, audience=Audience.PUBLIC).audience is expected


@pytest.mark.parametrize(("file", "folder"), [("public", "agent"), ("agent", "public"), ("internal", "partner")])
def test_narrower_audience_of_file_and_folder_holds(file: str, folder: str) -> None:
    found, warnings = read_metadata({"audience": file}, {"audience": folder}, name="a.md", title="T")
    assert found.audience is Audience.AGENT
    assert any("narrower" in warning for warning in warnings)


def test_configuration_records_are_for_agents_unless_stated() -> None:
    assert metadata({"doc_type": "config_record"}, audience=Audience.PUBLIC).audience is Audience.AGENT
    assert metadata({"doc_type": "Config Records", "audience": "??"}).audience is Audience.AGENT
    assert metadata({"doc_type": "config_record", "audience": "partner"}).audience is Audience.PARTNER
    assert metadata({}, doc_type=DocType.CONFIG_RECORD).audience is Audience.AGENT


@pytest.mark.parametrize(
    ("key", "value"),
    [("doc_type", "topic"), ("versions", "v=AX.60"), ("effective_from", "05/02/2014"), ("review_by", {"a": "b"}),
     ("title", {"a": "b"}), ("url", "javascript:alert(1)"), ("versions", ">=9 <8")],
)  # fmt: skip
def test_unusable_value_is_ignored_with_a_warning_that_does_not_quote_it(key: str, value: object) -> None:
    found, warnings = read_metadata({key: value}, {}, name="a.md", title="T")
    assert found == Metadata(title="T")
    assert len(warnings) == 1
    assert key in warnings[0]
    assert str(value) not in warnings[0]


def test_unusable_value_of_the_file_leaves_that_of_the_folder() -> None:
    assert metadata({"versions": "soon"}, {"versions": "8.0"}).versions == "8.0"


def test_dates_that_contradict_each_other_never_hide_a_document() -> None:
    found, warnings = read_metadata(
        {"effective_from": datetime(2026, 5, 1, 12), "effective_to": "2026-01-01"}, {}, name="a.md", title="T"
    )
    assert (found.effective_from, found.effective_to) == (date(2026, 5, 1), None)
    assert warnings


def test_rules_by_name_and_glob(tmp_path: Path) -> None:
    (tmp_path / "_meta.yaml").write_text("a.pdf: {title: A, versions: 8.10}\n'*.pdf': {owner: Desk, title: Any}\n")
    rules = load_rules(tmp_path)
    assert rules_for(rules, "x/a.pdf") == {"owner": "Desk", "title": "A", "versions": "8.10"}
    assert rules_for(rules, "b.pdf") == {"owner": "Desk", "title": "Any"}
    assert rules_for(rules, "a.md") == {}
    assert load_rules(tmp_path / "none") == {}


@pytest.mark.parametrize("text", ["- a\n- b", "a: b", "a: [", "\xff: {"])
def test_rules_that_cannot_be_read_are_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "_meta.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(DocumentError) as caught:
        load_rules(tmp_path)
    assert caught.value.code == "invalid_rules"


values = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none() | st.floats(), lambda inner: st.lists(inner, max_size=3)
)
keys = st.sampled_from([*Metadata.__dataclass_fields__, "other"])


@settings(deadline=None)
@given(st.dictionaries(keys, values), st.dictionaries(keys, values))
def test_any_statement_is_read(front_matter: dict[str, object], rules: dict[str, object]) -> None:
    found, _ = read_metadata(front_matter, rules, name="a.md", title="T")
    assert found.title


def test_published_pages_keep_the_default_audience() -> None:
    for page in sorted((shared_data("ax2012") / "pages").glob("*.md"))[::100]:
        parsed = read(page.read_bytes(), page.name)
        found, _ = read_metadata(parsed.front_matter, {}, name=page.name, title=parsed.title)
        assert (found.audience, found.doc_type) == (Audience.PARTNER, DocType.PRODUCT_DOC)
