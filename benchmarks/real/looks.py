"""Whether what is wrong with a clip is seen, and nothing where nothing is wrong.

    python -m benchmarks.real.looks [--column build] [--media FOLDER]

Clips are made of real recordings as they are, and broken on purpose: black for two seconds
(all of the canvas, or one region under its captions), frozen for two seconds, three seconds
late, a wrong place of the source. Faults that cannot be seen, such as a page that stands
still and is frozen, are left out. A fault is found where the clip's picture is objected to, and
named where the measure that is about it says so: a page that is frozen when it should turn is
found as another page, a face that comes too late may be missing before. A good clip is a false
alarm where any objection is made to its picture.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.real.figure import Column, Figure
from benchmarks.real.split import COLUMNS, MEDIA
from benchmarks.real.spoiled import CASES, Case, faults, make

_PICTURE = ("black_s", "frozen_s", "elsewhere_s")


@dataclass(frozen=True)
class Looked:
    """What was said of the good clip of a case, and of each broken one: found, and named."""

    case: Case
    false_alarms: tuple[str, ...]
    found: tuple[tuple[str, bool, bool], ...]


def look(case: Case, media: Path) -> Looked:
    """Make the clips of a case and inspect them all."""
    with tempfile.TemporaryDirectory() as folder:
        made = make(case, media, Path(folder))
        good = made.look(made.clip)
        coarse = [o for o in good.objections if "coarse" in o]
        alarms = [f"{m} {getattr(good, m)}" for m in _PICTURE if getattr(good, m)]
        found = []
        for fault, clip in faults(made):
            said = made.look(clip)
            seen = any(getattr(said, m) > 0 for m in _PICTURE)
            found.append((fault.name, seen, getattr(said, fault.measure) > 0))
    return Looked(case, (*alarms, *coarse), tuple(found))


def figures(looked: Sequence[Looked]) -> list[Figure]:
    """Shares of the faults that were found and of the good clips that were objected to."""
    result = []
    for column in COLUMNS:
        own = [item for item in looked if item.case.column == column]
        found = [fault for item in own for fault in item.found]
        if not own or not found:
            continue
        shares = (
            ("faults found in clips", sum(seen for _, seen, _ in found) / len(found), True),
            ("faults named rightly", sum(named for *_, named in found) / len(found), True),
            ("good clips objected to", sum(bool(i.false_alarms) for i in own) / len(own), False),
        )
        result += [Figure(name, column, value, "share", up) for name, value, up in shares]
    return result


def measure(media: Path = MEDIA, columns: Sequence[Column] = COLUMNS) -> list[Figure]:
    """The figures of each column, of those recordings that are there."""
    return figures(
        [
            look(case, media)
            for case in CASES
            if case.column in columns and (media / case.file).exists()
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--column", choices=COLUMNS, action="append")
    parser.add_argument("--media", type=Path, default=MEDIA)
    arguments = parser.parse_args()
    console = Console(width=120)
    looked = []
    table = Table("column", "clip", "faults", "found", "not found", "objections to the good one")
    for case in CASES:
        if case.column not in (arguments.column or COLUMNS):
            continue
        if not (arguments.media / case.file).exists():
            console.print(f"{case.column}, {case.name}: {case.file} is not there")
            continue
        item = look(case, arguments.media)
        looked.append(item)
        missed = [name for name, seen, _ in item.found if not seen]
        table.add_row(
            case.column,
            case.name,
            str(len(item.found)),
            str(len(item.found) - len(missed)),
            ", ".join(missed),
            ", ".join(item.false_alarms),
        )
        console.print(f"{case.column}, {case.name}: {len(item.found)} faults, missed {missed}")
    console.print(table)
    for figure in figures(looked):
        console.print(f"{figure.name}, {figure.column}: {figure.value:.3f}")


if __name__ == "__main__":
    main()
