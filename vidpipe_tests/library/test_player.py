"""What a player is given: timeline, waveform, proxy, archive, lists for editors."""

import io
import json
import shutil
import threading
import wave
import zipfile
from xml.etree import ElementTree as ET

import av
import numpy as np
import pytest

from vidpipe.errors import InputRejected
from vidpipe.library import Library, NotReady, Refused, TooBusy, UnknownClip
from vidpipe.library import proxies as made_proxies
from vidpipe.library.player import waveform
from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.media.proxies import plays_in_browsers
from vidpipe.programs import ProgramFailed
from vidpipe.results.stored import stored_results
from vidpipe_tests.conftest import make_engine


@pytest.fixture
def library(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    return Library(make_engine(home))


def test_a_timeline_has_all_that_was_found_and_made(library, processed):
    shown = library.player.timeline(processed.video_id)
    clips = processed.document("rendered_clips").clips
    assert [c.clip for c in shown.clips] == [c.clip_id for c in clips]
    assert shown.shots and shown.stretches and shown.topics
    assert [s.score for s in shown.segments] == sorted(
        (s.score for s in shown.segments), reverse=True
    )
    first = shown.clips[0]
    assert not (first.edited or first.stale or first.dropped)
    assert first.parts[0].clip_start_s == 0
    assert first.parts[-1].clip_end_s == pytest.approx(first.duration_s, abs=0.05)
    assert all(f.url.startswith("/files/") and f.poster and f.subtitles for f in first.files)
    for part in first.parts:
        assert first.start_s - 0.05 <= part.start_s < part.end_s <= first.end_s + 0.05


def test_a_waveform_is_made_once_and_follows_the_sound(library, processed):
    told = json.loads(library.player.peaks(processed.video_id))
    assert (told["version"], told["bits"], told["channels"]) == (2, 8, 1)
    assert told["length"] * 2 == len(told["data"])
    assert told["length"] == pytest.approx(told["duration_s"] * told["per_second"], abs=1)
    assert min(told["data"]) < -5 and max(told["data"]) > 5
    audio = library.engine.manifest(processed.video_id, "audio")
    library.engine.artifacts.path(audio.file("audio.wav")).unlink()
    # The sound may go: what was made of it stays.
    assert json.loads(library.player.peaks(processed.video_id)) == told


def test_each_pair_of_a_waveform_is_of_its_own_twentieth_of_a_second(tmp_path):
    sound = np.zeros(SAMPLE_RATE * 2, np.int16)
    sound[SAMPLE_RATE] = 32767
    sound[SAMPLE_RATE + 1] = -32768
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    found = waveform(AudioSamples.open(tmp_path / "a.wav"))
    assert len(found) == 80
    assert found[40:42] == [-127, 127] and not any(found[:40]) and not any(found[42:])


def test_an_archive_grows_while_it_is_sent_and_holds_all(library, processed, tmp_path):
    file = library.player.zipped_clips(processed.video_id)
    portions = list(file.portions)
    assert len(portions) > 4
    with zipfile.ZipFile(io.BytesIO(b"".join(portions))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        results = json.loads(archive.read("results.json"))
    library.deliver(processed.video_id, tmp_path / "out")
    for export in results["exports"]:
        assert {export["file"], export["post"], export["thumbnail"]} <= set(names)
        assert (tmp_path / "out" / export["file"]).exists()
    only = library.player.zipped_clips(processed.video_id, "tiktok")
    with zipfile.ZipFile(io.BytesIO(b"".join(only.portions))) as archive:
        told = json.loads(archive.read("results.json"))
        assert {e["platform"] for e in told["exports"]} == {"tiktok"}
    with pytest.raises(NotReady, match="nothing was made for myspace"):
        library.player.zipped_clips(processed.video_id, "myspace")


@pytest.mark.parametrize("form", ["edl", "xml", "markers.csv", "markers.edl"])
def test_clips_are_written_for_other_editors(library, processed, form):
    file = library.player.for_editors(processed.video_id, form)
    text = b"".join(file.portions).decode()
    assert file.name == f"{processed.video_id}.{form}"
    for clip in processed.document("rendered_clips").clips:
        assert clip.title.split("&")[0] in text
    if form == "xml":
        clips = processed.document("rendered_clips").clips
        pieces = ET.fromstring(text.partition("<!DOCTYPE xmeml>")[2]).findall(
            ".//video/track/clipitem"
        )
        assert len(pieces) == sum(len(c.kept) for c in clips)


def test_one_clip_may_be_asked_for_and_nothing_that_there_is_not(library, processed):
    one = library.player.for_editors(processed.video_id, "markers.csv", clip="2")
    assert len(b"".join(one.portions).decode().splitlines()) == 2
    with pytest.raises(UnknownClip):
        library.player.for_editors(processed.video_id, "edl", clip="77")
    with pytest.raises(Refused, match="there are: edl"):
        library.player.for_editors(processed.video_id, "avid")


def test_a_browser_gets_a_small_video_on_the_recordings_timeline(library, processed):
    video_id = processed.video_id
    before = library.proxies.view(video_id)
    _, info = library.proxies._recording(video_id)
    if plays_in_browsers(info):
        assert before.of == "source" and before.state == "ready"
        info = info.model_copy(update={"bit_rate": 10**9})
        library.proxies._recording = lambda _: (library.engine.manifest(video_id, "upload"), info)
    assert library.proxies.view(video_id).state == "absent"
    key = library.proxies.make(video_id)
    view = library.proxies.view(video_id)
    assert (view.state, view.of) == ("ready", "proxy") and view.size_bytes
    assert library.proxies.key(video_id) == key
    with av.open(str(library.engine.store.local_path(key))) as media:
        picture, sound = media.streams.video[0], media.streams.audio[0]
        assert min(picture.width, picture.height) <= 360
        frames = [(f.time, f.key_frame) for f in media.decode(picture)]
        assert sound.codec_context.name == "aac"
    starts = [t for t, is_key in frames if is_key]
    assert frames[0][0] == pytest.approx(0, abs=0.05)
    assert frames[-1][0] == pytest.approx(view.duration_s, abs=0.2)
    assert max(np.diff(starts)) <= 0.55


def _needs_a_proxy(library, video_id, monkeypatch):
    upload, info = library.proxies._recording(video_id)
    info = info.model_copy(update={"bit_rate": 10**9})
    monkeypatch.setattr(library.proxies, "_recording", lambda _: (upload, info))
    return next(file for file in upload.files if file.name.startswith("source"))


def _ended(library):
    worker = library.proxies._worker
    if worker is not None:
        worker.join(60)
    assert library.proxies._worker is None


def test_a_proxy_that_fails_is_not_made_again_at_once_and_says_why(library, processed, monkeypatch):
    video_id, tries = processed.video_id, []
    _needs_a_proxy(library, video_id, monkeypatch)

    def fails(*_):
        tries.append(1)
        raise ProgramFailed("ffmpeg", 1, "/srv/secret/source.mp4: moov atom not found")

    monkeypatch.setattr(made_proxies, "make_proxy", fails)
    assert library.proxies.key(video_id) is None
    _ended(library)
    view = library.proxies.view(video_id)
    assert (view.state, view.problem) == ("absent", "its recording does not decode")
    for _ in range(3):
        with pytest.raises(NotReady, match="its recording does not decode"):
            library.proxies.key(video_id)
    with pytest.raises(InputRejected, match="does not decode"):
        library.proxies.make(video_id)
    assert len(tries) == 2
    monkeypatch.setattr(made_proxies, "AGAIN_S", 0)
    assert library.proxies.key(video_id) is None
    _ended(library)
    assert len(tries) == 3


def test_nothing_is_begun_of_a_recording_that_is_gone(library, processed, monkeypatch):
    source = _needs_a_proxy(library, processed.video_id, monkeypatch)
    library.engine.store.local_path(source.key).unlink()
    assert "not stored any more" in library.proxies.view(processed.video_id).problem
    with pytest.raises(NotReady, match="not stored any more"):
        library.proxies.key(processed.video_id)
    assert library.proxies._worker is None


def test_proxies_wait_for_one_thread_and_only_so_many(library, processed, monkeypatch):
    video_id, go_on, at_work = processed.video_id, threading.Event(), threading.Event()
    _needs_a_proxy(library, video_id, monkeypatch)
    monkeypatch.setattr(library.proxies, "_video", lambda _: None)
    monkeypatch.setattr(made_proxies, "MOST_WAITING", 2)
    made = []

    def made_one(of, *_):
        at_work.set()
        assert go_on.wait(60)
        made.append(of)

    monkeypatch.setattr(library.proxies, "_made", made_one)
    try:
        assert library.proxies.key("a") is None
        assert at_work.wait(60)
        for name in ("b", "c", "a", "b"):
            assert library.proxies.key(name) is None
        with pytest.raises(TooBusy):
            library.proxies.key("d")
        assert sum(t.name == "proxies" for t in threading.enumerate()) == 1
    finally:
        go_on.set()
    _ended(library)
    assert made == ["a", "b", "c"]
    library.proxies._forget()
    assert not library.proxies._making


def test_a_full_disk_keeps_a_proxy_from_being_made(library, processed, monkeypatch):
    _needs_a_proxy(library, processed.video_id, monkeypatch)
    monkeypatch.setattr(made_proxies, "low_disk_space", lambda _: "/srv/store has 0.1 GiB free")
    library.proxies.key(processed.video_id)
    _ended(library)
    problem = library.proxies.view(processed.video_id).problem
    assert "no room" in problem and "/srv" not in problem


def test_a_waveform_that_is_being_made_is_made_once(library, processed, monkeypatch):
    make, asked = library.player._make_peaks, []

    def made(*args):
        asked.append(library.player.peaks(processed.video_id))
        return make(*args)

    monkeypatch.setattr(library.player, "_make_peaks", made)
    assert library.player.peaks(processed.video_id)
    assert asked == [None]
    assert library.player.peaks(processed.video_id) and len(asked) == 1


def test_an_archive_leaves_out_what_is_not_stored_any_more(library, processed):
    whole = library.player.zipped_clips(processed.video_id)
    with zipfile.ZipFile(io.BytesIO(b"".join(whole.portions))) as archive:
        first, *others = json.loads(archive.read("results.json"))["exports"]
        assert "missing.txt" not in archive.namelist()
    stored = stored_results(library.engine, processed.video_id)
    library.engine.store.local_path(stored.files[first["file"]].key).unlink()
    left = library.player.zipped_clips(processed.video_id)
    with zipfile.ZipFile(io.BytesIO(b"".join(left.portions))) as archive:
        assert archive.testzip() is None and first["file"] not in archive.namelist()
        told = json.loads(archive.read("results.json"))["exports"]
        assert [e["file"] for e in told] == [e["file"] for e in others]
        assert first["file"] in archive.read("missing.txt").decode()
    for export in others:
        library.engine.store.local_path(stored.files[export["file"]].key).unlink()
    with pytest.raises(NotReady, match="not stored any more"):
        library.player.zipped_clips(processed.video_id)
