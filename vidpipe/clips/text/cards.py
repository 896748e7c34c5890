"""Text that is no caption: the card over the first seconds, the title above a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pysubs2

from vidpipe.channels.model import Brand
from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.colours import readable_on
from vidpipe.clips.text.emoji import EmojiPicture
from vidpipe.clips.text.fonts import FontFallback
from vidpipe.clips.text.lettering import (
    balanced,
    colour,
    from_right,
    in_fonts,
    line_height,
    pictures_in,
    rounded_box,
    safe_text,
    text_width,
    wrapped,
)
from vidpipe.geometry import Rect, Size
from vidpipe.text import joined, split_words

_CARD_LINES = 3
#: Letters of a title, at a short side of 1080: the largest that fit are taken.
_TITLE_SIZES, _TITLE_LINES = (104, 96, 88, 80, 72, 66, 60, 54, 48, 42), 3
#: The bar beside a title, and how far from it the letters begin.
_BAR, _INDENT = 10, 32


@dataclass(frozen=True)
class TitleCard:
    """Text over the first seconds of a clip, in `box` on the canvas."""

    text: str
    until_s: float
    box: Rect


def add_opening(
    file: pysubs2.SSAFile,
    opening: TitleCard,
    look: pysubs2.SSAStyle,
    brand: Brand,
    size: int,
    font: FontFallback,
) -> list[EmojiPicture]:
    """A card at the top of the safe box: at most three lines, smaller letters where it is long.

    Returns its emoji.
    """
    words = split_words(safe_text(opening.text))
    for letters in (size, round(0.85 * size), round(0.7 * size)):
        lines = wrapped(words, letters, opening.box.width - letters, font)
        if len(lines) <= _CARD_LINES:
            break
    card = look.copy()
    card.fontsize = letters / font.font.em
    card.borderstyle = 3  # a box behind the letters, in the outline's colour
    card.outline = letters / 3
    card.outlinecolor = colour(brand.accent)
    card.primarycolor = colour(readable_on(brand.accent))
    card.alignment = pysubs2.Alignment.TOP_CENTER
    file.styles["Opening"] = card
    x, y = opening.box.center[0], opening.box.y + letters // 2
    shown = _cut(lines, _CARD_LINES)
    text = "\\N".join(in_fonts(line, font, letters) for line in shown)
    file.append(
        pysubs2.SSAEvent(
            start=0,
            end=round(opening.until_s * 1000),
            style="Opening",
            layer=1,
            text=f"{{\\pos({x:.0f},{y:.0f})\\fad(150,250)}}{text}",
        )
    )
    emoji = pictures_in(shown, letters, font, x, y, 0)
    return [picture.during(0.0, opening.until_s) for picture in emoji]


def add_title(
    file: pysubs2.SSAFile,
    title: str,
    arrangements: Sequence[tuple[float, float, CanvasLayout]],
    look: pysubs2.SSAStyle,
    brand: Brand,
    canvas: Size,
    font: FontFallback,
) -> list[EmojiPicture]:
    """The title where an arrangement has room for it: large, beside a bar in the accent colour.

    Returns its emoji.
    """
    places = _places(arrangements)
    emoji: list[EmojiPicture] = []
    if not places or not title:
        return emoji
    unit = min(canvas.width, canvas.height) / 1080
    card = look.copy()
    card.outline = 0
    card.primarycolor = colour(brand.text)
    file.styles["Title"] = card
    bar = card.copy()
    bar.primarycolor = colour(brand.accent)
    file.styles["TitleBar"] = bar
    right = from_right(title)
    for start_s, end_s, box in places:
        size, lines = _largest(title, box.width - _INDENT * unit, box.height, unit, font)
        high = line_height(size, font) * len(lines)
        edge = box.right - _INDENT * unit if right else box.x + _INDENT * unit
        place = (
            f"\\an{3 if right else 1}\\pos({edge:.0f},{box.bottom})\\fs{size / font.font.em:.1f}"
        )
        text = "\\N".join(in_fonts(line, font, size) for line in lines)
        emoji += (
            picture.during(start_s, end_s)
            for picture in pictures_in(
                lines, size, font, edge, box.bottom - high, 1 if right else -1
            )
        )
        thick = max(2.0, _BAR * unit)
        beside = rounded_box(
            box.right - thick if right else box.x,
            box.bottom - 0.94 * high,
            thick,
            0.88 * high,
            thick / 2,
        )
        drawn = f"{{\\an7\\pos(0,0)\\p1}}{beside}{{\\p0}}"
        start, end = round(start_s * 1000), round(end_s * 1000)
        for style, content in (("Title", f"{{{place}}}{text}"), ("TitleBar", drawn)):
            file.append(pysubs2.SSAEvent(start=start, end=end, style=style, text=content))
    return emoji


def _places(
    arrangements: Sequence[tuple[float, float, CanvasLayout]],
) -> list[tuple[float, float, Rect]]:
    """Where a title stands, and when; what follows without a change is one."""
    found: list[tuple[float, float, Rect]] = []
    for start_s, end_s, where in arrangements:
        if where.title is None:
            continue
        before = found.pop() if found and found[-1][1:] == (start_s, where.title) else None
        found.append((before[0] if before else start_s, end_s, where.title))
    return found


def _largest(
    title: str, width: float, height: float, unit: float, font: FontFallback
) -> tuple[int, list[str]]:
    """The size at which a title fits, and its lines; at the least one what fits of it."""
    words = split_words(safe_text(title))
    for size in (round(s * unit) for s in _TITLE_SIZES):
        lines = balanced(words, size, width, font)
        room = min(_TITLE_LINES, int(height / line_height(size, font)))
        widest = balanced([max(words, key=len)], size, width, font)
        if len(lines) <= room and len(widest) == 1:
            break
    wide = max(text_width(word, size, font) for word in words)
    if wide > width:
        # One word alone is wider than its place at the least size.
        size = max(1, int(size * width / wide))
        lines = balanced(words, size, width, font)
        room = min(_TITLE_LINES, int(height / line_height(size, font)))
    return size, _cut(lines, max(1, room))


def _cut(lines: Sequence[Sequence[str]], most: int) -> list[str]:
    """At most so many lines; the last one says when more would follow."""
    shown = [joined(line) for line in lines[:most]]
    if len(lines) > most:
        shown[-1] = joined([*lines[most - 1][:-1], "…"])
    return shown
