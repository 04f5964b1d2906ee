"""How a tenant's widget looks and what it calls itself; colours that nobody could read are refused with the nearest that work.

The sentence that says "you are talking to an AI assistant" is no part of a theme: no field can change or remove it.
"""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from api.widget.colours import TEXT_CONTRAST, contrast, nearest
from core.errors import InvalidRequestError
from core.models import Json

LOCALES = ("en", "de", "fr", "es", "pt", "ar")
RIGHT_TO_LEFT = frozenset({"ar"})

Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$", examples=["#0b5d57"])]
Locale = Literal["en", "de", "fr", "es", "pt", "ar"]
Line = Annotated[str, Field(min_length=1, max_length=200)]
_PNG = "data:image/png;base64,"


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

    @field_validator("*", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


class DarkColours(Colours):
    accent: Colour = "#7fd3c6"
    page: Colour = "#121719"
    surface: Colour = "#1b2224"
    ink: Colour = "#e6ecec"


class Words(_Part):
    """What a theme may say in its own words, in one language."""

    title: str | None = Field(None, min_length=1, max_length=60)
    greeting: str | None = Field(None, min_length=1, max_length=400)
    placeholder: str | None = Field(None, min_length=1, max_length=80)
    launcher: str | None = Field(None, min_length=1, max_length=40)
    suggestions: tuple[Line, ...] = Field((), max_length=4)


class Theme(_Part):
    name: str = Field("Partner Copilot", min_length=1, max_length=60)
    logo: str | None = Field(None, max_length=200_000, description="https://… or data:image/png;base64,…")
    light: Colours = Colours()
    dark: DarkColours = DarkColours()
    mode: Literal["auto", "light", "dark"] = "auto"
    position: Literal["end", "start"] = Field("end", description="the corner below, at the end or the start of a line")
    launcher: Literal["icon", "label", "none"] = Field("icon", description="none: the page opens the widget by itself")
    radius: int = Field(16, ge=0, le=24, description="pixels")
    font: Font = Font.SYSTEM
    locale: Locale | None = Field(None, description="the visitor's own language if absent")
    words: dict[Locale, Words] = {}
    powered_by: bool = True

    def words_in(self, locale: str) -> Words:
        """In `locale`, else in English, else none."""
        return next((self.words[name] for name in LOCALES if name == locale and name in self.words), None) or Words()


def theme_of(given: Json, *, max_logo_bytes: int) -> Theme:
    """Raises `InvalidRequestError`: `invalid_theme`, or `theme_contrast`, whose member `colours` names what to use instead."""
    try:
        theme = Theme.model_validate(given)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise InvalidRequestError(f"the theme cannot be used: {said}", code="invalid_theme") from None
    if theme.logo is not None:
        _require_logo(theme.logo, max_logo_bytes)
    if faults := [fault for mode in ("light", "dark") for fault in _faults(mode, getattr(theme, mode))]:
        raise InvalidRequestError(
            f"text in these colours cannot be read: {'; '.join(map(_sentence, faults))}",
            code="theme_contrast",
            members={"colours": faults},
        )
    return theme


def logo_origin(logo: str | None) -> str | None:
    """The one foreign origin that the panel may load a picture from."""
    parts = urlsplit(logo) if logo and logo.startswith("https://") else None
    return f"https://{parts.netloc}" if parts else None


def _faults(mode: str, colours: Colours) -> list[Json]:
    """Text stands on the page and on cards; links and buttons take the accent."""
    grounds = (colours.page, colours.surface)
    ratios = {name: min(contrast(getattr(colours, name), ground) for ground in grounds) for name in ("ink", "accent")}
    return [_fault(mode, name, colours, ratio) for name, ratio in ratios.items() if ratio < TEXT_CONTRAST]


def _fault(mode: str, name: str, colours: Colours, ratio: float) -> Json:
    given = getattr(colours, name)
    use = nearest(given, (colours.page, colours.surface), TEXT_CONTRAST)
    if use is None:  # the grounds are so far apart that nothing stands out from both
        name, given, use = "surface", colours.surface, colours.page
    return {
        "colour": f"{mode}.{name}",
        "given": given,
        "contrast": round(ratio, 2),
        "needed": TEXT_CONTRAST,
        "use": use,
    }


def _sentence(fault: Json) -> str:
    return f"{fault['colour']} {fault['given']} has {fault['contrast']}:1 and needs {fault['needed']}:1; use {fault['use']}"


def _require_logo(logo: str, limit: int) -> None:
    if logo.startswith(_PNG):
        try:
            data = base64.b64decode(logo.removeprefix(_PNG), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidRequestError("the logo is no base64", code="invalid_logo") from None
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            raise InvalidRequestError("the logo is no PNG", code="invalid_logo")
        if len(data) > limit:
            raise InvalidRequestError(
                f"the logo has more than {limit:,} bytes (COPILOT_WIDGET__MAX_LOGO_BYTES)", code="invalid_logo"
            )
        return
    parts = urlsplit(logo)
    plain = all(c.isascii() and (c.isalnum() or c in ".-:") for c in parts.netloc)
    if parts.scheme != "https" or not parts.hostname or not plain or any(c <= " " for c in logo):
        raise InvalidRequestError(
            "a logo is an https:// address or a PNG as data:image/png;base64,…", code="invalid_logo"
        )
