"""Closer to a speaker and back, in turn: at once, which hides jump cuts, or in a slow zoom."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from vidpipe.clips.model import Part
from vidpipe.framing.head import head_width
from vidpipe.framing.model import CropPath, FacePoint
from vidpipe.geometry import Rect
from vidpipe.text import ends_sentence
from vidpipe.timeline import EditList, FrameSpan
from vidpipe.transcript.model import Word

#: How much closer: a cut between two sizes that differ by less looks like a fault.
CLOSER = 1.16
#: A zoom is seen to be one, and takes so long: a twentieth of the picture in a second.
SLOWLY_CLOSER, ZOOM_S = 1.12, 2.4
#: Two cuts are never nearer than this; after so long without one a sentence will do.
_LEAST_S, _LONG_S = 4.0, 7.0
#: A head, ears and all, takes at most so much of the closer crop's width.
_ROOM = 0.8


def moments(
    edit: EditList,
    words: Sequence[Word],
    first: int,
    last: int,
    seen: Sequence[FrameSpan] | None = None,
    takes: int = 0,
) -> list[int]:
    """Frames of `[first, last)` of the clip at which the crop changes, or begins to.

    Joins, where something was taken out, before beginnings of sentences.

    Args:
        edit: the clip's.
        words: of the recording.
        first: frame of the clip.
        last: frame of the clip after the last one.
        seen: spans of the picture, where it is not cut when the sound is.
        takes: frames from the beginning of a change to its end.
    """
    least = round(_LEAST_S * edit.fps) + takes
    joins, at = [], 0
    for span in (seen or edit.spans)[:-1]:
        at += span.frames
        joins.append(at)
    begun = [
        round(edit.to_clip(after.start_s) * edit.fps)
        for before, after in itertools.pairwise(words)
        if ends_sentence(before.text) and any(i.contains(after.start_s) for i in edit.intervals)
    ]
    found: list[int] = []
    since = first
    while True:
        late = since + max(least, round(_LONG_S * edit.fps))
        near = [n for n in joins if since + least <= n <= late]
        far = [n for n in sorted({*joins, *begun}) if n >= since + least]
        if not near and not far:
            return found
        chosen = near[0] if near else far[0]
        if chosen > last - least:
            return found
        found.append(chosen)
        since = chosen


def punched(part: Part, faces: Sequence[FacePoint], at: Sequence[int]) -> Iterator[Part]:
    """A speaker's part cut at these frames, every second piece closer; whole where it can't be.

    Args:
        part: with a crop that follows one face.
        faces: that it follows, in source pixels.
        at: frames of the clip, within the part.
    """
    path = part.camera
    closer = path and closer_crop(path, faces, CLOSER)
    if closer is None or not at:
        yield part
        return
    borders = [part.first_frame, *at, part.last_frame]
    for k, (first, last) in enumerate(itertools.pairwise(borders)):
        yield part.model_copy(
            update={
                "first_frame": first,
                "last_frame": last,
                "camera": closer if k % 2 else path,
            }
        )


def zoomed(part: Part, faces: Sequence[FacePoint], at: Sequence[int], takes: int) -> Iterator[Part]:
    """A speaker's part in which the picture comes closer from these frames on, and goes back.

    Whole where it can't be, and where the crop moves for itself: one movement is enough.

    Args:
        part: with a crop that follows one face.
        faces: that it follows, in source pixels.
        at: frames of the clip, within the part, that far apart that a movement has an end.
        takes: frames that a movement takes.
    """
    path = part.camera
    still = path is not None and len({p.x for p in path.points}) == 1
    closer = path and closer_crop(path, faces, SLOWLY_CLOSER)
    if path is None or closer is None or not still or not at:
        yield part
        return
    sizes = (path.rect, closer.rect)
    begun = part.first_frame
    for k, moment in enumerate(at):
        before, after = sizes[k % 2], sizes[(k + 1) % 2]
        yield _resting(part, begun, moment, before, path.rect)
        move = {"first_frame": moment, "last_frame": moment + takes, "near": (before, after)}
        yield part.model_copy(update=move)
        begun = moment + takes
    yield _resting(part, begun, part.last_frame, sizes[len(at) % 2], path.rect)


def _resting(part: Part, first: int, last: int, shown: Rect, whole: Rect) -> Part:
    near = None if shown == whole else (shown, shown)
    return part.model_copy(update={"first_frame": first, "last_frame": last, "near": near})


def closer_crop(path: CropPath, faces: Sequence[FacePoint], by: float) -> CropPath | None:
    """The path with a crop that is closer; the face keeps its place in it. None without room.

    Args:
        path: that follows one face.
        faces: that it follows, in source pixels.
        by: how much narrower the crop is: `CLOSER` or `SLOWLY_CLOSER`.
    """
    if not faces:
        return None
    rect = path.rect
    width, height = round(rect.width / by), round(rect.height / by)
    if head_width(faces) > _ROOM * width:
        return None
    times = [p.t_s for p in path.points]
    lefts = np.interp([f.t_s for f in faces], times, [p.x for p in path.points])
    across = float(np.median([(f.x - x) / rect.width for f, x in zip(faces, lefts, strict=True)]))
    down = (float(np.median([f.y for f in faces])) - rect.y) / rect.height
    left = (rect.width - width) * min(1.0, max(0.0, across))
    top = (rect.height - height) * min(1.0, max(0.0, down))
    near = Rect(x=round(rect.x + left), y=round(rect.y + top), width=width, height=height)
    points = tuple(p.model_copy(update={"x": round(p.x + left, 2)}) for p in path.points)
    return path.model_copy(update={"rect": near, "points": points})
