"""Subtitles of a programme that began at a full hour lie where its recording's begin at nought."""

import json

import pytest

from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.model import SkippedSource
from vidpipe.transcript.sidecar import SidecarTranscript, from_sidecar, read_sidecar
from vidpipe.transcript.timecode import hours_off_s

#: A minute with somebody speaking for five seconds of every six.
TALK = SpeechMap(duration_s=60.0, speech=tuple(span(k + 0.5, k + 5.5) for k in range(0, 60, 6)))
TEXTS = [f"This is sentence number {k} of it." for k in range(10)]


def programme(hour):
    return "\n\n".join(
        f"{hour:02d}:00:{6 * k:02d},500 --> {hour:02d}:00:{6 * k + 5:02d},500\n{text}"
        for k, text in enumerate(TEXTS)
    )


@pytest.mark.parametrize("hour", [1, 10, 23])
def test_a_clock_that_began_at_an_hour_begins_at_nought(tmp_path, hour):
    path = tmp_path / "talk.srt"
    path.write_text(programme(hour))
    reading = read_sidecar(path, path.name, TALK)
    assert isinstance(reading, SidecarTranscript) and reading.moved_s == -3600 * hour
    done = from_sidecar(reading, None, TALK, "en")
    assert (done.words[0].start_s, done.moved_s) == (0.5, -3600 * hour)
    assert len(done.sentences) == 10


def test_words_too(tmp_path):
    path = tmp_path / "talk.json"
    words = [w for k, t in enumerate(TEXTS) for w in ((6 * k + j / 2, w) for j, w in words_of(t))]
    path.write_text(
        json.dumps([{"word": w, "start": 3600.5 + s, "end": 3600.8 + s} for s, w in words])
    )
    reading = read_sidecar(path, path.name, TALK)
    assert isinstance(reading, SidecarTranscript) and reading.moved_s == -3600
    assert from_sidecar(reading, None, TALK, "en").words[0].start_s == pytest.approx(0.5, abs=0.01)


def words_of(text):
    return enumerate(text.split())


def test_what_fits_or_belongs_elsewhere_stays(tmp_path):
    long = [span(3700.0, 3705.0), span(7000.0, 7100.0)]
    assert hours_off_s(long, 7200.0) == 0.0
    # An hour and a half of a programme that began at one o'clock.
    assert hours_off_s([span(3601.0, 3605.0), span(8900.0, 8990.0)], 5400.0) == -3600.0
    assert hours_off_s([span(5000.0, 5005.0)], 60.0) == 0.0
    assert hours_off_s([], 60.0) == 0.0
    path = tmp_path / "talk.srt"
    path.write_text(programme(1).replace("01:00:", "01:20:"))
    assert isinstance(read_sidecar(path, path.name, TALK), SkippedSource)
