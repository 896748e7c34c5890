"""Uploads straight into a bucket: signed parts, crashes, what the bucket says is there."""

from __future__ import annotations

import random
from datetime import timedelta

import boto3
import httpx
import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from vidpipe.api.app import service
from vidpipe.catalog.tables import now
from vidpipe.catalog.units import apart
from vidpipe.catalog.upload_tables import UploadSessionRow
from vidpipe.errors import Misconfigured
from vidpipe.library.upload_names import UploadNames
from vidpipe.uploads.bucket import (
    MOST_OBJECT,
    MOST_PART,
    MOST_PARTS,
    MultipartBucket,
    part_count,
    part_size,
)
from vidpipe_tests.api.held import allow_rows, audit_rows, is_free, refuse_rows
from vidpipe_tests.uploads.conftest import noise, served

MIB = 1 << 20
SIZE = 2 * 16 * MIB + 1000


@pytest.fixture
def prefix() -> str:
    return f"drop-{random.randrange(10**9)}"


@pytest.fixture
def library(home, s3_options, prefix):
    return served(home, drop_url=f"s3://vidpipe-test/{prefix}", drop_options=s3_options)


@pytest.fixture
def client(library):
    with TestClient(service(library), base_url="http://testserver/api/v1") as made:
        yield made


@pytest.fixture
def s3(s3_options):
    return boto3.client(
        "s3",
        endpoint_url=s3_options["endpoint"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )


def begin(client, size: int = SIZE, name: str = "talk.mp4", **more) -> dict:
    body = {"channel": "default", "name": name, "size_bytes": size, **more}
    made = client.post("/uploads", json=body)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/v1/uploads/{made.json()['upload_id']}"
    return made.json()


def put(client, upload: dict, data: bytes, numbers) -> None:
    """Send parts as a browser does: to their links, with nothing of ours."""
    signed = client.post(f"/uploads/{upload['upload_id']}/parts", json={"numbers": list(numbers)})
    assert signed.status_code == 200, signed.text
    each = upload["part_size_bytes"]
    for link in signed.json()["items"]:
        piece = data[each * (link["number"] - 1) : each * link["number"]]
        assert len(piece) == link["size_bytes"]
        answer = httpx.put(link["url"], content=piece, timeout=60)
        assert answer.status_code == 200, answer.text


def ask(client, upload: dict) -> None:
    """Ask for the link of a part: now the upload is begun in the bucket."""
    asked = client.post(f"/uploads/{upload['upload_id']}/parts", json={"numbers": [1]})
    assert asked.status_code == 200, asked.text


def objects(s3, prefix: str) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket="vidpipe-test", Prefix=f"{prefix}/").get("Contents", ())
    return {
        item["Key"].removeprefix(f"{prefix}/"): s3.get_object(
            Bucket="vidpipe-test", Key=item["Key"]
        )["Body"].read()
        for item in listed
    }


def begun_in(s3, prefix: str) -> int:
    said = s3.list_multipart_uploads(Bucket="vidpipe-test", Prefix=f"{prefix}/")
    return len(said.get("Uploads", ()))


def test_parts_are_as_a_bucket_wants_them():
    for size in (1, 5 * MIB, 16 * MIB, 16 * MIB + 1, 50 * 2**30, 200 * 2**30, MOST_OBJECT):
        each = part_size(size)
        assert 5 * MIB <= each <= MOST_PART and each % MIB == 0
        assert 1 <= part_count(size, each) <= MOST_PARTS
        assert part_count(size, each) * each >= size


def test_a_file_goes_straight_into_the_bucket(client, library, s3, prefix):
    data = noise(SIZE)
    upload = begin(client, content_type="video/mp4", instructions={"title": "Opening"})
    assert (upload["protocol"], upload["part_count"], upload["url"]) == ("multipart", 3, None)
    put(client, upload, data, [1, 2, 3])
    assert objects(s3, prefix) == {}, "nothing half written is seen"
    where = f"/uploads/{upload['upload_id']}"
    assert client.get(where).json()["received_bytes"] == SIZE
    done = client.post(f"{where}/complete")
    assert done.status_code == 200 and done.json()["state"] == "finished"
    found = objects(s3, prefix)
    assert found["default/talk.mp4"] == data and b"Opening" in found["default/talk.yaml"]
    head = s3.head_object(Bucket="vidpipe-test", Key=f"{prefix}/default/talk.mp4")
    assert head["ContentType"] == "video/mp4"
    (row,) = library.engine.catalog.uploads(["default/talk.mp4"])
    assert row.state == "pending" and row.sidecars == {".yaml": "default/talk.yaml"}
    assert client.post(f"{where}/complete").json()["state"] == "finished", "asked again"
    assert client.post(f"{where}/parts", json={"numbers": [1]}).status_code == 410


