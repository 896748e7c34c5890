"""tus 1.0 as its clients speak it: over kills, dropped lines, lies and two writers at once."""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import json
import socket
import threading
import time
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
from tusclient import client as tusclient
from tusclient.exceptions import TusCommunicationError

from vidpipe.catalog.tables import now
from vidpipe.library.upload_names import UploadNames
from vidpipe.uploads.partial import PartialFiles
from vidpipe_tests.uploads.conftest import (
    PIECE,
    TUS,
    Server,
    dropped,
    left,
    metadata,
    noise,
)

pytestmark = pytest.mark.timeout(120)


def begun(client, size: int | None = 1000, name: str = "talk.mp4", **fields) -> str:
    """The address of a new upload, under the client's base."""
    length = {"Upload-Defer-Length": "1"} if size is None else {"Upload-Length": str(size)}
    said = metadata(channel="default", filename=name, **fields)
    made = client.post("/tus", headers={**TUS, **length, "Upload-Metadata": said})
    assert made.status_code == 201, made.text
    return made.headers["location"].removeprefix("/api/v1")


def send(client, where: str, data: bytes, offset: int, **headers: str):
    more = {k.replace("_", "-"): v for k, v in headers.items()}
    return client.patch(
        where, content=data, headers={**PIECE, "Upload-Offset": str(offset), **more}
    )


def offset(client, where: str) -> int:
    found = client.head(where, headers=TUS)
    assert found.status_code == 200, found.headers
    assert found.headers["cache-control"] == "no-store"
    return int(found.headers["upload-offset"])


def test_what_is_spoken_is_said(client, library):
    found = client.options("/tus")
    assert found.status_code == 204 and found.headers["tus-version"] == "1.0.0"
    assert set(found.headers["tus-extension"].split(",")) == {
        *("creation", "creation-with-upload", "creation-defer-length"),
        *("checksum", "expiration", "termination"),
    }
    assert int(found.headers["tus-max-size"]) == library.upload_sessions.most_bytes
    assert found.headers["tus-checksum-algorithm"] == "sha1,sha256,sha512"


def test_an_upload_becomes_an_object_that_intake_takes(client, library, home):
    data = noise(300_000)
    where = begun(client, len(data), filetype="video/mp4", mine="kept, too")
    said = metadata(channel="default", filename="talk.mp4", filetype="video/mp4", mine="kept, too")
    assert client.head(where, headers=TUS).headers["upload-metadata"] == said
    assert send(client, where, data[:100_000], 0).headers["upload-offset"] == "100000"
    assert offset(client, where) == 100_000
    assert dropped(home) == {}, "nothing half written is seen"
    done = send(client, where, data[100_000:], 100_000)
    assert done.status_code == 204 and done.headers["upload-offset"] == "300000"
    assert done.headers["tus-resumable"] == "1.0.0"
    assert dropped(home) == {"talk.mp4": data} and left(home) == []
    (noticed,) = client.get("/uploads", params={"state": "pending"}).json()["items"]
    assert noticed["key"] == "default/talk.mp4"
    job = client.post("/jobs", json={"upload_key": noticed["key"]})
    assert job.status_code == 201
    found = client.get(where.replace("/tus/", "/uploads/")).json()
    assert (found["state"], found["received_bytes"]) == ("finished", 300_000)
    assert offset(client, where) == 300_000
    assert send(client, where, b"x", 300_000).status_code == 410


def test_the_client_of_tus_sends_a_file_in_pieces(serving, tmp_path):
    data = noise(5_000_000)
    file = tmp_path / "Ünï – talk.mp4"
    file.write_bytes(data)
    tus = tusclient.TusClient(f"{serving.api}/tus")
    uploader = tus.uploader(
        str(file),
        chunk_size=1_000_000,
        metadata={"channel": "default", "filename": file.name},
        upload_checksum=True,
    )
    uploader.upload()
    assert dropped(serving.home) == {"Ünï – talk.mp4": data}


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


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_a_piece_with_a_checksum_is_kept_whole_or_not_at_all(client, home, algorithm):
    data = noise(50_000)
    where = begun(client, len(data))
    right = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
    wrong = base64.b64encode(hashlib.new(algorithm, b"other").digest()).decode()
    answer = send(client, where, data, 0, Upload_Checksum=f"{algorithm} {wrong}")
    assert answer.status_code == 460 and answer.json()["code"] == "checksum_mismatch"
    assert answer.json()["title"] == "Checksum Mismatch"
    assert offset(client, where) == 0
    assert send(client, where, data, 0, Upload_Checksum=f"{algorithm} {right}").status_code == 204
    assert dropped(home) == {"talk.mp4": data} and left(home) == []


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


