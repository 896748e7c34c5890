"""What stands behind a page that does not fill the canvas: a calm ground, dark enough for text."""

from __future__ import annotations

import colorsys
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from vidpipe.channels.model import Colour
from vidpipe.clips.colours import code_of, rgb
from vidpipe.geometry import Rect, Size
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import Interval

Ground = tuple[Colour, Colour]
"""Colours at the upper and at the lower end of the canvas."""

#: Points along the longer side on which a page's colours are counted.
_POINTS = 96
#: A colour that is weaker (of 255) or darker is a grey; that so much of a page has is its own.
_SATURATED, _BRIGHT, _LEAST = 60, 50, 0.012
#: Hues are counted in steps of 10 degrees: so many of OpenCV's 180.
_STEP = 5
#: Lightness (HLS) of a ground at both ends, and how strong its colour may be. White letters on
#: the lighter end have a contrast of over 7:1 for every hue, WCAG 2's level AAA.
_LIGHTNESS, _STRONGEST = (0.17, 0.09), 0.5
#: The lower end of the brand's own ground next to its upper.
_FALL = 0.6
#: Glows: where (shares of the canvas) and how far round from the ground's hue, how far they
#: reach (in widths), their lightness on dark and on light grounds,
#: and their least saturation.
_GLOWS, _REACH = (((0.0, 0.78), 16.0), ((1.0, 1.0), -14.0)), 0.62
_GLOW_LIGHTNESS, _GLOW_DARKER, _GLOW_LEAST = 0.27, 0.08, 0.42


def brand_ground(background: Colour) -> Ground:
    """The brand's background, a little darker towards the lower end."""
    red, green, blue = (_FALL * c / 255 for c in rgb(background))
    return background, code_of(red, green, blue)


def page_ground(page: Rect, within: Interval, reader: FrameReader, background: Colour) -> Ground:
    """A dark ground in the hue of which a page has most; the brand's where it has none.

    Args:
        page: where it is in the source.
        within: when it is shown, in source seconds: it is looked at in the middle.
        reader: of the source, in colour.
        background: the brand's.
    """
    image = reader.at((within.start_s + within.end_s) / 2).image
    rect = page.scaled(reader.scale).clamp(
        Rect(x=0, y=0, width=image.shape[1], height=image.shape[0])
    )
    return picture_ground(image[rect.y : rect.bottom, rect.x : rect.right], background)


def picture_ground(image: NDArray[np.uint8], background: Colour) -> Ground:
    """The same of a picture (BGR)."""
    hue = own_hue(image)
    if hue is None:
        return brand_ground(background)
    degrees, strength = hue
    upper, lower = (
        code_of(*colorsys.hls_to_rgb(degrees / 360, lightness, min(_STRONGEST, strength)))
        for lightness in _LIGHTNESS
    )
    return upper, lower


def own_hue(image: NDArray[np.uint8]) -> tuple[float, float] | None:
    """The hue of which a picture (BGR) has most, in degrees, and its saturation (HSV, 0 to 1).

    None for one in greys.
    """
    factor = min(1.0, _POINTS / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    hue, saturation, value = (c.ravel() for c in cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2HSV)))
    coloured = (saturation > _SATURATED) & (value > _BRIGHT)
    if coloured.mean() < _LEAST:
        return None
    weight = saturation[coloured].astype(np.float64) * value[coloured]
    steps = 180 // _STEP
    counted = np.bincount(hue[coloured] // _STEP % steps, weight, steps)
    # A hue at the border of two steps is not to lose to one in the middle of a step.
    smooth = counted + 0.5 * (np.roll(counted, 1) + np.roll(counted, -1))
    best = int(smooth.argmax())
    near = coloured.copy()
    near[coloured] = hue[coloured] // _STEP % steps == best
    if not near.any():
        return None
    return 2.0 * float(np.median(hue[near])), float(np.median(saturation[near])) / 255


def write_ground(ground: Ground, size: Size, target: Path) -> None:
    """A picture (PNG) of a ground: even steps from end to end, two glows in its lower half.

    Noise hides the steps.
    """
    ends = np.array([rgb(c)[::-1] for c in ground], np.float64)
    down = np.linspace(0, 1, size.height)[:, None, None]
    across = np.linspace(0, 1, size.width)[None, :, None]
    drawn = ends[0] * (1 - down) + ends[1] * down
    tall = size.height / size.width
    for (x, y), turn in _GLOWS:
        far = np.hypot(across - x, (down - y) * tall) / _REACH
        glow = np.array(rgb(_glow(ground[0], turn))[::-1], np.float64)
        drawn = drawn + np.exp(-(far**2)) * (glow - drawn)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (size.height, size.width, 1))
    cv2.imwrite(str(target), np.clip(np.round(drawn + noise), 0, 255).astype(np.uint8))


def _glow(code: Colour, turn: float) -> Colour:
    """A neighbour of a colour, `turn` degrees round, that stands out a little from it."""
    red, green, blue = (c / 255 for c in rgb(code))
    hue, lightness, strength = colorsys.rgb_to_hls(red, green, blue)
    lightness = max(lightness, _GLOW_LIGHTNESS) if lightness < 0.5 else lightness - _GLOW_DARKER
    return code_of(*colorsys.hls_to_rgb(hue + turn / 360, lightness, max(strength, _GLOW_LEAST)))


def still(picture: Path, fps: Fraction) -> Any:
    """A picture as the one frame of a stream at `fps`, in the colours of clips."""
    return (
        ffmpeg.input(str(picture), framerate=f"{fps.numerator}/{fps.denominator}")
        .filter("scale", out_color_matrix="bt709", out_range="tv")
        .filter("format", "yuv420p")
        .filter("setsar", 1)
    )
