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

from benchmarks.real.figure import Column
from vidpipe.clips import render as rendering
from vidpipe.clips.arrange import arrange
from vidpipe.clips.model import ClipOptions, ClipPlan, Part, Quality, Variant
from vidpipe.clips.plan import Recording, plan_clip
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.render import CLIP, Output, render_clip
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import VERTICAL_SAFE_BOX, Rect, Size
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import Layout, LayoutOptions
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.pipeline.analysis import chosen_faces
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

Filters = tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...]


@dataclass(frozen=True)
class Case:
    """A stretch of a recording, as it is or changed to be dark, barred, faded or still."""

    name: str
    column: Column
    file: str
    start_s: float
    end_s: float
    changed: Filters = ()
    loops: int = 0


def _night() -> Filters:
    """A seventh of the light, and a sensor's noise."""
    return (("lutyuv", (), {"y": "16+(val-16)/7"}), ("noise", (), {"c0s": 4, "c0f": "t"}))


#: As slow as the slowest recorders.
_SLOW: Filters = (("fps", (), {"fps": 1}),)


def _faded(at_s: float, last_s: float) -> Filters:
    """Out to black and in again, half a second black."""
    d = (last_s - at_s - 0.5) / 2
    level = (
        f"if(lt(T,{at_s}),1,if(lt(T,{at_s + d}),1-(T-{at_s})/{d},"
        f"if(lt(T,{last_s - d}),0,if(lt(T,{last_s}),1-({last_s}-T)/{d},1))))"
    )
    keep = {"cb": f"128+(cb(X,Y)-128)*{level}", "cr": f"128+(cr(X,Y)-128)*{level}"}
    return (("geq", (), {"lum": f"16+(lum(X,Y)-16)*{level}", **keep}),)


def _still(at_s: float) -> Filters:
    """One picture for good."""
    return (
        ("trim", (), {"start": at_s, "duration": 0.05}),
        ("loop", (), {"loop": 2000, "size": 1}),
        ("setpts", ("N/25/TB",), {}),
        ("trim", (), {"duration": 30}),
    )


def _barred() -> Filters:
    """Black bars above and below a third of the height."""
    return (("pad", (), {"h": "ih*1.33", "w": "iw", "x": 0, "y": "(oh-ih)/2"}),)


CASES = (
    Case("inset, white pages", "build", "composites/office_pip.mp4", 5, 17),
    Case("page that turns", "build", "composites/office_pip.mp4", 40, 56),
    Case("map and square", "build", "composites/map_square.mp4", 14, 26),
    Case("square, then camera", "build", "composites/map_square.mp4", 36, 48),
    Case("presenter, tall", "build", "composites/presenter_tall.mp4", 36, 50),
    Case("large camera", "build", "composites/selfie_bigcam.mp4", 14, 26),
    Case("page alone, then inset", "build", "composites/selfie_bigcam.mp4", 38, 52),
    Case("inset, at night", "build", "composites/office_pip.mp4", 14, 28, _night()),
    Case("one picture a second", "build", "composites/office_pip.mp4", 38, 56, _SLOW),
    Case("lecture with an inset", "build", "lecture/cvpr20_rank_pip_59s_noaudio.mp4", 14, 28),
    Case("console", "build", "screencast/yolo_console_narrated_70s.mp4", 2, 16),
    Case("shared desk", "build", "screencast/bbb_2364_deskshare_slides_114s.flv", 58, 72),
    Case("few words move", "build", "labelled/opencast_slidechanges_28s.mov", 4, 18),
    Case("camera", "build", "cameras/lp_d13.mp4", 0.5, 8),
    Case("camera at night", "build", "cameras/lp_d3.mp4", 0.5, 11, _night(), 1),
    Case("camera, faded", "build", "cameras/mt_sun.mp4", 0.5, 12, _faded(4, 7)),
    Case("camera with bars", "build", "cameras/vr_4.mp4", 0.5, 12, _barred(), 2),
    Case("a photograph", "build", "cameras/lp_s18.mp4", 1, 11, _still(2)),
    Case("dark pages, round inset", "held_out", "composites/webcam_dark_round.mp4", 10, 24),
    Case("dark page alone", "held_out", "composites/webcam_dark_round.mp4", 38, 52),
    Case("dark page, inset", "held_out", "composites/webcam_dark_round.mp4", 52, 66),
    Case("senate, beside", "held_out", "composites/senate_side.mp4", 26, 42),
    Case("senate, camera", "held_out", "composites/senate_side.mp4", 46, 62),
    Case("ink on a slide", "held_out", "lecture/crypto_slides_ink_145s.mp4", 108, 122),
    Case("scenes", "held_out", "labelled/psd_fades_10s.mp4", 0.5, 9.5),
    Case("fades to black", "held_out", "labelled/psd_fades_to_black_24s.mp4", 4, 20),
    Case("slides of one a second", "held_out", "labelled/opencast_scene-change_20s.mov", 4, 19),
    Case("slides of a meeting", "held_out", "screencast/bbb_b443_screencast_voice.mp4", 8, 22),
    Case("letterbox of one a second", "held_out", "malformed/mp4_black_letterbox_40s.mp4", 8, 24),
    Case("two heads", "held_out", "speech/interview_two_heads_18s.mp4", 2, 14),
    Case("an app, uneven rate", "held_out", "screencast/paella_app_vfr_49s_noaudio.mp4", 8, 22),
    Case("camera", "held_out", "cameras/lp_d9.mp4", 0.5, 12),
    Case("camera at night", "held_out", "cameras/lp_d10.mp4", 0.5, 12, _night()),
    Case("camera, faded", "held_out", "cameras/st_k.mp4", 0.5, 11, _faded(3, 6), 1),
    Case("camera with bars", "held_out", "cameras/vr_2.mp4", 0.5, 12, _barred(), 2),
    Case("a photograph", "held_out", "cameras/lp_s29.mp4", 1, 11, _still(2)),
)


