"""What the widget's routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.schemas import Body
from api.widget.identity import Algorithm, IdentityKey
from api.widget.registry import Widget, WidgetChange
from core.domain import Audience


class _WidgetFields(Body):
    audience: Audience | None = Field(None, description="the most that a visitor with a signed identity may read")
    enabled: bool | None = None
    theme: dict[str, Any] | None = Field(None, description="name, logo, colours, words: see docs/white-label.md")
    domain: str | None = Field(
        None, max_length=300, description="your own address of this service, https://help.example.com; empty: none"
    )


class WidgetIn(_WidgetFields):
    name: str = Field(min_length=1, max_length=100, examples=["Partner portal"])
    origins: list[str] = Field(
        [], max_length=1000, description="pages' origins that may show it", examples=[["https://portal.example.com"]]
    )

    def to_domain(self) -> WidgetChange:
        return WidgetChange(**self.model_dump())


class WidgetPatch(_WidgetFields):
    """Fields that are absent stay."""

    name: str | None = Field(None, min_length=1, max_length=100)
    origins: list[str] | None = Field(None, max_length=1000)

    def to_domain(self) -> WidgetChange:
        return WidgetChange(**self.model_dump())


class KeyIn(Body):
    algorithm: Algorithm = Field(Algorithm.HS256, description="HS256: a secret is made; EdDSA: bring a public key")
    issuer: str = Field(min_length=1, max_length=200, description="the tokens' `iss`", examples=["portal.example.com"])
    public_key: str | None = Field(None, max_length=2000, description="Ed25519, PEM; for EdDSA alone")


class ThemeIn(Body):
    theme: dict[str, Any]


class ThemeOut(BaseModel):
    """The complete theme, and the style sheet's variables that follow from it."""

    theme: dict[str, Any]
    variables: dict[str, dict[str, str]]


class KeyOut(BaseModel):
    kid: str
    algorithm: Algorithm
    issuer: str
    created_at: datetime
    retires_at: datetime | None = Field(description="when a rotated key stops to verify")
    secret: str | None = Field(None, description="of a new HS256 key, this once")

    @classmethod
    def of(cls, key: IdentityKey) -> KeyOut:
        return cls(**{name: getattr(key, name) for name in cls.model_fields})


class WidgetOut(BaseModel):
    id: str
    name: str
    origins: list[str]
    domain: str | None
    audience: Audience
    enabled: bool
    theme: dict[str, Any]
    created_at: datetime
    keys: list[KeyOut] = []
    snippet: str = Field(description="what goes into the page")

    @classmethod
    def of(cls, widget: Widget, *, own: str, keys: list[IdentityKey] | None = None) -> WidgetOut:
        return cls(
            id=widget.id,
            name=widget.name,
            origins=list(widget.origins),
            domain=widget.domain,
            audience=widget.audience,
            enabled=widget.enabled,
            theme=widget.theme.model_dump(mode="json"),
            created_at=widget.created_at,
            keys=[KeyOut.of(key) for key in keys or []],
            snippet=f'<script async src="{widget.domain or own}/widget/v1/loader.js" data-widget="{widget.id}"></script>',
        )


class WidgetsOut(BaseModel):
    widgets: list[WidgetOut]


class KnockIn(Body):
    widget_id: str = Field(max_length=64)
    ticket: str = Field(max_length=200, description="from the panel's own page")
    origin: str = Field(max_length=300, description="of the page around the panel")
    visitor: str = Field(pattern=r"^[A-Za-z0-9_-]{32,64}$", description="random, kept by the browser")
    token: str | None = Field(None, max_length=20_000, description="a JWT that the partner's backend signed")
    work: str = Field("", max_length=20, description="the proof of work, where one is asked for")


class VisitOut(BaseModel):
    token: str
    expires_in_s: int
    visitor: str = Field(description="a pseudonym; the same for the same person or browser")
    identified: bool
    audience: Audience
