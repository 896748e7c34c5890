"""Drop folders: listings over a real wire, cut anywhere, with any key."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import dagster as dg
import pytest

from resources import VidpipeResource
from sensors.drop_folder import drop_folder as drop_folder_sensor
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.intake import folders
from vidpipe.intake.drops import survey, version_of
from vidpipe.intake.folders import LocalFolder, Replaced, S3Folder, drop_folder


@pytest.fixture
def bucket(s3_options, tmp_path):
    """A folder of a bucket, and a function that writes into it."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_options["endpoint"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    prefix = f"{tmp_path.name}/in"

    def write(key, data=b"x"):
        client.put_object(Bucket="vidpipe-test", Key=f"{prefix}/{key}", Body=data)

    folder = drop_folder(f"s3://vidpipe-test/{prefix}", s3_options)
    assert isinstance(folder, S3Folder)
    return folder, write, client


def keys_of(part):
    return [item.key for item in part.items]


@pytest.mark.parametrize(
    "key",
    [
        "a/ü +&?#%20.mp4",
        "a/日本 語.mp4",
        "a/😀.mp4",
        "a//b.mp4",
        "a/../c.mp4",
        "/lead.mp4",
        "a/x\\y.mp4",
    ],
)
def test_no_key_stops_a_listing_and_each_can_be_fetched(bucket, tmp_path, key):
    folder, write, _ = bucket
    write("a/talk.mp4")
    write(key, b"these bytes")
    part = folder.slice("")
    assert set(keys_of(part)) == {"a/talk.mp4", key}
    info = next(i for i in part.items if i.key == key)
    path = folder.fetch(key, version_of(info), tmp_path / "got")
    assert path.read_bytes() == b"these bytes"


def test_a_listing_in_slices_sees_everything_once_and_no_family_in_two(bucket, monkeypatch):
    folder, write, _ = bucket
    names = [f"a/talk {k:02d}{s}" for k in range(12) for s in (".json", ".mp4", ".srt")]
    for name in [*names, "a/talk 03.part.mp4", "b/é.mp4"]:
        write(name)
    monkeypatch.setattr(folders, "SLICE_OBJECTS", 5)
    listed = folder._client.list_objects_v2
    monkeypatch.setattr(
        folder._client, "list_objects_v2", lambda **how: listed(**how, MaxKeys=4), raising=False
    )
    seen, slices, after = [], 0, ""
    while True:
        part = folder.slice(after)
        seen += part.items
        slices += 1
        with_words = [s for s in survey(part.items) if s.key.startswith("a/talk ")]
        assert all(".srt" in s.sidecars or "part" in s.key for s in with_words)
        after = part.after
        if not after:
            break
    assert [i.key for i in seen] == sorted([*names, "a/talk 03.part.mp4", "b/é.mp4"])
    assert slices > 4


def test_an_object_that_was_replaced_is_not_taken_for_the_old_one(bucket, tmp_path):
    folder, write, client = bucket
    write("a/talk.mp4", b"first")
    [info] = folder.slice("").items
    write("a/talk.mp4", b"other")
    with pytest.raises(Replaced):
        folder.fetch("a/talk.mp4", version_of(info), tmp_path / "got")
    assert not (tmp_path / "got").exists()
    client.delete_object(Bucket="vidpipe-test", Key=folder.prefix + "a/talk.mp4")
    with pytest.raises(FileNotFoundError):
        folder.fetch("a/talk.mp4", version_of(info), tmp_path / "got")


def test_an_upload_in_parts_has_a_version_like_any_other(bucket, tmp_path):
    folder, _, client = bucket
    where = {"Bucket": "vidpipe-test", "Key": folder.prefix + "a/large.mp4"}
    upload = client.create_multipart_upload(**where)["UploadId"]
    parts = []
    for number, data in enumerate((b"a" * (5 << 20), b"tail"), 1):
        etag = client.upload_part(**where, UploadId=upload, PartNumber=number, Body=data)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    assert folder.slice("").items == ()  # not whole, not there
    client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    [info] = folder.slice("").items
    assert version_of(info).split("-")[1] == "2"
    path = folder.fetch("a/large.mp4", version_of(info), tmp_path / "got")
    assert path.stat().st_size == (5 << 20) + 4


