"""What a file is by its content: a picture, sound, a video; never by its name."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
from PIL import Image

from vidpipe.errors import InputRejected
from vidpipe.media.containers import (
    AAC,
    FLAC,
    MATROSKA,
    MOST_COVER_PIXELS,
    MP3,
    MP4,
    OGG,
    WAV,
    Container,
)
from vidpipe.media.pcm import sound_decodes
from vidpipe.media.probe import probe

#: Pictures that browsers show and FFmpeg draws. SVG is not among them: it holds scripts.
_PICTURES = {
    "PNG": ("image/png", ".png"),
    "JPEG": ("image/jpeg", ".jpg"),
    "WEBP": ("image/webp", ".webp"),
}
_SOUNDS = {
    MP3: ("audio/mpeg", ".mp3"),
    WAV: ("audio/wav", ".wav"),
    FLAC: ("audio/flac", ".flac"),
    AAC: ("audio/aac", ".aac"),
    OGG: ("audio/ogg", ".ogg"),
    MP4: ("audio/mp4", ".m4a"),
    MATROSKA: ("audio/webm", ".webm"),
}
_VIDEOS = {MP4: ("video/mp4", ".mp4"), MATROSKA: ("video/x-matroska", ".mkv")}


@dataclass(frozen=True)
class AssetContent:
    """What a file holds.

    Attributes:
        kind: picture, sound or video.
        media_type: of its content.
        suffix: that such files have.
        width: in pixels; None of sound.
        height: in pixels; None of sound.
        duration_s: None of pictures.
    """

    kind: Literal["picture", "sound", "video"]
    media_type: str
    suffix: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None


def content_of(path: Path) -> AssetContent:
    """Look at a file that somebody sent; all of a picture is decoded, of sound its beginning.

    Raises:
        InputRejected: it is nothing that an asset can be; says why.
    """
    if path.stat().st_size == 0:
        raise InputRejected("empty", "the file is empty: send it again")
    picture = _picture(path)
    return picture if picture is not None else _media(path)


def _picture(path: Path) -> AssetContent | None:
    with warnings.catch_warnings():
        # Its own warning comes at a size that is refused here anyway.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            picture = Image.open(path, formats=tuple(_PICTURES))
        except Image.DecompressionBombError as error:
            raise _too_many_pixels() from error
        except (OSError, ValueError, SyntaxError):
            return None
        with picture:
            width, height = picture.size
            if width * height > MOST_COVER_PIXELS:
                raise _too_many_pixels()
            media_type, suffix = _PICTURES[str(picture.format)]
            try:
                picture.load()
            except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError) as error:
                raise InputRejected(
                    "does_not_decode", f"the picture is damaged ({type(error).__name__})"
                ) from error
    return AssetContent("picture", media_type, suffix, width=width, height=height)


def _media(path: Path) -> AssetContent:
    try:
        info = probe(path, "asset")
    except (InputRejected, av.FFmpegError) as error:
        raise InputRejected(
            "unknown_kind",
            "by its content it is no picture (PNG, JPEG, WebP), no sound (MP3, WAV, FLAC, AAC, "
            "Ogg, M4A) and no video (MP4, MOV, MKV, WebM) that can be read",
        ) from error
    container = info.known_container
    if info.sound_only:
        if not sound_decodes(path, info, 0.0):
            raise InputRejected("does_not_decode", "nothing can be heard at its beginning")
        media_type, suffix = _known(_SOUNDS, container)
        return AssetContent("sound", media_type, suffix, duration_s=info.duration_s)
    if info.video is None:
        raise InputRejected("does_not_decode", "its picture cannot be decoded")
    media_type, suffix = _known(_VIDEOS, container)
    size = info.video.size
    return AssetContent(
        "video",
        media_type,
        suffix,
        width=size.width,
        height=size.height,
        duration_s=info.duration_s,
    )


def _known(kinds: dict[Container, tuple[str, str]], container: Container) -> tuple[str, str]:
    if container not in kinds:
        raise InputRejected(
            "unknown_kind", f"assets are not kept in {container.name}: export it in another format"
        )
    return kinds[container]


def _too_many_pixels() -> InputRejected:
    side = round(MOST_COVER_PIXELS**0.5)
    return InputRejected("too_large", f"the picture has more pixels than the limit, {side}x{side}")