@pytest.mark.logs_errors
def test_nothing_becomes_an_object_before_it_is_written_down(client, library, s3, prefix):
    data = noise(MIB)
    upload = begin(client, MIB, instructions={"title": "Opening"})
    put(client, upload, data, [1])
    where = f"/uploads/{upload['upload_id']}"
    refuse_rows(library)
    assert client.post(f"{where}/complete").status_code == 503
    assert objects(s3, prefix) == {} and client.get(where).json()["state"] == "open"
    assert client.delete(where).status_code == 503
    allow_rows(library)
    assert client.post(f"{where}/complete").status_code == 200
    assert objects(s3, prefix)["default/talk.mp4"] == data
    begun, done = audit_rows(library)[-2:]
    assert begun["action"] == done["action"] == "upload.complete"
    assert begun["details"] == {"begun": True} and done["succeeded"] and done["after"] is not None


def test_after_a_crash_the_bucket_says_what_is_missing(client, library, s3, prefix, home):
    data = noise(SIZE, seed=2)
    upload = begin(client, fingerprint="talk.mp4-33555432-1700000000")
    put(client, upload, data, [1, 3])
    # The page is loaded anew, the server too: neither remembers anything.
    with TestClient(service(served_again(library)), base_url=str(client.base_url)) as again:
        (found,) = again.get(
            "/uploads/open",
            params={"channel": "default", "fingerprint": "talk.mp4-33555432-1700000000"},
        ).json()["items"]
        assert found["upload_id"] == upload["upload_id"]
        where = f"/uploads/{found['upload_id']}"
        parts = again.get(f"{where}/parts").json()["items"]
        assert [p["number"] for p in parts] == [1, 3] and parts[1]["size_bytes"] == 1000
        early = again.post(f"{where}/complete")
        assert early.status_code == 409 and early.json()["code"] == "upload_incomplete"
        assert early.json()["details"]["missing"] == [2]
        put(again, found, data, [2])
        assert again.post(f"{where}/complete").json()["state"] == "finished"
        assert again.get("/uploads/open").json()["items"] == []
    assert objects(s3, prefix) == {"default/talk.mp4": data}


def served_again(library):
    from vidpipe.library import Library
    from vidpipe.pipeline import Engine

    return Library(Engine(library.engine.settings))


def test_a_part_of_another_length_is_no_part(client):
    upload = begin(client)
    data = noise(SIZE)
    put(client, upload, data, [1, 2])
    (link,) = client.post(f"/uploads/{upload['upload_id']}/parts", json={"numbers": [3]}).json()[
        "items"
    ]
    assert httpx.put(link["url"], content=b"short").status_code == 200
    early = client.post(f"/uploads/{upload['upload_id']}/complete")
    assert early.status_code == 409 and early.json()["details"]["missing"] == [3]
    put(client, upload, data, [3])
    assert client.post(f"/uploads/{upload['upload_id']}/complete").status_code == 200


def test_a_completion_whose_answer_was_lost_is_found(client, library, s3, prefix, monkeypatch):
    upload = begin(client, 1000)
    put(client, upload, noise(1000), [1])
    sessions = library.upload_sessions
    with monkeypatch.context() as patch:
        patch.setattr(UploadNames, "_finished", _dies)
        with pytest.raises(RuntimeError):
            sessions.complete(upload["upload_id"])
    assert "default/talk.mp4" in objects(s3, prefix)
    done = client.post(f"/uploads/{upload['upload_id']}/complete")
    assert done.status_code == 200 and done.json()["state"] == "finished"