@pytest.mark.parametrize("said", ["md5 AAAA", "sha1", "sha1 ***", "sha1 AAAA", "crc32 AAAA"])
def test_checksums_that_are_none_are_refused(client, said):
    where = begun(client)
    assert send(client, where, b"a", 0, Upload_Checksum=said).status_code == 400
    assert offset(client, where) == 0


def test_requests_that_are_not_as_tus_has_them_are_refused(client):
    said = metadata(channel="default", filename="talk.mp4")
    for headers, status in (
        ({"Upload-Length": "10", "Upload-Metadata": said}, 412),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "10", "Upload-Metadata": said}, 412),
        ({**TUS, "Upload-Metadata": said}, 400),
        ({**TUS, "Upload-Length": "-5", "Upload-Metadata": said}, 400),
        ({**TUS, "Upload-Length": "1e3", "Upload-Metadata": said}, 400),
        ({**TUS, "Upload-Length": "9" * 40, "Upload-Metadata": said}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Defer-Length": "1", "Upload-Metadata": said}, 400),
        ({**TUS, "Upload-Defer-Length": "2", "Upload-Metadata": said}, 400),
        ({**TUS, "Upload-Length": "0", "Upload-Metadata": said}, 422),
        ({**TUS, "Upload-Length": str(10**15), "Upload-Metadata": said}, 413),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "filename !!!"}, 400),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": metadata(channel="none")}, 404),
        ({**TUS, "Upload-Length": "10"}, 404),
    ):
        answer = client.post("/tus", headers=headers)
        assert answer.status_code == status, (headers, answer.text)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["content-type"] == "application/problem+json"
        if status == 412:
            assert answer.headers["tus-version"] == "1.0.0"
    where = begun(client)
    bare = client.patch(where, content=b"a", headers={"Upload-Offset": "0"})
    assert bare.status_code == 412
    odd = client.patch(
        where, content=b"a", headers={**TUS, "Upload-Offset": "0", "Content-Type": "video/mp4"}
    )
    assert odd.status_code == 415
    assert client.patch(where, content=b"a", headers=PIECE).status_code == 400
    wrong = send(client, where, b"a", 5)
    assert wrong.status_code == 409 and wrong.headers["upload-offset"] == "0"
    assert client.head("/tus/upload-none", headers=TUS).status_code == 404
    assert client.head(where).status_code == 412
    assert offset(client, where) == 0


def test_lengths_that_lie_bring_nothing(client, home):
    where = begun(client, 10)
    announced = send(client, where, b"a" * 20, 0)
    assert announced.status_code == 413 and offset(client, where) == 0

    def more():
        yield from (b"a" * 6, b"b" * 6)

    assert send(client, where, more(), 0).status_code == 413
    assert offset(client, where) == 0
    assert send(client, where, b"c" * 10, 0).status_code == 204
    assert dropped(home) == {"talk.mp4": b"c" * 10}


def test_a_length_may_come_later(client, home):
    where = begun(client, None)
    found = client.head(where, headers=TUS)
    assert found.headers["upload-defer-length"] == "1" and "upload-length" not in found.headers
    assert send(client, where, b"a" * 10, 0).status_code == 204
    assert send(client, where, b"", 10, Upload_Length="5").status_code == 413
    assert send(client, where, b"b" * 5, 10, Upload_Length="20").status_code == 204
    assert client.head(where, headers=TUS).headers["upload-length"] == "20"
    assert send(client, where, b"c" * 5, 15, Upload_Length="30").status_code == 422
    assert send(client, where, b"c" * 5, 15).status_code == 204
    assert dropped(home) == {"talk.mp4": b"a" * 10 + b"b" * 5 + b"c" * 5}
    empty = begun(client, None, name="empty.mp4")
    assert send(client, empty, b"", 0, Upload_Length="0").status_code == 422


def test_a_first_piece_may_come_with_the_creation(client, home):
    said = metadata(channel="default", filename="talk.mp4")
    headers = {**PIECE, "Upload-Length": "10", "Upload-Metadata": said}
    made = client.post("/tus", content=b"01234", headers=headers)
    assert made.status_code == 201 and made.headers["upload-offset"] == "5"
    expires = parsedate_to_datetime(made.headers["upload-expires"])
    assert timedelta(hours=23) < expires - now() < timedelta(hours=25)
    where = made.headers["location"].removeprefix("/api/v1")
    assert send(client, where, b"56789", 5).status_code == 204
    whole = client.post("/tus", content=b"0123456789", headers=headers)
    assert whole.headers["upload-offset"] == "10" and "upload-expires" not in whole.headers
    assert dropped(home) == {"talk.mp4": b"0123456789", "talk-2.mp4": b"0123456789"}


