"""How vidpipe does on what nobody here made: words, names, faces, layouts, slides, clips.

    python -m benchmarks.reality [--parts words terms faces layout looks captions guard] [--record]

Every figure has two columns: on media that may be built on, and on media that are only
measured on (`real/split.yaml`). `--record` writes them to `reality.json`, with the commit and
the date, where a test holds later changes against them.

What is not here (VIDPIPE_TEST_MEDIA, VIDPIPE_MORE_MEDIA, VIDPIPE_TEST_FACES, the models in
VIDPIPE_MODELS) is said and left out.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.real.figure import Figure
from benchmarks.real.split import COLUMNS, split

RECORD = Path(__file__).with_name("reality.json")


def faces() -> list[Figure]:
    """Recall and false faces of the detectors whose weights are here."""
    from benchmarks.real import faces

    return faces.measure(faces.detectors(("centerface", "yunet", "dlib")))


def words() -> list[Figure]:
    """Words that are wrong, and how far off their times are."""
    from benchmarks.real import words

    return [figure for column in COLUMNS for figure in words.measure(column)]


def layout() -> list[Figure]:
    """Layouts and slide changes."""
    from benchmarks.real import layout

    return [figure for column in COLUMNS for figure in layout.measure(column)]


def looks() -> list[Figure]:
    """What is objected to in clips of real recordings, good ones and broken ones."""
    from benchmarks.real import looks

    return looks.measure()


def terms() -> list[Figure]:
    """Names that a channel knows: written right, and nothing else changed."""
    from benchmarks.real import terms

    return [figure for column in COLUMNS for figure in terms.measure(column)]


def captions() -> list[Figure]:
    """Captions that are burned in already: found, and not where there are none."""
    from benchmarks.real import burned_in

    return [figure for column in COLUMNS for figure in burned_in.measure(column)]


def guard() -> list[Figure]:
    """A part of all this that takes two minutes: what a test holds every change against."""
    from benchmarks.real import layout, words

    named = split()["guard"]
    figures = [
        *(f for c in COLUMNS for f in layout.measure(c, only=named["composites"][c])),
        *(f for c in COLUMNS for f in words.measure(c, only=named["words"][c], who=["vidpipe"])),
    ]
    return [
        replace(figure, name=f"guard: {figure.name}")
        for figure in figures
        if figure.name != "layout speed" and not figure.name.startswith("processor time")
    ]


PARTS: dict[str, Callable[[], list[Figure]]] = {
    "words": words,
    "faces": faces,
    "layout": layout,
    "looks": looks,
    "terms": terms,
    "captions": captions,
    "guard": guard,
}


def recorded() -> list[Figure]:
    """The figures that were written down."""
    return [Figure(**f) for f in json.loads(RECORD.read_text())["figures"]]


def _record(figures: list[Figure]) -> None:
    """Write figures down; those of parts that were not measured now stay."""
    new = {(f.name, f.column) for f in figures}
    kept = [f for f in recorded() if (f.name, f.column) not in new] if RECORD.exists() else []
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    told = {
        "commit": commit,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "figures": [asdict(f) for f in sorted([*kept, *figures], key=lambda f: (f.name, f.column))],
    }
    RECORD.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--record", action="store_true", help="write the figures down")
    arguments = parser.parse_args()
    figures = [figure for part in arguments.parts for figure in PARTS[part]()]
    if arguments.record:
        _record(figures)
    by_name: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        by_name.setdefault(figure.name, {})[figure.column] = figure
    table = Table("figure", "build", "held out", "unit", title="reality")
    for name, columns in sorted(by_name.items()):
        cells = [f"{columns[c].value:g}" if c in columns else "" for c in COLUMNS]
        table.add_row(name, *cells, next(iter(columns.values())).unit)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
