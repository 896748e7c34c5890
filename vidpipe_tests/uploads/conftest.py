"""The service as a process of its own, which can be killed; files to send to it."""

from __future__ import annotations

import base64
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from vidpipe.api.app import service
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata(**fields: str) -> str:
    """`Upload-Metadata` of these fields."""
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in fields.items())


def noise(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


def served(home: Path, **settings) -> Library:
    made = load_settings(
        home=home, allow_model_download=False, public_url="http://testserver", **settings
    )
    return Library(Engine(made))


@pytest.fixture
def home(tmp_path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def library(home) -> Library:
    return served(home)


@pytest.fixture
def client(library) -> Iterator[TestClient]:
    with TestClient(service(library), base_url="http://testserver/api/v1") as made:
        yield made


@dataclass
class Server:
    """`vidpipe serve` over a home, on a port that it keeps over its deaths."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def start(self) -> None:
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
        environment = {**os.environ, "VIDPIPE_HOME": str(self.home), **self.environment}
        command = ["-c", "from vidpipe.cli import main; main()", "serve", "--port", str(self.port)]
        with (self.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command], env=environment, stdout=log, stderr=log
            )
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.api}/health", timeout=2).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError((self.home / "serve.log").read_text())

    def kill(self) -> None:
        """End it at once, as the kernel does when memory is short."""
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("served")
    made = Server(
        home,
        {
            "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
            "VIDPIPE_SERVICE__TIMEOUT_S": "4",
            "VIDPIPE_SERVICE__UPLOAD_IDLE_S": "2",
        },
    )
    made.start()
    yield made
    made.kill()


@pytest.fixture
def serving(server) -> Iterator[Server]:
    """The server with an empty drop folder and no upload of before."""
    if server.process.poll() is not None:
        server.start()
    shutil.rmtree(server.home / "drop/default", ignore_errors=True)
    yield server
    if server.process.poll() is not None:
        server.start()
    with httpx.Client(base_url=server.api, timeout=30) as client:
        for item in client.get("/uploads/open").json()["items"]:
            client.delete(f"/uploads/{item['upload_id']}")


def dropped(home: Path, channel: str = "default") -> dict[str, bytes]:
    """What lies in the drop folder of a channel."""
    folder = home / "drop" / channel
    return {p.name: p.read_bytes() for p in folder.glob("*")} if folder.exists() else {}


def left(home: Path) -> list[str]:
    """What lies in the hidden folder of uploads that are not whole."""
    return sorted(p.name for p in (home / "drop" / ".uploads").glob("*"))


def installed(package: str) -> Path:
    """The folder of a package of npm in `.venv/tus`; skips where it or Node is not there."""
    folder = Path(__file__).parents[2] / ".venv/tus/node_modules" / package
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not folder.exists():
        pytest.skip(f"{package} is not installed: npm install --prefix .venv/tus {package}")
    return folder
