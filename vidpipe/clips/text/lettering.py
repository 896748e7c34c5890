"""Text on a canvas as ASS: measured, wrapped, in the fonts that have its letters.

Text from a transcript can never become a style or a command: what libass would
read as one is replaced by a look-alike.
"""

from __future__ import annotations

import functools
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pysubs2

from vidpipe.clips.colours import rgb
from vidpipe.clips.text.emoji import EMOJI_ADVANCE, EMOJI_WIDTH, EmojiPicture
from vidpipe.clips.text.fonts import Font, FontFallback, bundled_font
from vidpipe.text import joined


@functools.lru_cache(maxsize=64)
def _measure(font: Path, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font), size)


def text_width(text: str, size: int, letters: FontFallback | None = None) -> float:
    """Width in pixels of text at `size` pixels per em."""
    used = letters or FontFallback(bundled_font())
    width = 0.0
    for piece, is_picture in used.pieces(text):
        if is_picture:
            width += EMOJI_ADVANCE * size
        else:
            width += sum(_measure(font.path, size).getlength(run) for font, run in used.runs(piece))
    return width


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
    """Text that changes to another font for what the first one lacks, and back.

    Where a picture of an emoji is to be it has a gap: spaces that may not break.
    """
    back = f"{{\\fn\\fs{size / letters.font.em:.1f}}}"
    drawn = ""
    for piece, is_picture in letters.pieces(text):
        if is_picture:
            drawn += _gap(letters.font, size) + back
            continue
        for used, run in letters.runs(piece):
            inside = f"{{\\fn{used.family}\\fs{size / used.em:.1f}}}{run}{back}"
            drawn += run if used is letters.font else inside
    return drawn


def _gap(font: Font, size: int) -> str:
    """Spaces as wide as an emoji is advanced by; no larger than the letters."""
    space: float = _measure(font.path, size).getlength("\u00a0")
    wide = EMOJI_ADVANCE * size
    count = max(1, math.ceil(wide / space))
    return f"{{\\fs{size / font.em * wide / (count * space):.2f}}}" + "\\h" * count


def pictures_in(
    lines: Sequence[str], size: int, letters: FontFallback, edge: float, top: float, align: int
) -> list[EmojiPicture]:
    """The emoji of lines of text, where their gaps are.

    Args:
        lines: as they are shown.
        size: of the letters, in pixels.
        letters: what they are drawn in.
        edge: from where they are aligned, in pixels from the left.
        top: of the first line, in pixels.
        align: -1 for what begins at the edge, 0 for what is centred at it, 1 for what ends there.
    """
    found: list[EmojiPicture] = []
    if letters.emoji is None or all(line.isascii() for line in lines):
        return found
    high, wide = line_height(size, letters), round(EMOJI_WIDTH * size / 2) * 2
    for n, line in enumerate(lines):
        whole, before = text_width(line, size, letters), ""
        left = edge - whole * (1 + align) / 2
        # A flag would count as Latin; where it was there are blanks.
        backwards = from_right("".join(p for p, drawn in letters.pieces(line) if not drawn))
        for piece, is_picture in letters.pieces(line):
            if is_picture:
                along = text_width(before, size, letters) + EMOJI_ADVANCE * size / 2
                x = left + (whole - along if backwards else along)
                found.append(EmojiPicture(piece, x, top + (n + 0.5) * high, wide))
            before += piece
    return found


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
