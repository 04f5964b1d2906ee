"""The panel's page: framed by the widget's origins alone, with its theme as data, so that no inline script or style is needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from api.widget.palette import variables
from api.widget.registry import Widget
from api.widget.theme import LOCALES, RIGHT_TO_LEFT, logo_origin
from core.models import Json

_PAGE = """<!doctype html>
<html lang="{lang}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="stylesheet" href="/widget/v1/static/frame.css">
<script type="application/json" id="config">{config}</script>
<script type="module" src="/widget/v1/static/frame.js"></script>
</head>
<body></body>
</html>
"""


def locale_of(widget: Widget, asked: str | None, accepted: str) -> str:
    """The theme's, else the page's, else the browser's first that there is, else English."""
    wanted = [widget.theme.locale or "", asked or "", *(part.partition(";")[0] for part in accepted.split(","))]
    primary = (tag.strip().lower().partition("-")[0] for tag in wanted)
    return next((tag for tag in primary if tag in LOCALES), "en")


def panel_html(widget: Widget, *, locale: str, own: str, terms: Json) -> str:
    """`terms` is what the service tells this panel of tickets and limits."""
    config = {
        "widget": widget.id,
        "origins": [*widget.origins, *widget.served_by(own)],
        "locale": locale,
        "dir": direction(locale),
        **appearance(widget, locale),
        **terms,
    }
    return _PAGE.format(lang=locale, dir=direction(locale), title=escape(widget.theme.name), config=_in_html(config))


def appearance(widget: Widget, locale: str) -> Json:
    """What of a theme the panel reads."""
    theme = widget.theme
    shown = theme.model_dump(mode="json", include={"name", "logo", "mode", "position", "launcher", "powered_by"})
    words = theme.words_in(locale).model_dump(mode="json")
    return {"theme": shown, "words": words, "variables": variables(theme)}


def panel_policy(widget: Widget) -> str:
    """CSP: this page's own scripts and styles, its logo, and frames of the listed origins alone."""
    logo = logo_origin(widget.theme.logo)
    images = " ".join(["'self'", "data:", *([logo] if logo else [])])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src {images}; form-action 'none'; base-uri 'none'; frame-ancestors {_ancestors(widget.origins)}"
    )


def direction(locale: str) -> str:
    return "rtl" if locale in RIGHT_TO_LEFT else "ltr"


def _ancestors(origins: Sequence[str]) -> str:
    return " ".join(["'self'", *origins])


def _in_html(value: Json) -> str:
    """JSON inside a script element: nothing in it can end the element or begin a comment (HTML, 4.12.1.3)."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
