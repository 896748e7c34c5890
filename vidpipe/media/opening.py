"""Opening somebody's file: our demuxer, our decoders, that file and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from vidpipe.errors import InputRejected
from vidpipe.media.boxes import overstated
from vidpipe.media.containers import (
    MOST_PIXELS,
    MP4,
    Container,
    decoder_options,
    identify_file,
    open_options,
)
from vidpipe.media.decoders import STILLS, is_allowed


def open_media(path: Path, container: Container | None = None) -> Any:
    """Open somebody's file with PyAV: our demuxer, no other file or address.

    Single pictures are looked at where the video is made of them, so that no cover or
    attachment is decoded; and tables that declare what they cannot hold are not read at all.

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
    claim = overstated(path) if container is MP4 else None
    if claim is not None:
        raise InputRejected(
            "unreadable",
            f"its {container.name} structure is damaged: {claim}. "
            "Upload it again, or export it again.",
            name=path.name,
        )

    def opened(stills: bool) -> Any:
        media = av.open(
            str(path.resolve()),
            format=container.demuxer,
            options=open_options(container, stills=stills),
            metadata_errors="replace",
        )
        for stream in media.streams:
            # Those above are for looking at the file; PyAV makes decoders of its own.
            if stream.codec_context is not None:
                stream.codec_context.options = decoder_options(container)
        return media

    try:
        media = opened(False)
        pictures = picture_streams(media)
        made_of_stills = bool(pictures) and all(_of_stills(s) for s in pictures)
        if made_of_stills and all(_bounded(s) for s in pictures):
            media.close()
            media = opened(True)
        return media
    except (av.FFmpegError, ValueError, OSError) as error:
        raise InputRejected(
            "unreadable",
            f"its {container.name} structure cannot be read ({short(error)}). "
            "The upload may be incomplete: upload it again, or export it again.",
            name=path.name,
        ) from error


def short(error: BaseException) -> str:
    """The first line of what an error says."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:120]


#: A track of single pictures that is shorter is a cover that says it is a video.
_STILL_S = 1.0


def _of_stills(stream: Any) -> bool:
    return stream.codec_context.name in STILLS


def _bounded(stream: Any) -> bool:
    """Whether a picture's header says how large it is, and that it is not too large."""
    context = stream.codec_context
    return bool(0 < context.width * context.height <= MOST_PIXELS)


def picture_streams(media: Any) -> list[Any]:
    """The moving pictures of a file, the one that is meant first: the default, else the first.

    Covers are none, also those that are not marked: downloaders mux them as a track of one
    picture.
    """
    streams = [
        s
        for s in media.streams.video
        if not s.disposition & Disposition.attached_pic
        and s.codec_context is not None
        and is_allowed(s.codec_context.name)
    ]
    moving = [s for s in streams if not _still(s)]
    return sorted(moving, key=lambda s: not s.disposition & Disposition.default)


def _still(stream: Any) -> bool:
    """Whether a track is one picture, as far as its header tells."""
    if stream.codec_context is None or stream.codec_context.name not in STILLS:
        return False
    if stream.frames:
        return bool(stream.frames == 1)
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base) < _STILL_S
    # Matroska's tag, `00:00:00.040000000`.
    said = str(stream.metadata.get("DURATION", ""))
    return said.startswith("00:00:00.")


def real_video_stream(media: Any) -> Any | None:
    """The moving picture that is meant; None without one."""
    return next(iter(picture_streams(media)), None)
