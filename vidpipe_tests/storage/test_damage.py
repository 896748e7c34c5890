"""Torn and damaged artifacts: never delivered, said, made again."""

import logging
import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.storage import files
from vidpipe.storage.artifacts import Artifacts
from vidpipe.storage.keys import Folder, pointer_key
from vidpipe.storage.objects import ObjectStore

VIDEO = "default--talk-0123456789"


class Document(BaseModel):
    words: int


@pytest.fixture(params=["local", "s3"])
def artifacts(request, tmp_path):
    if request.param == "local":
        store = ObjectStore((tmp_path / "store").as_uri())
    else:
        options = request.getfixturevalue("s3_options")
        store = ObjectStore(f"s3://vidpipe-test/{tmp_path.name}", options)
    return Artifacts(store, tmp_path / "scratch")


@pytest.fixture
def local(tmp_path):
    return Artifacts(ObjectStore((tmp_path / "store").as_uri()), tmp_path / "scratch")


def publish(artifacts, tmp_path, identity="f" * 64, folder=Folder.ANALYSIS):
    path = tmp_path / "made.bin"
    path.write_bytes(b"hello")
    return artifacts.publish(
        video_id=VIDEO,
        folder=folder,
        artifact="transcript",
        fingerprint=identity,
        cache_key_inputs={},
        files={"talk.txt": path},
        document=Document(words=3),
    )


def anew(artifacts):
    """As another process sees it."""
    return Artifacts(artifacts.store, artifacts.scratch)


def find(artifacts, identity="f" * 64):
    return artifacts.find(VIDEO, Folder.ANALYSIS, "transcript", identity)


@pytest.mark.parametrize("name", ["talk.txt", "result.json"])
@pytest.mark.parametrize("how", [lambda b: bytes(len(b)), lambda b: b[:-1] + bytes([b[-1] ^ 1])])
def test_other_bytes_of_the_same_size_are_not_found_again(local, tmp_path, caplog, name, how):
    key = publish(local, tmp_path).file(name).key
    local.store.put_bytes(key, how(local.store.get_bytes(key)))
    with caplog.at_level(logging.WARNING):
        assert find(anew(local)) is None
    assert "damaged" in caplog.text and key in caplog.text
    # What makes it again puts it in its place.
    made = publish(local, tmp_path)
    assert find(anew(local)) == made


@pytest.mark.parametrize("left", [0, 1, 40])
def test_a_cut_manifest_is_not_there(artifacts, tmp_path, caplog, left):
    made = publish(artifacts, tmp_path)
    key = artifacts.keys_of(Folder.ANALYSIS, made)[0]
    artifacts.store.put_bytes(key, artifacts.store.get_bytes(key)[:left])
    with caplog.at_level(logging.WARNING):
        assert find(artifacts) is None
    assert "damaged" in caplog.text
    assert find_after_publishing(artifacts, tmp_path)


def find_after_publishing(artifacts, tmp_path):
    publish(artifacts, tmp_path)
    return find(artifacts) is not None


@pytest.mark.parametrize("torn", [b"", b"{", b"\0" * 300])
def test_in_place_of_a_torn_pointer_the_newest_counts(artifacts, tmp_path, torn):
    made = publish(artifacts, tmp_path)
    artifacts.store.put_bytes(pointer_key(VIDEO, Folder.ANALYSIS, "transcript"), torn)
    assert artifacts.current(VIDEO, Folder.ANALYSIS, "transcript") == made
    artifacts.point_to(Folder.ANALYSIS, made)
    body = artifacts.store.get_bytes(pointer_key(VIDEO, Folder.ANALYSIS, "transcript"))
    assert body != torn


def test_without_a_pointer_nothing_is_current(artifacts, tmp_path):
    publish(artifacts, tmp_path)
    artifacts.store.delete(pointer_key(VIDEO, Folder.ANALYSIS, "transcript"))
    assert artifacts.current(VIDEO, Folder.ANALYSIS, "transcript") is None


def test_a_torn_document_is_damage_and_no_bug(artifacts, tmp_path):
    made = publish(artifacts, tmp_path)
    artifacts.store.put_bytes(made.file("result.json").key, b"{")
    with pytest.raises(Unavailable, match="damaged"):
        artifacts.document(made, Document)
    assert find(artifacts) is None


