"""Who asks oddly, slowly, or under another name."""

from __future__ import annotations

import resource
import socket
import threading
import time
from contextlib import closing, contextmanager

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from vidpipe.errors import Unavailable
from vidpipe.library import Library
from vidpipe.storage.objects import ObjectStore
from vidpipe.web import web_app
from vidpipe.web.files import part_of
from vidpipe.web.guard import is_host, known_hosts
from vidpipe.web.limits import BoundedProtocol, most_connections
from vidpipe_tests.web.conftest import browse, film, film_bytes

# Ranges


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("", (0, 10, False)),
        ("bytes=0-", (0, 10, True)),
        ("bytes=2-3", (2, 4, True)),
        ("bytes=-3", (7, 10, True)),
        ("bytes=-30", (0, 10, True)),
        ("bytes=9-99", (9, 10, True)),
        ("bytes=0-0", (0, 1, True)),
        ("bytes=0-" + 5000 * "9", (0, 10, True)),
        ("bytes=-" + 5000 * "9", (0, 10, True)),
        ("bytes=00000000000000000000002-3", (2, 4, True)),
        # One range of which there is nothing.
        ("bytes=10-", None),
        ("bytes=-0", None),
        ("bytes=" + 5000 * "9" + "-", None),
        # To be passed over: the whole is due.
        ("bytes=-", (0, 10, False)),
        ("bytes=3-2", (0, 10, False)),
        ("bytes=0-1,3-4", (0, 10, False)),
        ("lines=1-2", (0, 10, False)),
        ("bytes=one-two", (0, 10, False)),
        ("bytes=\u0661-\u0662", (0, 10, False)),
        ("bytes 0-1", (0, 10, False)),
    ],
)
def test_ranges_are_read_by_the_book(wanted, part):
    assert part_of(wanted, 10) == part


def test_nothing_of_an_empty_file_is_a_range():
    assert part_of("bytes=0-", 0) is None and part_of("bytes=-5", 0) is None
    assert part_of("", 0) == (0, 0, False)


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_head_reads_nothing_and_says_the_same(processed, in_bucket, kind, monkeypatch):
    engine = processed.engine if kind == "folder" else in_bucket(True)
    browser = browse(engine)
    path = f"/files/{film(processed)}"
    whole = browser.get(path)
    assert whole.content == film_bytes(processed)

    def never(*_):
        raise AssertionError("it was read")

    monkeypatch.setattr(ObjectStore, "get_range", never)
    head = browser.head(path)
    for name in ("content-length", "content-type", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name], name
    assert head.status_code == 200 and head.content == b""


def test_parts_that_fit_another_version_are_not_mixed(processed):
    browser = browse(processed.engine)
    path, data = f"/files/{film(processed)}", film_bytes(processed)
    tag = browser.head(path).headers["etag"]
    part = {"Range": "bytes=3-5"}
    assert browser.get(path, headers={**part, "If-Range": tag}).content == data[3:6]
    assert browser.get(path, headers={**part, "If-Range": '"older"'}).content == data
    assert browser.get(path, headers={"If-None-Match": tag}).status_code == 304
    past = browser.get(path, headers={"Range": f"bytes={len(data)}-"})
    assert past.status_code == 416
    assert past.headers["content-range"] == f"bytes */{len(data)}"


# Odd keys


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_odd_names_are_not_found_and_no_bug(processed, in_bucket, kind):
    engine = processed.engine if kind == "folder" else in_bucket(True)
    browser = browse(engine)
    video = f"/files/default/{processed.video_id}/clips"
    odd = [
        *(f"{video}/{name}" for name in ("a%00b", "a%09b", "%1b%5b2J", "x" * 300, "x" * 3000)),
        f"{video}/%ff%fe",
        f"{video}/%ed%b0%80",
        *(f"/videos/{name}" for name in ("a%00b", "x" * 3000, "%0a")),
        *(f"/docs/{name}" for name in ("a%00b", "x" * 300, "x" * 3000, "%0a.md", "a/" * 600)),
    ]
    for path in odd:
        assert browser.get(path).status_code == 404, path
    path = f"/files/{film(processed)}"
    for width in ("9" * 5000, "-1", "1e3", "\u0663\u0662\u0660", "0" * 5000 + "320"):
        assert browser.get(path, params={"width": width}).status_code in (200, 404), width[:9]


# Names and what a browser may do


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("localhost", True),
        ("LOCALHOST:3001", True),
        ("127.0.0.1:3001", True),
        ("10.1.2.3", True),
        ("[::1]:3001", True),
        ("clips.example.com", True),
        ("clips.example.com.", True),
        ("rebound.example.org", False),
        ("localhost.example.org:3001", False),
        ("127.0.0.1.example.org", False),
        ("", False),
    ],
)
def test_only_names_of_ours_are_answered(header, known):
    hosts = known_hosts("https://clips.example.com/under")
    assert is_host(header, hosts) is known


