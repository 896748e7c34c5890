"""H.264 encoders: which of them work on this machine, and what each is told.

A hardware encoder that is listed may still have no device, no driver, or no
free session: each is tried on a second of picture before it is believed.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import av
import ffmpeg

from vidpipe.errors import Misconfigured
from vidpipe.media.ffmpeg import render
from vidpipe.programs import ProgramFailed

#: What may be asked for; `auto` takes the first that works, hardware first.
EncoderName = Literal["auto", "libx264", "h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf"]

SOFTWARE = "libx264"
_HARDWARE: tuple[EncoderName, ...] = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf")
_TRIAL_FRAMES = 30


@dataclass(frozen=True)
class Effort:
    """How good and how slow: x264's constant rate factor and preset, and a ceiling."""

    crf: int
    preset: str
    max_kbps: int


def _x264(effort: Effort) -> dict[str, Any]:
    return {"crf": effort.crf, "preset": effort.preset}


def _nvenc(effort: Effort) -> dict[str, Any]:
    # At the same number NVENC's constant quality looks about as x264's rate factor does.
    fast = effort.preset.endswith("fast") and effort.preset != "fast"
    preset = "p4" if fast else "p6"
    return {"rc": "vbr", "cq": effort.crf, "video_bitrate": 0, "preset": preset, "tune": "hq"}


def _videotoolbox(effort: Effort) -> dict[str, Any]:
    # A scale of 1 to 100 on which 65 is about rate factor 20.
    return {"qscale:v": max(1, 105 - 2 * effort.crf), "realtime": 0}


def _qsv(effort: Effort) -> dict[str, Any]:
    return {"global_quality": effort.crf, "preset": "medium", "look_ahead": 0}


def _amf(effort: Effort) -> dict[str, Any]:
    return {"rc": "qvbr", "qvbr_quality_level": effort.crf, "quality": "balanced"}


_OPTIONS: Mapping[str, Callable[[Effort], dict[str, Any]]] = {
    SOFTWARE: _x264,
    "h264_nvenc": _nvenc,
    "h264_videotoolbox": _videotoolbox,
    "h264_qsv": _qsv,
    "h264_amf": _amf,
}


def encoder_options(name: str, effort: Effort) -> dict[str, Any]:
    """Arguments for `ffmpeg.output`: codec, quality and ceiling."""
    return {
        "vcodec": name,
        **_OPTIONS[name](effort),
        "maxrate": f"{effort.max_kbps}k",
        "bufsize": f"{2 * effort.max_kbps}k",
        "profile:v": "high",
    }


@functools.cache
def works(name: str) -> bool:
    """Whether the encoder makes a second of upright picture that decodes to as many frames."""
    picture = ffmpeg.input("testsrc2=s=1080x1920:r=30", f="lavfi").filter("format", "yuv420p")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "trial.mp4"
        options = encoder_options(name, Effort(crf=20, preset="veryfast", max_kbps=12_000))
        trial = ffmpeg.output(picture, str(made), **options, **{"frames:v": _TRIAL_FRAMES})
        try:
            render(trial, timeout_s=30, memory_bytes=None)
            with av.open(str(made)) as media:
                return sum(1 for _ in media.decode(video=0)) == _TRIAL_FRAMES
        except (ProgramFailed, av.FFmpegError):
            return False


@functools.cache
def choose_encoder(wanted: EncoderName) -> str:
    """The encoder that will be used.

    Raises:
        Misconfigured: one that was asked for by name does not work here.
    """
    if wanted == "auto":
        return next((name for name in _HARDWARE if works(name)), SOFTWARE)
    if wanted != SOFTWARE and not works(wanted):
        raise Misconfigured(
            f"VIDPIPE_ENCODER: {wanted} does not work on this machine (no device, no driver, or "
            "not in this ffmpeg): set it to auto or libx264"
        )
    return wanted
