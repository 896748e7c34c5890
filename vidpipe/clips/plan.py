"""From a segment to a plan: what is kept, and what is shown when."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidpipe.clips.audiogram.drawing import SOUND_FPS, audiogram_part
from vidpipe.clips.compose import Composer, SourceRecording
from vidpipe.clips.edits import edit_list, output_fps
from vidpipe.clips.graph.bumpers import bumper_frames
from vidpipe.clips.model import ClipOptions, ClipPlan, Part, Variant
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import Rect
from vidpipe.layout.model import Layout, LayoutInterval
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.text import bare
from vidpipe.timeline import EditList, Interval, span
from vidpipe.transcript.model import Word

#: A layout shorter than this does not change the composition.
_MIN_PART_S = 1.2


def clip_id(video_id: str, edit: EditList) -> str:
    """From content, never from rank."""
    text = f"{video_id}:{edit.spans[0].first}:{edit.spans[-1].last}:{edit.fps}"
    return hashlib.sha256(text.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class AudioPicture:
    """What is known of a recording of sound alone; `words` as in `SourceRecording`."""

    video_id: str
    speech: SpeechMap
    words: Sequence[Word]
    duration_s: float


def plan_clip(
    recording: SourceRecording,
    segment: Segment,
    options: ClipOptions,
    framing: FramingOptions,
    variant: Variant,
    *,
    captions: bool,
    kept: Rect | None = None,
    cuts: Sequence[Interval] = (),
) -> ClipPlan:
    """Decide everything that is seen: one plan per canvas shape.

    Args:
        recording: what is known of it.
        segment: what to show.
        options: look and sound.
        framing: how faces are followed.
        variant: the canvas.
        captions: whether there is to be room for captions.
        kept: a place of the source, in its pixels, to be kept whole: captions that are there.
        cuts: what a person took out of it, in source time.
    """
    fps = output_fps(recording.reader.video.fps)
    edit = edit_list(
        segment, recording.speech, recording.words, options, fps, recording.layout.duration_s, cuts
    )
    planner = Composer(
        recording,
        edit,
        options,
        framing,
        variant,
        captions,
        has_title=bool(segment.title),
        kept=kept,
    )
    parts: list[Part] = []
    for stretch, first, last in _stretches(recording.layout, edit):
        parts += planner.parts(stretch, first, last)
    return planned(recording.video_id, segment, edit, _joined(parts), options)


def plan_audiogram(
    heard: AudioPicture,
    segment: Segment,
    options: ClipOptions,
    cover: Path | None,
    cuts: Sequence[Interval] = (),
) -> ClipPlan:
    """The plan of a clip of sound alone, the same for every canvas.

    Args:
        heard: the recording.
        segment: what to show.
        options: look and sound.
        cover: its picture, if any.
        cuts: what a person took out of it, in source time.
    """
    edit = edit_list(segment, heard.speech, heard.words, options, SOUND_FPS, heard.duration_s, cuts)
    part = audiogram_part(
        edit.frames, cover, options.template, options.brand, has_title=bool(segment.title)
    )
    return planned(heard.video_id, segment, edit, [part], options)


def planned(
    video_id: str,
    segment: Segment,
    edit: EditList,
    parts: Sequence[Part],
    options: ClipOptions,
) -> ClipPlan:
    """The plan of a clip whose parts are known."""
    return ClipPlan(
        clip_id=clip_id(video_id, edit),
        rank=segment.rank,
        title=segment.title,
        hook=segment.hook,
        key_words=_key_words(segment),
        score=segment.score,
        segment=span(segment.start_s, segment.end_s),
        edit=edit,
        parts=tuple(parts),
        intro_frames=bumper_frames(options.brand.intro, edit.fps),
        outro_frames=bumper_frames(options.brand.outro, edit.fps),
    )


def _key_words(segment: Segment) -> tuple[str, ...]:
    """The words of what it is about, as captions are looked through for them."""
    return tuple(sorted({bare(w) for phrase in segment.keyphrases for w in phrase.split()}))


def _stretches(layout: Layout, edit: EditList) -> list[tuple[LayoutInterval, int, int]]:
    """Layout stretches in clip frames; those too short to be seen follow their neighbour."""
    found: list[tuple[LayoutInterval, int, int]] = []
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
