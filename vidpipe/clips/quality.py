"""What a finished clip looks and sounds like, next to the source that it was made of."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.model import ClipPlan, Quality, Variant
from vidpipe.clips.render import FONTS, SAMPLE, sampled_frames
from vidpipe.geometry import Rect
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import EditList

_STEP_S = 0.5
#: Mean luma of a black picture.
_BLACK = 18.0
#: Where most changes, two pictures that are the same and two between which something moves
#: differ by so many greys.
_SAME, _MOVES = 2.5, 6.0
#: A source that moves in so much of a stretch did not just hold still.
_MOSTLY = 0.3
#: Stretches shorter than this are nothing: a fade, somebody who holds still.
_LASTS_S = 1.0
#: Speech that goes on for so long on both sides of a border is cut there.
_CUT_S = 0.12
#: Captions are measured on a canvas of this width, twice a second.
_WIDTH = 360


def inspect_clip(
    clip: Path,
    source: Path,
    info: MediaInfo,
    plan: ClipPlan,
    variant: Variant,
    speech: SpeechMap,
    work: Path,
) -> Quality:
    """Look at a finished clip: what is wrong with it that is not wrong with its source.

    Decodes both twice a second; captions are measured on their own.
    """
    subtitles = work / "captions.ass"
    length_s = plan.edit.duration_s
    box = (
        captions_box(subtitles, variant, length_s, work, fonts=work / FONTS)
        if subtitles.exists()
        else None
    )
    outside = box is not None and box.intersect(variant.safe_box) != box
    black_s, frozen_s = _compared(clip, source, info, plan)
    starts, ends = _cut_speech(plan.edit, speech)
    return Quality(
        black_s=black_s,
        frozen_s=frozen_s,
        captions_box=box,
        captions_outside=outside,
        ssim=likeness(clip, work / SAMPLE, plan, variant),
        starts_in_speech=starts,
        ends_in_speech=ends,
    )


def _compared(clip: Path, source: Path, info: MediaInfo, plan: ClipPlan) -> tuple[float, float]:
    """Seconds in which the clip is black, or stands still, and the source is and does not.

    Only parts that show a camera have to move.
    """
    edit, parts, lead_s = plan.edit, plan.parts, plan.lead_s
    with FrameReader(clip, probe(clip), max_width=180, draft=True) as reader:
        frames = reader.every(_STEP_S, lead_s, lead_s + edit.duration_s, roughly=True)
        shown = {round((f.t_s - lead_s) / _STEP_S): f.grey for f in frames}
    there: dict[int, NDArray[np.uint8]] = {}
    with FrameReader(source, info, max_width=180, draft=True) as reader:
        for kept in edit.intervals:
            for frame in reader.every(_STEP_S, kept.start_s, kept.end_s, roughly=True):
                there.setdefault(round(edit.to_clip(frame.t_s) / _STEP_S), frame.grey)
    ticks = sorted(shown.keys() & there.keys())
    black = [shown[k].mean() < _BLACK <= there[k].mean() for k in ticks]
    still, moved = [], []
    for a, b in itertools.pairwise(ticks):
        part = next((p for p in parts if b * _STEP_S * edit.fps < p.last_frame), parts[-1])
        still.append(part.camera is not None and _moved(shown[a], shown[b]) < _SAME)
        moved.append(_moved(there[a], there[b]) > _MOVES)
    frozen = [False] * len(still)
    for first, last in _runs(still):
        if sum(moved[first:last]) >= _MOSTLY * (last - first):
            frozen[first:last] = [True] * (last - first)
    return _longest_s(black), _longest_s(frozen)


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Where flags are set: first, and last exclusive."""
    edges = np.flatnonzero(np.diff([0, *map(int, flags), 0]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _moved(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(np.percentile(cv2.absdiff(a, b), 99))


def _longest_s(flags: Sequence[bool]) -> float:
    """Length of the longest run, 0 if it is too short to be seen."""
    longest = max((last - first for first, last in _runs(flags)), default=0)
    return longest * _STEP_S if longest * _STEP_S >= _LASTS_S else 0.0


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


def captions_box(
    subtitles: Path, variant: Variant, length_s: float, work: Path, *, fonts: Path
) -> Rect | None:
    """What captions and opening card cover, measured on their pixels over black."""
    height = round(_WIDTH * variant.size.height / variant.size.width / 2) * 2
    drawn = work / "captions.gray"
    canvas = ffmpeg.input(f"color=c=black:s={_WIDTH}x{height}:r=2", f="lavfi", t=f"{length_s:.3f}")
    with_text = canvas.filter("ass", str(subtitles), fontsdir=str(fonts))
    render(ffmpeg.output(with_text, str(drawn), format="rawvideo", pix_fmt="gray"), timeout_s=300)
    frames = np.memmap(drawn, np.uint8, "r").reshape(-1, height, _WIDTH)
    most = frames.max(axis=0)
    drawn.unlink()
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


def _cut_speech(edit: EditList, speech: SpeechMap) -> tuple[bool, bool]:
    """Whether somebody speaks through the clip's first and through its last moment."""

    def spoken_through(t_s: float) -> bool:
        return any(s.start_s < t_s - _CUT_S and s.end_s > t_s + _CUT_S for s in speech.speech)

    first_s, last_s = edit.intervals[0].start_s, edit.intervals[-1].end_s
    return spoken_through(first_s), spoken_through(last_s)
