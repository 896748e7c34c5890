"""Audiograms: what a clip of sound alone looks like."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from vidpipe.channels.model import Brand
from vidpipe.clips.coverart import clearer, draw_ground, mean_colour
from vidpipe.clips.model import Composition, Part, Variant
from vidpipe.clips.waveform import Floats, bars_over
from vidpipe.clips.zones import bar_width, pitch, zones
from vidpipe.geometry import Rect, Size

#: Pictures a second of a clip without a source that has any: what every platform takes.
SOUND_FPS = Fraction(30)


def audiogram_parts(frames: int, cover: Size | None) -> tuple[Part, ...]:
    """What a clip of sound shows: one thing from beginning to end, its cover whole."""
    shown = cover.rect if cover else None
    return (
        Part(first_frame=0, last_frame=frames, composition=Composition.AUDIOGRAM, screen=shown),
    )


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
        where = zones(part.screen, variant, captions=captions, titled=False)
        ground = work / "ground.png"
        draw_ground(variant.size, where, self.cover, self.brand.background, ground)
        rate = f"{fps.numerator}/{fps.denominator}"
        still = (
            ffmpeg.input(str(ground), framerate=rate)
            .filter("scale", out_color_matrix="bt709", out_range="tv")
            .filter("format", "yuv420p")
            .filter("setsar", 1)
        )
        # Drawn once and shown again and again: only the bars and the captions cost anything.
        frames = part.last_frame - part.first_frame
        lasting = still.filter("loop", loop=frames - 1, size=1, start=0).filter("setpts", "N")
        step, bar = pitch(variant.size), bar_width(variant.size)
        behind = mean_colour(ground, where.wave)
        colour = clearer(self.brand.accent, self.brand.text, behind)
        return bars_over(lasting, self.loud, where.wave, step, bar, colour, fps, work)


def wave_zone(part: Part, variant: Variant, *, captions: bool) -> Rect:
    """Where the bars are."""
    return zones(part.screen, variant, captions=captions, titled=False).wave
