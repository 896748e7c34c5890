"""Where each region goes on the canvas, and where the captions go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vidpipe.clips.audiogram.zones import bars_within, pitch, zones
from vidpipe.clips.model import Composition, Part, Variant
from vidpipe.geometry import Rect, Size, fit

# Lengths are pixels of a canvas whose short side is 1080, as the size of captions is:
# `_pixels` brings them to another one.
#: Height of the band for captions between screen and camera.
_BAND = 200
#: Height that two lines of captions need.
_CAPTION = 200
#: So far from a face captions stand, from the lower end of the safe box, and from a page.
_NEAR_FACE, _FROM_END, _FROM_PAGE = 16, 30, 24
#: A picture alone begins so far from the top, where it is as high as can be.
_FROM_TOP = 60
#: Under a title the page and the captions stand closer, and captions have less height.
_TITLED_CAPTION, _TITLED_GAP = 164, 28
#: A title and what is under it may be further apart where there is room.
_FURTHER = 36
#: The least and the most height of a title: two lines of 62, three of 84.
_TITLE_LEAST, _TITLE_MOST = 150, 280
#: A page may be so much narrower for a title, and leaves room for one where it is no higher.
_PAGE_LEAST, _PAGE_HIGH = 0.72, 0.8
#: Under a title a page is a card: there is so much ground at each side of it.
_CARD_SIDE = 36
#: The bars of a voice: how high at least and at most, and how far from captions.
_VOICE_LEAST, _VOICE_MOST, _VOICE_GAP = 120, 240, 40
#: A page that is nearly as wide as the canvas is made as wide.
_NEARLY = 0.9
#: A page beside its speaker, and how high the speaker's picture is next to its width at most.
PAGE_SHARE, _COLUMN = 0.64, 1.35
#: Less ground than this, next to the canvas, is a strip at its lower end, and is left to the top.
_SLIVER = 0.12
#: A disc leaves some of its band free at all sides.
_DISC = 0.8
#: A small screen next to the canvas.
_SMALL = 0.6
#: A crop fills its band that is narrower by no more than this: the stretch is not seen.
_AS_WIDE = 0.98
#: A picture that is higher than the highest by no more than this is so by rounding.
_AS_HIGH = 1.005


@dataclass(frozen=True)
class CanvasLayout:
    """Rectangles on the canvas; `caption` is where caption lines are centred.

    The title fills its rectangle from the bottom, captions that are `hanging` theirs from the top.
    A `card` is a screen with round corners and a shadow. `voice` is where the clip's voice stands
    as bars that fill while it is played: no more than an ornament, which may be covered.
    """

    caption: Rect
    screen: Rect | None = None
    camera: Rect | None = None
    other: Rect | None = None
    title: Rect | None = None
    voice: Rect | None = None
    blurred: bool = False
    hanging: bool = False
    card: bool = False


def arrange(part: Part, variant: Variant, *, captions: bool) -> CanvasLayout:
    """The arrangement of one part."""
    size, safe = variant.size, variant.safe_box
    if part.composition is Composition.AUDIOGRAM:
        where = zones(part.screen, variant, captions=captions, titled=part.titled)
        return CanvasLayout(caption=where.caption, screen=where.cover, title=where.title)
    if part.composition is Composition.STACK:
        assert part.screen is not None
        crop = part.camera.rect if part.camera is not None and not part.disc else None
        if part.side_by_side and part.camera is not None:
            return side_by_side(
                part.screen, part.camera.rect, variant, captions=captions, has_title=part.titled
            )
        stacked = stack(
            part.screen,
            variant,
            captions=captions,
            small=part.small,
            camera=crop.aspect if crop else None,
        )
        if part.camera is None or stacked.camera is None:
            return stacked
        return replace(stacked, camera=_within_band(part, stacked.camera))
    if part.composition is Composition.TWO_UP:
        return _two_up(size, safe)
    if part.composition is Composition.SPEAKER:
        return CanvasLayout(caption=_beside(part.face, size, safe), camera=size.rect)
    assert part.screen is not None
    if part.over:
        above = over(part.screen, variant, captions=captions, has_title=part.titled)
        return replace(above, blurred=part.ground is None)
    if part.titled:
        under_title = titled(part.screen, variant, captions=captions)
        assert under_title is not None
        return under_title
    if part.screen.aspect <= size.aspect * 1.05:
        shown = fit(part.screen, size.rect)
    else:
        shown = _above_captions(fit(part.screen, size.rect), size, safe, captions=captions)
    high = _pixels(_CAPTION, size)
    top = min(shown.bottom + _pixels(_FROM_PAGE, size), safe.bottom - high)
    low = Rect(x=safe.x, y=top, width=safe.width, height=high)
    behind = shown != size.rect
    return CanvasLayout(caption=low, screen=shown, blurred=behind and part.ground is None)


def titled(screen: Rect, variant: Variant, *, captions: bool) -> CanvasLayout | None:
    """A title, a page under it, captions under that, all in the safe box; None without room.

    The page alone may reach out of the safe box, to the sides. What a high canvas has left under
    that box is for the bars of the voice, as far from its lower end as the title is from its top.
    """
    size, safe = variant.size, variant.safe_box
    gap = _pixels(_TITLED_GAP, size)
    high = _pixels(_TITLED_CAPTION, size) if captions else 0
    least, most = (_pixels(length, size) for length in (_TITLE_LEAST, _TITLE_MOST))
    room = safe.height - high - gap * (2 if captions else 1)
    whole = fit(screen, size.rect)
    across = size.width - 2 * _pixels(_CARD_SIDE, size)
    shown = fit(screen, Rect(x=0, y=0, width=across, height=max(1, room - least)))
    if shown.width < _PAGE_LEAST * whole.width or whole.height > _PAGE_HIGH * size.height:
        return None
    title = min(most, room - shown.height)
    spare = room - shown.height - title
    apart = gap + min(spare // 4, _pixels(_FURTHER, size))
    top = safe.y + (room + gap - shown.height - title - apart) // 3
    left = (size.width - shown.width) // 2
    page = shown.model_copy(update={"x": left - left % 2, "y": (top + title + apart) // 2 * 2})
    below = min(page.bottom + apart, safe.bottom - high) if captions else safe.bottom - gap
    return CanvasLayout(
        title=Rect(x=safe.x, y=top, width=safe.width, height=title),
        screen=page,
        caption=Rect(x=safe.x, y=below, width=safe.width, height=max(high, gap)),
        voice=_voice(page, below + high if captions else page.bottom, variant),
        hanging=True,
        card=True,
    )


def _voice(page: Rect, below: int, variant: Variant) -> Rect | None:
    """Where bars as wide as a page stand, under what ends at `below`; None without room."""
    size, gap = variant.size, _pixels(_VOICE_GAP, variant.size)
    lowest = size.height - variant.safe_box.y
    high = min(lowest - below - gap, _pixels(_VOICE_MOST, size)) // 2 * 2
    if high < _pixels(_VOICE_LEAST, size):
        return None
    top = below + gap + (lowest - below - gap - high) // 2
    place = Rect(x=page.x, y=top - top % 2, width=page.width, height=high)
    return bars_within(place, pitch(size))


def has_room_over(screen: Rect, variant: Variant, *, captions: bool) -> bool:
    """Whether a picture alone, as large as can be, leaves room for what stands over it."""
    shown = fit(screen, variant.size.rect)
    return shown.height <= _AS_HIGH * tallest(variant, captions=captions)


def over(screen: Rect, variant: Variant, *, captions: bool, has_title: bool) -> CanvasLayout:
    """A title, captions, and under them a picture that reaches to the end of the canvas.

    What stands in front of a camera may go out of the picture below, as it does in the camera.
    Without a title, or room for one, picture and captions stand in the middle of what is free.
    """
    size, safe = variant.size, variant.safe_box
    gap = _pixels(_FROM_PAGE, size)
    high = _pixels(_CAPTION, size) if captions else 0
    shown = fit(screen, size.rect)
    top = size.height - shown.height
    room = top - gap - high - gap - safe.y
    title = min(_pixels(_TITLE_MOST, size), room) if has_title else 0
    if title < _pixels(_TITLE_LEAST, size):
        title = 0
        free = max(0, room) // 2
        top -= free if free > _SLIVER * size.height else 0
    top -= top % 2
    caption = Rect(
        x=safe.x,
        y=min(max(safe.y, top - gap - high), safe.bottom - max(high, gap)),
        width=safe.width,
        height=max(high, gap),
    )
    return CanvasLayout(
        caption=caption,
        screen=shown.model_copy(update={"y": top}),
        title=Rect(x=safe.x, y=caption.y - gap - title, width=safe.width, height=title)
        if title
        else None,
    )


def side_by_side(
    screen: Rect, camera: Rect, variant: Variant, *, captions: bool, has_title: bool
) -> CanvasLayout:
    """A page and its speaker at the sides where they were filmed, a title over them.

    Args:
        screen: what is shown of the page.
        camera: what is shown of the speaker: a crop, or the place that it is to fill.
        variant: the canvas.
        captions: whether there is to be room for them, below.
        has_title: whether there is to be one, if there is room.
    """
    size, safe = variant.size, variant.safe_box
    gap = _pixels(_TITLED_GAP, size)
    high = _pixels(_TITLED_CAPTION, size) if captions else 0
    least, most = (_pixels(length, size) for length in (_TITLE_LEAST, _TITLE_MOST))
    room = safe.height - (high + gap if captions else 0)
    across = round(PAGE_SHARE * size.width)
    wide = size.width - across - gap
    page = fit(screen, Rect(x=0, y=0, width=across, height=room))
    tall = min(room, max(page.height, round(_COLUMN * wide)))
    speaker = fit(camera, Rect(x=0, y=0, width=wide, height=tall))
    row = max(page.height, speaker.height)
    title = min(most, room - gap - row) if has_title and room - gap - row >= least else 0
    top = safe.y + (room - row - title) // 3
    below = top + (title + gap if title else 0)
    left = camera.center[0] < screen.center[0]

    def placed(rect: Rect, x: int) -> Rect:
        y = below + (row - rect.height) // 2
        return rect.model_copy(update={"x": x - x % 2, "y": y - y % 2})

    return CanvasLayout(
        caption=Rect(
            x=safe.x,
            y=min(below + row + gap, safe.bottom - max(high, 1)),
            width=safe.width,
            height=max(high, 1),
        ),
        screen=placed(page, size.width - page.width if left else 0),
        camera=placed(speaker, 0 if left else size.width - speaker.width),
        title=Rect(x=safe.x, y=top, width=safe.width, height=title) if title else None,
    )


def column(screen: Rect, variant: Variant, *, captions: bool) -> float:
    """The aspect of a speaker's picture beside a page."""
    tall = Rect(x=0, y=0, width=1, height=10)
    filled = side_by_side(screen, tall, variant, captions=captions, has_title=False).camera
    assert filled is not None
    wide = variant.size.width - round(PAGE_SHARE * variant.size.width)
    return (wide - _pixels(_TITLED_GAP, variant.size)) / filled.height


