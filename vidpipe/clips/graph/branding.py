"""A channel's logo and its bar that fills, over the picture of a clip."""

from __future__ import annotations

from typing import Any

import av
import ffmpeg

from vidpipe.channels.model import Brand
from vidpipe.clips.model import ClipOptions, ClipPlan, Variant
from vidpipe.geometry import Rect, Size

#: A logo is so high, and so far from the top, on a canvas whose short side is 1080.
_LOGO_HEIGHT, _LOGO_TOP = 84, 48
#: Height of the bar that fills, at a short side of 1080.
_BAR = 12


def branded(done: Any, plan: ClipPlan, variant: Variant, options: ClipOptions) -> Any:
    """The picture with the channel's logo and bar over it."""
    if options.brand.logo is not None:
        high, top = _logo(variant.size)
        logo = ffmpeg.input(str(options.brand.logo)).filter("scale", -2, high)
        done = done.overlay(logo, x=variant.safe_box.x, y=top)
    if options.brand.progress_bar:
        place, length_s = _bar(variant.size), plan.edit.duration_s
        fps = plan.edit.fps
        bar = ffmpeg.input(
            f"color=c=0x{options.brand.accent[1:]}:s={place.width}x{place.height}"
            f":r={fps.numerator}/{fps.denominator}",
            f="lavfi",
            t=f"{length_s + 1:.3f}",
        )
        done = done.overlay(bar, x=f"-w+w*t/{length_s:.3f}", y=place.y, eof_action="repeat")
    return done


def brand_boxes(variant: Variant, brand: Brand) -> list[Rect]:
    """What logo and bar of a channel may cover of the canvas."""
    boxes = []
    if brand.logo is not None:
        with av.open(str(brand.logo)) as media:
            drawn = media.streams.video[0]
            high, top = _logo(variant.size)
            width = round(high * drawn.width / drawn.height)
        boxes.append(Rect(x=variant.safe_box.x, y=top, width=width, height=high))
    if brand.progress_bar:
        boxes.append(_bar(variant.size))
    return boxes


def _bar(size: Size) -> Rect:
    """Where the bar is that fills."""
    high = max(2, round(_BAR * min(size.width, size.height) / 1080) // 2 * 2)
    return Rect(x=0, y=size.height - high, width=size.width, height=high)


def _logo(size: Size) -> tuple[int, int]:
    """How high a logo is on a canvas, and how far from its top, in pixels."""
    unit = min(size.width, size.height) / 1080
    return max(2, round(_LOGO_HEIGHT * unit)), round(_LOGO_TOP * unit)
