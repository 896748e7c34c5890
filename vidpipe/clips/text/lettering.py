"""Text on a canvas as ASS: measured, wrapped, in the fonts that have its letters.

Text from a transcript can never become a style or a command: what libass would
read as one is replaced by a look-alike.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pysubs2

from vidpipe.clips.colours import rgb
from vidpipe.clips.text.fonts import FontFallback, bundled_font
from vidpipe.text import joined


@functools.lru_cache(maxsize=64)
def _measure(font: Path, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font), size)


def text_width(text: str, size: int, letters: FontFallback | None = None) -> float:
    """Width in pixels of text at `size` pixels per em."""
    widths: list[float] = [
        _measure(font.path, size).getlength(run)
        for font, run in (letters or FontFallback(bundled_font())).runs(text)
    ]
    return sum(widths)


def line_height(size: int, letters: FontFallback) -> float:
    """Pixels from one line to the next, as libass sets them."""
    return size / letters.font.em


def safe_text(text: str) -> str:
    """Text that libass shows as it is: no override blocks, no escapes, no line breaks."""
    swap = {"\\": "\uff3c", "{": "\uff5b", "}": "\uff5d", "\n": " ", "\r": " "}
    return "".join(swap.get(c, c) for c in text if c >= " " or c in "\n\r")


def wrapped(
    words: Sequence[str], size: int, width: float, letters: FontFallback
) -> list[list[str]]:
    """As few lines as fit, each as full as can be."""
    lines: list[list[str]] = [[]]
    for word in words:
        trial = [*lines[-1], word]
        if lines[-1] and text_width(joined(trial), size, letters) > width:
            lines.append([word])
        else:
            lines[-1] = trial
    return lines


def balanced(
    words: Sequence[str], size: int, width: float, letters: FontFallback
) -> list[list[str]]:
    """As few lines as fit, of like width: the narrowest that still needs no more of them."""
    least = wrapped(words, size, width, letters)
    low, high = 0.4 * width, width
    for _ in range(8):
        middle = (low + high) / 2
        trial = wrapped(words, size, middle, letters)
        wide = max(text_width(joined(line), size, letters) for line in trial)
        if len(trial) <= len(least) and wide <= middle:
            least, high = trial, middle
        else:
            low = middle
    return least


def in_fonts(text: str, letters: FontFallback, size: int) -> str:
    """Text that changes to another font for what the first one lacks, and back."""
    back = f"{{\\fn\\fs{size / letters.font.em:.1f}}}"
    return "".join(
        run if used is letters.font else f"{{\\fn{used.family}\\fs{size / used.em:.1f}}}{run}{back}"
        for used, run in letters.runs(text)
    )


def from_right(text: str) -> bool:
    """Whether a text is written from right to left: by its first letter that says so."""
    strong = (unicodedata.bidirectional(c) for c in text)
    return next((kind in ("R", "AL") for kind in strong if kind in ("L", "R", "AL")), False)


def colour(code: str) -> pysubs2.Color:
    """A `#rrggbb` colour as a style has it."""
    return pysubs2.Color(*rgb(code))


def ass_hex(code: str) -> str:
    """A `#rrggbb` colour as an override has it."""
    red, green, blue = rgb(code)
    return f"&H{blue:02X}{green:02X}{red:02X}&"


def rounded_box(x: float, y: float, width: float, height: float, radius: float) -> str:
    """The outline of a box with round corners, as a drawing of ASS."""
    r = min(radius, width / 2, height / 2)
    k = 0.45 * r  # A cubic arc's handles end so far from the corner.
    left, top, right, bottom = x, y, x + width, y + height
    return (
        f"m {left + r:.0f} {top:.0f} l {right - r:.0f} {top:.0f} "
        f"b {right - k:.0f} {top:.0f} {right:.0f} {top + k:.0f} {right:.0f} {top + r:.0f} "
        f"l {right:.0f} {bottom - r:.0f} "
        f"b {right:.0f} {bottom - k:.0f} {right - k:.0f} {bottom:.0f} {right - r:.0f} {bottom:.0f} "
        f"l {left + r:.0f} {bottom:.0f} "
        f"b {left + k:.0f} {bottom:.0f} {left:.0f} {bottom - k:.0f} {left:.0f} {bottom - r:.0f} "
        f"l {left:.0f} {top + r:.0f} "
        f"b {left:.0f} {top + k:.0f} {left + k:.0f} {top:.0f} {left + r:.0f} {top:.0f}"
    )
