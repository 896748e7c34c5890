"""Which picture stands for sound: the one beside it, else the attached one, else its folder's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from vidpipe.intake.model import Cover
from vidpipe.intake.sidecars import FOLDER_COVER, PICTURE_SUFFIXES
from vidpipe.media.covers import attached_picture, write_cover
from vidpipe.media.probe import MediaInfo


def find_cover(source: Path, info: MediaInfo, beside: Mapping[str, Path], target: Path) -> Cover:
    """Write the cover of a recording without pictures to `target`, a JPEG.

    A picture that cannot be used, or is too large to be decoded, is left out with a word,
    and the next one is taken; without any nothing is written.
    """
    left_out = []
    for origin, data in _candidates(source, info, beside):
        try:
            size = write_cover(data, target)
        except ValueError as error:
            left_out.append(f"the picture {origin} is left out: {error}")
            continue
        return Cover(width=size.width, height=size.height, origin=origin, left_out=tuple(left_out))
    return Cover(left_out=tuple(left_out))


def _candidates(
    source: Path, info: MediaInfo, beside: Mapping[str, Path]
) -> Iterator[tuple[str, bytes]]:
    own = next((beside[suffix] for suffix in PICTURE_SUFFIXES if suffix in beside), None)
    if own is not None:
        yield "beside it", own.read_bytes()
    attached = attached_picture(source, info)
    if attached is not None:
        yield "attached to it", attached
    if FOLDER_COVER in beside:
        yield "of its folder", beside[FOLDER_COVER].read_bytes()
