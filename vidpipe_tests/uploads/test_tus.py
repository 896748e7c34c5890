"""tus 1.0 as its clients speak it: what is said, answered and refused."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from tusclient import client as tusclient

from vidpipe.catalog.tables import now
from vidpipe_tests.uploads.conftest import PIECE, TUS, dropped, left, metadata, noise
from vidpipe_tests.uploads.tus import begun, offset, send

pytestmark = pytest.mark.timeout(120)


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
