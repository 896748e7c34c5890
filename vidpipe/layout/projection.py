"""What a camera shows: a projected page on a wall, or several people in panes."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect
from vidpipe.layout.frame_store import Grey, Pictures
from vidpipe.layout.order_statistics import median

Corners = tuple[tuple[int, int], ...]

#: Share of the picture that a projected page takes.
_LEAST, _MOST = 0.05, 0.75
#: A page is so much of the shape that its four corners make.
_FULL = 0.94
#: And so much brighter than the room, in grey levels.
_BRIGHTER = 35.0
#: A projected page ends all at once along so much of its border; light on a wall fades.
_SHARP = 0.7
#: A side that leans by so many degrees was filmed; what is composed stands straight.
_LEAN_DEG = 0.8
#: Frames that the picture of a stretch is made of.
_FRAMES = 9
#: A line between panes is an edge along so much of its way, in grey levels a pixel.
_PANE_LINE, _PANE_STEP = 0.8, 6.0
_LEAST_PANE = 0.15


@dataclass(frozen=True)
class ProjectedPage:
    """A page on a wall: its corners, from the top left one clockwise, and what holds them."""

    corners: Corners
    rect: Rect


def filmed_page(frames: Pictures) -> ProjectedPage | None:
    """The bright page with leaning sides in a room, shape of `frames` (n, h, w); or None."""
    part = np.asarray(cv2.GaussianBlur(_still(frames), (5, 5), 0), np.uint8)
    height, width = part.shape
    _, bright = cv2.threshold(part, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Letters are holes in a page, and a title bar may be dark.
    size = max(3, width // 40)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:3]:
        corners = _four_corners(np.asarray(contour, np.int32))
        if corners is None or not _leans(corners, width, height):
            continue
        area = float(cv2.contourArea(corners))
        if not _LEAST <= area / (width * height) <= _MOST:
            continue
        if float(cv2.contourArea(cv2.convexHull(contour))) < _FULL * area:
            continue
        inside = cv2.fillConvexPoly(np.zeros_like(part), corners, 255)
        if cv2.mean(part, inside)[0] < cv2.mean(part, 255 - inside)[0] + _BRIGHTER:
            continue
        if _sharp(part, corners) < _SHARP:
            continue
        x, y, wide, tall = cv2.boundingRect(corners)
        return ProjectedPage(
            corners=tuple((int(a), int(b)) for a, b in corners),
            rect=Rect(x=x, y=y, width=wide, height=tall),
        )
    return None


def panes(frames: Pictures | NDArray[np.uint8], content: Rect) -> list[Rect]:
    """The pictures that lines through all of the content divide it into; one if none do.

    What is too narrow between two lines is a frame around a picture.
    """
    still = _still(frames)[content.y : content.bottom, content.x : content.right].astype(np.int16)
    columns = _lines(np.abs(np.diff(still, axis=1)) > _PANE_STEP, axis=0)
    rows = _lines(np.abs(np.diff(still, axis=0)) > _PANE_STEP, axis=1)
    xs = [0, *(c + 1 for c in columns), content.width]
    ys = [0, *(r + 1 for r in rows), content.height]
    return [
        Rect(x=content.x + a, y=content.y + c, width=b - a, height=d - c)
        for c, d in itertools.pairwise(ys)
        for a, b in itertools.pairwise(xs)
        if b - a >= _LEAST_PANE * content.width and d - c >= _LEAST_PANE * content.height
    ]


def _still(frames: Pictures | NDArray[np.uint8]) -> Grey:
    """The picture without what moves."""
    chosen = frames[:: max(1, -(-len(frames) // _FRAMES))]
    stack = chosen.array() if isinstance(chosen, Pictures) else chosen
    return np.asarray(median(stack), np.uint8)


def _four_corners(contour: NDArray[np.int32]) -> NDArray[np.int32] | None:
    hull = cv2.convexHull(contour)
    around = cv2.arcLength(hull, True)
    for slack in (0.01, 0.02, 0.03, 0.05):
        corners = cv2.approxPolyDP(hull, slack * around, True).reshape(-1, 2)
        if len(corners) == 4:
            break
    else:
        return None
    # From the top left one clockwise.
    middle = corners.mean(axis=0)
    turn = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    corners = corners[np.argsort(turn)]
    return np.asarray(np.roll(corners, -int(np.argmin(corners.sum(axis=1))), axis=0), np.int32)


def _sharp(grey: Grey, corners: NDArray[np.int32]) -> float:
    """Share of a page's border across which it gets darker at once."""
    height, width = grey.shape
    middle = corners.mean(axis=0)
    along = np.linspace(0.05, 0.95, 40)[:, None]
    drops = []
    for a, b in itertools.pairwise([*corners, corners[0]]):
        points = a + (b - a) * along
        outwards = points - middle
        outwards = 5 * outwards / np.linalg.norm(outwards, axis=1, keepdims=True)
        shown = []
        for at in (points - outwards, points + outwards):
            x = np.clip(np.rint(at[:, 0]).astype(int), 0, width - 1)
            y = np.clip(np.rint(at[:, 1]).astype(int), 0, height - 1)
            shown.append(grey[y, x].astype(int))
        drops.append(shown[0] - shown[1] > _BRIGHTER / 2)
    return float(np.mean(drops))


def _leans(corners: NDArray[np.int32], width: int, height: int) -> bool:
    """Whether the page lies within the picture and one of its sides is neither level nor plumb."""
    edge = (
        (corners[:, 0] <= 2)
        | (corners[:, 1] <= 2)
        | (corners[:, 0] >= width - 3)
        | (corners[:, 1] >= height - 3)
    )
    if edge.sum() > 2:
        return False
    leans = []
    for (x0, y0), (x1, y1) in itertools.pairwise([*corners.tolist(), corners[0].tolist()]):
        angle = math.degrees(math.atan2(y1 - y0, x1 - x0)) % 90
        leans.append(min(angle, 90 - angle))
    return max(leans) >= _LEAN_DEG


def _lines(steps: NDArray[np.bool_], axis: int) -> list[int]:
    """Where steps run through nearly all of the picture, well inside it."""
    # A border may fall between two pixels on either side of it.
    near = steps | np.roll(steps, 1, axis=1 - axis)
    share = near.mean(axis=axis)
    length = len(share)
    found: list[int] = []
    for at in np.argsort(-share, kind="stable").tolist():
        if share[at] < _PANE_LINE:
            break
        inside = 0.05 * length < at < 0.95 * length
        if inside and all(abs(at - f) > 0.01 * length for f in found):
            found.append(at)
    return sorted(found)
