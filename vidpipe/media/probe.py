"""What a file holds: streams, sizes, rates, times; read with PyAV, never by its name."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition
from pydantic import BaseModel, ConfigDict, Field

from vidpipe.errors import InputRejected
from vidpipe.geometry import Size
from vidpipe.media.containers import AAC, ALL, MP3, Container, identify_file, open_options
from vidpipe.media.demuxing import demuxed


class VideoStream(BaseModel):
    """The picture: `width`, `height` as displayed (after pixel aspect and rotation).

    `matrix` is what turns its colours into RGB, by ffmpeg's names (`bt709`,
    `bt601`, `bt2020`); where the file does not say, what players assume.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    codec: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int
    fps: float
    pix_fmt: str
    matrix: str

    @property
    def size(self) -> Size:
        return Size(width=self.width, height=self.height)


class AudioStream(BaseModel):
    """The sound that is used: the first decodable stream."""

    model_config = ConfigDict(frozen=True)

    index: int
    codec: str
    sample_rate: int
    channels: int


class MediaInfo(BaseModel):
    """A probed file.

    `origin_s` is the time stamp of the first presented frame in the file's own
    clock: every time elsewhere in vidpipe counts from there. `start_s` is where
    the container starts (what ffmpeg calls zero when it seeks).
    """

    model_config = ConfigDict(frozen=True)

    container: str
    demuxer: str
    duration_s: float
    start_s: float
    origin_s: float
    size_bytes: int
    bit_rate: int
    video: VideoStream | None
    audio: AudioStream | None
    title: str = ""
    broken_picture: bool = Field(
        default=False, description="has a picture stream of which nothing decodes"
    )

    has_cover: bool = Field(default=False, description="sound with a picture attached to it")

    @property
    def sound_only(self) -> bool:
        """Whether it is sound without pictures; a cover that is attached is no picture."""
        return self.video is None and self.audio is not None and not self.broken_picture

    @property
    def seek_offset_s(self) -> float:
        """Add to one of our times to get what `ffmpeg -ss` wants."""
        return self.origin_s - self.start_s

    @property
    def known_container(self) -> Container:
        return next(c for c in ALL if c.demuxer == self.demuxer)


def open_media(path: Path, container: Container | None = None) -> Any:
    """Open somebody's file with PyAV: our demuxer, no other file or address.

    Raises:
        InputRejected: when it is no container we know or cannot be opened.
    """
    container = container or identify_file(path)
    if container is None:
        raise InputRejected(
            "unknown_container",
            "this is no file that vidpipe reads: neither a video (MP4, MOV, MKV, WebM, FLV, "
            "MPEG-TS, AVI, Ogg) nor sound (MP3, M4A, WAV, FLAC, Ogg, Opus, AAC). "
            "Export it as MP4 or MP3 and upload that.",
            name=path.name,
        )
    try:
        return av.open(
            str(path.resolve()),
            format=container.demuxer,
            options=open_options(container),
            metadata_errors="replace",
        )
    except (av.FFmpegError, ValueError, OSError) as error:
        raise InputRejected(
            "unreadable",
            f"its {container.name} structure cannot be read ({_short(error)}). "
            "The upload may be incomplete: upload it again, or export it anew.",
            name=path.name,
        ) from error


def _short(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:120]


def real_video_stream(media: Any) -> Any | None:
    """The first picture stream that is not a cover image; None without one."""
    for stream in media.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def _rotation(frame: Any) -> int:
    return int(round(frame.rotation / 90.0) * 90) % 360


def probe(path: Path, name: str | None = None) -> MediaInfo:
    """Read the headers and the first frames of `path`.

    Raises:
        InputRejected: unreadable, or nothing in it decodes.
    """
    container = identify_file(path)
    name = name or path.name
    with open_media(path, container) as media:
        assert container is not None
        start_s = media.start_time / av.time_base if media.start_time is not None else 0.0
        stream = real_video_stream(media)
        video, origin_s = None, start_s
        try:
            if stream is not None:
                video, origin_s = _video(media, stream, start_s)
            audio = _audio(media)
            duration_s = _duration(media, stream, origin_s, start_s, container)
        except (av.FFmpegError, ValueError, OverflowError) as error:
            raise InputRejected(
                "does_not_decode",
                f"its picture cannot be decoded ({_short(error)}). "
                "Play it through once, and export it anew if it stops.",
                name=name,
            ) from error
        return MediaInfo(
            container=container.name,
            demuxer=container.demuxer,
            duration_s=duration_s,
            start_s=start_s,
            origin_s=origin_s,
            size_bytes=path.stat().st_size,
            bit_rate=media.bit_rate or 0,
            video=video,
            audio=audio,
            title=str(media.metadata.get("title", "")).strip(),
            broken_picture=stream is not None and video is None,
            has_cover=stream is None and bool(media.streams.video),
        )


