"""The face over time, densely, inside one region."""

from __future__ import annotations

import numpy as np

from vidpipe.framing.model import FacePoint, FramingOptions
from vidpipe.geometry import Rect
from vidpipe.media.faces import Face, FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import Interval


def track_face(
    reader: FrameReader,
    detector: FaceDetector,
    region: Rect,
    within: Interval,
    options: FramingOptions,
) -> list[FacePoint]:
    """Points of the most constant face, in displayed pixels; empty when there is none.

    Each look prefers the face next to the last one; gaps stay gaps, the path
    spans them.
    """
    scale = reader.scale
    area = region.scaled(scale).clamp(reader.size.rect)
    points: list[FacePoint] = []
    last: tuple[float, float] | None = None
    height = 0.0
    step_s = 1.0 / options.faces_per_s
    fast = reader.video.fps >= 20
    for frame in reader.every(step_s, within.start_s, within.end_s, roughly=fast):
        crop = frame.image[area.y : area.bottom, area.x : area.right]
        faces = detector.detect(np.ascontiguousarray(crop), height)
        faces = [f for f in faces if f.rect.height >= 0.08 * area.height]
        if not faces:
            continue
        face = _nearest(faces, last, area.width)
        cx, cy = face.rect.center
        last, height = (cx, cy), float(face.rect.height)
        points.append(
            FacePoint(
                t_s=frame.t_s,
                x=(area.x + cx) / scale,
                y=(area.y + cy) / scale,
                height=face.rect.height / scale,
            )
        )
    return _without_strays(points, region)


def _nearest(faces: list[Face], last: tuple[float, float] | None, width: int) -> Face:
    def cost(face: Face) -> float:
        size = face.rect.height / width
        if last is None:
            return -size
        cx, cy = face.rect.center
        return float(np.hypot(cx - last[0], cy - last[1])) / width - 0.3 * size

    return min(faces, key=cost)


def _without_strays(points: list[FacePoint], region: Rect) -> list[FacePoint]:
    """Points far from the median of their neighbours are false detections."""
    if len(points) < 5:
        return points
    xs = np.array([p.x for p in points])
    ys = np.array([p.y for p in points])
    kept = []
    for k, point in enumerate(points):
        low, high = max(0, k - 3), min(len(points), k + 4)
        off = np.hypot(point.x - np.median(xs[low:high]), point.y - np.median(ys[low:high]))
        if off < 0.2 * region.width:
            kept.append(point)
    return kept
