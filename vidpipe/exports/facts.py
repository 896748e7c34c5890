"""What a file is, measured on the file: streams by probing, boxes by reading them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import ffmpeg

from vidpipe.errors import InputRejected
from vidpipe.exports.model import MediaFacts, Rule
from vidpipe.media.boxes import boxes
from vidpipe.media.containers import identify_file
from vidpipe.media.ffmpeg import render, source_input
from vidpipe.media.loudness import Loudness, measure_loudness
from vidpipe.media.opening import open_media, real_video_stream
from vidpipe.programs import ProgramFailed

#: Boxes of ISO 14496-12 that hold others on the way to an edit list.
_ON_THE_WAY = (b"moov", b"trak", b"edts")
_DECODING_S = 3600.0
#: What ffmpeg says of every sound whose channels are counted and not named.
_HARMLESS = "Guessed Channel Layout"
#: The brand of a QuickTime file; others of that structure are MPEG-4.
_QUICKTIME = b"qt  "
#: H.264 levels are stored times ten; HEVC's times thirty.
_LEVEL_UNIT = {"h264": 10.0, "hevc": 30.0}
#: ITU-T H.273: what its numbers for BT.709 are called.
_BT709 = 1


def measure_file(path: Path, loudness: Loudness | None = None) -> MediaFacts:
    """Measure one file, ours or somebody's.

    Args:
        path: the file.
        loudness: of its sound where that is known; measured otherwise.

    Raises:
        InputRejected: it is no media file that can be opened.
    """
    with open_media(path) as media:
        video = real_video_stream(media)
        audio = _decodable(media.streams.audio)
        if video is None and audio is None:
            raise InputRejected("nothing_in_it", "it has no picture and no sound", name=path.name)
        sizes = _stream_bytes(media, [s for s in (video, audio) if s is not None])
        picture = _picture(media, video, sizes) if video is not None else {}
        sound = _sound(audio, sizes) if audio is not None else {}
        duration_s = max(_length_s(s) for s in (video, audio) if s is not None)
        container = media.format.name.split(",")[0]
        # A stream must not be asked anything once its file is closed.
        heard = audio.index if audio is not None else None
    if heard is not None:
        loudness = loudness or measure_loudness(path, stream=heard)
        sound["integrated_lufs"] = loudness.integrated_lufs
        sound["true_peak_dbtp"] = loudness.true_peak_dbtp
    with path.open("rb") as file:
        order = [kind for kind, _, _ in boxes(file, 0, path.stat().st_size)]
        if order[:1] == [b"ftyp"]:
            file.seek(8)
            container = "mov" if file.read(4) == _QUICKTIME else "mp4"
        shifted = any(_edits(file, path.stat().st_size))
    return MediaFacts(
        container=container,
        duration_s=round(duration_s, 4),
        size_bytes=path.stat().st_size,
        moov_first=b"moov" in order and order.index(b"moov") < _first(order, b"mdat"),
        edit_lists=shifted,
        **picture,
        **sound,
    )


def check_decodes(path: Path) -> Rule:
    """Whether a file decodes to its end without a word of complaint from ffmpeg.

    Its picture, and the first sound that anything decodes: beside that a phone puts one for its
    own players (`apac`), which others leave out.
    """
    with open_media(path) as media:
        known = identify_file(path)
        played = [real_video_stream(media), _decodable(media.streams.audio)]
        indices = [s.index for s in played if s is not None]
        codec = played[0].codec_context.name if played[0] is not None else ""
    assert known is not None
    source = source_input(path, known, codec=codec)
    streams = [source[str(index)] for index in indices]
    try:
        said = render(
            ffmpeg.output(*streams, "-", format="null"),
            timeout_s=_DECODING_S,
            global_args=["-loglevel", "warning"],
        )
    except ProgramFailed as error:
        said = error.stderr or str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    complaint = next((line for line in lines if _HARMLESS not in line), "")
    return Rule(rule="plays", ok=not complaint, measured=complaint[:120] or "yes", wanted="yes")


def _decodable(sounds: Any) -> Any | None:
    """The first sound that there is a decoder for."""
    return next((s for s in sounds if s.codec_context is not None), None)


def _first(order: list[bytes], kind: bytes) -> int:
    return order.index(kind) if kind in order else len(order)


def _length_s(stream: Any) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return float((stream.container.duration or 0) / av.time_base)


def _stream_bytes(media: Any, streams: list[Any]) -> dict[int, int]:
    """Coded bytes of each stream."""
    sizes = dict.fromkeys((s.index for s in streams), 0)
    for packet in media.demux(streams):
        sizes[packet.stream.index] += packet.size
    return sizes


def _kbps(stream: Any, sizes: dict[int, int]) -> int:
    length_s = _length_s(stream)
    return round(sizes[stream.index] * 8 / length_s / 1000) if length_s > 0 else 0


def _picture(media: Any, stream: Any, sizes: dict[int, int]) -> dict[str, Any]:
    context = stream.codec_context
    media.seek(0)
    frame = next(iter(media.decode(stream)), None)
    turned = frame is not None and frame.rotation % 180 != 0
    width, height = context.width, context.height
    unit = _LEVEL_UNIT.get(context.name)
    named = (context.color_primaries, context.color_trc, context.colorspace)
    return {
        "width": height if turned else width,
        "height": width if turned else height,
        "fps": round(float(stream.average_rate or Fraction(0)), 3),
        "video_codec": context.name,
        "profile": context.profile,
        "level": context.level / unit if unit and getattr(context, "level", None) else None,
        "pix_fmt": context.pix_fmt,
        "colour": "bt709" if all(int(n) == _BT709 for n in named) else _colours(named),
        "video_kbps": _kbps(stream, sizes),
    }


def _colours(named: tuple[Any, ...]) -> str:
    return "not said" if all(int(n) == 2 for n in named) else "/".join(str(int(n)) for n in named)


def _sound(stream: Any, sizes: dict[int, int]) -> dict[str, Any]:
    context = stream.codec_context
    return {
        "audio_codec": context.name,
        "audio_rate": context.sample_rate,
        "audio_channels": context.channels,
        "audio_kbps": _kbps(stream, sizes),
    }


def _edits(file: BinaryIO, size: int) -> Iterator[bool]:
    """For each track's edit list: whether it does more than skip an encoder's delay."""
    pending = [(0, size)]
    while pending:
        for kind, first, end in boxes(file, *pending.pop()):
            if kind in _ON_THE_WAY:
                pending.append((first, end))
            elif kind == b"elst":
                file.seek(first)
                yield _cuts(file.read(end - first))


def _cuts(table: bytes) -> bool:
    """An edit list with several entries, or an empty one: it delays or leaves out."""
    if len(table) < 8:
        return False
    count = int.from_bytes(table[4:8], "big")
    wide = table[0] == 1
    width = 8 if wide else 4
    media_time = int.from_bytes(table[8 + width : 8 + 2 * width], "big", signed=True)
    return count > 1 or media_time < 0
