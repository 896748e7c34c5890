"""What Whisper is known to do on real sound, provoked with real weights."""

import itertools
import re

import numpy as np
import pytest

from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples, decode_samples
from vidpipe.media.probe import probe
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.faster_whisper import FasterWhisper
from vidpipe.transcript.model import FasterWhisperOptions
from vidpipe.transcript.recogniser import AudioChunk
from vidpipe.transcript.transcribe import transcribe
from vidpipe_tests.conftest import REAL_MEDIA
from vidpipe_tests.recorded import saved

pytestmark = pytest.mark.slow

_LENGTH = 15 * SAMPLE_RATE


@pytest.fixture(scope="module")
def whisper(whisper_base, tmp_path_factory):
    from vidpipe.models import ModelStore

    store = ModelStore(tmp_path_factory.mktemp("models"), may_fetch=False)
    return FasterWhisper(FasterWhisperOptions(path=str(whisper_base)), store)


@pytest.fixture
def plain(whisper_base):
    """The text of faster-whisper itself, without a look at where somebody speaks."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(whisper_base), device="cpu", compute_type="int8")

    def text(samples):
        segments, _ = model.transcribe(samples.read(0.0, samples.duration_s), language="en")
        return " ".join(s.text.strip() for s in segments)

    return text


def real(name, folder):
    path = REAL_MEDIA / name
    if not path.exists():
        pytest.skip(f"real test media are not there: {path}")
    samples = decode_samples(path, probe(path), folder / "real.wav")
    return samples.read(0.0, samples.duration_s)


def spoken_throughout(samples):
    """As if a voice were heard all the time: nothing but the model itself keeps it from talking."""
    whole = span(0.0, samples.duration_s)
    return SpeechMap(duration_s=samples.duration_s, speech=(whole,))


def chords():
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    bars = [
        sum(np.sin(2 * np.pi * f * t) * np.exp(-2 * t) for f in notes)
        for notes in ((261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6))
    ]
    return 0.1 * np.tile(np.concatenate(bars), 5)


def hum():
    t = np.arange(_LENGTH) / SAMPLE_RATE
    return 0.05 * np.sin(2 * np.pi * 50 * t) + 0.02 * np.sin(2 * np.pi * 150 * t)


SOUNDS = {
    "silence": lambda: np.zeros(_LENGTH),
    "noise": lambda: np.random.default_rng(1).normal(0, 0.01, _LENGTH),
    "hum": hum,
}


@pytest.mark.parametrize("sound", SOUNDS)
def test_nothing_is_made_up_where_nobody_speaks(sound, whisper, tmp_path):
    samples = AudioSamples.open(saved(SOUNDS[sound](), tmp_path / "quiet.wav"))
    passage = AudioChunk(samples, span(0.0, samples.duration_s), spoken_throughout(samples).speech)
    assert list(whisper.recognise(passage, "en").words) == []


def test_music_makes_no_sentence(whisper, tmp_path):
    """What a model hears in bare chords differs between processors by a word."""
    samples = AudioSamples.open(saved(chords(), tmp_path / "music.wav"))
    passage = AudioChunk(samples, span(0.0, samples.duration_s), spoken_throughout(samples).speech)
    assert len(list(whisper.recognise(passage, "en").words)) <= 2


def test_silence_makes_the_model_itself_talk(plain, tmp_path):
    """Without this the test above would say nothing of silence."""
    samples = AudioSamples.open(saved(SOUNDS["silence"](), tmp_path / "quiet.wav"))
    assert plain(samples)


def test_no_loop_is_left_of_music_and_noise(whisper, tmp_path):
    sound = real("labelled/musanmix_75s.mp3", tmp_path)[: 30 * SAMPLE_RATE]
    samples = AudioSamples.open(saved(sound, tmp_path / "music.wav"))
    done = transcribe(whisper, samples, spoken_throughout(samples), "en", [])
    texts = [w.text.casefold().strip(".,!?") for w in done.words]
    for size in range(1, 8):
        phrases = [tuple(texts[k : k + size]) for k in range(0, len(texts))]
        for k in range(len(texts) - 4 * size):
            assert len({phrases[k + j * size] for j in range(4)}) > 1, phrases[k]


@pytest.mark.parametrize("at_s", [0.0, 13.0])
def test_a_quotation_does_not_change_the_language(at_s, whisper, tmp_path):
    """Hebrew before, or in the middle of, half a minute of English."""
    english = real("speech/azure_training_audio1.wav", tmp_path)
    alone = AudioSamples.open(saved(english, tmp_path / "alone.wav"))
    speech, _ = find_silence(alone, SilenceOptions())
    pauses = [(a.end_s + b.start_s) / 2 for a, b in itertools.pairwise(speech.speech)]
    cut = round(min([0.0, *pauses], key=lambda t: abs(t - at_s)) * SAMPLE_RATE)
    hebrew = real("labelled/musanmix_75s.mp3", tmp_path)
    quotation = hebrew[round(62.3 * SAMPLE_RATE) : round(71.0 * SAMPLE_RATE)]
    sound = np.concatenate([english[:cut], quotation, english[cut:]])
    samples = AudioSamples.open(saved(sound, tmp_path / "both.wav"))
    heard, _ = find_silence(samples, SilenceOptions())
    done = transcribe(whisper, samples, heard, None, [])
    assert done.language == "en"
    said = _different(transcribe(whisper, alone, speech, "en", []).words)
    assert len(said - _different(done.words)) <= 0.05 * len(said)


def _different(words):
    """The words that are said, whether they are joined by a hyphen or not."""
    return set(re.findall(r"[a-z']+", " ".join(w.text for w in words).casefold()))
