"""The faces over time, densely, inside one region.

A detector looks a few times a second. A face that it does not see for a while (turned to
the board, a hand before it) is followed by its texture from where it was last, so that a
track has no holes; and it is given up when it has not been seen for too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.framing.model import FacePoint, FaceTrack, FramingOptions
from vidpipe.geometry import Rect
from vidpipe.media.faces import Face, FaceDetector
from vidpipe.media.frames import FrameReader, Image
from vidpipe.timeline import Interval

#: A face of less than this share of the region's height is in a picture on the wall.
_SMALLEST = 0.09
#: The same face lies within so many of its heights from one look to the next, and is of
#: about the same size.
_REACH = 1.2
_GROWTH = 1.8
#: Texture points that must agree, forwards and backwards to within a pixel or so.
_LEAST_POINTS = 6
_RETURN_PX = 1.5
#: A track seen in fewer looks than this, or in this share of its shot, is a false alarm.
_LEAST_SEEN = 3
_LEAST_SHARE = 0.15


@dataclass
class _Open:
    """A track that is being followed, in pixels of the region's picture."""

    points: list[FacePoint] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    seen_s: float = 0.0


def track_faces(
    reader: FrameReader,
    detector: FaceDetector,
    region: Rect,
    within: Interval,
    cuts_s: Sequence[float],
    options: FramingOptions,
) -> list[FaceTrack]:
    """Faces of the region over time, in displayed pixels, the most constant first.

    Tracks end at cuts.
    """
    scale = reader.scale
    area = region.scaled(scale).clamp(reader.size.rect)
    step_s = 1.0 / options.faces_per_s
    looks = 0
    done: list[_Open] = []
    live: list[_Open] = []
    previous: Image | None = None
    cuts = [c for c in cuts_s if within.start_s < c < within.end_s]
    frames = reader.every(step_s, within.start_s, within.end_s, roughly=reader.video.fps >= 20)
    for frame in frames:
        picture = np.ascontiguousarray(frame.image[area.y : area.bottom, area.x : area.right])
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        looks += 1
        if cuts and frame.t_s >= cuts[0] - 1e-3:
            cuts = [c for c in cuts if c > frame.t_s + 1e-3]
            done, live, previous = done + live, [], None
        expected = live[0].height if len(live) == 1 else 0.0
        faces = [
            f
            for f in detector.detect(picture, expected)
            if f.rect.height >= _SMALLEST * area.height
        ]
        for track in sorted(live, key=lambda t: -len(t.points)):
            face = _same(track, faces)
            if face is not None:
                faces.remove(face)
                _take(track, face, frame.t_s)
            elif (
                previous is None
                or frame.t_s - track.seen_s > options.max_gap_s
                or not _follow(track, previous, grey)
            ):
                live.remove(track)
                done.append(track)
                continue
            _note(track, frame.t_s, area, scale, seen=face is not None)
        for face in faces:
            track = _Open()
            _take(track, face, frame.t_s)
            _note(track, frame.t_s, area, scale, seen=True)
            live.append(track)
        previous = grey
    tracks = [t for t in (_finished(track) for track in done + live) if t is not None]
    least = max(_LEAST_SEEN, round(_LEAST_SHARE * looks))
    kept = [t for t in tracks if sum(p.seen for p in t.points) >= min(least, looks)]
    return sorted(kept, key=_weight, reverse=True)


def main_face(tracks: Sequence[FaceTrack]) -> list[FacePoint]:
    """The points of the leading face at each time, through all shots."""
    points: list[FacePoint] = []
    taken: list[FaceTrack] = []
    for track in tracks:
        if all(track.end_s < t.start_s or track.start_s > t.end_s for t in taken):
            taken.append(track)
            points += track.points
    return sorted(points, key=lambda p: p.t_s)


def _weight(track: FaceTrack) -> float:
    """Long, large and well seen."""
    heights = np.median([p.height for p in track.points])
    return float(sum(p.seen for p in track.points) * heights)


def _same(track: _Open, faces: Sequence[Face]) -> Face | None:
    near = []
    for face in faces:
        x, y = face.rect.center
        off = float(np.hypot(x - track.x, y - track.y)) / track.height
        size = face.rect.height / track.height
        if off < _REACH and 1 / _GROWTH < size < _GROWTH:
            near.append((off, face))
    return min(near, key=lambda n: n[0])[1] if near else None


def _take(track: _Open, face: Face, t_s: float) -> None:
    track.x, track.y = face.rect.center
    # A detector's boxes come in steps: the height changes slowly.
    known = track.height or float(face.rect.height)
    track.height = 0.7 * known + 0.3 * face.rect.height
    track.seen_s = t_s


def _follow(track: _Open, before: Image, now: Image) -> bool:
    """Move a track with the texture that was under it, if enough of that is found again."""
    half = 0.5 * track.height
    mask = np.zeros(before.shape, np.uint8)
    corners = (
        (round(track.x - half), round(track.y - half)),
        (
            round(track.x + half),
            round(track.y + half),
        ),
    )
    cv2.rectangle(mask, *corners, 255, -1)
    found = cv2.goodFeaturesToTrack(before, 60, 0.01, 3, mask=mask)
    if found is None or len(found) < _LEAST_POINTS:
        return False
    window = {"winSize": (21, 21), "maxLevel": 4}
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, now, found, np.empty(0), **window)  # type: ignore[call-overload]
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, np.empty(0), **window)  # type: ignore[call-overload]
    returned = np.abs(back - found).reshape(-1, 2).max(axis=1) < _RETURN_PX
    good = (ok.ravel() == 1) & (ok_back.ravel() == 1) & returned
    if good.sum() < _LEAST_POINTS:
        return False
    moves = (there - found).reshape(-1, 2)[good]
    dx, dy = np.median(moves, axis=0)
    if np.hypot(dx, dy) > _REACH * track.height:
        return False
    track.x, track.y = track.x + float(dx), track.y + float(dy)
    height, width = now.shape
    return bool(0 <= track.x < width and 0 <= track.y < height)


def _note(track: _Open, t_s: float, area: Rect, scale: float, *, seen: bool) -> None:
    track.points.append(
        FacePoint(
            t_s=t_s,
            x=(area.x + track.x) / scale,
            y=(area.y + track.y) / scale,
            height=track.height / scale,
            seen=seen,
        )
    )


def _finished(track: _Open) -> FaceTrack | None:
    """Without the tail in which the face was not seen again, and without strays."""
    points = list(track.points)
    while points and not points[-1].seen:
        points.pop()
    if not points:
        return None
    xs, ys = (_median_of_three(np.array([getattr(p, a) for p in points])) for a in "xy")
    return FaceTrack(
        points=tuple(
            p.model_copy(update={"x": float(x), "y": float(y)})
            for p, x, y in zip(points, xs, ys, strict=True)
        )
    )


def _median_of_three(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) < 3:
        return values
    padded = np.concatenate(([values[0]], values, [values[-1]]))
    return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0))
