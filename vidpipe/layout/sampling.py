"""A sparse look at the whole video: grey frames where they are cheap and where they matter.

Short videos are decoded through. Of long ones the keyframes are looked at, and where two
of them differ by more than what always moves, the frames between them too, of which those
are kept that stand at the ends of a change. So the work goes with what happens in a video,
and the memory is bounded whatever its length.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.layout.around_changes import AroundChanges, guessed
from vidpipe.layout.behind import Behind
from vidpipe.layout.changing_text import TextWatch
from vidpipe.layout.frame_store import Grey, PictureFile, Pictures
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.frames import WHOLE, Frame, FrameReader, Packets, Ticks
from vidpipe.media.probe import MediaInfo

Mask = NDArray[np.bool_]
#: How much happened, after which look, and what always moves there.
_Event = tuple[float, int, Mask]

#: A grey step that is a change and not coding noise.
CHANGED = 24
#: A grey step that is movement: smaller, a talking head shades slowly.
MOVED = 7
#: Two looks this close to each other say when a change was: half of what a viewer notices.
SOON_S = 0.35
#: What differs between looks no farther apart than this has moved.
QUICK_S = 1.2
#: Blocks that change in so many of the pairs around are no event: a speaker does, a page
#: that turns four times a minute under looks that are ten seconds apart does in two thirds.
_ALWAYS = 0.8
_PAIRS_AROUND = 7
_BLOCK_PX = 16
#: A keyframe so early after the last one was set for what is in it, and packets this small
#: next to it hold no new picture.
_EARLY = 0.95
_SMALL_PACKET = 0.25
#: Share of the frame that changes when something happens: half a line of text.
_EVENT = 0.002
#: While something changes every look is kept for a moment, then one in so long.
_MOMENT_S = 1.0
_LATELY_S = 0.3
_BUSY_S = 0.5
#: So many events are looked at in the order in which they come.
_AT_ONCE = 200
#: A shot with fewer looks than this is looked at more closely.
_SHOT_LOOKS = 8
#: A look that is no farther from a moment shows what there is to be seen then.
_NEAR_S = 0.6
#: Blurred looks that are kept in memory: all of a short video.
_SOFT_LOOKS = 320
#: The heights of most recordings, in parts of their width.
_LOW, _HIGH = 9 / 16, 3 / 4


@dataclass(frozen=True)
class KeptLooks:
    """Pictures in colour, BGR, at `times_s`, shape (n,): what was decoded need not be again."""

    times_s: NDArray[np.float64]
    pictures: Pictures

    def near(self, t_s: float, start_s: float, end_s: float) -> NDArray[np.uint8] | None:
        """The picture within `[start_s, end_s)` next to a moment; None where none is near."""
        inside = np.flatnonzero((self.times_s >= start_s) & (self.times_s < end_s))
        if len(inside) == 0:
            return None
        k = int(inside[np.abs(self.times_s[inside] - t_s).argmin()])
        return self.pictures[k] if abs(self.times_s[k] - t_s) <= _NEAR_S else None


@dataclass(frozen=True)
class FrameSamples:
    """Grey frames, shape (n, h, w), at `times_s`, shape (n,); `scale` grey per displayed pixel.

    `regular`, shape (n,), marks the looks that are spread over the video: the others stand
    close together around events and say nothing of how much moves. `sudden`, shape (n,),
    marks those with whose own frame all came that differs from the look before. `colour`,
    BGR, shape (n, h, w, 3), is there of short videos, for faces, and so are the pictures
    `around` changes.
    """

    times_s: NDArray[np.float64]
    grey: Pictures
    scale: float
    regular: Mask
    sudden: Mask
    colour: Pictures | None = None
    around: AroundChanges | None = None
    _soft: dict[int, Grey] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.times_s)

    def quick_pairs(self, indices: NDArray[np.int_]) -> list[tuple[int, int]]:
        """Looks that follow each other so soon that their difference is movement."""
        pairs = itertools.pairwise(indices.tolist())
        return [(i, j) for i, j in pairs if self.times_s[j] - self.times_s[i] <= QUICK_S]

    def soft(self, i: int) -> Grey:
        """A sample, blurred; one is compared with several."""
        found = self._soft.get(i)
        if found is None:
            if len(self._soft) >= _SOFT_LOOKS:
                del self._soft[next(iter(self._soft))]
            found = self._soft[i] = soft(self.grey[i])
        return found

    def difference(self, i: int, j: int) -> Grey:
        """What `difference` says of two samples."""
        return np.asarray(cv2.absdiff(self.soft(i), self.soft(j)), np.uint8)

    def changed(self, i: int, j: int | None = None) -> Mask:
        """Which pixels differ between sample i and j, by default the next one."""
        return self.difference(i, i + 1 if j is None else j) > CHANGED

    def changed_share(self, i: int, j: int | None = None) -> float:
        """How many of the pixels that is."""
        mask = self.changed(i, j)
        return int(np.count_nonzero(mask)) / mask.size

    def spread(self) -> FrameSamples:
        """The regular looks alone."""
        if self.regular.all():
            return self
        kept = self.regular
        return FrameSamples(
            self.times_s[kept],
            self.grey.where(kept),
            self.scale,
            self.regular[kept],
            self.sudden[kept],
            None if self.colour is None else self.colour.where(kept),
            self.around,
        )

    def every(
        self, reader: FrameReader, step_s: float, start_s: float, end_s: float, *, roughly: bool
    ) -> Iterator[tuple[float, Grey]]:
        """Times and pictures of `FrameReader.every`; what was kept is not decoded again."""
        kept = None
        if self.around is not None and not roughly:
            kept = self.around.every(step_s, start_s, end_s)
        if kept is not None:
            return kept
        frames = reader.every(step_s, start_s, end_s, roughly=roughly)
        return ((frame.t_s, frame.grey) for frame in frames)

    def known_s(self, first: int, last: int) -> float | None:
        """When the change between two looks was, where that is known without another look."""
        if last == first + 1 and (
            self.sudden[last] or self.times_s[last] - self.times_s[first] <= SOON_S
        ):
            return float(self.times_s[last])
        return None


def width_of_looks(info: MediaInfo, options: LayoutOptions) -> int:
    """How wide looks at a recording are, in pixels, at most.

    Of pictures wider than high it is `analysis_width`. Others are no higher than that, and
    have no more pixels than one of that width at 4:3, as what a look costs goes with them:
    360x640, 480x640, 554x554. None is narrower than one of that width at 16:9 is high:
    letters are told in it (`width_for_letters`).
    """
    widest, video = options.analysis_width, info.video
    if video is None or video.width > video.height:
        return widest
    aspect = video.width / video.height
    return round(widest * max(_LOW, min(aspect, math.sqrt(_HIGH * aspect))))


def soft(grey: Grey) -> Grey:
    """Blurred so much that one pixel of jitter is no change."""
    return np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), np.uint8)


def difference(a: Grey, b: Grey) -> Grey:
    """Absolute difference of two blurred grey pictures: one pixel of jitter is no change."""
    return np.asarray(cv2.absdiff(soft(a), soft(b)), np.uint8)


def in_blocks(mask: Mask, side_px: int) -> NDArray[np.int_]:
    """How many pixels of each square block are set, the last ones cut off, (rows, columns)."""
    height, width = mask.shape
    sums = cv2.integral(mask.view(np.uint8)).astype(np.int64)
    y = np.append(np.arange(0, height, side_px), height)
    x = np.append(np.arange(0, width, side_px), width)
    return np.asarray(np.diff(np.diff(sums[np.ix_(y, x)], axis=0), axis=1), np.int64)


def sample(
    reader: FrameReader,
    options: LayoutOptions,
    on_progress: Callable[[float], None] | None = None,
    scratch: Path | None = None,
    watch: TextWatch | None = None,
    behind: Behind | None = None,
) -> FrameSamples:
    """Frames over the whole video, and more around what happens in it.

    A short video is looked at every `duration_s / max_samples` seconds; a long one at
    keyframes, a second look after each of them, and at most `max_samples` looks around
    events. The looks lie in a file in `scratch` without a name. A `watch` sees the pictures
    that it wants: of a short video in the same decode, and where there is something that
    works behind it, there: all of it is seen when that is done.
    """
    duration_s = reader.info.duration_s
    step_s = max(options.min_step_s, duration_s / options.max_samples)

    def reported(frames: Iterable[Frame], share: float) -> Iterator[Frame]:
        for frame in frames:
            yield frame
            if on_progress is not None:
                on_progress(min(1.0, share * frame.t_s / max(duration_s, 1e-6)))

    dense = duration_s <= options.dense_up_to_s
    looks = _Looks(reader, scratch, colour=dense, behind=behind if dense else None)
    if dense:
        spans = guessed(reader.packets, step_s) if reader.told_apart else []
        looks.around = AroundChanges(spans, scratch)
        frames = _watched(reader, step_s, watch, looks)
        looks.add(reported(_thinned(frames, 0.6 * step_s), 1.0))
        return looks.samples()
    if watch is not None:
        watch.look(reader)
    step_s = max(step_s, options.sparse_step_s)
    keys = _spaced(reader.keyframe_times, 0.6 * step_s)
    looks.add(reported(reader.keyframes(keys, after_s=options.min_step_s), 0.5))
    for start_s, end_s in itertools.pairwise([0.0, *keys, duration_s]):
        # Many recorders set a keyframe when they feel like it.
        if end_s - start_s > options.max_keyframe_gap_s or (start_s == 0.0 and end_s > 1.0):
            first_s = start_s + 2 * options.min_step_s if start_s > 0 else 0.0
            inner = reader.every(options.min_step_s, first_s, end_s, roughly=True)
            looks.add(reported(_in_twos(inner, step_s), 0.5))
    looks.look_closer(reader, options, on_progress)
    return looks.samples()


def _watched(
    reader: FrameReader, step_s: float, watch: TextWatch | None, looks: _Looks
) -> Iterator[Frame]:
    """A frame for each step of the whole video; what else is wanted meanwhile is looked at."""
    others = watch.ticks if watch is not None else ()
    around = looks.around
    whole = around.spans if around is not None else ()
    for k, frame in reader.together([Ticks(step_s), *others], roughly=True, whole=whole):
        if k == WHOLE:
            if around is not None and around.wants(frame):
                looks.do(around.keep, frame)
        elif k == 0:
            yield frame
        elif watch is not None:
            looks.do(watch.add, k - 1, frame)


class _Looks:
    """Grey frames while they are gathered."""

    def __init__(
        self, reader: FrameReader, scratch: Path | None, *, colour: bool, behind: Behind | None
    ) -> None:
        self.reader = reader
        self._behind = behind
        self.kept = PictureFile(scratch)
        self.colour = PictureFile(scratch) if colour else None
        self.around: AroundChanges | None = None
        self.found: dict[float, tuple[int, bool]] = {}
        self.sudden: set[float] = set()

    def add(self, frames: Iterable[Frame], regular: bool = True) -> int:
        before = len(self.found)
        for frame in frames:
            if frame.t_s not in self.found:
                self.found[frame.t_s] = len(self.found), regular
                self.do(self._keep, frame)
        return len(self.found) - before

    def do(self, work: Callable[..., None], *given: Any) -> None:
        """Now, or behind what decodes."""
        if self._behind is not None:
            self._behind.do(work, *given)
        else:
            work(*given)

    def _keep(self, frame: Frame) -> None:
        self.kept.add(frame.grey)
        if self.colour is not None:
            self.colour.add(frame.image)

    def samples(self) -> FrameSamples:
        """All looks so far."""
        if self._behind is not None:
            self._behind.wait()
        times = sorted(self.found)
        rows = [self.found[t][0] for t in times]
        return FrameSamples(
            np.array(times),
            self.kept.pictures(rows),
            self.reader.scale,
            np.array([self.found[t][1] for t in times], bool),
            np.array([t in self.sudden for t in times], bool),
            None if self.colour is None else self.colour.pictures(rows),
            self.around,
        )

    def look_closer(
        self,
        reader: FrameReader,
        options: LayoutOptions,
        on_progress: Callable[[float], None] | None,
    ) -> None:
        """Decode between the looks where something happened, the greatest events first."""
        for start_s, end_s in _short_shots(self.samples(), options):
            step_s = max(options.min_step_s, (end_s - start_s) / _SHOT_LOOKS)
            self.add(reader.every(step_s, start_s, end_s, roughly=True))
        samples = self.samples()
        events = _forward(sorted(_events(samples), key=lambda e: -e[0]))
        left = options.max_samples
        for done, (_, pair, always) in enumerate(events):
            if left <= 0:
                break
            start_s, end_s = (float(samples.times_s[k]) for k in (pair, pair + 1))
            if _cut_by_encoder(reader.packets, start_s, end_s):
                self.sudden.add(end_s)
                continue
            ends = samples.grey[pair], samples.grey[pair + 1]
            left -= self.add(_turning_points(reader, start_s, end_s, ends, always), regular=False)
            if on_progress is not None:
                on_progress(0.5 + 0.5 * done / len(events))


def _forward(events: list[_Event]) -> list[_Event]:
    """Events, the greatest first, so many at a time as they come in the video.

    A recording with one keyframe is decoded from its beginning for each look that goes back.
    """
    batches = [events[k : k + _AT_ONCE] for k in range(0, len(events), _AT_ONCE)]
    return [event for batch in batches for event in sorted(batch, key=lambda e: e[1])]


def _short_shots(samples: FrameSamples, options: LayoutOptions) -> list[tuple[float, float]]:
    """Spans between cuts with too few looks to see what moves, the longest first."""
    cuts = [k for k in range(len(samples) - 1) if samples.changed_share(k) > options.cut_fraction]
    spans = []
    for first, last in itertools.pairwise([-1, *cuts, len(samples) - 1]):
        if last - first < _SHOT_LOOKS and last > first:
            start = float(samples.times_s[first]) if first >= 0 else 0.0
            end = float(samples.times_s[min(last + 1, len(samples) - 1)])
            spans.append((start, end))
    spans.sort(key=lambda s: s[0] - s[1])
    most = options.max_samples // _SHOT_LOOKS
    return spans[:most]


def _events(samples: FrameSamples) -> Iterator[_Event]:
    """Pairs of looks far apart between which something happened.

    Yields how much, which pair, and the blocks that always move there.
    """
    pairs = len(samples) - 1
    height, width = samples.grey.shape[1:]
    blocks = np.zeros((pairs, -(-height // _BLOCK_PX), -(-width // _BLOCK_PX)), bool)
    for k in range(pairs):
        blocks[k] = in_blocks(samples.changed(k), _BLOCK_PX) > 0
    for k in range(pairs):
        if samples.times_s[k + 1] - samples.times_s[k] <= 2 * SOON_S:
            continue
        around = blocks[max(0, k - _PAIRS_AROUND) : k + _PAIRS_AROUND + 1]
        always = cv2.dilate((around.mean(axis=0) > _ALWAYS).astype(np.uint8), np.ones((3, 3))) > 0
        amount = float((samples.changed(k) & ~_spread_out(always, height, width)).mean())
        if amount > _EVENT:
            yield amount, k, always


def _spread_out(blocks: Mask, height: int, width: int) -> Mask:
    """A mask of blocks as one of pixels."""
    return np.kron(blocks, np.ones((_BLOCK_PX, _BLOCK_PX), bool))[:height, :width]


def _cut_by_encoder(packets: Packets, start_s: float, end_s: float) -> bool:
    """Whether a change between two keyframes must have come with the second one.

    Encoders set one before its turn where the picture changes at once; and what changes
    elsewhere needs a packet of some size.
    """
    keys_s = packets.times_s[packets.keys]
    at = int(np.searchsorted(keys_s, end_s - 1e-6))
    if at == 0 or at >= len(keys_s) or abs(keys_s[at] - end_s) > 1e-6 or keys_s[at - 1] > start_s:
        return False
    before_its_turn = end_s - keys_s[at - 1] < _EARLY * float(np.diff(keys_s).max())
    inner = packets.sizes[(packets.times_s > start_s + 1e-6) & (packets.times_s < end_s - 1e-6)]
    own = int(packets.sizes[np.searchsorted(packets.times_s, end_s - 1e-6)])
    return before_its_turn and int(inner.max(initial=0)) < _SMALL_PACKET * own


def _turning_points(
    reader: FrameReader, start_s: float, end_s: float, ends: tuple[Grey, Grey], always: Mask
) -> Iterator[Frame]:
    """Frames at which a change begins or ends, from `start_s` until all is as at `end_s`.

    What changes in the blocks `always` does not count.
    """
    usual = _spread_out(always, *ends[0].shape)
    counted = np.where(usual, 0, 255).astype(np.uint8)
    least = _EVENT * counted.size

    def differ(a: Grey, b: Grey) -> bool:
        # OpenCV compares with a number as well; its types do not say so.
        changed = cv2.compare(cv2.absdiff(a, b), cast("Any", CHANGED), cv2.CMP_GT)
        return cv2.countNonZero(cv2.bitwise_and(changed, counted)) > least

    kept_s = since_s = start_s
    last = soft(ends[1])
    # A dissolve changes little from one frame to the next: those of a while back count too.
    lately: deque[tuple[Frame | None, Grey]] = deque([(None, soft(ends[0]))])
    moving = False
    for frame in reader.every(1 / 30, start_s + 1e-3, end_s, roughly=True):
        now = soft(frame.grey)
        while len(lately) > 1 and lately[1][0] and frame.t_s - lately[1][0].t_s >= _LATELY_S:
            lately.popleft()
        changed = differ(lately[-1][1], now) or differ(lately[0][1], now)
        if changed and not moving:
            since_s = frame.t_s
        if changed != moving:
            for before in {id(f): f for f, _ in (lately[0], lately[-1]) if f}.values():
                yield before
                kept_s = before.t_s
        if changed and (frame.t_s - since_s < _MOMENT_S or frame.t_s - kept_s >= _BUSY_S):
            yield frame
            kept_s = frame.t_s
        moving = changed
        lately.append((frame, now))
        if not changed and not differ(now, last):
            yield frame
            return
    # The change came with the last of the two looks, as it does where encoders cut.
    if lately[-1][0] is not None:
        yield lately[-1][0]


def _spaced(times_s: Iterable[float], step_s: float) -> list[float]:
    kept: list[float] = []
    for t_s in times_s:
        if not kept or t_s - kept[-1] >= step_s:
            kept.append(t_s)
    return kept


def _in_twos(frames: Iterable[Frame], step_s: float) -> Iterator[Frame]:
    """Two frames that follow each other, every `step_s`."""
    last_s, second = -step_s, False
    for frame in frames:
        if second or frame.t_s - last_s >= step_s:
            last_s = last_s if second else frame.t_s
            second = not second
            yield frame


def _thinned(frames: Iterable[Frame], step_s: float) -> Iterator[Frame]:
    last_s = -step_s
    for frame in frames:
        if frame.t_s - last_s >= step_s:
            yield frame
            last_s = frame.t_s


def refine(
    reader: FrameReader,
    samples: FrameSamples,
    start_s: float,
    end_s: float,
    changed: Callable[[Grey, Grey], float],
) -> tuple[float, float]:
    """When between two samples the picture changed most: (time after the change, amount).

    `changed` compares two grey frames.
    """
    best_t, best = end_s, 0.0
    previous: Grey | None = None
    step_s = max(1 / 30, (end_s - start_s) / 60)
    shown = samples.every(reader, step_s, start_s, end_s + step_s, roughly=end_s - start_s > 2.0)
    for t_s, grey in shown:
        if previous is not None:
            amount = changed(previous, grey)
            if amount > best:
                best_t, best = t_s, amount
        previous = grey
    return best_t, best
