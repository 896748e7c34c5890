"""Emoji in colour: pictures from a font that has them, laid over gaps in the text.

libass draws outlines in one colour, so that what a colour font holds (bitmaps, or layers) is
drawn by Pillow and laid over the clip where the text leaves a gap for it.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidpipe.errors import Misconfigured

#: A picture's place in a line and its own width, next to the letters' size.
EMOJI_ADVANCE, EMOJI_WIDTH = 1.24, 1.12
#: What is no sequence that the font knows is drawn as several pictures in a row: wider than this.
_IN_A_ROW = 1.7
#: Letters' size at which fonts with layers are drawn.
_LAYERS_PX = 160

# What is shown in colour by itself (Unicode's Emoji_Presentation), and what only before U+FE0F.
_OWN = (
    "\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693"
    "\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa"
    "\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf"
    "\u2b1b\u2b1c\u2b50\u2b55\U0001f300-\U0001faff"
)
_ASKED = "\u203c\u2049\u2122\u2139\u2194-\u21aa\u2300-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935"
_ASKED += "\u2b05-\u2b07\u3030\u303d\u3297\u3299\U0001f000-\U0001f2ff"
_ONE = (
    f"(?:[{_OWN}](?!\ufe0e)|[{_ASKED}](?=\ufe0f))"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
)
#: A flag, a key, or one or several that are joined.
_EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f\u20e3|{_ONE}(?:\u200d{_ONE}|\u200d[\u2640\u2642]"
    "\ufe0f?)*"
)
#: What changes or joins others and is drawn as nothing.
_JOINS = re.compile("[\u200d\ufe0f]")


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """A text in pieces, each with whether it is one emoji."""
    at = 0
    for found in _EMOJI.finditer(text):
        if found.start() > at:
            yield text[at : found.start()], False
        yield found.group(), True
        at = found.end()
    if at < len(text):
        yield text[at:], False


@dataclass(frozen=True)
class EmojiFont:
    """A font with pictures; `size` is that of its bitmaps in pixels per em, if it has those."""

    path: Path
    size: int | None
    letters: frozenset[int]

    def has(self, emoji: str) -> bool:
        """Whether all that an emoji is made of is there."""
        return all(ord(c) in self.letters for c in _JOINS.sub("", emoji))

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def write(self, emoji: str, width: int, target: Path) -> None:
        """An emoji as a picture (PNG with alpha) so many pixels wide and high."""
        _drawn(self.path, self.size or _LAYERS_PX, emoji).resize(
            (width, width), _pillow().Image.Resampling.LANCZOS
        ).save(target)


@dataclass(frozen=True)
class EmojiPicture:
    """An emoji on the canvas: its middle and width in pixels, when in clip seconds."""

    emoji: str
    x: float
    y: float
    width: int
    start_s: float = 0.0
    end_s: float = 0.0

    def during(self, start_s: float, end_s: float) -> EmojiPicture:
        return replace(self, start_s=start_s, end_s=end_s)


def joined_pictures(pictures: Iterable[EmojiPicture]) -> list[EmojiPicture]:
    """What stays where it is from one moment of a caption to the next is one picture."""
    found: dict[EmojiPicture, list[EmojiPicture]] = {}
    for picture in sorted(pictures, key=lambda p: p.start_s):
        runs = found.setdefault(picture.during(0, 0), [])
        if runs and picture.start_s <= runs[-1].end_s + 1e-3:
            runs[-1] = runs[-1].during(runs[-1].start_s, max(runs[-1].end_s, picture.end_s))
        else:
            runs.append(picture)
    return sorted((p for runs in found.values() for p in runs), key=lambda p: (p.start_s, p.x))


def emoji_font_for(
    text: str, file: Path | None, installed: Callable[[], Sequence[Path]]
) -> EmojiFont | None:
    """The font for the emoji of a text: the one that is given, else the installed one with most.

    None where a text has none, or no font has pictures of them.

    Raises:
        Misconfigured: the file that is given has no pictures.
    """
    wanted = {piece for piece, is_emoji in parts(text) if is_emoji}
    if file is not None:
        given = _read(file)
        if given is None:
            raise Misconfigured(
                f"{file} has no emoji in colour that can be drawn: a font with bitmaps (CBDT or "
                "sbix) or with layers (COLR version 0) is needed"
            )
        return given if wanted else None
    best: EmojiFont | None = None
    most = 0
    for path in installed() if wanted else ():
        font = _read(path)
        have = sum(map(font.has, wanted)) if font else 0
        if have > most:
            best, most = font, have
    return best


@functools.lru_cache(maxsize=1024)
def _read(path: Path) -> EmojiFont | None:
    """A font with pictures that Pillow draws; None for any other file."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            if "CBLC" in font:
                sizes = [s.bitmapSizeTable.ppemX for s in font["CBLC"].strikes]
            elif "sbix" in font:
                sizes = list(font["sbix"].strikes)
            elif "COLR" in font and font["COLR"].version == 0:
                sizes = []
            else:
                return None
            letters = frozenset(font.getBestCmap() or {})
            return EmojiFont(path, max(sizes, default=None), letters)
    except (TTLibError, OSError, KeyError, AttributeError):
        return None


@functools.lru_cache(maxsize=128)
def _drawn(path: Path, size: int, emoji: str) -> Any:
    """An emoji in a square, as large as the font has it."""
    pillow = _pillow()
    font = pillow.ImageFont.truetype(str(path), size)

    def inked(text: str) -> Any:
        left, top, right, bottom = font.getbbox(text)
        sheet = pillow.Image.new("RGBA", (round(right - left) + 8, round(bottom - top) + 8))
        pen = pillow.ImageDraw.Draw(sheet)
        pen.text((4 - left, 4 - top), text, font=font, embedded_color=True)
        return sheet.crop(sheet.getbbox() or (0, 0, 1, 1))

    found = inked(emoji)
    if found.width > _IN_A_ROW * found.height:
        found = inked(emoji[0])
    side = max(found.size)
    square = pillow.Image.new("RGBA", (side, side))
    square.paste(found, ((side - found.width) // 2, (side - found.height) // 2))
    return square


def _pillow() -> Any:
    import PIL
    import PIL.Image
    import PIL.ImageDraw
    import PIL.ImageFont

    return PIL
