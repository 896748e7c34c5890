"""Several sounds: the one that is spoken on is heard, people apart are mixed."""

import av
import numpy as np
import pytest

from vidpipe.channels.model import Channel
from vidpipe.clips.model import ClipOptions
from vidpipe.clips.sound import make_sound
from vidpipe.media.examine import examine
from vidpipe.media.pcm import decode_samples, sound_between
from vidpipe.media.probe import probe
from vidpipe.media.tracks import choose_sounds
from vidpipe.timeline import EditList, span
from vidpipe_tests.media.coding import coded, made

PICTURE = ["-map", "0:v", "-c:v", "copy"]
SILENCE = ["-f", "lavfi", "-t", "30", "-i", "anullsrc=r=48000:cl=stereo"]
MUSIC = ["-f", "lavfi", "-t", "30", "-i", "aevalsrc='0.3*sin(440*2*PI*t)*abs(sin(9*t))'"]
#: The talk for seven seconds, then silence for seven, and the other way round.
APART = (
    "[0:a]asplit[a][b];[a]volume='lt(mod(t,14),7)':eval=frame[x];"
    "[b]volume='0.25*gte(mod(t,14),7)':eval=frame[y]"
)


def rms_db(sound):
    return 20 * np.log10(np.sqrt(np.mean(np.square(sound))) + 1e-9)


@pytest.mark.parametrize("other", [SILENCE, MUSIC], ids=["silence", "music"])
def test_a_microphone_on_the_second_track_is_heard(talk, tmp_path, other):
    path = tmp_path / "obs.mkv"
    made(
        path,
        *("-i", str(talk.path), *other, *PICTURE, "-map", "1:a", "-map", "0:a"),
        *("-c:a", "aac", "-metadata:s:a:1", "title=Microphone"),
    )
    info, notes = examine(path, probe(path))
    assert (info.audio.number, info.audio.title, info.mixed) == (2, "Microphone", ())
    assert notes[0].startswith("heard: sound 2 (Microphone) of 2; nobody speaks on 1")
    first, last = talk.truth.sentences[0][:2]
    assert rms_db(sound_between(path, info, first, last)) > -40


def test_two_people_on_two_tracks_are_mixed_and_as_loud_as_each_other(talk, tmp_path):
    path = tmp_path / "apart.mkv"
    maps = [*PICTURE, "-map", "[x]", "-map", "[y]", "-c:a", "flac"]
    made(path, "-i", str(talk.path), "-filter_complex", APART, *maps)
    info, notes = choose_sounds(path, probe(path))
    assert [s.number for s in info.heard] == [1, 2] and "mixed" in notes[0]
    assert info.heard[0].gain_db == 0 and info.heard[1].gain_db == pytest.approx(12, abs=4)
    samples = decode_samples(path, info, tmp_path / "mixed.wav")
    whole = decode_samples(talk.path, probe(talk.path), tmp_path / "whole.wav")
    for start_s in (1.0, 8.0, 15.0, 22.0):
        there = rms_db(whole.read(start_s, start_s + 5))
        assert rms_db(samples.read(start_s, start_s + 5)) == pytest.approx(there, abs=4)
    part = sound_between(path, info, 8.0, 12.0)
    assert np.abs(part - samples.read(8.0, 12.0)).max() < 0.02


def test_of_a_mix_and_its_parts_the_mix_is_heard(talk, tmp_path):
    path = tmp_path / "parts.mkv"
    maps = [*PICTURE, "-map", "0:a", "-map", "[x]", "-map", "[y]", "-c:a", "aac"]
    made(path, "-i", str(talk.path), "-filter_complex", APART, *maps)
    info, _ = choose_sounds(path, probe(path))
    assert [s.number for s in info.heard] == [1]


def test_a_translation_is_not_mixed_in(talk, tmp_path):
    path = tmp_path / "languages.mkv"
    maps = [*PICTURE, "-map", "[x]", "-map", "[y]", "-c:a", "aac"]
    languages = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"]
    made(path, "-i", str(talk.path), "-filter_complex", APART, *maps, *languages)
    info, notes = choose_sounds(path, probe(path))
    assert len(info.heard) == 1 and "(eng)" in notes[0]


def test_a_run_option_for_a_sound_is_followed(talk, tmp_path):
    path = tmp_path / "obs.mkv"
    made(
        path,
        *("-i", str(talk.path), *MUSIC, *PICTURE, "-map", "1:a", "-map", "0:a", "-c:a", "aac"),
    )
    info = probe(path)
    assert choose_sounds(path, info, "1")[0].audio.number == 1
    assert [s.number for s in choose_sounds(path, info, "mix")[0].heard] == [1, 2]
    chosen, notes = choose_sounds(path, info, "7")
    assert chosen.audio.number == 2 and notes[0] == "there is no sound 7: it has 2"
    assert Channel.model_validate({"name": "default", "sound": 2}).sound == "2"
    with pytest.raises(ValueError, match="sound"):
        Channel(name="default", sound="loud")


