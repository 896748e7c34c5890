"""How a crop follows a face: still where it can be, like a camera operator where it must move.

Per shot one of AutoFlip's modes. A face that stays near one place gets a steady crop, one
that goes evenly in one direction a pan. Else the path is the one of least speed,
acceleration and jerk (in the L1 norm, which makes stretches of rest, of constant speed and
of constant acceleration) that holds the face: Grundmann, Kwatra and Essa, "Auto-directed
video stabilization with robust L1 optimal camera paths", CVPR 2011. Speed and acceleration
are bounded, and every shot starts anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vidpipe.framing.head import face_rows, head_rows, within_rows
from vidpipe.framing.model import CropPath, FacePoint, FramingOptions, PathMode, PathPoint
from vidpipe.geometry import Rect, crop_to_aspect
from vidpipe.timeline import Interval

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Values = NDArray[np.float64]

_STEP_S = 0.2
#: Half of a head's width as a share of the face's height, with air: what is never cut.
_HEAD = 0.54
#: What speed, acceleration and jerk cost next to a second that the face is one crop width
#: out of the dead zone, and that a head is cut.
_SPEED, _ACCELERATION, _JERK, _OFF, _CUT = 1.0, 0.3, 0.3, 2.5, 400.0


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
    modes: list[PathMode] = []
    inner = [c for c in cuts_s if within.start_s < c < within.end_s]
    for start_s, end_s in itertools.pairwise([within.start_s, *inner, within.end_s]):
        shot = [f for f in faces if start_s <= f.t_s < end_s] or list(faces)
        mode, found = _shot_path(shot, start_s, end_s, rect.width, region, options)
        points += found
        modes.append(mode)
    return CropPath(
        rect=rect.model_copy(update={"x": round(points[0].x)}),
        points=tuple(points),
        modes=tuple(modes),
    )


def _vertical(
    region: Rect, aspect: float, faces: Sequence[FacePoint], options: FramingOptions
) -> float:
    """Middle of the crop such that the face sits at `headroom` of its height.

    A head that would be cut so is brought inside; where it is too high, the hair goes first
    and then as much of the brows as of the chin.
    """
    height = min(region.height, region.width / aspect)
    if not faces:
        return region.center[1]
    top = float(np.median([f.y for f in faces])) - options.headroom * height
    over, under = within_rows(head_rows(faces), region)
    hairline, chin = within_rows(face_rows(faces), region)
    if under - over <= height:
        top = min(max(top, under - height), over)
    elif under - hairline <= height:
        top = under - height
    else:
        top = (hairline + chin - height) / 2
    return top + height / 2


def _shot_path(
    faces: Sequence[FacePoint],
    start_s: float,
    end_s: float,
    width: int,
    region: Rect,
    options: FramingOptions,
) -> tuple[PathMode, list[PathPoint]]:
    low, high = float(region.x), float(region.right - width)
    xs = np.array([f.x for f in faces]) - width / 2
    spread = float(np.percentile(xs, 95) - np.percentile(xs, 5))
    if spread <= options.steady * width or end_s - start_s < 1.0:
        x = float(np.clip(np.median(xs), low, high))
        return PathMode.STEADY, [PathPoint(t_s=start_s, x=x), PathPoint(t_s=end_s, x=x)]
    times = np.linspace(start_s, end_s, max(4, round((end_s - start_s) / _STEP_S) + 1))
    at = [f.t_s for f in faces]
    wanted = np.clip(np.interp(times, at, xs), low, high)
    head = np.interp(times, at, [_HEAD * f.height for f in faces])
    middle = np.interp(times, at, [f.x for f in faces])
    # Where the head is wider than the crop its middle is what must be seen.
    head = np.minimum(head, 0.5 * width)
    least = np.clip(middle + head - width, low, high)
    most = np.clip(middle - head, low, high)
    line = np.asarray(np.polyval(np.polyfit(times, wanted, 1), times), np.float64)
    if (
        np.percentile(np.abs(wanted - line), 95) <= options.dead_zone * width
        and (least <= line).all()
        and (line <= most).all()
        and abs(line[-1] - line[0]) <= options.max_speed * width * (end_s - start_s)
    ):
        return PathMode.PANNING, _simplify(times, line, tolerance=1.0)
    path = np.clip(_least_movement(times, wanted, least, most, width, options), low, high)
    return PathMode.TRACKING, _simplify(times, path, tolerance=max(0.25, 0.0005 * width))


def _least_movement(
    times: Values, wanted: Values, least: Values, most: Values, width: int, options: FramingOptions
) -> Values:
    """The path of least movement near `wanted` and within `[least, most]`, as a linear program.

    Unknowns, in crop widths: the path, the sizes of its three derivatives, how far it is out
    of the dead zone and out of the bounds.
    """
    # Here, as it is 50 MiB that a service which answers requests does without.
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix, eye, hstack, vstack

    n = len(times)
    dt = float(times[1] - times[0])
    one = eye(n, format="csr")
    slopes = [csr_matrix(_differences(n, order) / dt**order) for order in (1, 2, 3)]
    costs = [np.full(s.shape[0], c * dt) for s, c in zip(slopes, _COSTS, strict=True)]
    sizes = [n, *(s.shape[0] for s in slopes), n, n]

    def row(path: csr_matrix, block: int, sign: float = -1.0) -> csr_matrix:
        """`path @ x + sign * block`: each such row is at most its bound."""
        parts = [csr_matrix((path.shape[0], size)) for size in sizes]
        parts[0] = path
        parts[block] = sign * eye(path.shape[0], format="csr")
        return hstack(parts, format="csr")

    goal, low, high = wanted / width, least / width, most / width
    rows, bounds = [], []
    for block, slope in enumerate(slopes, 1):
        rows += [row(slope, block), row(-slope, block)]
        bounds += [np.zeros(slope.shape[0])] * 2
    rows += [row(one, 4), row(-one, 4), row(one, 5), row(-one, 5)]
    bounds += [goal + options.dead_zone, options.dead_zone - goal, high, -low]
    limits: list[tuple[float | None, float | None]] = [(None, None)] * n
    limits += [(0, options.max_speed)] * sizes[1] + [(0, options.max_acceleration)] * sizes[2]
    limits += [(0, None)] * (sizes[3] + 2 * n)
    cost = np.concatenate([np.zeros(n), *costs, np.full(n, _OFF * dt), np.full(n, _CUT * dt)])
    found = linprog(
        cost, A_ub=vstack(rows, format="csr"), b_ub=np.concatenate(bounds), bounds=limits
    )
    # The program always has a solution: a path at rest breaks no bound that has no slack.
    assert found.status == 0, found.message
    return np.asarray(found.x[:n] * width, np.float64)


_COSTS = (_SPEED, _ACCELERATION, _JERK)


def _differences(n: int, order: int) -> csr_matrix:
    """The matrix of finite differences of an order, shape (n - order, n)."""
    from scipy.sparse import csr_matrix, diags, eye

    matrix = eye(n, format="csr")
    for k in range(order):
        size = n - k
        matrix = diags([-np.ones(size - 1), np.ones(size - 1)], [0, 1], (size - 1, size)) @ matrix
    return csr_matrix(matrix)


def _simplify(times: Values, xs: Values, tolerance: float) -> list[PathPoint]:
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
