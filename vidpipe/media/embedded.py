"""Subtitles inside a recording: text tracks as SRT files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import ffmpeg

from vidpipe.errors import InputRejected
from vidpipe.media.containers import MATROSKA, MP4, Container
from vidpipe.media.decoders import TEXTS
from vidpipe.media.ffmpeg import render, source_input
from vidpipe.media.opening import open_media
from vidpipe.media.probe import MediaInfo
from vidpipe.programs import ProgramFailed

#: Containers that hold subtitles as text; others hold pictures of them, or none.
_WITH_TEXT = (MP4, MATROSKA)
#: Films have dozens of languages; a talk's own is among the first.
_MOST_TRACKS = 4
#: Of one track. Twelve hours of subtitles have 1 MiB.
_MOST_BYTES = 16 << 20
#: What reading a file for them may take: it is read once, at the speed of a disk.
_LIMIT_S, _BYTES_PER_S = 60.0, 50e6


@dataclass(frozen=True)
class TextTrack:
    """A text track as a file; `language` as the container names it, or empty."""

    path: Path
    language: str


def text_tracks(source: Path, info: MediaInfo, folder: Path) -> list[TextTrack]:
    """Write the text tracks of a recording into a folder, the default one first.

    Tracks that cannot be read are left out: there is the sound to listen to.
    """
    container = info.known_container
    if container not in _WITH_TEXT:
        return []
    found = _listed(source, container)
    tracks = []
    limit_s = _LIMIT_S + info.size_bytes / _BYTES_PER_S
    for index, language in found[:_MOST_TRACKS]:
        target = folder / f"track{index}.srt"
        output = ffmpeg.output(
            source_input(source, container)[f"s:{index}"],
            str(target),
            f="srt",
            **{"c:s": "srt", "fs": _MOST_BYTES},
        )
        try:
            render(output, timeout_s=limit_s)
        except ProgramFailed:
            continue
        if target.is_file() and target.stat().st_size > 0:
            tracks.append(TextTrack(target, language))
    return tracks


def _listed(source: Path, container: Container) -> list[tuple[int, str]]:
    """Number among the subtitle streams, and language, of those that are text."""
    try:
        with open_media(source, container) as media:
            found = [
                (k, _language(stream.metadata.get("language") or ""), _rank(stream))
                for k, stream in enumerate(media.streams.subtitles)
                if stream.codec_context is not None and stream.codec_context.name in TEXTS
            ]
    except (av.FFmpegError, InputRejected, OSError):
        return []
    return [(k, language) for k, language, _ in sorted(found, key=lambda item: item[2])]


def _rank(stream: Any) -> tuple[bool, int]:
    """The default track first; what is only for foreign lines last."""
    said = str(stream.disposition)
    return "forced" in said, 0 if "default" in said else 1


def _language(told: str) -> str:
    plain = told.lower()[:3]
    return plain if re.fullmatch(r"[a-z]{2,3}", plain) and plain != "und" else ""