def test_clients_without_patch_say_so_in_a_header(client, home):
    where = begun(client, 4)
    override = {**PIECE, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert client.post(where, content=b"abcd", headers=override).status_code == 204
    other = begun(client, 4, name="other.mp4")
    override = {**TUS, "X-HTTP-Method-Override": "DELETE"}
    assert client.post(other, headers=override).status_code == 204
    assert client.post(begun(client, 4, name="x.mp4"), headers=TUS).status_code == 405
    assert dropped(home) == {"talk.mp4": b"abcd"}


def test_an_upload_that_is_taken_back_is_gone(client, home):
    where = begun(client)
    send(client, where, b"a" * 500, 0)
    assert client.delete(where, headers=TUS).status_code == 204
    assert left(home) == [] and dropped(home) == {}
    for answer in (
        client.head(where, headers=TUS),
        send(client, where, b"a", 500),
        client.delete(where, headers=TUS),
    ):
        assert answer.status_code == 410


def test_what_nothing_came_of_for_too_long_expires_and_is_cleaned_up(client, library, home):
    from sqlalchemy import update

    from vidpipe.catalog.upload_tables import UploadSessionRow

    old, fresh, busy = (begun(client, name=f"{name}.mp4") for name in ("old", "fresh", "busy"))
    for where in (old, fresh, busy):
        send(client, where, b"a" * 10, 0)
    ids = [where.rpartition("/")[2] for where in (old, busy)]
    with library.engine.catalog.writing() as session:
        session.execute(
            update(UploadSessionRow)
            .where(UploadSessionRow.upload_id.in_(ids))
            .values(expires_at=now() - timedelta(seconds=1))
        )
    assert client.head(old, headers=TUS).status_code == 410
    assert send(client, old, b"a", 10).status_code == 410
    with library.upload_sessions.drop.files.writing(ids[1]):
        cleaned = library.upload_sessions.clean_up()
    assert (cleaned.expired, cleaned.failed) == (1, 0), "what is written to is left alone"
    assert left(home) == sorted([fresh.rpartition("/")[2], ids[1]])
    assert library.upload_sessions.clean_up().expired == 1
    assert client.head(old, headers=TUS).status_code == 410
    assert offset(client, fresh) == 10


def test_the_service_cleans_up_by_itself(client, library, home):
    from sqlalchemy import update

    from vidpipe.catalog.upload_tables import UploadSessionRow
    from vidpipe.library.chores import chores

    begun(client)
    with library.engine.catalog.writing() as session:
        session.execute(update(UploadSessionRow).values(expires_at=now() - timedelta(seconds=1)))
    works = {chore.name: chore.work for chore in chores(library)}
    assert works["stale uploads"]() is True and works["stale uploads"]() is False
    assert left(home) == [] and works["unused assets"]() is None


def test_what_no_upload_has_any_more_is_cleaned_up(client, library, home):
    import os

    where = begun(client)
    folder = home / "drop/.uploads"
    orphan = folder / ("upload-" + "0" * 20)
    orphan.write_bytes(b"x")
    aside = folder / ("upload-" + "1" * 20 + ".piece")
    aside.write_bytes(b"x")
    assert library.upload_sessions.clean_up().left == 0
    for path in (orphan, aside, folder / where.rpartition("/")[2]):
        os.utime(path, (time.time() - 7200,) * 2)
    assert library.upload_sessions.clean_up().left == 2
    assert left(home) == [where.rpartition("/")[2]]


def test_rows_of_what_ended_long_ago_are_forgotten(client, library):
    from sqlalchemy import update

    from vidpipe.catalog.upload_tables import UploadSessionRow

    where = begun(client)
    client.delete(where, headers=TUS)
    with library.engine.catalog.writing() as session:
        session.execute(update(UploadSessionRow).values(ended_at=now() - timedelta(days=31)))
    assert library.upload_sessions.clean_up().forgotten == 1
    assert client.head(where, headers=TUS).status_code == 404


# Names


@pytest.mark.parametrize(
    "name",
    [
        *("../talk.mp4", "../../etc/passwd.mp4", "/etc/talk.mp4", "a/b.mp4", "a\\b.mp4", ".."),
        *("talk\0.mp4", "talk\n.mp4", ".mp4", ".hidden.mp4", " .mp4", "talk.mp4 ", " talk.mp4"),
        *("CON.mp4", "nul.mp4", "com1.talk.mp4", "a" * 300 + ".mp4", "ä" * 120 + ".mp4", ""),
        *("talk.exe", "talk", "talk.mp4.part", "talk.f137.mp4", "talk.svg", "talk\u202e4pm.mp4"),
        *("talk.mp4/", "talk.php", "..mp4", "desktop.ini"),
    ],
)
def test_names_that_would_do_harm_are_refused(client, home, name):
    body = {"channel": "default", "name": name, "size_bytes": 10}
    answer = client.post("/uploads", json=body)
    assert answer.status_code == 422, answer.text
    said = metadata(channel="default", filename=name)
    headers = {**TUS, "Upload-Length": "10", "Upload-Metadata": said}
    assert client.post("/tus", headers=headers).status_code == 422
    assert left(home) == [] and dropped(home) == {}


@pytest.mark.parametrize(
    "name", ["talk.MP4", "What? A talk: part 1 (final).mov", "会議.mkv", "e.m4a"]
)
def test_names_of_people_are_kept(client, home, name):
    where = begun(client, 3, name=name)
    assert send(client, where, b"abc", 0).status_code == 204
    assert dropped(home) == {name: b"abc"}


def test_a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten(client, home):
    folder = home / "drop/default"
    folder.mkdir(parents=True)
    (folder / "talk.mp4").write_bytes(b"mine")
    second, third = begun(client, 3), begun(client, 3)
    # While they come, somebody drops a file by hand.
    (folder / "talk-2.mp4").write_bytes(b"theirs")
    assert send(client, second, b"two", 0).status_code == 204
    assert send(client, third, b"333", 0).status_code == 204
    assert dropped(home) == {
        "talk.mp4": b"mine",
        "talk-2.mp4": b"theirs",
        "talk-4.mp4": b"two",
        "talk-3.mp4": b"333",
    }
    view = client.get(second.replace("/tus/", "/uploads/")).json()
    assert (view["name"], view["key"]) == ("talk.mp4", "default/talk-4.mp4")


@pytest.mark.logs_errors
def test_a_channel_that_leads_out_of_the_drop_folder_takes_nothing(client, home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    where = begun(client, 3)
    (home / "drop/default").symlink_to(outside)
    answer = send(client, where, b"abc", 0)
    assert answer.status_code == 500 and answer.json()["code"] == "misconfigured"
    assert list(outside.iterdir()) == []


# What lies beside


def test_instructions_lie_beside_it_before_it_is_there(client, library, home):
    said = {"title": "Opening", "clips": 2}
    where = begun(client, 3, instructions=json.dumps(said))
    assert send(client, where, b"abc", 0).status_code == 204
    found = dropped(home)
    assert set(found) == {"talk.mp4", "talk.yaml"} and b"title: Opening" in found["talk.yaml"]
    (row,) = library.engine.catalog.uploads(["default/talk.mp4"])
    assert row.sidecars == {".yaml": "default/talk.yaml"}
    again = begun(client, 3, instructions=json.dumps({"title": "Other"}))
    assert send(client, again, b"abc", 0).status_code == 204
    assert b"Other" in dropped(home)["talk-2.yaml"]


@pytest.mark.parametrize(
    "said", ['{"clips": 900}', '{"nonsense": 1}', '{"platforms": ["myspace"]}', '{"template": "x"}']
)
def test_instructions_that_cannot_be_are_refused_before_a_byte_comes(client, home, said):
    fields = metadata(channel="default", filename="talk.mp4", instructions=said)
    answer = client.post("/tus", headers={**TUS, "Upload-Length": "3", "Upload-Metadata": fields})
    assert answer.status_code == 422 and answer.json()["details"]["reason"] == "bad_sidecar"
    assert left(home) == []


def test_a_transcript_is_uploaded_under_its_own_name_or_not_at_all(client, library, home):
    recording = begun(client, 3)
    transcript = begun(client, 6, name="talk.en.srt")
    assert send(client, recording, b"abc", 0).status_code == 204
    assert send(client, transcript, b"1\n2\n3\n", 0).status_code == 204
    (row,) = library.engine.catalog.uploads(["default/talk.mp4"])
    assert row.sidecars == {".en.srt": "default/talk.en.srt"}
    said = metadata(channel="default", filename="talk.en.srt")
    again = client.post("/tus", headers={**TUS, "Upload-Length": "6", "Upload-Metadata": said})
    assert again.status_code == 409 and again.json()["code"] == "name_taken"
