"""Layouts and slide changes on made-up recordings of every kind, and on labelled real ones.

    python -m benchmarks.layout [--seeds N] [--first-seed N] [--kinds inset circle ...] [--long]
    python -m benchmarks.layout --speed [NAME ...]

With `--long` recordings of three minutes, of which only keyframes and what lies around
changes are looked at. With `--speed` only how fast every real recording is looked at, beside
PySceneDetect (`layout_speed`).

Kind: share of the time with the right kind of layout. IoU: mean over the true regions of
the best overlap among the found ones of the same role, weighted by time. F1: slide
changes within 0.5 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.layout_speed import speed
from vidpipe.geometry import Rect, iou
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import Layout, LayoutOptions, RegionRole
from vidpipe.media.probe import probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.settings import load_settings
from vidpipe.testmedia.composite import KINDS, CompositeTruth, Nuisances, make_composite

_MEDIA = Path(__file__).parents[2] / "shared" / "media"
_WITHIN_S = 0.5

NUISANCES = {
    "plain": Nuisances(),
    "builds": Nuisances(build=True),
    "ink, cursor": Nuisances(ink=True, cursor=True),
    "film": Nuisances(film=True),
    "photos": Nuisances(photo=True),
    "dissolves": Nuisances(dissolve=True),
    "dark": Nuisances(dark=True, build=True),
    "letter box": Nuisances(letterbox=True),
    "noise": Nuisances(noise=4.0, cursor=True),
}

#: Slide changes of real recordings, and moments at which a change is neither right nor wrong.
REAL: dict[str, tuple[list[float], list[float]]] = {
    "screencast/bbb_2364_deskshare_slides_114s.flv": (
        [55.086, 60.896, 64.557, 67.323, 70.610, 75.413, 78.674, 83.183, 94.503, 98.806],
        [0.11, 6.09, 50.79, 112.1],
    ),
    "lecture/crypto_slides_ink_145s.mp4": ([114.381], []),
    "labelled/opencast_slidechanges_28s.mov": ([7.345, 14.238, 21.265], []),
    "labelled/opencast_scene-change_20s.mov": ([12.0], []),
    "lecture/cvpr20_rank_pip_59s_noaudio.mp4": (
        [20.0, 46.9],
        [3.7, 3.9, 27.56, 33.1, 33.3, 37.97, 40.5, 41.5, 41.6, 42.0, 58.22],
    ),
}


@dataclass
class Score:
    """Sums over recordings."""

    right_s: float = 0.0
    total_s: float = 0.0
    overlap: float = 0.0
    weight: float = 0.0
    hits: int = 0
    found: int = 0
    true: int = 0
    wall_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def kind(self) -> float:
        return self.right_s / max(self.total_s, 1e-9)

    @property
    def iou(self) -> float:
        return self.overlap / max(self.weight, 1e-9)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, self.found + self.true) if self.found + self.true else 1.0

    def add(self, other: Score) -> None:
        for name in ("right_s", "total_s", "overlap", "weight", "wall_s"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("hits", "found", "true"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong


def turns_of(layout: Layout) -> list[float]:
    """Where a slide follows another one, not where a stretch begins."""
    begins = [s.start_s for s in layout.stretches]
    return [s.start_s for s in layout.slides if all(abs(s.start_s - b) > 0.01 for b in begins)]


def match(found: Sequence[float], true: Sequence[float]) -> int:
    """How many true moments have a found one within half a second, each used once."""
    left = sorted(found)
    hits = 0
    for moment in true:
        near = [f for f in left if abs(f - moment) <= _WITHIN_S]
        if near:
            left.remove(min(near, key=lambda f: abs(f - moment)))
            hits += 1
    return hits


def score(layout: Layout, truth: CompositeTruth) -> Score:
    """What was found against what is true."""
    result = Score(total_s=truth.duration_s)
    for shown in truth.stretches:
        for item in layout.stretches:
            shared = min(shown.end_s, item.end_s) - max(shown.start_s, item.start_s)
            if shared <= 0:
                continue
            if item.kind.value == shown.kind:
                result.right_s += shared
            wanted = [(RegionRole.CAMERA, c) for c in shown.cameras]
            wanted += [(RegionRole.SCREEN, shown.screen)] if shown.screen is not None else []
            for role, (x, y, w, h) in wanted:
                box = Rect(x=x, y=y, width=w, height=h)
                best = max((iou(box, r.rect) for r in item.regions if r.role is role), default=0.0)
                result.overlap += shared * best
                result.weight += shared
    turns = turns_of(layout)
    result.hits = match(turns, truth.turns)
    result.found, result.true = len(turns), len(truth.turns)
    return result


def measure(
    kinds: Sequence[str], seeds: Sequence[int], *, long: bool = False
) -> tuple[dict[str, Score], dict[str, Score]]:
    """Scores by kind and by nuisance."""
    by_kind: dict[str, Score] = {}
    by_nuisance: dict[str, Score] = {}
    faces = chosen_faces(load_settings()).detector
    with tempfile.TemporaryDirectory(prefix="vidpipe-bench-") as folder:
        path = Path(folder) / "made.mp4"
        for kind in kinds:
            for k, (name, nuisances) in enumerate(NUISANCES.items()):
                for seed in seeds:
                    truth = make_composite(
                        path,
                        kind,
                        nuisances,
                        seed=1000 * seed + k,
                        pages=14 if long else 5,
                        page_s=(8.0, 20.0) if long else (4.0, 9.0),
                    )
                    started = time.monotonic()
                    layout = detect_layout(path, probe(path), faces, LayoutOptions())
                    one = score(layout, truth)
                    one.wall_s = time.monotonic() - started
                    if one.kind < 0.9 or one.iou < 0.85 or one.f1 < 0.9:
                        one.wrong.append(
                            f"{kind}, {name}, seed {1000 * seed + k}: kind {one.kind:.2f}, "
                            f"IoU {one.iou:.2f}, F1 {one.f1:.2f}"
                        )
                    by_kind.setdefault(kind, Score()).add(one)
                    by_nuisance.setdefault(name, Score()).add(one)
    return by_kind, by_nuisance


def _print(console: Console, title: str, scores: dict[str, Score]) -> None:
    table = Table("", "kind", "mean IoU", "slide F1", "slides", "times real time", title=title)
    total = Score()
    for one in scores.values():
        total.add(one)
    for name, one in [*scores.items(), ("all", total)]:
        table.add_row(
            name,
            f"{one.kind:.3f}",
            f"{one.iou:.3f}",
            f"{one.f1:.3f}",
            f"{one.hits} of {one.true}, {one.found} found",
            f"{one.total_s / max(one.wall_s, 1e-9):.0f}x",
        )
    console.print(table)


def _real(console: Console) -> None:
    if not _MEDIA.is_dir():
        return
    table = Table("recording", "true", "found", "hits", "too many at, s", title="real recordings")
    hits = true = found = 0
    for name, (moments, free) in REAL.items():
        path = _MEDIA / name
        turns = turns_of(
            detect_layout(
                path, probe(path), chosen_faces(load_settings()).detector, LayoutOptions()
            )
        )
        got = match(turns, moments)
        extra = [
            t
            for t in turns
            if all(abs(t - m) > _WITHIN_S for m in moments) and all(abs(t - f) > 1.0 for f in free)
        ]
        hits, true, found = hits + got, true + len(moments), found + got + len(extra)
        table.add_row(
            Path(name).name,
            str(len(moments)),
            str(got + len(extra)),
            str(got),
            ", ".join(f"{t:.1f}" for t in extra),
        )
    table.add_row("F1", "", "", f"{2 * hits / max(1, true + found):.3f}", "")
    console.print(table)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--speed", nargs="*", metavar="NAME", help="parts of names; by default all")
    arguments = parser.parse_args()
    if arguments.speed is not None:
        speed(arguments.speed)
        return
    first = arguments.first_seed
    by_kind, by_nuisance = measure(
        arguments.kinds, range(first, first + arguments.seeds), long=arguments.long
    )
    console = Console(width=120)
    _print(console, "by layout", by_kind)
    _print(console, "by what else is in the picture", by_nuisance)
    for line in (w for one in by_kind.values() for w in one.wrong):
        console.print(line)
    _real(console)


if __name__ == "__main__":
    main()
