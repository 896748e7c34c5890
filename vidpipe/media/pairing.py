"""A presenter and a presentation that were recorded apart: shown beside each other.

Lecture halls record two pictures into one file. Each is a whole picture of its kind, the page
sharp and the person large: no better regions can be found in a recording that has both in one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import InputRejected
from vidpipe.geometry import Rect
from vidpipe.media.colour import Colours
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, PicturePiece, PictureTrack, VideoStream, probe_picture

#: What recorders call the two.
_CAMERA = re.compile(r"presenter|speaker|camera|webcam|lecturer|face|talking", re.IGNORECASE)
_PAGE = re.compile(r"presentation|slide|screen|desktop|content|projector|hdmi", re.IGNORECASE)
#: Moments that are looked at, two looks each, so far apart, at this width.
_MOMENTS, _APART_S, _WIDTH = 6, 0.4, 160
#: A grey step that is movement, as layout has it, and the share of a picture that moves: of a page
#: the pointer's, of a camera the person's.
_MOVED, _STILL, _LIVELY = 7, 0.004, 0.01
#: Pictures that differ by less on average are the same in two sizes.
_SAME = 4.0
#: Neither is shown smaller than so.
_LEAST_SIDE = 120
#: Black between them, so that no border of one is taken for the other's.
_GUTTER = 8


def paired(path: Path, info: MediaInfo) -> tuple[VideoStream | None, str]:
    """Two pictures as one with both, and what a person is told; None where they are no pair."""
    first = info.video
    if first is None or not info.other_pictures:
        return None, ""
    track = info.other_pictures[0]
    named = f"{track.title}, " if track.title else ""
    not_used = f"not used: a second picture ({named}{track.width}x{track.height})"
    second = probe_picture(path, info, track.index)
    if second is None or min(second.width, second.height) < _LEAST_SIDE:
        return None, not_used
    looks = [_looks(path, info, stream) for stream in (first, second)]
    if not all(len(look) for look in looks):
        return None, not_used
    if _alike(looks[0], looks[1]) < _SAME:
        return None, f"not used: the same picture again ({track.width}x{track.height})"
    roles = _roles(info.picture_title, track, [_moves(look) for look in looks])
    if roles is None:
        return None, not_used
    page, camera = (first, second) if roles[0] == "page" else (second, first)
    return _beside(page, camera), "two pictures: the presentation and the presenter, both shown"


def _looks(path: Path, info: MediaInfo, stream: VideoStream) -> list[tuple[NDArray[np.int16], ...]]:
    """Pairs of looks, each of one shape whatever the picture's."""
    found = []
    with FrameReader(path, info.model_copy(update={"video": stream}), max_width=_WIDTH) as reader:
        for k in range(_MOMENTS):
            t_s = info.duration_s * (k + 0.5) / _MOMENTS
            try:
                pair = [reader.at(t_s).grey, reader.at(t_s + _APART_S).grey]
            except (InputRejected, av.FFmpegError):
                continue
            found.append(tuple(look.astype(np.int16) for look in pair))
    return found


def _moves(looks: list[tuple[NDArray[np.int16], ...]]) -> float:
    """The share of a picture that moves at most moments."""
    return float(np.median([(np.abs(a - b) > _MOVED).mean() for a, b in looks]))


def _alike(
    first: list[tuple[NDArray[np.int16], ...]], second: list[tuple[NDArray[np.int16], ...]]
) -> float:
    """How many steps of grey two pictures differ by, in the mean over blocks."""

    def blocks(look: NDArray[np.int16]) -> NDArray[np.float64]:
        rows = np.array_split(look.astype(np.float64), 9, axis=0)
        return np.array([[b.mean() for b in np.array_split(r, 16, axis=1)] for r in rows])

    return float(
        np.mean(
            [
                np.abs(blocks(a[0]) - blocks(b[0])).mean()
                for a, b in zip(first, second, strict=False)
            ]
        )
    )


def _roles(
    title: str, track: PictureTrack, moves: list[float]
) -> tuple[Literal["page", "camera"], Literal["page", "camera"]] | None:
    """Which of two pictures is the page: by what they are called, else by what moves."""
    camera = [bool(_CAMERA.search(t)) for t in (title, track.title)]
    page = [bool(_PAGE.search(t)) for t in (title, track.title)]
    if camera[0] != camera[1] or page[0] != page[1]:
        second_is_page = (page[1] and not page[0]) or (camera[0] and not camera[1])
        return ("camera", "page") if second_is_page else ("page", "camera")
    still, lively = min(moves), max(moves)
    if still > _STILL or lively < _LIVELY:
        return None
    return ("page", "camera") if moves[0] < moves[1] else ("camera", "page")


def _beside(page: VideoStream, camera: VideoStream) -> VideoStream:
    """Both on one picture as high as the page, the camera no larger than it is."""
    width, height = page.width // 2 * 2, page.height // 2 * 2
    scale = min(1.0, height / camera.height)
    there = Rect(
        x=width + _GUTTER,
        y=0,
        width=max(2, round(camera.width * scale) // 2 * 2),
        height=max(2, round(camera.height * scale) // 2 * 2),
    )
    return page.model_copy(
        update={
            "width": there.right,
            "height": height,
            "rotation": 0,
            "mirrored": False,
            "interlaced": "",
            "colours": Colours(),
            "fps": max(page.fps, camera.fps),
            "pieces": (
                PicturePiece(
                    stream=page, rect=Rect(x=0, y=0, width=width, height=height), role="page"
                ),
                PicturePiece(stream=camera, rect=there, role="camera"),
            ),
        }
    )