@dataclass(frozen=True)
class Fault:
    """Something that was done to a clip, and the measure of `Quality` that is about it."""

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

    def look(self, clip: Path) -> Quality:
        return inspect_clip(
            clip, self.source, self.info, self.plan, CANVAS, self.speech, self.work, captions=True
        )


def make(case: Case, media: Path, work: Path) -> Made:
    """Plan a case and render it."""
    source = media / case.file
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
            Recording("v", speech, (), layout, reader, detector),
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
    """Every fault that is seen in this clip, and the broken clip."""
    broken = [(fault, make()) for fault, make in _broken(made)]
    return [(fault, clip) for fault, clip in broken if _is_seen(made, clip)]


def _broken(made: Made) -> list[tuple[Fault, Callable[[], Path]]]:
    plan = made.plan
    rate = plan.edit.fps
    early_s = _brightest(made)
    part = _part_at(plan, early_s)
    boxes = {"page": part.screen, "camera": part.camera.rect if part.camera else None}
    faults = [(Fault("black", "black_s"), lambda: _blackened(made, early_s))]
    for name, box in boxes.items():
        if box is None:
            continue
        drawn = {"x": box.x, "y": box.y, "w": box.width, "h": box.height}
        when = f"between(t,{early_s},{early_s + FAULT_S})"

        def black(kept: Any, drawn: dict[str, int] = drawn, when: str = when) -> Any:
            return kept.filter("drawbox", **drawn, color="black", t="fill", enable=when)

        fault = Fault(f"{name} black", "black_s")
        faults.append((fault, functools.partial(_spoiled, made, fault.name, black)))
    first = round(_liveliest(made) * rate)
    held = {"first": first, "last": first + round(FAULT_S * rate), "replace": first}

    def freeze(kept: Any) -> Any:
        both = kept.split()
        return ffmpeg.filter([both[0], both[1]], "freezeframes", **held)

    def wrong(kept: Any) -> Any:
        return kept.filter("scroll", hpos=0.2, vpos=0.1)

    for fault, spoil, late in (
        (Fault("frozen", "frozen_s"), freeze, 0),
        (Fault("late", "elsewhere_s"), lambda kept: kept, round(LATE_S * rate)),
        (Fault("wrong place", "elsewhere_s"), wrong, 0),
    ):
        faults.append((fault, functools.partial(_spoiled, made, fault.name, spoil, late)))
    return faults


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

    def spoiled(source: Path, info: MediaInfo, edit: EditList) -> Any:
        spans = tuple(
            FrameSpan(first=s.first + late_frames, last=s.last + late_frames) for s in edit.spans
        )
        return spoil(kept_frames(source, info, edit.model_copy(update={"spans": spans})))

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
