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

#: Of the canvas's short side a card's corners are round, and its shadow reaches around it.
_CORNER, _SHADOW = 0.026, 0.022
#: The shadow takes so much of the light; corners are drawn so much larger first: smooth.
_SHADE, _FINER = 0.5, 4
#: Rows of a ground on which its colours are measured.
_ROWS = 96


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
    drawn = _drawn(ground, size, size.height)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (size.height, size.width, 1))
    cv2.imwrite(str(target), np.clip(np.round(drawn + noise), 0, 255).astype(np.uint8))


def ground_colour(ground: Ground | None, canvas: Size, where: Rect, brand: Colour) -> Colour:
    """What a place on a ground looks like from afar; the brand's colour without one."""
    if ground is None:
        return brand
    rows = _ROWS / canvas.height
    place = where.scaled(rows)
    drawn = _drawn(ground, canvas, _ROWS)[
        place.y : max(place.y + 1, place.bottom), place.x : max(place.x + 1, place.right)
    ]
    blue, green, red = (float(c) / 255 for c in drawn.mean(axis=(0, 1)))
    return code_of(red, green, blue)


def _drawn(ground: Ground, size: Size, rows: int) -> NDArray[np.float64]:
    """A ground (BGR) in so many rows, as wide as the canvas is to its height."""
    columns = max(1, round(size.width * rows / size.height))
    ends = np.array([rgb(c)[::-1] for c in ground], np.float64)
    down = np.linspace(0, 1, rows)[:, None, None]
    across = np.linspace(0, 1, columns)[None, :, None]
    drawn = ends[0] * (1 - down) + ends[1] * down
    tall = size.height / size.width
    for (x, y), turn in _GLOWS:
        far = np.hypot(across - x, (down - y) * tall) / _REACH
        glow = np.array(rgb(_glow(ground[0], turn))[::-1], np.float64)
        drawn = drawn + np.exp(-(far**2)) * (glow - drawn)
    return np.asarray(drawn, np.float64)


def _glow(code: Colour, turn: float) -> Colour:
    """A neighbour of a colour, `turn` degrees round, that stands out a little from it."""
    red, green, blue = (c / 255 for c in rgb(code))
    hue, lightness, strength = colorsys.rgb_to_hls(red, green, blue)
    lightness = max(lightness, _GLOW_LIGHTNESS) if lightness < 0.5 else lightness - _GLOW_DARKER
    return code_of(*colorsys.hls_to_rgb(hue + turn / 360, lightness, max(strength, _GLOW_LEAST)))


def lay_card(ground: Path, where: Rect, corners: Path) -> None:
    """Darken a ground (PNG) around a card, and write what of it is over the card's corners.

    Args:
        ground: the file, written anew.
        where: the card goes on the canvas.
        corners: a picture (PNG) as large as the card, which shows nothing but at its corners.
    """
    drawn = cv2.imread(str(ground))
    assert drawn is not None
    short = min(drawn.shape[:2])
    radius, reach = max(2, round(_CORNER * short)), max(1.0, _SHADOW * short)
    shape = _rounded(where.width, where.height, radius)
    shadow = np.zeros(drawn.shape[:2], np.float32)
    lower = min(drawn.shape[0], where.bottom + round(reach / 2))
    top = where.y + round(reach / 2)
    shadow[top:lower, where.x : where.right] = shape[: lower - top]
    shadow = cv2.GaussianBlur(shadow, (0, 0), reach)
    dark = drawn * (1 - _SHADE * shadow[:, :, None] / 255)
    dark = np.clip(np.round(dark), 0, 255).astype(np.uint8)
    cv2.imwrite(str(ground), dark)
    under = dark[where.y : where.bottom, where.x : where.right]
    cv2.imwrite(str(corners), np.dstack([under, 255 - shape]))


def _rounded(width: int, height: int, radius: int) -> NDArray[np.uint8]:
    """White with round corners over black."""
    finer = _FINER * radius
    turn = np.zeros((finer, finer), np.uint8)
    cv2.circle(turn, (finer, finer), finer, 255, cv2.FILLED)
    corner = cv2.resize(turn, (radius, radius), interpolation=cv2.INTER_AREA)
    shape = np.full((height, width), 255, np.uint8)
    shape[:radius, :radius], shape[:radius, -radius:] = corner, corner[:, ::-1]
    shape[-radius:, :radius], shape[-radius:, -radius:] = corner[::-1], corner[::-1, ::-1]
    return shape


def still(picture: Path, fps: Fraction, *, alpha: bool = False) -> Any:
    """A picture as the one frame of a stream at `fps`, in the colours of clips.

    `alpha` keeps what of it can be seen through.
    """
    return (
        ffmpeg.input(str(picture), framerate=f"{fps.numerator}/{fps.denominator}")
        .filter("scale", out_color_matrix="bt709", out_range="tv")
        .filter("format", "yuva420p" if alpha else "yuv420p")
        .filter("setsar", 1)
    )
