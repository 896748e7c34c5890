"""A web server on this machine that behaves as badly as a test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest

from vidpipe.downloads.model import DownloadLimits
from vidpipe.outbound import AddressGuard

#: Only this address of this machine is let through: 127.0.0.2 stands for what is private.
OPEN = AddressGuard(allowed=("127.0.0.1/32",), resolver=lambda host, port: ["127.0.0.1"])
LIMITS = DownloadLimits(max_bytes=50 << 20, time_s=60.0, read_s=2.0)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A server; what it answers by path, and what it was asked for."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.paths: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                site.asked.append((self.path, dict(self.headers)))
                answer = site.paths.get(self.path.partition("?")[0], status(404))
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_HEAD = do_GET

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        self.address = address

    @property
    def port(self) -> int:
        return int(self.server.server_port)

    def url(self, path: str, host: str = "") -> str:
        return f"http://{host or self.address}:{self.port}{path}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def whole(data: bytes, kind: str = "video/mp4", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        given = {"Content-Type": kind, "Content-Length": str(len(data)), **headers}
        for name, value in given.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    return answer


def status(code: int, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


def redirect(url: str) -> Answer:
    return status(302, Location=url)


def recording(seconds: float = 2.0, *, picture: bool = True, sound: bool = True) -> bytes:
    """A real MP4 of a moving square and a tone."""
    import io

    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as made:
        streams = []
        if picture:
            video = made.add_stream("libx264", rate=10)
            video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
            streams.append(video)
        if sound:
            audio = made.add_stream("aac", rate=16000)
            audio.layout = "mono"
        if picture:
            for k in range(int(10 * seconds)):
                pixels = np.zeros((120, 160, 3), np.uint8)
                pixels[20:60, 2 * k % 120 : 2 * k % 120 + 40] = 255
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                made.mux(video.encode(frame))
            made.mux(video.encode())
        if sound:
            tone = np.sin(np.arange(int(16000 * seconds)) * 0.17).astype(np.float32)
            for k in range(0, len(tone), 1024):
                frame = av.AudioFrame.from_ndarray(tone[None, k : k + 1024], "fltp", "mono")
                frame.sample_rate, frame.pts = 16000, k
                made.mux(audio.encode(frame))
            made.mux(audio.encode())
    return held.getvalue()


@pytest.fixture(scope="session")
def film() -> bytes:
    return recording()


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@pytest.fixture
def inside():
    """A server at an address that nothing may reach."""
    made = Site("127.0.0.2")
    yield made
    made.close()
