"""A small video of a recording that browsers play and scrub through, where they need one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import ffmpeg

from vidpipe.media.ffmpeg import render
from vidpipe.media.playing import coloured, steady
from vidpipe.media.probe import MediaInfo

#: Pixels of the proxy's shorter side; a keyframe every half a second, for scrubbing.
SHORT_SIDE, _KEYFRAMES_S = 360, 0.5
#: The most that a browser is given of a recording as it is: pixels of the shorter side, and bits
#: a second.
_LARGEST, _MOST_BITS = 1080, 6_000_000
_RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30))


def plays_in_browsers(info: MediaInfo) -> bool:
    """Whether every browser plays a file as it is, on the same timeline as vidpipe's."""
    video, heard = info.video, info.heard
    if video is None:
        return "mp4" in info.demuxer and len(heard) == 1 and heard[0].codec == "aac"
    return (
        "mp4" in info.demuxer
        and video.codec == "h264"
        and video.pix_fmt in ("yuv420p", "yuvj420p")
        and not video.interlaced
        and not video.pieces
        and not info.other_pictures
        and min(video.width, video.height) <= _LARGEST
        and info.bit_rate <= _MOST_BITS
        and len(info.sounds) <= 1
        and all(sound.codec in ("aac", "mp3") for sound in heard)
        and abs(info.origin_s) < 0.02
    )


def proxy_fps(source_fps: float) -> Fraction:
    """The rate of a proxy: the standard one nearest to the source's, which is halved over 31."""
    fps = source_fps
    while fps > 31:
        fps /= 2
    return min(_RATES, key=lambda r: abs(float(r) - fps))


def make_proxy(
    source: Path,
    info: MediaInfo,
    sound: Path | None,
    target: Path,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Write the proxy of a recording: its time 0 is that of the recording's timeline.

    Args:
        source: the recording.
        info: its probe.
        sound: what is heard of it, from time 0 on; None where nothing is.
        target: the file to write; files beside it may be written, too.
        on_progress: called with 0 to 1.

    Raises:
        ProgramFailed: it does not decode.
    """
    streams = []
    more: dict[str, object] = {}
    if info.video is not None:
        fps = proxy_fps(info.video.fps)
        frames = max(1, int(info.duration_s * fps))
        picture, _ = steady(source, info, fps, frames, target.with_suffix(".piece.cube"))
        shown = coloured(picture, info, target.with_suffix(".cube"))
        wide = info.video.width >= info.video.height
        scale = (-2, SHORT_SIDE) if wide else (SHORT_SIDE, -2)
        if min(info.video.width, info.video.height) < SHORT_SIDE:
            scale = (info.video.width // 2 * 2, info.video.height // 2 * 2)
        streams.append(
            shown.filter(
                "scale",
                *scale,
                in_color_matrix=info.video.matrix_shown,
                out_color_matrix="bt709",
                out_range="tv",
            ).filter("format", "yuv420p")
        )
        more |= {
            "vcodec": "libx264",
            "preset": "ultrafast",
            "tune": "fastdecode",
            "crf": 30,
            "g": round(_KEYFRAMES_S * fps),
            "frames:v": frames,
            "threads": 1,
        }
    if sound is not None:
        streams.append(ffmpeg.input(str(sound)).audio)
        more |= {"acodec": "aac", "audio_bitrate": "64k"}
    output = ffmpeg.output(
        *streams,
        str(target),
        f="mp4",
        movflags="+faststart",
        map_metadata=-1,
        t=f"{info.duration_s:.3f}",
        **more,
    )
    render(
        output,
        timeout_s=600 + 4 * info.duration_s,
        duration_s=info.duration_s,
        on_progress=on_progress,
    )
