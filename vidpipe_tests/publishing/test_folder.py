"""A folder as a platform: whole posts or none, whatever happens in between."""

import errno
import json
import os
from pathlib import Path

import pytest

from vidpipe.errors import InputRejected, Unavailable
from vidpipe.publishing import folder as folders
from vidpipe.publishing.files import LocalPostFiles
from vidpipe.publishing.folder import PostFolder
from vidpipe.publishing.model import (
    CaptionAttachment,
    Phase,
    PictureAttachment,
    PostHeld,
    PostingAccount,
    Task,
    VideoFile,
)
from vidpipe_tests.publishing.driving import START, FakeClock, post_for

ACCOUNT = PostingAccount(remote_id="folder")
VIDEO, PICTURE, WORDS = b"v" * 150_000, b"p" * 5000, b"1\n"


@pytest.fixture
def place(tmp_path):
    paths = {}
    for name, data in (("video", VIDEO), ("thumbnail", PICTURE), ("captions:en", WORDS)):
        paths[name] = tmp_path / name.replace(":", ".")
        paths[name].write_bytes(data)
    return PostFolder(tmp_path / "posts", chunk_bytes=40_000), LocalPostFiles(paths)


def post_of(**changes):
    return post_for(
        "folder",
        video=VideoFile(size_bytes=len(VIDEO), duration_s=9),
        thumbnail=PictureAttachment(size_bytes=len(PICTURE)),
        captions=(CaptionAttachment(language="en", size_bytes=len(WORDS)),),
        **changes,
    )


def drive(place, state, post, dies_at=None, clock=None):
    """To the end; at the step `dies_at` the answer is lost with whoever asked."""
    machine, files = place
    clock = clock or FakeClock()
    for number in range(60):
        move = machine.plan(post, ACCOUNT, state, clock.now)
        state = move.state
        if move.call is None:
            if move.at is None:
                return state
            clock.now = move.at
            continue
        reply = machine.act(move.call, files)
        if number != dies_at:
            state = machine.take(post, ACCOUNT, state, move.call, reply, clock.now)
    raise AssertionError(state)


def test_a_post_is_a_folder(place, tmp_path):
    state = drive(place, place[0].begin(post_of(), START), post_of())
    assert state.phase is Phase.PUBLISHED and state.url.startswith("file:///")
    made = tmp_path / "posts" / "post-1"
    assert {p.name for p in made.iterdir()} == {
        "post.json", "video.mp4", "thumbnail.jpg", "captions.en.srt",
    }  # fmt: skip
    assert (made / "video.mp4").read_bytes() == VIDEO
    assert (made / "thumbnail.jpg").read_bytes() == PICTURE
    assert json.loads((made / "post.json").read_text("utf-8"))["title"] == "How it works"
    assert [p.name for p in (tmp_path / "posts").iterdir()] == ["post-1"]


@pytest.mark.parametrize("step", range(9))
def test_who_dies_goes_on(place, tmp_path, step):
    state = drive(place, place[0].begin(post_of(), START), post_of(), dies_at=step)
    assert state.phase is Phase.PUBLISHED
    assert (tmp_path / "posts" / "post-1" / "video.mp4").read_bytes() == VIDEO


def test_a_key_is_posted_once(place, tmp_path):
    post = post_of()
    drive(place, place[0].begin(post, START), post)
    at = (tmp_path / "posts" / "post-1").stat().st_mtime_ns
    assert drive(place, place[0].begin(post, START), post).phase is Phase.PUBLISHED
    assert (tmp_path / "posts" / "post-1").stat().st_mtime_ns == at


def test_it_is_changed_and_deleted(place, tmp_path):
    post = post_of()
    machine = place[0]
    state = drive(place, machine.begin(post, START), post)
    better = post_of(text="Better")
    state = drive(place, machine.asked(state, Task.UPDATE, START), better)
    said = json.loads((tmp_path / "posts" / "post-1" / "post.json").read_text("utf-8"))
    assert said["text"] == "Better" and state.phase is Phase.PUBLISHED
    state = drive(place, machine.asked(state, Task.DELETE, START), better)
    assert state.phase is Phase.DELETED and not list((tmp_path / "posts").iterdir())


def test_what_is_cancelled_leaves_nothing(place, tmp_path):
    machine, files = place
    post = post_of()
    state = machine.begin(post, START)
    for _ in range(3):
        move = machine.plan(post, ACCOUNT, state, START)
        reply = machine.act(move.call, files)
        state = machine.take(post, ACCOUNT, move.state, move.call, reply, START)
    assert list((tmp_path / "posts").iterdir())
    state = drive(place, machine.asked(state, Task.CANCEL, START), post)
    assert state.phase is Phase.CANCELLED and not list((tmp_path / "posts").iterdir())


@pytest.mark.parametrize(
    ("number", "phase", "held"),
    [
        (errno.ENOSPC, Phase.FAILED, None),
        (errno.EIO, Phase.FAILED, None),
        (errno.EACCES, Phase.SENDING, PostHeld.ACCOUNT),
    ],
)
def test_a_folder_that_cannot_be_written_to(place, tmp_path, monkeypatch, number, phase, held):
    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folders, "_write", fails)
    state = drive(place, place[0].begin(post_of(), START), post_of())
    assert (state.phase, state.held) == (phase, held)
    assert state.fault.words and not (tmp_path / "posts" / "post-1").exists()


def test_a_file_that_changed_is_not_posted(place, tmp_path):
    machine, files = place
    (tmp_path / "video").write_bytes(b"short")
    with pytest.raises(InputRejected, match="shorter"):
        drive(place, machine.begin(post_of(), START), post_of())
    (tmp_path / "video").unlink()
    with pytest.raises(InputRejected, match="gone"):
        drive(place, machine.begin(post_of(), START), post_of())
    assert not (tmp_path / "posts" / "post-1").exists()
    with pytest.raises(InputRejected, match="no file for other"):
        files.read("other", 0, 1)


def test_a_file_that_cannot_be_read_now(place, monkeypatch):
    def fails(*_):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(Path, "open", fails)
    with pytest.raises(Unavailable, match="cannot be read"):
        place[1].read("video", 0, 1)
