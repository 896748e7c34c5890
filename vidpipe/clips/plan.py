"""From a segment to a plan: edit list, compositions, camera paths."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from vidpipe.clips.arrange import stack
from vidpipe.clips.films import film_frames
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part, Variant
from vidpipe.framing.follow import close_up, follow, follow_panes
from vidpipe.framing.model import CropPath, FacePoint, FramingOptions
from vidpipe.framing.path import crop_path
from vidpipe.framing.track import main_face, track_faces
from vidpipe.geometry import Rect, Size, bounding
from vidpipe.layout.model import Layout, LayoutKind, Region, Role, Stretch
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.orthography import bare
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import EditList, Interval, complement, shorten_pauses, span, union
from vidpipe.transcript.model import Word

#: Output rates: what platforms take and encoders know.
_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
)
#: A layout shorter than this does not change the composition.
_MIN_PART_S = 1.2
#: What of the silence around a filler goes with it, and a pause that is one with it.
_FILLER_EDGE_S, _FILLER_GAP_S = 0.04, 0.08
#: What would be left between two cuts and is shorter is cut, too.
_SHORTEST_S = 0.12
#: Around an inset, next to the page's width; and the greys of a plain part of it.
_INSET_MARGIN = 0.006
_PLAIN = 24
#: Widths of a face and of the head around it next to the height of the face.
_FACE, _HEAD = 0.8, 1.2


def output_fps(source_fps: float) -> Fraction:
    """The standard rate nearest to the source's, halved first when it is over 31.

    A source under 23 frames a second (slides at 5, screen recordings) gets 30.
    """
    fps = source_fps
    while fps > 31:
        fps /= 2
    if fps < 23:
        return Fraction(30)
    return min(_RATES, key=lambda r: abs(float(r) - fps))


def edit_list(
    segment: Segment,
    speech: SpeechMap,
    words: Sequence[Word],
    options: ClipOptions,
    fps: Fraction,
    duration_s: float,
) -> EditList:
    """What the clip keeps, on frame borders: the segment with its long pauses shortened.

    And without its fillers: a pause on each side of one is one pause with it. `words`
    are those whose times are known.
    """
    within = span(segment.start_s, min(segment.end_s, duration_s))
    fillers = _fillers(words, options.fillers, within)
    pauses = union([*speech.silences, *fillers], gap_s=_FILLER_GAP_S)
    kept = shorten_pauses(within, pauses, options.max_pause_s, options.kept_pause_s)
    if fillers:
        kept = complement(union([*complement(kept, within), *fillers]), within)
        kept = [k for k in kept if k.duration_s >= _SHORTEST_S]
    return EditList.from_intervals(kept, fps)


def _fillers(words: Sequence[Word], fillers: Sequence[str], within: Interval) -> list[Interval]:
    """When filler words are said, each up to half of the gap to its neighbours.

    Not at the ends of a clip: there they are left to the borders.
    """
    unwanted = {f.lower() for f in fillers}
    found = []
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        if bare(word.text) not in unwanted:
            continue
        if not (within.start_s < word.start_s and word.end_s < within.end_s):
            continue
        start_s = word.start_s - min(_FILLER_EDGE_S, max(0.0, word.start_s - before.end_s) / 2)
        end_s = word.end_s + min(_FILLER_EDGE_S, max(0.0, after.start_s - word.end_s) / 2)
        found.append(span(start_s, end_s))
    return union(found)


def clip_id(video_id: str, edit: EditList) -> str:
    """From content, never from rank."""
    text = f"{video_id}:{edit.spans[0].first}:{edit.spans[-1].last}:{edit.fps}"
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def plan_clip(
    video_id: str,
    segment: Segment,
    speech: SpeechMap,
    words: Sequence[Word],
    layout: Layout,
    reader: FrameReader,
    detector: FaceDetector,
    options: ClipOptions,
    framing: FramingOptions,
    variant: Variant,
    *,
    captions: bool,
) -> ClipPlan:
    """Decide everything that is seen: one plan per canvas shape.

    `words` are those whose times are known, for fillers.
    """
    canvas = variant.size
    fps = output_fps(reader.video.fps)
    edit = edit_list(segment, speech, words, options, fps, layout.duration_s)
    parts: list[Part] = []
    for stretch, first, last in _stretches(layout, edit):
        within = span(
            edit.to_source(float(first / fps)), edit.to_source(float((last - 1) / fps)) + 1e-3
        )
        cameras = [r for r in stretch.regions if r.role is Role.CAMERA]
        if stretch.kind is LayoutKind.CAMERA and len(cameras) > 1:
            people = [c.rect for c in cameras if c.faces] or [c.rect for c in cameras]
            for start_s, end_s, path, faces in follow_panes(
                reader, detector, people, within, speech.speech, canvas.aspect, framing
            ):
                begin = first if start_s <= within.start_s else round(edit.to_clip(start_s) * fps)
                end = last if end_s >= within.end_s else round(edit.to_clip(end_s) * fps)
                if end > begin:
                    parts.append(
                        Part(
                            first_frame=begin,
                            last_frame=end,
                            composition=Composition.SPEAKER,
                            camera=path,
                            face=face_on(canvas, path, faces),
                        )
                    )
            continue
        parts.append(
            _part(
                stretch,
                first,
                last,
                within,
                layout,
                speech,
                reader,
                detector,
                framing,
                variant,
                captions=captions,
            )
        )
    return ClipPlan(
        clip_id=clip_id(video_id, edit),
        rank=segment.rank,
        title=segment.title,
        hook=segment.hook,
        score=segment.score,
        segment=span(segment.start_s, segment.end_s),
        edit=edit,
        parts=tuple(_joined(parts)),
        intro_frames=film_frames(options.brand.intro, fps),
        outro_frames=film_frames(options.brand.outro, fps),
    )


def _stretches(layout: Layout, edit: EditList) -> list[tuple[Stretch, int, int]]:
    """Layout stretches in clip frames; those too short to be seen follow their neighbour."""
    found: list[tuple[Stretch, int, int]] = []
    for stretch in layout.stretches:
        first = round(edit.to_clip(stretch.start_s) * edit.fps)
        last = round(edit.to_clip(stretch.end_s) * edit.fps)
        if last > first:
            found.append((stretch, first, last))
    if not found:
        return [(layout.at(edit.intervals[0].start_s), 0, edit.frames)]
    # Nothing may be left over at the ends, whatever rounding did.
    found[0] = (found[0][0], 0, found[0][2])
    found[-1] = (found[-1][0], found[-1][1], edit.frames)
    shortest = round(_MIN_PART_S * edit.fps)
    while len(found) > 1:
        k = min(range(len(found)), key=lambda i: found[i][2] - found[i][1])
        if found[k][2] - found[k][1] >= shortest:
            break
        if k == 0:
            found[1] = (found[1][0], found[0][1], found[1][2])
        else:
            found[k - 1] = (found[k - 1][0], found[k - 1][1], found[k][2])
        del found[k]
    return found


def _part(
    stretch: Stretch,
    first: int,
    last: int,
    within: Interval,
    layout: Layout,
    speech: SpeechMap,
    reader: FrameReader,
    detector: FaceDetector,
    framing: FramingOptions,
    variant: Variant,
    *,
    captions: bool,
) -> Part:
    canvas = variant.size
    screen, camera = stretch.region(Role.SCREEN), stretch.region(Role.CAMERA)
    vertical = canvas.aspect < 0.9
    if stretch.kind is LayoutKind.SCREEN_AND_CAMERA and screen and camera and vertical:
        calm = framing.model_copy(update={"faces_per_s": framing.faces_per_s_stacked})
        tracks = track_faces(reader, detector, camera.rect, within, layout.cuts_s, calm)
        faces = main_face(tracks)
        area = camera.rect
        if area.intersect(screen.rect) == screen.rect:
            area = close_up(area, faces)
        below = stack(screen.rect, variant, captions=captions).camera
        assert below is not None
        if camera.circle:
            area = _inscribed(area, below.aspect)
        path = crop_path(area, below.aspect, faces, within, layout.cuts_s, framing)
        return Part(
            first_frame=first,
            last_frame=last,
            composition=Composition.STACK,
            screen=screen.rect,
            corners=screen.corners,
            camera=path,
            inset=_to_paint_over(camera.rect, screen, within, reader),
        )
    if stretch.kind is LayoutKind.CAMERA and camera:
        rect = camera.rect
        faces, cuts_s = follow(
            reader, detector, rect, within, layout.cuts_s, speech.speech, framing
        )
        seen = len(faces) >= 0.3 * within.duration_s * framing.faces_per_s
        if seen or rect.aspect <= canvas.aspect * 1.2:
            path = crop_path(rect, canvas.aspect, faces, within, cuts_s, framing)
            if _head(faces) <= path.rect.width:
                return Part(
                    first_frame=first,
                    last_frame=last,
                    composition=Composition.SPEAKER,
                    camera=path,
                    face=face_on(canvas, path, faces),
                )
    # Where there is no room to stack them, a page and its speaker stay as they were filmed.
    shown = [r.rect for r in (screen, camera) if r]
    rect = bounding(shown) if shown else reader.video.size.rect
    kind = Composition.SCREEN if screen and not camera else Composition.FIT
    return Part(first_frame=first, last_frame=last, composition=kind, screen=rect)


def _inscribed(disc: Rect, aspect: float) -> Rect:
    """The largest rectangle of an aspect in the disc that fills a square: no corner of what is
    behind it."""
    diameter = min(disc.width, disc.height)
    height = diameter / math.hypot(1.0, aspect)
    x, y = disc.center
    return Rect(
        x=round(x - aspect * height / 2),
        y=round(y - height / 2),
        width=round(aspect * height),
        height=round(height),
    )


def _to_paint_over(
    camera: Rect, screen: Region, within: Interval, reader: FrameReader
) -> Rect | None:
    """The inset with a little around it, where it lies on a plain part of the page.

    None where it does not lie within the page, or on something: a smear would be worse.
    """
    margin = max(2, round(_INSET_MARGIN * screen.rect.width))
    grown = Rect(
        x=camera.x - margin,
        y=camera.y - margin,
        width=camera.width + 2 * margin,
        height=camera.height + 2 * margin,
    )
    around = Rect(
        x=grown.x - margin,
        y=grown.y - margin,
        width=grown.width + 2 * margin,
        height=grown.height + 2 * margin,
    )
    if screen.corners or around.intersect(screen.rect) != around:
        return None
    outer, inner = around.scaled(reader.scale), grown.scaled(reader.scale)
    for share in (0.1, 0.5, 0.9):
        grey = reader.at(within.start_s + share * within.duration_s).grey
        ring = np.ones((outer.height, outer.width), bool)
        x, y = inner.x - outer.x, inner.y - outer.y
        ring[y : y + inner.height, x : x + inner.width] = False
        shown = grey[outer.y : outer.bottom, outer.x : outer.right]
        low, high = np.percentile(shown[ring[: shown.shape[0], : shown.shape[1]]], (3, 97))
        if high - low > _PLAIN:
            return None
    return grown


def _head(faces: Sequence[FacePoint]) -> float:
    """How wide a head is most of the time, ears and all; a crop that is narrower cuts it."""
    return _HEAD * float(np.median([f.height for f in faces])) if faces else 0.0


def face_on(canvas: Size, path: CropPath, faces: Sequence[FacePoint]) -> Rect | None:
    """What a face takes of the canvas most of the time; None without one."""
    if not faces:
        return None
    scale = canvas.width / path.rect.width
    times = [f.t_s for f in faces]
    lefts = np.interp(times, [p.t_s for p in path.points], [p.x for p in path.points])
    boxes = np.array(
        [
            [f.x - left - _FACE / 2 * f.height, f.y - path.rect.y - f.height / 2, f.height]
            for f, left in zip(faces, lefts, strict=True)
        ]
    )
    lows, highs = boxes.copy(), boxes.copy()
    highs[:, 0] += _FACE * boxes[:, 2]
    highs[:, 1] += boxes[:, 2]
    x, y = np.percentile(lows[:, :2], 10, axis=0) * scale
    right, bottom = np.percentile(highs[:, :2], 90, axis=0) * scale
    box = Rect(
        x=max(0, round(x)),
        y=max(0, round(y)),
        width=max(1, round(right - max(0, x))),
        height=max(1, round(bottom - max(0, y))),
    )
    return box.intersect(canvas.rect)


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Neighbours that look the same are one part."""
    out: list[Part] = []
    for part in parts:
        if out:
            same = out[-1].model_copy(
                update={"first_frame": part.first_frame, "last_frame": part.last_frame}
            )
            if same == part and part.camera is None:
                out[-1] = out[-1].model_copy(update={"last_frame": part.last_frame})
                continue
        out.append(part)
    return out