def _video(media: Any, stream: Any, start_s: float) -> tuple[VideoStream | None, float]:
    context = stream.codec_context
    if context is None or not stream.codec_context.width or not stream.codec_context.height:
        return None, start_s
    first = next(media.decode(stream), None)
    if first is None:
        return None, start_s
    sar = stream.sample_aspect_ratio or Fraction(1)
    sar = sar if sar > 0 else Fraction(1)
    width, height = first.width, first.height
    # Displayed width: pixels made square by widening or narrowing, never the height.
    width = max(1, round(width * sar))
    rotation = _rotation(first)
    if rotation in (90, 270):
        width, height = height, width
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    fps = float(rate)
    if not math.isfinite(fps) or fps <= 0:
        fps = 25.0
    origin_s = float(first.time) if first.time is not None else start_s
    return (
        VideoStream(
            index=stream.index,
            codec=context.name,
            width=width,
            height=height,
            coded_width=first.width,
            coded_height=first.height,
            rotation=rotation,
            fps=round(fps, 6),
            pix_fmt=first.format.name,
            matrix=_matrix(first),
        ),
        origin_s,
    )


def _matrix(frame: Any) -> str:
    """Colour matrix of a frame (ITU-T H.273 numbers); unsaid, HD is BT.709 and SD BT.601."""
    known = {
        1: "bt709",
        4: "bt601",
        5: "bt601",
        6: "bt601",
        7: "smpte240m",
        9: "bt2020",
        10: "bt2020",
    }
    said = known.get(int(frame.colorspace))
    return said or ("bt709" if frame.height >= 720 or frame.width >= 1280 else "bt601")


def _audio(media: Any) -> AudioStream | None:
    for stream in media.streams.audio:
        context = stream.codec_context
        if context is None or not context.sample_rate:
            continue
        return AudioStream(
            index=stream.index,
            codec=context.name,
            sample_rate=context.sample_rate,
            channels=max(1, context.layout.nb_channels if context.layout else 1),
        )
    return None


def _duration(
    media: Any, stream: Any, origin_s: float, start_s: float, container: Container
) -> float:
    """Length of the picture in seconds from its first frame; of the file when it has none.

    Headers are believed in MP4 only: Matroska's count from zero wherever the
    first frame is, and live recordings have none. MP3 and AAC are read to their end:
    their length is else guessed from their first packets.
    """
    if stream is not None and stream.duration and stream.time_base and container.demuxer == "mov":
        first = float((stream.start_time or 0) * stream.time_base)
        return max(0.0, float(stream.duration * stream.time_base) - (origin_s - first))
    said = float(media.duration / av.time_base) if media.duration else 0.0
    target = stream if stream is not None else next(iter(media.streams.audio), None)
    if target is None:
        return max(0.0, said)
    guessed = container in (MP3, AAC)
    last = _last_time(media, target, start_s + said if said and not guessed else None)
    if last is None or last <= origin_s:
        return max(0.0, said - (origin_s - start_s))
    return last - origin_s


def _last_time(media: Any, stream: Any, near_s: float | None) -> float | None:
    """End of the last packet of a stream, in the file's clock; looks near the end first."""
    for seek_s in (near_s, 0.0) if near_s is not None else (0.0,):
        try:
            media.seek(int(max(0.0, seek_s - 5.0) * av.time_base) if seek_s else 0, backward=True)
            last = None
            for packet in demuxed(media, stream):
                if packet.pts is not None:
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    last = end if last is None else max(last, end)
        except (av.FFmpegError, OSError):
            continue
        if last is not None:
            return last
    return None
