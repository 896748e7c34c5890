import csv

import pytest

from vidpipe.media.probe import probe
from vidpipe.media.samples import decode_samples
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions
from vidpipe.timeline import complement, intersection, span, union


def speech_map(path, tmp_path):
    samples = decode_samples(path, probe(path), tmp_path / "a.wav")
    return find_silence(samples, SilenceOptions())[0]


def test_speech_and_silence_of_a_known_talk(talk, tmp_path):
    found = speech_map(talk.path, tmp_path)
    spoken = [span(a, b) for a, b, _ in talk.truth.sentences]
    shared = sum(i.duration_s for i in intersection(list(found.speech), spoken))
    assert shared > 0.93 * sum(s.duration_s for s in spoken)
    for item in found.silences:
        assert sum(item.overlap_s(s) for s in spoken) < 0.35
    # The pauses between pages are found.
    quiet = complement(union(spoken), span(0, talk.truth.duration_s))
    long_ones = [q for q in quiet if q.duration_s > 1.2]
    assert long_ones
    for gap in long_ones:
        covered = sum(s.overlap_s(gap) for s in found.silences)
        assert covered > 0.7 * gap.duration_s


def test_speech_and_silence_never_overlap(talk, tmp_path):
    found = speech_map(talk.path, tmp_path)
    assert intersection(list(found.speech), list(found.silences)) == []


@pytest.mark.parametrize(
    ("name", "talks"), [("vad_s", True), ("vad_n", False), ("vad_zero", False)]
)
def test_labelled_recordings(real_media, tmp_path, name, talks):
    found = speech_map(real_media(f"labelled/{name}.wav"), tmp_path)
    assert (found.speech_s > 0.5) == talks


def test_music_and_noise_are_neither_speech_nor_silence(real_media, tmp_path):
    """Labels of inaSpeechSegmenter: music, noise and speech joined by stretches without energy."""
    found = speech_map(real_media("labelled/musanmix_75s.mp3"), tmp_path)
    with real_media("gt/musanmix.csv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        label, part = row["labels"], span(float(row["start"]), float(row["stop"]))
        voice = sum(s.overlap_s(part) for s in found.speech) / part.duration_s
        if label in ("male", "female", "speech"):
            assert voice > 0.7
        elif label != "noEnergy":
            assert voice < 0.4
