"""Rectangles, aspects, safe boxes: pixels of the displayed picture, origin top left."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field


class Size(BaseModel):
    """Width and height in pixels."""

    model_config = ConfigDict(frozen=True)

    width: int = Field(gt=0)
    height: int = Field(gt=0)

    @property
    def aspect(self) -> float:
        return self.width / self.height

    @property
    def rect(self) -> Rect:
        return Rect(x=0, y=0, width=self.width, height=self.height)


class Rect(BaseModel):
    """A rectangle in pixels: `x, y` its top left corner."""

    model_config = ConfigDict(frozen=True)

    x: int
    y: int
    width: int = Field(gt=0)
    height: int = Field(gt=0)

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def aspect(self) -> float:
        return self.width / self.height

    @property
    def center(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def intersect(self, other: Rect) -> Rect | None:
        x, y = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        if right <= x or bottom <= y:
            return None
        return Rect(x=x, y=y, width=right - x, height=bottom - y)

    def scaled(self, fx: float, fy: float | None = None) -> Rect:
        """All coordinates multiplied, borders rounded to pixels."""
        fy = fx if fy is None else fy
        x, y = round(self.x * fx), round(self.y * fy)
        right, bottom = round(self.right * fx), round(self.bottom * fy)
        return Rect(x=x, y=y, width=max(1, right - x), height=max(1, bottom - y))

    def grown(self, by: int) -> Rect:
        """Larger by so many pixels at each side."""
        return Rect(
            x=self.x - by,
            y=self.y - by,
            width=self.width + 2 * by,
            height=self.height + 2 * by,
        )

    def clamp(self, within: Rect) -> Rect:
        """Moved, and shrunk only where it must be, so that it lies inside `within`."""
        width, height = min(self.width, within.width), min(self.height, within.height)
        x = min(max(self.x, within.x), within.right - width)
        y = min(max(self.y, within.y), within.bottom - height)
        return Rect(x=x, y=y, width=width, height=height)

    def even(self) -> Rect:
        """The largest rectangle inside with even borders, as 4:2:0 chroma wants."""
        x, y = self.x + self.x % 2, self.y + self.y % 2
        right, bottom = self.right - self.right % 2, self.bottom - self.bottom % 2
        return Rect(x=x, y=y, width=max(2, right - x), height=max(2, bottom - y))


def iou(a: Rect, b: Rect) -> float:
    """Intersection over union, 0 to 1."""
    both = a.intersect(b)
    if both is None:
        return 0.0
    return both.area / (a.area + b.area - both.area)


def fit(source: Size | Rect, into: Rect) -> Rect:
    """The largest rectangle of the source's aspect centred inside `into` (even sizes)."""
    scale = min(into.width / source.width, into.height / source.height)
    width = min(into.width - into.width % 2, 2 * round(source.width * scale / 2))
    height = min(into.height - into.height % 2, 2 * round(source.height * scale / 2))
    width, height = max(2, width), max(2, height)
    return Rect(
        x=into.x + (into.width - width) // 2,
        y=into.y + (into.height - height) // 2,
        width=width,
        height=height,
    )


def crop_to_aspect(within: Rect, aspect: float, center: tuple[float, float] | None = None) -> Rect:
    """The largest crop of `aspect` (width / height) inside `within`, near `center`."""
    width, height = within.width, within.height
    if width / height > aspect:
        width = max(1, round(height * aspect))
    else:
        height = max(1, round(width / aspect))
    cx, cy = center if center is not None else within.center
    crop = Rect(x=round(cx - width / 2), y=round(cy - height / 2), width=width, height=height)
    return crop.clamp(within)


def bounding(rects: Sequence[Rect]) -> Rect:
    """The smallest rectangle around all `rects` (at least one)."""
    x, y = min(r.x for r in rects), min(r.y for r in rects)
    right, bottom = max(r.right for r in rects), max(r.bottom for r in rects)
    return Rect(x=x, y=y, width=right - x, height=bottom - y)


def largest_rectangle(polygon: Sequence[tuple[int, int]]) -> Rect:
    """The largest upright rectangle inside a polygon with level and upright sides.

    Raises:
        ValueError: a side is slanted, or nothing is inside.
    """
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if x0 != x1 and y0 != y1:
            raise ValueError(f"the side from {x0}, {y0} to {x1}, {y1} is slanted")
    xs, ys = sorted({x for x, _ in polygon}), sorted({y for _, y in polygon})
    inside = [
        [_within(polygon, (x0 + x1) / 2, (y0 + y1) / 2) for x0, x1 in itertools.pairwise(xs)]
        for y0, y1 in itertools.pairwise(ys)
    ]
    best: Rect | None = None
    for (i, j), (k, m) in itertools.product(
        itertools.combinations(range(len(xs)), 2), itertools.combinations(range(len(ys)), 2)
    ):
        if all(inside[row][column] for row in range(k, m) for column in range(i, j)):
            found = Rect(x=xs[i], y=ys[k], width=xs[j] - xs[i], height=ys[m] - ys[k])
            if best is None or found.area > best.area:
                best = found
    if best is None:
        raise ValueError("there is nothing inside the polygon")
    return best


def _within(polygon: Sequence[tuple[int, int]], x: float, y: float) -> bool:
    """Whether a ray to the right crosses an odd number of sides."""
    sides = zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    crossed = sum(1 for (x0, y0), (_, y1) in sides if (y0 > y) != (y1 > y) and x0 > x)
    return crossed % 2 == 1


#: Where no platform lays its own controls over a 1080x1920 picture (shotstack.io
#: safe zones, intersection of TikTok, Reels and Shorts, 2026-11).
VERTICAL_SAFE_BOX = Rect(x=120, y=288, width=768, height=960)
