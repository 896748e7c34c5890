"""Pictures out of a video: sparse decodes in the displayed orientation."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import InputRejected
from vidpipe.geometry import Size
from vidpipe.media.probe import MediaInfo, open_media
from vidpipe.media.samples import decode_tolerantly

Image = NDArray[np.uint8]


#: Formats whose first plane is luma alone, and how many bits too many it has.
_LUMA_PLANES = {
    "yuv420p": 0,
    "yuvj420p": 0,
    "yuv422p": 0,
    "yuvj422p": 0,
    "yuv444p": 0,
    "yuvj444p": 0,
    "nv12": 0,
    "gray": 0,
    "yuv420p10le": 2,
    "yuv422p10le": 2,
    "yuv444p10le": 2,
}
#: Luma of 16 to 235 brought to 0 to 255.
_FULL_RANGE = np.clip((np.arange(256) - 16.0) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Packets:
    """Coded pictures in the order in which they are shown, shapes (n,): sizes in bytes."""

    times_s: NDArray[np.float64]
    sizes: NDArray[np.int64]
    keys: NDArray[np.bool_]


class Frame:
    """A decoded picture at `t_s` seconds from the first frame; converted when asked for."""

    def __init__(self, t_s: float, raw: Any, size: Size, rotation: int) -> None:
        self.t_s = t_s
        self._raw = raw
        self._size = size
        self._rotation = rotation

    @cached_property
    def image(self) -> Image:
        """BGR, shape (h, w, 3)."""
        width, height = self._coded_size
        bgr = self._raw.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
        return self._turned(bgr.to_ndarray())

    @cached_property
    def grey(self) -> Image:
        """Luma from 0 to 255, shape (h, w): several times cheaper than the colours."""
        width, height = self._coded_size
        surplus = _LUMA_PLANES.get(self._raw.format.name)
        if surplus is None:
            grey = self._raw.reformat(
                width=width, height=height, format="gray", interpolation="AREA"
            )
            return self._turned(grey.to_ndarray())
        plane = self._raw.planes[0]
        kind = np.uint16 if surplus else np.uint8
        rows = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
        # Halves and a last step between: as good as the mean over areas and six times faster.
        while rows.shape[1] >= 2 * width and rows.shape[0] >= 2 * height:
            half = (rows.shape[1] // 2, rows.shape[0] // 2)
            rows = cv2.resize(rows, half, interpolation=cv2.INTER_AREA)
        small = cv2.resize(rows, (width, height), interpolation=cv2.INTER_LINEAR)
        luma = np.asarray(small >> surplus, np.uint8) if surplus else np.asarray(small, np.uint8)
        if "yuvj" not in self._raw.format.name and self._raw.color_range != 2:
            luma = np.asarray(cv2.LUT(luma, _FULL_RANGE), np.uint8)
        return self._turned(luma)

    @property
    def _coded_size(self) -> tuple[int, int]:
        width, height = self._size.width, self._size.height
        return (height, width) if self._rotation in (90, 270) else (width, height)

    def _turned(self, image: Image) -> Image:
        if not self._rotation:
            return image
        # The display matrix turns the coded picture counterclockwise.
        return np.ascontiguousarray(np.rot90(image, k=self._rotation // 90))


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
            self._stream.codec_context.options = {"skip_loop_filter": "nokey"}

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._media.close()

    @property
    def scale(self) -> float:
        """Read pixels per displayed pixel."""
        return self.size.width / self.video.width

    @cached_property
    def packets(self) -> Packets:
        """Times and sizes of all coded pictures; nothing is decoded."""
        self._seek(0.0)
        rows = [
            (self._time(p), p.size, p.is_keyframe)
            for p in self._media.demux(self._stream)
            if p.pts is not None
        ]
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
        self._seek(wanted[0])
        context = self._stream.codec_context
        context.skip_frame = "BIDIR"
        key_s: float | None = None
        decoded: list[Frame] = []
        try:
            for packet in self._media.demux(self._stream):
                if packet.pts is None:
                    continue
                t_s = self._time(packet)
                while key_s is None and wanted and wanted[0] < t_s - 1e-6:
                    wanted.popleft()
                if key_s is None and packet.is_keyframe and wanted and wanted[0] <= t_s + 1e-6:
                    key_s = wanted.popleft()
                if key_s is None:
                    if not wanted:
                        break
                    continue
                decoded += self._decode(packet)
                if t_s >= key_s + after_s - 1e-6:
                    decoded += self._decode(None)
                    context.flush_buffers()
                    yield from _first_and_last(decoded, key_s, after_s)
                    key_s, decoded = None, []
            if key_s is not None:
                yield from _first_and_last(decoded + self._decode(None), key_s, after_s)
        finally:
            context.skip_frame = "DEFAULT"
            self._seek(0.0)

    def _decode(self, packet: Any) -> list[Frame]:
        """Frames that come out for a packet, or with None those that are left."""
        try:
            raw = self._stream.codec_context.decode(packet)
        except av.FFmpegError:
            return []
        return [
            Frame(
                float(f.pts * self._stream.time_base) - self.info.origin_s,
                f,
                self.size,
                self.video.rotation,
            )
            for f in raw
            if f.pts is not None
        ]

    def every(
        self, step_s: float, start_s: float = 0.0, end_s: float = 1e9, *, roughly: bool = False
    ) -> Iterator[Frame]:
        """A frame for each `step_s` in `[start_s, end_s)`: the first at or after each tick.

        `roughly` leaves out frames between two others (B-frames): faster, and up to a few
        frames late.
        """
        self._seek(start_s)
        tick = start_s
        context = self._stream.codec_context
        context.skip_frame = "BIDIR" if roughly else "DEFAULT"
        try:
            for raw in decode_tolerantly(self._media, self._stream):
                if raw.time is None:
                    continue
                t_s = self._time(raw)
                if t_s >= end_s - 1e-6:
                    return
                if t_s < tick - 1e-3:
                    continue
                yield self._frame(raw)
                tick = max(tick + step_s, t_s + step_s / 2)
        finally:
            context.skip_frame = "DEFAULT"

    def at(self, t_s: float) -> Frame:
        """The frame that is shown at `t_s` (the last one for a time past the end).

        Raises:
            InputRejected: nothing there decodes.
        """
        last = None
        # Without an index a seek near the end may land behind the last keyframe.
        for earlier_s in (0.0, 10.0, t_s):
            self._seek(max(0.0, t_s - earlier_s))
            for raw in decode_tolerantly(self._media, self._stream):
                if raw.time is None:
                    continue
                if last is not None and self._time(raw) > t_s + 1e-3:
                    break
                last = raw
            if last is not None:
                break
        if last is None:
            raise InputRejected("does_not_decode", f"no picture decodes at {t_s:.1f} s")
        return self._frame(last)

    def _seek(self, t_s: float) -> None:
        target = int((max(0.0, t_s) + self.info.origin_s) * av.time_base)
        try:
            self._media.seek(target, backward=True)
        except (av.FFmpegError, OSError):
            self._media.seek(0)

    def _time(self, item: Any) -> float:
        """Seconds of a packet or frame from the first frame."""
        return float(item.pts * item.time_base) - self.info.origin_s

    def _frame(self, raw: Any) -> Frame:
        return Frame(self._time(raw), raw, self.size, self.video.rotation)


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
