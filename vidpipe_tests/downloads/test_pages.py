"""Recordings that pages show: yt-dlp, shut in behind the proxy."""

import dataclasses
import gzip
import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import av
import pytest

from vidpipe.downloads import page_process
from vidpipe.downloads.fetch import fetch
from vidpipe.downloads.model import DownloadFailed, DownloadProgress, DownloadStopped
from vidpipe.media.containers import MATROSKA, MP4, MPEGTS, identify_file
from vidpipe_tests.downloads.conftest import LIMITS, OPEN, recording, redirect, status, whole

pytest.importorskip("yt_dlp", reason="the extra links is not installed")
PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"


def page(body: str, title: str = "A talk: part 1/2"):
    return whole(PAGE.format(title=title, body=body).encode(), "text/html")


def get(url, folder, *, progress=None, **limits):
    held = dataclasses.replace(LIMITS, **{"read_s": 5.0, **limits})
    return fetch(url, folder, OPEN, held, progress or DownloadProgress())


def failed(url, folder, code, **limits) -> DownloadFailed:
    with pytest.raises(DownloadFailed) as error:
        get(url, folder, **limits)
    assert error.value.code == code, error.value
    assert error.value.retry or not folder.exists()
    return error.value


def test_the_video_of_a_page_is_fetched_under_its_title(site, film, tmp_path):
    site.paths["/talk"] = page('<video src="/media/v.mp4" controls></video>')
    site.paths["/media/v.mp4"] = whole(film)
    progress = DownloadProgress()
    found = get(site.url("/talk"), tmp_path / "d", progress=progress)
    assert found.path.read_bytes() == film and found.name == "A talk- part 1-2.mp4"
    assert progress.received == len(film)
    assert [p.name for p in (tmp_path / "d").iterdir() if p.suffix != ".json"] == ["part"]
    assert not any("Cookie" in headers for _, headers in site.asked)


def playlist(*segments: str) -> bytes:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2"]
    for segment in segments:
        lines += ["#EXTINF:2,", segment]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()


def as_ts(film: bytes, folder: Path) -> bytes:
    source, target = folder / "in.mp4", folder / "out.ts"
    source.write_bytes(film)
    with av.open(str(source)) as one, av.open(str(target), "w", format="mpegts") as made:
        streams = {s.index: made.add_stream_from_template(s) for s in one.streams}
        for packet in one.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
    return target.read_bytes()


def test_a_playlist_is_put_together_from_its_segments(site, film, tmp_path):
    piece = as_ts(film, tmp_path)
    site.paths["/talk.m3u8"] = whole(playlist("/a.ts", "/b.ts"), "application/vnd.apple.mpegurl")
    site.paths["/a.ts"] = site.paths["/b.ts"] = whole(piece, "video/mp2t")
    found = get(site.url("/talk.m3u8"), tmp_path / "d")
    assert found.path.read_bytes() == piece * 2
    assert identify_file(found.path) is MPEGTS and found.name.endswith(".ts")


@pytest.mark.parametrize(
    "segment",
    [
        "http://127.0.0.2:{port}/a.ts",
        "http://169.254.169.254/latest/meta-data/",
        "http://inside.example:{port}/a.ts",
        "file:///etc/passwd",
        "ftp://127.0.0.2:{port}/a.ts",
        "tcp://127.0.0.2:{port}/",
    ],
)
def test_a_playlist_does_not_lead_into_the_private_network(site, inside, film, tmp_path, segment):
    piece = as_ts(film, tmp_path)
    inside.paths["/a.ts"] = whole(piece, "video/mp2t")
    site.paths["/ok.ts"] = whole(piece, "video/mp2t")
    lines = playlist("/ok.ts", segment.format(port=inside.port))
    site.paths["/talk.m3u8"] = whole(lines, "application/vnd.apple.mpegurl")
    guard = dataclasses.replace(
        OPEN, resolver=lambda host, port: ["127.0.0.2" if "inside" in host else "127.0.0.1"]
    )
    with pytest.raises(DownloadFailed) as error:
        fetch(site.url("/talk.m3u8"), tmp_path / "d", guard, LIMITS, DownloadProgress())
    assert not inside.asked
    if segment.startswith("http"):
        assert error.value.code == "private_address" and not error.value.retry


