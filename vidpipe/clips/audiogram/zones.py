"""What of an audiogram is where on its canvas: title, cover, bars of the voice, captions.

What is read lies in the safe box: one above the other on upright and square canvases, the cover
beside the rest on wide ones. Where a high canvas goes on under that box the bars stand there, as
far from its lower end as the title is from its top.
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
#: On a canvas that goes on under the safe box: titles (three lines of 80, of 72 over a cover), bars
#: alone and under a cover, ground at their sides, and the most and least between all of them.
_TITLE_ALONE, _TITLE_OVER, _TALL_ALONE, _TALL_UNDER = 280, 250, 560, 300
_SIDE, _APART, _CLOSE = 36, 170, 36
#: It goes on where there is so much of its height, as far from its end as the box is from its top.
_GOES_ON = 0.1
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
    if _lowest(variant) - variant.safe_box.bottom > _GOES_ON * variant.size.height:
        place = _alone if cover is None else _over_bars
        return place(cover or variant.safe_box, variant, unit, captions=captions, titled=titled)
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


def _lowest(variant: Variant) -> int:
    """As far from the lower end of a canvas as its safe box is from the top."""
    return variant.size.height - variant.safe_box.y


def _alone(_: Rect, variant: Variant, unit: float, *, captions: bool, titled: bool) -> Zones:
    """Title, captions and high bars, as far from each other."""
    safe = variant.safe_box
    title_high = round(_TITLE_ALONE * unit) if titled else 0
    low = round(_CAPTION * unit) if captions else 0
    high = round(_TALL_ALONE * unit)
    gaps = titled + captions
    spare = _lowest(variant) - safe.y - title_high - low - high
    apart = min(round(_APART * unit), spare // max(1, gaps))
    top = safe.y + (spare - gaps * apart) // 2
    under = top + (title_high + apart if titled else 0)
    below = under + (low + apart if captions else 0)
    title = Rect(x=safe.x, y=top, width=safe.width, height=title_high) if titled else None
    wave = _bars(_wide(variant, unit), below, high, unit)
    return Zones(title=title, wave=wave, caption=_caption(safe, under, low, unit))


def _over_bars(
    cover: Rect, variant: Variant, unit: float, *, captions: bool, titled: bool
) -> Zones:
    """Title, cover and captions in the safe box, bars below."""
    safe, close = variant.safe_box, round(_CLOSE * unit)
    title_high = round(_TITLE_OVER * unit) if titled else 0
    low = round(_CAPTION * unit) if captions else 0
    above = title_high + close if titled else 0
    below = low + close if captions else 0
    room = Rect(x=safe.x, y=safe.y + above, width=safe.width, height=safe.height - above - below)
    shown = _upright(cover, room)
    spare = room.height - shown.height
    top = safe.y + spare // 3
    shown = shown.model_copy(update={"y": (top + above) // 2 * 2})
    under = min(shown.bottom + close, safe.bottom - low)
    end = under + low if captions else shown.bottom
    high = min(round(_TALL_UNDER * unit), _lowest(variant) - end - close)
    wave = _bars(
        _wide(variant, unit), end + close + (_lowest(variant) - end - close - high) // 2, high, unit
    )
    title = Rect(x=safe.x, y=top, width=safe.width, height=title_high) if titled else None
    return Zones(title=title, wave=wave, caption=_caption(safe, under, low, unit), cover=shown)


def _wide(variant: Variant, unit: float) -> Rect:
    """As wide as a canvas without a little ground at both sides."""
    side = round(_SIDE * unit)
    return Rect(x=side, y=0, width=variant.size.width - 2 * side, height=1)


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


def bars_within(place: Rect, step: int) -> Rect:
    """The middle of a place: an odd number of whole bars of `step` pixels each.

    So that one is in the middle itself.
    """
    count = max(1, place.width // step)
    count -= 1 - count % 2
    width = count * step
    x = place.x + (place.width - width) // 2
    return place.model_copy(update={"x": x - x % 2, "width": width})


def _bars(within: Rect, top: int, high: int, unit: float) -> Rect:
    place = within.model_copy(update={"y": top - top % 2, "height": max(2, high - high % 2)})
    return bars_within(place, _step(unit))
