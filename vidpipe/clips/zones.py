"""What of an audiogram is where on its canvas: title, cover, bars of the voice, captions.

All of it lies in the safe box: one above the other on upright and square canvases, the cover
beside the rest on wide ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from vidpipe.clips.model import Variant
from vidpipe.geometry import Rect, Size, fit

# Lengths are pixels of a canvas whose short side is 1080.
#: Heights of two lines of a title, of captions, of the bars; a cover is smaller than the bars
#: are wide, and bars alone are higher.
_TITLE, _CAPTION, _WAVE, _WAVE_ALONE = 150, 200, 140, 320
_GAP = 28
#: The bars and what is between them.
_BAR, _BETWEEN = 9, 7
#: A canvas that is wider has room for the cover beside the rest, over so much of the safe box.
_WIDE, _COVER_SHARE = 1.2, 0.40
#: More of the height than this a column of title, bars and captions does not take.
_COLUMN = 0.86


@dataclass(frozen=True)
class Zones:
    """Rectangles on the canvas; `wave` is as wide as its bars."""

    title: Rect
    wave: Rect
    caption: Rect
    cover: Rect | None = None


def zones(cover: Rect | None, variant: Variant, *, captions: bool) -> Zones:
    """Where the parts of an audiogram go.

    Args:
        cover: of the whole cover picture, in its own pixels; None without one.
        variant: canvas and safe box.
        captions: whether there are any.
    """
    unit = min(variant.size.width, variant.size.height) / 1080
    if variant.size.aspect < _WIDE:
        return _stacked(cover, variant.safe_box, unit, captions=captions)
    return _beside(cover, variant.safe_box, unit, captions=captions)


def pitch(size: Size) -> int:
    """From one bar to the next on a canvas, in pixels."""
    return _step(min(size.width, size.height) / 1080)


def bar_width(size: Size) -> int:
    """How wide a bar is on a canvas, in pixels."""
    return max(2, round(_BAR * min(size.width, size.height) / 1080))


def _step(unit: float) -> int:
    return max(4, round((_BAR + _BETWEEN) * unit))


def _stacked(cover: Rect | None, safe: Rect, unit: float, *, captions: bool) -> Zones:
    gap, title_high = round(_GAP * unit), round(_TITLE * unit)
    low = round(_CAPTION * unit) if captions else 0
    wave_high = round((_WAVE if cover else _WAVE_ALONE) * unit)
    title = Rect(x=safe.x, y=safe.y, width=safe.width, height=title_high)
    bottom = safe.bottom - low - (gap if captions else 0)
    shown = None
    top = title.bottom + gap
    if cover is not None:
        room = Rect(
            x=safe.x, y=top, width=safe.width, height=max(2, bottom - wave_high - gap - top)
        )
        shown = _upright(cover, room)
        wave = _bars(safe, bottom - wave_high, wave_high, unit)
    else:
        # In the middle between title and captions.
        wave = _bars(safe, top + max(0, bottom - top - wave_high) // 2, wave_high, unit)
    return Zones(title=title, wave=wave, caption=_caption(safe, low, unit), cover=shown)


def _beside(cover: Rect | None, safe: Rect, unit: float, *, captions: bool) -> Zones:
    gap, low = round(_GAP * unit), round(_CAPTION * unit) if captions else 0
    column, shown = safe, None
    if cover is not None:
        side = Rect(x=safe.x, y=safe.y, width=round(_COVER_SHARE * safe.width), height=safe.height)
        shown = _upright(cover, side)
        x = shown.right + 2 * gap
        column = Rect(x=x, y=safe.y, width=safe.right - x, height=safe.height)
    high = round(_COLUMN * (shown.height if shown else safe.height))
    top = safe.y + (safe.height - high) // 2
    title_high, wave_high = round(1.5 * _TITLE * unit), round(1.4 * _WAVE * unit)
    title = Rect(x=column.x, y=top, width=column.width, height=title_high)
    bottom = top + high - low - (gap if captions else 0)
    between = bottom - (title.bottom + gap)
    wave = _bars(column, title.bottom + gap + max(0, between - wave_high) // 2, wave_high, unit)
    under = Rect(x=column.x, y=top, width=column.width, height=high)
    return Zones(title=title, wave=wave, caption=_caption(under, low, unit), cover=shown)


def _upright(cover: Rect, room: Rect) -> Rect:
    """The cover as large as there is room, on even columns and rows (4:2:0 chroma)."""
    shown = fit(cover, room)
    return shown.model_copy(update={"x": shown.x - shown.x % 2, "y": shown.y - shown.y % 2})


def _caption(within: Rect, high: int, unit: float) -> Rect:
    """At the lower end; as high as ever where nothing is said there."""
    high = high or round(_CAPTION * unit)
    return Rect(x=within.x, y=within.bottom - high, width=within.width, height=high)


def _bars(within: Rect, top: int, high: int, unit: float) -> Rect:
    """An odd number of whole bars in the middle, so that one is in the middle itself."""
    step = _step(unit)
    count = max(1, within.width // step)
    count -= 1 - count % 2
    width = count * step
    x = within.x + (within.width - width) // 2
    return Rect(x=x - x % 2, y=top - top % 2, width=width, height=max(2, high - high % 2))