@pytest.mark.parametrize("via", ["src", "redirect", "iframe"])
def test_a_page_does_not_lead_into_the_private_network(site, inside, film, tmp_path, via):
    inside.paths["/v.mp4"] = whole(film)
    inside.paths["/frame"] = page('<video src="/v.mp4"></video>')
    body = {
        "src": f'<video src="{inside.url("/v.mp4")}"></video>',
        "redirect": '<video src="/leads.mp4"></video>',
        "iframe": f'<meta property="og:video" content="{inside.url("/v.mp4")}">',
    }[via]
    site.paths["/leads.mp4"] = redirect(inside.url("/v.mp4"))
    site.paths["/talk"] = page(body)
    failed(site.url("/talk"), tmp_path / "d", "private_address")
    assert not inside.asked


def test_a_page_without_a_recording_and_one_with_several(site, film, tmp_path):
    site.paths["/none"] = page("<p>Words.</p>")
    assert "no recording" in str(failed(site.url("/none"), tmp_path / "d", "not_media"))
    site.paths["/two"] = page('<video src="/a.mp4"></video><video src="/b.mp4"></video>')
    site.paths["/a.mp4"] = site.paths["/b.mp4"] = whole(film)
    assert "several" in str(failed(site.url("/two"), tmp_path / "d", "not_media"))


@pytest.mark.parametrize(
    ("code", "kind"), [(404, "gone"), (403, "needs_login"), (500, "unreachable")]
)
def test_what_the_media_of_a_page_answers(site, tmp_path, code, kind):
    site.paths["/talk"] = page('<video src="/v.mp4"></video>')
    site.paths["/v.mp4"] = status(code)
    failed(site.url("/talk"), tmp_path / "d", kind)


