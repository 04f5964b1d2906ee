from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ingest_files import LIMITS, code_of, read, shown, texts

from core.domain import Audience, DocType
from core.errors import DocumentError
from ingest.metadata import read_metadata
from ingest.records import canonical, read_record


def as_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


TICKET: dict[str, object] = {
    "type": "ticket_resolution",
    "title": "Printer prints twice",
    "version": ">=7.2 <8.0",
    "module": "POS",
    "owner": "Desk",
    "customer": "Noor & Field",
    "effective_from": "2026-01-01",
    "fields": {
        "problem": "Each receipt comes **twice**.",
        "cause": "Two queues.",
        "resolution": ["Open the queue list.", "Delete the second one."],
        "resolved_on": "2026-03-04",
    },
}


def test_ticket_reads_as_problem_cause_and_numbered_resolution() -> None:
    assert shown(read(as_bytes(TICKET), "t.json")) == [
        ("heading", 1, "Printer prints twice"),
        ("heading", 2, "Problem"),
        ("paragraph", 0, "Each receipt comes twice."),
        ("heading", 2, "Cause"),
        ("paragraph", 0, "Two queues."),
        ("heading", 2, "Resolution"),
        ("list_item", 1, "1. Open the queue list."),
        ("list_item", 1, "2. Delete the second one."),
        ("paragraph", 0, "Resolved on 2026-03-04."),
    ]


def test_what_a_record_states_becomes_its_metadata() -> None:
    parsed = read(as_bytes(TICKET), "t.json")
    found, warnings = read_metadata(parsed.front_matter, {}, name="t.json", title=parsed.title)
    assert warnings == ()
    assert (found.doc_type, found.versions, found.module, found.owner) == (DocType.FAQ, ">=7.2 <8.0", "POS", "Desk")
    assert (found.customer, str(found.effective_from)) == ("Noor & Field", "2026-01-01")


def test_configuration_record_is_a_table_of_settings_a_section_and_for_agents() -> None:
    record = {
        "type": "config_record",
        "title": "Noor & Field: tills",
        "customer": "Noor & Field",
        "fields": {"Printer": {"paper_mm": 80, "duplex": False, "name": None}, "Queue": {"servers": ["a", "b"]}},
    }
    parsed = read(as_bytes(record), "c.json")
    assert shown(parsed)[1:] == [
        ("heading", 2, "Printer"),
        ("table", 0, "Setting | Value\npaper_mm | 80\nduplex | no\nname | not set"),
        ("heading", 2, "Queue"),
        ("table", 0, "Setting | Value\nservers | a, b"),
    ]
    assert read_metadata(parsed.front_matter, {}, name="c.json", title="")[0].audience is Audience.AGENT


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"version": "the new one"}, "version"),
        ({"effective_to": "2020-01-01"}, "record"),
        ({"effective_from": "01.02.2026"}, "effective_from"),
        ({"audience": "everyone"}, "audience"),
        ({"colour": "red"}, "colour"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"body": "a second text"}, "record"),
        ({"title": ""}, "title"),
        ({"fields": {"problem": "p", "resolution": []}}, "fields.resolution"),
    ],
)
def test_record_that_breaks_its_schema_names_the_key_and_not_the_value(change: dict[str, object], fault: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(as_bytes(TICKET | change), "t.json")
    assert caught.value.code == "invalid_record"
    assert fault in caught.value.detail
    assert not any(isinstance(value, str) and value and value in caught.value.detail for value in change.values())


def test_file_of_several_records_is_refused_as_each_has_its_own_readers() -> None:
    assert code_of(as_bytes([TICKET, TICKET]), "t.json") == "invalid_record"
    assert code_of(as_bytes(TICKET) + b"\n" + as_bytes(TICKET), "t.jsonl") == "invalid_record"


def test_same_record_in_another_order_is_kept_as_the_same_bytes() -> None:
    turned = dict(reversed(TICKET.items()))
    assert canonical(read_record(TICKET)) == canonical(read_record(turned))


def test_list_of_flat_objects_is_a_table() -> None:
    rows = [{"code": "E1", "meaning": "Jam"}, {"code": "E2", "fatal": True}]
    for data, name in ((as_bytes(rows), "a.json"), (b"\n".join(map(as_bytes, rows)), "a.jsonl")):
        assert texts(read(data, name)) == ["code | meaning | fatal\nE1 | Jam |\nE2 |  | yes"]


def test_nested_objects_become_sections() -> None:
    value = {"name": "Tills", "count": 4, "north": {"open": True, "text": "Long " * 80}, "notes": ["a", {"b": 1}]}
    parsed = read(as_bytes(value), "a.json")
    assert parsed.title == "Tills"
    assert shown(parsed)[:3] == [
        ("table", 0, "Field | Value\nname | Tills\ncount | 4"),
        ("heading", 2, "north"),
        ("table", 0, "Field | Value\nopen | yes"),
    ]


@pytest.mark.parametrize("depth", [20, 500, 200_000])
def test_values_nested_deep_are_read_or_refused(depth: int) -> None:
    data = b'{"a":' * depth + b'"bottom"' + b"}" * depth
    try:
        assert "bottom" in "".join(texts(read(data, "a.json")))
    except DocumentError as error:
        assert error.code == "unreadable_document"  # noqa: PT017
        assert depth > 500


def test_rendering_of_a_small_file_cannot_grow_without_bound() -> None:
    """A table has every key of any row as a column in each of them."""
    rows = [{f"k{row % 40}": 1} for row in range(5_000)]
    assert code_of(as_bytes(rows), "a.json", replace(LIMITS, max_characters=50_000)) == "too_large"


@pytest.mark.parametrize("data", [b'{"a": 1', b'{"a": 1}\n{"b": }', b"[1, 2", b"nothing of the kind"])
def test_broken_json_is_unreadable_and_says_where(data: bytes) -> None:
    with pytest.raises(DocumentError, match="line") as caught:
        read(data, "a.json")
    assert caught.value.code == "unreadable_document"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_in_its_encodings(encoding: str) -> None:
    assert "Größe" in texts(read('{"a": "Größe"}'.encode(encoding), "a.json"))[0]


def test_numbers_that_json_does_not_know_and_huge_ones() -> None:
    assert texts(read(b'{"a": NaN, "b": 1e999}', "a.json"))[0].startswith("Field | Value")
    assert code_of(b'{"a": ' + b"9" * 10_000 + b"}", "a.json") == "unreadable_document"
