"""What it costs a video to be watched: logs, spans, metrics and events, all of it or none.

    python -m benchmarks.observability [RECORDING ...] [--pairs 5]

Each recording is processed again and again by `vidpipe run` into a home of its own, once with
everything on (the log as JSON from `info` on, spans to a collector on this machine, `vidpipe serve`
beside it that is scraped every 15 seconds) and once with everything off (errors alone, no spans, a
service that nobody scrapes), in turns that change who comes first. What is compared is the time of
processors that the command and all its programs took, with that of the service, so that a busy
machine does not decide; the time on the clock is shown beside it. Events are written in both: they
are part of the transactions.

Without recordings it is the made-up talk. Beside the differences, which are noisy, stands what is
loaded for it, and what is written in a run times what one of it costs, which is not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CHANNELS = "channels:\n  default: {quality: draft, clips: {count: 2, min_s: 6, max_s: 20}}\n"
_MAIN = "from vidpipe.cli import main; main()"
_SCRAPE_S = 15.0


class Sink:
    """Takes what is exported, and counts it."""

    def __init__(self) -> None:
        self.spans = 0
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                sink.spans += _spans_in(sent)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def _spans_in(sent: bytes) -> int:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest.FromString(sent)
    return sum(
        len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans
    )


@dataclass(frozen=True)
class Took:
    """One run: processor seconds of the command, of the service and of its scrapes, seconds, and
    what was written."""

    run_s: float
    service_s: float
    wall_s: float
    scrapes_s: tuple[float, ...]
    lines: int
    spans: int

    @property
    def all_s(self) -> float:
        return self.run_s + self.service_s


def processed(recording: Path, home: Path, *, watched: bool, sink: Sink) -> Took:
    """Process a recording as a new one, beside a service."""
    home.mkdir(parents=True)
    (home / "channels.yaml").write_text(_CHANNELS)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VIDPIPE_", "OTEL_"))}
    environment = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "VIDPIPE_HOME": str(home),
        "VIDPIPE_MODELS": os.environ.get("VIDPIPE_MODELS", str(ROOT / ".vidpipe" / "models")),
        "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
        "VIDPIPE_LOG__FORMAT": "json",
        "VIDPIPE_LOG__LEVEL": "info" if watched else "error",
    }
    if watched:
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink.url
    port = _free_port()
    service = subprocess.Popen(
        [sys.executable, "-c", _MAIN, "serve", "--port", str(port)],
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    log = home / "run.log"
    over = threading.Event()
    scrapes_s: list[float] = []
    try:
        _answers(f"http://127.0.0.1:{port}/health")
        if watched:
            _get(f"http://127.0.0.1:{port}/metrics")
            scraped = (port, service.pid, over, scrapes_s)
            threading.Thread(target=_scrape, args=scraped, daemon=True).start()
        before, sent = _ticks(service.pid), sink.spans
        began = time.monotonic()
        with log.open("wb") as stream:
            run = subprocess.Popen(
                [sys.executable, "-c", _MAIN, "run", str(recording), "--out", str(home / "out")],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=stream,
            )
            _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.monotonic() - began
        if run.returncode:
            raise SystemExit(log.read_text("utf-8", "replace")[-2000:])
        service_s = _ticks(service.pid) - before
    finally:
        over.set()
        service.terminate()
        service.wait(30)
    lines = len(log.read_bytes().splitlines())
    shutil.rmtree(home)
    run_s, spans = usage.ru_utime + usage.ru_stime, sink.spans - sent
    return Took(run_s, service_s, wall_s, tuple(scrapes_s), lines, spans)


def _scrape(port: int, pid: int, over: threading.Event, took_s: list[float]) -> None:
    while not over.wait(_SCRAPE_S):
        before = _ticks(pid)
        _get(f"http://127.0.0.1:{port}/metrics")
        took_s.append(_ticks(pid) - before)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def _answers(url: str) -> None:
    for _ in range(600):
        try:
            _get(url)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service does not answer")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as asked:
        return int(asked.getsockname()[1])


def _ticks(pid: int) -> float:
    """Processor seconds of a living process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


