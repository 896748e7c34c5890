"""Captions that are burned in already: how many are found, how many that are none.

    python -m benchmarks.real.burned_in [--columns build held_out] [--whole]

Captions of ten looks, and what is none, are drawn over other people's recordings
(`captioned`); those recordings without anything, and all others of the test media as they
are, must give nothing. Recordings are kept between runs in a folder of their own. `--whole`
also looks at every other recording of the test media from beginning to end.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console

from benchmarks.real.captioned import Made, heard, made, plans
from benchmarks.real.figure import Column, Figure
from benchmarks.real.split import COLUMNS, MEDIA, split
from vidpipe.clips.burned_in import burned_in
from vidpipe.geometry import iou
from vidpipe.layout.changing_text import TextWatch, width_for_letters
from vidpipe.layout.model import Layout
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe


@dataclass(frozen=True)
class Seen:
    """One recording: whether captions are in it, whether they were found, and where."""

    name: str
    true: bool
    found: bool
    iou: float
    processor_s: float
    length_s: float


def look(recording: Made) -> Seen:
    """What is found of one recording."""
    info = probe(recording.path)
    assert info.video is not None
    blank = Layout.of_sound(info.duration_s).model_copy(
        update={"width": info.video.width, "height": info.video.height}
    )
    started = time.process_time()
    watch, size = TextWatch(info.duration_s), info.video.size
    with FrameReader(recording.path, info, max_width=width_for_letters(size), draft=True) as reader:
        watch.look(reader)
    layout = blank.model_copy(update={"changing_text": watch.found(size)})
    found = burned_in(layout, recording.words)
    taken = time.process_time() - started
    overlap = 0.0
    if found is not None and recording.box is not None:
        overlap = iou(found.rect(info.video.size), recording.box)
    true = recording.box is not None
    return Seen(recording.name, true, found is not None, overlap, taken, info.duration_s)


def measured(column: Column, *, whole: bool = False) -> Iterator[Seen]:
    """All drawn recordings of a column, and on request the others of the test media."""
    for source, short, what in plans(column):
        yield look(made(source, short, what))
    for name in _as_they_are(column) if whole else ():
        path = MEDIA / name
        if not path.exists():
            continue
        info = probe(path)
        if info.video is None:
            continue
        # Of a recording without sound the words of another one are taken.
        sound = path if info.audio is not None else MEDIA / split()["words"][column][0]
        words, speech = heard(sound)
        yield look(Made(f"{name}, whole", path, "whole", None, words, speech))


def _as_they_are(column: Column) -> list[str]:
    """Recordings with a picture that are on this side of the split, each once."""
    named = [
        *split()["slides"][column],
        *split()["words"][column],
        *split()["clips"][column],
        *(f"composites/{name}.mp4" for name in split()["composites"][column]),
        *split()["cameras"][column]["media"],
    ]
    return list(dict.fromkeys(named))


def measure(column: Column) -> list[Figure]:
    """Found of those with captions, false of those without, and how well the place fits."""
    if not MEDIA.is_dir():
        return []
    seen = list(measured(column))
    true, false = [s for s in seen if s.true], [s for s in seen if not s.true]
    found = [s for s in true if s.found]
    return [
        Figure("burned-in captions found", column, round(len(found) / len(true), 4), "share", True),
        Figure(
            "burned-in captions where there are none",
            column,
            round(sum(s.found for s in false) / len(false), 4),
            "share",
            False,
        ),
        Figure(
            "burned-in captions, place",
            column,
            round(sum(s.iou for s in found) / max(1, len(found)), 4),
            "mean IoU",
            True,
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", nargs="+", default=list(COLUMNS), choices=COLUMNS)
    parser.add_argument("--whole", action="store_true")
    arguments = parser.parse_args()
    console = Console(width=120)
    for column in arguments.columns:
        seen = list(measured(column, whole=arguments.whole))
        for one in seen:
            if one.true != one.found:
                console.print(f"{column}: {'missed' if one.true else 'FALSE'}: {one.name}")
        true, false = [s for s in seen if s.true], [s for s in seen if not s.true]
        found = [s for s in true if s.found]
        cost = sum(s.processor_s for s in seen) / sum(s.length_s for s in seen)
        console.print(
            f"{column}: found {len(found)} of {len(true)}, false {sum(s.found for s in false)} of "
            f"{len(false)}, IoU {sum(s.iou for s in found) / max(1, len(found)):.3f}, "
            f"{cost:.3f} processor seconds for one of recording"
        )


if __name__ == "__main__":
    main()
