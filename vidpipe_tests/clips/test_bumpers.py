"""A channel's films before and after a clip, and sound that is cleaned."""

import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.cleaning import hum_lines, mono, noise_floor, reduce_noise
from vidpipe.errors import Misconfigured
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.programs import ProgramFailed
from vidpipe.storage.keys import Folder
from vidpipe_tests.clips.shared import clip_files, lag_frames
from vidpipe_tests.conftest import Processed, run_all


def film(path, colour, length_s, *, tone=None):
    picture = ffmpeg.input(f"color=c={colour}:s=320x180:r=30", f="lavfi", t=length_s)
    streams = [picture]
    if tone:
        streams.append(ffmpeg.input(f"sine=frequency={tone}", f="lavfi", t=length_s))
    render(ffmpeg.output(*streams, str(path), pix_fmt="yuv420p"), timeout_s=60)
    return path


def test_films_stand_around_every_clip(analysed, tmp_path):
    intro = film(tmp_path / "intro.mp4", "red", 2.0, tone=440)
    outro = film(tmp_path / "outro.mp4", "blue", 1.5)
    engine, video_id = analysed(
        "channels: {default: {quality: draft, clips: {min_s: 6, max_s: 20},"
        f" brand: {{intro: {intro}, outro: {outro}}}}}}}"
    )
    done = Processed(engine, video_id, run_all(engine, video_id, clips=1, platforms=("tiktok",)))
    [(clip, file, path)] = list(clip_files(done))
    kept_s = sum(k.duration_s for k in clip.kept)
    assert clip.lead_s == pytest.approx(2.0, abs=0.02)
    assert clip.duration_s == pytest.approx(kept_s + 3.5, abs=0.05)
    m = file.measures
    assert m.video_duration_s == pytest.approx(clip.duration_s, abs=1 / m.fps)
    assert abs(m.video_duration_s - m.audio_duration_s) <= 0.022
    assert m.integrated_lufs == pytest.approx(-14.0, abs=0.7) and m.true_peak_dbtp <= -1.0
    assert file.quality.issues == ()
    with FrameReader(path, probe(path), max_width=270) as reader:
        first, last = reader.at(1.0).image, reader.at(clip.duration_s - 0.7).image
        inside = reader.at(clip.lead_s + 1.0).image
    blue, _, red = first[240, 135].astype(int)
    assert red > 200 > 60 > blue
    blue, _, red = last[240, 135].astype(int)
    assert blue > 200 > 60 > red
    assert inside.std() > 30
    # Picture and sound of the clip itself are still in step, and so are its subtitles.
    assert abs(lag_frames(path, tmp_path)) <= 1
    found = engine.artifacts.find(video_id, Folder.CLIPS, file.artifact, file.fingerprint)
    srt = engine.artifacts.path(found.file("clip.srt")).read_text()
    assert srt.splitlines()[1].startswith("00:00:02,")


def test_a_clip_that_is_made_plainly_is_told_without_its_films(analysed, tmp_path, monkeypatch):
    from vidpipe.pipeline.rendering import renderer

    real, tried = renderer.render_clip, []

    def failing(source, info, outputs, *more):
        tried.append(outputs[0].plan.intro_frames)
        if len(tried) == 1:
            raise ProgramFailed("ffmpeg", 1, "no such film")
        return real(source, info, outputs, *more)

    monkeypatch.setattr(renderer, "render_clip", failing)
    intro = film(tmp_path / "intro.mp4", "red", 2.0)
    engine, video_id = analysed(
        "channels: {default: {quality: draft, clips: {min_s: 6, max_s: 20},"
        f" brand: {{intro: {intro}}}}}}}"
    )
    done = Processed(engine, video_id, run_all(engine, video_id, clips=1, platforms=("tiktok",)))
    [(clip, file, _)] = list(clip_files(done))
    assert file.plain and tried[0] > 0 and tried[1:] == [0]
    assert clip.lead_s == 0.0
    assert file.measures.video_duration_s == pytest.approx(clip.duration_s, abs=0.05)


def test_a_film_that_is_none_is_said(analysed, tmp_path):
    notes = tmp_path / "notes.mp4"
    notes.write_text("no film")
    engine, video_id = analysed(f"channels: {{default: {{brand: {{intro: {notes}}}}}}}")
    with pytest.raises(Misconfigured, match=r"notes\.mp4"):
        run_all(engine, video_id, clips=1, platforms=("tiktok",))


RATE = 48_000


def voice(length_s=12.0):
    """Bursts of a gliding harmonic tone with pauses, as samples at 48 kHz."""
    t = np.arange(round(length_s * RATE)) / RATE
    pitch = 140 + 40 * np.sin(2 * np.pi * 0.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    return 0.15 * tone * (np.sin(2 * np.pi * 0.2 * t) > -0.3)


def write_wav(samples, path):
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        both = np.stack([samples, samples], axis=1)
        file.writeframes((np.clip(both, -1, 1) * 32767).astype("<i2").tobytes())


def off_db(path, clean):
    """Level of what is not the voice, next to the voice; the channels' gain taken out."""
    heard = mono(path, RATE)[: len(clean)]
    gain = float((heard * clean).sum() / (clean**2).sum())
    return 10 * np.log10(((heard - gain * clean) ** 2).sum() / ((gain * clean) ** 2).sum())


@pytest.mark.parametrize("mains", [50, 60])
def test_hum_is_found_and_taken_out(talk, tmp_path, mains):
    clean = tmp_path / "clean.wav"
    sound = ffmpeg.input(str(talk.path)).audio
    render(ffmpeg.output(sound, str(clean), ar=RATE, ac=1, t=20), timeout_s=60)
    clean = mono(clean, RATE)
    t = np.arange(len(clean)) / RATE
    hum = 0.02 * sum(np.sin(2 * np.pi * mains * k * t) for k in (1, 2, 3, 5))
    path = tmp_path / "hum.wav"
    write_wav(clean + hum, path)
    assert hum_lines(mono(path, 8_000)) == [mains * k for k in (1, 2, 3, 5)]
    before = off_db(path, clean)
    reduce_noise(path, ("hum",), tmp_path)
    assert off_db(path, clean) < before - 6
    assert len(mono(path, RATE)) == pytest.approx(len(clean), abs=2)


def test_a_voice_without_hum_or_noise_is_left_alone(tmp_path):
    path = tmp_path / "clean.wav"
    write_wav(voice(), path)
    before = path.read_bytes()
    reduce_noise(path, ("hum", "noise"), tmp_path)
    assert path.read_bytes() == before


def test_noise_is_lowered_and_the_voice_stays_where_it_was(tmp_path):
    clean = voice()
    path = tmp_path / "noise.wav"
    write_wav(clean + np.random.default_rng(4).normal(0, 0.008, len(clean)), path)
    before_db, floor_db = off_db(path, clean), noise_floor(mono(path, RATE), RATE)
    reduce_noise(path, ("noise",), tmp_path)
    # A delay of a millisecond would spoil this measure.
    assert off_db(path, clean) < before_db - 1
    assert noise_floor(mono(path, RATE), RATE) < floor_db - 8
