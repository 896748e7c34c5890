"""What a video costs beside its stages: queue, sensors, starts of processes.

    python -m benchmarks.overhead [--videos 4]

One video is processed under the whole deployment, then asked for again and again: nothing
is made any more, so that all the time there is is overhead.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from benchmarks.deployment import Deployment, fresh, wait_for
from benchmarks.soak import drop, runs_of
from benchmarks.uploads import CHANNELS_YAML, plain_uploads
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.requests import Cause

FOLDER = Path("/tmp/vidpipe-overhead")


def main() -> int:
    """Process, ask again, take the times from Dagster's own records."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--videos", type=int, default=4)
    options = parser.parse_args()
    planned = plain_uploads(FOLDER / "uploads", {"lab": 1})
    with Deployment(fresh(FOLDER / "deployment"), CHANNELS_YAML) as deployment:
        catalog = Catalog(deployment.catalog_url)
        dropped = time.time()
        drop(deployment, planned)
        wait_for("finished video", 600, lambda: [v for v in catalog.videos() if v.finished_at])
        [video] = catalog.videos()
        [first] = runs_of(deployment)
        print(f"dropped to requested: {first['creationTime'] - dropped:.1f} s")
        print(f"first run: {first['endTime'] - first['startTime']:.1f} s")
        asked, done = [], 1
        for _ in range(options.videos):
            began = time.time()
            catalog.requests.add([video.video_id], Cause.MANUAL)
            done += 1
            wait_for("run", 300, lambda n=done: _ended(deployment) >= n)
            asked.append((began, runs_of(deployment)[0]))
        rows = {
            "asked to requested (sensor)": [r["creationTime"] - began for began, r in asked],
            "requested to started (queue, worker)": [
                r["startTime"] - r["creationTime"] for _, r in asked
            ],
            "started to ended (ten steps, nothing made)": [
                r["endTime"] - r["startTime"] for _, r in asked
            ],
        }
        for name, seconds in rows.items():
            print(f"{name}: {statistics.median(seconds):.1f} s (median of {len(seconds)})")
    return 0


def _ended(deployment: Deployment) -> int:
    return sum(bool(r["endTime"]) for r in runs_of(deployment))


if __name__ == "__main__":
    sys.exit(main())
