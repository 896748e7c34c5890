"""Whom the picture follows: the speaker, and of several people the one who speaks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidpipe.framing.model import CropPath, FacePoint, FaceTrack, FramingOptions
from vidpipe.framing.path import crop_path
from vidpipe.framing.speakers import turns, who_speaks
from vidpipe.framing.track import main_face, track_faces
from vidpipe.geometry import Rect
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import Interval, span

#: Of the time, what both of two people must be seen.
_SEEN = 0.8
#: Above and below the face's middle, in its heights: head and shoulders.
_ABOVE, _BELOW = 1.3, 2.3


def follow(
    reader: FrameReader,
    detector: FaceDetector,
    region: Rect,
    within: Interval,
    cuts_s: Sequence[float],
    speech: Sequence[Interval],
    options: FramingOptions,
) -> tuple[list[FacePoint], list[float]]:
    """The face to follow over time, and when to start anew: at cuts and at turns."""
    cuts = [c for c in cuts_s if within.start_s < c < within.end_s]
    tracks = track_faces(reader, detector, region, within, cuts, options)
    points: list[FacePoint] = []
    anew = set(cuts)
    for start_s, end_s in itertools.pairwise([within.start_s, *cuts, within.end_s]):
        people = [t for t in tracks if start_s - 1e-3 <= t.start_s < end_s]
        pairs = itertools.combinations(people, 2)
        if not any(a.start_s < b.end_s and b.start_s < a.end_s for a, b in pairs):
            points += main_face(people)
            continue
        shot = span(start_s, end_s)
        changes = turns(who_speaks(reader, people, speech, shot, options), shot, options)
        begins = [turn_s for turn_s, _ in changes[1:]]
        anew.update(begins)
        for (turn_s, who), until_s in zip(changes, [*begins, end_s], strict=True):
            points += [p for p in people[who].points if turn_s <= p.t_s < until_s]
    return points, sorted(anew)


def follow_panes(
    reader: FrameReader,
    detector: FaceDetector,
    panes: Sequence[Rect],
    within: Interval,
    speech: Sequence[Interval],
    aspect: float,
    options: FramingOptions,
) -> list[tuple[float, float, CropPath, list[FacePoint]]]:
    """Of people with a picture each, the one who speaks: from, to, the crop in theirs, the face."""
    tracks: list[FaceTrack] = []
    pane_of: list[Rect] = []
    for pane in panes:
        faces = main_face(track_faces(reader, detector, pane, within, (), options))
        if faces:
            tracks.append(FaceTrack(points=tuple(faces)))
            pane_of.append(pane)
    if not tracks:
        path = crop_path(panes[0], aspect, (), within, (), options)
        return [(within.start_s, within.end_s, path, [])]
    changes = [(within.start_s, 0)]
    if len(tracks) > 1:
        changes = turns(who_speaks(reader, tracks, speech, within, options), within, options)
    ends = [turn_s for turn_s, _ in changes[1:]] + [within.end_s]
    found = []
    for (start_s, who), end_s in zip(changes, ends, strict=True):
        points = [p for p in tracks[who].points if start_s <= p.t_s < end_s]
        points = points or list(tracks[who].points)
        path = crop_path(pane_of[who], aspect, points, span(start_s, end_s), (), options)
        found.append((start_s, end_s, path, points))
    return found


def close_up(region: Rect, faces: Sequence[FacePoint]) -> Rect:
    """The band of a wide picture in which head and shoulders are, for a crop to move in."""
    if not faces:
        return region
    top = min(f.y - _ABOVE * f.height for f in faces)
    bottom = max(f.y + _BELOW * f.height for f in faces)
    y = max(region.y, round(top))
    height = min(region.bottom, round(bottom)) - y
    if height < 2:
        return region
    return Rect(x=region.x, y=y, width=region.width, height=height)


@dataclass(frozen=True)
class FramedPair:
    """Crops of two people who are seen all the time, the left one first."""

    left: CropPath
    right: CropPath


def pair_of(
    reader: FrameReader,
    detector: FaceDetector,
    region: Rect,
    within: Interval,
    cuts_s: Sequence[float],
    aspect: float,
    options: FramingOptions,
) -> FramedPair | None:
    """Two people in one picture; None where it is cut, or where they are not both seen."""
    if any(within.start_s < c < within.end_s for c in cuts_s):
        return None
    tracks = track_faces(reader, detector, region, within, (), options)
    lasting = [t for t in tracks if t.end_s - t.start_s >= _SEEN * within.duration_s]
    if len(lasting) != 2:
        return None
    left, right = sorted(lasting, key=lambda t: _middle(t.points))
    gap = _middle(right.points) - _middle(left.points)
    areas = [close_up(region, t.points) for t in (left, right)]
    # Each alone, or both halves show the same two.
    middle = round((_middle(left.points) + _middle(right.points)) / 2)
    widths = [round(area.height * aspect) for area in areas]
    if min(widths) > 1.6 * gap:
        return None
    halves = [
        areas[0].model_copy(update={"width": max(2, middle - areas[0].x)}),
        areas[1].model_copy(update={"x": middle, "width": max(2, areas[1].right - middle)}),
    ]
    paths = [
        crop_path(half, aspect, track.points, within, (), options)
        for half, track in zip(halves, (left, right), strict=True)
    ]
    return FramedPair(*paths)


def pair_of_panes(
    reader: FrameReader,
    detector: FaceDetector,
    panes: Sequence[Rect],
    within: Interval,
    aspect: float,
    options: FramingOptions,
) -> FramedPair | None:
    """Two people with a picture each."""
    paths = []
    for pane in sorted(panes, key=lambda p: (p.x, p.y)):
        faces = main_face(track_faces(reader, detector, pane, within, (), options))
        if not faces:
            return None
        paths.append(crop_path(pane, aspect, faces, within, (), options))
    return FramedPair(*paths)


def _middle(points: Sequence[FacePoint]) -> float:
    return float(np.median([p.x for p in points]))
