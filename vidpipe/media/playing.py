"""A recording's picture in a filter graph: what `display` makes of frames, made by ffmpeg."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vidpipe.media.colour import mapping
from vidpipe.media.ffmpeg import source_input
from vidpipe.media.probe import MediaInfo
from vidpipe.media.seeking import seek_before

#: Decoded before the first frame, so that a slow source's picture is already there.
_PREROLL_S = 2.0


def steady(
    path: Path, info: MediaInfo, fps: Fraction, frames: int, *, first: int = 0
) -> tuple[Any, int]:
    """Pictures as they are displayed, `fps` of them a second.

    Args:
        path: somebody's file.
        info: its probe.
        fps: the rate.
        frames: so many are wanted; the last one is repeated where there are fewer.
        first: which frame of that rate is wanted first.

    Returns:
        An ffmpeg-python stream in the colours of the file (`coloured` is next, once what is
        not wanted is gone), and how many frames of it come before the first that is wanted.
    """
    video = info.video
    assert video is not None
    first_s = float(first / fps)
    begin_s = max(0.0, min(first_s - _PREROLL_S, seek_before(path, info, first_s - _PREROLL_S)))
    before = min(first, round((first_s - begin_s) * fps))
    seek_s = first_s - float(before / fps) + info.seek_offset_s
    stream = source_input(
        path,
        info.known_container,
        codec=video.codec,
        ss=f"{max(0.0, seek_s):.6f}",
        t=f"{float((before + frames) / fps) + 1:.6f}",
        # Browsers change the size of what they record as the line gets better or worse. The
        # scaler takes that; a graph that is built anew would count from nought again.
        reinit_filter=0,
        # What a container says is cropped is no matter of the decoder's: seen by both or none.
        apply_cropping="codec",
    )[str(video.index)].filter("scale", video.width, video.height)
    if video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame", parity=video.interlaced, deint="all")
    stream = stream.filter(
        "fps", fps=f"{fps.numerator}/{fps.denominator}", start_time=0, round="near"
    ).filter("tpad", stop_mode="clone", stop_duration=2)
    return stream, before


def coloured(stream: Any, info: MediaInfo, table: Path) -> Any:
    """A stream of `steady` in the colours of BT.709, but for its matrix: see `matrix_shown`.

    `table` is a file that is written where light has to be brought down.
    """
    assert info.video is not None
    return mapping(stream, info.video.colours, table).filter("setsar", 1)
