"""Text at one place that comes and goes all at once, as burned-in captions do.

What stands over a moving picture is the same to the grey from one look to the next, and then
another at once. So of two looks an eighth of a second apart the sharp edges count that were not
there before and are still there after (they came), and those that were still there before and
are gone (they went). People, leaves and a camera that moves have none that are so sharp, so
many along one row, and come so suddenly; tickers never rest. What is left are captions, pages
that turn, name straps, commands that are typed: whether it is captions is decided with the
words that are spoken (`clips.burned_in`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect, Size
from vidpipe.layout.frame_store import Grey
from vidpipe.layout.model import ChangingText, Spell
from vidpipe.media.frames import Frame, FrameReader, Ticks
from vidpipe.timeline import Interval, span

Mask = NDArray[np.bool_]
#: Rows and columns of edges of letters, shape (n, 2).
Points = NDArray[np.int16]

#: Looks in a window, so far apart: a word that is shown alone stands for a quarter of a second.
_STEP_S = 0.125
#: Windows, and how long each is: longer than captions stay (7 s, Netflix's timed text guide).
_WINDOWS, _WINDOW_S = 6, 8.0
#: A window with fewer looks says nothing.
_LEAST_LOOKS = 4
#: The shorter side of what is looked at: letters of captions are then 10 pixels high and more.
_SHORT_PX = 360
#: A step of greys over two pixels along a row that is the edge of a letter; captions have an
#: outline or a plate to be read by.
_EDGE = 60
#: What changes by more has been replaced, what changes by less has stayed.
_REPLACED, _STAYED = 40, 14
#: A row of letters has so many edges, two for each stroke, and text so many rows of them.
_ROW_EDGES, _ROWS = 10, 5
#: A change of so much of the picture is a cut: it says nothing of text.
_CUT_GREY, _CUT = 24, 0.3
#: Text that changes over more of the picture's height is a page.
_PAGE = 0.3
#: A place of which so much is replaced from most looks to the next holds no text to be read:
#: a ticker.
_RESTLESS = 0.1
#: Of the changes at the place, a row that takes part in so many belongs to it, and one beside
#: it that takes part in so many: second lines are seldom.
_OFTEN, _SELDOM = 0.25, 0.06
#: Rows and columns of one text lie no farther apart, as a share of the shorter side.
_LINE_GAP, _WORD_GAP = 0.05, 0.12
#: More of what came or went in a change at the place lies in it.
_THERE = 0.6
#: Changes of text that are needed to speak of a place of it.
_LEAST = 2
#: What is left of a text that has so few of the usual edges is no text, and one of which so
#: much has stayed is the same one, grown or disturbed.
_NOTHING_LEFT, _SAME = 0.12, 0.5
#: Lines of one text begin, or have their middle, so near to each other, in picture widths.
_ALIGNED = 0.05
#: Around the letters: outlines and ends of letters have no sharp edge of their own.
_MARGIN = 0.012
_NEAR = np.ones((3, 3), np.uint8)
_ACROSS = np.ones((1, 3), np.uint8)
_GRADIENT = np.array([[-1, 0, 1]], np.float32)


@dataclass(frozen=True)
class TextChange:
    """Text that came and went between two looks; `share` of the picture changed with it."""

    t_s: float
    share: float
    came: Points
    went: Points

    def rows(self, height: int) -> NDArray[np.int_]:
        """Edges of letters in each row, the greater of what came and what went."""
        both = (np.bincount(p[:, 0], minlength=height) for p in (self.came, self.went))
        return np.asarray(np.maximum(*both))


@dataclass(frozen=True)
class Glance:
    """One window: when it was looked at, what text changed, and how much of each row moved.

    `moved`, shape (looks - 1, h), is the share of a row that was replaced from look to look.
    """

    looked: Interval
    changes: tuple[TextChange, ...]
    moved: NDArray[np.float32]


def width_for_letters(displayed: Size) -> int:
    """How wide pictures of a recording need to be for letters to be seen, in pixels."""
    return max(_SHORT_PX, round(_SHORT_PX * displayed.width / displayed.height))


class TextWatch:
    """Looks for the place of a recording at which text comes and goes most.

    In windows spread over the recording, and in all of a short one. The pictures come from
    whoever decodes them, in order of time; they are made smaller where they are larger than
    needed.

    Attributes:
        ticks: when pictures are wanted, one entry for each window, in order of time.
    """

    def __init__(self, duration_s: float) -> None:
        self.ticks = tuple(
            Ticks(_STEP_S, window.start_s, window.end_s) for window in _windows(duration_s)
        )
        self._window = -1
        self._times_s: list[float] = []
        self._looks: list[Grey] = []
        self._glances: list[Glance] = []
        self._shape: tuple[int, int] | None = None

    def look(self, reader: FrameReader) -> None:
        """See all that is wanted; what lies between two windows is not decoded."""
        for window, ticks in enumerate(self.ticks):
            for frame in reader.every(ticks.step_s, ticks.start_s, ticks.end_s, roughly=True):
                self.add(window, frame)

    def add(self, window: int, frame: Frame) -> None:
        """Look at a picture of a window; windows and pictures come in order of time."""
        if window != self._window:
            self.end()
            self._window = window
        self._times_s.append(frame.t_s)
        self._looks.append(_small(frame.grey))

    def found(self, displayed: Size) -> ChangingText | None:
        """The place at which text comes and goes most, in pixels of the displayed picture."""
        self.end()
        if self._shape is None:
            return None
        found = place_of(self._glances, self._shape)
        if found is None:
            return None
        scale = displayed.width / self._shape[1]
        return found.model_copy(update={"rect": found.rect.scaled(scale).clamp(displayed.rect)})

    def end(self) -> None:
        """No more comes of this window."""
        if len(self._looks) >= _LEAST_LOOKS:
            self._shape = self._looks[0].shape[0], self._looks[0].shape[1]
            self._glances.append(glance_at(self._times_s, self._looks))
        self._times_s, self._looks = [], []


def _windows(duration_s: float) -> list[Interval]:
    """Where to look: everywhere, or in the middle of parts of the recording."""
    if duration_s <= _WINDOWS * _WINDOW_S:
        return [span(0.0, max(duration_s, _STEP_S))]
    part_s = duration_s / _WINDOWS
    starts = [(k + 0.5) * part_s - _WINDOW_S / 2 for k in range(_WINDOWS)]
    return [span(start_s, start_s + _WINDOW_S) for start_s in starts]


def _small(grey: Grey) -> Grey:
    scale = _SHORT_PX / min(grey.shape)
    if scale >= 1:
        return grey
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def glance_at(times_s: Sequence[float], looks: Sequence[Grey]) -> Glance:
    """What text came or went in looks that follow each other closely.

    Args:
        times_s: of the looks.
        looks: grey pictures of one size, two or more.
    """
    steps = list(_steps(looks))
    return Glance(
        span(times_s[0], times_s[-1] + _STEP_S),
        tuple(_changes(times_s, looks, steps)),
        np.array([step.moved for step in steps]),
    )


@dataclass(frozen=True)
class _Step:
    """From one look to the next: edges of letters that came and that went, shape (h, w) each.

    None where there are too few for text. `moved`, shape (h,), is the share of each row that was
    replaced, and `amount` the pixels in all.
    """

    came: Mask | None
    went: Mask | None
    moved: NDArray[np.float32]
    amount: int

    @property
    def is_text(self) -> bool:
        return max(_lines(self.came), _lines(self.went)) >= _ROWS


def _changes(
    times_s: Sequence[float], looks: Sequence[Grey], steps: Sequence[_Step]
) -> Iterator[TextChange]:
    written = [step.is_text for step in steps]
    k = 0
    while k < len(steps):
        if not written[k]:
            k += 1
            continue
        # One change is seen up to three times: by what comes after it, in it, and before it.
        last = k
        while last + 1 < len(steps) and last - k < 2 and written[last + 1]:
            last += 1
        at = k + int(np.argmax([step.amount for step in steps[k : last + 1]]))
        # What changes again at once is another change: words that follow each other.
        last = min(last, at + 1)
        yield TextChange(
            t_s=(times_s[at] + times_s[at + 1]) / 2,
            share=max(
                float((cv2.absdiff(looks[i], looks[i + 1]) > _CUT_GREY).mean())
                for i in range(k, last + 1)
            ),
            came=_points([step.came for step in steps[k : last + 1]]),
            went=_points([step.went for step in steps[k : last + 1]]),
        )
        k = last + 1


def _points(seen: Sequence[Mask | None]) -> Points:
    """Where there are edges in any of some pictures."""
    some = [mask for mask in seen if mask is not None]
    if not some:
        return np.zeros((0, 2), np.int16)
    return np.argwhere(np.logical_or.reduce(some)).astype(np.int16)


def _steps(looks: Sequence[Grey]) -> Iterator[_Step]:
    """What came and what went with each look but the first.

    A fade takes two looks: what has changed since the one before counts too. More looks would
    take a second change for the first.
    """
    last = len(looks) - 2
    before: Any = None
    step = cv2.absdiff(looks[0], looks[1])
    apart = _replaced(step)
    for k in range(last + 1):
        now = _replaced(step)
        came = went = after = None
        if k < last:
            after = cv2.absdiff(looks[k + 1], looks[k + 2])
            came = _edges(looks[k + 1], _either(now, apart), after)
            # What has changed over this step and the next, and over that one and this.
            apart = _replaced(cv2.absdiff(looks[k], looks[k + 2]))
        else:
            apart = now
        if before is not None:
            went = _edges(looks[k], _either(now, apart), before)
        moved = _in_rows(now) / np.float32(now.shape[1])
        yield _Step(came, went, moved, cv2.countNonZero(now))
        if after is not None:
            before, step = step, after


def _in_rows(mask: Grey) -> NDArray[np.float32]:
    """How many pixels of each row are set to 255, shape (h,)."""
    return np.asarray(cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[:, 0] / 255, np.float32)


def _replaced(step: Any) -> Grey:
    """Where a difference of two looks is more than noise: 255, else 0."""
    return np.asarray(cv2.compare(step, _number(_REPLACED), cv2.CMP_GT), np.uint8)


def _either(one: Grey, other: Grey) -> Grey:
    return np.asarray(cv2.bitwise_or(one, other), np.uint8)


def _edges(look: Grey, replaced: Grey, beside: Any) -> Mask | None:
    """Edges along rows where a look was replaced on one side and has stayed on the other.

    None where there is too little for text anyway.
    """
    if 3 * cv2.countNonZero(replaced) < _ROWS * _ROW_EDGES:
        return None
    left, top, width, height = cv2.boundingRect(replaced)
    # All that follows looks at a pixel and at those on either side of it.
    piece = np.s_[top : top + height, max(0, left - 2) : left + width + 2]
    stayed = cv2.compare(beside[piece], _number(_STAYED), cv2.CMP_LT)
    here = cv2.bitwise_and(cv2.dilate(replaced[piece], _ACROSS), cv2.erode(stayed, _ACROSS))
    if cv2.countNonZero(here) < _ROWS * _ROW_EDGES:
        return None
    # With a column more on either side, for the gradient, where there is one.
    first, last = max(0, left - 3), min(look.shape[1], left + width + 3)
    begins = piece[1].start - first
    step = cv2.filter2D(look[top : top + height, first:last], cv2.CV_16S, _GRADIENT)
    step = step[:, begins : begins + stayed.shape[1]]
    edges = np.zeros(look.shape, bool)
    for kind, sign in ((cv2.CMP_GT, 1), (cv2.CMP_LT, -1)):
        strong = cv2.bitwise_and(cv2.compare(step, _number(sign * _EDGE), kind), here) > 0
        # An edge is as wide as its gradient: the first pixel of each counts.
        edges[piece] |= strong
        edges[piece][:, 1:] &= ~(strong[:, 1:] & strong[:, :-1])
    return edges


def _number(value: int) -> Any:
    """OpenCV compares with a number as well; its types do not say so."""
    return value


def _lines(edges: Mask | None) -> int:
    """Rows that have as many edges as letters."""
    if edges is None:
        return 0
    return int((edges.sum(axis=1) >= _ROW_EDGES).sum())


def place_of(glances: Sequence[Glance], shape: tuple[int, int]) -> ChangingText | None:
    """The place at which most text comes and goes.

    Args:
        glances: all windows of a recording.
        shape: height and width of what was looked at, in pixels.
    """
    height, width = shape
    short = min(shape)
    counted = [c for g in glances for c in g.changes if c.share <= _CUT]
    rows = np.array([c.rows(height) for c in counted]).reshape(-1, height)
    lines = (rows >= _ROW_EDGES).mean(axis=1) <= _PAGE
    counted = [c for c, is_line in zip(counted, lines, strict=True) if is_line]
    if len(counted) < _LEAST:
        return None
    inked = np.where(rows >= _ROW_EDGES, rows, 0)[lines]
    votes = (inked > 0).sum(axis=0)
    often = votes >= max(_LEAST, _OFTEN * votes.max())
    bands = _runs(often, round(_LINE_GAP * short))
    if not bands:
        return None
    core = max(bands, key=lambda b: int(inked[:, b[0] : b[1]].sum()))
    seldom = votes >= max(_LEAST, _SELDOM * votes.max())
    top, bottom = next(
        (a, b)
        for a, b in _runs(seldom | often, round(_LINE_GAP * short))
        if a <= core[0] and core[1] <= b
    )
    moved = np.concatenate([g.moved[:, top:bottom].mean(axis=1) for g in glances])
    if float(np.median(moved)) > _RESTLESS:
        return None
    in_band = inked[:, top:bottom].sum(axis=1)
    there = in_band >= _THERE * np.maximum(1, inked.sum(axis=1))
    own = [c for c, is_there in zip(counted, there, strict=True) if is_there]
    if len(own) < _LEAST:
        return None
    sides = [s for c in own for p in (c.came, c.went) if (s := _side(p, top, bottom, short))]
    if not sides:
        return None
    left, right = _reach(np.array(sides), width)
    spells = [s for g in glances for s in _spells(g, top, bottom, left, right, width)]
    margin = max(1, round(_MARGIN * short))
    rect = Rect(
        x=left - margin,
        y=top - margin,
        width=right - left + 2 * margin,
        height=bottom - top + 2 * margin,
    )
    middles = np.array([(a + b) / 2 for a, b in sides]) / width
    return ChangingText(
        rect=rect.clamp(Rect(x=0, y=0, width=width, height=height)),
        off_middle=round(float(np.median(np.abs(middles - 0.5))), 3),
        spells=tuple(spells),
    )


def _runs(flags: Mask, gap: int) -> list[tuple[int, int]]:
    """Where flags are set: first, and last exclusive; over gaps that are no longer than that."""
    found: list[tuple[int, int]] = []
    for k in np.flatnonzero(flags).tolist():
        if found and k - found[-1][1] <= gap:
            found[-1] = found[-1][0], k + 1
        else:
            found.append((k, k + 1))
    return found


def _side(points: Points, top: int, bottom: int, short: int) -> tuple[int, int] | None:
    """From which to which column the text of a change reaches; None where it has too little."""
    inside = points[(points[:, 0] >= top) & (points[:, 0] < bottom)]
    full = np.bincount(inside[:, 0] - top, minlength=bottom - top) >= _ROW_EDGES
    if full.sum() < _ROWS:
        return None
    inside = inside[full[inside[:, 0] - top]]
    columns = np.bincount(inside[:, 1])
    pieces = _runs(columns > 0, round(_WORD_GAP * short))
    # What moves beside the text has a few edges, words have as many as others.
    most = max(int(columns[a:b].sum()) for a, b in pieces)
    kept = [(a, b) for a, b in pieces if columns[a:b].sum() >= 0.2 * most]
    return kept[0][0], kept[-1][1]


def _reach(sides: NDArray[np.int_], width: int) -> tuple[int, int]:
    """From where to where texts reach of which most have one middle, or begin at one column.

    Those that have neither are what moves beside them; all count where most are of that kind.
    """
    near = _ALIGNED * width
    for along in (sides.mean(axis=1), sides[:, 0]):
        aligned = np.abs(along - np.median(along)) <= near
        if aligned.mean() >= _THERE:
            sides = sides[aligned]
            break
    return int(sides[:, 0].min()), int(sides[:, 1].max())


def _spells(
    glance: Glance, top: int, bottom: int, left: int, right: int, width: int
) -> Iterator[Spell]:
    """What a window shows at the place over time; nothing of a window in which nothing changes."""

    def drawn(points: Points) -> Mask:
        mask = np.zeros((bottom - top, width), bool)
        rows, columns = points[:, 0], points[:, 1]
        inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
        mask[rows[inside] - top, columns[inside]] = True
        return mask

    shown = np.zeros((bottom - top, width), bool)
    at_s: list[float] = [glance.looked.start_s]
    strokes: list[int] = []
    for change in glance.changes:
        came, went = drawn(change.came), drawn(change.went)
        if max(_lines(came), _lines(went)) < _ROWS:
            continue
        # What goes without having come was there when the window began.
        known = cv2.dilate(shown.astype(np.uint8), _NEAR) > 0
        before = int(shown.sum()) + int((went & ~known).sum())
        strokes = [*strokes[:-1], max(strokes[-1], before)] if strokes else [before]
        stays = shown & ~(cv2.dilate(went.astype(np.uint8), _NEAR) > 0)
        same = int(stays.sum()) > _SAME * max(before, int(came.sum()))
        shown = stays | came
        if same:
            strokes[-1] = max(strokes[-1], int(shown.sum()))
        else:
            strokes.append(int(shown.sum()))
            at_s.append(change.t_s)
    if not strokes:
        return
    nothing = _NOTHING_LEFT * float(np.percentile(strokes, 80))
    for start_s, end_s, count in zip(at_s, [*at_s[1:], glance.looked.end_s], strokes, strict=True):
        if end_s > start_s:
            yield Spell(
                start_s=round(start_s, 3),
                end_s=round(end_s, 3),
                strokes=count if count > nothing else 0,
            )
