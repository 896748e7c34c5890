"""Audiograms: what a clip of sound alone looks like."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidpipe.channels.model import Brand
from vidpipe.clips.audiogram.cover import clearer, draw_ground, mean_colour
from vidpipe.clips.audiogram.waveform import Floats, bars_over
from vidpipe.clips.audiogram.zones import bar_width, pitch, zones
from vidpipe.clips.grounds import Ground, brand_ground, picture_ground, still
from vidpipe.clips.model import Composition, Part, Variant
from vidpipe.media.covers import picture_size
from vidpipe.templates.model import Template

#: Pictures a second of a clip without a source that has any: what every platform takes.
SOUND_FPS = Fraction(30)


def audiogram_part(
    frames: int, cover: Path | None, template: Template, brand: Brand, *, has_title: bool
) -> Part:
    """What a clip of sound shows: one thing from beginning to end, its cover whole.

    Behind it all is what the template has behind pages: the cover blurred, a dark ground in
    the cover's own colour, or the brand's, which is there without a cover.
    """
    size = picture_size(cover)
    return Part(
        first_frame=0,
        last_frame=frames,
        composition=Composition.AUDIOGRAM,
        screen=size.rect if size else None,
        titled=template.title_zone and has_title,
        ground=_ground(cover, template, brand),
    )


def _ground(cover: Path | None, template: Template, brand: Brand) -> Ground | None:
    """Its two ends; None for a blurred cover."""
    if cover is None or template.backdrop == "brand":
        return brand_ground(brand.background)
    if template.backdrop == "blur":
        return None
    image = cv2.imread(str(cover))
    if image is None:
        raise FileNotFoundError(cover)
    return picture_ground(np.asarray(image, np.uint8), brand.background)


@dataclass(frozen=True)
class Audiogram:
    """Draws the clips of one recording without pictures.

    Attributes:
        loud: how loud each frame is, 0 to 1 (`waveform.envelope`).
        cover: its picture, if any.
        brand: colours.
    """

    loud: Floats
    cover: Path | None
    brand: Brand

    def picture(
        self, part: Part, variant: Variant, fps: Fraction, work: Path, *, captions: bool
    ) -> Any:
        """The moving picture of the clip on one canvas, at `fps`.

        Args:
            part: the one of the plan.
            variant: the canvas.
            fps: of the clip.
            work: a folder for what the encoder reads.
            captions: whether there is room left for captions.
        """
        where = zones(part.screen, variant, captions=captions, titled=part.titled)
        ground = work / "ground.png"
        draw_ground(variant.size, part.ground, self.cover, where.cover, ground)
        # Drawn once and shown again and again: only the bars and the captions cost anything.
        frames = part.last_frame - part.first_frame
        lasting = (
            still(ground, fps)
            .filter("loop", loop=frames - 1, size=1, start=0)
            .filter("setpts", "N")
        )
        step, bar = pitch(variant.size), bar_width(variant.size)
        behind = mean_colour(ground, where.wave)
        colour = clearer(self.brand.accent, self.brand.text, behind)
        return bars_over(lasting, self.loud, where.wave, step, bar, colour, fps, work)
