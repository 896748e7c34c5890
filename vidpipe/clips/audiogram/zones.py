"""What of an audiogram is where on its canvas: title, cover, bars of the voice, captions.

All of it lies in the safe box: one above the other on upright and square canvases, the cover
beside the rest on wide ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from vidpipe.clips.model import Variant
from vidpipe.geometry import Rect, Size, fit

# Lengths are pixels of a canvas whose short side is 1080.
#: Heights of a title (three lines of 54, two of 80), of two lines of captions, and of the bars:
#: under a cover, and alone. What they leave of the safe box is the cover's.
_TITLE, _CAPTION, _WAVE, _WAVE_ALONE = 190, 164, 120, 320
#: The same beside a cover; and what is between them.
_TITLE_BESIDE, _WAVE_BESIDE, _GAP = 230, 200, 20
#: The bars and what is between them.
_BAR, _BETWEEN = 14, 8
#: A canvas that is wider has room for the cover beside the rest, over so much of the safe box.
_WIDE, _COVER_SHARE = 1.2, 0.40


@dataclass(frozen=True)
class Zones:
    """Rectangles on the canvas; `wave` is as wide as its bars."""

    wave: Rect
    caption: Rect
    title: Rect | None = None
    cover: Rect | None = None


def zones(cover: Rect | None, variant: Variant, *, captions: bool, titled: bool) -> Zones:
    """Where the parts of an audiogram go.

    Args:
        cover: of the whole cover picture, in its own pixels; None without one.
        variant: canvas and safe box.
        captions: whether there are any.
        titled: whether there is a title.
    """
    unit = min(variant.size.width, variant.size.height) / 1080
    if variant.size.aspect < _WIDE or cover is None:
        return _stacked(cover, variant.safe_box, unit, captions=captions, titled=titled)
    return _beside(cover, variant.safe_box, unit, captions=captions, titled=titled)


def pitch(size: Size) -> int:
    """From one bar to the next on a canvas, in pixels."""
    return _step(min(size.width, size.height) / 1080)


def bar_width(size: Size) -> int:
    """How wide a bar is on a canvas, in pixels: so that in its step it has even borders.

    With 4:2:0 chroma its colour would else run out to its sides.
    """
    wide = 2 * max(1, round(_BAR * min(size.width, size.height) / 2160))
    return max(2, wide - (pitch(size) - wide) % 4)


def _step(unit: float) -> int:
    return max(4, 2 * round((_BAR + _BETWEEN) * unit / 2))


def _stacked(cover: Rect | None, safe: Rect, unit: float, *, captions: bool, titled: bool) -> Zones:
    gap = round(_GAP * unit)
    title_high = round(_TITLE * unit) if titled else 0
    low = round(_CAPTION * unit) if captions else 0
    above = title_high + gap if titled else 0
    below = low + gap if captions else 0
    # What is left between title and captions, for cover and bars.
    top, room = safe.y + above, safe.height - above - below
    wave_high = min(round((_WAVE if cover else _WAVE_ALONE) * unit), room)
    shown = None
    if cover is None:
        # Close together; a little over the middle of the box where captions come and go.
        spare = max(0, room - wave_high)
        top += spare // (3 if captions else 2)
        wave = _bars(safe, top, wave_high, unit)
    else:
        into = Rect(x=safe.x, y=top, width=safe.width, height=max(2, room - wave_high - gap))
        shown = _upright(cover, into)
        spare = max(0, into.height - shown.height)
        top += spare // 3
        shown = shown.model_copy(update={"y": top - top % 2})
        wave = _bars(safe, shown.bottom + gap, wave_high, unit)
    under = min(wave.bottom + gap, safe.bottom - low)
    title = Rect(x=safe.x, y=top - above, width=safe.width, height=title_high) if titled else None
    return Zones(title=title, wave=wave, caption=_caption(safe, under, low, unit), cover=shown)


def _beside(cover: Rect, safe: Rect, unit: float, *, captions: bool, titled: bool) -> Zones:
    gap, low = round(_GAP * unit), round(_CAPTION * unit) if captions else 0
    side = Rect(x=safe.x, y=safe.y, width=round(_COVER_SHARE * safe.width), height=safe.height)
    shown = _upright(cover, side)
    x = shown.right + 2 * gap
    wave_high = round(_WAVE_BESIDE * unit)
    title_high = round(_TITLE_BESIDE * unit) if titled else 0
    high = wave_high + (title_high + 2 * gap if titled else 0) + (low + gap if captions else 0)
    top = safe.y + max(0, safe.height - high) // 2
    column = Rect(x=x, y=top, width=safe.right - x, height=high)
    title = Rect(x=x, y=top, width=column.width, height=title_high) if titled else None
    wave = _bars(column, top + (title_high + 2 * gap if titled else 0), wave_high, unit)
    under = min(wave.bottom + gap, safe.bottom - low)
    return Zones(title=title, wave=wave, caption=_caption(column, under, low, unit), cover=shown)


def _upright(cover: Rect, room: Rect) -> Rect:
    """The cover as large as there is room, on even columns and rows (4:2:0 chroma)."""
    shown = fit(cover, room)
    return shown.model_copy(update={"x": shown.x - shown.x % 2, "y": shown.y - shown.y % 2})


def _caption(within: Rect, top: int, high: int, unit: float) -> Rect:
    """Under the bars; as high as ever where nothing is said there."""
    high = high or min(round(_CAPTION * unit), within.height)
    return Rect(x=within.x, y=min(top, within.bottom - high), width=within.width, height=high)


def _bars(within: Rect, top: int, high: int, unit: float) -> Rect:
    """An odd number of whole bars in the middle, so that one is in the middle itself."""
    step = _step(unit)
    count = max(1, within.width // step)
    count -= 1 - count % 2
    width = count * step
    x = within.x + (within.width - width) // 2
    return Rect(x=x - x % 2, y=top - top % 2, width=width, height=max(2, high - high % 2))
