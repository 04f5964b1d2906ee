"""How a tenant's widget looks and what it calls itself.

The sentence that says "you are talking to an AI assistant" is no part of a theme: no field can change or remove it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

LOCALES = ("en", "de", "fr", "es", "pt", "ar")
RIGHT_TO_LEFT = frozenset({"ar"})

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True), Field(examples=["#0b5d57"])]
Locale = Literal["en", "de", "fr", "es", "pt", "ar"]
Line = Annotated[str, Field(min_length=1, max_length=200)]


class Font(StrEnum):
    SYSTEM = "system"
    HUMANIST = "humanist"
    SERIF = "serif"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Colours(_Part):
    """`accent` for buttons, links and the launcher; `page` behind everything, `surface` of cards, `ink` for text."""

    accent: Colour = "#0b5d57"
    page: Colour = "#f6f5f1"
    surface: Colour = "#ffffff"
    ink: Colour = "#1b2426"


class DarkColours(Colours):
    accent: Colour = "#7fd3c6"
    page: Colour = "#121719"
    surface: Colour = "#1b2224"
    ink: Colour = "#e6ecec"


LENGTHS = {
    "--gutter": (8, 32, "px"),
    "--text": (90, 125, "%"),
    "--panel-width": (320, 560, "px"),
    "--panel-height": (400, 900, "px"),
    "--launcher-size": (48, 80, "px"),
    "--edge": (0, 64, "px"),
}
"""What a theme may measure by itself, and how far: space beside the text, size of the text (of what the visitor has set), panel,
launcher, distance from the window's edges."""
Shade = Annotated[str, Field(pattern=r"^--(line|tint|tint-line|muted|mark|accent-strong|control)$")]
"""Follows from the four colours unless a theme says otherwise; what stands on it must be readable all the same."""


class Variables(_Part):
    """Custom properties of the panel's style sheet, by where they hold."""

    both: dict[str, str] = {}
    light: dict[Shade, Colour] = {}
    dark: dict[Shade, Colour] = {}

    @field_validator("both")
    @classmethod
    def _measured(cls, given: dict[str, str]) -> dict[str, str]:
        for name, length in given.items():
            if name not in LENGTHS:
                raise ValueError(f"{name[:40]} is none of {', '.join(LENGTHS)}")
            low, high, unit = LENGTHS[name]
            number = length.removesuffix(unit)
            if not (length.endswith(unit) and number.isascii() and number.isdigit() and low <= int(number) <= high):
                raise ValueError(f"{name} is a length from {low}{unit} to {high}{unit}")
        return given


class Words(_Part):
    """What a theme may say in its own words, in one language."""

    title: str | None = Field(None, min_length=1, max_length=60)
    greeting: str | None = Field(None, min_length=1, max_length=400)
    placeholder: str | None = Field(None, min_length=1, max_length=80)
    launcher: str | None = Field(None, min_length=1, max_length=40)
    suggestions: tuple[Line, ...] = Field((), max_length=4)


class Theme(_Part):
    name: str = Field("Partner Copilot", min_length=1, max_length=60)
    logo: str | None = Field(
        None, max_length=200_000, description="https://… or data:image/png;base64,…; absent: the name's first letter"
    )
    light: Colours = Colours()
    dark: DarkColours = DarkColours()
    mode: Literal["auto", "light", "dark"] = "auto"
    position: Literal["end", "start"] = Field("end", description="the corner below, at the end or the start of a line")
    launcher: Literal["icon", "label", "none"] = Field("icon", description="none: the page opens the widget by itself")
    radius: int = Field(16, ge=0, le=24, description="pixels")
    font: Font = Font.SYSTEM
    locale: Locale | None = Field(None, description="the visitor's own language if absent")
    variables: Variables = Variables()
    words: dict[Locale, Words] = {}
    powered_by: bool = True

    def words_in(self, locale: str) -> Words:
        """In `locale`; none where the theme has none, for the panel's own are translated."""
        return next((words for name, words in self.words.items() if name == locale), Words())


def logo_origin(logo: str | None) -> str | None:
    """The one foreign origin that the panel may load a picture from."""
    parts = urlsplit(logo) if logo and logo.startswith("https://") else None
    return f"https://{parts.netloc}" if parts else None
