"""One talk in the codecs and containers that are accepted, coded by the ffmpeg that is carried."""

from __future__ import annotations

import subprocess
from pathlib import Path

from vidpipe.media.ffmpeg import executable

_QUIET = ["-hide_banner", "-nostdin", "-v", "error", "-y"]
_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac"]
_X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-crf", "24", "-c:a", "aac"]
_VPX = ["-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-c:a", "libopus"]
_ONE_KEY = ["-g", "99999", "-keyint_min", "99999", "-sc_threshold", "0"]

#: By the file's name: how it is coded.
CODINGS: dict[str, list[str]] = {
    "x264.mp4": _X264,
    "x264_reference_b.mkv": [*_X264, "-bf", "8", "-refs", "5", "-x264-params", "b-pyramid=normal"],
    "x264_open_group.mov": [*_X264, "-x264-params", "open-gop=1:keyint=50"],
    "x264_far_keys.ts": [*_X264, "-g", "300", "-keyint_min", "300", "-sc_threshold", "0"],
    "x264_far_keys.mts": [*_X264, *_ONE_KEY],
    "x264.flv": _X264,
    "x264_one_key.avi": [*_X264, *_ONE_KEY, "-bf", "0", "-c:a", "libmp3lame"],
    "x264_fragments.mp4": [*_X264, *_ONE_KEY, "-movflags", "frag_every_frame+empty_moov"],
    "x265_reference_b.mp4": [*_X265, "-x265-params", "log-level=1:bframes=4:b-pyramid=1"],
    "x265_ten_bits.mkv": [*_X265, "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=1"],
    "x265_open_group.ts": [*_X265, "-x265-params", "log-level=1:bframes=3:open-gop=1"],
    "vp8_one_key.webm": ["-c:v", "libvpx", *_VPX, "-g", "99999"],
    "vp9.webm": ["-c:v", "libvpx-vp9", *_VPX],
    "av1.mp4": ["-c:v", "libsvtav1", "-preset", "12", "-crf", "32", "-c:a", "libopus"],
    "mpeg2.ts": ["-c:v", "mpeg2video", "-q:v", "4", "-bf", "2", "-c:a", "mp2"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-q:v", "4", "-bf", "2", "-c:a", "libmp3lame"],
    "prores.mov": ["-c:v", "prores_ks", "-profile:v", "0", "-c:a", "pcm_s16le"],
    "dnxhr.mov": ["-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p"],
    "mjpeg.avi": ["-c:v", "mjpeg", "-q:v", "4", "-c:a", "pcm_s16le"],
    "theora.ogv": ["-c:v", "libtheora", "-q:v", "7", "-c:a", "libvorbis"],
}


def coded(source: Path, target: Path, *options: str, before: tuple[str, ...] = ()) -> Path:
    """`source` coded anew by ffmpeg with these options."""
    command = [executable(), *_QUIET, *before, "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    return target


def made(target: Path, *options: str) -> Path:
    """What ffmpeg makes with these options, inputs among them."""
    subprocess.run([executable(), *_QUIET, *options, str(target)], check=True, timeout=120)
    return target


def tag(size: int) -> bytes:
    """An ID3v2.4 tag of so many bytes of padding."""
    return b"ID3\4\0\0" + bytes(size >> 7 * k & 0x7F for k in (3, 2, 1, 0)) + bytes(size)
