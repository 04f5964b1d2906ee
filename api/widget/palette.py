"""The style sheet's variables, derived from a theme's four colours so that every pair of them can be read."""

from __future__ import annotations

from api.widget.colours import CONTROL_CONTRAST, TEXT_CONTRAST, contrast, fading, mixed, nearest, readable_on
from api.widget.theme import Colours, Font, Theme

_FONTS = {
    Font.SYSTEM: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
    Font.HUMANIST: 'Seravek, "Gill Sans Nova", Ubuntu, Calibri, "DejaVu Sans", source-sans-pro, sans-serif',
    Font.SERIF: 'Charter, "Bitstream Charter", "Sitka Text", Cambria, "DejaVu Serif", serif',
}
_LENGTHS = {
    "--text": "100%",
    "--panel-width": "400px",
    "--panel-height": "680px",
    "--launcher-size": "64px",
    "--edge": "16px",
}
_SIGNALS = {
    "#ffffff": {
        "--amber": "#2d2614",
        "--amber-line": "#53451e",
        "--amber-ink": "#f2d48d",
        "--rose": "#331d1c",
        "--rose-line": "#5c302d",
        "--rose-ink": "#f6b8b2",
        "--shadow": "0 1px 2px rgb(0 0 0 / 40%), 0 10px 28px -14px rgb(0 0 0 / 60%)",
    },
    "#000000": {
        "--amber": "#fcf3dd",
        "--amber-line": "#ecd9a6",
        "--amber-ink": "#674700",
        "--rose": "#fcecea",
        "--rose-line": "#f1cbc6",
        "--rose-ink": "#8c1d18",
        "--shadow": "0 1px 2px rgb(27 36 38 / 5%), 0 8px 24px -12px rgb(27 36 38 / 14%)",
    },
}
"""Warnings and faults keep their colours under every theme, by whether white or black is read on its page."""

Pair = tuple[tuple[str, ...], float]
PAIRS: dict[str, Pair] = {
    "--tint": (("--ink", "--accent", "--muted"), TEXT_CONTRAST),
    "--muted": (("--page", "--card", "--tint"), TEXT_CONTRAST),
    "--mark": (("--ink",), TEXT_CONTRAST),
    "--accent-strong": (("--on-accent",), TEXT_CONTRAST),
    "--control": (("--page", "--card"), CONTROL_CONTRAST),
}
"""What each shade that a theme may state meets, and the contrast that it needs with each of them."""


def variables(theme: Theme) -> dict[str, dict[str, str]]:
    """Values by custom property, for `both`, `light` and `dark`: what the theme states by itself, the rest derived."""
    own = {"both": theme.variables.both, "light": theme.variables.light, "dark": theme.variables.dark}
    return {place: found | {**own[place]} for place, found in derived(theme).items()}


def derived(theme: Theme) -> dict[str, dict[str, str]]:
    """As `variables`, whatever the theme states by itself."""
    both = {"--radius": f"{theme.radius}px", "--sans": _FONTS[theme.font], **_LENGTHS}
    return {"both": both, "light": _palette(theme.light), "dark": _palette(theme.dark)}


def _palette(colours: Colours) -> dict[str, str]:
    accent, page, surface, ink = colours.accent, colours.page, colours.surface, colours.ink
    grounds, on_accent = (page, surface), readable_on(accent)
    # A tint as strong as both the accent and the ink can still be read on.
    tint = fading(surface, accent, 0.14, lambda c: min(contrast(accent, c), contrast(ink, c)) >= TEXT_CONTRAST)
    muted = fading(ink, surface, 0.35, lambda c: min(contrast(c, g) for g in (*grounds, tint)) >= TEXT_CONTRAST)
    return {
        "--accent": accent,
        "--accent-strong": fading(accent, ink, 0.25, lambda c: contrast(on_accent, c) >= TEXT_CONTRAST),
        "--on-accent": on_accent,
        "--page": page,
        "--card": surface,
        "--ink": ink,
        "--muted": muted,
        "--tint": tint,
        "--tint-line": mixed(surface, accent, 0.28),
        "--line": mixed(surface, ink, 0.14),
        "--mark": fading(surface, "#ffd23f", 0.4, lambda c: contrast(ink, c) >= TEXT_CONTRAST),
        "--control": nearest(mixed(surface, ink, 0.5), grounds, CONTROL_CONTRAST) or ink,
        **_SIGNALS[readable_on(page)],
    }
