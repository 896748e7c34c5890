"""Kind, regions and slide changes on talks composed from real cameras, and on real recordings.

    python -m benchmarks.real.layout [--columns build held_out] [--only NAME ...] [--sheets DIR]
        [--canvas landscape upright square]

Kind: share of the time with the right kind of layout. IoU: mean over the true regions of the
best overlap among the found ones of the same role, weighted by time. F1: slide changes within
half a second. The talks are kept between runs in a folder of their own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.layout import Score, match, score, turns_of
from benchmarks.real import talks
from benchmarks.real.figure import Column, Figure
from benchmarks.real.split import COLUMNS, MEDIA, cameras, split
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import Layout, LayoutOptions
from vidpipe.layout.sheet import layout_sheet
from vidpipe.media.probe import probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.settings import load_settings
from vidpipe.testmedia.composite import CompositeTruth, Shown

_KEPT = Path(tempfile.gettempdir()) / "vidpipe-real-talks"
_SEEDS: dict[Column, int] = {"build": 11, "held_out": 23}
_WITHIN_S = 0.5


@dataclass(frozen=True)
class Measured:
    """One talk: what it is made of, and how well it was understood."""

    name: str
    groups: tuple[str, ...]
    score: Score


def composed(column: Column, canvas: str = "landscape") -> list[talks.TalkPlan]:
    """The talks of a column; which they are rests on the cameras that are here."""
    found, _ = cameras(column)
    return talks.plans(found, _SEEDS[column], canvas) if found else []


def made(plan: talks.TalkPlan) -> tuple[Path, CompositeTruth]:
    """A composed talk's file and truth, made once."""
    names = plan.arrangements, plan.nuisance, plan.background, plan.seed, plan.crf
    key = f"{talks.VERSION}:{names}:{[c.name for c in plan.cameras]}"
    key = f"{plan.name}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    _KEPT.mkdir(exist_ok=True)
    path, truth_path = _KEPT / f"{key}.mp4", _KEPT / f"{key}.json"
    if not truth_path.exists():
        part = path.with_suffix(".part.mp4")
        truth = talks.compose(part, plan)
        part.rename(path)
        truth_path.write_text(json.dumps(asdict(truth)))
    known = json.loads(truth_path.read_text())
    known["stretches"] = [Shown(**s) for s in known["stretches"]]
    return path, CompositeTruth(**known)


def given(name: str) -> tuple[Path, CompositeTruth]:
    """A composite of the test media with the truth that lies beside it."""
    path = MEDIA / "composites" / f"{name}.mp4"
    told = json.loads(path.with_suffix(".json").read_text())
    truth = CompositeTruth(1280, 720, told["duration"])

    def box(corners: Sequence[int] | None) -> tuple[int, int, int, int] | None:
        if corners is None:
            return None
        x0, y0, x1, y1 = corners
        return x0, y0, x1 - x0, y1 - y0

    for item in told["layouts"]:
        screen, camera = box(item["screen"]), box(item["camera"])
        kind = "screen_and_camera" if screen and camera else "screen" if screen else "camera"
        cameras_of = (camera,) if camera else ()
        truth.stretches.append(Shown(item["start"], item["end"], kind, screen, cameras_of))
    for moment in told["slide_changes"]:
        shown = next(s for s in truth.stretches if s.start_s <= moment < s.end_s)
        if shown.screen is not None:
            truth.turns.append(moment)
    return path, truth


def _look(path: Path) -> tuple[Layout, float]:
    started = time.monotonic()
    faces = chosen_faces(load_settings()).detector
    layout = detect_layout(path, probe(path), faces, LayoutOptions())
    return layout, time.monotonic() - started


def _measure_plan(plan: talks.TalkPlan, sheets: Path | None) -> list[Measured]:
    path, truth = made(plan)
    return _measured(
        path, truth, plan.name, plan.arrangements, (plan.nuisance, f"on {plan.background}"), sheets
    )


def _measure_given(name: str, sheets: Path | None) -> list[Measured]:
    path, truth = given(name)
    return _measured(path, truth, name, ("given",) * len(truth.stretches), (), sheets)


def _measured(
    path: Path,
    truth: CompositeTruth,
    name: str,
    arrangements: Sequence[str],
    groups: tuple[str, ...],
    sheets: Path | None,
) -> list[Measured]:
    """The whole talk, and each of its arrangements alone (without slides)."""
    layout, wall_s = _look(path)
    whole = score(layout, truth)
    whole.wall_s = wall_s
    if sheets is not None:
        layout_sheet(path, probe(path), layout, sheets / f"{name}.jpg")
    found = [Measured(name, groups, whole)]
    for arrangement, shown in zip(arrangements, truth.stretches, strict=True):
        alone = CompositeTruth(truth.width, truth.height, shown.end_s - shown.start_s, [shown])
        part = score(layout, alone)
        part.hits = part.found = part.true = 0
        found.append(Measured(name, (arrangement,), part))
    return found


