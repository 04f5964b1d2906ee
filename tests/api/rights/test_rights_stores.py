"""Every table has a line, and every column that may hold words is looked at or named as one that is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, LargeBinary, String, Text

from api.rights.stores import DOCUMENTS, LEFT, NOTHING, SEALED, STORES
from api.rights.subject import Subject, Traces
from core.models import Base

KEY = b"k" * 32
BY = {store.table.name: store for store in STORES}
NOBODYS = {
    ("tenants", "name"),
    ("api_keys", "scopes"),
    ("ingest_failures", "version_tag"),
    ("widget_sessions", "origin"),
}
"""A tenant's own name, permissions, a file's ETag, the address of a page."""


def test_every_table_of_a_tenant_has_a_treatment() -> None:
    holding = {name for name, table in Base.metadata.tables.items() if "tenant_id" in table.columns} | {"tenants"}
    treated = [*BY, *DOCUMENTS, *SEALED, *LEFT, *NOTHING]
    assert sorted(treated) == sorted(set(treated)), "a table has two treatments"
    assert set(treated) == holding


def test_every_column_of_free_text_is_looked_at() -> None:
    """Texts without a length, JSON, and anything long enough for a sentence."""
    free = {
        (name, column.name)
        for name, store in BY.items()
        for column in store.table.columns
        if isinstance(column.type, (Text, JSON))
        or (isinstance(column.type, String) and (column.type.length or 0) > 100)
        if not isinstance(column.type, LargeBinary)
    }
    seen = {(name, column) for name, store in BY.items() for column in (*store.quotes, *store.named, *store.own)}
    assert free - seen == NOBODYS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail jo.doe@example.com today", True),
        ("mail JO.DOE [at] example [dot] com today", True),
        ("mail anna.jo.doe@example.com", False),
        ("mail jo.doe@example.community", False),
        ("call +49 30 901-820 or", True),
        ("call 004930901820", True),
        ("order 4930901820777", False),
        ("Jo  Doe signed", True),
        ("Doe, Jo signed", True),
        ("jo_doe.md", True),
        ("Jon Doerr signed", False),
        ("Cher sang", False),
    ],
)
def test_a_person_is_found_in_every_spelling_and_nobody_else(text: str, found: bool) -> None:
    who = {"emails": ["Jo.Doe@example.com"], "phones": ["+49 30 901820"], "names": ["Jo Doe", "Cher"]}
    traces = Traces(Subject.of(who), key=KEY, principals=())
    assert traces.in_text(text) is found
    assert (traces.blotted(text) != text) is found


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.text() | st.integers() | st.none(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)))
def test_blotting_leaves_no_trace_and_all_else_as_it_was(value: object) -> None:
    traces = Traces(Subject.of({"names": ["Jo Doe"]}), key=KEY, principals=())
    assert traces.blotted(value) == value
    hidden = {"a": ["by Jo Doe", value], "Jo Doe": 1}
    blotted = traces.blotted(hidden)
    assert "Jo Doe" not in json.dumps(blotted)
    assert blotted["a"][1] == value  # type: ignore[index]


def test_a_placeholder_and_what_stands_for_it_are_as_long() -> None:
    traces = Traces(Subject.of({"names": ["Jo Doe"], "emails": ["jo@example.com"]}), key=KEY, principals=())
    for tag in traces.tags:
        assert len(str(traces.blotted(tag))) == len(tag)
