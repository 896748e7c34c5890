"""Sound without pictures: what is told of it, whatever it is coded in."""

import numpy as np
import pytest

from vidpipe.errors import InputRejected
from vidpipe.intake.rules import Rules, check_media
from vidpipe.media.containers import identify, identify_file
from vidpipe.media.pcm import decode_samples, sound_between, sound_decodes
from vidpipe.media.probe import probe
from vidpipe.testmedia.podcast import make_podcast
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe_tests.media.coding import tag

SAID = (ScriptPage("", (), DEMO_TALK[1].sentences[:2], 0.5),)
KINDS = {
    ".mp3": "MP3",
    ".m4a": "MP4/MOV",
    ".wav": "WAV",
    ".flac": "FLAC",
    ".ogg": "Ogg",
    ".opus": "Ogg",
    ".aac": "AAC",
}


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """The same words in every coding, and how long they are."""
    folder = tmp_path_factory.mktemp("coded")
    truths = {end: make_podcast(folder / f"said{end}", SAID) for end in KINDS}
    return folder, truths[".wav"].duration_s


@pytest.mark.parametrize("ending", KINDS)
def test_sound_is_accepted_and_as_long_as_it_is(coded, ending):
    folder, duration_s = coded
    info = check_media(folder / f"said{ending}", f"said{ending}", Rules())
    assert info.container == KINDS[ending]
    assert info.sound_only and info.video is None and not info.has_cover
    # Frames of up to 1024 samples are padded at both ends where nothing says by how much.
    assert info.duration_s == pytest.approx(duration_s, abs=0.06)


@pytest.mark.parametrize("ending", KINDS)
def test_a_part_of_it_is_what_the_whole_has_there(coded, ending, tmp_path):
    """Clips are cut out of the file, words are heard in a decode of all of it."""
    path = coded[0] / f"said{ending}"
    info = probe(path)
    whole = decode_samples(path, info, tmp_path / "whole.wav")
    part, same = sound_between(path, info, 2.0, 4.0), whole.read(2.0, 4.0)
    lags = range(-160, 161)
    likeness = [float(np.dot(np.roll(part, k)[400:-400], same[400:-400])) for k in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 8  # half a millisecond


def test_where_there_is_no_sound_none_decodes(coded):
    path = coded[0] / "said.mp3"
    info = probe(path)
    assert sound_decodes(path, info, 2.0)
    assert not sound_decodes(path, info, info.duration_s + 30)


def test_an_upload_that_breaks_off_is_refused(coded, tmp_path):
    """An MP4 that says how long it is, and whose samples are noise from a tenth of it on."""
    data = bytearray((coded[0] / "said.m4a").read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") if data.index(b"moov") > start else len(data)
    data[start : end - 4] = np.random.default_rng(3).bytes(end - 4 - start)
    path = tmp_path / "noise.m4a"
    path.write_bytes(data)
    with pytest.raises(InputRejected) as caught:
        check_media(path, path.name, Rules())
    assert caught.value.reason == "does_not_decode"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"fLaC\0\0\0\x22", "FLAC"),
        (b"\xff\xf1\x50\x80", "AAC"),
        (b"\xff\xf9\x50\x80", "AAC"),
        (b"\xff\xfb\x90\x64", "MP3"),
        (b"\xff\xf3\x48\xc4", "MP3"),
        (tag(20) + b"fLaC", "FLAC"),
        (tag(20) + b"\xff\xf1\x50\x80", "AAC"),
        (tag(20) + b"\xff\xfb\x90\x64", "MP3"),
        (b"ID3", "MP3"),
    ],
)
def test_sound_is_told_by_its_first_bytes(head, name):
    assert identify(head).name == name


@pytest.mark.parametrize("ending", [".mp3", ".aac", ".flac"])
def test_sound_behind_a_long_tag_is_told_as_well(coded, tmp_path, ending):
    path = tmp_path / "tagged"
    path.write_bytes(tag(100_000) + (coded[0] / f"said{ending}").read_bytes())
    assert identify_file(path).name == KINDS[ending]


def test_a_tag_before_a_tag_ends():
    assert identify(tag(0) * 300).name == "MP3"
