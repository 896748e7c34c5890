"""Movement on a page: nearer to where somebody writes, draws or points, and back.

What is spoken about is where the page changes while it is shown. The picture moves there just
before, stays while more comes, and goes back: never twice within four seconds, each time eased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.auto_zoom import figure_boxes, ink_boxes
from vidpipe.clips.model import Part
from vidpipe.geometry import Rect, bounding
from vidpipe.media.frames import FrameReader
from vidpipe.timeline import EditList, Interval

Grey = NDArray[np.uint8]

#: From one movement to the next, how long one takes, and how long before a change it begins.
_LEAST_S, _MOVE_S, _BEFORE_S = 4.0, 0.9, 0.5
#: A page is looked at so often.
_STEP_S = 0.5
#: What changes does so by so many greys; a change of more of the page is another page.
_CHANGE, _TURNED = 28, 0.12
#: Of a page's pixels, what must change to be seen; the ends of its spread that are left out.
_SEEN, _STRAY = 0.0002, 2.0
#: How near at least, or it is not worth it, and at most.
_NEARER, _NEAREST = 1.25, 1.7
#: Text is no higher than this next to the page: a title, lines that a stroke of a pen joins.
_TEXT = 0.35
#: Words of one line overlap in height by so much of the lower one, and are no further apart than
#: so many heights of it.
_LEVEL, _APART = 0.5, 2.0
#: What is narrower than this next to its height is a rule, and no word.
_LEAST_WORD = 0.25
#: So many sizes are tried, and places so far from the middle, until no line is cut.
_SIZES, _ASIDE = 5, (-0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45)
#: Around what changes, next to its size.
_AROUND = 1.35
#: Where nothing else is to change for so long it is worth to move to, with so much of a part left.
_STAY_S, _LEFT_S = 6.0, 3.0
#: Without any change for so long the whole page is shown again, so long after the last one.
_CALM_S, _HELD_S = 8.0, 5.0
#: A change that is wider than this is no place on the page.
_SPREAD = 0.62


@dataclass(frozen=True)
class Change:
    """Where on a page something changed, in source pixels; None for all of it.

    `lines` of text, and figures, are then on the page.
    """

    t_s: float
    place: Rect | None
    lines: tuple[Rect, ...] = ()


def changes(
    page: Rect, covered: Sequence[Rect], within: Interval, reader: FrameReader
) -> list[Change]:
    """What changes on a page, twice a second.

    Args:
        page: where it is in the source.
        covered: what lies over it: a camera moves all the time.
        within: when, in source seconds.
        reader: of the source.
    """
    small = page.scaled(reader.scale).clamp(reader.size.rect)
    holes = [hole.scaled(reader.scale).intersect(small) for hole in covered]
    found = []
    before: Grey | None = None
    for frame in reader.every(_STEP_S, within.start_s, within.end_s):
        looked = frame.grey[small.y : small.bottom, small.x : small.right]
        grey = cv2.GaussianBlur(looked, (3, 3), 0)
        for hole in holes:
            if hole is not None:
                y, x = hole.y - small.y, hole.x - small.x
                grey[y : y + hole.height, x : x + hole.width] = 0
        if before is not None:
            place = _place(before, np.asarray(grey, np.uint8))
            if place is not None:
                box = place.scaled(1 / reader.scale)
                whole = place.area == grey.size
                moved = box.model_copy(update={"x": box.x + page.x, "y": box.y + page.y})
                looked_at = np.asarray(grey, np.uint8)
                lines = () if whole else _lines(looked_at, page, reader.scale)
                found.append(Change(frame.t_s, None if whole else moved.clamp(page), lines))
        before = np.asarray(grey, np.uint8)
    return found


def _place(before: Grey, after: Grey) -> Rect | None:
    """What is different between two looks, with the words it belongs to; None for nothing."""
    height, width = after.shape
    changed = cv2.absdiff(before, after) > _CHANGE
    share = float(changed.mean())
    if share < _SEEN:
        return None
    rows, columns = np.nonzero(changed)
    left, right = np.percentile(columns, (_STRAY, 100 - _STRAY))
    top, bottom = np.percentile(rows, (_STRAY, 100 - _STRAY))
    box = Rect(x=int(left), y=int(top), width=int(right - left) + 1, height=int(bottom - top) + 1)
    if share > _TURNED or box.width > _SPREAD * width or box.height > _SPREAD * height:
        return Rect(x=0, y=0, width=width, height=height)
    # Whole words: those that it touches, as long as that stays a place.
    touched = [b for b in ink_boxes(after) if b.intersect(box) is not None]
    words = bounding([box, *touched])
    fits = words.width <= _SPREAD * width and words.height <= _SPREAD * height
    return words if fits else box


def _lines(grey: Grey, page: Rect, scale: float) -> tuple[Rect, ...]:
    """What is not cut through on a page, in source pixels.

    Lines of text, whole ones with the gaps between words; frames and diagrams.
    """
    words = [
        box
        for box in ink_boxes(grey)
        if box.height <= _TEXT * grey.shape[0] and box.width > _LEAST_WORD * box.height
    ]
    found = []
    lines = [line for line in joined_words(words) if line.width > line.height]
    for line in [*lines, *figure_boxes(grey)]:
        at = line.scaled(1 / scale)
        found.append(at.model_copy(update={"x": at.x + page.x, "y": at.y + page.y}))
    return tuple(found)


def joined_words(words: Sequence[Rect]) -> list[Rect]:
    """Boxes of words that stand beside each other as boxes of their lines."""
    lines: list[Rect] = []
    for word in sorted(words, key=lambda w: w.x):
        beside = [k for k, line in enumerate(lines) if _is_beside(line, word)]
        if beside:
            k = min(beside, key=lambda i: word.x - lines[i].right)
            lines[k] = bounding([lines[k], word])
        else:
            lines.append(word)
    return lines


def _is_beside(line: Rect, word: Rect) -> bool:
    """Whether a word goes on in a line that begins left of it."""
    level = min(line.bottom, word.bottom) - max(line.y, word.y)
    low = min(line.height, word.height)
    return level >= _LEVEL * low and word.x - line.right <= _APART * low


def near_to(place: Rect, page: Rect, lines: Sequence[Rect] = ()) -> Rect | None:
    """What of a page is shown around a place, of the page's own shape; None if that is no gain.

    As near as can be without a border that goes through one of the lines, and the place as near
    to the middle.
    """
    least = max(_AROUND * place.width, _AROUND * place.height * page.aspect, page.width / _NEAREST)
    most = page.width / _NEARER
    if least > most:
        return None
    x, y = place.center
    for width in np.linspace(least, most, _SIZES):
        height = width / page.aspect
        aside = [(dx, dy) for dx in _ASIDE for dy in _ASIDE]
        for dx, dy in sorted(aside, key=lambda d: abs(d[0]) + abs(d[1])):
            shown = Rect(
                x=round(x - width / 2 + dx * (width - place.width)),
                y=round(y - height / 2 + dy * (height - place.height)),
                width=round(width),
                height=round(height),
            ).clamp(page)
            if not any(_cuts(shown, line) for line in lines):
                return shown
    return None


def _cuts(shown: Rect, line: Rect) -> bool:
    both = shown.intersect(line)
    return both is not None and both != line


def moved(part: Part, edit: EditList, seen: Sequence[Change]) -> list[Part]:
    """A part with a page, cut where the picture moves; as it is where nothing calls for that.

    Args:
        part: one that shows a page whole.
        edit: the clip's.
        seen: what changes on the page.
    """
    assert part.screen is not None
    page, fps = part.screen, edit.fps
    least, takes = round(_LEAST_S * fps), round(_MOVE_S * fps)
    shown, free = page, part.first_frame + round(_MOVE_S * fps)
    last_change = part.first_frame
    moves: list[tuple[int, Rect]] = []
    calm, held = round(_CALM_S * fps), round(_HELD_S * fps)

    def go(at: int, to: Rect) -> None:
        nonlocal shown, free
        at = max(at, free)
        if to != shown and at + takes + round(_LEFT_S * fps) <= part.last_frame:
            moves.append((at, to))
            shown, free = to, at + least

    for k, change in enumerate(seen):
        at = round(edit.to_clip(change.t_s) * fps) - round(_BEFORE_S * fps)
        if shown != page and at - last_change > calm:
            go(last_change + held, page)
        last_change = at
        if change.place is None:
            go(at, page)
        elif shown == page or (at >= free and not _holds(shown, change.place)):
            go(at, _target(seen[k:], page) or page)
    if shown != page and part.last_frame - last_change > calm:
        go(last_change + held, page)
    if not moves:
        return [part]
    parts = []
    before, first = page, part.first_frame
    for at, to in moves:
        parts.append(_piece(part, first, at, before, before))
        parts.append(_piece(part, at, at + takes, before, to))
        before, first = to, at + takes
    parts.append(_piece(part, first, part.last_frame, before, before))
    return [piece for piece in parts if piece.last_frame > piece.first_frame]


def _target(coming: Sequence[Change], page: Rect) -> Rect | None:
    """What to show of a page for all that changes soon; None for all of it."""
    soon = [c.place for c in coming if c.t_s <= coming[0].t_s + _STAY_S]
    places = [place for place in soon if place is not None]
    lines = [line for change in coming[: len(soon)] for line in change.lines]
    return near_to(bounding(places), page, lines) if len(places) == len(soon) else None


def _piece(part: Part, first: int, last: int, before: Rect, after: Rect) -> Part:
    still = before == after == part.screen
    return part.model_copy(
        update={
            "first_frame": first,
            "last_frame": last,
            "near": None if still else (before, after),
        }
    )


def _holds(shown: Rect, place: Rect) -> bool:
    return place.intersect(shown) == place
