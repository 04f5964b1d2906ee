"""Contrast of colours, and the nearest colour that has enough of it.

Contrast ratio: WCAG 2.2 ("relative luminance", "contrast ratio"). Distance: OKLab (Ottosson 2020), whose equal steps look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

RGB = tuple[float, float, float]
"""sRGB, 0…1."""

TEXT_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3 (AA), for text of any size."""
CONTROL_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11: what a control is recognised by."""

_WHITE, _BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
_STEPS = 256


def parsed(text: str) -> RGB:
    """Of `#rrggbb`."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def written(colour: RGB) -> str:
    return "#" + "".join(f"{round(max(0.0, min(1.0, part)) * 255):02x}" for part in colour)


def mixed(colour: str, with_: str, share: float) -> str:
    """`share` (0…1) of the second colour in the first."""
    return written(_mix(parsed(colour), parsed(with_), share))


def contrast(one: str, other: str) -> float:
    """1…21."""
    dark, light = sorted((_luminance(parsed(one)), _luminance(parsed(other))))
    return (light + 0.05) / (dark + 0.05)


def readable_on(colour: str) -> str:
    """Black or white, whichever stands out more: one of them always has 4.5."""
    return max("#ffffff", "#000000", key=lambda text: contrast(text, colour))


def nearest(colour: str, against: Sequence[str], needed: float) -> str | None:
    """The colour closest to `colour` that has the contrast `needed` with each of `against`; None where no shade of it has."""
    found = [shade for end in (_WHITE, _BLACK) if (shade := _first(colour, end, against, needed))]
    return min(found, key=lambda shade: _distance(shade, colour), default=None)


def fading(colour: str, into: str, share: float, good: Callable[[str], bool]) -> str:
    """`colour` mixed into `into` by `share`, or by as much less as makes it good."""
    steps = [share * (1 - i / 20) for i in range(21)]
    return next((shade for step in steps if good(shade := mixed(colour, into, step))), colour)


def _first(colour: str, end: RGB, against: Sequence[str], needed: float) -> str | None:
    """The first shade on the way to `end` that is good."""
    for step in range(_STEPS + 1):
        shade = written(_mix(parsed(colour), end, step / _STEPS))
        if all(contrast(shade, other) >= needed for other in against):
            return shade
    return None


def _mix(one: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _linear(colour: RGB) -> RGB:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return red, green, blue


def _luminance(colour: RGB) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _distance(one: str, other: str) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(_oklab(parsed(one)), _oklab(parsed(other)), strict=True)))


def _oklab(colour: RGB) -> RGB:
    r, g, b = _linear(colour)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )
