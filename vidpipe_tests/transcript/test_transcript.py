import itertools
import json
from difflib import SequenceMatcher
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import InputRejected, Unavailable
from vidpipe.media.probe import probe
from vidpipe.media.samples import decode_samples
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.model import PassedOver, Transcript, TranscriptOptions, Word
from vidpipe.transcript.recogniser import choose
from vidpipe.transcript.sentences import split_sentences
from vidpipe.transcript.sidecar import read_cues, why_it_does_not_fit, words_from_cues
from vidpipe.transcript.sphinx import PocketSphinx
from vidpipe.transcript.subtitles import LINE_CHARACTERS, balance, cues_of, to_srt, to_vtt
from vidpipe.transcript.transcribe import from_sidecar, recognise


def write(tmp_path, data, name="talk.srt"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_subtitles_in_the_wild(tmp_path):
    text = (
        "\ufeff2\r\n00:00:05,000 --> 00:00:07,500\r\n<i>SPEAKER ONE: second</i> cue\r\n\r\n"
        "1\r\n00:00:01,000 --> 00:00:05,500\r\n>> first &amp; {\\an8}only\r\nhere\r\n\r\n"
        "3\r\n00:00:08,000 --> 00:00:09,000\r\n[applause]\r\n"
    )
    cues = read_cues(write(tmp_path, text), "talk.srt")
    assert [(c.start_s, c.text) for c in cues] == [
        (1.0, "first & only here"),
        (5.0, "second cue"),
    ]


def test_a_colon_in_a_sentence_is_no_speaker(tmp_path):
    text = "1\n00:00:01,000 --> 00:00:02,000\nRemember one figure: six decibels.\n"
    assert read_cues(write(tmp_path, text), "x")[0].text == "Remember one figure: six decibels."


def test_webvtt_and_other_encodings(tmp_path):
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000 align:start\n<v Speaker>Größe\n"
    assert read_cues(write(tmp_path, vtt, "t.vtt"), "t")[0].text == "Größe"
    latin = "1\n00:00:01,000 --> 00:00:02,000\nGröße\n".encode("cp1252")
    assert read_cues(write(tmp_path, latin), "t")[0].text == "Größe"


@pytest.mark.parametrize("data", [b"", b"nothing here", b"\x00\x01\x02"])
def test_what_is_no_subtitle_is_refused(tmp_path, data):
    with pytest.raises(InputRejected):
        read_cues(write(tmp_path, data), "talk.srt")


def test_subtitles_of_another_recording_are_refused_with_a_reason(tmp_path):
    path = write(tmp_path, "1\n00:50:00,000 --> 00:50:02,000\nlate\n")
    speech = SpeechMap(duration_s=60, speech=(span(1, 50),))
    cues = read_cues(path, "talk.srt")
    assert "ends at 3002 s" in why_it_does_not_fit(cues, speech)
    elsewhere = read_cues(write(tmp_path, "1\n00:00:52,000 --> 00:00:59,000\nx\n"), "t")
    assert "where somebody speaks" in why_it_does_not_fit(elsewhere, speech)
    refused = from_sidecar(path, "talk.srt", speech, "en")
    assert isinstance(refused, PassedOver)


@given(
    st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=1, max_size=20),
    st.floats(0, 5),
    st.floats(0.5, 8),
)
def test_words_of_a_cue_are_in_order_and_inside_it(texts, start, length):
    from vidpipe.transcript.sidecar import Cue

    cue = Cue(start_s=start, end_s=start + length, text=" ".join(texts))
    speech = SpeechMap(duration_s=60, speech=(span(start + 0.1 * length, start + 0.6 * length),))
    words = words_from_cues([cue], speech)
    assert [w.text for w in words] == texts
    assert all(a.start_s <= b.start_s for a, b in itertools.pairwise(words))
    assert all(start - 1e-3 <= w.start_s < w.end_s <= start + length + 0.05 for w in words)


def test_word_times_from_cues_are_near_the_truth(talk, tmp_path):
    """Median error of word starts, cues spread over speech: under 0.15 s on a made-up talk."""
    import numpy as np

    samples = decode_samples(talk.path, probe(talk.path), tmp_path / "a.wav")
    speech, _ = find_silence(samples, SilenceOptions())
    cues = read_cues(talk.path.with_suffix(".srt"), "x")
    words = words_from_cues(cues, speech)
    said = [w.text.strip(".,?!").lower() for w in words]
    true = [t.lower() for _, t in talk.truth.words]
    same = SequenceMatcher(None, said, true, autojunk=False).get_matching_blocks()
    pairs = [(words[b.a + k], talk.truth.words[b.b + k]) for b in same for k in range(b.size)]
    assert len(pairs) > 0.9 * len(true)
    errors = [abs(word.start_s - at) for word, (at, _) in pairs]
    assert float(np.median(errors)) < 0.15


def test_sentences_end_at_stops_not_at_initials_or_abbreviations():
    text = (
        "We saw St. Gallen, e.g. with J. Bach. He chose the key K. "
        "And then it was 3.5 volts! Right?"
    )
    words = [Word(text=t, start_s=k, end_s=k + 0.5) for k, t in enumerate(text.split())]
    assert [s.text for s in split_sentences(words)] == [
        "We saw St. Gallen, e.g. with J. Bach.",
        "He chose the key K.",
        "And then it was 3.5 volts!",
        "Right?",
    ]


@given(st.integers(1, 200), st.floats(0.0, 3.0))
def test_every_word_is_in_exactly_one_sentence(count, gap):
    words = [
        Word(text="w", start_s=k * (0.3 + gap * (k % 7 == 0)), end_s=k * 0.3 + 0.2 + 1000)
        for k in range(count)
    ]
    sentences = split_sentences(words)
    assert [k for s in sentences for k in range(s.first_word, s.last_word)] == list(range(count))
    assert all(s.last_word - s.first_word <= 45 for s in sentences)


@given(st.lists(st.text("abcdefghij.,", min_size=1, max_size=12), min_size=1, max_size=60))
def test_subtitle_lines_fit(texts):
    words = [Word(text=t, start_s=k * 0.4, end_s=k * 0.4 + 0.3) for k, t in enumerate(texts)]
    groups = cues_of(words)
    assert [w for g in groups for w in g] == words
    for group in groups:
        lines = balance([w.text for w in group])
        assert len(lines) <= 2
        if len(lines) == 1:
            assert len(lines[0]) <= LINE_CHARACTERS
    assert to_srt(words).count(" --> ") == len(groups)
    assert to_vtt(words).startswith("WEBVTT")


def test_nothing_said_is_a_transcript_with_no_words():
    found = recognise(None, None, SpeechMap(duration_s=5), None, [], lambda _: None)
    assert found == Transcript(source="none")


def test_speech_without_any_recogniser_is_unavailable_and_says_what_to_do(tmp_path):
    options = TranscriptOptions(recognisers=("sidecar", "faster-whisper"))
    recogniser, passed = choose(options, "de", tmp_path, may_download=False)
    assert recogniser is None
    speech = SpeechMap(duration_s=5, speech=(span(0, 5),))
    with pytest.raises(Unavailable, match=r"WHISPER_PATH.*talk\.srt"):
        recognise(recogniser, object(), speech, "de", passed, lambda _: None)  # type: ignore[arg-type]


def test_the_carried_recogniser_is_a_draft_and_english_only(tmp_path):
    recogniser, passed = choose(TranscriptOptions(), None, tmp_path, may_download=False)
    assert recogniser is not None and recogniser.draft
    assert passed[0].source == "faster-whisper" and "WHISPER_PATH" in passed[0].reason
    none, passed = choose(TranscriptOptions(), "fr", tmp_path, may_download=False)
    assert none is None and "English only" in passed[1].reason


def test_pocketsphinx_reads_a_book_with_its_word_times(real_media, tmp_path):
    """LibriVox, read clearly: half of the words right, their times within 0.2 s of the labels."""
    path = real_media("speech/librivox_0870.wav")
    samples = decode_samples(path, probe(path), tmp_path / "a.wav")
    speech, _ = find_silence(samples, SilenceOptions())
    found = PocketSphinx().recognise(samples, speech, "en", lambda _: None)
    truth = real_media("gt/librivox_0870.txt").read_text().lower().split()
    said = [w.text for w in found.words]
    common = sum(1 for w in truth if w in said)
    assert common >= 0.5 * len(truth)
    labels = json.loads(real_media("gt/librivox_0870.align.json").read_text())
    times = {w["t"].lower(): w["b"] for w in labels["w"] if w["t"].isalpha()}
    hits = [abs(w.start_s - times[w.text]) for w in found.words if w.text in times]
    assert hits and sorted(hits)[len(hits) // 2] < 0.2


class _Whisper:
    """Stands where faster-whisper's model is: its words are the chunk's own times."""

    heard: ClassVar[list[tuple[int, str | None]]] = []

    def __init__(self, path, **options):
        assert Path(path).is_dir() and options["compute_type"] == "int8"

    def transcribe(self, audio, language, **_):
        self.heard.append((len(audio), language))
        word = SimpleNamespace(word=" hello ", start=0.5, end=0.5, probability=0.9)
        blank = SimpleNamespace(word=" ", start=0.6, end=0.7, probability=0.1)
        segment = SimpleNamespace(words=[word, blank], end=1.0)
        return [segment], SimpleNamespace(language="de")


def test_whisper_hears_chunks_cut_in_silence_and_its_times_are_put_back(
    talk, tmp_path, monkeypatch
):
    import faster_whisper

    monkeypatch.setattr(faster_whisper, "WhisperModel", _Whisper)
    monkeypatch.setattr("vidpipe.transcript.faster_whisper._CHUNK_S", 12.0)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_bytes(b"weights")
    options = TranscriptOptions(whisper_path=str(tmp_path / "model"))
    recogniser, passed = choose(options, None, tmp_path, may_download=False)
    assert recogniser is not None and recogniser.name == "faster-whisper" and passed == []
    assert "model-7" in recogniser.identity
    samples = decode_samples(talk.path, probe(talk.path), tmp_path / "a.wav")
    speech, _ = find_silence(samples, SilenceOptions())
    told = []
    found = recogniser.recognise(samples, speech, None, told.append)
    assert found.language == "de"
    assert len(_Whisper.heard) == len(found.words) >= 2
    # The language told by the first chunk holds for the others.
    assert [language for _, language in _Whisper.heard][1:] == ["de"] * (len(found.words) - 1)
    assert all(length <= 16000 * 12.5 for length, _ in _Whisper.heard)
    assert [w.text for w in found.words] == ["hello"] * len(found.words)
    for word in found.words:
        assert word.end_s > word.start_s
        assert any(s.start_s - 0.2 <= word.start_s - 0.5 <= s.start_s for s in speech.speech)
    assert told == sorted(told) and told[-1] <= 1.0
