"""Whom the picture follows: the speaker, and of several people the one who speaks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from vidpipe.framing.model import FacePoint, FramingOptions
from vidpipe.framing.speakers import turns, who_speaks
from vidpipe.framing.track import main_face, track_faces
from vidpipe.geometry import Rect
from vidpipe.media.faces import FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import Interval, span


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
