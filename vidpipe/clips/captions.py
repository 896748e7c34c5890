"""Burned-in captions as ASS: word by word, where they cover nothing.

Text from a transcript can never become a style or a command: what libass would
read as one is replaced by a look-alike.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysubs2

from vidpipe.channels.model import Brand, CaptionStyle
from vidpipe.clips.arrange import Arrangement
from vidpipe.clips.fonts import Lettering, carried_font
from vidpipe.geometry import Rect, Size
from vidpipe.orthography import bare, ends_clause, ends_sentence, joined, spaced, split_words
from vidpipe.timeline import EditList
from vidpipe.transcript.model import Word

_MAX_LINES = 2
#: A caption is cleared when nobody speaks for this long.
_HOLD_S = 0.35
_BREAK_GAP_S = 0.5
_CARD_LINES = 3


@dataclass(frozen=True)
class Opening:
    """Text over the first seconds of a clip, in `box` on the canvas."""

    text: str
    until_s: float
    box: Rect


@functools.lru_cache(maxsize=64)
def _measure(font: Path, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(font), size)


def text_width(text: str, size: int, letters: Lettering | None = None) -> float:
    """Width in pixels of text at `size` pixels per em."""
    widths: list[float] = [
        _measure(font.path, size).getlength(run)
        for font, run in (letters or Lettering(carried_font())).runs(text)
    ]
    return sum(widths)


def clip_words(words: Sequence[Word], edit: EditList) -> list[Word]:
    """The words that a clip keeps, on the clip's own timeline."""
    kept = []
    for item in edit.intervals:
        for word in words:
            middle = (word.start_s + word.end_s) / 2
            if item.contains(middle):
                start, end = (
                    edit.to_clip(max(word.start_s, item.start_s)),
                    edit.to_clip(min(word.end_s, item.end_s - 1e-6)),
                )
                if end - start < 0.02:
                    end = start + 0.02
                kept.append(
                    word.model_copy(update={"start_s": round(start, 3), "end_s": round(end, 3)})
                )
    return kept


def safe_text(text: str) -> str:
    """Text that libass shows as it is: no override blocks, no escapes, no line breaks."""
    swap = {"\\": "\uff3c", "{": "\uff5b", "}": "\uff5d", "\n": " ", "\r": " "}
    return "".join(swap.get(c, c) for c in text if c >= " " or c in "\n\r")


def groups_of(
    words: Sequence[Word],
    style: CaptionStyle,
    size: int,
    width: int,
    font: Lettering | None = None,
) -> list[list[list[Word]]]:
    """Captions: each a list of lines of words that fit `width`, broken at phrases."""
    groups: list[list[list[Word]]] = []
    current: list[Word] = []
    for k, word in enumerate(words):
        trial = [*current, word]
        gap = word.start_s - current[-1].end_s if current else 0.0
        ended = bool(current) and ends_sentence(current[-1].text)
        clause = bool(current) and ends_clause(current[-1].text) and len(current) >= 3
        too_wide = _lines(trial, style, size, width, font) is None
        if current and (
            too_wide or gap > _BREAK_GAP_S or ended or clause or len(trial) > style.max_words
        ):
            groups.append(_lines(current, style, size, width, font) or [current])
            current = [word]
        else:
            current = trial
        if k == len(words) - 1:
            groups.append(_lines(current, style, size, width, font) or [current])
    return groups


def _shown(word: Word, style: CaptionStyle) -> str:
    text = safe_text(word.text)
    text = text.upper() if style.uppercase else text
    symbol = style.emoji.get(bare(word.text))
    return f"{text} {safe_text(symbol)}" if symbol else text


def _lines(
    words: Sequence[Word], style: CaptionStyle, size: int, width: int, font: Lettering | None
) -> list[list[Word]] | None:
    """One line, or two of like width; None when that does not fit."""

    def wide(part: Sequence[Word]) -> float:
        return text_width(joined(_shown(w, style) for w in part), size, font)

    if wide(words) <= width:
        return [list(words)]
    options = [
        (abs(wide(words[:k]) - wide(words[k:])), k)
        for k in range(1, len(words))
        if wide(words[:k]) <= width and wide(words[k:]) <= width
    ]
    if not options:
        return None
    k = min(options)[1]
    return [list(words[:k]), list(words[k:])]


