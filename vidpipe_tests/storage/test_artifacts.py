"""Artifacts on local disk and on a wire-level S3."""

import os
import urllib.request

import pytest
from pydantic import BaseModel

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.storage.artifacts import Artifacts
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import Folder
from vidpipe.storage.objects import ObjectStore


class Document(BaseModel):
    words: int


@pytest.fixture(params=["local", "s3", "azure"])
def artifacts(request, tmp_path):
    if request.param == "local":
        store = ObjectStore((tmp_path / "store").as_uri())
    elif request.param == "s3":
        options = request.getfixturevalue("s3_options")
        store = ObjectStore(f"s3://vidpipe-test/{tmp_path.name}", options)
    else:
        options = request.getfixturevalue("azure_options")
        store = ObjectStore(f"az://vidpipe-test/{tmp_path.name}", options)
    return Artifacts(store, tmp_path / "scratch")


def publish(artifacts, tmp_path, text=b"hello", identity="f" * 64):
    path = tmp_path / "made.bin"
    path.write_bytes(text)
    return artifacts.publish(
        video_id="default--talk-0123456789",
        folder=Folder.ANALYSIS,
        artifact="transcript",
        fingerprint=identity,
        cache_key_inputs={"stage": "transcript"},
        files={"talk.txt": path},
        document=Document(words=3),
    )


def test_what_is_published_is_found_again(artifacts, tmp_path):
    made = publish(artifacts, tmp_path)
    video = "default--talk-0123456789"
    found = artifacts.find(video, Folder.ANALYSIS, "transcript", "f" * 64)
    assert found == made
    assert artifacts.document(found, Document).words == 3
    assert artifacts.path(found.file("talk.txt")).read_bytes() == b"hello"
    assert artifacts.current(video, Folder.ANALYSIS, "transcript") == made
    assert artifacts.find(video, Folder.ANALYSIS, "transcript", "e" * 64) is None


def test_an_older_making_stays_and_can_be_current_again(artifacts, tmp_path):
    old = publish(artifacts, tmp_path, b"old", "a" * 64)
    new = publish(artifacts, tmp_path, b"new", "b" * 64)
    video = "default--talk-0123456789"
    assert artifacts.current(video, Folder.ANALYSIS, "transcript") == new
    assert artifacts.path(old.file("talk.txt")).read_bytes() == b"old"
    artifacts.point_to(Folder.ANALYSIS, old)
    assert artifacts.current(video, Folder.ANALYSIS, "transcript") == old


def test_an_artifact_with_a_lost_file_is_not_found(artifacts, tmp_path):
    made = publish(artifacts, tmp_path)
    artifacts.store.delete(made.file("talk.txt").key)
    assert artifacts.find(made.video_id, Folder.ANALYSIS, "transcript", "f" * 64) is None


def test_create_only_if_absent(artifacts):
    assert artifacts.store.put_bytes("once", b"1", only_if_absent=True)
    assert not artifacts.store.put_bytes("once", b"2", only_if_absent=True)
    assert artifacts.store.get_bytes("once") == b"1"


def test_a_listing_shows_whole_objects_only(artifacts, tmp_path):
    publish(artifacts, tmp_path)
    keys = [o.key for o in artifacts.store.list("default")]
    assert len(keys) == 4  # file, document, manifest, pointer
    assert not any(".staging" in k for k in keys)


def test_signed_links_read_and_write(s3_options, tmp_path):
    store = ObjectStore(f"s3://vidpipe-test/{tmp_path.name}", s3_options)
    put = urllib.request.Request(
        store.upload_url("a.txt"),
        data=b"over the wire",
        method="PUT",
        headers={"Content-Type": "application/octet-stream"},
    )
    assert urllib.request.urlopen(put).status == 200
    link = store.download_url("a.txt", expires_s=60)
    assert "X-Amz-Signature" in link
    assert urllib.request.urlopen(link).read() == b"over the wire"


def test_objects_say_what_they_are_and_how_long_they_matter(s3_options, tmp_path):
    import boto3

    store = ObjectStore("s3://vidpipe-test/typed", s3_options)
    artifacts = Artifacts(store, tmp_path / "scratch")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"moving")
    made = artifacts.publish(
        video_id="default--talk-0123456789",
        folder=Folder.EXPORTS,
        artifact="tiktok-1",
        fingerprint="f" * 64,
        cache_key_inputs={},
        files={"video.mp4": clip},
    )
    assert made.retention == "delivery"
    client = boto3.client(
        "s3",
        endpoint_url=s3_options["endpoint"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    key = made.file("video.mp4").key
    head = client.head_object(Bucket="vidpipe-test", Key=f"typed/{key}")
    # A browser plays a link to it.
    assert head["ContentType"] == "video/mp4"
    assert head["Metadata"]["retention"] == "delivery"


def test_signed_links_on_azure(azure_options):
    """Keys in the store are ASCII: they are made of ids and our own file names."""
    store = ObjectStore("az://vidpipe-test/links", azure_options)
    store.put_bytes("a.txt", b"over the wire")
    assert urllib.request.urlopen(store.download_url("a.txt")).read() == b"over the wire"


def test_a_store_that_is_down_is_unavailable_not_empty():
    options = {
        "endpoint": "http://127.0.0.1:9",
        "access_key_id": "x",
        "secret_access_key": "x",
        "region": "us-east-1",
        "retry_config": {"max_retries": 0},
    }
    store = ObjectStore("s3://vidpipe-test", options)
    with pytest.raises(Unavailable):
        list(store.list("x"))
    with pytest.raises(Unavailable):
        store.get_bytes("x")


def test_an_unknown_scheme_is_said():
    with pytest.raises(Misconfigured, match="use file:"):
        ObjectStore("ftp://somewhere")


def test_the_fingerprint_depends_on_content_not_on_order():
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    # Golden: a change of the canonical form would make every artifact stale.
    assert fingerprint({"stage": "x", "options": Document(words=1)})[:16] == "0d1e341c47c79bf4"


def test_the_scratch_cache_forgets_what_was_used_longest_ago(tmp_path):
    artifacts = Artifacts(ObjectStore((tmp_path / "s").as_uri()), tmp_path, cache_bytes=100)
    for k, name in enumerate(("old", "new")):
        path = artifacts.cache / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 60)
        os.utime(path, (1000 + k, 1000 + k))
    artifacts._make_room(30)
    assert not (artifacts.cache / "ol" / "old").exists()
    assert (artifacts.cache / "ne" / "new").exists()
