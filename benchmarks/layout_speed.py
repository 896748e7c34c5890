"""How fast the stage `layout` is on every real recording, beside PySceneDetect adaptive.

    python -m benchmarks.layout --speed [NAME ...]

Of each recording: its length, wall clock and processor time of the stage's work (regions, slides,
captions, both sheets), and how many times real time that is; the same of PySceneDetect's adaptive
detector with its defaults, right after it, and of decoding all pictures and nothing else. Imports
and the face detector's model are loaded before, once, and told apart: a process has them once for
all its recordings. Slides are not read (that is half a second a slide where RapidOCR is there).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_MEDIA = Path(__file__).parents[2] / "shared" / "media"
_FOLDERS = ("composites", "lecture", "screencast", "labelled", "cameras", "field", "speech")
_ENDINGS = {".mp4", ".mkv", ".mov", ".flv", ".webm", ".ts"}
#: The aim: so many times real time.
AIM = 30.0


@dataclass(frozen=True)
class Took:
    """Seconds of the clock, and of processors."""

    wall_s: float
    processor_s: float


def took(work: Callable[[], object]) -> Took:
    """What some work takes, all its threads together."""
    wall_s, processor_s = time.monotonic(), time.process_time()
    work()
    return Took(time.monotonic() - wall_s, time.process_time() - processor_s)


def recordings(only: Sequence[str] = ()) -> Iterator[Path]:
    """Recordings with a picture, or those whose path has one of some parts in it."""
    for folder in _FOLDERS:
        for path in sorted((_MEDIA / folder).rglob("*")):
            if path.suffix in _ENDINGS and (not only or any(o in str(path) for o in only)):
                yield path


def decoded(path: Path) -> None:
    """All pictures, as fast as they can be had."""
    import av

    with av.open(str(path)) as media:
        stream = media.streams.video[0]
        stream.thread_type = "AUTO"
        for packet in media.demux(stream):
            try:
                packet.decode()
            except av.FFmpegError:
                continue


def speed(only: Sequence[str] = ()) -> None:
    """Measure and print the table, and what falls short of the aims."""
    if not _MEDIA.is_dir():
        return
    loaded: dict[str, Any] = {}

    def load() -> None:
        import numpy as np
        import scenedetect

        from vidpipe.layout import detect, model, sheet
        from vidpipe.media.probe import probe
        from vidpipe.pipeline.faces import chosen_faces
        from vidpipe.settings import load_settings

        detector = chosen_faces(load_settings()).detector
        detector.detect(np.zeros((360, 640, 3), np.uint8))
        loaded.update(
            look_at=detect.look_at,
            options=model.LayoutOptions(),
            sheet=sheet,
            probe=probe,
            detector=detector,
            scenes=scenedetect,
        )

    console = Console(width=150)
    first = took(load)
    console.print(
        f"imports and models, once: {first.wall_s:.1f} s, processors {first.processor_s:.1f} s"
    )
    table = Table(
        *("recording", "length, s", "layout, s", "processors, s", "times real time"),
        *("PySceneDetect, s", "processors, s", "bare decode, s", "processors, s"),
        title=f"layout of real recordings, load {os.getloadavg()[0]:.1f} on {os.cpu_count()}",
    )
    short: list[str] = []
    with tempfile.TemporaryDirectory(prefix="vidpipe-bench-") as folder:
        for path in recordings(only):
            info = loaded["probe"](path)
            if info.video is None:
                continue
            ours = took(partial(_stage, loaded, path, info, Path(folder)))
            scenes = loaded["scenes"]
            theirs = took(partial(scenes.detect, str(path), scenes.AdaptiveDetector()))
            bare = took(partial(decoded, path))
            name = str(path.relative_to(_MEDIA))
            table.add_row(
                name,
                f"{info.duration_s:.1f}",
                *_cells(ours),
                f"{info.duration_s / ours.wall_s:.0f}x",
                *_cells(theirs),
                *_cells(bare),
            )
            if info.duration_s < AIM * ours.wall_s:
                short.append(
                    f"{name}: {info.duration_s / ours.wall_s:.0f} times real time; "
                    f"decoding alone {info.duration_s / bare.wall_s:.0f}"
                )
            if ours.wall_s > theirs.wall_s:
                short.append(f"{name}: PySceneDetect takes {theirs.wall_s / ours.wall_s:.2f} of it")
    console.print(table, *short, sep="\n")


def _cells(one: Took) -> tuple[str, str]:
    return f"{one.wall_s:.2f}", f"{one.processor_s:.2f}"


def _stage(loaded: dict[str, Any], path: Path, info: Any, folder: Path) -> None:
    """What the stage does but its tables."""
    found, kept = loaded["look_at"](
        path, info, loaded["detector"], loaded["options"], scratch=folder
    )
    loaded["sheet"].layout_sheet(path, info, found, folder / "layout.jpg", kept)
    if found.slides:
        loaded["sheet"].slide_sheet(path, info, found, folder / "slides.jpg", kept)
