"""How close estimates of costs are: each recording's, told from those before it.

    python -m benchmarks.estimates RECORDING... [--until layout] [--after 10]

Processes recordings one after another, asks before each what its stages will cost, and holds that
beside what the ledger booked. Prints the share that is within 20 %, once so many are known.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vidpipe.errors import VidpipeError
from vidpipe.intake.intake import IncomingUpload
from vidpipe.pipeline import Engine
from vidpipe.pipeline.costing import run_cost
from vidpipe.settings import load_settings


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--until", default="layout", help="the last stage that is made")
    parser.add_argument("--after", type=int, default=10, help="recordings that are known before")
    asked = parser.parse_args(arguments)
    errors: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(load_settings(home=Path(folder), drop_settle_s=0.0))
        for number, path in enumerate(asked.recordings):
            off = _off_by(engine, path, asked.until)
            if off is not None:
                print(f"{number + 1} {path.name}: {off:+.0%}", flush=True)
                if number >= asked.after:
                    errors.append(abs(off))
    if errors:
        right = sum(off <= 0.2 for off in errors)
        print(f"after {asked.after}: {right} of {len(errors)} within 20 %, in the middle "
              f"{statistics.median(errors):.0%}")  # fmt: skip
    return 0


def _off_by(engine: Engine, path: Path, until: str) -> float | None:
    """By how much of what it cost an estimate was off; None where it could not be made."""
    upload = IncomingUpload(
        key=f"default/{path.name}", channel="default", name=path.name, path=path, version="1",
        sidecars={},
    )  # fmt: skip
    try:
        video_id = engine.intake().take(upload).video_id
        video = engine.catalog.video(video_id)
        if video is None:
            return None
        order = engine.order(video_id)
        names = engine.pipeline.names(order.wanted_platforms)
        stages = names[: names.index(until) + 1]
        told = run_cost(engine, video, stages)
        for stage in stages:
            engine.run_stage(stage, video_id, order)
    except VidpipeError as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return None
    sums = engine.accountant.rows.sums("currency", channels=None, where={"video_id": video_id})
    actual = sum(s.outside + s.local for s in sums)
    estimate = sum(cost.outside + cost.local for cost in told)
    return (estimate - actual) / actual if actual else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
