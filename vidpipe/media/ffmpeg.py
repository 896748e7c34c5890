"""The ffmpeg that is used, and running filter graphs with it.

Graphs are built with ffmpeg-python (arguments and escaping as data, never
pasted strings); `render` adds what every run needs.
"""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from vidpipe.media.containers import Container, decoder_options
from vidpipe.media.decoders import STILLS, allowed
from vidpipe.observability.spans import annotate, recorded
from vidpipe.programs import run_program
from vidpipe.stuck import further

#: What a run may take of address space, so that a surprise in somebody's file ends one step and
#: not the machine: a clip of 4K in three shapes took 2.9 GiB on two cores; each more has threads
#: and pictures of its own.
MEMORY_BYTES = (8 << 30) + (os.cpu_count() or 1) * (256 << 20)

#: What of its reports says that it is further when it has grown.
_FURTHER = ("frame", "out_time_us", "total_size")


@functools.cache
def executable() -> str:
    """Path of the ffmpeg program; the static build that the imageio-ffmpeg wheel brings."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@functools.cache
def identity() -> str:
    """Version string of that ffmpeg, part of every fingerprint that rests on it."""
    said: list[str] = []
    run_program([executable(), "-version"], timeout_s=30.0, on_line=said.append)
    match = re.match(r"ffmpeg version (\S+)", said[0]) if said else None
    return match.group(1) if match else "unknown"


def source_input(path: Path, container: Container, *, codec: str = "", **options: Any) -> Any:
    """An ffmpeg-python input for somebody's file: explicit demuxer and allow-lists.

    `codec` is that of the picture that is wanted: only where it is one of single pictures are
    these decoded.
    """
    return ffmpeg.input(
        str(path.resolve()),
        f=container.demuxer,
        protocol_whitelist="file",
        format_whitelist=container.demuxer,
        codec_whitelist=allowed(stills=codec in STILLS),
        **decoder_options(container),
        **options,
    )


def render(
    outputs: Any,
    *,
    timeout_s: float,
    duration_s: float | None = None,
    on_progress: Callable[[float], None] | None = None,
    global_args: Sequence[str] = (),
    memory_bytes: int | None = MEMORY_BYTES,
) -> str:
    """Run a compiled graph; returns the end of ffmpeg's log.

    Args:
        outputs: an ffmpeg-python output node.
        timeout_s: hard limit in seconds.
        duration_s: length of the output, for `on_progress` (0 to 1).
        global_args: arguments for the whole run.
        memory_bytes: of address space; None for encoders that map a device's memory.

    Raises:
        ProgramFailed: with the end of ffmpeg's log.
    """
    args = ffmpeg.compile(outputs, cmd=executable(), overwrite_output=True)
    head = [args[0], "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", *global_args]
    head += ["-progress", "pipe:1"]
    most = dict.fromkeys(_FURTHER, 0)

    began_s = time.monotonic()

    def on_line(line: str) -> None:
        key, _, value = line.partition("=")
        if key == "progress" and recorded():
            made_s, wall_s = most["out_time_us"] / 1e6, time.monotonic() - began_s
            annotate(vidpipe__media_s=made_s, vidpipe__media_s_per_s=round(made_s / wall_s, 2))
        if key not in most or not value.isdigit():
            return
        if int(value) > most[key]:
            most[key] = int(value)
            further()
        if key == "out_time_us" and on_progress is not None and duration_s:
            on_progress(min(1.0, int(value) / 1e6 / duration_s))

    return run_program(
        [*head, *args[1:]], timeout_s=timeout_s, on_line=on_line, memory_bytes=memory_bytes
    )
