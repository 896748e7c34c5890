"""Files behind links, from servers that lie, stall, break and lead astray."""

import dataclasses
import gzip
import hashlib
import threading
import time

import pytest

from vidpipe.downloads.direct import fetch_direct
from vidpipe.downloads.fetch import fetch
from vidpipe.downloads.model import DownloadFailed, DownloadProgress, DownloadStopped, WebPage
from vidpipe.outbound import AddressGuard
from vidpipe_tests.downloads.conftest import LIMITS, OPEN, redirect, status, whole
from vidpipe_tests.downloads.servers import media, ranged


def get(url, folder, *, guard=OPEN, progress=None, **limits):
    held = dataclasses.replace(LIMITS, **limits)
    return fetch(url, folder, guard, held, progress or DownloadProgress(), pages=False)


def failed(url, folder, code, **more) -> DownloadFailed:
    with pytest.raises(DownloadFailed) as error:
        get(url, folder, **more)
    assert error.value.code == code, error.value
    return error.value


# What arrives


def test_a_file_is_fetched_under_the_name_of_its_link(site, film, tmp_path):
    site.paths["/talks/A%20talk.mp4"] = whole(film)
    progress = DownloadProgress()
    found = get(site.url("/talks/A%20talk.mp4?key=secret"), tmp_path / "d", progress=progress)
    assert found.name == "A talk.mp4" and found.path.read_bytes() == film
    assert progress.received == progress.total == found.size_bytes == len(film)
    (_, headers), *_ = site.asked
    assert headers["Accept-Encoding"] == "identity" and "Cookie" not in headers


@pytest.mark.parametrize(
    ("disposition", "path", "kind", "name"),
    [
        ('attachment; filename="Lecture 1.mp4"', "/x", "video/mp4", "Lecture 1.mp4"),
        ("attachment; filename*=UTF-8''B%C3%BCcher.mp4", "/x", "video/mp4", "Bücher.mp4"),
        ('attachment; filename="../../etc/passwd"', "/x", "video/mp4", "passwd.mp4"),
        ('attachment; filename="C:\\\\a\\\\b.mov"', "/x", "video/quicktime", "b.mov"),
        ('attachment; filename=".hidden.mp4"', "/x", "video/mp4", "hidden.mp4"),
        ('attachment; filename="a.exe"', "/x", "application/octet-stream", "a.mp4"),
        ('attachment; filename="talk.f137.mp4"', "/x", "video/mp4", "talk_f137.mp4"),
        ('attachment; filename="talk.mp4.part"', "/x", "video/mp4", "talk.mp4"),
        ("", "/stream", "audio/mp4", "stream.m4a"),
        ("", "/", "video/mp4", "video.mp4"),
        ("", "/a%2F..%2Fb.mp4", "video/mp4", "b.mp4"),
        ("", "/v1.2 final.MP4".replace(" ", "%20"), "video/mp4", "v1.2 final.mp4"),
        ("", "/" + "x" * 300 + ".mp4", "video/mp4", "x" * 120 + ".mp4"),
        ("", "/%E2%80%AE4pm.exe", "video/mp4", "4pm.mp4"),
    ],
)
def test_names_are_made_safe(site, film, tmp_path, disposition, path, kind, name):
    more = {"Content_Disposition": disposition} if disposition else {}
    site.paths[path] = whole(film, kind, **more)
    assert get(site.url(path), tmp_path / "d").name == name


def test_redirects_are_followed_and_a_type_is_not_needed(site, film, tmp_path):
    site.paths["/a"] = redirect("/b/talk.mp4")
    site.paths["/b/talk.mp4"] = whole(film, "")
    assert get(site.url("/a"), tmp_path / "d").name == "talk.mp4"


