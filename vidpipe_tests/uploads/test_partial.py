"""Files that grow on disk: disks that are full, disks without links, names that are taken."""

from __future__ import annotations

import errno
import hashlib
import os

import pytest

from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.uploads.errors import ChecksumMismatch, UploadLocked
from vidpipe.uploads.names import numbered
from vidpipe.uploads.partial import Checksum, PartialFiles

ID = "upload-" + "0" * 20


@pytest.fixture
def files(tmp_path):
    made = PartialFiles(tmp_path / "drop")
    made.create(ID)
    return made


def test_a_disk_that_is_full_keeps_what_came_before(files, monkeypatch):
    real = os.pwrite

    def full(descriptor, data, offset):
        if offset >= 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: 10 - offset], offset)

    monkeypatch.setattr(os, "pwrite", full)
    with files.writing(ID) as file, pytest.raises(Unavailable, match="No space left"):
        file.append(b"a" * 50)
    assert files.size(ID) == 10
    monkeypatch.undo()
    with files.writing(ID) as file:
        assert file.size == 10
        file.append(b"b" * 5)
    assert files.size(ID) == 15


def test_one_writes_at_a_time_and_the_lock_ends_with_it(files):
    with files.writing(ID), pytest.raises(UploadLocked), files.writing(ID):
        pass
    with files.writing(ID) as file:
        file.remove()
    with pytest.raises(FileNotFoundError), files.writing(ID):
        pass
    with pytest.raises(FileNotFoundError):
        files.size("../../etc/passwd")


def test_a_file_that_got_its_name_while_somebody_waited_is_gone(files, tmp_path, monkeypatch):
    import fcntl

    real = fcntl.flock

    def slowly(descriptor, how):
        (files.folder / ID).unlink()
        (files.folder / ID).write_bytes(b"another")
        return real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", slowly)
    with pytest.raises(FileNotFoundError):
        files.open(ID)


@pytest.mark.parametrize("error", [None, errno.EXDEV, errno.EPERM])
def test_a_name_is_given_once_on_every_disk(files, tmp_path, monkeypatch, error):
    def refuse(*_):
        raise OSError(error, os.strerror(error))

    root = tmp_path / "drop"
    with files.writing(ID) as file:
        file.append(b"abc")
        (root / "default").mkdir()
        (root / "default/taken.mp4").write_bytes(b"mine")
        if error is not None:
            monkeypatch.setattr(os, "link", refuse)
        assert not file.name(root / "default/taken.mp4", root)
        assert file.name(root / "default/talk.mp4", root)
    assert (root / "default/taken.mp4").read_bytes() == b"mine"
    assert (root / "default/talk.mp4").read_bytes() == b"abc"
    assert sorted(p.name for p in (root / "default").iterdir()) == ["taken.mp4", "talk.mp4"]


def test_a_name_that_leads_out_is_refused(files, tmp_path):
    root, outside = tmp_path / "drop", tmp_path / "outside"
    outside.mkdir()
    (root / "default").symlink_to(outside)
    with files.writing(ID) as file, pytest.raises(Misconfigured, match="leads out"):
        file.name(root / "default/talk.mp4", root)
    assert list(outside.iterdir()) == []


def test_a_piece_whose_checksum_is_wrong_is_nowhere(files):
    with files.writing(ID) as file:
        file.append(b"before")
        for data, kept in ((b"wrong", False), (b"right", True)):
            piece = file.staged(Checksum("sha256", hashlib.sha256(b"right").digest()))
            piece.append(data)
            if kept:
                piece.keep()
            else:
                with pytest.raises(ChecksumMismatch):
                    piece.keep()
            piece.close()
    assert (files.folder / ID).read_bytes() == b"beforeright"
    assert [p.name for p in files.folder.iterdir()] == [ID]


def test_what_is_cut_is_gone(files):
    with files.writing(ID) as file:
        file.append(b"0123456789")
        file.cut(4)
        file.append(b"xy")
    assert (files.folder / ID).read_bytes() == b"0123xy"


def test_numbers_stand_before_the_ending():
    assert [numbered("a.b.mp4", n) for n in (1, 2, 10)] == ["a.b.mp4", "a.b-2.mp4", "a.b-10.mp4"]
