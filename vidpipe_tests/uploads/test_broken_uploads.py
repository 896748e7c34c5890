"""Uploads over kills, dropped lines, silence and two writers at once."""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import socket
import threading
import time

import httpx
import pytest
from tusclient import client as tusclient
from tusclient.exceptions import TusCommunicationError

from vidpipe.library.upload_names import UploadNames
from vidpipe.uploads.partial import PartialFiles
from vidpipe_tests.uploads.conftest import PIECE, TUS, Server, dropped, left, noise
from vidpipe_tests.uploads.tus import begun, offset, send

pytestmark = pytest.mark.timeout(120)


def test_a_server_that_is_killed_in_the_middle_of_a_piece_goes_on(serving, tmp_path):
    data = noise(40_000_000, seed=3)
    file = tmp_path / "talk.mp4"
    file.write_bytes(data)
    tus = tusclient.TusClient(f"{serving.api}/tus")
    uploader = tus.uploader(str(file), metadata={"channel": "default", "filename": "talk.mp4"})
    url = uploader.create_url()
    # The first part of one piece, by hand, so that the kill comes in its middle.
    path = url.removeprefix(f"http://127.0.0.1:{serving.port}")
    with socket.create_connection(("127.0.0.1", serving.port)) as line:
        head = (
            f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n"
            f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        line.sendall(head.encode() + data[:13_735_552])
        partial = serving.home / "drop/.uploads" / url.rpartition("/")[2]
        for _ in range(200):
            if partial.stat().st_size > 12_000_000:
                break
            time.sleep(0.05)
        serving.kill()
    there = partial.stat().st_size
    assert 12_000_000 < there <= 13_735_552
    assert partial.read_bytes() == data[:there]
    serving.start()
    assert httpx.head(url, headers=TUS).headers["upload-offset"] == str(there)
    resumed = tus.uploader(str(file), url=url, chunk_size=5_000_000)
    assert resumed.offset == there
    resumed.upload()
    assert hashlib.sha256(dropped(serving.home)["talk.mp4"]).digest() == (
        hashlib.sha256(data).digest()
    )
    assert left(serving.home) == []


def test_a_server_that_is_killed_again_and_again_keeps_every_byte(serving, tmp_path):
    data = noise(60_000_000, seed=4)
    file = tmp_path / "talk.mp4"
    file.write_bytes(data)
    tus = tusclient.TusClient(f"{serving.api}/tus")
    url = tus.uploader(
        str(file), metadata={"channel": "default", "filename": "talk.mp4"}
    ).create_url()
    kills = 0
    while dropped(serving.home) == {}:
        timer = threading.Timer(0.12, serving.kill)
        if kills < 4:
            timer.start()
            kills += 1
        try:
            tus.uploader(str(file), url=url, chunk_size=30_000_000).upload()
        except (TusCommunicationError, OSError):
            timer.join()
            serving.start()
    timer.cancel()
    assert dropped(serving.home) == {"talk.mp4": data}


def test_a_process_that_dies_before_the_name_is_given_is_finished_by_a_look(client, library, home):
    where = begun(client, 10)
    upload_id = where.rpartition("/")[2]
    (home / "drop/.uploads" / upload_id).write_bytes(b"0123456789")
    assert offset(client, where) == 10
    assert dropped(home) == {"talk.mp4": b"0123456789"} and left(home) == []


def test_a_process_that_dies_after_the_name_is_given_gives_no_second_one(
    client, library, home, monkeypatch
):
    where = begun(client, 10)
    sessions = library.upload_sessions
    with monkeypatch.context() as patch:
        patch.setattr(UploadNames, "_finished", _dies)
        append = sessions.append(where.rpartition("/")[2], offset=0)
        append.write(b"0123456789")
        with pytest.raises(RuntimeError):
            append.end()
        append.close()
    assert dropped(home) == {"talk.mp4": b"0123456789"} and len(left(home)) == 1
    assert offset(client, where) == 10
    assert dropped(home) == {"talk.mp4": b"0123456789"} and left(home) == []


def _dies(*_):
    raise RuntimeError("the process ends here")


def test_a_client_that_breaks_off_keeps_what_it_sent(serving):
    with httpx.Client(base_url=serving.api) as client:
        where = begun(client, 5_000_000)
        with socket.create_connection(("127.0.0.1", serving.port)) as line:
            head = (
                f"PATCH /api/v1{where} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n"
                "Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
                "Content-Length: 5000000\r\n\r\n"
            )
            line.sendall(head.encode() + b"a" * 2_000_000)
        for _ in range(100):
            there = offset(client, where)
            answer = send(client, where, b"b" * (5_000_000 - there), there)
            if answer.status_code not in (409, 423):
                break
            time.sleep(0.05)
        assert answer.status_code == 204
        # What the server had not taken from the line when it broke off is lost.
        assert 1_000_000 < there <= 2_000_000
    data = dropped(serving.home)["talk.mp4"]
    assert data == b"a" * there + b"b" * (5_000_000 - there)


def test_a_client_that_falls_silent_is_ended_and_lets_others_write(serving):
    with httpx.Client(base_url=serving.api, timeout=30) as client:
        where = begun(client, 100)
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", serving.port)) as line:
            head = (
                f"PATCH /api/v1{where} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n"
                "Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
                "Content-Length: 100\r\n\r\n"
            )
            line.sendall(head.encode() + b"a" * 10)
            said = b"".join(iter(lambda: line.recv(65536), b""))
        assert said.startswith(b"HTTP/1.1 408") and b'"silent"' in said
        assert 1.5 < time.monotonic() - began < 15
        assert offset(client, where) == 10
        assert send(client, where, b"b" * 90, 10).status_code == 204


def test_a_long_piece_outlasts_the_limits_of_other_requests(serving):
    """The service gives up other requests after 4 s, and their bodies at 1 MiB."""
    with httpx.Client(base_url=serving.api, timeout=30) as client:
        where = begun(client, 6_000_000)

        def slowly():
            for _ in range(12):
                time.sleep(0.5)
                yield b"a" * 500_000

        assert send(client, where, slowly(), 0).status_code == 204
        huge = client.post("/jobs", content=b"{" + b" " * 2_000_000)
        assert huge.status_code == 413
    assert len(dropped(serving.home)["talk.mp4"]) == 6_000_000


def test_a_second_writer_is_refused_while_one_writes(serving):
    with httpx.Client(base_url=serving.api, timeout=30) as client:
        where = begun(client, 1000)
        begins, may_end = threading.Event(), threading.Event()

        def slowly():
            yield b"a" * 500
            begins.set()
            may_end.wait(20)
            yield b"a" * 500

        with concurrent.futures.ThreadPoolExecutor() as pool:
            first = pool.submit(
                lambda: httpx.patch(
                    f"{serving.api}{where}",
                    content=slowly(),
                    headers={**PIECE, "Upload-Offset": "0"},
                    timeout=30,
                )
            )
            begins.wait(20)
            second = client.head(where, headers=TUS)
            for _ in range(100):
                answer = send(client, where, b"b" * 10, 0)
                if answer.status_code == 423:
                    break
                time.sleep(0.02)
            deleted = client.delete(where, headers=TUS)
            may_end.set()
            assert first.result().status_code == 204
        assert second.status_code == 200, "how far it is can be asked meanwhile"
        assert answer.status_code == 423 and answer.json()["code"] == "upload_locked"
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert deleted.status_code == 423
    assert dropped(serving.home) == {"talk.mp4": b"a" * 1000}


def test_a_second_process_over_the_same_folder_is_refused_too(serving):
    other = Server(serving.home)
    other.start()
    try:
        with (
            httpx.Client(base_url=serving.api, timeout=30) as client,
            httpx.Client(base_url=other.api, timeout=30) as second,
        ):
            where = begun(client, 1000)
            upload_id = where.rpartition("/")[2]
            files = PartialFiles(serving.home / "drop")
            # This process holds it: neither of the two may write.
            with files.writing(upload_id):
                assert send(client, where, b"a", 0).status_code == 423
                assert send(second, where, b"a", 0).status_code == 423
            assert send(client, where, b"a" * 400, 0).status_code == 204
            assert offset(second, where) == 400
            assert send(second, where, b"b" * 600, 400).status_code == 204
    finally:
        other.kill()
    assert dropped(serving.home) == {"talk.mp4": b"a" * 400 + b"b" * 600}


def test_a_piece_with_a_checksum_that_breaks_off_leaves_nothing(serving):
    with httpx.Client(base_url=serving.api) as client:
        where = begun(client, 5_000_000)
        with socket.create_connection(("127.0.0.1", serving.port)) as line:
            head = (
                f"PATCH /api/v1{where} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n"
                "Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
                f"Upload-Checksum: sha1 {base64.b64encode(b'x' * 20).decode()}\r\n"
                "Content-Length: 5000000\r\n\r\n"
            )
            line.sendall(head.encode() + b"a" * 3_000_000)
            staged = serving.home / "drop/.uploads" / f"{where.rpartition('/')[2]}.piece"
            for _ in range(100):
                if staged.exists() and staged.stat().st_size > 1_000_000:
                    break
                time.sleep(0.05)
            assert staged.stat().st_size > 1_000_000
            serving.kill()
        serving.start()
        assert offset(client, where) == 0
        assert send(client, where, b"b" * 5_000_000, 0).status_code == 204
    assert dropped(serving.home) == {"talk.mp4": b"b" * 5_000_000} and left(serving.home) == []
