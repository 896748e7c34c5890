"""Where each region goes on the canvas, and where the captions go."""

from __future__ import annotations

from dataclasses import dataclass

from vidpipe.clips.model import Composition, Part, Variant
from vidpipe.geometry import Rect, Size, fit

#: Height of the band for captions between screen and camera, at 1080 wide.
_BAND = 200
#: Height that two lines of captions need.
_CAPTION = 200
#: So far from a face captions stand.
_NEAR_FACE = 16


@dataclass(frozen=True)
class Arrangement:
    """Rectangles on the canvas; `caption` is where caption lines are centred."""

    caption: Rect
    screen: Rect | None = None
    camera: Rect | None = None
    other: Rect | None = None
    blurred: bool = False


def arrange(part: Part, variant: Variant, *, captions: bool) -> Arrangement:
    """The arrangement of one part."""
    size, safe = variant.size, variant.safe_box
    if part.composition is Composition.STACK:
        assert part.screen is not None
        return stack(part.screen, variant, captions=captions)
    if part.composition is Composition.TWO_UP:
        return _two_up(size, safe)
    if part.composition is Composition.SPEAKER:
        return Arrangement(caption=_beside(part.face, safe), camera=size.rect)
    assert part.screen is not None
    if part.screen.aspect <= size.aspect * 1.05:
        shown = fit(part.screen, size.rect)
    else:
        shown = _above_captions(fit(part.screen, size.rect), size, safe, captions=captions)
    top = min(shown.bottom + 24, safe.bottom - _CAPTION)
    low = Rect(x=safe.x, y=top, width=safe.width, height=_CAPTION)
    return Arrangement(caption=low, screen=shown, blurred=shown != size.rect)


def _two_up(size: Size, safe: Rect) -> Arrangement:
    """One person above the other, captions at the seam or as near as the safe box lets them."""
    seam = size.height // 4 * 2
    top = min(max(seam - _CAPTION // 2, safe.y), safe.bottom - _CAPTION)
    return Arrangement(
        caption=Rect(x=safe.x, y=top, width=safe.width, height=_CAPTION),
        camera=Rect(x=0, y=0, width=size.width, height=seam),
        other=Rect(x=0, y=seam, width=size.width, height=size.height - seam),
    )


def _beside(face: Rect | None, safe: Rect) -> Rect:
    """Low in the safe box; else under the chin, else over the brows, else where it hides least.

    Hair may be covered: a detected face begins at the brows.
    """
    low = Rect(x=safe.x, y=safe.bottom - _CAPTION - 30, width=safe.width, height=_CAPTION)
    if face is None:
        return low
    tops = [
        low.y,
        face.bottom + _NEAR_FACE,
        safe.bottom - _CAPTION,
        face.y - _NEAR_FACE - _CAPTION,
        safe.y,
    ]

    def hidden(top: int) -> int:
        return max(0, min(face.bottom, top + _CAPTION) - max(face.y, top))

    inside = [top for top in tops if safe.y <= top <= safe.bottom - _CAPTION]
    return low.model_copy(update={"y": min(inside, key=hidden)})


def _above_captions(shown: Rect, size: Size, safe: Rect, *, captions: bool) -> Rect:
    """A little above the middle, and as high as the captions under it need, if there is room."""
    top = round((0.92 * size.height - shown.height) / 2)
    if captions:
        top = min(top, safe.bottom - _CAPTION - 24 - shown.height)
    lowest = size.height - shown.height
    return shown.model_copy(update={"y": min(max(top, 0), lowest)})


def stack(screen: Rect, variant: Variant, *, captions: bool) -> Arrangement:
    """Screen above, camera below, a band for the captions at the seam."""
    size, safe = variant.size, variant.safe_box
    unit = size.width / 1080
    band = round(_BAND * unit) if captions else 0
    least_camera = round(0.36 * size.height)
    top = round(160 * unit)
    tallest = size.height - band - least_camera - round(60 * unit)
    shown = fit(screen, Rect(x=0, y=0, width=size.width, height=tallest))
    top = min(top, max(round(60 * unit), size.height - band - least_camera - shown.height))
    shown = shown.model_copy(update={"y": top})
    seam = shown.bottom + band
    camera = Rect(x=0, y=seam + seam % 2, width=size.width, height=size.height - seam - seam % 2)
    caption = Rect(x=safe.x, y=shown.bottom, width=safe.width, height=max(band, round(160 * unit)))
    return Arrangement(caption=caption, screen=shown, camera=camera)
