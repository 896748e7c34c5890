"""tus-js-client in Node and in a browser, which are what pages use."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from vidpipe_tests.uploads.conftest import Server, dropped, installed, left, noise

pytestmark = pytest.mark.timeout(180)
HERE = Path(__file__).parent
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def node(serving, tmp_path):
    """Runs an upload in a process of Node of its own."""
    package = installed("tus-js-client")

    def run(file: Path, *more: str) -> subprocess.Popen[str]:
        command = ["node", str(HERE / "tus_node.cjs"), str(package), f"{serving.api}/tus"]
        return subprocess.Popen(
            [*command, str(file), str(tmp_path / "urls.json"), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return run


def test_a_process_that_ends_in_the_middle_is_gone_on_with_by_the_next(serving, node, tmp_path):
    data, file = noise(30_000_000, seed=5), tmp_path / "talk.mp4"
    file.write_bytes(data)
    first = node(file, "8000000")
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 7 and said.startswith("new"), said
    second = node(file)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0 and said.startswith("resumed") and "done" in said, said
    assert "accepted 4000000" not in said
    assert dropped(serving.home) == {"talk.mp4": data} and left(serving.home) == []


def test_a_server_that_is_killed_and_comes_back_is_waited_for(serving, node, tmp_path):
    data, file = noise(40_000_000, seed=6), tmp_path / "talk.mp4"
    file.write_bytes(data)
    client = node(file)
    assert client.stdout is not None
    for line in client.stdout:
        if line.startswith("accepted"):
            break
    serving.kill()
    time.sleep(0.5)
    serving.start()
    said, _ = client.communicate(timeout=90)
    assert client.returncode == 0 and "done" in said, said
    assert dropped(serving.home) == {"talk.mp4": data}


@contextlib.contextmanager
def page_of(script: Path) -> Iterator[tuple[str, queue.Queue[str]]]:
    """A server of another origin with the page; its address, and what the page says."""
    said: queue.Queue[str] = queue.Queue()
    files = {"/": HERE / "tus_page.html", "/tus.js": script}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            file = files.get(urlsplit(self.path).path)
            body = file.read_bytes() if file else b""
            self.send_response(200 if file else 404)
            kind = "text/html" if self.path.startswith("/?") else "text/javascript"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            said.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}", said
    http.shutdown()
    http.server_close()


def test_a_page_that_is_closed_and_opened_again_goes_on(tmp_path):
    program = os.environ.get("VIDPIPE_TEST_CHROMIUM") or next(
        filter(None, map(shutil.which, _CHROMIUM)), None
    )
    if program is None:
        pytest.skip("chromium is not installed")
    script = installed("tus-js-client") / "dist/tus.min.js"
    size = 5_000_000
    home = tmp_path / "home"
    home.mkdir()
    with page_of(script) as (origin, said):
        server = Server(home, {"VIDPIPE_SERVICE__CORS_ORIGINS": f'["{origin}"]'})
        server.start()
        flags = (
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}"),
        )

        def browse(stop: int) -> str:
            url = f"{origin}/?api={server.api}&size={size}&stop={stop}"
            browser = subprocess.Popen(
                [program, *flags, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                heard = said.get(timeout=60)
                # What the page keeps for the next time is written by the browser a little later.
                time.sleep(6 if stop else 0)
                return heard
            finally:
                browser.terminate()
                browser.wait(20)

        try:
            assert browse(2_000_000).startswith("stopped ")
            (partial,) = left(home)
            assert (home / "drop/.uploads" / partial).stat().st_size >= 2_000_000
            assert browse(0) == "done"
        finally:
            server.kill()
    data = bytes((k * 31 + (k >> 8)) & 255 for k in range(size))
    assert dropped(home) == {"browser.mp4": data} and left(home) == []
