"""Cut-ins on a speaker: closer and wider in turn, which hides jump cuts and keeps eyes awake."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from vidpipe.clips.model import Part
from vidpipe.framing.model import CropPath, FacePoint
from vidpipe.geometry import Rect
from vidpipe.text import ends_sentence
from vidpipe.timeline import EditList
from vidpipe.transcript.model import Word

#: How much closer: a cut between two sizes that differ by less looks like a fault.
_CLOSER = 1.16
#: Two cuts are never nearer than this; after so long without one a sentence will do.
_LEAST_S, _LONG_S = 4.0, 7.0
#: A head, ears and all, takes at most so much of the closer crop's width.
_ROOM = 0.8
_HEAD = 1.04


def moments(
    edit: EditList, words: Sequence[Word], first: int, last: int, lead_s: float = 0.0
) -> list[int]:
    """Frames of `[first, last)` of the clip at which the crop changes.

    Joins, where something was taken out, before beginnings of sentences. The picture changes
    at a join `lead_s` after the sound, where there is room for that.
    """
    least = round(_LEAST_S * edit.fps)
    joins, at = [], 0
    for span in edit.picture_spans(lead_s)[:-1]:
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
        late = since + round(_LONG_S * edit.fps)
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
    closer = path and closer_crop(path, faces)
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


def closer_crop(path: CropPath, faces: Sequence[FacePoint]) -> CropPath | None:
    """The path with a crop that is closer; the face keeps its place in it. None without room."""
    if not faces:
        return None
    rect = path.rect
    width, height = round(rect.width / _CLOSER), round(rect.height / _CLOSER)
    head = _HEAD * float(np.median([f.height for f in faces]))
    if head > _ROOM * width:
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
