"""Whether what is wrong with a clip is seen, and nothing where nothing is wrong.

    python -m benchmarks.real.looks [--columns build held_out] [--only NAME ...] [--sheets DIR]

Clips are made of real recordings as they are, and broken on purpose, each in three ways: black
for two seconds (all of the canvas, or one region under its captions), frozen for two seconds,
and three seconds late or of a wrong place of the source. Faults that cannot be seen, such as a
page that stands still and is frozen, are left out. A fault is found where the clip's picture is
objected to, and named where the measure that is about it says so: a page that is frozen when it
should turn is found as another page, a face that comes too late may be missing before. A good
clip is a false alarm where any objection is made to its picture.

Whether somebody is cut off is asked of labelled speech, at the middle of pauses and of words.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.real.borders import Heard, listen
from benchmarks.real.figure import Column, Figure
from benchmarks.real.split import COLUMNS, MEDIA
from benchmarks.real.spoiled import Fault, faults, make
from benchmarks.real.stretches import CASES, Case, recording
from vidpipe.media.contact_sheets import label, save_jpeg, strip
from vidpipe.media.probe import probe

_PICTURE = ("black_s", "frozen_s", "elsewhere_s")
#: What is done to clips, by the measure that is about it.
_DONE = {"black_s": "black", "frozen_s": "frozen", "elsewhere_s": "late or misplaced"}


@dataclass(frozen=True)
class Seen:
    """What was said of one broken clip: whether it was found, and named rightly."""

    fault: Fault
    found: bool
    named: bool


@dataclass(frozen=True)
class Looked:
    """What was said of the good clip of a case, and of each broken one."""

    case: Case
    false_alarms: tuple[str, ...]
    seen: tuple[Seen, ...]


def look(case: Case, sheets: Path | None = None) -> Looked:
    """Make the clips of a case and inspect them all; a sheet shows what was judged."""
    with tempfile.TemporaryDirectory() as folder:
        made = make(case, Path(folder))
        good = made.look(made.clip)
        coarse = [o for o in good.issues if "coarse" in o]
        alarms = [f"{m} {getattr(good, m)}" for m in _PICTURE if getattr(good, m)]
        seen, said_of = [], {"good": " ".join(alarms)}
        broken = faults(made)
        for fault, clip in broken:
            said = made.look(clip)
            said_of[fault.name] = " ".join(f"{m[0]}{getattr(said, m):.1f}" for m in _PICTURE)
            found = any(getattr(said, m) > 0 for m in _PICTURE)
            seen.append(Seen(fault, found, getattr(said, fault.measure) > 0))
        if sheets is not None:
            clips = {"good": made.clip, **{fault.name: clip for fault, clip in broken}}
            _sheet(clips, said_of, sheets / f"{case.column} {case.name}.jpg".replace(" ", "-"))
    return Looked(case, (*alarms, *coarse), tuple(seen))


def _sheet(clips: Mapping[str, Path], said: Mapping[str, str], target: Path) -> None:
    """A row of pictures for each clip, with what was said of it."""
    rows = []
    for name, clip in clips.items():
        strip(clip, probe(clip), target, tiles=12)
        shown = np.asarray(cv2.imread(str(target)), np.uint8)
        rows.append(label(shown, f"{name}: {said[name]}"))
    width = max(row.shape[1] for row in rows)
    wide = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
    save_jpeg(np.vstack(wide), target)


def looked_at(
    columns: Sequence[Column], only: Sequence[str] = (), sheets: Path | None = None
) -> Iterator[Looked]:
    """Every case whose recording is there, two at a time."""
    cases = [
        case
        for case in CASES
        if case.column in columns
        and (not only or any(o in case.name for o in only))
        and recording(case) is not None
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield from pool.map(look, cases, [sheets] * len(cases))


def figures(looked: Sequence[Looked], heard: Sequence[Heard]) -> list[Figure]:
    """Shares of faults that were found, and of good clips and pauses that were objected to."""
    result = []
    for column in COLUMNS:
        own = [item for item in looked if item.case.column == column]
        seen = [one for item in own for one in item.seen]
        shares = [
            (f"looks: {done} clips found", [s.found for s in seen if s.fault.measure == m], True)
            for m, done in _DONE.items()
        ]
        labelled = [item for item in heard if item.column == column]
        words, pauses = sum(h.words for h in labelled), sum(h.pauses for h in labelled)
        missed = sum(len(h.uncut_in_words) for h in labelled)
        alarms = sum(len(h.cut_in_pauses) for h in labelled)
        shares += [
            ("looks: faults of clips named rightly", [s.named for s in seen], True),
            ("looks: good clips objected to", [bool(i.false_alarms) for i in own], False),
            ("looks: borders within words found", [k >= missed for k in range(words)], True),
            ("looks: borders in pauses objected to", [k < alarms for k in range(pauses)], False),
        ]
        result += [
            Figure(name, column, round(sum(flags) / len(flags), 4), "share", up)
            for name, flags, up in shares
            if flags
        ]
    return result


def measure(columns: Sequence[Column] = COLUMNS) -> list[Figure]:
    """The figures of each column, of those recordings that are there."""
    return figures(list(looked_at(columns)), listen(MEDIA, columns))


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", nargs="+", default=list(COLUMNS), choices=COLUMNS)
    parser.add_argument("--only", nargs="+", default=[], help="parts of names of clips")
    parser.add_argument("--sheets", type=Path, help="a folder for pictures of what was judged")
    arguments = parser.parse_args()
    if arguments.sheets is not None:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
    console = Console(width=120)
    for case in CASES:
        if case.column in arguments.columns and recording(case) is None:
            console.print(f"{case.column}, {case.name}: {case.file} is not there")
    looked = []
    table = Table("column", "clip", "faults", "found", "not found", "issues to the good one")
    for item in looked_at(arguments.columns, arguments.only, arguments.sheets):
        looked.append(item)
        missed = [one.fault.name for one in item.seen if not one.found]
        row = (
            item.case.column,
            item.case.name,
            str(len(item.seen)),
            str(len(item.seen) - len(missed)),
            ", ".join(missed),
            ", ".join(item.false_alarms),
        )
        table.add_row(*row)
        console.print(*row, sep="; ", highlight=False)
    console.print(table)
    heard = listen(MEDIA, arguments.columns)
    for one in heard:
        console.print(
            f"{one.column}, {one.file}: cut in {len(one.cut_in_pauses)} of {one.pauses} pauses "
            f"{one.cut_in_pauses}, not cut in {len(one.uncut_in_words)} of {one.words} words "
            f"{one.uncut_in_words}"
        )
    for figure in figures(looked, heard):
        console.print(f"{figure.name}, {figure.column}: {figure.value:g} ({figure.unit})")


if __name__ == "__main__":
    main()