def measured(
    column: Column,
    only: Sequence[str] = (),
    sheets: Path | None = None,
    canvases: Sequence[str] = ("landscape",),
) -> Iterator[Measured]:
    """Every talk of a column on some canvases, two at a time."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(_measure_plan, plan, sheets)
            for canvas in canvases
            for plan in composed(column, canvas)
            if not only or any(o in plan.name for o in only)
        ]
        if MEDIA.is_dir() and "landscape" in canvases:
            jobs += [
                pool.submit(_measure_given, name, sheets)
                for name in split()["composites"][column]
                if not only or any(o in name for o in only)
            ]
        for job in jobs:
            yield from job.result()


def real_slides(column: Column) -> tuple[Score, list[str]]:
    """Slide changes of the labelled real recordings of a column, and what was wrong."""
    total = Score()
    wrong: list[str] = []
    for name, known in split()["slides"][column].items():
        path = MEDIA / name
        if not path.exists():
            continue
        layout, wall_s = _look(path)
        turns = turns_of(layout)
        hits = match(turns, known["turns"])
        extra = [
            t
            for t in turns
            if all(abs(t - m) > _WITHIN_S for m in known["turns"])
            and all(abs(t - f) > 1.0 for f in known["free"])
        ]
        total.add(
            Score(hits=hits, found=hits + len(extra), true=len(known["turns"]), wall_s=wall_s)
        )
        if extra or hits < len(known["turns"]):
            wrong.append(f"{name}: {hits} of {len(known['true'])}, too many at {extra}")
    return total, wrong


def measure(column: Column, only: Sequence[str] = ()) -> list[Figure]:
    """Layout of a column's talks, whole and by arrangement, and its real slide changes.

    Args:
        column: which media.
        only: parts of the names of talks, for a part of them; without the real recordings.
    """
    whole, groups = Score(), {}
    for item in measured(column, only):
        if item.score.wall_s:
            whole.add(item.score)
        else:
            for group in item.groups:
                groups.setdefault(group, Score()).add(item.score)
    if not whole.total_s:
        return []
    named = [
        ("layout kind", whole.kind, "share of the time"),
        ("layout IoU", whole.iou, "mean"),
        ("slide changes of composed talks", whole.f1, "F1"),
        ("layout kind, worst arrangement", min(g.kind for g in groups.values()), "share"),
        ("layout speed", whole.total_s / whole.wall_s, "times real time, two at once"),
    ]
    if not only:
        real, _ = real_slides(column)
        if real.true:
            named.append(("slide changes of real recordings", real.f1, "F1"))
    return [Figure(name, column, round(value, 4), unit, True) for name, value, unit in named]


def _table(console: Console, title: str, scores: dict[str, Score]) -> None:
    table = Table("", "kind", "IoU", "slide F1", "slides", "times real time", title=title)
    for name, one in sorted(scores.items()):
        table.add_row(
            name,
            f"{one.kind:.3f}",
            f"{one.iou:.3f}",
            f"{one.f1:.3f}" if one.true + one.found else "",
            f"{one.hits} of {one.true}, {one.found} found",
            f"{one.total_s / one.wall_s:.0f}x" if one.wall_s else "",
        )
    console.print(table)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", nargs="+", default=list(COLUMNS), choices=COLUMNS)
    parser.add_argument("--only", nargs="+", default=[], help="parts of names of talks")
    parser.add_argument("--sheets", type=Path, help="a folder for layout sheets")
    parser.add_argument("--canvas", nargs="+", default=["landscape"], choices=list(talks.CANVASES))
    parser.add_argument("--no-slides", action="store_true")
    arguments = parser.parse_args()
    if arguments.sheets is not None:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
    console = Console(width=150)
    for column in arguments.columns:
        _, missing = cameras(column)
        if missing:
            console.print(f"{column}: not here, left out: {', '.join(missing)}")
        whole, groups, lines = Score(), {}, []
        for item in measured(column, arguments.only, arguments.sheets, arguments.canvas):
            for group in item.groups:
                groups.setdefault(group, Score()).add(item.score)
            if item.score.wall_s:
                whole.add(item.score)
                one = item.score
                if one.kind < 0.9 or one.iou < 0.85 or one.f1 < 0.9:
                    lines.append(
                        f"{item.name}: kind {one.kind:.2f}, IoU {one.iou:.2f}, F1 {one.f1:.2f}, "
                        f"{one.wall_s:.1f} s, {', '.join(item.groups)}"
                    )
        groups["ALL"] = whole
        _table(console, column, groups)
        for line in lines:
            console.print(line)
        if not arguments.no_slides:
            total, wrong = real_slides(column)
            console.print(f"{column}: slide F1 on real recordings {total.f1:.3f}", *wrong, sep="\n")


if __name__ == "__main__":
    main()
