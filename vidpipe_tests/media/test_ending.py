"""A file that ends before it says it does is used as far as it goes, and that is said."""

import pytest

from vidpipe.media.ending import breaks_off
from vidpipe.media.examine import examine
from vidpipe.media.probe import probe
from vidpipe_tests.media.coding import coded

SOUNDS = {
    "a.flac": ["-c:a", "flac"],
    "a.wav": ["-c:a", "pcm_s16le"],
    "a.mp3": ["-c:a", "libmp3lame"],
}
VIDEOS = {
    "v.mkv": ["-c", "copy"],
    "v.flv": ["-c", "copy"],
    "v.avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "v.mp4": ["-c", "copy", "-movflags", "+faststart"],
}


@pytest.fixture(scope="module")
def whole(talk, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for name, how in {**SOUNDS, **VIDEOS}.items():
        sound = ["-vn"] if name in SOUNDS else []
        coded(talk.path, folder / name, *sound, *how, before=("-t", "20"))
    return folder


def cut(path, target, share=0.6):
    data = path.read_bytes()
    target.write_bytes(data[: int(share * len(data))])
    return target


@pytest.mark.parametrize("name", [*SOUNDS, *VIDEOS])
def test_a_half_upload_is_told_from_a_whole_one(whole, tmp_path, name):
    path = whole / name
    assert breaks_off(path, probe(path)) == ""
    part = cut(path, tmp_path / name)
    said = breaks_off(part, probe(part))
    assert said.startswith("it breaks off") and "drop it whole" in said
    assert "40% of its file" in said or "lasts 0:20, and ends at 0:" in said


def test_it_is_among_what_a_person_is_told(whole, tmp_path):
    part = cut(whole / "a.flac", tmp_path / "a.flac")
    info, notes = examine(part, probe(part))
    assert 8 < info.duration_s < 16
    assert any("lasts 0:20, and ends at" in note for note in notes)
    assert examine(whole / "a.flac", probe(whole / "a.flac"))[1] == ()


def test_sizes_that_nobody_could_write_down_say_nothing(whole, tmp_path):
    path = tmp_path / "piped.wav"
    data = bytearray((whole / "a.wav").read_bytes())
    for unknown in (b"\xff\xff\xff\xff", b"\0\0\0\0"):
        data[4:8] = unknown
        path.write_bytes(data)
        assert breaks_off(path, probe(path)) == ""


def test_what_follows_an_mp4_is_none_of_its_own(whole, tmp_path):
    path = tmp_path / "more.mp4"
    for more in (bytes(64), b"\x7f\0\0\0junkmore", b"\0\0\0\0mdat" + bytes(100)):
        path.write_bytes((whole / "v.mp4").read_bytes() + more)
        assert breaks_off(path, probe(path)) == ""


def test_a_last_second_that_is_missing_is_no_matter(whole, tmp_path):
    for name in ("a.flac", "v.mkv"):
        part = cut(whole / name, tmp_path / name, 0.985)
        assert breaks_off(part, probe(part)) == ""


@pytest.mark.parametrize(
    "name",
    [
        "lecture/crypto_slides_ink_145s.mp4",
        "screencast/bbb_2364_deskshare_slides_114s.flv",
        "speech/sonnet1_53s.mp3",
        "speech/jfk_11s.wav",
        "field/longgop.ts",
        "field/antiphase.mkv",
        "labelled/opencast_scene-change_20s.mov",
    ],
)
def test_real_recordings_are_whole(real_media, name):
    path = real_media(name)
    assert breaks_off(path, probe(path)) == ""
