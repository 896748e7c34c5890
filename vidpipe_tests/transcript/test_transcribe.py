import itertools
import threading
from dataclasses import dataclass, field

import pytest

from vidpipe.channels.model import Channel
from vidpipe.errors import Unavailable
from vidpipe.intake.model import Instructions
from vidpipe.models import ModelStore
from vidpipe.pipeline import Order
from vidpipe.settings import load_settings
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.model import Transcript, TranscriptOptions, Word
from vidpipe.transcript.recogniser import Recognised
from vidpipe.transcript.registry import choose
from vidpipe.transcript.sphinx import PocketSphinx
from vidpipe.transcript.transcribe import NoCheckpoints, transcribe


@dataclass
class Reader:
    """Stands where a recogniser is: hears the words that were really said."""

    made: object
    parallel: int = 1
    longest_s: float = 1e9
    fail_at: int | None = None
    told: str = "en"
    name: str = "reader"
    identity: str = "reader-1"
    draft: bool = False
    cost_per_minute: float = 0.0
    asked: list = field(default_factory=list)

    def recognise(self, passage, language):
        self.asked.append((passage.interval, language))
        if self.fail_at is not None and len(self.asked) > self.fail_at:
            raise Unavailable("the server is gone")
        at = passage.interval
        return Recognised(
            (
                Word(text=w, start_s=t, end_s=t + 0.1, confidence=0.9)
                for t, w in self.made.words
                if at.start_s <= t < at.end_s
            ),
            language or self.told,
        )


class Kept:
    """Checkpoints in a dictionary."""

    def __init__(self):
        self.chunks = {}
        self.lock = threading.Lock()

    def find(self, interval, language):
        with self.lock:
            return self.chunks.get((interval, language))

    def keep(self, chunk, language):
        with self.lock:
            self.chunks[span(chunk.start_s, chunk.end_s), language] = chunk


def plain(words):
    return ["".join(c for c in w.lower() if c.isalnum()) for w in words]


@pytest.mark.parametrize("parallel", [1, 4])
def test_chunks_are_cut_between_words_and_joined_whole(heard, parallel):
    reader = Reader(heard.made, parallel=parallel)
    told = []
    found = transcribe(
        reader,
        heard.samples,
        heard.speech,
        None,
        [],
        chunk_s=15.0,
        on_progress=lambda f, note: told.append((f, note)),
    )
    assert plain(w.text for w in found.words) == plain(w for _, w in heard.made.words)
    assert len(reader.asked) >= 4
    assert found.language == found.detected_language == "en" and found.flags == ()
    # The first chunk tells the language for the others.
    assert [language for _, language in reader.asked] == [None] + ["en"] * (len(reader.asked) - 1)
    for interval, _ in reader.asked:
        assert interval.duration_s <= 15
        assert not any(
            v.start_s + 0.05 < edge < v.end_s - 0.05
            for edge in (interval.start_s, interval.end_s)
            for v in heard.made.voice
        )
    assert [f for f, _ in told] == sorted(f for f, _ in told)
    assert told[-1][0] == pytest.approx(1.0) and "minutes of speech" in told[-1][1]


@pytest.mark.parametrize("parallel", [1, 3])
def test_what_was_heard_before_a_failure_is_not_heard_again(heard, parallel):
    kept = Kept()
    first = Reader(heard.made, parallel=parallel, fail_at=3)
    with pytest.raises(Unavailable):
        transcribe(first, heard.samples, heard.speech, "en", [], chunk_s=15.0, checkpoints=kept)
    done = len(kept.chunks)
    assert done == 3
    again = Reader(heard.made)
    found = transcribe(again, heard.samples, heard.speech, "en", [], chunk_s=15.0, checkpoints=kept)
    assert plain(w.text for w in found.words) == plain(w for _, w in heard.made.words)
    assert len(again.asked) == len(kept.chunks) - done


def test_a_recogniser_that_takes_less_is_given_less_and_its_cost_is_counted(heard):
    reader = Reader(heard.made, longest_s=10.0, cost_per_minute=0.006)
    found = transcribe(reader, heard.samples, heard.speech, "en", [])
    assert all(i.duration_s <= 10 for i, _ in reader.asked)
    minutes = sum(i.duration_s for i, _ in reader.asked) / 60
    assert found.cost == pytest.approx(0.006 * minutes, abs=1e-4)