def test_the_same_bytes_dropped_again_are_another_version(bucket, monkeypatch):
    folder, write, _ = bucket
    write("a/talk.mp4")
    [info] = folder.slice("").items
    later = type(info)(info.key, info.size_bytes, info.etag, info.modified_s + 5)
    assert version_of(info) != version_of(later)
    within_a_second = type(info)(info.key, info.size_bytes, info.etag, int(info.modified_s) + 0.9)
    assert version_of(info) == version_of(within_a_second)


def test_a_family_is_found_by_its_name(bucket):
    folder, write, _ = bucket
    for name in ("a/talk.mp4", "a/talk.srt", "a/talk-2.mp4", "a/talk"):
        write(name)
    assert [i.key for i in folder.family("a/talk")] == ["a/talk.mp4", "a/talk.srt"]


def test_what_cannot_be_listed_raises_and_says_why(s3_options):
    with pytest.raises(Misconfigured, match="no such bucket"):
        drop_folder("s3://never-made", s3_options).slice("")
    gone = {**s3_options, "endpoint": "http://127.0.0.1:9"}
    with pytest.raises(Unavailable, match="vidpipe-test"):
        drop_folder("s3://vidpipe-test", gone).slice("")


@pytest.fixture
def faulty(tmp_path):
    """A bucket on a server that answers 503, or not at all, while a file says so."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    faults = tmp_path / "faults"
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.s3_server", str(port), str(faults), "3"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    yield url, faults
    server.kill()
    server.wait()


def test_a_listing_that_fails_on_the_way_decides_nothing_and_goes_on_later(
    faulty, tmp_path, monkeypatch
):
    url, faults = faulty
    keys = {"endpoint": url, "access_key_id": "t", "secret_access_key": "t", "region": "us-east-1"}
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIDPIPE_DROP_URL", "s3://scale")
    monkeypatch.setenv("VIDPIPE_DROP_OPTIONS", json.dumps(keys))
    monkeypatch.setenv("VIDPIPE_DROP_SWEEP_S", "0")
    monkeypatch.setattr(folders, "SLICE_OBJECTS", 1)
    resource = VidpipeResource()
    client = resource.drop_folder()._client
    listed = client.list_objects_v2

    def tick(cursor):
        folder = resource.drop_folder()
        folder._client.list_objects_v2 = lambda **how: listed(**how, MaxKeys=2)
        monkeypatch.setattr(VidpipeResource, "drop_folder", lambda _: folder)
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            return drop_folder_sensor(context, vidpipe=resource)

    first = tick(None)
    assert "goes on after channel0/talk-000000.mp4" in first.skip_reason.skip_message
    faults.write_text("503")
    failed = tick(first.cursor)
    assert isinstance(failed, dg.SkipReason) and "SlowDown" in failed.skip_message
    # The cursor stands where it stood, and nothing was forgotten.
    faults.unlink()
    last = tick(first.cursor)
    keys = {row.key for row in resource.engine.catalog.uploads()}
    assert keys == {f"channel{k}/talk-00000{k}.mp4" for k in range(3)}
    assert json.loads(last.cursor)["after"] == ""


def test_a_local_folder_is_listed_with_any_name(tmp_path):
    root = tmp_path / "drop"
    for name in (
        "default/talk %20 ü.mp4",
        "default/deep/x.mp4",
        ".staging/y.mp4",
        "default/.z.mp4",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / os.fsdecode(b"default/bad\xff.mp4")).write_bytes(b"x")
    folder = LocalFolder(root)
    part = folder.slice("")
    assert keys_of(part) == ["default/deep/x.mp4", "default/talk %20 ü.mp4"]
    assert part.unusable == ("default/bad\\xff.mp4",) and part.after == ""
    info = part.items[1]
    path = folder.fetch(info.key, version_of(info), tmp_path / "unused")
    assert path == root / "default/talk %20 ü.mp4"
    path.write_bytes(b"longer")
    with pytest.raises(Replaced):
        folder.fetch(info.key, version_of(info), tmp_path / "unused")
    assert [i.key for i in folder.family("default/talk %20 ü")] == ["default/talk %20 ü.mp4"]
    with pytest.raises(FileNotFoundError):
        folder.fetch("default/gone.mp4", "", tmp_path / "unused")
