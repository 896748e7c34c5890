"""The voice of a clip as bars under a page alone: as many as there is room for, filled while it
is played.

They stand still: only what is played moves on. The first bar is the clip's beginning, the last one
its end, each as high as is spoken loudly in its share of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from vidpipe.channels.model import Brand, Colour
from vidpipe.clips.audiogram.cover import clearer
from vidpipe.clips.audiogram.waveform import Floats
from vidpipe.clips.audiogram.zones import bar_width, pitch
from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.colours import code_of, rgb
from vidpipe.clips.grounds import ground_colour
from vidpipe.clips.model import ClipPlan, Variant
from vidpipe.geometry import Rect

#: Of the text's colour over the ground, what is not played yet has so much.
_FAINT = 0.28
#: Of its share of a clip the level is shown that is exceeded in so much of it: the voice, and not
#: the pauses in it.
_LOUD = 75.0
#: Bars are drawn so much larger first: smooth.
_FINER = 4


def voice_heights(loud: Floats, bars: int) -> Floats:
    """How high each bar is, 0 to 1, shape (bars,); the loudest share of a clip has 1.

    Args:
        loud: how loud each frame is, 0 to 1, shape (frames,).
        bars: how many there are.
    """
    edges = np.linspace(0, len(loud), bars + 1)
    shares = [loud[int(a) : max(int(a) + 1, int(b))] for a, b in itertools.pairwise(edges)]
    levels = np.array([np.percentile(s, _LOUD) if len(s) else 0.0 for s in shares], np.float32)
    most = float(levels.max(initial=0.0))
    return levels / most if most > 0 else levels


def with_voice(
    picture: Any,
    plan: ClipPlan,
    arranged: Sequence[CanvasLayout],
    variant: Variant,
    brand: Brand,
    loud: Floats,
    work: Path,
) -> Any:
    """The picture of a clip with its voice where an arrangement has room for it.

    Args:
        picture: all parts of the clip, one after the other.
        plan: of the clip.
        arranged: of each of its parts.
        variant: the canvas.
        brand: colours.
        loud: how loud each frame is, 0 to 1 (`waveform.envelope`).
        work: a folder for what the encoder reads.
    """
    shown: dict[tuple[Rect, Colour], list[str]] = {}
    for part, where in zip(plan.parts, arranged, strict=True):
        if where.voice is not None:
            behind = ground_colour(part.ground, variant.size, where.voice, brand.background)
            when = f"between(n,{part.first_frame},{part.last_frame - 1})"
            shown.setdefault((where.voice, behind), []).append(when)
    for k, ((place, behind), times) in enumerate(shown.items()):
        bars = _bars(plan, place, behind, variant, brand, loud, work / f"voice-{k}")
        picture = picture.overlay(
            bars, x=place.x, y=place.y, eof_action="repeat", enable="+".join(times)
        )
    return picture


def _bars(
    plan: ClipPlan,
    place: Rect,
    behind: Colour,
    variant: Variant,
    brand: Brand,
    loud: Floats,
    name: Path,
) -> Any:
    """The bars as a stream of their own: a strip of two colours that slides behind their shapes."""
    fps, frames = plan.edit.fps, plan.edit.frames
    played = clearer(brand.accent, brand.text, behind)
    rest = _mixed(brand.text, behind, _FAINT)
    strip, shapes = name.with_suffix(".rgb"), name.with_suffix(".png")
    # A file of each canvas's own: two like filters would be taken for one.
    strip.write_bytes(b"".join(bytes.fromhex(c[1:]) for c in (played, rest)) * 2)
    cv2.imwrite(str(shapes), bar_shapes(loud, place, variant))
    rate = f"{fps.numerator}/{fps.denominator}"
    paint = (
        ffmpeg.input(str(strip), format="rawvideo", pix_fmt="rgb24", s="2x2", r=rate)
        .filter(
            "scale",
            2 * place.width,
            place.height,
            flags="neighbor",
            out_color_matrix="bt709",
            out_range="tv",
        )
        .filter("format", "yuv420p")
        .filter("loop", loop=frames - 1, size=1, start=0)
        .filter("setpts", "N")
        .filter("crop", place.width, place.height, f"{place.width}*(1-min(1,n/{frames}))", 0)
    )
    mask = ffmpeg.input(str(shapes)).filter("format", "gray")
    return ffmpeg.filter([paint, mask], "alphamerge")


def bar_shapes(loud: Floats, place: Rect, variant: Variant) -> NDArray[np.uint8]:
    """White bars with round ends over black, as large as their place."""
    step, wide = pitch(variant.size), bar_width(variant.size)
    count = place.width // step
    drawn = np.zeros((_FINER * place.height, _FINER * place.width), np.uint8)
    for k, share in enumerate(voice_heights(loud, count)):
        high = wide + float(share) * (place.height - wide)
        left = _FINER * (k * step + (step - wide) / 2)
        middle, radius = _FINER * place.height / 2, _FINER * wide / 2
        reach = _FINER * high / 2 - radius
        x = round(left + radius)
        ends = (x, round(middle - reach)), (x, round(middle + reach))
        cv2.rectangle(
            drawn,
            (round(left), ends[0][1]),
            (round(left + 2 * radius) - 1, ends[1][1]),
            255,
            cv2.FILLED,
        )
        for end in ends:
            cv2.circle(drawn, end, round(radius), 255, cv2.FILLED)
    size = (place.width, place.height)
    return np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8)


def _mixed(colour: Colour, behind: Colour, share: float) -> Colour:
    """A colour over another, of which it hides a share."""
    red, green, blue = (
        (share * a + (1 - share) * b) / 255 for a, b in zip(rgb(colour), rgb(behind), strict=True)
    )
    return code_of(red, green, blue)
