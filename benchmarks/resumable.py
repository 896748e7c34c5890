"""A long recording uploaded by tus to a service that is killed in its middle; a large asset.

    python -m benchmarks.resumable [--gib 5] [--piece-mib 64] [--kill-at 0.43]

The service is started as `vidpipe serve` starts it, killed (SIGKILL) while a piece is coming in,
and started again; the client asks how much is there and goes on. The bytes in the drop folder have
to be those that were sent, and no process of the service may ever have taken 200 MiB more than it
takes when it has just come up.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from PIL import Image

#: Bytes that are read and sent at once, and how often the file that is sent has bytes that are
#: no hole.
_READ, _NOISE_EVERY = 1 << 20, 64 << 20
_MOST_GROWTH = 200 << 20
_TUS = {"Tus-Resumable": "1.0.0"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=5.0)
    parser.add_argument("--piece-mib", type=int, default=64)
    parser.add_argument("--kill-at", type=float, default=0.43, help="share of the file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "talk.mp4"
        size = sparse(source, int(options.gib * 2**30))
        service = Service(Path(folder) / "home")
        service.start()
        try:
            good = upload(service, source, size, options)
            good &= asset(service)
        finally:
            service.end()
    return 0 if good else 1


def sparse(path: Path, size: int) -> int:
    """A file of holes with some noise in it, so that a piece in the wrong place is noticed."""
    rng = random.Random(7)
    with path.open("wb") as file:
        for at in range(0, size, _NOISE_EVERY):
            file.seek(at)
            file.write(rng.randbytes(4096))
        file.truncate(size)
    return size


class Service:
    """`vidpipe serve`, its memory watched over its deaths."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home = home
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.api = f"http://127.0.0.1:{self.port}/api/v1"
        self.growth = 0
        self.peak = 0

    def start(self) -> None:
        environment = {**os.environ, "VIDPIPE_HOME": str(self.home)}
        command = ["-c", "from vidpipe.cli import main; main()", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, *command], env=environment, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.api}/ready", timeout=10).is_success:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError("the service did not come up")
        self.idle = self.memory("VmRSS")

    def memory(self, what: str) -> int:
        """Bytes that its process takes, or took at most (`VmHWM`)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{what}:"):
                return int(line.split()[1]) << 10
        return 0

    def measure(self) -> None:
        """Remember what it took at most."""
        peak = self.memory("VmHWM")
        self.peak = max(self.peak, peak)
        self.growth = max(self.growth, peak - self.idle)

    def kill(self) -> None:
        self.measure()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def upload(service: Service, source: Path, size: int, options: argparse.Namespace) -> bool:
    """Send the file over one kill; whether its bytes are there."""
    wanted = digest(source)
    said = {"channel": "default", "filename": source.name, "filetype": "video/mp4"}
    metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
    made = httpx.post(
        f"{service.api}/tus",
        headers={**_TUS, "Upload-Length": str(size), "Upload-Metadata": metadata},
    )
    url = f"http://127.0.0.1:{service.port}{made.headers['location']}"
    partial = service.home / "drop/.uploads" / url.rpartition("/")[2]
    watch = threading.Thread(target=_kill_at, args=(service, partial, int(size * options.kill_at)))
    watch.start()
    began, offset, resumed = time.monotonic(), 0, 0
    with httpx.Client(timeout=120) as client:
        while offset < size:
            count = min(options.piece_mib << 20, size - offset)
            headers = {
                **_TUS,
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(count),
            }
            try:
                answer = client.patch(url, content=piece(source, offset, count), headers=headers)
                answer.raise_for_status()
                offset = int(answer.headers["upload-offset"])
            except httpx.TransportError:
                watch.join()
                killed_s = time.monotonic()
                service.start()
                offset = int(client.head(url, headers=_TUS).headers["upload-offset"])
                began += time.monotonic() - killed_s
                resumed = offset
    took_s = time.monotonic() - began
    service.measure()
    same = digest(service.home / "drop/default" / source.name) == wanted
    flat = service.growth < _MOST_GROWTH
    print(
        f"{size / 2**30:.1f} GiB in pieces of {options.piece_mib} MiB: {took_s:.1f} s "
        f"({size / 2**20 / took_s:.0f} MiB/s), killed and resumed at {resumed:,} bytes, "
        f"sha256 {'equal' if same else 'DIFFERENT'}"
    )
    print(
        f"memory of the service: {service.idle >> 20} MiB idle, {service.peak >> 20} MiB at most, "
        f"{service.growth >> 20} MiB more than idle, of {_MOST_GROWTH >> 20}"
    )
    return same and flat and 0 < resumed < size


def _kill_at(service: Service, partial: Path, size: int) -> None:
    while partial.stat().st_size < size:
        time.sleep(0.01)
    service.kill()


def piece(source: Path, offset: int, count: int) -> Iterator[bytes]:
    """Bytes of a file, a portion at a time."""
    with source.open("rb") as file:
        file.seek(offset)
        while count > 0 and (data := file.read(min(_READ, count))):
            count -= len(data)
            yield data


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def asset(service: Service) -> bool:
    """Put an asset of 50 MB; whether it is there as it was sent."""
    made = io.BytesIO()
    Image.effect_noise((1000, 1000), 80).save(made, "PNG")
    data = made.getvalue() + bytes(50_000_000 - len(made.getvalue()))
    began = time.monotonic()
    answer = httpx.put(f"{service.api}/channels/default/assets/cover", content=data, timeout=120)
    took_s = time.monotonic() - began
    answer.raise_for_status()
    service.measure()
    back = httpx.get(f"{service.api}/channels/default/assets/cover/content", timeout=120).content
    print(
        f"an asset of 50 MB: {took_s:.1f} s, {'equal' if back == data else 'DIFFERENT'}; memory of "
        f"the service {service.peak >> 20} MiB at most"
    )
    return back == data and service.growth < _MOST_GROWTH


if __name__ == "__main__":
    sys.exit(main())
