"""Which part of a page a clip shows: all of it where its text can be read, else what matters.

Shown small, a page loses its margins first, and then, where one column is all that
anything happens in, the others. Nothing is cut through: borders lie in empty bands.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, bounding
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import Interval

Grey = NDArray[np.uint8]

#: Letters should be so high at a canvas 1080 wide: ISO 9241-303 recommends 20 minutes of arc
#: for a capital, 1.75 mm at 30 cm; a phone shows 1080 pixels on some 68 mm; a small letter is
#: 0.7 of a capital.
_LEGIBLE = 20.0
#: Looks at a part of a clip, at most so many and so far apart.
_LOOKS, _STEP_S = 6, 3.0
#: A border of ink is a step of so many greys; what changes does so by as many.
_EDGE, _CHANGE = 28, 24
#: A letter next to the page's height, and how many make it text.
_LETTER, _LEAST_LETTERS = (0.006, 0.08), 24
#: What reaches so far along the page is a bar of its design.
_BAR = 0.85
#: Of a line of text, strokes take more than this.
_STROKES = 0.04
#: A page with no more letters than a title and a line, and no more ink, says little.
_FEW_LETTERS, _LITTLE_INK = 60, 0.2
#: How high and wide a figure is next to the page at least, and how high at most.
_FIGURE = (0.12, 0.6)
#: Kept around the ink, and an empty band that parts columns, next to the page's width.
_MARGIN, _GUTTER = 0.03, 0.04
#: Of all that changes, what a column must hold to be all that matters.
_HAPPENS = 0.9
#: A gain that is seen, and as much as a page is enlarged.
_WORTH, _MOST = 1.08, 2.5


def visible_region(
    page: Rect, covered: Sequence[Rect], within: Interval, reader: FrameReader, scale: float
) -> Rect:
    """The part of a page to show.

    Args:
        page: where it is in the source.
        covered: what lies over it and is shown elsewhere.
        within: when, in source seconds.
        reader: of the source; letters should be five pixels high in it, or more.
        scale: canvas pixels for each of the source, at a canvas 1080 wide, if all is shown.
    """
    looks = _looks(page, covered, within, reader)
    letters = np.concatenate([letter_heights(grey) for grey in looks])
    if len(letters) < _LEAST_LETTERS * len(looks):
        return page
    height = float(np.median(letters)) / reader.scale * scale
    if height >= _LEGIBLE:
        return page
    boxes = [box for grey in looks for box in ink_boxes(grey)]
    if not boxes:
        return page
    height_px, width_px = looks[0].shape
    whole = Rect(x=0, y=0, width=width_px, height=height_px)
    inked = _with_margin(bounding(boxes), whole)
    if height * width_px / inked.width < _LEGIBLE:
        inked = _with_margin(_where_it_happens(boxes, looks), whole)
    inked = _not_too_small(inked, whole)
    if width_px / inked.width < _WORTH:
        return page
    shown = inked.scaled(1 / reader.scale)
    return shown.model_copy(update={"x": page.x + shown.x, "y": page.y + shown.y}).clamp(page)


def says_little(page: Rect, covered: Sequence[Rect], within: Interval, reader: FrameReader) -> bool:
    """Whether a page has a few words at most, and no picture; arguments as of `visible_region`."""
    for grey in _looks(page, covered, within, reader):
        inked = sum(box.area for box in ink_boxes(grey))
        if len(letter_heights(grey)) > _FEW_LETTERS or inked > _LITTLE_INK * grey.size:
            return False
    return True


def _looks(
    page: Rect, covered: Sequence[Rect], within: Interval, reader: FrameReader
) -> list[Grey]:
    """Pictures of the page over time; what is covered is even grey."""
    small = page.scaled(reader.scale).clamp(reader.size.rect)
    count = max(2, min(_LOOKS, round(within.duration_s / _STEP_S)))
    looks = []
    for k in range(count):
        frame = reader.at(within.start_s + (k + 0.5) / count * within.duration_s)
        grey = frame.grey[small.y : small.bottom, small.x : small.right].copy()
        for hole in covered:
            both = hole.scaled(reader.scale).intersect(small)
            if both is not None:
                y, x = both.y - small.y, both.x - small.x
                grey[y : y + both.height, x : x + both.width] = np.median(grey)
        looks.append(grey)
    return looks


def letter_heights(grey: Grey) -> NDArray[np.int32]:
    """Heights in pixels of what looks like letters in a picture of a page."""
    dark = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12
    )
    light = cv2.adaptiveThreshold(
        255 - grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12
    )
    # Ink is what there is less of.
    mask = dark if dark.mean() < light.mean() else light
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    heights, widths = stats[1:, cv2.CC_STAT_HEIGHT], stats[1:, cv2.CC_STAT_WIDTH]
    filled = stats[1:, cv2.CC_STAT_AREA] / np.maximum(1, heights * widths)
    low, high = (share * grey.shape[0] for share in _LETTER)
    shaped = (heights >= max(4, low)) & (heights <= high) & (widths <= 1.6 * heights)
    return np.asarray(heights[shaped & (filled > 0.15) & (filled < 0.95)], np.int32)


def ink_boxes(grey: Grey) -> list[Rect]:
    """Boxes around what is on a page: words, pictures; not the bars of its design."""
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > _EDGE
    # Letters have upright strokes all along; bars and rules have none.
    upright = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((1, 3), np.uint8)) > _EDGE
    level = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 1), np.uint8)) > _EDGE
    height, width = grey.shape
    found = []
    for x, y, w, h, area in _joined(edges):
        inside = np.s_[y : y + h, x : x + w]
        bar = (w > _BAR * width and upright[inside].mean() < _STROKES) or (
            h > _BAR * height and level[inside].mean() < _STROKES
        )
        large = w > _BAR * width and h > _BAR * height
        frame = large and edges[inside].mean() < _STROKES
        if area < 12 or bar or frame:
            continue
        found.append(Rect(x=x, y=y, width=w, height=h))
    return found


def figure_boxes(grey: Grey) -> list[Rect]:
    """Boxes around frames, diagrams and pictures on a page: what is joined and is no line of text.

    A window that is nearly as high as the page is none, and neither is a bar of its design.
    """
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > _EDGE
    height, width = grey.shape
    least, most = _FIGURE
    return [
        Rect(x=x, y=y, width=w, height=h)
        for x, y, w, h, _ in _joined(edges)
        if least * height < h < most * height and w > least * width
    ]


def _joined(edges: NDArray[np.bool_]) -> list[list[int]]:
    """Where borders of ink are near each other along a line: x, y, width, height, area."""
    reach = max(3, round(0.012 * edges.shape[1]))
    grown = cv2.dilate(edges.astype(np.uint8), np.ones((3, reach), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    found: list[list[int]] = stats[1:].tolist()
    return found


def _where_it_happens(boxes: Sequence[Rect], looks: Sequence[Grey]) -> Rect:
    """The column that holds nearly all that changes; all of the ink where there is none."""
    everything = bounding(boxes)
    changes = np.zeros(looks[0].shape, bool)
    for before, after in itertools.pairwise(looks):
        changes |= cv2.absdiff(before, after) > _CHANGE
    total = int(changes.sum())
    if total == 0:
        return everything
    held = [
        column
        for column in _columns(boxes, looks[0].shape[1])
        if changes[:, column.x : column.right].sum() >= _HAPPENS * total
    ]
    return min(held, key=lambda c: c.width, default=everything)


def _columns(boxes: Sequence[Rect], width: int) -> list[Rect]:
    """Runs of boxes with no empty band of a gutter's width in them, as boxes."""
    ordered = sorted(boxes, key=lambda b: b.x)
    columns: list[list[Rect]] = [[ordered[0]]]
    right = ordered[0].right
    for box in ordered[1:]:
        if box.x - right >= _GUTTER * width:
            columns.append([])
        columns[-1].append(box)
        right = max(right, box.right)
    return [bounding(column) for column in columns]


def _with_margin(box: Rect, whole: Rect) -> Rect:
    margin = round(_MARGIN * whole.width)
    grown = Rect(
        x=box.x - margin,
        y=box.y - margin,
        width=box.width + 2 * margin,
        height=box.height + 2 * margin,
    )
    return grown.intersect(whole) or whole


def _not_too_small(box: Rect, whole: Rect) -> Rect:
    """Wide and high enough that nothing is enlarged beyond reason."""
    width, height = round(whole.width / _MOST), round(whole.height / _MOST)
    x, y = box.center
    wide, high = max(box.width, width), max(box.height, height)
    return Rect(x=round(x - wide / 2), y=round(y - high / 2), width=wide, height=high).clamp(whole)
