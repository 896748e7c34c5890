"""Colours as a channel writes them: `#rrggbb`; how bright they are and how far apart (WCAG 2)."""

from __future__ import annotations

from vidpipe.channels.model import Colour


def rgb(code: Colour) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def code_of(red: float, green: float, blue: float) -> Colour:
    """The code of a colour whose parts are 0 to 1."""
    return "#" + "".join(f"{round(255 * c):02x}" for c in (red, green, blue))


def luminance(code: Colour) -> float:
    """Relative luminance, 0 to 1."""
    parts = (c / 255 for c in rgb(code))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(code: Colour) -> Colour:
    """Black or white, whichever stands out."""
    return max(("#000000", "#ffffff"), key=lambda text: contrast(text, code))
