"""A finished clip as a platform gets it: a stream copy with its own metadata."""

from __future__ import annotations

from pathlib import Path

import ffmpeg

from vidpipe.media.ffmpeg import render
from vidpipe.platforms.model import Preset


def copy_for(clip: Path, preset: Preset, title: str, artist: str, target: Path) -> None:
    """Copy the streams of one of our clips into `target`; nothing is encoded again."""
    tags = [f"title={shorten(title, preset.title_characters)}"]
    if artist:
        tags.append(f"artist={artist}")
    source = ffmpeg.input(str(clip))
    output = ffmpeg.output(
        source.video,
        source.audio,
        str(target),
        c="copy",
        movflags="+faststart",
        map_metadata=-1,
        fflags="+bitexact",
        **{f"metadata:g:{k}": tag for k, tag in enumerate(tags)},
    )
    render(output, timeout_s=600)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words, with an ellipsis where it was cut."""
    if len(text) <= limit:
        return text
    return (text[: limit - 1].rpartition(" ")[0] or text[: limit - 1]) + "…"
