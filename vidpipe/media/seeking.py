"""Decoding from any moment of a video on, whatever its container has of an index.

A seek lands where a container can: in MPEG-TS behind the keyframe that was wanted, in a
browser's recording at the only one there is. So the keyframe is looked for first, on a handle of
its own, and a decoder that stands between it and the moment goes on from where it is.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import av

from vidpipe.media.demuxing import demuxed, to_beginning
from vidpipe.media.disposable import disposable_in
from vidpipe.media.opening import open_media
from vidpipe.media.probe import MediaInfo
from vidpipe.stuck import further
from vidpipe.timeline import Interval

#: Which pictures are decoded: all, or those that others are decoded from. What is left out is
#: missed by no other picture; leaving out B-pictures alone, of which others are made too, spoils
#: up to all that follow (x264, x265), and of some hardware's HEVC nothing would be left.
Skip = Literal["DEFAULT", "NONREF"]
#: Containers in which a seek finds the last keyframe before a moment.
_INDEXED = ("mov", "matroska")
#: How far back is looked for one, again and again, in seconds.
_BACK_S = (0.0, 2.0, 8.0, 32.0, 128.0, 512.0)
_EPS_S = 1e-3


def time_of(item: Any, origin_s: float) -> float | None:
    """Seconds of a packet or frame from the first frame; None where neither stamp is there."""
    stamp = item.pts if item.pts is not None else item.dts
    if stamp is None:
        return None
    # As exact as a product of fractions, and several times faster.
    base = item.time_base
    return float(stamp * base.numerator / base.denominator) - origin_s


def packets_of(media: Any, stream: Any) -> Iterator[Any]:
    """Packets of a stream until the file ends or breaks off."""
    packets = demuxed(media, stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        yield packet


def seek(media: Any, info: MediaInfo, t_s: float) -> None:
    """Go to `t_s`, or where the container can go before it; at or before 0 to its beginning."""
    try:
        if t_s > 0:
            media.seek(int((t_s + info.origin_s) * av.time_base), backward=True)
        else:
            # By the container's clock, whose first packet may come before the first picture.
            media.seek(min(0, int((info.start_s - 1.0) * av.time_base)), backward=True)
    except (av.FFmpegError, OSError):
        to_beginning(media)


@dataclass(frozen=True)
class Start:
    """Where to decode from: the time of a keyframe, and the seek that comes out before it."""

    key_s: float
    seek_s: float


#: From the first picture on.
BEGINNING = Start(0.0, 0.0)


class KeyframeFinder:
    """The last keyframe before a moment, on a handle of its own."""

    def __init__(self, path: Path, info: MediaInfo, index: int) -> None:
        self._path, self._info, self._index = path, info, index
        self._media: Any = None

    def close(self) -> None:
        if self._media is not None:
            self._media.close()

    def before(self, t_s: float) -> Start:
        """The last keyframe at or before `t_s`; the beginning where there is none."""
        if t_s <= _EPS_S:
            return BEGINNING
        if self._media is None:
            self._media = open_media(self._path, self._info.known_container)
        for back_s in _BACK_S:
            if back_s >= t_s:
                break
            found = self._from(t_s - back_s, t_s)
            if found is not None:
                return Start(found, t_s - back_s)
        return BEGINNING

    def _from(self, seek_s: float, t_s: float) -> float | None:
        stream = self._media.streams[self._index]
        seek(self._media, self._info, seek_s)
        found: float | None = None
        for packet in packets_of(self._media, stream):
            at_s = time_of(packet, self._info.origin_s)
            if at_s is None:
                continue
            if packet.is_keyframe and -_EPS_S <= at_s <= t_s + _EPS_S:
                found = at_s
                if self._info.demuxer in _INDEXED:
                    break
            elif at_s > t_s + 1.0:
                # Pictures come in the order of decoding: a second of them is looked past.
                break
        return found


def seek_before(path: Path, info: MediaInfo, t_s: float, *, always: bool = False) -> float:
    """Where ffmpeg is to seek so that what is shown at `t_s` decodes; `t_s` where it may.

    A second earlier than where it did here: it seeks by the order of decoding. In containers
    with an index it may, for the picture that the index is of; `always` says that it is not.
    """
    if info.video is None or t_s <= 0 or (info.demuxer in _INDEXED and not always):
        return t_s
    finder = KeyframeFinder(path, info, info.video.index)
    try:
        start = finder.before(t_s)
        return max(0.0, (start.key_s if always else start.seek_s) - 1.0)
    finally:
        finder.close()


class Cursor:
    """A decoder that goes forward: the picture that was last seen, and the one behind it.

    Before `wanted_s` only pictures are decoded that others are decoded from. In the spans
    `whole`, in order, those are decoded too that `skip` would leave out, where they can be told.

    Attributes:
        wanted_s: may be set later on, where nothing before it is asked for any more.
        whole: those spans.
    """

    def __init__(
        self,
        media: Any,
        stream: Any,
        info: MediaInfo,
        start: Start,
        skip: Skip,
        wanted_s: float = 0.0,
        whole: Sequence[Interval] = (),
    ) -> None:
        self.skip = skip
        self.wanted_s = wanted_s
        self.shown: Any | None = None
        self.shown_s = -1e9
        self._info = info
        self._media, self._stream = media, stream
        self._waiting: list[float] = []
        self.whole = whole
        self._whole_from = [w.start_s for w in whole]
        self._disposable = disposable_in(stream) if whole and skip == "NONREF" else None
        self._added: set[int] = set()
        stream.codec_context.skip_frame = skip
        seek(media, info, start.seek_s)
        self._frames = self._decoded(start.key_s)
        self._ahead: Any | None = next(self._frames, None)

    @property
    def ahead_s(self) -> float | None:
        """Time of the next picture; None behind the last one."""
        return None if self._ahead is None else time_of(self._ahead, self._info.origin_s)

    def step(self) -> Any | None:
        """The next picture, None behind the last one."""
        if self._ahead is None:
            return None
        self.shown, self.shown_s = self._ahead, self.ahead_s or 0.0
        further("picture", self._stream.index, int(self.shown_s))
        self._ahead = next(self._frames, None)
        return self.shown

    @property
    def is_added(self) -> bool:
        """Whether the shown picture is there for `whole` alone."""
        return self.shown is not None and self.shown.pts in self._added

    @property
    def in_whole(self) -> bool:
        """Whether the shown picture is of a span that is wanted whole."""
        return bool(self.whole) and self._wants_whole(self.shown_s)

    def _wants_whole(self, t_s: float) -> bool:
        at = bisect.bisect_right(self._whole_from, t_s)
        return at > 0 and self.whole[at - 1].contains(t_s)

    def left_out_s(self, since_s: float) -> float:
        """How long before the picture shown one lies that was not decoded, from `since_s` on."""
        at = bisect.bisect_left(self._waiting, since_s - _EPS_S)
        if at == len(self._waiting):
            return 0.0
        return max(0.0, self.shown_s - self._waiting[at])

    def _decoded(self, key_s: float) -> Iterator[Any]:
        begun = key_s <= 0.0
        for packet in packets_of(self._media, self._stream):
            at_s = time_of(packet, self._info.origin_s)
            if not begun:
                begun = bool(packet.is_keyframe) and at_s is not None and at_s >= key_s - _EPS_S
                if not begun:
                    continue
            if self.skip == "DEFAULT":
                # Each by its own time: they come in the order of decoding.
                early = at_s is not None and at_s < self.wanted_s - 2 * _EPS_S
                self._stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"
            elif self._disposable is not None:
                self._stream.codec_context.skip_frame = self._skip_of(packet, at_s)
            if at_s is not None and packet.size:
                bisect.insort(self._waiting, at_s)
                del self._waiting[:-256]
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                shown_s = time_of(frame, self._info.origin_s)
                # What leads an open group of pictures is made of what was not decoded.
                if shown_s is not None and (key_s <= 0.0 or shown_s >= key_s - _EPS_S):
                    yield frame

    def _skip_of(self, packet: Any, at_s: float | None) -> Skip:
        """How a packet is decoded where something is wanted whole."""
        if at_s is None or packet.pts is None or not packet.size or self._disposable is None:
            return self.skip
        if not self._wants_whole(at_s) or not self._disposable(packet):
            return self.skip
        self._added.add(packet.pts)
        return "DEFAULT"
