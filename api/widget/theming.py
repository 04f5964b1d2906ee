"""What is taken for a theme: colours that nobody could read are refused with the nearest that work."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

from pydantic import ValidationError

from api.widget.colours import TEXT_CONTRAST, contrast, nearest
from api.widget.palette import PAIRS, derived, variables
from api.widget.theme import Colours, Theme
from core.errors import InvalidRequestError
from core.models import Json

_PNG = "data:image/png;base64,"


def theme_of(given: Json, *, max_logo_bytes: int) -> Theme:
    """Raises `InvalidRequestError`: `invalid_theme`, or `theme_contrast`, whose member `colours` names what to use instead."""
    try:
        theme = Theme.model_validate(given)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise InvalidRequestError(f"the theme cannot be used: {said}", code="invalid_theme") from None
    if theme.logo is not None:
        _require_logo(theme.logo, max_logo_bytes)
    faults = [fault for mode in ("light", "dark") for fault in _faults(mode, getattr(theme, mode))]
    # Shades are judged beside colours that can be read: else each fault would be told twice.
    if faults := faults or _shade_faults(theme):
        raise InvalidRequestError(
            f"text in these colours cannot be read: {'; '.join(map(_sentence, faults))}",
            code="theme_contrast",
            members={"colours": faults},
        )
    return theme


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
    return _told(f"{mode}.{name}", given, ratio, TEXT_CONTRAST, use)


def _shade_faults(theme: Theme) -> list[Json]:
    """Of the shades that a theme states by itself."""
    found = []
    for mode, given in (("light", theme.variables.light), ("dark", theme.variables.dark)):
        palette = variables(theme)[mode]
        for name, shade in given.items():
            against, needed = PAIRS.get(name, ((), 1.0))
            others = [palette[other] for other in against]
            ratio = min((contrast(shade, other) for other in others), default=needed)
            if ratio < needed:
                use = nearest(shade, others, needed) or derived(theme)[mode][name]
                found.append(_told(f"variables.{mode}.{name}", shade, ratio, needed, use))
    return found


def _told(colour: str, given: str, ratio: float, needed: float, use: str) -> Json:
    return {"colour": colour, "given": given, "contrast": round(ratio, 2), "needed": needed, "use": use}


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
