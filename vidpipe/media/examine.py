"""A recording looked over once: which of its tracks are used, and how its picture is coded.

What a header says of a picture is not always so: cameras' frames are marked as progressive and
hold two fields, and the peak of HDR is that of a display. So it is looked at, here, before
anything else is done with it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import av
import ffmpeg

from vidpipe.errors import InputRejected
from vidpipe.media.colour import luma_peak, settled_peak
from vidpipe.media.ending import breaks_off
from vidpipe.media.ffmpeg import render, source_input
from vidpipe.media.frames import FrameReader
from vidpipe.media.pairing import paired
from vidpipe.media.probe import MediaInfo, VideoStream
from vidpipe.media.seeking import seek_before
from vidpipe.media.tracks import choose_sounds
from vidpipe.programs import ProgramFailed

#: So many moments are looked at; of each so many seconds for the fields.
_MOMENTS, _FIELDS_S = 5, 1.0
_FIELDS_LIMIT_S = 60.0
#: Frames that are needed to tell, how many times as many with fields as without, and of one
#: order as of the other: a page that turns looks like fields for a frame or two.
_LEAST, _OVER_FRAMES, _OVER_OTHER = 20, 4, 5
Fields = Literal["", "auto", "tff", "bff"]


def examine(path: Path, info: MediaInfo, sound: str = "auto") -> tuple[MediaInfo, tuple[str, ...]]:
    """A probe with what a look at the recording adds, and what a person is told of it.

    Args:
        path: the recording.
        info: its probe.
        sound: which sounds are wanted, see `choose_sounds`.
    """
    info, notes = choose_sounds(path, info, sound)
    ending = breaks_off(path, info)
    notes += [ending] if ending else []
    if info.video is None:
        return info, tuple(notes)
    both, told = paired(path, info)
    notes += [told] if told else []
    if both is None:
        video = _looked_over(path, info, info.video)
    else:
        pieces = tuple(
            piece.model_copy(update={"stream": _looked_over(path, info, piece.stream)})
            for piece in both.pieces
        )
        video = both.model_copy(update={"pieces": pieces})
    streams = [piece.stream for piece in video.pieces] or [video]
    transfer = next((s.colours.transfer for s in streams if s.colours.hdr), "")
    if transfer:
        notes.append(f"HDR ({transfer.upper()}) is shown as SDR")
    if info.picture_s is not None:
        notes.append(
            f"its picture ends at {info.picture_s:.0f} s, its sound at {info.duration_s:.0f} s: "
            "the last picture stays"
        )
    if any(s.interlaced for s in streams):
        notes.append("interlaced: its fields are made one picture")
    return info.model_copy(update={"video": video}), tuple(notes)


def _looked_over(path: Path, info: MediaInfo, video: VideoStream) -> VideoStream:
    """A picture with its fields and its peak."""
    alone = info.model_copy(update={"video": video})
    found: dict[str, object] = {"interlaced": _fields(path, alone, video)}
    if video.colours.hdr:
        peak = settled_peak(video.colours.peak_nits, _brightest(path, alone, video))
        found["colours"] = video.colours.model_copy(update={"peak_nits": peak})
    return video.model_copy(update=found)


def _moments(duration_s: float) -> list[float]:
    return [duration_s * (k + 0.5) / _MOMENTS for k in range(_MOMENTS)]


def _brightest(path: Path, info: MediaInfo, video: VideoStream) -> float:
    """The brightest light of some pictures, in cd/m2."""
    peaks = []
    with FrameReader(path, info, max_width=480) as reader:
        for t_s in _moments(info.duration_s):
            try:
                peaks.append(luma_peak(reader.at(t_s).coded_luma, video.colours))
            except (InputRejected, av.FFmpegError):
                continue
    return max(peaks, default=video.colours.peak_nits)


def _fields(path: Path, info: MediaInfo, video: VideoStream) -> Fields:
    """Whether frames hold two fields, by how much neighbouring lines differ (ffmpeg's idet)."""
    counts = {"TFF": 0, "BFF": 0, "Progressive": 0}
    for t_s in _moments(info.duration_s):
        for kind, number in _idet(path, info, video.index, t_s).items():
            counts[kind] += number
    fields = counts["TFF"] + counts["BFF"]
    flagged = video.interlaced
    if counts["Progressive"] * _OVER_FRAMES > fields and counts["Progressive"] >= _LEAST:
        return ""
    if fields < _LEAST:
        # Of a page that stands still nothing is told: then what the file says is believed.
        return flagged
    if _OVER_OTHER * min(counts["TFF"], counts["BFF"]) > fields:
        return flagged
    return "tff" if counts["TFF"] > counts["BFF"] else "bff"


def _idet(path: Path, info: MediaInfo, index: int, t_s: float) -> dict[str, int]:
    """How many frames around a moment hold two fields, by which comes first, and how many one."""
    at_s = max(0.0, t_s + info.seek_offset_s)
    begin_s = min(at_s, max(0.0, seek_before(path, info, t_s) + info.seek_offset_s))
    stream = source_input(
        path,
        info.known_container,
        codec=info.video.codec if info.video else "",
        ss=f"{begin_s:.3f}",
        t=f"{at_s - begin_s + _FIELDS_S:.3f}",
    )[str(index)].filter("idet")
    try:
        said = render(ffmpeg.output(stream, "-", format="null"), timeout_s=_FIELDS_LIMIT_S)
    except ProgramFailed:
        said = ""
    line = "".join(re.findall(r"Single frame detection:(.*)", said)[-1:])
    counts = {}
    for kind in ("TFF", "BFF", "Progressive"):
        number = re.search(kind + r":\s*(\d+)", line)
        counts[kind] = int(number.group(1)) if number else 0
    return counts
