"""Packets of a file whose streams are not all known at its beginning."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import av


def to_beginning(media: Any) -> None:
    """Go to the beginning; where a damaged index lets nothing seek, it stays where it stands."""
    with contextlib.suppress(av.FFmpegError, OSError):
        media.seek(0)


def demuxed(media: Any, *streams: Any) -> Iterator[av.Packet[Any]]:
    """Packets of these streams, the empty last ones too, as `demux` gives them.

    In FLV, MPEG-TS and what is damaged a stream may begin in the middle. PyAV lists streams
    when it opens a file, and ends with an IndexError at the first packet of a later one: that
    packet is nobody's, and the next ones are read on from where it stood.
    """
    while True:
        try:
            yield from media.demux(*streams)
            return
        except IndexError:
            continue
