"""Cover pictures of sound: attached to a file or beside it, bounded before they are decoded."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageOps

from vidpipe.errors import InputRejected
from vidpipe.geometry import Size
from vidpipe.media.containers import MOST_COVER_PIXELS
from vidpipe.media.opening import open_media
from vidpipe.media.probe import MediaInfo

#: A file of more is no cover: 6000x6000 as PNG takes about so much at most.
_MOST_BYTES = 48 << 20
#: What is smaller is an icon, what is longer and narrower a banner.
_LEAST_SIDE, _MOST_ASPECT = 64, 4.0
#: Kept at no more than this: a canvas is at most 1920 high, and a cover fills part of it.
COVER_SIDE = 1440
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_QUALITY = 92


def attached_picture(path: Path, info: MediaInfo) -> bytes | None:
    """The first picture that is attached to a file (ID3, MP4, FLAC, Vorbis), as it lies there.

    None without one, or where it cannot be read out.
    """
    try:
        with open_media(path, info.known_container) as media:
            # Of sound alone every picture is one: those that say so, and tracks of one picture.
            for stream in media.streams.video:
                packet = next(media.demux(stream), None)
                return bytes(packet) if packet is not None and packet.size else None
    except (av.FFmpegError, OSError, InputRejected):
        pass
    return None


def write_cover(data: bytes, target: Path) -> Size:
    """Write a picture file as a JPEG of at most `COVER_SIDE` pixels a side; returns its size.

    Its size is read first: a picture that says it has more than `MOST_COVER_PIXELS` is not
    decoded. What is transparent is laid on black or white, whichever is farther from the rest.

    Raises:
        ValueError: it is no picture that can be used; says why.
    """
    if len(data) > _MOST_BYTES:
        raise ValueError(f"its file takes {len(data) >> 20} MiB, the limit is {_MOST_BYTES >> 20}")
    try:
        with warnings.catch_warnings():
            # Its own warning of large pictures comes at a size that is refused here anyway.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture: Any = Image.open(io.BytesIO(data), formats=_FORMATS)
            width, height = picture.size
            if width * height > MOST_COVER_PIXELS:
                side = round(MOST_COVER_PIXELS**0.5)
                raise ValueError(f"it has {width}x{height} pixels, the limit is {side}x{side}")
            if min(width, height) < _LEAST_SIDE:
                raise ValueError(f"it has {width}x{height} pixels, the least is {_LEAST_SIDE}")
            if max(width, height) > _MOST_ASPECT * min(width, height):
                raise ValueError(f"it has {width}x{height} pixels: a banner, no cover")
            # A JPEG is decoded at half the size or less where that is enough.
            picture.draft("RGB", (COVER_SIDE, COVER_SIDE))
            upright = _flat(ImageOps.exif_transpose(picture))
            upright.thumbnail((COVER_SIDE, COVER_SIDE), Image.Resampling.LANCZOS)
            upright.save(target, "JPEG", quality=_QUALITY, subsampling=0)
            return Size(width=upright.width, height=upright.height)
    except Image.DecompressionBombError as error:
        side = round(MOST_COVER_PIXELS**0.5)
        raise ValueError(f"it has far more pixels than the limit, {side}x{side}") from error
    except (OSError, SyntaxError, EOFError, TypeError, KeyError) as error:
        raise ValueError(f"it cannot be read as a picture ({type(error).__name__})") from error


def _flat(picture: Any) -> Any:
    """Without transparency."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    pixels = np.asarray(clear.resize((64, 64)), np.float32)
    opaque = pixels[..., 3] > 128
    dark = not opaque.any() or float(pixels[opaque][:, :3].mean()) < 128
    ground = Image.new("RGBA", clear.size, "white" if dark else "black")
    return Image.alpha_composite(ground, clear).convert("RGB")


def picture_size(cover: Path | None) -> Size | None:
    """Of a cover that `write_cover` wrote; None without one."""
    if cover is None:
        return None
    with Image.open(cover) as picture:
        return Size(width=picture.width, height=picture.height)
