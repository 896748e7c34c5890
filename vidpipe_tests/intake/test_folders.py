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

from resources.vidpipe_resource import VidpipeResource
from sensors.drop_folder import drop_folder as drop_folder_sensor
from vidpipe.errors import InputRejected, Misconfigured, Unavailable
from vidpipe.intake import folders
from vidpipe.intake.drops import left_out, scan, version_of
from vidpipe.intake.folders import LocalFolder, ObjectChanged, S3Folder, drop_folder
from vidpipe.intake.taking import ingest_pending, notice


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
        with_words = [s for s in scan(part.items) if s.key.startswith("a/talk ")]
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
    with pytest.raises(ObjectChanged):
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
    monkeypatch.setenv("VIDPIPE_DROP_LIST_INTERVAL_S", "0")
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
    [refused] = part.refused
    assert (refused.key, refused.reason) == ("default/bad\\xff.mp4", "bad_name")
    assert part.after == ""
    info = part.items[1]
    path = folder.fetch(info.key, version_of(info), tmp_path / "unused")
    assert path == root / "default/talk %20 ü.mp4"
    path.write_bytes(b"longer")
    with pytest.raises(ObjectChanged):
        folder.fetch(info.key, version_of(info), tmp_path / "unused")
    assert [i.key for i in folder.family("default/talk %20 ü")] == ["default/talk %20 ü.mp4"]
    with pytest.raises(FileNotFoundError):
        folder.fetch("default/gone.mp4", "", tmp_path / "unused")


# What stops nothing else


@pytest.fixture
def crowded(tmp_path):
    """A drop folder with a good recording and much that is none."""
    root = tmp_path / "drop"
    outside = tmp_path / "outside"
    for folder in (root / "default", root / "other", outside):
        folder.mkdir(parents=True)
    (root / "default" / "talk.mp4").write_bytes(b"x")
    (outside / "secret.srt").write_text("secret")
    return root, outside


def refusals(root):
    return {r.key: r.reason for r in LocalFolder(root).slice("").refused}


def test_links_out_of_the_folder_are_refused_and_links_within_followed(crowded):
    root, outside = crowded
    (root / "default" / "talk.srt").symlink_to(outside / "secret.srt")
    (root / "default" / "away").symlink_to(outside)
    (root / "default" / "loop.mp4").symlink_to("loop.mp4")
    (root / "default" / "gone.mp4").symlink_to("nothing.mp4")
    (root / "other" / "same.mp4").symlink_to("../default/talk.mp4")
    folder = LocalFolder(root)
    assert keys_of(folder.slice("")) == ["default/talk.mp4", "other/same.mp4"]
    assert refusals(root) == {
        "default/talk.srt": "link",
        "default/away": "link",
        "default/loop.mp4": "unreadable",
        "default/gone.mp4": "link",
    }
    assert [i.key for i in folder.family("default/talk")] == ["default/talk.mp4"]
    with pytest.raises(InputRejected, match="leads out of the drop folder"):
        folder.fetch("default/talk.srt", "", root)


def test_a_folder_that_cannot_be_read_stops_no_other(crowded, monkeypatch):
    """`lost+found`, which only root may read; tests may run as root."""
    root, _ = crowded
    (root / "default" / "lost+found").mkdir()
    scan = os.scandir

    def refused(path):
        if str(path).endswith("lost+found"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert keys_of(LocalFolder(root).slice("")) == ["default/talk.mp4"]
    assert refusals(root) == {"default/lost+found": "unreadable"}

    def none_at_all(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", none_at_all)
    with pytest.raises(Unavailable, match="Permission denied"):
        LocalFolder(root).slice("")


def test_what_is_passed_over_leaves_a_row_and_a_reason_once(crowded, engine):
    root, outside = crowded
    for name in ("notes.docx", "README", "talk.mp4.part", ".hidden", "Thumbs.db", "talk.srt"):
        (root / "default" / name).write_bytes(b"x")
    (root / "default" / "away.mp4").symlink_to(outside / "secret.srt")
    part = LocalFolder(root).slice("")
    seen = scan(part.items)
    found = [*part.refused, *left_out(part.items, seen)]
    assert {f.key.split("/")[1] for f in found} >= {"away.mp4", "README"}
    notice(engine.catalog, seen, found)
    assert notice(engine.catalog, seen, found) == []
    rows = {r.key: r for r in engine.catalog.newest_uploads(("skipped",), 10)}
    assert "leads out" in rows["default/away.mp4"].message
    assert rows["default/README"].reason == "unknown_kind"
    assert rows["default/talk.mp4.part"].reason == "unfinished"
    # Replaced by a recording, it is one.
    (root / "default" / "away.mp4").unlink()
    (root / "default" / "away.mp4").write_bytes(b"y")
    fresh = notice(engine.catalog, scan(LocalFolder(root).slice("").items))
    assert "default/away.mp4" in {s.key for s in fresh}
    assert engine.catalog.inbox.count() == 2


def test_a_file_dated_in_the_future_is_taken_in(crowded, engine):
    root, _ = crowded
    os.utime(root / "default" / "talk.mp4", (4e9, 4e9))
    notice(engine.catalog, scan(LocalFolder(root).slice("").items))
    assert [r.key for r in engine.catalog.inbox.waiting(5)] == ["default/talk.mp4"]
    assert engine.catalog.inbox.waiting(5, settled_s=60.0) == [], "it has just been seen"


def test_a_recording_that_cannot_be_read_is_said_and_tried_again(crowded, engine, monkeypatch):
    root, _ = crowded
    folder = LocalFolder(root)
    notice(engine.catalog, scan(folder.slice("").items))
    [row] = engine.catalog.inbox.waiting(5)

    opened = Path.open

    def refused(path, *mode, **more):
        if path.name == "talk.mp4":
            raise PermissionError(13, "Permission denied")
        return opened(path, *mode, **more)

    monkeypatch.setattr(Path, "open", refused)
    assert "give vidpipe the rights" in ingest_pending(engine.intake(), folder, row)