@pytest.mark.parametrize("ends", ["cancel", "expire"])
def test_what_became_an_object_is_finished_and_not_taken_back(
    client, library, s3, prefix, monkeypatch, ends
):
    upload = begin(client, 1000)
    put(client, upload, noise(1000), [1])
    sessions, upload_id = library.upload_sessions, upload["upload_id"]
    with monkeypatch.context() as patch:
        patch.setattr(UploadNames, "_finished", _dies)
        with pytest.raises(RuntimeError):
            sessions.complete(upload_id)
    if ends == "cancel":
        assert client.delete(f"/uploads/{upload_id}").status_code == 410
    else:
        with library.engine.catalog.writing() as session:
            session.get(UploadSessionRow, upload_id).expires_at = now() - timedelta(days=1)
        sessions.clean_up()
    assert sessions.get(upload_id).state == "finished"
    assert "default/talk.mp4" in objects(s3, prefix)


def _dies(*_):
    raise RuntimeError("the process ends here")


def test_nothing_is_overwritten(client, s3, prefix):
    s3.put_object(Bucket="vidpipe-test", Key=f"{prefix}/default/talk.mp4", Body=b"mine")
    upload = begin(client, 1000)
    assert upload["key"] == "default/talk-2.mp4"
    assert begin(client, 1000)["key"] == "default/talk-3.mp4", "one that is open has its key"
    put(client, upload, noise(1000), [1])
    # Meanwhile somebody else puts an object there.
    s3.put_object(Bucket="vidpipe-test", Key=f"{prefix}/default/talk-2.mp4", Body=b"theirs")
    answer = client.post(f"/uploads/{upload['upload_id']}/complete")
    assert answer.status_code == 409 and answer.json()["code"] == "name_taken"
    assert objects(s3, prefix) == {"default/talk.mp4": b"mine", "default/talk-2.mp4": b"theirs"}
    s3.delete_object(Bucket="vidpipe-test", Key=f"{prefix}/default/talk-2.mp4")
    assert client.post(f"/uploads/{upload['upload_id']}/complete").status_code == 200


def test_an_upload_that_is_taken_back_leaves_no_parts(client, s3, prefix):
    upload = begin(client)
    put(client, upload, noise(SIZE), [1])
    assert begun_in(s3, prefix) == 1
    where = f"/uploads/{upload['upload_id']}"
    assert client.delete(where).json()["state"] == "cancelled"
    assert begun_in(s3, prefix) == 0
    for answer in (
        client.delete(where),
        client.get(f"{where}/parts"),
        client.post(f"{where}/complete"),
        client.post(f"{where}/parts", json={"numbers": [1]}),
    ):
        assert answer.status_code == 410
    assert client.get(where).json()["state"] == "cancelled"


