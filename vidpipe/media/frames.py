"""Pictures out of a video: sparse decodes in the displayed orientation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import InputRejected
from vidpipe.geometry import Size
from vidpipe.media.probe import MediaInfo, open_media
from vidpipe.media.samples import decode_tolerantly

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Frame:
    """A decoded picture: `t_s` seconds from the first frame; `image` BGR, shape (h, w, 3)."""

    t_s: float
    image: Image


class FrameReader:
    """Reads frames of one video, scaled to at most `max_width` displayed pixels.

    A context manager; not for use from several threads.
    """

    def __init__(self, path: Path, info: MediaInfo, *, max_width: int = 640) -> None:
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

    def keyframe_times(self) -> list[float]:
        """Times of the keyframes, from packet headers alone (nothing is decoded)."""
        self._seek(0.0)
        times = []
        for packet in self._media.demux(self._stream):
            if packet.is_keyframe and packet.pts is not None:
                times.append(float(packet.pts * packet.time_base) - self.info.origin_s)
        return sorted(times)

    def keyframes(self) -> Iterator[Frame]:
        """Every keyframe, in order."""
        self._seek(0.0)
        context = self._stream.codec_context
        context.skip_frame = "NONKEY"
        try:
            for raw in decode_tolerantly(self._media, self._stream):
                if raw.time is not None:
                    yield self._convert(raw)
        finally:
            context.skip_frame = "DEFAULT"

    def every(
        self, step_s: float, start_s: float = 0.0, end_s: float = 1e9, *, roughly: bool = False
    ) -> Iterator[Frame]:
        """A frame for each `step_s` in `[start_s, end_s)`: the first at or after each tick.

        `roughly` leaves out frames that no other one refers to: faster, and up to
        a few frames late.
        """
        self._seek(start_s)
        tick = start_s
        context = self._stream.codec_context
        context.skip_frame = "NONREF" if roughly else "DEFAULT"
        try:
            for raw in decode_tolerantly(self._media, self._stream):
                if raw.time is None:
                    continue
                t_s = float(raw.time) - self.info.origin_s
                if t_s >= end_s - 1e-6:
                    return
                if t_s < tick - 1e-3:
                    continue
                yield self._convert(raw)
                tick = max(tick + step_s, t_s + step_s / 2)
        finally:
            context.skip_frame = "DEFAULT"

    def at(self, t_s: float) -> Frame:
        """The frame that is shown at `t_s` (the last one for a time past the end).

        Raises:
            InputRejected: nothing there decodes.
        """
        self._seek(t_s)
        last = None
        for raw in decode_tolerantly(self._media, self._stream):
            if raw.time is None:
                continue
            if last is not None and float(raw.time) - self.info.origin_s > t_s + 1e-3:
                break
            last = raw
        if last is None:
            raise InputRejected("does_not_decode", f"no picture decodes at {t_s:.1f} s")
        return self._convert(last)

    def _seek(self, t_s: float) -> None:
        target = int((max(0.0, t_s) + self.info.origin_s) * av.time_base)
        try:
            self._media.seek(target, backward=True)
        except (av.FFmpegError, OSError):
            self._media.seek(0)

    def _convert(self, raw: Any) -> Frame:
        width, height = self.size.width, self.size.height
        turned = self.video.rotation in (90, 270)
        if turned:
            width, height = height, width
        image = raw.reformat(
            width=width, height=height, format="bgr24", interpolation="AREA"
        ).to_ndarray()
        if self.video.rotation:
            # The display matrix turns the coded picture counterclockwise.
            image = np.ascontiguousarray(np.rot90(image, k=self.video.rotation // 90))
        return Frame(float(raw.time) - self.info.origin_s, image)