def test_a_page_s_recording_may_be_too_large(site, film, tmp_path):
    site.paths["/talk"] = page('<video src="/v.mp4"></video>')
    site.paths["/v.mp4"] = whole(film + bytes(2 << 20))
    failed(site.url("/talk"), tmp_path / "d", "too_large", max_bytes=1 << 20)

    def endless(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        handler.wfile.write(film)
        while True:
            handler.wfile.write(bytes(1 << 16))

    site.paths["/v.mp4"] = endless
    failed(site.url("/talk"), tmp_path / "d", "too_large", max_bytes=1 << 20)


def test_a_page_that_is_a_bomb_ends_its_process_and_nothing_else(site, tmp_path):
    """Seven GiB of a page in seven MiB: the process may not have so much memory."""
    bomb = gzip.compress(b"<!DOCTYPE html>" + bytes(1 << 20)) + 120 * gzip.compress(bytes(64 << 20))
    assert len(bomb) < 8 << 20
    site.paths["/talk"] = whole(bomb, "text/html", Content_Encoding="gzip")
    failed(site.url("/talk"), tmp_path / "d", "not_media", time_s=50.0)


def test_what_is_called_a_video_and_is_a_playlist_of_files_is_refused(site, tmp_path):
    """What FFmpeg would follow into the files of this machine is given to no FFmpeg."""
    site.paths["/talk"] = page('<video src="/v.mp4"></video>')
    evil = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    site.paths["/v.mp4"] = whole(evil + bytes(5000))
    failed(site.url("/talk"), tmp_path / "d", "not_media")


def test_a_download_of_a_page_is_stopped(site, film, tmp_path):
    held, progress = threading.Event(), DownloadProgress()
    site.paths["/talk"] = page('<video src="/v.mp4"></video>')

    def hangs(handler):
        progress.stop.set()
        held.wait(20)

    site.paths["/v.mp4"] = hangs
    began = time.monotonic()
    with pytest.raises(DownloadStopped):
        get(site.url("/talk"), tmp_path / "d", progress=progress)
    held.set()
    assert time.monotonic() - began < 15 and not (tmp_path / "d").exists()


def test_a_page_has_its_time(site, film, tmp_path):
    held = threading.Event()
    site.paths["/talk"] = page('<video src="/v.mp4"></video>')
    site.paths["/v.mp4"] = lambda handler: held.wait(20)
    assert failed(site.url("/talk"), tmp_path / "d", "timed_out", time_s=4.0, read_s=20.0).retry
    held.set()


def test_picture_and_sound_that_come_apart_are_put_together(tmp_path):
    from vidpipe.downloads.pages import _whole

    (tmp_path / "v.mp4").write_bytes(recording(sound=False))
    (tmp_path / "a.m4a").write_bytes(recording(picture=False))
    made, kind = _whole([tmp_path / "v.mp4", tmp_path / "a.m4a"], tmp_path)
    assert kind is MATROSKA and identify_file(made) is MATROSKA
    with av.open(str(made)) as whole_file:
        kinds = [stream.type for stream in whole_file.streams]
        frames = sum(1 for _ in whole_file.decode(video=0))
        assert kinds == ["video", "audio"] and frames == 20
    assert _whole([tmp_path / "v.mp4"], tmp_path) == (tmp_path / "v.mp4", MP4)


# The process itself

SHUT_IN = """
import socket, subprocess, sys, os
sys.path.insert(0, {folder!r})
import page_process
page_process.shut_in(("127.0.0.1", {port}))
def refused(work):
    try:
        work()
    except PermissionError:
        return True
    except OSError:
        pass
    return False
print([
    refused(lambda: socket.create_connection(("127.0.0.2", {port}), timeout=1)),
    refused(lambda: socket.create_connection(("169.254.169.254", 80), timeout=1)),
    refused(lambda: socket.getaddrinfo("media.example", 80)),
    refused(lambda: socket.socket(socket.AF_UNIX).connect("/run/docker.sock")),
    refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("8.8.8.8", 53))),
    refused(lambda: subprocess.run(["true"])),
    refused(lambda: os.system("true")),
    refused(lambda: os.posix_spawn("/bin/true", ["true"], dict(os.environ))),
    refused(lambda: os.execv("/bin/true", ["true"])),
    refused(lambda: socket.create_connection(("127.0.0.1", {port}), timeout=1).close()),
])
"""


def test_the_process_reaches_its_proxy_alone_and_starts_nothing(site):
    folder = str(Path(page_process.__file__).parent)
    code = SHUT_IN.format(folder=folder, port=site.port)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout.lower()) == [True] * 9 + [False]


def test_neither_the_link_nor_the_password_is_on_the_command_line(site, film, tmp_path):
    psutil = pytest.importorskip("psutil")
    seen: list[list[str]] = []
    site.paths["/talk"] = page('<video src="/v.mp4"></video>')

    def look(handler):
        # Of this test alone: others run beside it, and end when they like.
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                line = process.cmdline()
                if any("page_process" in part for part in line):
                    seen.append(line)
                    assert not (Path(line[-1]) / "task.json").exists()
        whole(film)(handler)

    site.paths["/v.mp4"] = look
    get(site.url("/talk?key=secret"), tmp_path / "d")
    assert seen and not any(
        "secret" in part or "vidpipe:" in part for line in seen for part in line
    )


def test_without_yt_dlp_it_is_said_how_to_get_it(site, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    site.paths["/talk"] = page('<video src="/v.mp4"></video>')
    error = failed(site.url("/talk"), tmp_path / "d", "not_media")
    assert "pip install 'vidpipe[links]'" in str(error)
