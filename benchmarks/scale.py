"""Ten thousand videos and a hundred thousand objects: ticks, questions of the UI, memory.

    python -m benchmarks.scale [--videos 10000] [--objects 100000]

The objects lie in a bucket that is served over the wire, the videos in PostgreSQL and as
partitions in Dagster, with materialisations. Nothing is processed: space is said to be short.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import insert

from benchmarks.deployment import Deployment, fresh, wait_for
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.tables import Video, now

FOLDER = Path("/tmp/vidpipe-scale")
SENSORS = ("drop_folder", "pending_uploads", "video_requests", "run_outcomes", "lost_runs")
#: What the pages ask: of an asset with all of its partitions, of the graph, of the runs.
QUESTIONS = {
    "asset with its partitions": """{ assetNodeOrError(assetKey: {path: ["rendered_clips"]}) {
        ... on AssetNode { partitionStats { numMaterialized numPartitions }
          assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions } }
          partitionKeys } } }""",
    "asset graph": "{ assetNodes { id groupName assetKey { path } dependencyKeys { path }"
    " description kinds partitionDefinition { name } } }",
    "runs": "{ runsOrError(limit: 30) { ... on Runs { results { runId status tags { key } } } } }",
    "one partition": """{ assetNodeOrError(assetKey: {path: ["rendered_clips"]}) {
        ... on AssetNode { latestMaterializationByPartition(partitions: ["%s"]) {
          timestamp metadataEntries { label } } } } }""",
}
#: Stands in the questions for a partition.
KEY = "%s"


def main() -> int:
    """Fill, let the daemon work, ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--videos", type=int, default=10_000)
    parser.add_argument("--objects", type=int, default=100_000)
    options = parser.parse_args()
    with Deployment(
        fresh(FOLDER),
        "channels: {default: {}}",
        objects=options.objects,
        settings_at_work={"VIDPIPE_QUEUE__MIN_FREE_GIB": "1000000"},
    ) as deployment:
        keys = fill(deployment, options.videos)
        print(f"{len(keys)} videos, {options.objects} objects", flush=True)
        catalog = Catalog(deployment.catalog_url)
        wait_for("noticed uploads", 1200, lambda: catalog.inbox.count() >= options.objects)
        wait_for("a second sweep", 600, lambda: len(sweeps(deployment)) >= 2)
        problems = tell(deployment, options.objects)
        ask(deployment, keys[len(keys) // 2])
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


def fill(deployment: Deployment, count: int) -> list[str]:
    """Finished videos in the catalog, as partitions, with two materialisations each."""
    keys = [f"default--video-{k:05d}-0123456789" for k in range(count)]
    catalog = Catalog(deployment.catalog_url)
    rows = [
        {
            "video_id": key,
            "channel": "default",
            "sha256": f"{k:064d}",
            "name": f"{k}.mp4",
            "title": f"video {k}",
            "size_bytes": 10**9,
            "duration_s": 3600.0,
            "width": 1920,
            "height": 1080,
            "sidecar_version": "",
            "priority": 0,
            "state": "accepted",
            "finished_at": now(),
            "created_at": now(),
            "updated_at": now(),
        }
        for k, key in enumerate(keys)
    ]
    with catalog.session() as session:
        for k in range(0, len(rows), 1000):
            session.execute(insert(Video), rows[k : k + 1000])
    config = deployment.home / "dagster"
    os.environ.update(deployment.environment)
    with dg.DagsterInstance.from_config(str(config)) as instance:
        for k in range(0, len(keys), 500):
            instance.add_dynamic_partitions("videos", keys[k : k + 500])
        for key in keys:
            for asset in ("source_video", "rendered_clips"):
                event = dg.AssetMaterialization(asset, partition=key, metadata={"clips": 5})
                instance.report_runless_asset_event(event)
    return keys


def ticks(deployment: Deployment, sensor: str) -> list[dict[str, Any]]:
    """Ended ticks, the oldest first."""
    found = deployment.graphql(
        """query T($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor {
             sensorState { ticks(limit: 500) { timestamp endTimestamp skipReason
                                               error { message } } } } } }""",
        s={
            "repositoryName": "__repository__",
            "repositoryLocationName": "vidpipe",
            "sensorName": sensor,
        },
    )["sensorOrError"]["sensorState"]["ticks"]
    return [t for t in reversed(found) if t["endTimestamp"]]


def sweeps(deployment: Deployment) -> list[int]:
    """How many ticks each sweep through the bucket took, of those that came to the end."""
    done, count = [], 0
    for tick in ticks(deployment, "drop_folder"):
        said = tick["skipReason"] or ""
        if " objects, " not in said:
            continue
        count += 1
        if "goes on" not in said:
            done.append(count)
            count = 0
    return done


def tell(deployment: Deployment, objects: int) -> list[str]:
    """How long ticks took, how many a sweep took, what they say, how much memory is used."""
    problems = []
    for sensor in SENSORS:
        found = ticks(deployment, sensor)
        times = [t["endTimestamp"] - t["timestamp"] for t in found]
        print(
            f"{sensor}: {len(times)} ticks, {max(times):.1f} s at most: {found[-1]['skipReason']}"
        )
        problems += [f"{sensor}: {t['error']['message']}" for t in found if t["error"]]
        if max(times) > 10:
            problems.append(f"{sensor}: a tick took {max(times):.1f} s, 10 are allowed")
    through = sweeps(deployment)
    print(f"ticks of each sweep through {objects} objects: {through}")
    if max(through) > 10:
        problems.append(f"a sweep took {max(through)} ticks, 10 are allowed")
    for name in ("daemon", "code", "web"):
        print(f"{name}: {deployment.memory_mib(name):.0f} MiB")
    return problems


def ask(deployment: Deployment, key: str) -> None:
    """What pages ask, three times each: the quickest."""
    for name, question in QUESTIONS.items():
        text = question.replace(KEY, key)
        best = float("inf")
        for _ in range(3):
            began = time.monotonic()
            deployment.graphql(text)
            best = min(best, time.monotonic() - began)
        print(f"{name}: {best:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