def test_a_body_without_a_length_is_fetched_to_its_end(site, film, tmp_path):
    def chunked(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for k in range(0, len(film), 1000):
            piece = film[k : k + 1000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")

    site.paths["/a.mp4"] = chunked
    assert get(site.url("/a.mp4"), tmp_path / "d").path.read_bytes() == film


# Where it may not lead


def test_a_private_address_is_not_asked(site, film, tmp_path):
    site.paths["/a.mp4"] = whole(film)
    error = failed(site.url("/a.mp4"), tmp_path / "d", "private_address", guard=AddressGuard())
    assert not error.retry and not site.asked
    assert failed("ftp://127.0.0.1/a", tmp_path / "d", "url_refused")


@pytest.mark.parametrize("to", ["http://127.0.0.2:{port}/a.mp4", "http://169.254.169.254/a.mp4"])
def test_a_redirect_into_the_private_network_is_not_followed(site, inside, film, tmp_path, to):
    inside.paths["/a.mp4"] = whole(film)
    site.paths["/a.mp4"] = redirect(to.format(port=inside.port))
    failed(site.url("/a.mp4"), tmp_path / "d", "private_address")
    assert site.asked and not inside.asked and not (tmp_path / "d").exists()


def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(site, inside, film, tmp_path):
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    guard = AddressGuard(allowed=("127.0.0.1/32",), resolver=lambda host, port: next(answers))
    site.paths["/a.mp4"] = redirect("/b.mp4")
    inside.paths["/b.mp4"] = whole(film)
    url = site.url("/a.mp4", host="media.example")
    guard.check(url)
    failed(url, tmp_path / "d", "private_address", guard=guard)
    assert not inside.asked


def test_redirects_come_to_an_end(site, tmp_path):
    site.paths["/a.mp4"] = redirect("/a.mp4")
    assert "leads on" in str(failed(site.url("/a.mp4"), tmp_path / "d", "refused"))
    assert len(site.asked) == LIMITS.max_redirects + 1


# How large


def test_what_says_that_it_is_too_large_is_not_fetched(site, film, tmp_path):
    site.paths["/a.mp4"] = whole(media(film, 3 << 20))
    error = failed(site.url("/a.mp4"), tmp_path / "d", "too_large", max_bytes=1 << 20)
    assert not error.retry and "VIDPIPE_DOWNLOADS__MAX_GIB" in str(error)
    assert not (tmp_path / "d").exists()


def test_a_body_without_end_is_ended(site, film, tmp_path):
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        handler.wfile.write(film)
        while len(sent) < 2000:
            handler.wfile.write(bytes(1 << 16))
            sent.append(1)

    site.paths["/a.mp4"] = endless
    failed(site.url("/a.mp4"), tmp_path / "d", "too_large", max_bytes=4 << 20)
    assert len(sent) < 1000 and not (tmp_path / "d").exists()


def test_what_says_less_than_it_sends_is_no_longer_than_it_said(site, film, tmp_path):
    def lying(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(len(film)))
        handler.end_headers()
        handler.wfile.write(film + bytes(1 << 20))
        handler.close_connection = True

    site.paths["/a.mp4"] = lying
    assert get(site.url("/a.mp4"), tmp_path / "d").path.read_bytes() == film


def test_what_says_more_than_it_sends_is_not_whole(site, film, tmp_path):
    def short(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(len(film) + 1000))
        handler.end_headers()
        handler.wfile.write(film)
        handler.close_connection = True

    site.paths["/a.mp4"] = short
    assert failed(site.url("/a.mp4"), tmp_path / "d", "unreachable").retry


def test_a_bomb_is_not_unpacked(site, film, tmp_path):
    bomb = gzip.compress(film + bytes(100 << 20))
    assert len(bomb) < 1 << 20
    site.paths["/a.mp4"] = whole(bomb, Content_Encoding="gzip")
    error = failed(site.url("/a.mp4"), tmp_path / "d", "not_media")
    assert "compressed" in str(error) and not error.retry


# How long


def test_a_server_that_drips_is_given_up(site, film, tmp_path):
    def drips(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(len(film)))
        handler.end_headers()
        for byte in film:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.1)

    site.paths["/a.mp4"] = drips
    began = time.monotonic()
    error = failed(site.url("/a.mp4"), tmp_path / "d", "timed_out", read_s=1.0)
    assert error.retry and time.monotonic() - began < 10


def test_a_server_whose_headers_never_end_is_given_up(site, tmp_path):
    def headers(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            handler.wfile.write(b"X-A: b\r\n")
            handler.wfile.flush()
            time.sleep(0.1)

    site.paths["/a.mp4"] = headers
    began = time.monotonic()
    assert failed(site.url("/a.mp4"), tmp_path / "d", "timed_out", read_s=0.5).retry
    assert time.monotonic() - began < 10


def test_a_server_that_says_nothing_is_given_up(site, tmp_path):
    held = threading.Event()
    site.paths["/a.mp4"] = lambda handler: held.wait(30)
    assert failed(site.url("/a.mp4"), tmp_path / "d", "timed_out", read_s=0.3).retry
    held.set()


def test_an_attempt_has_its_time_and_the_next_one_goes_on(site, film, tmp_path):
    data = media(film, 4 << 20)
    slow = threading.Event()

    def answer(handler):
        if slow.is_set():
            return ranged(data, breaks=[])(handler)
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("ETag", '"a"')
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        for k in range(0, len(data), 1 << 16):
            handler.wfile.write(data[k : k + (1 << 16)])
            time.sleep(0.2)

    site.paths["/a.mp4"] = answer
    error = failed(site.url("/a.mp4"), tmp_path / "d", "timed_out", time_s=1.0)
    kept = (tmp_path / "d" / "part").stat().st_size
    assert error.retry and 0 < kept < len(data)
    slow.set()
    assert get(site.url("/a.mp4"), tmp_path / "d").path.read_bytes() == data
    assert site.asked[-1][1]["Range"].startswith("bytes=")


def test_what_is_not_wanted_any_more_stops_and_leaves_nothing(site, film, tmp_path):
    progress = DownloadProgress()

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(100 << 20))
        handler.end_headers()
        handler.wfile.write(film)
        handler.wfile.flush()
        progress.stop.set()
        time.sleep(1.5)

    site.paths["/a.mp4"] = answer
    began = time.monotonic()
    with pytest.raises(DownloadStopped):
        get(site.url("/a.mp4"), tmp_path / "d", progress=progress, max_bytes=1 << 30)
    assert time.monotonic() - began < 1.4 and not (tmp_path / "d").exists()


# Lines that break


def test_a_line_that_breaks_is_taken_up_where_it_broke(site, film, tmp_path):
    data = media(film, 3 << 20)
    site.paths["/a.mp4"] = ranged(data, breaks=[1 << 20, 1 << 20])
    found = get(site.url("/a.mp4"), tmp_path / "d")
    assert hashlib.sha256(found.path.read_bytes()).digest() == hashlib.sha256(data).digest()
    begun = [headers.get("Range") for _, headers in site.asked]
    assert begun == [None, f"bytes={1 << 20}-", f"bytes={2 << 20}-"]


def test_a_server_without_ranges_is_begun_anew(site, film, tmp_path):
    data = media(film, 2 << 20)
    site.paths["/a.mp4"] = ranged(data, breaks=[1 << 20], ranges=False)
    assert get(site.url("/a.mp4"), tmp_path / "d").path.read_bytes() == data


def test_another_file_under_the_link_meanwhile_is_not_mixed(site, film, tmp_path):
    old, new = media(film, 2 << 20), media(film, (2 << 20) + 7)[::-1]
    new = film + new
    old_answer = ranged(old, breaks=[1 << 20] * 9, etag='"old"')
    new_answer = ranged(new, breaks=[], etag='"new"')

    def answer(handler):
        (old_answer if len(site.asked) == 1 else new_answer)(handler)

    site.paths["/a.mp4"] = answer
    assert get(site.url("/a.mp4"), tmp_path / "d").path.read_bytes() == new


def test_a_part_that_was_not_asked_for_is_not_taken(site, film, tmp_path):
    data = media(film, 2 << 20)
    first = ranged(data, breaks=[1 << 20])

    def answer(handler):
        if "Range" not in handler.headers:
            return first(handler)
        handler.send_response(206)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("ETag", '"a"')
        handler.send_header("Content-Range", f"bytes 5-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - 5))
        handler.end_headers()
        handler.wfile.write(data[5:])

    site.paths["/a.mp4"] = answer
    assert failed(site.url("/a.mp4"), tmp_path / "d", "unreachable").retry


def test_a_line_that_breaks_at_once_every_time_is_given_up(site, film, tmp_path):
    site.paths["/a.mp4"] = ranged(media(film, 2 << 20), breaks=[0] * 99)
    assert failed(site.url("/a.mp4"), tmp_path / "d", "unreachable").retry
    assert len(site.asked) == 4


# What a server says


@pytest.mark.parametrize(
    ("code", "kind", "retry"),
    [
        (401, "needs_login", False),
        (403, "needs_login", False),
        (404, "gone", False),
        (410, "gone", False),
        (400, "refused", False),
        (429, "unreachable", True),
        (500, "unreachable", True),
        (503, "unreachable", True),
        (204, "refused", False),
    ],
)
def test_what_a_status_means(site, tmp_path, code, kind, retry):
    site.paths["/a.mp4"] = status(code, Retry_After="120")
    error = failed(site.url("/a.mp4"), tmp_path / "d", kind)
    assert error.retry is retry and str(code) in str(error)
    assert error.retry_after_s == (120.0 if retry else None)


def test_nobody_listens(tmp_path):
    error = failed("http://127.0.0.1:9/a.mp4".replace(":9/", ":59999/"), tmp_path, "unreachable")
    assert error.retry


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE html><title>Video</title>", "text/html; charset=utf-8"),
        (b"<!DOCTYPE html><title>Video</title>", "video/mp4"),
        (b"\xef\xbb\xbf\n <html>", "application/octet-stream"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", "application/vnd.apple.mpegurl"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", "video/mp4"),
    ],
)
def test_a_page_is_told_from_a_recording(site, tmp_path, data, kind):
    site.paths["/a.mp4"] = whole(data, kind)
    found = fetch_direct(site.url("/a.mp4"), tmp_path / "d", OPEN, LIMITS, DownloadProgress())
    assert isinstance(found, WebPage)
    error = failed(site.url("/a.mp4"), tmp_path / "d", "not_media")
    assert "the link of the file itself" in str(error) and not error.retry


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7 " + bytes(9000), "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9000), "image/png"),
        (bytes(9000), "video/mp4"),
        (b"", "video/mp4"),
        (b"PK\x03\x04" + bytes(9000), "application/zip"),
        (b'{"error": "no"}', "application/json"),
    ],
)
def test_what_is_no_recording_is_not_kept(site, tmp_path, data, kind):
    site.paths["/a.mp4"] = whole(data, kind)
    assert "MP4" in str(failed(site.url("/a.mp4"), tmp_path / "d", "not_media"))
    assert not (tmp_path / "d").exists()


def test_a_stranger_s_words_and_keys_are_not_said(site, tmp_path):
    error = failed(
        "http://nobody.invalid/a.mp4?key=secret", tmp_path, "unreachable", guard=AddressGuard()
    )
    assert "secret" not in str(error)
