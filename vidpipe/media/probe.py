"""What a file holds: streams, sizes, rates, times; read with PyAV, never by its name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
from av.stream import Disposition
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vidpipe.errors import InputRejected
from vidpipe.geometry import Rect, Size
from vidpipe.media.colour import Colours, colours_of
from vidpipe.media.containers import (
    AAC,
    ALL,
    MOST_PIXELS,
    MP3,
    Container,
    identify_file,
)
from vidpipe.media.decoders import is_allowed
from vidpipe.media.demuxing import demuxed
from vidpipe.media.display import orientation
from vidpipe.media.opening import open_media, picture_streams, short

#: Sound that goes on for less behind the last picture is how encoders end: Opus and AAC fill
#: their last packet, and streams are cut where a packet ends.
_OVERHANG_S = 1.0


class VideoStream(BaseModel):
    """The picture: `width`, `height` as displayed (after pixel aspect and rotation).

    Displayed means mirrored where `mirrored` says so, then turned by `rotation` degrees
    counterclockwise, its pixels made square. One of several `pieces` is laid out of them on
    black: the first is the one whose pictures it has and whose index it bears.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    codec: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int
    mirrored: bool = False
    fps: float
    pix_fmt: str
    colours: Colours
    interlaced: Literal["", "auto", "tff", "bff"] = Field(
        default="", description="two fields a frame, and which comes first: auto as frames say"
    )

    pieces: tuple[PicturePiece, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _as_it_was(cls, data: Any) -> Any:
        """Uploads that were taken in before colours were told tell their matrix alone."""
        if isinstance(data, dict) and "colours" not in data and "matrix" in data:
            return {**data, "colours": {"matrix": data["matrix"]}}
        return data

    @property
    def matrix_shown(self) -> str:
        """The matrix of its picture once other colours than that are BT.709's."""
        return "bt709" if self.colours.mapped else self.colours.matrix

    @property
    def size(self) -> Size:
        return Size(width=self.width, height=self.height)


class PicturePiece(BaseModel):
    """One of several pictures that are shown beside each other: a `page`, or a `camera`."""

    model_config = ConfigDict(frozen=True)

    stream: VideoStream
    rect: Rect
    role: Literal["page", "camera"]


class AudioStream(BaseModel):
    """A sound that decodes.

    `number` counts the file's sounds from 1, as players do. `turned`: its two channels are
    each other's opposite, and would be silent together. `varies`: its rate or its channels
    change on the way. `gain_db` brings it to the others of
    a mix.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    codec: str
    sample_rate: int
    channels: int
    number: int = 1
    title: str = ""
    language: str = ""
    default: bool = False
    turned: bool = False
    varies: bool = False
    gain_db: float = 0.0

    @property
    def words(self) -> str:
        """`2 (Microphone)`, for a person."""
        named = ", ".join(part for part in (self.title, self.language) if part)
        return f"{self.number} ({named})" if named else f"{self.number}"


class PictureTrack(BaseModel):
    """A moving picture besides the one that is used."""

    model_config = ConfigDict(frozen=True)

    index: int
    codec: str
    width: int
    height: int
    title: str = ""


class MediaInfo(BaseModel):
    """A probed file.

    `origin_s` is the time stamp of the first presented frame in the file's own
    clock: every time elsewhere in vidpipe counts from there. `start_s` is where
    the container starts (what ffmpeg calls zero when it seeks). `picture_s` is how long there are
    pictures, where the sound goes on: the last one stays then, as players show it.
    """

    model_config = ConfigDict(frozen=True)

    container: str
    demuxer: str
    duration_s: float
    picture_s: float | None = None
    start_s: float
    origin_s: float
    size_bytes: int
    bit_rate: int
    video: VideoStream | None
    audio: AudioStream | None
    mixed: tuple[AudioStream, ...] = Field(default=(), description="sounds heard besides `audio`")
    sounds: tuple[AudioStream, ...] = Field(default=(), description="all that decode")
    other_pictures: tuple[PictureTrack, ...] = ()
    picture_title: str = ""
    title: str = ""
    broken_picture: bool = Field(
        default=False, description="has a picture stream of which nothing decodes"
    )

    has_cover: bool = Field(default=False, description="sound with a picture attached to it")

    @property
    def heard(self) -> tuple[AudioStream, ...]:
        """The sounds that are used: one, or those that are mixed."""
        return (self.audio, *self.mixed) if self.audio is not None else ()

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
        pictures = picture_streams(media)
        stream = next(iter(pictures), None)
        video, origin_s = None, start_s
        try:
            for stream in pictures:
                video, origin_s = _video(media, stream, start_s)
                if video is not None:
                    break
                media.seek(0)
            sounds = _sounds(media)
            duration_s = _duration(media, stream, origin_s, start_s, container)
            picture_s = duration_s
            if stream is not None and video is not None:
                heard_s = _sound_until(media, [s.index for s in sounds], duration_s + origin_s)
                duration_s = max(duration_s, heard_s - origin_s)
        except (av.FFmpegError, ValueError, OverflowError) as error:
            raise InputRejected(
                "does_not_decode",
                f"its picture cannot be decoded ({short(error)}). "
                "Play it through once, and export it again if it stops.",
                name=name,
            ) from error
        return MediaInfo(
            container=container.name,
            demuxer=container.demuxer,
            duration_s=duration_s,
            picture_s=picture_s if picture_s < duration_s else None,
            start_s=start_s,
            origin_s=origin_s,
            size_bytes=path.stat().st_size,
            bit_rate=media.bit_rate or 0,
            video=video,
            audio=sounds[0] if sounds else None,
            sounds=sounds,
            other_pictures=tuple(
                PictureTrack(
                    index=s.index,
                    codec=s.codec_context.name,
                    width=s.codec_context.width,
                    height=s.codec_context.height,
                    title=_title(s.metadata),
                )
                for s in pictures
                if s is not stream and s.codec_context is not None
            ),
            picture_title=_title(stream.metadata) if stream is not None else "",
            title=str(media.metadata.get("title", "")).strip(),
            broken_picture=bool(pictures) and video is None,
            has_cover=not pictures and bool(media.streams.video),
        )


def probe_picture(path: Path, info: MediaInfo, index: int) -> VideoStream | None:
    """One picture of a file that has several; None where nothing of it decodes."""
    with open_media(path, info.known_container) as media:
        try:
            return _video(media, media.streams[index], info.start_s)[0]
        except (av.FFmpegError, ValueError, OverflowError):
            return None


def _video(media: Any, stream: Any, start_s: float) -> tuple[VideoStream | None, float]:
    context = stream.codec_context
    if context is None or not context.width or not context.height:
        return None, start_s
    if context.width * context.height > MOST_PIXELS:
        raise ValueError(f"{context.width}x{context.height} pixels are more than 8192x8192")
    first = next(media.decode(stream), None)
    if first is None:
        return None, start_s
    sar = stream.sample_aspect_ratio or Fraction(1)
    sar = sar if sar > 0 else Fraction(1)
    width, height = first.width, first.height
    # Displayed width: pixels made square by widening or narrowing, never the height.
    width = max(1, round(width * sar))
    rotation, mirrored = orientation(first.side_data)
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
            mirrored=mirrored,
            fps=round(fps, 6),
            pix_fmt=first.format.name,
            colours=colours_of(first),
            interlaced="auto" if first.interlaced_frame else "",
        ),
        origin_s,
    )


def _sounds(media: Any) -> tuple[AudioStream, ...]:
    """The sounds that a decoder opens, in their order."""
    found = []
    for number, stream in enumerate(media.streams.audio, start=1):
        context = stream.codec_context
        if context is None or not context.sample_rate or not is_allowed(context.name):
            continue
        try:
            # Its header may lack what the decoder begins with.
            context.open(strict=False)
        except av.FFmpegError:
            continue
        language = str(stream.metadata.get("language", ""))
        found.append(
            AudioStream(
                index=stream.index,
                codec=context.name,
                sample_rate=context.sample_rate,
                channels=max(1, context.layout.nb_channels if context.layout else 1),
                number=number,
                title=_title(stream.metadata),
                language="" if language == "und" else language,
                default=bool(stream.disposition & Disposition.default),
            )
        )
    return tuple(found)


def _title(metadata: Any) -> str:
    """What a track is called; handlers' own names are none."""
    said = metadata.get("title") or metadata.get("handler_name") or metadata.get("HANDLER_NAME")
    name = str(said or "").strip()[:80]
    plain = name.replace(" ", "").lower()
    return "" if any(part in plain for part in _NO_TITLES) else name


#: What muxers write where nobody gave a name.
_NO_TITLES = ("handler", "coremedia", "stereo", "mono")


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


def _sound_until(media: Any, indexes: Sequence[int], picture_until_s: float) -> float:
    """Where the last sound ends, in the file's clock, if well behind the last picture; else 0.

    Recorders of screens and browsers write a picture only when something moves: what is said over
    the last page has none. Packets are looked at, not headers.
    """
    if not indexes:
        return 0.0
    near_s = picture_until_s + _OVERHANG_S
    ends = [_last_time(media, media.streams[k], near_s, only_near=True) for k in indexes]
    until_s = max((end for end in ends if end is not None), default=0.0)
    return until_s if until_s > picture_until_s + _OVERHANG_S else 0.0


def _last_time(
    media: Any, stream: Any, near_s: float | None, *, only_near: bool = False
) -> float | None:
    """End of the last packet of a stream, in the file's clock; looks near the end first."""
    starts = [near_s] if near_s is not None else []
    for seek_s in starts if only_near and starts else [*starts, 0.0]:
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