def test_a_recogniser_whose_times_cannot_be_is_put_right(heard):
    class Astray(Reader):
        def recognise(self, passage, language):
            found = list(super().recognise(passage, language).words)
            odd = [(-5.0, -4.0), (0.0, 0.0), (20.0, 10.0), (30.0, 30.0), (1e6, 1e6 + 1)]
            more = [Word(text="astray", start_s=a, end_s=b) for a, b in odd]
            return Recognised([*more, *found], "en")

    found = transcribe(Astray(heard.made), heard.samples, heard.speech, "en", [])
    said = [w for w in plain(w.text for w in found.words) if w != "astray"]
    assert said == plain(w for _, w in heard.made.words)
    assert all(0 <= w.start_s < w.end_s <= heard.speech.duration_s + 0.03 for w in found.words)
    assert all(a.start_s <= b.start_s for a, b in itertools.pairwise(found.words))


def test_an_expected_language_stays_and_what_was_heard_is_told(heard):
    class German(Reader):
        def recognise(self, passage, language):
            return Recognised(super().recognise(passage, language).words, "de")

    found = transcribe(German(heard.made), heard.samples, heard.speech, "en", [])
    assert (found.language, found.expected_language, found.detected_language) == ("en", "en", "de")


def test_nothing_said_is_a_transcript_with_no_words():
    found = transcribe(None, None, SpeechMap(duration_s=5), None, [])
    assert found == Transcript(source="none")


def test_speech_without_any_recogniser_is_unavailable_and_says_what_to_do(tmp_path):
    options = TranscriptOptions(recognisers="sidecar,faster-whisper")
    recogniser, passed = choose(options, "de", ModelStore(tmp_path, may_fetch=False))
    assert recogniser is None
    speech = SpeechMap(duration_s=5, speech=(span(0, 5),))
    with pytest.raises(Unavailable, match=r"FASTER_WHISPER__PATH.*talk\.srt"):
        transcribe(recogniser, object(), speech, "de", passed)


def test_the_carried_recogniser_is_a_draft_and_english_only(tmp_path):
    recogniser, passed = choose(TranscriptOptions(), None, ModelStore(tmp_path, may_fetch=False))
    assert recogniser is not None and recogniser.draft
    why = {p.source: p.reason for p in passed}
    assert list(why) == ["api", "transformers", "faster-whisper"]
    assert "API__URL" in why["api"] and "FASTER_WHISPER__PATH" in why["faster-whisper"]
    none, passed = choose(TranscriptOptions(), "fr", ModelStore(tmp_path, may_fetch=False))
    assert none is None and "English only" in passed[-1].reason


def test_the_order_is_a_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__RECOGNISERS", "pocketsphinx, sidecar")
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__FASTER_WHISPER__BEAM", "2")
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__API__KEY", "canary-key")
    settings = load_settings(home=tmp_path)
    assert settings.transcript.order == ("pocketsphinx", "sidecar")
    assert settings.transcript.faster_whisper.beam == 2
    assert settings.transcript.faster_whisper.model == "small"
    assert "canary-key" not in repr(settings) and "canary-key" not in settings.model_dump_json()


def test_the_language_is_the_sidecars_the_channels_or_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__LANGUAGE", "fr")
    settings = load_settings(home=tmp_path)
    channel = Channel(name="default")
    german = channel.model_copy(update={"language": "de"})
    assert Order(settings=settings, channel=channel).language == "fr"
    assert Order(settings=settings, channel=german).language == "de"
    told = Instructions(language="it")
    assert Order(settings=settings, channel=german, instructions=told).language == "it"


def test_pocketsphinx_reads_made_up_speech_in_order(heard):
    found = list(PocketSphinx().recognise(heard.passage(end_s=20.0), "en").words)
    assert len(found) > 10
    assert all(0 <= w.start_s < w.end_s <= 20.2 for w in found)
    assert [w.start_s for w in found] == sorted(w.start_s for w in found)


def test_checkpoints_are_optional():
    assert NoCheckpoints().find(span(0, 1), None) is None