_UNITS = """
import json, os, time
import vidpipe.cli.run, vidpipe.library
from sqlalchemy import create_engine, text
from vidpipe.observability import logs, traces, spans, events
from vidpipe.observability.options import LogOptions
logs.configure(LogOptions(format="json"))
events.info("one", n=1)

def took(times, what):
    began = time.process_time()
    for _ in range(times):
        what()
    return (time.process_time() - began) / times

def statements(engine):
    with engine.connect() as connection:
        select = text("SELECT name, type, sql FROM sqlite_master WHERE name = :name")
        return took(2000, lambda: connection.execute(select, {"name": "videos"}).all())

began = time.process_time()
traces.start(os.environ, version="1")
with spans.span("stage layout"):
    pass
spans.flush()
loaded = time.process_time() - began

line = took(2000, lambda: events.info(
    "stage_run_done", video_id="default--talk-0123456789", stage="layout", wall_s=1.5
))
with spans.span("stage layout"):
    plain = min(statements(create_engine("sqlite://")) for _ in range(3))
    engine = create_engine("sqlite://")
    spans.watch(engine)
    watched = statements(engine)
began = time.process_time()
spans.flush(60.0)
watched += (time.process_time() - began) / 2000
print(json.dumps({"loaded_s": loaded, "line_s": line, "span_s": watched - plain}))
"""


def units(sink: Sink) -> dict[str, float]:
    """Processor seconds of loading what sends spans, of a line of the log and of a span.

    Loading is what comes on top of that which `vidpipe run` loads anyway; a span is that of a
    statement, as nearly all are, with its export.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VIDPIPE_", "OTEL_"))}
    tries = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", _UNITS],
            env={**kept, "PYTHONPATH": str(ROOT), "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url},
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        tries.append(json.loads(done.stdout))
    return {name: statistics.median(one[name] for one in tries) for name in tries[0]}


def main() -> int:
    """Run the pairs and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    sink = Sink()
    one = units(sink)
    with tempfile.TemporaryDirectory(prefix="vidpipe-watched-") as folder:
        recordings = options.recordings or [_made(Path(folder) / "talk.mp4")]
        for recording in recordings:
            pairs = []
            for number in range(options.pairs):
                order = (True, False) if number % 2 else (False, True)
                took = {
                    watched: processed(
                        recording, Path(folder) / f"{number}{watched}", watched=watched, sink=sink
                    )
                    for watched in order
                }
                pairs.append((took[True], took[False]))
                print(recording.name, *(f"{t.all_s:.2f}" for t in pairs[-1]), flush=True)
            _report(recording, pairs, one)
    return 0


def _made(path: Path) -> Path:
    from vidpipe.testmedia.talk import make_talk

    make_talk(path)
    return path


def _report(recording: Path, pairs: list[tuple[Took, Took]], one: dict[str, float]) -> None:
    shares = [100 * (on.all_s / off.all_s - 1) for on, off in pairs]
    off_s = statistics.median(off.all_s for _, off in pairs)
    lines, spans = (max(getattr(on, name) for on, _ in pairs) for name in ("lines", "spans"))
    scrapes_s = [took_s for on, _ in pairs for took_s in on.scrapes_s]
    scraped_s = sum(scrapes_s) / len(pairs)
    known_s = one["loaded_s"] + lines * one["line_s"] + spans * one["span_s"] + scraped_s
    print(f"{recording.name}: {len(pairs)} pairs, {off_s:.1f} s of processors unwatched")
    print(f"  watched, median of the pairs: {statistics.median(shares):+.2f} %")
    print(f"  each pair: {', '.join(f'{share:+.2f}' for share in shares)} %")
    print(
        f"  on the clock: {statistics.median(on.wall_s for on, _ in pairs):.1f} s watched,", end=" "
    )
    print(f"{statistics.median(off.wall_s for _, off in pairs):.1f} s unwatched")
    print(
        f"  loading {1000 * one['loaded_s']:.0f} ms, {lines} lines of "
        f"{1e6 * one['line_s']:.0f} us, {spans} spans of {1e6 * one['span_s']:.0f} us, "
        f"{len(scrapes_s) / len(pairs):.1f} scrapes of "
        f"{1e3 * statistics.fmean(scrapes_s or [0.0]):.0f} ms: {100 * known_s / off_s:.2f} %"
    )


if __name__ == "__main__":
    sys.exit(main())
