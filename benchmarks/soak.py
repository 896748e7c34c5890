"""Sixty uploads in four channels at once, under a whole deployment: nothing lost, nothing twice.

    python -m benchmarks.soak [--minutes 40]

Prints what became of each, how long it took, how fair it was, and the memory of the parts.
Ends with 1 when anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.deployment import Deployment, fresh
from benchmarks.uploads import CHANNELS_YAML, Planned, make_uploads
from vidpipe.catalog.catalog import Catalog

FOLDER = Path("/tmp/vidpipe-soak")
_RUNS = """query Runs($cursor: String) {
  runsOrError(filter: {pipelineName: "process_video"}, cursor: $cursor, limit: 200) {
    ... on Runs { results { runId status startTime endTime creationTime
                            tags { key value } } } } }"""


def main() -> int:
    """Drop, watch, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=40)
    options = parser.parse_args()
    planned = make_uploads(FOLDER / "uploads")
    with Deployment(fresh(FOLDER / "deployment"), CHANNELS_YAML) as deployment:
        started = time.monotonic()
        drop(deployment, planned)
        print(f"{len(planned)} uploads dropped", flush=True)
        memory = watch(deployment, planned, started, options.minutes * 60)
        took_s = time.monotonic() - started
        problems = judge(deployment, planned)
        print(f"all ended after {took_s / 60:.1f} min")
        problems += fairness(deployment)
        problems += flat(memory)
        if took_s > options.minutes * 60:
            problems.append(f"not all ended in {options.minutes:g} min")
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


def drop(deployment: Deployment, planned: list[Planned]) -> None:
    """All at once: sidecars before their videos, as a careful uploader does."""
    for item in planned:
        stem = item.key.rpartition(".")[0]
        for suffix, data in item.sidecars.items():
            deployment.s3.put_object(Bucket="drop", Key=stem + suffix, Body=data)
        deployment.s3.put_object(Bucket="drop", Key=item.key, Body=item.path.read_bytes())


def ends(catalog: Catalog) -> dict[str, str]:
    """Where each upload stands, in the words of `Planned.end`."""
    dead = {f.subject: f"{f.state}:{f.cause}" for f in catalog.failures.living()}
    videos = {v.video_id: v for v in catalog.videos()}
    found = {}
    for upload in catalog.uploads():
        end = upload.state
        if upload.state == "quarantined":
            end = f"quarantined:{upload.reason}"
        elif upload.state == "accepted":
            video = videos[str(upload.video_id)]
            end = dead.get(video.video_id) or ("finished" if video.finished_at else "accepted")
        elif upload.state == "failed":
            end = dead.get(upload.key, "failed")
        found[upload.key] = end
    return found


def watch(
    deployment: Deployment, planned: list[Planned], started: float, limit_s: float
) -> dict[str, list[float]]:
    """Until all have ended, with the memory of the parts every ten seconds."""
    memory: dict[str, list[float]] = {name: [] for name in ("daemon", "code", "web")}
    catalog = Catalog(deployment.catalog_url)
    said = ""
    while time.monotonic() - started < limit_s:
        for name, samples in memory.items():
            samples.append(deployment.memory_mib(name))
        now = ends(catalog)
        counts = Counter(end.split(":")[0] for end in now.values())
        line = ", ".join(f"{count} {end}" for end, count in sorted(counts.items()))
        if line != said:
            print(f"{time.monotonic() - started:6.0f} s  {line}", flush=True)
            said = line
        over = sum(counts[e] for e in ("finished", "alias", "quarantined", "dead"))
        if over >= len(planned):
            break
        time.sleep(10)
    return memory


def runs_of(deployment: Deployment) -> list[dict]:
    runs, cursor = [], None
    while True:
        page = deployment.graphql(_RUNS, cursor=cursor)["runsOrError"]["results"]
        for run in page:
            run["tags"] = {t["key"]: t["value"] for t in run["tags"]}
        runs += page
        if len(page) < 200:
            return runs
        cursor = page[-1]["runId"]


def judge(deployment: Deployment, planned: list[Planned], *, retries: bool = False) -> list[str]:
    """Each upload ended as planned, each video by one run (or more, where things were killed)."""
    found = ends(Catalog(deployment.catalog_url))
    problems = []
    aliases = {p.path for p in planned if p.end == "alias"}
    for item in planned:
        end = found.get(item.key, "never noticed")
        # Of two names of the same bytes either may be the first.
        allowed = ("alias", "finished") if item.path in aliases else (item.end,)
        if not end.startswith(allowed):
            problems.append(f"{item.key}: {end}, planned {item.end}")
    twins = [found.get(p.key) for p in planned if p.path in aliases]
    if twins.count("alias") != len(aliases):
        problems.append(f"of two names of the same bytes one is an alias: {twins}")
    extra = set(found) - {p.key for p in planned}
    problems += [f"{key}: nobody dropped it" for key in extra]
    runs = runs_of(deployment)
    good = Counter(r["tags"]["dagster/partition"] for r in runs if r["status"] == "SUCCESS")
    if not retries:
        everyone = Counter(r["tags"]["dagster/partition"] for r in runs)
        problems += [f"{v}: {n} runs" for v, n in everyone.items() if n > 1]
    problems += [f"{v}: finished {n} times" for v, n in good.items() if n > 1]
    print(f"{len(runs)} runs of {len(good)} videos finished")
    return problems


def fairness(deployment: Deployment) -> list[str]:
    """Where each channel's runs stand in the order of their starts."""
    runs = sorted((r for r in runs_of(deployment) if r["startTime"]), key=lambda r: r["startTime"])
    places: dict[str, list[int]] = {}
    for place, run in enumerate(runs, 1):
        places.setdefault(run["tags"]["vidpipe/channel"], []).append(place)
    for channel, their in sorted(places.items(), key=lambda c: len(c[1])):
        print(f"{channel}: {len(their)} runs, at places {their[0]} to {their[-1]}")
    small = min(places.values(), key=len)
    # Round-robin of four: a channel with n videos is through after about 4 n places.
    worst = len(places) * len(small) + 10
    if small[-1] > worst:
        return [f"the smallest channel was through at place {small[-1]}, {worst} would be fair"]
    return []


def flat(memory: dict[str, list[float]]) -> list[str]:
    """Memory at the end against that of the second quarter, when everything is warm."""
    problems = []
    for name, samples in memory.items():
        if len(samples) < 12:
            continue
        quarter = len(samples) // 4
        warm = statistics.median(samples[quarter : 2 * quarter])
        end = statistics.median(samples[-quarter:])
        print(f"{name}: {warm:.0f} MiB warm, {end:.0f} MiB at the end, {max(samples):.0f} at most")
        if end > warm * 1.15 + 20:
            problems.append(f"{name} grew from {warm:.0f} to {end:.0f} MiB")
    (FOLDER / "memory.json").write_text(json.dumps(memory))
    return problems


if __name__ == "__main__":
    sys.exit(main())
