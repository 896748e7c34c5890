"""The deployment at work while one part of it after the other is killed.

    python -m benchmarks.chaos [--kills 20] [--minutes 30] [--seed 7]

Uploads are dropped, and at random moments a step, a run worker, the daemon, the code server
or PostgreSQL is killed, or the store answers 503 for 30 s. Afterwards, without a hand:
every upload has ended as planned, no video was finished twice, and no more clips were made
than there are plus one for each kill. Waits between tries are shortened, the rest is as
deployed. Ends with 1 when anything is not as it should be.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.deployment import Deployment, fresh
from benchmarks.soak import drop, ends, judge
from benchmarks.uploads import CHANNELS_YAML, Planned, make_uploads
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.tables import ClipRow, Encode
from vidpipe.errors import VidpipeError

FOLDER = Path("/tmp/vidpipe-chaos")
PARTS = ("step", "worker", "daemon", "code", "postgres", "s3")
#: How long the store is away, and the shortest and longest time between two kills.
FAULT_S, BETWEEN_S = 30.0, (15.0, 45.0)
#: Waits between tries, so that a half hour is enough to see them.
SHORT_WAITS = "5,10,20,40"


def main() -> int:
    """Drop, kill, wait, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    counts = {"lectures": 14, "podcast": 4, "museum": 3, "lab": 3}
    planned = make_uploads(FOLDER / "uploads", counts)
    settings = {"VIDPIPE_RETRY_DELAYS_S": f"[{SHORT_WAITS}]", "VIDPIPE_HEARTBEAT_TIMEOUT_S": "45"}
    with Deployment(fresh(FOLDER / "deployment"), CHANNELS_YAML, settings=settings) as deployment:
        started = time.monotonic()
        give_up = started + options.minutes * 60
        drop(deployment, planned)
        kills = kill(deployment, random.Random(options.seed), options.kills, give_up - 300)
        over = settle(deployment, planned, give_up)
        print(f"{len(kills)} kills: {dict(Counter(k.split()[0] for k in kills))}")
        problems = judge(deployment, planned, retries=True)
        problems += redone(deployment, len(kills))
        if not over:
            problems.append(f"not everything had ended after {options.minutes:g} min")
        print(f"{(time.monotonic() - started) / 60:.1f} min")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


def kill(deployment: Deployment, rng: random.Random, count: int, until: float) -> list[str]:
    """One part after the other, each kind equally often, in random order."""
    parts = [PARTS[k % len(PARTS)] for k in range(count)]
    rng.shuffle(parts)
    done: list[str] = []
    started = time.monotonic()
    for part in parts:
        time.sleep(rng.uniform(*BETWEEN_S))
        if time.monotonic() > until:
            break
        killed = ""
        # A step or worker has to be there to be killed.
        for _ in range(60):
            killed = deployment.kill(part)
            if killed:
                break
            time.sleep(1)
        if part == "s3":
            time.sleep(FAULT_S)
            deployment.heal()
        if killed:
            done.append(killed)
            print(f"{time.monotonic() - started:6.0f} s  killed {killed}", flush=True)
    return done


def settle(deployment: Deployment, planned: list[Planned], until: float) -> bool:
    """Whether everything ended before then."""
    catalog = Catalog(deployment.catalog_url)
    said, started = "", time.monotonic()
    while time.monotonic() < until:
        try:
            counts = Counter(end.split(":")[0] for end in ends(catalog).values())
        except VidpipeError as error:
            print(error)
            time.sleep(5)
            continue
        line = ", ".join(f"{n} {end}" for end, n in sorted(counts.items()))
        if line != said:
            print(f"{time.monotonic() - started:6.0f} s after  {line}", flush=True)
            said = line
        if sum(counts[e] for e in ("finished", "alias", "quarantined", "dead")) >= len(planned):
            return True
        time.sleep(5)
    return False


def redone(deployment: Deployment, kills: int) -> list[str]:
    """Clips that were encoded, against those there are."""
    catalog = Catalog(deployment.catalog_url)
    with catalog.session() as session:
        clips = session.scalar(select(func.count()).select_from(ClipRow)) or 0
        renders = select(func.count()).select_from(Encode).where(Encode.work.like("render%"))
        encodes = session.scalar(renders) or 0
    print(f"{encodes} clips encoded to the end, {clips} there are")
    if encodes > clips + kills:
        return [f"{encodes - clips} clips were made again, for {kills} kills"]
    return []


if __name__ == "__main__":
    sys.exit(main())
