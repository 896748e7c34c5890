"""The bars of an audiogram: how loud the voice is, frame by frame, from the middle outwards.

The middle bar is now; the further out, the longer ago. So a syllable rises in the middle when
it is heard and runs to both ends, smaller all the time. Loudness is on a scale of decibels
under the loudest speech of the clip, smoothed in time.

What the encoder reads is one number for each bar and frame, some 3 kB a second: a height. Where
a pixel of a bar with round ends is filled from a certain height on, that is the same all the
time: a still picture of thresholds. Heights widened to bars, less thresholds, is the bars.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.media.pcm import SAMPLE_RATE, sound_between
from vidpipe.media.probe import MediaInfo
from vidpipe.timeline import EditList

Floats = NDArray[np.float32]

#: Level is measured over so long, about a syllable's vowel, every frame.
_WINDOW_S = 0.05
#: The scale: from the loudest speech down to where only room and breath are left. Speech spans
#: some 30 dB from its vowels to its weakest consonants (ITU-T P.56 counts as active what lies
#: within 15.9 dB under the mean).
_RANGE_DB, _TOP_PERCENTILE = 36.0, 97.0
#: Nothing in a clip is loud: then nothing moves.
_SILENT_DB = -65.0
#: Heights rise so fast and fall so slowly (time constants): the bars breathe, they do not flicker.
_RISE_S, _FALL_S = 0.025, 0.11
#: Over 1 the differences between loud and quiet are larger than on the scale.
_CONTRAST = 1.8
#: A bar shows what was heard so much before its neighbour nearer to the middle does, and at the
#: ends so much of it.
_LAG_S, _AT_ENDS = 0.07, 0.35


def envelope(source: Path, info: MediaInfo, edit: EditList) -> Floats:
    """How loud each frame of a clip is, 0 to 1, shape (frames,), smoothed in time.

    Read from the recording, at the moments that the clip keeps: music under it does not count.
    """
    kept = edit.intervals
    first_s, last_s = kept[0].start_s - _WINDOW_S, kept[-1].end_s + _WINDOW_S
    sound = sound_between(source, info, first_s, last_s)
    centres_s = np.concatenate(
        [(np.arange(s.first, s.last) + 0.5) / float(edit.fps) for s in edit.spans]
    )
    return loudness(sound, centres_s - first_s, edit.fps)


def loudness(sound: Floats, centres_s: NDArray[np.float64], fps: Fraction) -> Floats:
    """How loud a sound is around each moment, 0 to 1; the moments are frames of a clip.

    Args:
        sound: 16 kHz mono, shape (n,).
        centres_s: the middles of the frames in the sound, shape (frames,).
        fps: of the frames.
    """
    total = np.concatenate(([0.0], np.cumsum(np.square(sound, dtype=np.float64))))
    half = _WINDOW_S / 2 * SAMPLE_RATE
    first = np.clip(np.round(centres_s * SAMPLE_RATE - half), 0, len(sound)).astype(int)
    last = np.clip(np.round(centres_s * SAMPLE_RATE + half), 0, len(sound)).astype(int)
    mean = (total[last] - total[first]) / np.maximum(1, last - first)
    level = 10 * np.log10(np.maximum(mean, 1e-12))
    top = float(np.percentile(level, _TOP_PERCENTILE))
    if top < _SILENT_DB:
        return np.zeros(len(level), np.float32)
    share = np.clip((level - (top - _RANGE_DB)) / _RANGE_DB, 0.0, 1.0)
    return _smoothed(share**_CONTRAST, fps)


def _smoothed(share: NDArray[np.float64], fps: Fraction) -> Floats:
    """Quick to rise and slow to fall, then a mean over three frames."""
    rise, fall = (1.0 - np.exp(-1.0 / (float(fps) * s)) for s in (_RISE_S, _FALL_S))
    out, value = np.empty(len(share), np.float32), 0.0
    for k, wanted in enumerate(share):
        value += (rise if wanted > value else fall) * (wanted - value)
        out[k] = value
    padded = np.pad(out, 1, mode="edge")
    return np.asarray((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, np.float32)


def bar_heights(loud: Floats, bars: int, fps: Fraction) -> Floats:
    """How high each bar is in each frame, 0 to 1, shape (frames, bars): the same on both sides."""
    away = np.abs(np.arange(bars) - bars // 2)
    frames = np.arange(len(loud))[:, None] - (away * _LAG_S * float(fps))[None, :]
    flown = np.interp(frames, np.arange(len(loud)), loud, left=0.0)
    farthest = max(1, bars // 2)
    reach = 1.0 - (1.0 - _AT_ENDS) * (away / farthest) ** 1.5
    return np.asarray(flown * reach[None, :], np.float32)


#: Values of a height: 16 bits, so that bars glide and their ends are round at any size.
_FULL = 65_535


def thresholds(step: int, bar: int, count: int, height: int) -> NDArray[np.uint16]:
    """From which height on a pixel is filled, shape (height, step * count).

    In the middle of each `step` columns is a bar `bar` wide with half circles at both ends: a
    pixel `d` from the line and `x` from the bar's axis is within it if
    `h >= d + r - sqrt(r * r - x * x)`, where `h` is half of the bar's height and `r` of its
    width. In units in which half of `height` and a pixel more is `_FULL`.
    """
    radius = bar / 2
    x = np.abs(np.arange(step) + 0.5 - step / 2)
    d = np.abs(np.arange(height) + 0.5 - height / 2)
    inside = x < radius
    bow = radius - np.sqrt(np.maximum(0.0, radius**2 - np.minimum(x, radius) ** 2))
    needed = d[:, None] + bow[None, :]
    scaled = np.where(inside[None, :], needed * _unit(height), _FULL)
    return np.tile(np.clip(np.round(scaled), 0, _FULL).astype(np.uint16), (1, count))


def _unit(height: int) -> float:
    """What a pixel is of `_FULL`."""
    return _FULL / (height / 2 + 2)


def write_bars(
    loud: Floats, where: Rect, step: int, bar: int, fps: Fraction, work: Path
) -> tuple[Path, Path]:
    """Write heights (a row of 16-bit grey for each frame) and thresholds (one picture)."""
    count = where.width // step
    least = bar / 2
    half = least + bar_heights(loud, count, fps) * (where.height / 2 - least)
    values = np.clip(np.round((half + 0.5) * _unit(where.height)), 0, _FULL - 1)
    moving, still = work / "heights.gray16", work / "thresholds.gray16"
    moving.write_bytes(values.astype("<u2").tobytes())
    still.write_bytes(thresholds(step, bar, count, where.height).astype("<u2").tobytes())
    return moving, still


def bars_over(
    picture: Any,
    loud: Floats,
    where: Rect,
    step: int,
    bar: int,
    colour: str,
    fps: Fraction,
    work: Path,
) -> Any:
    """The picture with the bars drawn over it.

    Args:
        picture: at `fps`, from the clip's first frame on.
        loud: from `envelope`.
        where: on the canvas; its width is a number of whole steps.
        step: from bar to bar, in pixels.
        bar: how wide one is, in pixels.
        colour: `#rrggbb`.
        fps: of the clip.
        work: a folder for what the encoder reads.
    """
    moving, still = write_bars(loud, where, step, bar, fps, work)
    rate = f"{fps.numerator}/{fps.denominator}"
    raw = {"format": "rawvideo", "pix_fmt": "gray16le"}
    rising = ffmpeg.input(str(moving), s=f"{where.width // step}x1", r=rate, **raw).filter(
        "scale", where.width, where.height, flags="neighbor"
    )
    needed = ffmpeg.input(str(still), s=f"{where.width}x{where.height}", r=rate, **raw)
    filled = (
        ffmpeg.filter([rising, needed], "blend", all_mode="subtract")
        # A pixel over the threshold is full: edges are smooth over one pixel.
        .filter("lut", c0=f"clip(val*{_FULL / _unit(where.height):.2f},0,{_FULL})")
        .filter("format", "gray")
    )
    # A file of each canvas's own: two like filters would be taken for one.
    swatch = work / "bars.rgb"
    swatch.write_bytes(bytes.fromhex(colour[1:]) * 4)
    paint = (
        ffmpeg.input(str(swatch), format="rawvideo", pix_fmt="rgb24", s="2x2", r=rate)
        .filter(
            "scale",
            where.width,
            where.height,
            flags="neighbor",
            out_color_matrix="bt709",
            out_range="tv",
        )
        .filter("format", "yuv420p")
        .filter("loop", loop=len(loud) - 1, size=1, start=0)
        .filter("setpts", "N")
    )
    return picture.overlay(
        ffmpeg.filter([paint, filled], "alphamerge"), x=where.x, y=where.y, eof_action="repeat"
    )
