"""Dolby Vision without a picture that others show is refused; with one it is as it was."""

import struct

import pytest

from vidpipe.errors import InputRejected
from vidpipe.intake.rules import Rules, check_media
from vidpipe.media.dolby import dolby_alone
from vidpipe.media.probe import probe
from vidpipe_tests.media.coding import coded

#: On the way to the description of the picture, and what stands before its boxes (ISO 14496-12).
_WAY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hvc1")
_HEAD = {b"stsd": 16, b"hvc1": 86}


def recorded(data, profile, compatible):
    """An MP4's bytes with a record of Dolby Vision beside its picture's description."""
    record = struct.pack(">BBHI", 1, 0, profile << 9 | 6 << 3 | 0b101, compatible << 28) + bytes(16)
    box = struct.pack(">I4s", 8 + len(record), b"dvcC" if profile < 8 else b"dvvC") + record
    out, start, end = bytearray(data), 0, len(data)
    boxes = []
    for kind in _WAY:
        at = start
        while bytes(data[at + 4 : at + 8]) != kind:
            at += int.from_bytes(data[at : at + 4], "big")
            assert at < end
        length = int.from_bytes(data[at : at + 4], "big")
        boxes.append((at, length))
        start, end = at + _HEAD.get(kind, 8), at + length
    out[end:end] = box
    for at, length in boxes:
        out[at : at + 4] = (length + len(box)).to_bytes(4, "big")
    return bytes(out)


@pytest.fixture(scope="module")
def plain(talk, tmp_path_factory):
    # Its index comes behind its pictures, whose places stay what they are.
    hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=1"]
    target = tmp_path_factory.mktemp("dolby") / "plain.mp4"
    return coded(talk.path, target, *hevc, "-tag:v", "hvc1", "-c:a", "copy", before=("-t", "6"))


@pytest.mark.parametrize(
    ("profile", "compatible", "found"),
    [(5, 0, 5), (20, 0, 20), (8, 1, None), (8, 4, None), (7, 6, None), (5, 1, None)],
)
def test_profiles_without_a_picture_that_others_show_are_told(
    plain, tmp_path, profile, compatible, found
):
    path = tmp_path / "phone.mp4"
    path.write_bytes(recorded(plain.read_bytes(), profile, compatible))
    assert dolby_alone(path, probe(path)) == found


def test_it_is_refused_with_what_to_do(plain, tmp_path):
    path = tmp_path / "master.mp4"
    path.write_bytes(recorded(plain.read_bytes(), 5, 0))
    with pytest.raises(InputRejected) as refused:
        check_media(path, "master.mp4", Rules())
    assert refused.value.reason == "dolby_vision_alone"
    assert "profile 5" in str(refused.value) and "Export it as HDR10" in str(refused.value)
    other = coded(path, tmp_path / "master.mkv", "-c", "copy", "-strict", "unofficial")
    with pytest.raises(InputRejected, match="profile 5"):
        check_media(other, "master.mkv", Rules())


def test_other_recordings_are_none(plain, talk):
    assert dolby_alone(plain, probe(plain)) is None
    assert dolby_alone(talk.path, probe(talk.path)) is None
    assert check_media(plain, "plain.mp4", Rules()).video is not None