def clip_sound(path, info, tmp_path, start_s=2.0, end_s=8.0):
    """The sound of a clip as both its sides, shape (2, n)."""
    edit = EditList.from_intervals([span(start_s, end_s)], 25)
    work = tmp_path / "work"
    work.mkdir()
    with av.open(str(make_sound(path, info, edit, ClipOptions(variants=()), work))) as media:
        planes = av.AudioResampler(format="fltp", layout="stereo")
        frames = [f for frame in media.decode(audio=0) for f in planes.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def test_channels_that_are_each_others_opposite_are_heard_and_turned(talk, tmp_path):
    path = tmp_path / "opposite.mkv"
    wiring = ["-af", "pan=stereo|c0=c0|c1=-1*c0", "-c:v", "copy", "-c:a", "flac"]
    coded(talk.path, path, *wiring)
    info, notes = examine(path, probe(path))
    assert info.audio.turned and "opposite" in notes[0]
    samples = decode_samples(path, info, tmp_path / "heard.wav")
    whole = decode_samples(talk.path, probe(talk.path), tmp_path / "whole.wav")
    assert rms_db(samples.read(1, 9)) == pytest.approx(rms_db(whole.read(1, 9)), abs=1)
    left, right = clip_sound(path, info, tmp_path)
    assert rms_db(left + right) > rms_db(left - right) + 40


def test_wide_stereo_is_no_opposite(talk, tmp_path):
    """A voice in the middle of music that is different on both sides."""
    path = tmp_path / "wide.mkv"
    wide = "aevalsrc='0.2*sin(300*2*PI*t)|-0.2*sin(300*2*PI*t)+0.1*sin(500*2*PI*t)':d=30"
    mixed = "[1:a][0:a]amix=inputs=2:normalize=0[m]"
    made(
        path,
        *("-i", str(talk.path), "-f", "lavfi", "-i", wide, "-filter_complex", mixed),
        *(*PICTURE, "-map", "[m]", "-c:a", "flac"),
    )
    assert not examine(path, probe(path))[0].audio.turned


def test_sound_that_changes_its_form_midway_is_heard_on(tmp_path):
    """Two pieces of MPEG-TS behind each other: mono at 32 kHz, then stereo at 48 kHz."""
    path = tmp_path / "both.ts"
    for k, (rate, count) in enumerate((("32000", "1"), ("48000", "2"))):
        made(
            tmp_path / f"{k}.ts",
            *("-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=3"),
            *("-f", "lavfi", "-i", "sine=f=440:d=3"),
            *("-c:v", "mpeg2video", "-c:a", "mp2", "-ar", rate, "-ac", count),
            *("-output_ts_offset", str(3 * k)),
        )
    path.write_bytes(b"".join((tmp_path / f"{k}.ts").read_bytes() for k in range(2)))
    samples = decode_samples(path, probe(path), tmp_path / "heard.wav")
    first, later = (rms_db(samples.read(t, t + 1)) for t in (1.0, 4.0))
    assert later > -30 and later == pytest.approx(first, abs=4)
    # A clip over the change is as long as its picture, and heard on both sides of it.
    info, _ = examine(path, probe(path))
    assert info.audio.varies
    both = clip_sound(path, info, tmp_path, 1.0, 5.0)
    assert both.shape[1] == 4 * 48_000
    levels = [rms_db(both[0, k * 24_000 : (k + 1) * 24_000]) for k in range(8) if k not in (3, 4)]
    assert min(levels) > max(levels) - 4


def test_a_sound_that_nothing_decodes_is_passed_by(real_media):
    info, _ = examine(real_media("field/apac_first.mp4"), probe(real_media("field/apac_first.mp4")))
    assert info.audio.number == 2 and info.audio.codec == "aac"


def test_a_sound_whose_decoder_lacks_its_beginning_is_passed_over(talk, tmp_path):
    """Vorbis needs tables from its header; the element that holds them is no longer one."""
    whole, broken = tmp_path / "whole.mkv", tmp_path / "broken.mkv"
    made(
        whole,
        *("-i", str(talk.path), *PICTURE, "-map", "0:a", "-map", "0:a"),
        *("-c:a:0", "libvorbis", "-c:a:1", "aac"),
    )
    data = bytearray(whole.read_bytes())
    private = data.index(b"\x63\xa2", data.index(b"A_VORBIS"))
    data[private : private + 2] = b"\x63\xaf"
    broken.write_bytes(data)
    assert [s.number for s in probe(whole).sounds] == [1, 2]
    assert [s.codec for s in probe(broken).sounds] == ["aac"]
    assert rms_db(sound_between(broken, probe(broken), 2.0, 8.0)) > -45
