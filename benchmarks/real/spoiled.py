"""Clips of real recordings, and the same ones broken on purpose: what a check has to find."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from benchmarks.real.stretches import CASES, Case, recording
from vidpipe.clips.canvas import arrange
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph import clip as rendering
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.model import ClipOptions, ClipPlan, ClipQuality, Part, Variant
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.render import render_clip
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import VERTICAL_SAFE_BOX, Rect, Size
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import Layout, LayoutOptions
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.platforms.model import load_tiers
from vidpipe.segments.model import Segment
from vidpipe.settings import load_settings
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import EditList, FrameSpan, span
from vidpipe.transcript.model import Word

#: Half as large as what is posted: a fault is as plain, a render four times as cheap.
CANVAS = Variant(
    name="540x960", size=Size(width=540, height=960), safe_box=VERTICAL_SAFE_BOX.scaled(0.5)
)
#: A fault lasts so long, what comes too late does by so much.
FAULT_S, LATE_S = 2.0, 3.0
#: A fault is seen where so much of what is shown differs by so many greys for so long.
_SEEN_SHARE, _SEEN_GREYS, _SEEN_S = 0.01, 12, 1.0
_STEP_S = 0.25
#: A pause in the middle of the segment that the clip cuts short.
_PAUSE_S = 1.2


@dataclass(frozen=True)
class Fault:
    """Something that was done to a clip, and the measure of `ClipQuality` that is about it."""

    name: str
    measure: str


@dataclass
class Made:
    """A good clip of a case, and what is needed to break it."""

    case: Case
    source: Path
    info: MediaInfo
    plan: ClipPlan
    speech: SpeechMap
    words: tuple[Word, ...]
    work: Path
    options: ClipOptions = field(
        default_factory=lambda: ClipOptions(variants=(CANVAS,), tier=load_tiers()["draft"])
    )

    @property
    def clip(self) -> Path:
        return self.work / CLIP

    @functools.cached_property
    def pictures(self) -> list[NDArray[np.uint8]]:
        return _pictures(self.clip)

    def look(self, clip: Path) -> ClipQuality:
        return inspect_clip(
            clip,
            self.source,
            self.info,
            self.plan,
            CANVAS,
            self.speech,
            self.work,
            captions=True,
            brand=self.options.brand,
        )


def make(case: Case, work: Path) -> Made:
    """Plan a case and render it."""
    source = recording(case)
    assert source is not None
    if case.changed or case.loops:
        source = _changed(case, source, work / "source.mp4")
    info = probe(source)
    end_s = min(case.end_s, info.duration_s)
    middle_s = (case.start_s + end_s) / 2
    pause = span(middle_s - _PAUSE_S / 2, middle_s + _PAUSE_S / 2)
    speech = SpeechMap(
        duration_s=info.duration_s,
        speech=(span(0, pause.start_s), span(pause.end_s, max(info.duration_s, pause.end_s + 1))),
        silences=(pause,),
    )
    detector = chosen_faces(load_settings()).detector
    layout: Layout = detect_layout(source, info, detector, LayoutOptions())
    words = tuple(
        Word(text=f"word{k}", start_s=case.start_s + 0.4 * k, end_s=case.start_s + 0.4 * k + 0.35)
        for k in range(int((end_s - case.start_s) / 0.4))
    )
    segment = Segment(
        rank=1,
        start_s=case.start_s,
        end_s=end_s,
        kept_s=end_s - case.start_s,
        score=80,
        parts={},
        reasons=(),
        title="A title",
    )
    options = ClipOptions(variants=(CANVAS,))
    with FrameReader(source, info, max_width=1280) as reader:
        plan = plan_clip(
            SourceRecording("v", speech, (), layout, reader, detector),
            segment,
            options,
            FramingOptions(),
            CANVAS,
            captions=True,
        )
    made = Made(case, source, info, plan, speech, words, work)
    _rendered(made, work)
    return made


def _rendered(made: Made, work: Path) -> Path:
    outputs = [Output(made.plan, CANVAS, work)]
    render_clip(made.source, made.info, outputs, made.words, made.options)
    return work / CLIP


def _changed(case: Case, source: Path, target: Path) -> Path:
    more = {"stream_loop": case.loops} if case.loops else {}
    stream = ffmpeg.input(str(source), **more).video
    for name, arguments, named in case.changed:
        stream = stream.filter(name, *arguments, **named)
    return _coded(stream.filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2"), target)


def _coded(stream: Any, target: Path, **more: Any) -> Path:
    output = ffmpeg.output(
        stream,
        str(target),
        vcodec="libx264",
        preset="ultrafast",
        crf=12,
        pix_fmt="yuv420p",
        **more,
    )
    render(output, timeout_s=300)
    return target


def faults(made: Made) -> list[tuple[Fault, Path]]:
    """The faults of this clip that can be seen, and the broken clips."""
    broken = [(fault, make()) for fault, make in _broken(made)]
    return [(fault, clip) for fault, clip in broken if _is_seen(made, clip)]


def _broken(made: Made) -> list[tuple[Fault, Callable[[], Path]]]:
    """Three faults: black, frozen, late or misplaced; from case to case another kind of each."""
    turn, rate = CASES.index(made.case), made.plan.edit.fps
    black_s = _brightest(made)
    part = _part_at(made.plan, black_s)
    regions = {"page": part.screen, "camera": part.camera.rect if part.camera else None}
    blacks = [(Fault("black", "black_s"), functools.partial(_blackened, made, black_s))]
    for name, region in regions.items():
        if region is not None:
            fault, spoil = Fault(f"{name} black", "black_s"), _black(region, black_s)
            blacks.append((fault, functools.partial(_spoiled, made, fault.name, spoil)))
    first = round(_liveliest(made) * rate)
    held = {"first": first, "last": first + round(FAULT_S * rate), "replace": first}

    def freeze(kept: Any) -> Any:
        both = kept.split()
        return ffmpeg.filter([both[0], both[1]], "freezeframes", **held)

    def as_it_is(kept: Any) -> Any:
        return kept

    def wrong(kept: Any) -> Any:
        return kept.filter("scroll", hpos=0.2, vpos=0.1)

    late, misplaced = Fault("late", "elsewhere_s"), Fault("wrong place", "elsewhere_s")
    late_frames = round(LATE_S * rate)
    others = [
        (late, functools.partial(_spoiled, made, late.name, as_it_is, late_frames)),
        (misplaced, functools.partial(_spoiled, made, misplaced.name, wrong)),
    ]
    frozen = Fault("frozen", "frozen_s")
    return [
        blacks[turn % len(blacks)],
        (frozen, functools.partial(_spoiled, made, frozen.name, freeze)),
        others[turn % 2],
    ]


def _black(region: Rect, at_s: float) -> Callable[[Any], Any]:
    """A region of the source painted over."""

    def painted(kept: Any) -> Any:
        return kept.filter(
            "drawbox",
            x=region.x,
            y=region.y,
            w=region.width,
            h=region.height,
            color="black",
            t="fill",
            enable=f"between(t,{at_s},{at_s + FAULT_S})",
        )

    return painted


def _part_at(plan: ClipPlan, clip_s: float) -> Part:
    frame = clip_s * plan.edit.fps
    return next(p for p in plan.parts if frame < p.last_frame)


def _blackened(made: Made, at_s: float) -> Path:
    """All of the canvas, captions and all."""
    black = ffmpeg.input(str(made.clip)).video.filter(
        "drawbox", color="black", t="fill", enable=f"between(t,{at_s},{at_s + FAULT_S})"
    )
    return _coded(black, made.work / "black.mp4")


def _spoiled(made: Made, name: str, spoil: Callable[[Any], Any], late_frames: int = 0) -> Path:
    """The same plan of what is kept of the source, once that was spoiled."""
    work = made.work / name.replace(" ", "-")
    work.mkdir()
    kept_frames = rendering._kept_frames

    def spoiled(source: Path, info: MediaInfo, edit: EditList, lead_s: float, at: Path) -> Any:
        spans = tuple(
            FrameSpan(first=s.first + late_frames, last=s.last + late_frames) for s in edit.spans
        )
        late = edit.model_copy(update={"spans": spans})
        return spoil(kept_frames(source, info, late, lead_s, at))

    with mock.patch.object(rendering, "_kept_frames", spoiled):
        return _rendered(made, work)


def _pictures(clip: Path) -> list[NDArray[np.uint8]]:
    with FrameReader(clip, probe(clip), max_width=270) as reader:
        return [frame.grey for frame in reader.every(_STEP_S)]


def _brightest(made: Made) -> float:
    """When most is to be seen in the good clip for as long as a fault lasts."""
    light = [
        float(picture[_shown(made.plan, k * _STEP_S)].mean())
        for k, picture in enumerate(made.pictures)
    ]
    steps = round(FAULT_S / _STEP_S)
    starts = range(2, max(3, len(light) - steps - 2))
    return _STEP_S * max(starts, key=lambda k: min(light[k : k + steps]))


def _liveliest(made: Made) -> float:
    """When most moves in the good clip, away from its ends and from where it was cut."""
    plan = made.plan
    shown = made.pictures
    masked = [_shown(plan, k * _STEP_S) for k in range(len(shown))]
    moves = [
        float((cv2.absdiff(a, b) > _SEEN_GREYS)[mask].mean())
        for a, b, mask in zip(shown, shown[1:], masked, strict=False)
    ]
    steps = round(FAULT_S / _STEP_S)
    cuts = [
        float(sum(s.frames for s in plan.edit.spans[:k]) / plan.edit.fps)
        for k in range(1, len(plan.edit.spans))
    ]
    best, most = 1.0, -1.0
    for k in range(4, len(moves) - steps - 2):
        at_s = k * _STEP_S
        if any(at_s - 0.3 < c < at_s + FAULT_S + 0.3 for c in cuts):
            continue
        inside = sorted(moves[k : k + steps])
        # Something that goes on, and not one slide that turns.
        lasting = sum(inside[: steps // 2 + 1])
        if lasting > most:
            best, most = at_s, lasting
    return best


def _shown(plan: ClipPlan, clip_s: float) -> NDArray[np.bool_]:
    """What of a picture of 270x480 shows the source, captions left out."""
    mask = np.zeros((480, 270), bool)
    where = arrange(_part_at(plan, min(clip_s, plan.edit.duration_s - 0.01)), CANVAS, captions=True)
    for rect in (where.screen, where.camera, where.other):
        if rect is not None:
            _box(mask, rect)[:] = True
    _box(mask, where.caption)[:] = False
    return mask


def _box(mask: NDArray[np.bool_], rect: Rect) -> NDArray[np.bool_]:
    small = rect.scaled(0.5)
    return mask[max(0, small.y) : small.bottom, max(0, small.x) : small.right]


def _is_seen(made: Made, broken: Path) -> bool:
    """Whether the broken clip differs from the good one, for a second on end."""
    run = longest = 0
    for k, (good, bad) in enumerate(zip(made.pictures, _pictures(broken), strict=False)):
        mask = _shown(made.plan, k * _STEP_S)
        share = float((cv2.absdiff(good, bad) > _SEEN_GREYS)[mask].mean())
        run = run + 1 if share >= _SEEN_SHARE else 0
        longest = max(longest, run)
    return longest * _STEP_S >= _SEEN_S
