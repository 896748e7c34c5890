"""Made-up models, and where they are to be had: wheels in a folder, a server on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vidpipe.models import FileDigest, ModelEntry
from vidpipe.models.model import Package, Url, Wheel

WEIGHTS = bytes(range(256)) * 4000
CONFIG = b'{"made": "up"}'


def digest(name: str, content: bytes) -> FileDigest:
    return FileDigest(
        name=name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )


def make_wheel(folder: Path, package: str, members: dict[str, bytes], version="1.0.0") -> Path:
    """A wheel as pip takes one, with these members."""
    module = package.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{module}-{version}-py3-none-any.whl"
    said = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in {**members, **said}.items():
            wheel.writestr(name, content)
    return path


def packaged(name: str = "made-up") -> ModelEntry:
    """A model in two wheels, its weights in a part of each."""
    half = len(WEIGHTS) // 2
    return ModelEntry(
        name=name,
        version="1.0.0",
        purpose="tests",
        stages=("demo",),
        licence="MIT",
        source=Package(
            wheels=(
                Wheel(
                    package="made-up-one",
                    version="1.0.0",
                    download_bytes=half,
                    members={"made_up_one/part1": "weights.bin"},
                ),
                Wheel(
                    package="made-up-two",
                    version="1.0.0",
                    download_bytes=half,
                    members={
                        "made_up_two/part2": "weights.bin",
                        "made_up_two/config.json": "inner/config.json",
                    },
                ),
            )
        ),
        files=(digest("weights.bin", WEIGHTS), digest("inner/config.json", CONFIG)),
    )


def make_wheels(folder: Path, weights: bytes = WEIGHTS, config: bytes = CONFIG) -> None:
    """The wheels of `packaged`."""
    half = len(WEIGHTS) // 2
    make_wheel(folder, "made-up-one", {"made_up_one/part1": weights[:half]})
    make_wheel(
        folder,
        "made-up-two",
        {"made_up_two/part2": weights[half:], "made_up_two/config.json": config},
    )


def addressed(address: str, content: bytes = WEIGHTS) -> ModelEntry:
    """A model of one file by address."""
    return ModelEntry(
        name="by-address",
        version="1",
        purpose="tests",
        stages=("demo",),
        licence="MIT",
        source=Url(files={"weights.bin": address}),
        files=(digest("weights.bin", content),),
        loads="weights.bin",
    )


@dataclass
class Served:
    """What a server on this machine hands out, and what it was asked for.

    Attributes:
        content: of the file.
        mark: its ETag.
        ranges: whether it takes ranges.
        breaks_after: bytes after which an answer breaks off; None: never.
        stalls: nothing comes any more after that, instead of breaking off.
        asked: the Range of each request, "" where there was none.
    """

    content: bytes = WEIGHTS
    mark: str = '"one"'
    ranges: bool = True
    breaks_after: int | None = None
    stalls: bool = False
    asked: list[str] = field(default_factory=list)
    address: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serving(served: Served) -> Iterator[Served]:
    """The server, while the block runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            served.asked.append(wanted)
            same = self.headers.get("If-Range") in (None, served.mark)
            first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            partial = bool(wanted) and served.ranges and same
            body = served.content[first:] if partial else served.content
            self.send_response(206 if partial else 200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", served.mark)
            if partial:
                last = len(served.content) - 1
                self.send_header("Content-Range", f"bytes {first}-{last}/{last + 1}")
            self.end_headers()
            if served.breaks_after is None:
                self.wfile.write(body)
                return
            self.wfile.write(body[: served.breaks_after])
            self.wfile.flush()
            if served.stalls:
                served.stopped.wait(60)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_port}/weights.bin"
    try:
        yield served
    finally:
        served.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
