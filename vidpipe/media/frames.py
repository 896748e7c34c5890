"""Pictures out of a video: sparse decodes in the displayed orientation."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import InputRejected
from vidpipe.geometry import Size
from vidpipe.media.display import Beside, Frame, Image
from vidpipe.media.disposable import disposable_in
from vidpipe.media.opening import open_media
from vidpipe.media.probe import MediaInfo, VideoStream
from vidpipe.media.seeking import (
    BEGINNING,
    Cursor,
    KeyframeFinder,
    Skip,
    packets_of,
    seek,
    time_of,
)
from vidpipe.stuck import further
from vidpipe.timeline import Interval

__all__ = ["ON_TIME_S", "WHOLE", "Frame", "FrameReader", "Image", "Packets", "Ticks"]

#: What `FrameReader.together` says a frame is for that lies in a span that is wanted whole.
WHOLE = -1

#: A picture that comes so little before it was wanted is the one that was.
ON_TIME_S = 1e-3
#: A picture that comes later than this behind the one that was wanted is another picture.
_LATE_S = 0.25
#: So many keyframes are tried for one picture, each before the last, then the beginning.
_TRIES = 4


@dataclass(frozen=True)
class Packets:
    """Coded pictures in the order in which they are shown, shapes (n,): sizes in bytes."""

    times_s: NDArray[np.float64]
    sizes: NDArray[np.int64]
    keys: NDArray[np.bool_]


@dataclass(frozen=True)
class Ticks:
    """When a picture is wanted: every `step_s` in `[start_s, end_s)`, in seconds."""

    step_s: float
    start_s: float = 0.0
    end_s: float = 1e9

    def is_over(self, t_s: float) -> bool:
        """Whether nothing is wanted from a picture's time on."""
        return t_s >= self.end_s - 1e-6

    def is_due(self, tick_s: float, t_s: float) -> bool:
        """Whether a picture is the one for a tick, where the ones before it were not."""
        return t_s >= tick_s - ON_TIME_S

    def after(self, tick_s: float, t_s: float) -> float:
        """The tick after one that a picture was for."""
        return max(tick_s + self.step_s, t_s + max(self.step_s / 2, 2e-3))