def test_a_page_under_another_name_gets_nothing(processed):
    browser = TestClient(web_app(Library(processed.engine)), base_url="http://rebound.example.org")
    for path in ("/", f"/videos/{processed.video_id}", f"/files/{film(processed)}", "/health"):
        answer = browser.get(path)
        assert answer.status_code == 421 and processed.video_id not in answer.text


def test_every_answer_says_what_a_browser_may_do_with_it(processed):
    browser = browse(processed.engine)
    for path in ("/", "/nothing", f"/files/{film(processed)}", "/docs/runbook.md"):
        said = browser.get(path).headers
        assert said["x-content-type-options"] == "nosniff"
        assert said["x-frame-options"] == "DENY"
        assert "default-src 'none'" in said["content-security-policy"]
        assert "script-src" not in said["content-security-policy"]
        assert "frame-ancestors 'none'" in said["content-security-policy"]


def test_pages_may_show_what_a_bucket_hands_out(in_bucket, s3_options):
    answer = browse(in_bucket(False)).get("/health")
    said = answer.headers["content-security-policy"]
    assert f"media-src 'self' {s3_options['endpoint']};" in said
    streamed = browse(in_bucket(True)).get("/health").headers["content-security-policy"]
    assert "media-src 'self';" in streamed


def test_what_is_away_is_said_without_its_address(processed, monkeypatch, caplog):
    def away(*_):
        raise Unavailable("s3://secret-bucket at http://10.0.0.7:9000: refused")

    monkeypatch.setattr(ObjectStore, "head", away)
    answer = browse(processed.engine).get(f"/files/{film(processed)}")
    assert answer.status_code == 503 and "secret-bucket" not in answer.text
    assert "10.0.0.7" not in answer.text and "secret-bucket" in caplog.text


# Slow and many


@contextmanager
def serving(engine, **limits):
    """A real server with limits of its own; its address."""
    protocol = type("Small", (BoundedProtocol,), limits)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    config = uvicorn.Config(web_app(Library(engine)), port=port, log_level="error", http=protocol)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield port
    server.should_exit = server.force_exit = True
    thread.join(timeout=10)


def connect(port, said=b""):
    opened = socket.create_connection(("127.0.0.1", port), timeout=10)
    opened.sendall(said)
    return opened


def closed(opened, within_s):
    opened.settimeout(within_s)
    try:
        while opened.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_who_says_nothing_or_never_ends_is_let_go(processed, monkeypatch):
    monkeypatch.setattr("vidpipe.web.limits.REQUEST_S", 0.5)
    monkeypatch.setattr("vidpipe.web.limits._LOOK_S", 0.1)
    with serving(processed.engine) as port:
        silent = connect(port)
        drip = connect(port, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for _ in range(4):
            time.sleep(0.1)
            drip.sendall(b"x")
        assert closed(silent, 3) and closed(drip, 3)
        assert httpx.get(f"http://127.0.0.1:{port}/health").text == "ok\n"


def test_the_longest_silent_make_room_for_who_asks(processed):
    with serving(processed.engine, most=10) as port:
        silent = [connect(port) for _ in range(30)]
        assert httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).text == "ok\n"
        assert closed(silent[0], 3) and not closed(silent[-1], 0.3)
        for opened in silent:
            opened.close()


def test_who_takes_nothing_is_let_go(processed, monkeypatch):
    monkeypatch.setattr("vidpipe.web.limits.STALLED_S", 0.5)
    monkeypatch.setattr("vidpipe.web.limits._LOOK_S", 0.1)
    monkeypatch.setattr(ObjectStore, "get_range", lambda *_: bytes(4 << 20))
    ask = f"GET /files/{film(processed)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    ended = []
    real = BoundedProtocol.connection_lost

    def lost(self, error):
        ended.append(error)
        real(self, error)

    monkeypatch.setattr(BoundedProtocol, "connection_lost", lost)
    with serving(processed.engine) as port:
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", port))
            reader.sendall(ask)
            for _ in range(50):
                if ended:
                    break
                time.sleep(0.1)
            assert ended
        assert httpx.get(f"http://127.0.0.1:{port}/health").text == "ok\n"


def test_half_of_the_files_that_may_be_open_are_left_to_others(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert most_connections() == 128
    monkeypatch.setattr(resource, "getrlimit", lambda _: (65536, 65536))
    assert most_connections() == 2048
