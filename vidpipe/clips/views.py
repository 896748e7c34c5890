"""Which places of the source a clip shows, and where: for looking at both."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.canvas import CanvasLayout
from vidpipe.clips.model import Part
from vidpipe.framing.model import CropPath
from vidpipe.geometry import Rect, Size
from vidpipe.timeline import EditList

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: A region is looked at on a grid of at most and at least so many points along a side.
_MOST, _LEAST = 96, 8
#: So many points around what was drawn or painted over are not looked at either.
_AROUND = 5
#: Over black, what is brighter was drawn.
_DRAWN = 4


@dataclass(frozen=True)
class View:
    """A rectangle of the source and the one of the canvas where it is shown.

    `path` moves it sideways; of a page that was filmed at an angle `corners` are shown;
    `hole` was painted over; of a `disc` the corners are left out. In pixels of the displayed
    source and of the canvas.
    """

    source: Rect
    canvas: Rect
    path: CropPath | None = None
    corners: tuple[tuple[int, int], ...] = ()
    hole: Rect | None = None
    disc: bool = False

    @property
    def is_steady(self) -> bool:
        """Whether the same of the source is shown all the time."""
        return self.path is None or len({p.x for p in self.path.points}) == 1

    def at(self, clip_s: float, edit: EditList) -> Floats:
        """The corners of what is shown, from the top left one clockwise; shape (4, 2)."""
        if self.corners:
            return np.array(self.corners, np.float32)
        shown = _corners(self.source)
        if self.path is not None:
            times_s = [edit.to_clip(p.t_s) for p in self.path.points]
            left = float(np.interp(clip_s, times_s, [p.x for p in self.path.points]))
            shown[:, 0] += left - self.source.x
        return shown


def views(part: Part, where: CanvasLayout) -> list[View]:
    """The regions that a part shows; a blurred backdrop is none."""
    found = []
    shown = part.screen
    if part.near is not None:
        # What moves is another place of the source in every picture.
        shown = part.near[0] if part.near[0] == part.near[1] else None
    if shown is not None and where.screen is not None:
        found.append(View(shown.even(), where.screen, None, part.corners, part.inset))
    if part.near is not None and where.screen is None and where.camera is not None:
        before, after = part.near
        rests = [View(before.even(), where.camera)] if before == after else []
        return [*found, *rests]
    for path, canvas in ((part.camera, where.camera), (part.other, where.other)):
        if path is not None and canvas is not None:
            found.append(View(path.rect.even(), canvas, path, disc=part.disc))
    return found


@dataclass(frozen=True)
class Grid:
    """One grid for a region in pictures of the clip and of the source, small ones of both.

    `ours` and `theirs` are how large those are next to canvas and source, across and down.
    """

    view: View
    ours: tuple[float, float]
    theirs: tuple[float, float]

    @classmethod
    def of(cls, view: View, ours: Grey, canvas: Size, theirs: Grey, source: Size) -> Grid:
        return cls(view, _scale(ours, canvas), _scale(theirs, source))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows: no finer than the coarser of the two."""
        canvas = self.view.canvas
        points = min(canvas.width * self.ours[0], self.view.source.width * self.theirs[0])
        points *= min(1.0, _MOST / points, _MOST / (points * canvas.height / canvas.width))
        columns, rows = points, points * canvas.height / canvas.width
        return max(_LEAST, round(columns)), max(_LEAST, round(rows))

    def of_clip(self, picture: Grey) -> Floats:
        """The region in a picture of the clip; shape (rows, columns)."""
        return self._sampled(picture, _corners(self.view.canvas) * np.array(self.ours, np.float32))

    def of_source(self, picture: Grey, clip_s: float, edit: EditList) -> Floats:
        """What a picture of the source has where it is shown at that time of the clip."""
        return self._sampled(
            picture, self.view.at(clip_s, edit) * np.array(self.theirs, np.float32)
        )

    def hidden(self, drawn: Grey | None, canvas: Size) -> Flags:
        """What of the region is covered by what was `drawn`, or was painted over."""
        columns, rows = self.size
        found = np.zeros((rows, columns), bool)
        if drawn is not None:
            corners = _corners(self.view.canvas) * np.array(_scale(drawn, canvas), np.float32)
            covered = cv2.dilate(
                self._sampled(drawn, corners), np.ones((2 * _AROUND + 1, 2 * _AROUND + 1))
            )
            found |= covered > _DRAWN
        if self.view.disc:
            down, across = np.ogrid[0:rows, 0:columns]
            far = np.hypot((across + 0.5) / columns - 0.5, (down + 0.5) / rows - 0.5)
            found |= far > 0.5 - _AROUND / max(columns, rows)
        hole, shown = self.view.hole, self.view.source
        if hole is not None:
            fx, fy = columns / shown.width, rows / shown.height
            left, right = (round((x - shown.x) * fx) for x in (hole.x, hole.right))
            top, bottom = (round((y - shown.y) * fy) for y in (hole.y, hole.bottom))
            found[
                max(0, top - _AROUND) : max(0, bottom + _AROUND),
                max(0, left - _AROUND) : max(0, right + _AROUND),
            ] = True
        return found

    def _sampled(self, picture: Grey, at: Floats) -> Floats:
        """The quadrangle `at` of a picture, brought to the grid."""
        columns, rows = self.size
        height, width = picture.shape
        x, y = np.floor(at.min(axis=0)).astype(int) - 2
        right, bottom = np.ceil(at.max(axis=0)).astype(int) + 3
        x, y = min(max(0, x), width - 1), min(max(0, y), height - 1)
        piece = picture[y : max(y + 1, bottom), x : max(x + 1, right)]
        coarser = float(np.linalg.norm(at[1] - at[0])) / columns
        if coarser > 1.2:
            around = 2 * round(coarser / 2) + 1
            piece = np.asarray(cv2.blur(piece, (around, around)), np.uint8)
        flat = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
        # Of whole pixels: the middle of the first one lies half a pixel inside.
        turn = cv2.getPerspectiveTransform(flat - 0.5, at - np.array((x, y), np.float32) - 0.5)
        found = cv2.warpPerspective(
            piece,
            turn,
            (columns, rows),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(found, np.float32)


def _corners(rect: Rect) -> Floats:
    left, top, right, bottom = rect.x, rect.y, rect.right, rect.bottom
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def _scale(picture: Grey, size: Size) -> tuple[float, float]:
    return picture.shape[1] / size.width, picture.shape[0] / size.height
