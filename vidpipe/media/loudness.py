"""Loudness by EBU R 128 (ITU-R BS.1770), measured on a file."""

from __future__ import annotations

import re
from pathlib import Path

import ffmpeg
from pydantic import BaseModel, ConfigDict

from vidpipe.media.ffmpeg import render

#: Below this BS.1770's absolute gate lets nothing through: the file is silent.
SILENT_LUFS = -70.0


class Loudness(BaseModel):
    """Integrated loudness (LUFS), true peak (dBTP), loudness range (LU).

    `integrated_lufs` is None when nothing passed the gate, which is to say silence.
    """

    model_config = ConfigDict(frozen=True)

    integrated_lufs: float | None
    true_peak_dbtp: float | None
    range_lu: float
    threshold_lufs: float


def measure_loudness(
    path: Path, *, peaks: bool = True, timeout_s: float = 600.0, stream: int | None = None
) -> Loudness:
    """Measure a file's first sound, or the one that is `stream`, with ffmpeg's `ebur128`.

    Without `peaks` the true peak is left out, which is most of the work.
    """
    file = ffmpeg.input(str(path))
    sound = file.audio if stream is None else file[str(stream)]
    graph = sound.filter("ebur128", peak="true" if peaks else "none", framelog="quiet")
    said = render(ffmpeg.output(graph, "-", format="null"), timeout_s=timeout_s)
    summary = said[said.rfind("Summary:") :]

    def number(pattern: str) -> float | None:
        match = re.search(pattern + r"\s+(-?[\d.]+|-?inf|nan)", summary)
        if match is None or not re.match(r"-?[\d.]+$", match.group(1)):
            return None
        return float(match.group(1))

    integrated = number(r"I:")
    if integrated is not None and integrated <= SILENT_LUFS:
        integrated = None
    return Loudness(
        integrated_lufs=integrated,
        true_peak_dbtp=number(r"Peak:"),
        range_lu=number(r"LRA:") or 0.0,
        threshold_lufs=number(r"Threshold:") or SILENT_LUFS,
    )
