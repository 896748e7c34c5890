import numpy as np
import pytest

from vidpipe.media.frames import FrameReader
from vidpipe.media.loudness import measure_loudness
from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples, decode_samples, sound_between
from vidpipe.media.probe import probe
from vidpipe.programs import ProgramFailed, run_program


def onset_s(samples: AudioSamples, after_s: float = 0.0) -> float:
    audio = np.abs(samples.read(after_s, samples.duration_s))
    return after_s + float(np.argmax(audio > 0.05)) / SAMPLE_RATE


def test_samples_lie_where_the_truth_says(talk, tmp_path):
    info = probe(talk.path)
    samples = decode_samples(talk.path, info, tmp_path / "a.wav")
    assert samples is not None
    assert samples.duration_s == pytest.approx(talk.truth.duration_s, abs=0.1)
    first = talk.truth.sentences[0][0]
    # It begins with an h, which is heard late.
    assert onset_s(samples) == pytest.approx(first, abs=0.1)


def test_a_piece_of_sound_is_where_it_is_in_the_whole(talk, tmp_path):
    info = probe(talk.path)
    whole = decode_samples(talk.path, info, tmp_path / "whole.wav")
    for start_s, end_s in ((0.0, 1.0), (7.3, 9.1), (whole.duration_s - 0.5, whole.duration_s)):
        piece = sound_between(talk.path, info, start_s, end_s)
        there = whole.read(start_s, end_s)
        assert len(piece) == round((end_s - start_s) * 16000)
        # A resampler begins anew, up to half a sample off; the whole has 16 bits.
        off = piece[200 : len(there)] - there[200:]
        assert np.std(off) < 0.2 * np.std(there) + 0.0005
    before = sound_between(talk.path, info, -1.0, 0.5)
    assert not before[:15000].any()
    assert not sound_between(talk.path, info, whole.duration_s + 1, whole.duration_s + 2).any()


def test_frames_come_at_their_times(talk):
    info = probe(talk.path)
    with FrameReader(talk.path, info, max_width=320) as reader:
        frame = reader.at(3.0)
        assert frame.t_s == pytest.approx(3.0, abs=1 / 25)
        assert frame.image.shape == (180, 320, 3)
        times = [f.t_s for f in reader.every(0.5, 2.0, 5.0)]
        assert times == pytest.approx([2.0, 2.5, 3.0, 3.5, 4.0, 4.5], abs=1 / 25)
        assert len(list(reader.keyframes())) == len(reader.keyframe_times)


@pytest.mark.parametrize("rotation", ["mov_rotated_180.mov", "mov_rotated_270.mov"])
def test_rotated_pictures_are_shown_as_a_player_shows_them(real_media, tmp_path, rotation):
    """Compared with ffmpeg, which turns by itself."""
    import cv2
    import ffmpeg

    from vidpipe.media.ffmpeg import render

    path = real_media(f"malformed/{rotation}")
    info = probe(path)
    shown = tmp_path / "frame.png"
    render(ffmpeg.output(ffmpeg.input(str(path)), str(shown), vframes=1), timeout_s=30)
    wanted = cv2.imread(str(shown)).astype(int)
    assert info.video is not None
    with FrameReader(path, info, max_width=info.video.width) as reader:
        got = reader.at(0.0).image.astype(int)
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).mean() < 6


def test_non_square_pixels_become_square(real_media):
    info = probe(real_media("malformed/mp4_sar_2by3.mp4"))
    assert info.video is not None
    assert (info.video.width, info.video.height) == (427, 360)


def test_the_loudness_of_a_known_tone(tmp_path):
    """EBU Tech 3341 case 1: a stereo 1 kHz sine at -23 dBFS reads -23 LUFS."""
    import ffmpeg

    from vidpipe.media.ffmpeg import render

    path = tmp_path / "tone.wav"
    tone = ffmpeg.input(
        "aevalsrc='0.0708*sin(2*PI*1000*t)|0.0708*sin(2*PI*1000*t)'", f="lavfi", t=20
    )
    render(ffmpeg.output(tone, str(path), ar=48000), timeout_s=30)
    found = measure_loudness(path)
    assert found.integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(-23.0, abs=0.2)


def test_a_program_that_hangs_is_killed():
    with pytest.raises(ProgramFailed, match="time limit"):
        run_program(["sleep", "60"], timeout_s=0.5)


def test_a_program_that_fails_says_why():
    with pytest.raises(ProgramFailed, match="no such thing"):
        run_program(["sh", "-c", "echo no such thing >&2; exit 3"], timeout_s=5)