def _pixels(length: int, size: Size) -> int:
    """A length at 1080 on the short side, in pixels of a canvas."""
    return round(length * min(size.width, size.height) / 1080)


def _within_band(part: Part, band: Rect) -> Rect:
    """Where a camera is shown: in all of the band, or in the middle of it.

    A crop is narrower than the band where the head needs the height; a disc is a square.
    """
    assert part.camera is not None
    crop = part.camera.rect
    if crop.aspect >= _AS_WIDE * band.aspect and not part.disc:
        return band
    place = band
    if part.disc:
        side = round(_DISC * min(band.width, band.height))
        x, y = band.center
        place = Rect(x=round(x - side / 2), y=round(y - side / 2), width=side, height=side)
    shown = fit(crop, place)
    # With 4:2:0 chroma a picture is laid on even columns and rows.
    at = {"x": shown.x - shown.x % 2, "y": shown.y - shown.y % 2}
    return shown.model_copy(update=at)


def _two_up(size: Size, safe: Rect) -> CanvasLayout:
    """One person above the other, captions at the seam or as near as the safe box lets them."""
    seam = size.height // 4 * 2
    high = _pixels(_CAPTION, size)
    top = min(max(seam - high // 2, safe.y), safe.bottom - high)
    return CanvasLayout(
        caption=Rect(x=safe.x, y=top, width=safe.width, height=high),
        camera=Rect(x=0, y=0, width=size.width, height=seam),
        other=Rect(x=0, y=seam, width=size.width, height=size.height - seam),
    )


def _beside(face: Rect | None, size: Size, safe: Rect) -> Rect:
    """Low in the safe box; else under the chin, else over the brows, else where it hides least.

    Hair may be covered: a detected face begins at the hairline.
    """
    high, near = _pixels(_CAPTION, size), _pixels(_NEAR_FACE, size)
    top = safe.bottom - high - _pixels(_FROM_END, size)
    low = Rect(x=safe.x, y=top, width=safe.width, height=high)
    if face is None:
        return low
    tops = [
        low.y,
        face.bottom + near,
        safe.bottom - high,
        face.y - near - high,
        safe.y,
    ]

    def hidden(top: int) -> int:
        return max(0, min(face.bottom, top + high) - max(face.y, top))

    inside = [top for top in tops if safe.y <= top <= safe.bottom - high]
    return low.model_copy(update={"y": min(inside, key=hidden)})


def under_chin(variant: Variant) -> tuple[int, int]:
    """Rows that captions under a chin take, and those under them that are not safe, in pixels."""
    size = variant.size
    rows = _pixels(_CAPTION, size) + _pixels(_NEAR_FACE, size)
    return rows, size.height - variant.safe_box.bottom


def _above_captions(shown: Rect, size: Size, safe: Rect, *, captions: bool) -> Rect:
    """A little above the middle, and as high as the captions under it need, if there is room."""
    top = round((0.92 * size.height - shown.height) / 2)
    if captions:
        under = _pixels(_CAPTION, size) + _pixels(_FROM_PAGE, size)
        top = min(top, safe.bottom - under - shown.height)
    lowest = size.height - shown.height
    return shown.model_copy(update={"y": min(max(top, 0), lowest)})


def tallest(variant: Variant, *, captions: bool) -> int:
    """How high a picture alone may be so that captions have room over it, in pixels."""
    size = variant.size
    above = _pixels(_FROM_TOP, size)
    if captions:
        above = variant.safe_box.y + _pixels(_CAPTION, size) + _pixels(_FROM_PAGE, size)
    return max(1, size.height - above)


def stack(
    screen: Rect,
    variant: Variant,
    *,
    captions: bool,
    small: bool = False,
    camera: float | None = None,
) -> CanvasLayout:
    """Screen above, camera below, a band for the captions at the seam.

    A `small` screen takes less of the width, and the camera what that leaves. A `camera` whose
    aspect is wider than its band is as wide as the canvas, and all of it stands lower.
    """
    size, safe = variant.size, variant.safe_box
    unit = size.width / 1080
    band = round(_BAND * unit) if captions else 0
    least_camera = round(0.36 * size.height)
    top = round(160 * unit)
    tallest = size.height - band - least_camera - round(60 * unit)
    wide = round(_SMALL * size.width) if small else size.width
    shown = fit(screen, Rect(x=0, y=0, width=wide, height=tallest))
    if not small and _NEARLY * size.width <= shown.width < size.width:
        # A strip of ground beside the page looks like a fault; the camera is a little lower.
        full = fit(screen, Rect(x=0, y=0, width=wide, height=size.height))
        if round(60 * unit) + full.height + band <= safe.bottom:
            shown = full
    left = (size.width - shown.width) // 2
    shown = shown.model_copy(update={"x": left - left % 2})
    top = min(top, max(round(60 * unit), size.height - band - least_camera - shown.height))
    # Of two rows of pixels encoders keep one colour.
    shown = shown.model_copy(update={"y": top - top % 2})
    seam = shown.bottom + band
    deep = size.height - seam - seam % 2
    if camera is not None and camera * deep > size.width / _AS_WIDE:
        needed = 2 * round(size.width / camera / 2)
        spare = deep - needed
        lower = spare if spare <= _SLIVER * size.height else spare // 2
        lower = max(0, min(lower, safe.bottom - seam)) // 2 * 2
        shown = shown.model_copy(update={"y": shown.y + lower})
        seam, deep = seam + lower, needed
    below = Rect(x=0, y=seam + seam % 2, width=size.width, height=deep)
    caption = Rect(x=safe.x, y=shown.bottom, width=safe.width, height=max(band, round(160 * unit)))
    return CanvasLayout(caption=caption, screen=shown, camera=below)
