"""No speech is left without words unless it was heard twice."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from vidpipe.media.samples import SAMPLE_RATE
from vidpipe.models import ModelStore
from vidpipe.timeline import span
from vidpipe.transcript.completeness import completed, unheard, unheard_s
from vidpipe.transcript.faster_whisper import FasterWhisper
from vidpipe.transcript.model import FasterWhisperOptions, Word
from vidpipe.transcript.pieces import Piece, words_of
from vidpipe.transcript.recogniser import Passage


def word(text, start_s, end_s, confidence=0.9):
    return Word(text=text, start_s=start_s, end_s=end_s, confidence=confidence)


SPEECH = [span(0.0, 4.0), span(6.0, 9.0)]
WORDS = [word("one", 0.1, 0.6), word("two", 1.0, 3.8)]


def test_speech_without_a_word_is_found_and_counted():
    assert unheard(WORDS, SPEECH) == [span(6.0, 9.0)]
    assert unheard_s(WORDS, SPEECH) == pytest.approx(3.0)
    assert unheard([*WORDS, word("three", 6.2, 8.5)], SPEECH) == []


def test_it_is_heard_again_once_and_the_words_stand_where_they_are_said():
    asked = []

    def hear(stretch):
        asked.append(stretch)
        return [word("three", 6.2, 7.0), word("four", 7.2, 8.8)]

    found = completed(WORDS, SPEECH, hear)
    assert [w.text for w in found] == ["one", "two", "three", "four"]
    assert len(asked) == 1 and asked[0].start_s < 6.0 < 9.0 < asked[0].end_s


@pytest.mark.parametrize(
    "made_up",
    [
        [word("Thanks", 6.2, 6.5, 0.2), word("for watching", 6.6, 7.0, 0.3)],
        [word("x" * 60, 6.1, 6.4), word("y" * 60, 6.5, 6.9)],
        [word("elsewhere", 2.0, 2.5)],
    ],
)
def test_what_a_second_hearing_makes_up_is_not_believed(made_up):
    assert completed(WORDS, SPEECH, lambda _: made_up) == WORDS


def test_pieces_are_glued_as_the_model_means_them():
    pieces = [
        Piece(t, k, k + 0.5, 0.9)
        for k, t in enumerate([" side", "-by", "-side", " l", "'aéroport", " speech"])
    ]
    assert [w.text for w in words_of(pieces)] == ["side-by-side", "l'aéroport", "speech"]


class _Recording:
    """Samples from memory."""

    def __init__(self, sound: np.ndarray) -> None:
        self.sound = sound
        self.count = len(sound)
        self.duration_s = len(sound) / SAMPLE_RATE

    def read(self, start_s, end_s):
        return self.sound[max(0, round(start_s * SAMPLE_RATE)) : round(end_s * SAMPLE_RATE)]


@pytest.mark.parametrize(
    "recording", ["speech/azure_training_audio1.wav", "speech/azure_testing_audio.wav"]
)
def test_no_sentence_is_lost_where_a_window_ends(recording, whisper_base: Path, real_media):
    """Against the text that was read: a whole sentence lost is over 10 % of its words."""
    from faster_whisper import decode_audio

    from vidpipe.silence.activity import find_silence
    from vidpipe.silence.model import SilenceOptions

    path = real_media(recording)
    told = real_media(f"gt/{path.stem}.txt").read_text()
    sound = _Recording(decode_audio(str(path)))
    speech, _ = find_silence(sound, SilenceOptions())
    store = ModelStore(whisper_base.parent, may_fetch=False)
    whisper = FasterWhisper(FasterWhisperOptions(path=str(whisper_base)), store)
    passage = Passage(sound, span(0.0, sound.duration_s), tuple(speech.speech))
    heard = list(whisper.recognise(passage, None).words)
    said = {w.strip(".,").lower() for w in told.split()}
    got = {w.text.strip(".,").lower() for w in heard}
    assert len(said & got) > 0.88 * len(said)
    assert unheard_s(heard, speech.speech) == 0.0
    assert all(a.start_s <= b.start_s for a, b in itertools.pairwise(heard))