def test_the_bucket_is_asked_while_nobody_waits_for_us(client, library, monkeypatch):
    """A bucket may hang for a minute; whoever writes into the catalog waits for less."""
    asked, real = [], MultipartBucket._ask
    # Another open upload has the first key: that is found out by trying.
    begin(client, 1000)

    def ask(*args):
        is_free(library)
        asked.append(args[1])
        return real(*args)

    monkeypatch.setattr(MultipartBucket, "_ask", ask)
    body = {"channel": "default", "name": "talk.mp4", "size_bytes": 1000}
    made = client.post("/uploads", json=body, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201 and made.json()["key"] == "default/talk-2.mp4"
    put(client, made.json(), noise(1000), [1])
    assert len(asked) >= 3


@pytest.mark.logs_errors
def test_what_is_not_written_down_leaves_nothing_in_the_bucket(client, library, s3, prefix):
    body = {"channel": "default", "name": "talk.mp4", "size_bytes": SIZE}
    refuse_rows(library)
    assert client.post("/uploads", json=body).status_code == 503
    assert begun_in(s3, prefix) == 0
    allow_rows(library)
    upload = begin(client)
    refuse_rows(library)
    where, first = f"/uploads/{upload['upload_id']}", {"numbers": [1]}
    assert client.post(f"{where}/parts", json=first).status_code == 503
    allow_rows(library)
    put(client, upload, noise(SIZE), [1])
    assert begun_in(s3, prefix) == 1, "the one of before is gone on with"
    assert client.delete(where).json()["state"] == "cancelled"
    assert begun_in(s3, prefix) == 0


@pytest.mark.parametrize("end", ["complete", "cancel"])
def test_what_a_killed_process_began_and_told_nobody_goes_with_the_upload(
    client, library, s3, prefix, end
):
    upload = begin(client, 1000)
    ask(client, upload)
    with library.engine.catalog.writing() as session:
        # It was begun in the bucket, and its process died before the name was kept.
        of_it = UploadSessionRow.upload_id == upload["upload_id"]
        session.execute(update(UploadSessionRow).where(of_it).values(store_upload_id=None))
    put(client, upload, noise(1000), [1])
    key = f"{prefix}/{upload['key']}"
    # Another program sends to the same key: it knows the name, and has sent a part.
    theirs = s3.create_multipart_upload(Bucket="vidpipe-test", Key=key)["UploadId"]
    part = {"Bucket": "vidpipe-test", "Key": key, "UploadId": theirs, "PartNumber": 1}
    s3.upload_part(**part, Body=b"theirs")
    assert begun_in(s3, prefix) == 3
    where = f"/uploads/{upload['upload_id']}"
    ended = client.post(f"{where}/complete") if end == "complete" else client.delete(where)
    assert ended.status_code == 200, ended.text
    assert begun_in(s3, prefix) == 1
    assert len(s3.list_parts(Bucket="vidpipe-test", Key=key, UploadId=theirs)["Parts"]) == 1


def test_credentials_that_may_not_look_for_what_was_left_hold_up_no_upload(
    client, s3, prefix, monkeypatch
):
    def refused(*_):
        raise Misconfigured("s3://bucket: these credentials are refused (AccessDenied)")

    monkeypatch.setattr(MultipartBucket, "_begun", refused)
    for name, end in (("a.mp4", "complete"), ("b.mp4", "cancel")):
        upload = begin(client, 1000, name=name)
        put(client, upload, noise(1000), [1])
        where = f"/uploads/{upload['upload_id']}"
        ended = client.post(f"{where}/complete") if end == "complete" else client.delete(where)
        assert ended.status_code == 200, ended.text
    assert list(objects(s3, prefix)) == ["default/a.mp4"]


def test_of_two_who_ask_first_one_begins_in_the_bucket(client, library, s3, prefix, monkeypatch):
    upload, real = begin(client), MultipartBucket.begin
    sessions, upload_id = library.upload_sessions, upload["upload_id"]

    def begin_late(*args):
        with monkeypatch.context() as patch, apart():
            patch.setattr(MultipartBucket, "begin", real)
            sessions.sign(upload_id, [2])
        return real(*args)

    monkeypatch.setattr(MultipartBucket, "begin", begin_late)
    put(client, upload, noise(SIZE), [1])
    assert begun_in(s3, prefix) == 1
    assert [part.number for part in sessions.parts(upload_id)] == [1]


def test_an_upload_of_which_nothing_was_sent_says_so(client):
    upload = begin(client)
    where = f"/uploads/{upload['upload_id']}"
    assert client.get(f"{where}/parts").json()["items"] == []
    assert client.get(where).json()["received_bytes"] == 0
    early = client.post(f"{where}/complete")
    assert early.status_code == 409 and early.json()["details"]["missing"] == [1, 2, 3]
    assert client.delete(where).json()["state"] == "cancelled"


def test_stale_uploads_are_aborted(client, library, s3, prefix):
    old, fresh = begin(client), begin(client, name="fresh.mp4")
    put(client, old, noise(SIZE), [1])
    put(client, fresh, noise(SIZE), [1])
    lost = begin(client, name="lost.mp4")
    ask(client, lost)
    with library.engine.catalog.writing() as session:
        # Of one the process died before it knew the bucket's name for it.
        for upload, more in ((old, {}), (lost, {"store_upload_id": None})):
            session.execute(
                update(UploadSessionRow)
                .where(UploadSessionRow.upload_id == upload["upload_id"])
                .values(expires_at=now() - timedelta(seconds=1), **more)
            )
    assert begun_in(s3, prefix) == 3
    assert client.get(f"/uploads/{old['upload_id']}/parts").status_code == 410
    cleaned = library.upload_sessions.clean_up()
    assert (cleaned.expired, cleaned.failed) == (2, 0)
    assert begun_in(s3, prefix) == 1
    (still,) = client.get("/uploads/open").json()["items"]
    assert still["upload_id"] == fresh["upload_id"]


def test_a_bucket_that_is_away_keeps_what_is_to_be_cleaned_up(client, library):
    upload = begin(client)
    with library.engine.catalog.writing() as session:
        session.execute(update(UploadSessionRow).values(expires_at=now() - timedelta(seconds=1)))
    settings = library.engine.settings
    options = {**settings.plain_drop_options, "endpoint": "http://127.0.0.1:9"}
    away = served(settings.home, drop_url=settings.drop_url, drop_options=options)
    cleaned = away.upload_sessions.clean_up()
    assert (cleaned.expired, cleaned.failed) == (0, 1)
    assert library.upload_sessions.clean_up().expired == 1
    assert client.get(f"/uploads/{upload['upload_id']}").json()["state"] == "expired"


@pytest.mark.parametrize("numbers", [[0], [4], [10_001], [], [1] * 1001])
def test_parts_that_there_are_not_are_not_signed(client, numbers):
    upload = begin(client)
    answer = client.post(f"/uploads/{upload['upload_id']}/parts", json={"numbers": numbers})
    assert answer.status_code == 422


def test_sizes_are_known_before_the_first_byte_and_bounded(client):
    body = {"channel": "default", "name": "talk.mp4"}
    for size, status in ((0, 422), (-1, 422), (None, 422), (51 * 2**30, 413)):
        assert client.post("/uploads", json={**body, "size_bytes": size}).status_code == status
    assert client.post("/uploads", json=body).status_code == 422


def test_tus_is_not_spoken_for_a_bucket(client):
    from vidpipe_tests.uploads.conftest import PIECE, TUS, metadata

    said = metadata(channel="default", filename="talk.mp4")
    deferred = {**TUS, "Upload-Defer-Length": "1", "Upload-Metadata": said}
    assert client.post("/tus", headers=deferred).status_code == 422
    upload = begin(client)
    answer = client.patch(
        f"/tus/{upload['upload_id']}", content=b"x", headers={**PIECE, "Upload-Offset": "0"}
    )
    assert answer.status_code == 422 and "bucket" in answer.json()["detail"]


# Buckets whose parts cannot be signed


def test_another_bucket_takes_one_signed_put(home, azure_options):
    name = random.randrange(10**9)
    library = served(home, drop_url=f"az://vidpipe-test/{name}", drop_options=azure_options)
    with TestClient(service(library), base_url="http://testserver/api/v1") as client:
        data = noise(100_000)
        upload = begin(client, len(data), instructions={"title": "Opening"})
        assert upload["protocol"] == "put" and upload["part_size_bytes"] is None
        where = f"/uploads/{upload['upload_id']}"
        store = library.upload_sessions.drop.store
        assert store.put_bytes("default/talk.mp4", noise(100_000, seed=9))
        early = client.post(f"{where}/complete")
        assert early.status_code == 409 and early.json()["code"] == "upload_incomplete"
        httpx.put(upload["url"], content=b"short", headers=upload["headers"]).raise_for_status()
        assert client.post(f"{where}/complete").status_code == 409
        httpx.put(upload["url"], content=data, headers=upload["headers"]).raise_for_status()
        assert store.put_bytes("default/talk.mp4", b"theirs")
        assert client.post(f"{where}/parts", json={"numbers": [1]}).status_code == 422
        done = client.post(f"{where}/complete")
        assert done.status_code == 200, done.text
        assert store.get_bytes("default/talk.mp4") == b"theirs"
        key = done.json()["key"]
        assert key == "default/talk-2.mp4" and store.get_bytes(key) == data
        (row,) = library.engine.catalog.uploads([key])
        assert row.sidecars == {".yaml": "default/talk-2.yaml"}
        assert client.post(f"{where}/complete").status_code == 200
        large = {"channel": "default", "name": "long.mp4", "size_bytes": 6000 << 20}
        refused = client.post("/uploads", json=large)
        assert refused.status_code == 422 and "one PUT" in refused.json()["detail"]
        gone = begin(client, 5, name="gone.mp4")
        httpx.put(gone["url"], content=b"gone!", headers=gone["headers"]).raise_for_status()
        with library.engine.catalog.writing() as session:
            session.execute(
                update(UploadSessionRow)
                .where(UploadSessionRow.upload_id == gone["upload_id"])
                .values(expires_at=now() - timedelta(seconds=1))
            )
        assert library.upload_sessions.clean_up().expired == 1
        assert not list(store.list(".uploads"))
