"""The style sheet's variables, derived from a theme's four colours so that every pair of them can be read."""

from __future__ import annotations

from api.widget.colours import CONTROL_CONTRAST, TEXT_CONTRAST, contrast, fading, mixed, nearest, readable_on
from api.widget.theme import Colours, Font, Theme

_FONTS = {
    Font.SYSTEM: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
    Font.HUMANIST: 'Seravek, "Gill Sans Nova", Ubuntu, Calibri, "DejaVu Sans", source-sans-pro, sans-serif',
    Font.SERIF: 'Charter, "Bitstream Charter", "Sitka Text", Cambria, "DejaVu Serif", serif',
}


def variables(theme: Theme) -> dict[str, dict[str, str]]:
    """Values by custom property, for `both`, `light` and `dark`."""
    both = {"--radius": f"{theme.radius}px", "--sans": _FONTS[theme.font]}
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
    }
