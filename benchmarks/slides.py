"""Slide changes side by side: vidpipe, PySceneDetect and ffmpeg's scdet; quality and speed.

    python -m benchmarks.slides [--first-seed N] [--skip-speed]

Each peer has its own defaults. F1: changes within half a second, pooled over labelled real
recordings, and over made-up ones with builds, ink, cursors, films in slides, photographs,
dissolves, dark slides, letter boxes and noise. Speed: one 1080p recording of five minutes
with at most four changes a minute, encoded by x264 as most are (a keyframe every ten
seconds and at cuts), and with a keyframe every two seconds.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import ffmpeg
from rich.console import Console
from rich.table import Table

from benchmarks.layout import NUISANCES, REAL, match, turns_of
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.ffmpeg import executable, render
from vidpipe.media.probe import probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.settings import load_settings
from vidpipe.testmedia.composite import Nuisances, make_composite

_MEDIA = Path(__file__).parents[2] / "shared" / "media"
_WITHIN_S = 0.5
_KINDS = ("screen", "inset", "beside")


def ours(path: Path) -> list[float]:
    """Slide changes as the stage finds them, with the regions that they need."""
    return turns_of(
        detect_layout(path, probe(path), chosen_faces(load_settings()).detector, LayoutOptions())
    )


def scene_detect(kind: str) -> Callable[[Path], list[float]]:
    def find(path: Path) -> list[float]:
        import scenedetect

        detector = getattr(scenedetect, f"{kind}Detector")()
        scenes = scenedetect.detect(str(path), detector)
        return [float(start.seconds) for start, _ in scenes[1:]]

    return find


def scdet(path: Path) -> list[float]:
    """ffmpeg's filter with its own threshold, 10."""
    command = [executable(), "-i", str(path), "-vf", "scdet", "-an", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return [float(t) for t in re.findall(r"lavfi\.scd\.time: ([\d.]+)", said)]


PEERS: dict[str, Callable[[Path], list[float]]] = {
    "vidpipe": ours,
    "PySceneDetect adaptive": scene_detect("Adaptive"),
    "PySceneDetect content": scene_detect("Content"),
    "PySceneDetect hash": scene_detect("Hash"),
    "ffmpeg scdet": scdet,
}


def _count(found: Sequence[float], true: Sequence[float], free: Sequence[float]) -> list[int]:
    hits = match(found, true)
    extra = [
        t
        for t in found
        if all(abs(t - m) > _WITHIN_S for m in true) and all(abs(t - f) > 1.0 for f in free)
    ]
    return [hits, hits + len(extra), len(true)]


def quality(first_seed: int) -> dict[str, dict[str, list[int]]]:
    """By peer and set: hits, found, true."""
    sums = {name: {"real": [0, 0, 0], "made-up": [0, 0, 0]} for name in PEERS}

    def add(group: str, path: Path, true: Sequence[float], free: Sequence[float]) -> None:
        for name, peer in PEERS.items():
            counted = _count(peer(path), true, free)
            sums[name][group] = [a + b for a, b in zip(sums[name][group], counted, strict=True)]

    if _MEDIA.is_dir():
        for name, (moments, free) in REAL.items():
            add("real", _MEDIA / name, moments, free)
    with tempfile.TemporaryDirectory(prefix="vidpipe-bench-") as folder:
        path = Path(folder) / "made.mp4"
        for kind in _KINDS:
            for k, nuisances in enumerate(NUISANCES.values()):
                truth = make_composite(path, kind, nuisances, seed=1000 * first_seed + k)
                add("made-up", path, truth.turns, [])
    return sums


def speed() -> list[tuple[str, int, str, float, float]]:
    """Rows: made or not, seconds between keyframes, peer, wall seconds, length."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="vidpipe-bench-") as folder:
        small, large = Path(folder) / "small.mp4", Path(folder) / "large.mp4"
        for noise in (0.0, 1.5):
            make_composite(
                small,
                "inset",
                Nuisances(cursor=True, noise=noise),
                seed=77,
                pages=19,
                page_s=(12.0, 20.0),
            )
            for every in (10, 2):
                video = ffmpeg.input(str(small)).video.filter("scale", 1920, 1080).filter("fps", 25)
                options = {"vcodec": "libx264", "preset": "veryfast", "crf": 23, "g": 25 * every}
                render(ffmpeg.output(video, str(large), **options), timeout_s=600)
                length_s = probe(large).duration_s
                for name, peer in PEERS.items():
                    started = time.monotonic()
                    peer(large)
                    wall_s = time.monotonic() - started
                    rows.append(("noisy" if noise else "clean", every, name, wall_s, length_s))
    return rows


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=700)
    parser.add_argument("--skip-speed", action="store_true")
    arguments = parser.parse_args()
    console = Console(width=110)
    table = Table("", "set", "hits", "found", "true", "F1", title="slide changes")
    for name, groups in quality(arguments.first_seed).items():
        for group, (hits, found, true) in groups.items():
            f1 = 2 * hits / max(1, found + true)
            table.add_row(name, group, str(hits), str(found), str(true), f"{f1:.3f}")
    console.print(table)
    if arguments.skip_speed:
        return
    table = Table("picture", "keyframe every", "", "s", "times real time", title="1080p")
    for picture, every, name, wall_s, length_s in speed():
        table.add_row(picture, f"{every} s", name, f"{wall_s:.1f}", f"{length_s / wall_s:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