def write_captions(
    words: Sequence[Word],
    arrangements: Sequence[tuple[float, float, Arrangement]],
    style: CaptionStyle,
    brand: Brand,
    canvas: Size,
    target: Path,
    opening: Opening | None = None,
    font: Lettering | None = None,
) -> None:
    """Write the ASS file.

    Args:
        words: on the clip's timeline.
        arrangements: (start, end, arrangement) in clip seconds, covering the clip.
        style: of the channel.
        brand: colours.
        canvas: size of the picture.
        target: the file.
        opening: text over the first seconds, if any.
        font: what letters are drawn in; the carried one by default.
    """
    font = font or Lettering(carried_font())
    size = round(style.font_size * min(canvas.width, canvas.height) / 1080)
    width = min(a.caption.width for _, _, a in arrangements)
    file = pysubs2.SSAFile()
    file.info.update(
        {
            "PlayResX": str(canvas.width),
            "PlayResY": str(canvas.height),
            "WrapStyle": "2",
            "ScaledBorderAndShadow": "yes",
            "YCbCr Matrix": "TV.709",
        }
    )
    look = pysubs2.SSAStyle(
        fontname=font.font.family,
        fontsize=size / font.font.em,
        bold=True,
        primarycolor=_colour(brand.text),
        outlinecolor=_colour(brand.outline),
        outline=max(2.0, size / 14),
        # A shadow costs as much to blend as the outline and adds nothing beside it.
        shadow=0,
        # Whether a line runs from right to left is told from its letters.
        encoding=-1,
        alignment=pysubs2.Alignment.MIDDLE_CENTER,
    )
    file.styles["Caption"] = look
    if opening is not None and opening.text:
        _open(file, opening, look, brand, size, font)
    groups = groups_of(words, style, size, width, font)
    for k, group in enumerate(groups):
        flat = [w for line in group for w in line]
        following = groups[k + 1][0][0].start_s if k + 1 < len(groups) else float("inf")
        end_s = min(flat[-1].end_s + _HOLD_S, following)
        for i, word in enumerate(flat):
            until = flat[i + 1].start_s if i + 1 < len(flat) else end_s
            if until <= word.start_s:
                continue
            text = "\\N".join(_line(line, word, style, brand, font, size) for line in group)
            for start_s, stop_s, box in _boxes(arrangements, word.start_s, until):
                cx, cy = box.center
                file.append(
                    pysubs2.SSAEvent(
                        start=round(start_s * 1000),
                        end=round(stop_s * 1000),
                        style="Caption",
                        text=f"{{\\pos({cx:.0f},{cy:.0f})}}{text}",
                    )
                )
    file.save(str(target), format_="ass")


def _open(
    file: pysubs2.SSAFile,
    opening: Opening,
    look: pysubs2.SSAStyle,
    brand: Brand,
    size: int,
    font: Lettering,
) -> None:
    """A card at the top of the safe box: at most three lines, smaller letters where it is long."""
    words = [Word(text=t, start_s=0, end_s=0) for t in split_words(safe_text(opening.text))]
    for letters in (size, round(0.85 * size), round(0.7 * size)):
        lines = _wrapped(words, letters, opening.box.width - letters, font)
        if len(lines) <= _CARD_LINES:
            break
    if len(lines) > _CARD_LINES:
        lines = lines[:_CARD_LINES]
        lines[-1] = [*lines[-1][:-1], Word(text="…", start_s=0, end_s=0)]
    card = look.copy()
    card.fontsize = letters / font.font.em
    card.borderstyle = 3  # a box behind the letters, in the outline's colour
    card.outline = letters / 3
    card.outlinecolor = _colour(brand.accent)
    card.primarycolor = _colour(_readable_on(brand.accent))
    card.alignment = pysubs2.Alignment.TOP_CENTER
    file.styles["Opening"] = card
    x, y = opening.box.center[0], opening.box.y + letters // 2
    text = "\\N".join(_in_fonts(joined(w.text for w in line), font, letters) for line in lines)
    file.append(
        pysubs2.SSAEvent(
            start=0,
            end=round(opening.until_s * 1000),
            style="Opening",
            layer=1,
            text=f"{{\\pos({x:.0f},{y:.0f})\\fad(150,250)}}{text}",
        )
    )


def _wrapped(words: Sequence[Word], size: int, width: int, font: Lettering) -> list[list[Word]]:
    """As few lines as fit, each as full as can be."""
    lines: list[list[Word]] = [[]]
    for word in words:
        trial = [*lines[-1], word]
        if lines[-1] and text_width(joined(w.text for w in trial), size, font) > width:
            lines.append([word])
        else:
            lines[-1] = trial
    return lines


def _readable_on(colour: str) -> str:
    """Black or white, whichever stands out (relative luminance, WCAG 2)."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18
    return "#000000" if bright else "#ffffff"


def _line(
    words: Sequence[Word],
    lit: Word,
    style: CaptionStyle,
    brand: Brand,
    font: Lettering,
    size: int,
) -> str:
    """A line as ASS text; scripts without spaces get none."""
    text = ""
    for k, word in enumerate(words):
        text += " " if k and spaced(words[k - 1].text, word.text) else ""
        shown = _in_fonts(_shown(word, style), font, size)
        text += _lit(shown, brand) if word is lit else shown
    return text


def _in_fonts(text: str, font: Lettering, size: int) -> str:
    """Text that changes to another font for what the first one lacks, and back."""
    return "".join(
        run
        if used is font.font
        else f"{{\\fn{used.family}\\fs{size / used.em:.1f}}}{run}{{\\fn\\fs}}"
        for used, run in font.runs(text)
    )


def _lit(shown: str, brand: Brand) -> str:
    """A word in the accent colour, while it is spoken."""
    return f"{{\\1c{_ass_hex(brand.accent)}}}{shown}{{\\1c{_ass_hex(brand.text)}}}"


def _boxes(
    arrangements: Sequence[tuple[float, float, Arrangement]], start_s: float, end_s: float
) -> list[tuple[float, float, Rect]]:
    """Where captions stand from start to end: another place where the picture is arranged anew.

    Else what was said before a page is left stands on the face that comes after it.
    """
    found: list[tuple[float, float, Rect]] = []
    for k, (_, until_s, item) in enumerate(arrangements):
        last = k == len(arrangements) - 1
        stop_s = end_s if last else min(end_s, until_s)
        if stop_s <= start_s:
            continue
        if found and found[-1][2] == item.caption:
            found[-1] = (found[-1][0], stop_s, item.caption)
        else:
            found.append((start_s, stop_s, item.caption))
        start_s = stop_s
    return found


def _colour(code: str) -> pysubs2.Color:
    return pysubs2.Color(int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16))


def _ass_hex(code: str) -> str:
    return f"&H{code[5:7]}{code[3:5]}{code[1:3]}&".upper()
