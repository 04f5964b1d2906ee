"""Records that other systems push, or leave as `.json` files: a stated schema, rendered to text with sections.

A ticket's resolution reads as problem, cause and resolution; a configuration record as a table of settings a section. Outside
data enters here, so it is validated by pydantic, and unknown keys are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from core.domain import Audience, DocType
from core.errors import DocumentError, InvalidRequestError
from core.versions import version_range
from ingest.formats.elements import Element, ElementKind, collapse, table_text

TYPES = ("ticket_resolution", "config_record", "document")

Text = Annotated[str, Field(min_length=1, max_length=200_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Setting = str | int | float | bool | None | list[str | int | float | bool]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RecordFields(Strict):
    """What every record may state about itself; the same keys as front matter."""

    title: str = Field(min_length=1, max_length=300)
    audience: Audience | None = Field(None, description="who may read it; the corpus' own audience if absent")
    product: Name | None = None
    version: Annotated[str, Field(max_length=100, examples=[">=7.2 <8.0"])] | None = None
    module: Name | None = None
    region: Name | None = None
    owner: Name | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    review_by: date | None = None
    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://\S+$")] | None = None

    @field_validator("version")
    @classmethod
    def _is_range(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                version_range(value)
            except InvalidRequestError as error:
                raise ValueError("write a range such as '>=7.2 <8.0', or one version") from error
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self


class Resolution(Strict):
    """How a ticket was solved. `resolution` is Markdown, or the steps in order."""

    problem: Text
    cause: Text | None = None
    resolution: Text | list[Text] = Field(min_length=1)
    environment: Text | None = Field(None, description="where it was seen: versions, hardware, settings")
    workaround: Text | None = None
    resolved_on: date | None = None


class TicketResolution(RecordFields):
    """A solved ticket: its parts in `fields`, or its text in `body`."""

    type: Literal["ticket_resolution"]
    customer: Name | None = None
    body: Text | None = None
    fields: Resolution | None = None

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        _check_one_text(self.body, self.fields)
        return self


class ConfigRecord(RecordFields):
    """How one customer's system is set up: sections of settings. Found only by who asks for that customer."""

    type: Literal["config_record"]
    customer: Name
    body: Text | None = None
    fields: dict[Name, dict[Name, Setting]] | None = Field(
        None, min_length=1, max_length=500, description="section → setting → value"
    )

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        _check_one_text(self.body, self.fields)
        return self


class PushedDocument(RecordFields):
    """Any other text, as Markdown."""

    type: Literal["document"]
    doc_type: DocType | None = None
    customer: Name | None = None
    body: Text


Record = Annotated[TicketResolution | ConfigRecord | PushedDocument, Field(discriminator="type")]

_RECORD: TypeAdapter[TicketResolution | ConfigRecord | PushedDocument] = TypeAdapter(Record)
_ADDRESS = frozenset(("corpus", "source"))
"""Where a pushed record goes; a file lies somewhere already."""

_DOC_TYPES = {"ticket_resolution": DocType.FAQ, "config_record": DocType.CONFIG_RECORD}


def _check_one_text(body: object, fields: object) -> None:
    if (body is None) == (fields is None):
        raise ValueError("give either body or fields")


def is_record(value: object) -> bool:
    """Does `value` mean to be one of ours? Many systems' JSON has a `type`, few have ours beside a title and a text."""
    return (
        isinstance(value, dict)
        and value.get("type") in TYPES
        and "title" in value
        and not {"body", "fields"}.isdisjoint(value)
    )


def read_record(value: Mapping[str, object]) -> TicketResolution | ConfigRecord | PushedDocument:
    """Raises `DocumentError` (`invalid_record`) that names the keys at fault, never their values."""
    try:
        return _RECORD.validate_python({key: each for key, each in value.items() if key not in _ADDRESS}, strict=False)
    except ValidationError as error:
        faults = sorted({".".join(str(part) for part in fault["loc"][1:]) or "record" for fault in error.errors()})
        raise DocumentError(
            f"the record does not meet its schema (see POST /v1/documents) in: {collapse(', '.join(faults))[:300]}",
            code="invalid_record",
        ) from error


def stated(record: TicketResolution | ConfigRecord | PushedDocument) -> dict[str, object]:
    """The record's metadata under the keys of front matter."""
    keys = record.model_dump(mode="json", exclude={"type", "body", "fields", "version"}, exclude_none=True)
    if doc_type := _DOC_TYPES.get(record.type):
        keys["doc_type"] = doc_type.value
    if record.version:
        keys["versions"] = record.version
    return keys


def markdown(record: TicketResolution | ConfigRecord | PushedDocument) -> str:
    """The record's text where it is Markdown: its body, or the parts of a resolution under a heading each."""
    match record:
        case TicketResolution(fields=Resolution() as fields):
            return "\n\n".join(_resolution(fields))
        case ConfigRecord(fields=dict()):
            return ""
        case _:
            return record.body or ""


def _resolution(fields: Resolution) -> Iterator[str]:
    parts = {
        "Problem": fields.problem,
        "Environment": fields.environment,
        "Cause": fields.cause,
        "Workaround": fields.workaround,
    }
    for name, text in parts.items():
        if text:
            yield f"## {name}\n\n{text}"
    steps = fields.resolution
    yield "## Resolution\n\n" + (
        steps
        if isinstance(steps, str)
        else "\n".join(f"{n}. {collapse(step)}" for n, step in enumerate(steps, start=1))
    )
    if fields.resolved_on:
        yield f"Resolved on {fields.resolved_on.isoformat()}."


def settings(record: TicketResolution | ConfigRecord | PushedDocument) -> list[Element]:
    """The sections of a configuration record, each a table of settings; nothing for other records."""
    if not isinstance(record, ConfigRecord) or record.fields is None:
        return []
    elements = []
    for section, values in record.fields.items():
        rows = [["Setting", "Value"], *([key, shown(value)] for key, value in values.items())]
        elements += [
            Element(ElementKind.HEADING, collapse(section), 2),
            Element(ElementKind.TABLE, table_text(rows)),
        ]
    return elements


def shown(value: object) -> str:
    """A JSON value as a cell: yes and no as such, a list with commas, anything deeper as JSON."""
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list() if not any(isinstance(item, list | dict) for item in value):
            return ", ".join(shown(item) for item in value) or "none"
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def canonical(record: RecordFields) -> bytes:
    """The bytes that a pushed record is kept as: the same record, whatever order its keys came in, the same bytes."""
    value = record.model_dump(mode="json", exclude=set(_ADDRESS), exclude_none=True)
    # Sections and settings keep the order that they came in: it is the order in which they are read.
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
