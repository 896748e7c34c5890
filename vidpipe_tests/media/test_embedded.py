"""Subtitles inside a recording are offered as its transcript."""

import shutil
import subprocess

import pytest

from vidpipe.intake.model import IntakeState, Sidecar
from vidpipe.media.embedded import text_tracks
from vidpipe.media.ffmpeg import executable
from vidpipe.media.probe import probe
from vidpipe.storage.keys import Folder
from vidpipe.transcript.languages import iso_language
from vidpipe.transcript.subtitle_files import read_cues
from vidpipe_tests.conftest import take

SRT = "1\n00:00:01,000 --> 00:00:03,000\n{} <i>one</i>\n\n2\n00:00:04,000 --> 00:00:06,000\ntwo\n"


def with_subtitles(source, target, tmp_path, codec, languages):
    arguments = [executable(), "-v", "error", "-y", "-i", str(source)]
    for k, language in enumerate(languages):
        path = tmp_path / f"in{k}.srt"
        path.write_text(SRT.format(language or "plain"))
        arguments += ["-i", str(path)]
    arguments += ["-map", "0:v", "-map", "0:a"]
    for k, language in enumerate(languages):
        arguments += ["-map", f"{k + 1}:0"]
        if language:
            arguments += [f"-metadata:s:s:{k}", f"language={language}"]
    arguments += ["-c", "copy", "-c:s", codec]
    subprocess.run([*arguments, str(target)], check=True)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "mov_text"), (".mkv", "srt"), (".mkv", "ass")]
)
def test_text_tracks_become_the_transcript(engine, talk, tmp_path, suffix, codec):
    path = tmp_path / f"talk{suffix}"
    with_subtitles(talk.path, path, tmp_path, codec, ["ger", "eng"])
    tracks = text_tracks(path, probe(path), tmp_path)
    assert [t.language for t in tracks] == ["ger", "eng"]
    cues = read_cues(tracks[0].path.read_bytes(), tracks[0].path.name)
    assert [(round(c.start_s, 1), c.text) for c in cues] == [(1.0, "ger one"), (4.0, "two")]
    outcome = take(engine, path)
    assert outcome.state is IntakeState.ACCEPTED
    stored = engine.artifacts.current(outcome.video_id, Folder.RAW, "sidecar")
    assert engine.artifacts.document(stored, Sidecar).transcript_files == (
        "transcript.embedded.ger.srt",
        "transcript.embedded.eng.srt",
    )
    assert iso_language("ger") == "de" and iso_language("eng-US") == "en"


def test_a_transcript_beside_it_comes_before_its_own(engine, talk, tmp_path):
    path = tmp_path / "talk.mp4"
    with_subtitles(talk.path, path, tmp_path, "mov_text", [""])
    path.with_suffix(".srt").write_text(SRT.format("beside"))
    outcome = take(engine, path)
    stored = engine.artifacts.current(outcome.video_id, Folder.RAW, "sidecar")
    assert engine.artifacts.document(stored, Sidecar).transcript_files == ("transcript.srt",)


def test_without_any_there_is_none(talk, tmp_path):
    path = tmp_path / "plain.mp4"
    shutil.copy(talk.path, path)
    assert text_tracks(path, probe(path), tmp_path) == []
