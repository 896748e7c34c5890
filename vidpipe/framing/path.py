"""How a crop follows a face: steady where it can be, smooth where it must move.

One mode per shot as in AutoFlip: a face that stays near one place gets a steady
crop; else the crop follows through a dead zone and a critically damped spring
with bounded speed, and starts anew at every cut.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.framing.model import CropPath, FacePoint, FramingOptions, PathPoint
from vidpipe.geometry import Rect, crop_to_aspect
from vidpipe.timeline import Interval

_STEP_S = 0.2


def crop_path(
    region: Rect,
    aspect: float,
    faces: Sequence[FacePoint],
    within: Interval,
    cuts_s: Sequence[float],
    options: FramingOptions,
) -> CropPath:
    """The crop of `aspect` (width / height) inside `region` over `within`."""
    middle = float(np.median([f.x for f in faces])) if faces else region.center[0]
    rect = crop_to_aspect(region, aspect, (middle, _vertical(region, aspect, faces, options)))
    room = region.width - rect.width
    if not faces or room < 2:
        return CropPath(rect=rect, points=(PathPoint(t_s=within.start_s, x=rect.x),))
    points: list[PathPoint] = []
    inner = [c for c in cuts_s if within.start_s < c < within.end_s]
    edges = [within.start_s, *inner, within.end_s]
    for start_s, end_s in itertools.pairwise(edges):
        shot = [f for f in faces if start_s <= f.t_s < end_s] or list(faces)
        points += _follow(shot, start_s, end_s, rect.width, region, options)
    return CropPath(rect=rect.model_copy(update={"x": round(points[0].x)}), points=tuple(points))


def _vertical(
    region: Rect, aspect: float, faces: Sequence[FacePoint], options: FramingOptions
) -> float:
    """Middle of the crop such that the face sits at `headroom` of its height."""
    height = min(region.height, region.width / aspect)
    if not faces:
        return region.center[1]
    face_y = float(np.median([f.y for f in faces]))
    return face_y + (0.5 - options.headroom) * height


def _follow(
    faces: Sequence[FacePoint],
    start_s: float,
    end_s: float,
    width: int,
    region: Rect,
    options: FramingOptions,
) -> list[PathPoint]:
    low, high = region.x, region.right - width
    xs = np.array([f.x for f in faces]) - width / 2
    spread = float(np.percentile(xs, 95) - np.percentile(xs, 5))
    if spread <= options.steady * width or end_s - start_s < 1.0:
        x = float(np.clip(np.median(xs), low, high))
        return [PathPoint(t_s=start_s, x=x), PathPoint(t_s=end_s, x=x)]
    times = np.arange(start_s, end_s + _STEP_S, _STEP_S)
    target = np.interp(times, [f.t_s for f in faces], xs)
    target = np.clip(_median(target, 5), low, high)
    path = _spring(target, width, options)
    return _simplify(times, np.clip(path, low, high), tolerance=max(1.0, 0.004 * width))


def _spring(
    target: NDArray[np.float64], width: int, options: FramingOptions
) -> NDArray[np.float64]:
    """Forward in time; the goal moves only when the face leaves the dead zone."""
    omega = 2.0 / options.spring_s
    zone, limit = options.dead_zone * width, options.max_speed * width
    out = np.empty_like(target)
    x = goal = float(np.median(target[: max(1, round(0.6 / _STEP_S))]))
    speed = 0.0
    substeps = 4
    dt = _STEP_S / substeps
    for k, wanted in enumerate(target):
        if abs(wanted - goal) > zone:
            goal = float(wanted - np.sign(wanted - goal) * zone * 0.5)
        for _ in range(substeps):
            pull = omega * omega * (goal - x) - 2.0 * omega * speed
            speed = float(np.clip(speed + pull * dt, -limit, limit))
            x += speed * dt
        out[k] = x
    return out


def _median(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    half = width // 2
    padded = np.pad(values, half, mode="edge")
    return np.array([np.median(padded[k : k + width]) for k in range(len(values))])


def _simplify(
    times: NDArray[np.float64], xs: NDArray[np.float64], tolerance: float
) -> list[PathPoint]:
    """Ramer-Douglas-Peucker in x: few points, at most `tolerance` pixels off."""
    keep = {0, len(times) - 1}
    stack = [(0, len(times) - 1)]
    while stack:
        a, b = stack.pop()
        if b - a < 2:
            continue
        line = np.interp(times[a : b + 1], [times[a], times[b]], [xs[a], xs[b]])
        off = np.abs(xs[a : b + 1] - line)
        worst = int(off.argmax())
        if off[worst] > tolerance:
            keep.add(a + worst)
            stack += [(a, a + worst), (a + worst, b)]
    return [PathPoint(t_s=float(times[k]), x=round(float(xs[k]), 2)) for k in sorted(keep)]