def test_what_comes_damaged_out_of_a_bucket_is_not_used(s3_options, tmp_path):
    store = ObjectStore(f"s3://vidpipe-test/{tmp_path.name}", s3_options)
    artifacts = Artifacts(store, tmp_path / "scratch")
    made = publish(artifacts, tmp_path)
    store.put_bytes(made.file("talk.txt").key, b"hellO")
    assert find(artifacts) is not None, "sizes are the same, nothing was fetched"
    with pytest.raises(Unavailable, match="removed: the next try makes it again"):
        artifacts.path(made.file("talk.txt"))
    assert find(artifacts) is None
    assert list(artifacts.cache.glob("*/*")) == []


def test_a_file_is_read_once_per_process(local, tmp_path, monkeypatch):
    publish(local, tmp_path)
    read = []
    from vidpipe.storage import artifacts as module

    real = module.sha256_file
    monkeypatch.setattr(module, "sha256_file", lambda p: read.append(p.name) or real(p))
    assert find(local) is not None
    assert read == [], "it has just been written"
    other = anew(local)
    assert find(other) is not None and find(other) is not None
    assert len(read) == 2, "the file and the document, once"


def test_bytes_are_flushed_before_they_have_their_name(local, tmp_path, monkeypatch):
    """The order that a power cut needs: bytes, name, folder."""
    order = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(descriptor):
        order.append(("flush", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        real_sync(descriptor)

    def replace(old, new):
        order.append(("name", str(new)))
        real_replace(old, new)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    made = publish(local, tmp_path)
    named = [k for k, (what, _) in enumerate(order) if what == "name"]
    assert len(named) == len(made.files) + 2
    for k in named:
        target = order[k][1]
        assert order[k - 1][0] == "flush" and "/.staging/" in order[k - 1][1]
        assert order[k + 1] == ("flush", str(Path(target).parent))
    # New folders, too: without that a power cut takes all that is in them.
    above = str(local.store.root / "default")
    assert ("flush", above) in order and ("flush", str(local.store.root)) in order


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "results.json"
    files.write_whole(target, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_whole(target, b"new")
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_said_with_what_to_do(local, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(Unavailable, match=r"No space left.*Make room"):
        local.store.put_bytes("default/x", b"1")
    monkeypatch.undo()
    assert [p for p in (local.store.root / ".staging").iterdir() if p.suffix != ".lock"] == []


def test_a_store_that_may_not_be_written_is_said(local, monkeypatch):
    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("vidpipe.storage.folder.make_folder", refused)
    with pytest.raises(Misconfigured, match=r"Read-only.*VIDPIPE_STORE_URL"):
        local.store.put_bytes("default/x", b"1")


# Links


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret")
    return folder


def test_a_link_out_of_the_store_is_no_object(local, outside, caplog):
    (local.store.root / "default").mkdir()
    (local.store.root / "default" / "file").symlink_to(outside / "secret.txt")
    (local.store.root / "default" / "folder").symlink_to(outside)
    (local.store.root / "default" / "loop").symlink_to("loop")
    for key in ("default/file", "default/folder/secret.txt", "default/loop", "default/../../x"):
        assert local.store.get_bytes(key) is None and local.store.head(key) is None
        local.store.delete(key)
    assert list(local.store.list("")) == []
    assert (outside / "secret.txt").read_text() == "secret"
    with pytest.raises(FileNotFoundError):
        local.store.local_path("default/folder/secret.txt")
    with pytest.raises(Misconfigured, match="nothing is written outside"):
        local.store.put_bytes("default/folder/new", b"1")
    assert sorted(p.name for p in outside.iterdir()) == ["secret.txt"]
    assert "leads out of" in caplog.text


def test_a_store_behind_a_link_and_links_within_it_work(tmp_path):
    real = tmp_path / "disk"
    real.mkdir()
    (tmp_path / "store").symlink_to(real)
    store = ObjectStore((tmp_path / "store").as_uri())
    store.put_bytes("default/a", b"1")
    (real / "default" / "b").symlink_to("a")
    assert store.get_bytes("default/b") == b"1"
    assert sorted(i.key for i in store.list("default")) == ["default/a", "default/b"]


@pytest.mark.parametrize("key", ["a\0b", "x" * 300, "a/" + "y" * 5000])
def test_names_that_cannot_be_are_nothing(local, key):
    assert local.store.head(key) is None and local.store.get_bytes(key) is None
