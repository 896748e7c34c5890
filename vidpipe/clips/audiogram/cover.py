"""What stands still in an audiogram: the backdrop, the cover with round corners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from vidpipe.channels.model import Colour
from vidpipe.clips.colours import code_of, contrast
from vidpipe.clips.grounds import Ground, write_ground
from vidpipe.geometry import Rect, Size

#: The blurred cover is made at a 16th and darkened to so much, so that white letters stand out.
_BLUR_DIVISOR, _BLUR, _DARK, _COLOUR = 16, 5, 0.38, 0.9
#: Of a cover's side its corners are round, and its shadow reaches around it.
_CORNER, _SHADOW = 0.045, 0.04
#: Graphics have to stand out by so much (WCAG 2.1, 1.4.11).
_LEAST_CONTRAST = 3.0
#: Corners are drawn so much larger first: smooth.
_FINER = 4


def draw_ground(
    size: Size, ground: Ground | None, cover: Path | None, where: Rect | None, target: Path
) -> None:
    """Write the still picture of an audiogram as PNG: no text, no bars.

    Args:
        size: of the canvas.
        ground: colours behind it all; None for the cover, large and blurred.
        cover: a JPEG or PNG, if any.
        where: the cover goes on the canvas.
        target: the file.
    """
    if ground is not None:
        write_ground(ground, size, target)
    if cover is None or where is None:
        return
    with Image.open(cover) as picture:
        shown = picture.convert("RGB")
    if ground is not None:
        with Image.open(target) as drawn:
            canvas = drawn.convert("RGB")
    else:
        canvas = _blurred(shown, size)
    _lay(canvas, shown, where)
    canvas.save(target, compress_level=1)


def _blurred(cover: Any, size: Size) -> Any:
    small = (max(1, size.width // _BLUR_DIVISOR), max(1, size.height // _BLUR_DIVISOR))
    soft = ImageOps.fit(cover, small, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(_BLUR))
    dark = ImageEnhance.Brightness(ImageEnhance.Color(soft).enhance(_COLOUR)).enhance(_DARK)
    return dark.resize((size.width, size.height), Image.Resampling.BICUBIC)


def _lay(canvas: Any, cover: Any, where: Rect) -> None:
    """The cover over its own shadow."""
    side = min(where.width, where.height)
    reach = max(1, round(_SHADOW * side))
    mask = _rounded(where.width, where.height, round(_CORNER * side))
    shadow = Image.new("L", (where.width + 4 * reach, where.height + 4 * reach), 0)
    shadow.paste(mask, (2 * reach, 2 * reach))
    shadow = shadow.filter(ImageFilter.GaussianBlur(reach)).point(lambda v: v * 0.55)
    canvas.paste("black", (where.x - 2 * reach, where.y - 2 * reach + reach // 2), shadow)
    sized = cover.resize((where.width, where.height), Image.Resampling.LANCZOS)
    canvas.paste(sized, (where.x, where.y), mask)


def _rounded(width: int, height: int, radius: int) -> Any:
    large = Image.new("L", (_FINER * width, _FINER * height), 0)
    box = (0, 0, _FINER * width - 1, _FINER * height - 1)
    ImageDraw.Draw(large).rounded_rectangle(box, radius=_FINER * radius, fill=255)
    return large.resize((width, height), Image.Resampling.BOX)


def mean_colour(picture: Path, where: Rect) -> Colour:
    """What a part of a picture looks like from afar."""
    with Image.open(picture) as whole:
        part = whole.convert("RGB").crop((where.x, where.y, where.right, where.bottom))
        mean = np.asarray(part, np.float64).mean(axis=(0, 1))
    red, green, blue = (float(c) / 255 for c in mean)
    return code_of(red, green, blue)


def clearer(colour: Colour, other: Colour, behind: Colour) -> Colour:
    """The colour, or the other one where it can hardly be told from what is behind it."""
    if contrast(colour, behind) >= _LEAST_CONTRAST:
        return colour
    return max((colour, other), key=lambda c: contrast(c, behind))
