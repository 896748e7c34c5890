"""A recording's picture in a filter graph: what `display` makes of frames, made by ffmpeg."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vidpipe.geometry import Size
from vidpipe.media.colour import mapping
from vidpipe.media.ffmpeg import source_input
from vidpipe.media.probe import MediaInfo, VideoStream
from vidpipe.media.seeking import seek_before

#: Decoded before the first frame, so that a slow source's picture is already there.
_PREROLL_S = 2.0


def steady(
    path: Path, info: MediaInfo, fps: Fraction, frames: int, table: Path, *, first: int = 0
) -> tuple[Any, int]:
    """Pictures as they are displayed, `fps` of them a second.

    Args:
        path: somebody's file.
        info: its probe.
        fps: the rate.
        frames: so many are wanted; the last one is repeated where there are fewer.
        table: a file that is written where several pictures are brought to one's colours.
        first: which frame of that rate is wanted first.

    Returns:
        An ffmpeg-python stream in the colours of the file (`coloured` is next, once what is
        not wanted is gone), and how many frames of it come before the first that is wanted.
    """
    video = info.video
    assert video is not None
    first_s = float(first / fps)
    wanted_s = first_s - _PREROLL_S
    if info.picture_s is not None:
        # Behind the last picture there is none to begin with: from before it.
        wanted_s = min(wanted_s, max(0.0, info.picture_s - _PREROLL_S))
    begins = [seek_before(path, info, wanted_s)]
    for piece in video.pieces[1:]:
        # Each has keyframes of its own, and a seek finds those of one.
        alone = info.model_copy(update={"video": piece.stream})
        begins.append(seek_before(path, alone, wanted_s, always=True))
    begin_s = max(0.0, min(wanted_s, *begins))
    before = min(first, round((first_s - begin_s) * fps))
    seek_s = first_s - float(before / fps) + info.seek_offset_s
    file = source_input(
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
    )
    stays_s = 2.0
    if info.picture_s is not None:
        stays_s += max(0.0, float((first + frames) / fps) - info.picture_s)
    if not video.pieces:
        return _steady(file, video, video.size, fps).filter(
            "tpad", stop_mode="clone", stop_duration=f"{stays_s:.3f}"
        ), before
    laid = None
    for k, piece in enumerate(video.pieces):
        rect, stream = piece.rect, piece.stream
        shown = _steady(file, stream, Size(width=rect.width, height=rect.height), fps)
        shown = (
            mapping(shown, stream.colours, table.with_suffix(f".{k}.cube"))
            .filter(
                "scale",
                in_color_matrix=stream.matrix_shown,
                out_color_matrix="bt709",
                out_range="tv",
            )
            .filter("format", "yuv420p")
            .filter("setsar", 1)
        )
        if laid is None:
            laid = shown.filter("tpad", stop_mode="clone", stop_duration=f"{stays_s:.3f}").filter(
                "pad", video.width, video.height, rect.x, rect.y, color="black"
            )
        else:
            lasting = shown.filter("tpad", stop_mode="clone", stop=-1)
            laid = laid.overlay(lasting, x=rect.x, y=rect.y, shortest=1)
    return laid, before


def _steady(file: Any, video: VideoStream, size: Size, fps: Fraction) -> Any:
    """One picture of a file as it is displayed, at that size and rate."""
    stream = file[str(video.index)].filter("scale", size.width, size.height)
    if video.interlaced:
        stream = stream.filter("bwdif", mode="send_frame", parity=video.interlaced, deint="all")
    return stream.filter(
        "fps", fps=f"{fps.numerator}/{fps.denominator}", start_time=0, round="near"
    )


def coloured(stream: Any, info: MediaInfo, table: Path) -> Any:
    """A stream of `steady` in the colours of BT.709, but for its matrix: see `matrix_shown`.

    `table` is a file that is written where light has to be brought down.
    """
    assert info.video is not None
    return mapping(stream, info.video.colours, table).filter("setsar", 1)