class FrameReader:
    """Reads frames of one video, scaled to at most `max_width` displayed pixels.

    A `draft` leaves the borders of coded blocks unsmoothed: a fifth faster, and at a third of
    the width hardly to be told from the real picture. A context manager; not for use from
    several threads.
    """

    def __init__(
        self, path: Path, info: MediaInfo, *, max_width: int = 640, draft: bool = False
    ) -> None:
        if info.video is None:
            raise InputRejected("no_video", "the file has no picture", name=path.name)
        self.info = info
        self.video = info.video
        scale = min(1.0, max_width / self.video.width)
        self.size = Size(
            width=max(2, round(self.video.width * scale)),
            height=max(2, round(self.video.height * scale)),
        )
        self._media: Any = open_media(path, info.known_container)
        self._stream: Any = self._media.streams[self.video.index]
        self._stream.thread_type = "AUTO"
        if draft:
            context = self._stream.codec_context
            context.options = {**context.options, "skip_loop_filter": "nokey"}
        self._keys = KeyframeFinder(path, info, self.video.index)
        self._cursor: Cursor | None = None
        self._pieces = [
            piece.rect.scaled(self.scale).clamp(self.size.rect) for piece in self.video.pieces
        ]
        self._others = [
            (
                rect,
                FrameReader(
                    path,
                    info.model_copy(update={"video": piece.stream}),
                    max_width=rect.width,
                    draft=draft,
                ),
            )
            for piece, rect in zip(self.video.pieces[1:], self._pieces[1:], strict=True)
        ]
        # Until it is seen that too much is missing then.
        self._may_skip = True

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._keys.close()
        for _, other in self._others:
            other.__exit__(kind, error, trace)
        self._media.close()

    @property
    def scale(self) -> float:
        """Read pixels per displayed pixel."""
        return self.size.width / self.video.width

    @property
    def told_apart(self) -> bool:
        """Whether it is known which frames `roughly` leaves out: of one picture, in some codecs."""
        return not self._pieces and disposable_in(self._stream) is not None

    @cached_property
    def packets(self) -> Packets:
        """Times and sizes of all coded pictures; nothing is decoded."""
        self._cursor = None
        seek(self._media, self.info, 0.0)
        rows = []
        for packet in packets_of(self._media, self._stream):
            t_s = time_of(packet, self.info.origin_s)
            if t_s is not None and packet.size:
                further("packet", self._stream.index, int(t_s))
                rows.append((t_s, packet.size, packet.is_keyframe))
        # What lies before the first frame is decoded for the others' sake and not shown.
        rows = sorted(r for r in rows if r[0] > -1e-3)
        times, sizes, keys = zip(*rows, strict=True) if rows else ((), (), ())
        return Packets(np.array(times), np.array(sizes, np.int64), np.array(keys, bool))

    @cached_property
    def keyframe_times(self) -> tuple[float, ...]:
        """Times of the keyframes."""
        return tuple(self.packets.times_s[self.packets.keys].tolist())

    def keyframes(
        self, times_s: Sequence[float] | None = None, *, after_s: float = 0.0
    ) -> Iterator[Frame]:
        """The keyframes at these of `keyframe_times`, else all, in order.

        With `after_s` each is followed by a frame about so much later, for what moves.
        Nothing else is decoded.
        """
        wanted = deque(sorted(self.keyframe_times if times_s is None else times_s))
        if not wanted:
            return
        self._cursor = None
        seek(self._media, self.info, self._keys.before(wanted[0]).seek_s)
        context = self._stream.codec_context
        context.flush_buffers()
        key_s: float | None = None
        group: list[Any] = []
        for packet in packets_of(self._media, self._stream):
            t_s = time_of(packet, self.info.origin_s)
            if t_s is None or not packet.size:
                continue
            further("keyframe", self._stream.index, int(t_s))
            while key_s is None and wanted and wanted[0] < t_s - 1e-6:
                wanted.popleft()
            if key_s is None and packet.is_keyframe and wanted and wanted[0] <= t_s + 1e-6:
                key_s = wanted.popleft()
            if key_s is None:
                if not wanted:
                    return
                continue
            group.append(packet)
            if t_s >= key_s + after_s - 1e-6:
                yield from _first_and_last(self._alone(group), key_s, after_s)
                key_s, group = None, []
        if key_s is not None:
            yield from _first_and_last(self._alone(group), key_s, after_s)

    def _alone(self, packets: Sequence[Any]) -> list[Frame]:
        """What comes out of a keyframe and what follows it; all that is needed of that."""
        frames = self._decoded(packets, self._skip(roughly=True))
        if len(frames) < 2 < len(packets) and self._may_skip:
            self._may_skip = False
            frames = self._decoded(packets, "DEFAULT")
        return frames

    def _decoded(self, packets: Sequence[Any], skip: Skip) -> list[Frame]:
        context = self._stream.codec_context
        context.skip_frame = skip
        raw: list[Any] = []
        for packet in [*packets, None]:
            with contextlib.suppress(av.FFmpegError):
                raw += context.decode(packet)
        context.flush_buffers()
        # Packets that were decoded apart from their file do not tell their frames its clock.
        for frame in raw:
            frame.time_base = self._stream.time_base
        return [self._frame(f) for f in raw if time_of(f, self.info.origin_s) is not None]

    def every(
        self, step_s: float, start_s: float = 0.0, end_s: float = 1e9, *, roughly: bool = False
    ) -> Iterator[Frame]:
        """A frame for each `step_s` in `[start_s, end_s)`: the first at or after each tick.

        `roughly` leaves out frames that no other is decoded from: faster, and up to a few
        frames late. Where that would leave out what was looked for, nothing is left out.
        """
        for _, frame in self.together([Ticks(step_s, start_s, end_s)], roughly=roughly):
            yield frame

    def together(
        self,
        wanted: Sequence[Ticks],
        *,
        roughly: bool = False,
        whole: Sequence[Interval] = (),
    ) -> Iterator[tuple[int, Frame]]:
        """What `every` gives for each of several `wanted`, in one decode, in order of time.

        Yields which of them a frame is for, and the frame; the same one where it is for several.
        Of the spans `whole`, in order, every frame comes besides, as `WHOLE`, in the same decode;
        none is to be given where the recording is not `told_apart`.
        """
        next_s = {k: ticks.start_s for k, ticks in enumerate(wanted)}
        while next_s:
            soonest_s = min(next_s.values())
            first_s = soonest_s if self._may_skip else 0.0
            cursor = self._at(soonest_s, self._skip(roughly), first_s, whole)
            raw = cursor.shown if cursor.shown_s >= soonest_s - ON_TIME_S else cursor.step()
            while raw is not None:
                t_s = cursor.shown_s
                for k in [k for k in next_s if wanted[k].is_over(t_s)]:
                    del next_s[k]
                if not next_s:
                    return
                due = [k for k, tick_s in next_s.items() if wanted[k].is_due(tick_s, t_s)]
                if cursor.is_added:
                    due = []
                if self._left_out_too_much(cursor, [next_s[k] for k in due]):
                    break
                if cursor.in_whole:
                    due.append(WHOLE)
                if due:
                    frame = self._frame(raw)
                    for k in due:
                        if k != WHOLE:
                            next_s[k] = wanted[k].after(next_s[k], t_s)
                        yield k, frame
                    if self._cursor is not cursor or cursor.shown_s != t_s:
                        # Somebody looked elsewhere meanwhile.
                        break
                raw = cursor.step()
            else:
                return

    def _left_out_too_much(self, cursor: Cursor, since_s: Sequence[float]) -> bool:
        """Whether what was skipped may be what was wanted; nothing is skipped from then on."""
        late_s = max((cursor.left_out_s(tick_s) for tick_s in since_s), default=0.0)
        if cursor.skip == "DEFAULT" or late_s <= _LATE_S:
            return False
        self._may_skip = False
        return True

    def at(self, t_s: float) -> Frame:
        """The frame that is shown at `t_s` (the last one for a time past the end).

        Raises:
            InputRejected: nothing there decodes.
        """
        cursor = self._at(t_s, "DEFAULT")
        while cursor.shown is None or (cursor.ahead_s is not None and cursor.ahead_s <= t_s + 1e-3):
            if cursor.step() is None:
                break
        if cursor.shown is None:
            raise InputRejected("does_not_decode", f"no picture decodes at {t_s:.1f} s")
        return self._frame(cursor.shown)

    def _skip(self, roughly: bool) -> Skip:
        return "NONREF" if roughly and self._may_skip else "DEFAULT"

    def _at(
        self, t_s: float, skip: Skip, first_s: float = 0.0, whole: Sequence[Interval] = ()
    ) -> Cursor:
        """A decoder that stands at or before `t_s`, as near as may be.

        Of the pictures before `first_s` it may leave some out, of those in the spans `whole` none.
        """
        start = self._keys.before(t_s)
        cursor = self._cursor
        if (
            cursor is not None
            and cursor.skip == skip
            and cursor.whole == whole
            and start.key_s - 1e-3 <= cursor.shown_s <= t_s + 1e-3
        ):
            cursor.wanted_s = first_s
            return cursor
        for _ in range(_TRIES):
            cursor = Cursor(self._media, self._stream, self.info, start, skip, first_s, whole)
            ahead_s = cursor.ahead_s
            if start is BEGINNING or (ahead_s is not None and ahead_s <= t_s + _LATE_S):
                break
            # Damaged, or no keyframe after all: from the one before it.
            start = self._keys.before(start.key_s - 0.01)
        assert cursor is not None
        self._cursor = cursor
        return cursor

    def _frame(self, raw: Any) -> Frame:
        t_s = time_of(raw, self.info.origin_s)
        assert t_s is not None
        if not self._pieces:
            return _displayed(t_s, raw, self.size, self.video)
        first = self._pieces[0]
        page = _displayed(
            t_s, raw, Size(width=first.width, height=first.height), self.video.pieces[0].stream
        )
        others = [(rect, _shown(other, t_s)) for rect, other in self._others]
        return Beside(t_s, self.size, [(first, page), *others])


def _displayed(t_s: float, raw: Any, size: Size, video: VideoStream) -> Frame:
    return Frame(t_s, raw, size, video.rotation, mirrored=video.mirrored, colours=video.colours)


def _shown(reader: FrameReader, t_s: float) -> Frame | None:
    """What another picture shows then; None where nothing of it decodes."""
    try:
        return reader.at(t_s)
    except InputRejected:
        return None


def _first_and_last(frames: Sequence[Frame], key_s: float, after_s: float) -> Iterator[Frame]:
    """Of the frames decoded from a keyframe on: itself, and the first that comes so late."""
    ordered = sorted(frames, key=lambda f: f.t_s)
    ordered = [f for f in ordered if f.t_s >= key_s - 1e-3]
    if not ordered:
        return
    yield ordered[0]
    if after_s > 0 and len(ordered) > 1:
        late = [f for f in ordered[1:] if f.t_s >= key_s + after_s - 1e-6]
        yield late[0] if late else ordered[-1]
