"""What a finished clip looks and sounds like, next to the source that it was made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from vidpipe.channels.model import Brand
from vidpipe.clips.audiogram.check import look_at_audiogram
from vidpipe.clips.audiogram.waveform import envelope
from vidpipe.clips.beside import compare
from vidpipe.clips.graph.branding import brand_boxes
from vidpipe.clips.graph.clip import FONTS, SAMPLE, sampled_frames
from vidpipe.clips.graph.emoji import with_emoji
from vidpipe.clips.model import ClipPlan, ClipQuality, Variant
from vidpipe.clips.paired import STEP_S
from vidpipe.geometry import Rect
from vidpipe.media.ffmpeg import render
from vidpipe.media.pcm import SAMPLE_RATE, level_db, sound_between
from vidpipe.media.probe import MediaInfo
from vidpipe.silence.model import SpeechMap

#: Speech that goes on for so long on both sides of a border is cut there.
_CUT_S = 0.12
#: Unless a rest of at least so long is heard there, or within so little of it: a stop is
#: closed for up to 80 ms.
_REST_S, _NEAR_S = 0.1, 0.03
#: What is heard around a border, and levels of how much of it.
_AROUND_S, _HOP_S = 3.0, 0.01
#: A rest is under so much of what lies between background and voice, in decibels, where the
#: background counts as no further under the voice than this.
_QUIET, _DEEP_DB = 0.35, 45.0
#: Captions are measured on a canvas of this width.
_WIDTH = 360


def inspect_clip(
    clip: Path,
    source: Path,
    info: MediaInfo,
    plan: ClipPlan,
    variant: Variant,
    speech: SpeechMap,
    work: Path,
    *,
    captions: bool,
    brand: Brand,
    cover: Path | None = None,
) -> ClipQuality:
    """Look at a finished clip: what is wrong with it that is not wrong with its source.

    Decodes both twice a second; captions are measured on their own, in the files that
    rendering left in `work`.

    Args:
        clip: the file.
        source: what it was made of.
        info: the source's probe.
        plan: what is shown when, and from where.
        variant: the canvas.
        speech: when somebody speaks in the source.
        work: the folder in which it was rendered.
        captions: whether it was arranged with room for captions.
        brand: whose logo and bar were drawn on it.
        cover: of a source without pictures.
    """
    subtitles, length_s = work / "captions.ass", plan.edit.duration_s
    text = None
    if subtitles.exists():
        text = drawn_text(subtitles, variant, length_s, work, fonts=work / FONTS)
    box = None if text is None else captions_box(text, variant)
    if info.video is None:
        loud = envelope(source, info, plan.edit)
        compared = look_at_audiogram(clip, plan, variant, loud, cover, captions=captions)
    else:
        covers = _covers(text, brand_boxes(variant, brand), variant, length_s)
        compared = compare(clip, source, info, plan, variant, covers, captions=captions)
    kept = plan.edit.intervals
    return ClipQuality(
        black_s=compared.black_s,
        frozen_s=compared.frozen_s,
        elsewhere_s=compared.elsewhere_s,
        captions_box=box,
        captions_outside=box is not None and box.intersect(variant.safe_box) != box,
        ssim=likeness(clip, work / SAMPLE, plan, variant),
        starts_in_speech=is_cut(kept[0].start_s, source, info, speech),
        ends_in_speech=is_cut(kept[-1].end_s, source, info, speech),
    )


def likeness(clip: Path, sample: Path, plan: ClipPlan, variant: Variant) -> float | None:
    """SSIM (luma, mean over the sampled pictures) of a clip and of what was drawn before coding.

    After Wang et al. 2004, as ffmpeg's `ssim` computes it. None without a sample.
    """
    if not sample.exists():
        return None
    coded = sample.with_name("coded.yuv")
    with av.open(str(clip)) as media, coded.open("wb") as file:
        stream = media.streams.video[0]
        stream.thread_type = "AUTO"
        for n in sampled_frames(plan):
            file.write(_picture_at(media, stream, n, plan).tobytes())
    size = f"{variant.size.width}x{variant.size.height}"
    raw = {"format": "rawvideo", "s": size, "pix_fmt": "yuv420p", "r": 1}
    # At half the size, as an eye has it on a phone: grain that is lost is no loss.
    small = [
        ffmpeg.input(str(path), **raw).filter("scale", "iw/2", "ih/2", flags="area")
        for path in (coded, sample)
    ]
    both = ffmpeg.filter(small, "ssim")
    said = render(ffmpeg.output(both, "-", format="null"), timeout_s=120)
    for path in (coded, sample):
        path.unlink()
    found = re.search(r"SSIM Y:([\d.]+)", said)
    return round(float(found.group(1)), 4) if found else None


def _picture_at(media: Any, stream: Any, n: int, plan: ClipPlan) -> NDArray[np.uint8]:
    """The planes of the n-th picture of one of our clips."""
    at_s = float(n / plan.edit.fps)
    media.seek(int(at_s / stream.time_base), stream=stream)
    for frame in media.decode(stream):
        if frame.time > at_s - float(0.5 / plan.edit.fps):
            return np.asarray(frame.to_ndarray(format="yuv420p"))
    raise EOFError(f"the clip ends before its picture {n}")


def drawn_text(
    subtitles: Path, variant: Variant, length_s: float, work: Path, *, fonts: Path
) -> NDArray[np.uint8]:
    """Captions and opening card over black, one small picture every `STEP_S`; shape (n, h, w)."""
    height = _height(variant)
    drawn = work / "captions.gray"
    # Of less than half a picture ffmpeg makes no length, but no end.
    at_least_s = max(STEP_S, length_s)
    canvas = ffmpeg.input(
        f"color=c=black:s={_WIDTH}x{height}:r={1 / STEP_S:g}", f="lavfi", t=f"{at_least_s:.3f}"
    )
    with_text = canvas.filter("ass", filename=str(subtitles), fontsdir=str(fonts))
    with_text = with_emoji(with_text, subtitles.parent, _WIDTH / variant.size.width)
    render(ffmpeg.output(with_text, str(drawn), format="rawvideo", pix_fmt="gray"), timeout_s=300)
    frames = np.memmap(drawn, np.uint8, "r").reshape(-1, height, _WIDTH)
    # What is mapped stays when its name goes.
    drawn.unlink()
    return frames


def _height(variant: Variant) -> int:
    """Of the canvas on which captions are measured."""
    return round(_WIDTH * variant.size.height / variant.size.width / 2) * 2


def _covers(
    text: NDArray[np.uint8] | None, boxes: Sequence[Rect], variant: Variant, length_s: float
) -> Sequence[NDArray[np.uint8]]:
    """What is drawn over the recording, one small picture every `STEP_S`: text and brand."""
    if not boxes:
        return () if text is None else tuple(text)
    brand = np.zeros((_height(variant), _WIDTH), np.uint8)
    for box in boxes:
        small = box.scaled(_WIDTH / variant.size.width)
        brand[small.y : small.bottom, small.x : small.right] = 255
    if text is None:
        return [brand] * (int(length_s / STEP_S) + 1)
    return [np.maximum(picture, brand) for picture in text]


def captions_box(drawn: NDArray[np.uint8], variant: Variant) -> Rect | None:
    """What captions and opening card cover, measured on their pixels; None without any."""
    most = drawn.max(axis=0)
    rows, columns = np.flatnonzero(most.max(axis=1) > 48), np.flatnonzero(most.max(axis=0) > 48)
    if len(rows) == 0:
        return None
    small = Rect(
        x=int(columns[0]),
        y=int(rows[0]),
        width=int(columns[-1] - columns[0] + 1),
        height=int(rows[-1] - rows[0] + 1),
    )
    return small.scaled(variant.size.width / _WIDTH)


def is_cut(t_s: float, source: Path, info: MediaInfo, speech: SpeechMap) -> bool:
    """Whether somebody speaks through a moment of the source.

    The map of speech leaves out pauses that are shorter than a quarter of a second; between
    two sentences there is often no more. They are listened for.
    """
    spoken = any(s.start_s < t_s - _CUT_S and s.end_s > t_s + _CUT_S for s in speech.speech)
    if not spoken or info.audio is None:
        return spoken
    return not _rests(sound_between(source, info, t_s - _AROUND_S, t_s + _AROUND_S))


def _rests(sound: NDArray[np.float32]) -> bool:
    """Whether a pause is in the middle of a sound: quiet for longer than a stop is closed."""
    levels = level_db(sound, round(_HOP_S * SAMPLE_RATE))
    voice = float(np.percentile(levels, 90))
    background = max(float(np.percentile(levels, 5)), voice - _DEEP_DB)
    quiet = levels < background + _QUIET * (voice - background)
    middle, near = len(levels) // 2, round(_NEAR_S / _HOP_S)
    return any(
        (last - first) * _HOP_S >= _REST_S - 1e-6 and first - near <= middle < last + near
        for first, last in _runs(quiet)
    )


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where flags are set: first, and last exclusive."""
    edges = np.flatnonzero(np.diff([0, *flags.astype(int), 0]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
