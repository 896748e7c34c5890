"""Homes with something to process, and services that process it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import yaml

from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe_tests.conftest import CHANNELS, make_engine


class Stages:
    """In the place of stages: what was run, and what is to happen instead."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.instead: Callable[[str], None] = lambda name: None

    def run_stage(self, name: str, *_: Any, **__: Any) -> Any:
        self.instead(name)
        self.ran.append(name)
        return SimpleNamespace(manifest=None, document=None)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    """Stages that make nothing, in no time."""
    made = Stages()
    monkeypatch.setattr(Engine, "run_stage", made.run_stage)
    return made


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Library]:
    """A library whose channel has these rules: `opened(render="ask")`."""

    def make(**review: str) -> Library:
        home = tmp_path / "home"
        home.mkdir()
        known = yaml.safe_load(CHANNELS)
        known["channels"]["default"] = {**known["channels"]["default"], "review": review}
        (home / "channels.yaml").write_text(yaml.safe_dump(known))
        made = Library(make_engine(home))
        made.engine.catalog.ready()
        return made

    return make


@dataclass
class Service:
    """`vidpipe` as a service over a home, in a process group of its own."""

    home: Path
    command: tuple[str, ...]
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home / "service.log").read_text("utf-8", "replace")

    def start(self) -> Service:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        environment = {
            **os.environ,
            "VIDPIPE_HOME": str(self.home),
            "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
            "VIDPIPE_DROP_SETTLE_S": "0",
            # Threads that wait for each other take as much of a processor as those that work.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "VIDPIPE_TRANSCRIPT__RECOGNISERS": "pocketsphinx",
        }
        command = ["-c", "from vidpipe.cli import main; main()", *self.command]
        with (self.home / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, "--port", str(self.port)],
                env=environment,
                stdout=log,
                stderr=log,
            )
        for _ in range(1200):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=5).status_code == 200:
                    return self
            time.sleep(0.1)
        raise AssertionError(self.log)


@pytest.fixture
def serving(tmp_path) -> Iterator[Callable[..., Service]]:
    """Starts services on one home: `serving("studio", "--no-browser")`."""
    home, made = tmp_path / "served", []
    home.mkdir()
    (home / "channels.yaml").write_text(CHANNELS)

    def start(*command: str) -> Service:
        made.append(Service(home, command).start())
        return made[-1]

    yield start
    for service in made:
        if service.process is not None and service.process.poll() is None:
            service.process.terminate()
            service.process.wait(60)
