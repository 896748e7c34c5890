"""Camera paths: how still, how smooth, and whether the head stays in the picture.

    python -m benchmarks.framing

Faces that move in known ways, seen twice a second with the noise of a detector, in a 16:9
picture that is cropped to 9:16. Against two plain ways: a crop that is always centred on
the face as last seen, and one that goes there by a critically damped spring. Lengths in
crop widths; derivatives over fifths of a second.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from vidpipe.framing.model import FacePoint, FramingOptions
from vidpipe.framing.path import crop_path
from vidpipe.geometry import Rect
from vidpipe.timeline import span

Values = NDArray[np.float64]

_REGION = Rect(x=0, y=0, width=1280, height=720)
_WIDTH, _HEAD, _LENGTH_S, _STEP_S = 405.0, 75.0, 20.0, 0.2

MOVES: dict[str, Callable[[Values], Values]] = {
    "still": lambda t: 640 + 0 * t,
    "swaying": lambda t: 640 + 60 * np.sin(0.9 * t) + 25 * np.sin(2.3 * t),
    "walking evenly": lambda t: 250 + 38 * t,
    "pacing": lambda t: 640 + 350 * np.sin(0.35 * t),
    "two quick steps": lambda t: (
        300 + 600 * np.clip((t - 6) / 2, 0, 1) - 450 * np.clip((t - 14) / 1.5, 0, 1)
    ),
    "hurrying": lambda t: 640 + 380 * np.sin(1.1 * t),
}


def _least_movement(times: Values, xs: Values, at: Values) -> Values:
    faces = [
        FacePoint(t_s=float(t), x=float(x), y=300, height=150)
        for t, x in zip(times, xs, strict=True)
    ]
    path = crop_path(_REGION, 9 / 16, faces, span(0, _LENGTH_S), [], FramingOptions())
    return np.interp(at, [p.t_s for p in path.points], [p.x for p in path.points])


def _centred(times: Values, xs: Values, at: Values) -> Values:
    return np.clip(np.interp(at, times, xs) - _WIDTH / 2, 0, _REGION.width - _WIDTH)


def _spring(times: Values, xs: Values, at: Values) -> Values:
    goal = _centred(times, xs, at)
    omega, x, speed, out = 2.0 / 0.9, goal[0], 0.0, []
    for wanted, dt in zip(goal, np.diff(at, append=at[-1] + _STEP_S), strict=True):
        for _ in range(8):
            speed += (omega * omega * (wanted - x) - 2 * omega * speed) * dt / 8
            x += speed * dt / 8
        out.append(x)
    return np.array(out)


WAYS = {"centred": _centred, "spring": _spring, "least movement": _least_movement}


def main() -> None:
    """Measure and print the table."""
    table = Table("face", "way", "head cut", "at rest", "speed", "acceleration", "jerk, RMS")
    rng = np.random.default_rng(5)
    times = np.arange(0, _LENGTH_S, 0.5)
    at = np.arange(0, _LENGTH_S, _STEP_S)
    for name, move in MOVES.items():
        seen = move(times) + rng.normal(0, 4, len(times))
        face = move(at)
        for way, path in WAYS.items():
            x = path(times, seen, at)
            cut = (face - _HEAD < x - 1) | (face + _HEAD > x + _WIDTH + 1)
            speed = np.diff(x / _WIDTH) / _STEP_S
            acceleration = np.diff(speed) / _STEP_S
            jerk = np.diff(acceleration) / _STEP_S
            table.add_row(
                name,
                way,
                f"{cut.mean():.3f}",
                f"{(np.abs(speed) < 0.005).mean():.2f}",
                f"{np.abs(speed).max():.2f}",
                f"{np.abs(acceleration).max():.2f}",
                f"{np.sqrt(np.mean(jerk**2)):.2f}",
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
