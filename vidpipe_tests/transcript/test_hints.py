"""What a recogniser is told of names, and that it does not say it back."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.models import ModelStore
from vidpipe.testmedia.piper import Piper
from vidpipe.testmedia.recording import between, noise
from vidpipe.testmedia.speech import NATURAL_VOICE
from vidpipe.timeline import span
from vidpipe.transcript.faster_whisper import FasterWhisper
from vidpipe.transcript.hints import PROMPT_TOKENS, at_most_tokens, hint, said_back
from vidpipe.transcript.model import FasterWhisperOptions
from vidpipe.transcript.recogniser import AudioChunk
from vidpipe.transcript.whisper_ear import _NAMES_TOKENS, WhisperEar
from vidpipe_tests.recorded import saved

pytestmark = pytest.mark.slow

NAMES = ("Dagster", "Node.js", "Alan Turing", "Edsger Dijkstra", "Srinivasa Ramanujan")


def test_tokens_are_not_counted_too_low(whisper_base):
    from tokenizers import Tokenizer

    counted = Tokenizer.from_file(str(whisper_base / "tokenizer.json"))
    for names in (
        NAMES,
        ("GPT", "AWS", "K8s"),
        ("東京大学", "量子力学"),
        ("Łukasiewicz", "Wrocław"),
    ):
        text = hint(names, len)
        exact = len(counted.encode(f" {text}", add_special_tokens=False).ids)
        assert exact <= at_most_tokens(text) < 3 * exact


def test_as_many_of_the_first_as_fit():
    assert hint((), len) == ""
    assert hint(("Dagster", "Node.js"), len) == "Dagster, Node.js."
    assert hint(("Dagster", "Node.js", "Rust"), len, at_most=18) == "Dagster, Node.js."
    assert hint(("a" * 50, "Rust"), len, at_most=18) == ""
    long = [f"Name{k}" for k in range(500)]
    shown = hint(long, at_most_tokens)
    assert shown.startswith("Name0, Name1") and at_most_tokens(shown) <= PROMPT_TOKENS
    assert len(shown) > 300


@pytest.mark.parametrize(
    ("text", "names", "is_list"),
    [
        ("Dagster, Node.js, Alan Turing.", NAMES, True),
        (" node js alan turing edsger dijkstra", NAMES, True),
        ("We use Dagster, and Alan Turing did not.", NAMES, False),
        ("Alan Turing and Edsger Dijkstra and Srinivasa Ramanujan", NAMES, False),
        ("Dagster, Rust.", ("Dagster", "Rust"), True),
        ("Dagster, Rust and others.", ("Dagster", "Rust"), False),
        ("Dagster", (), False),
        ("", NAMES, False),
    ],
)
def test_the_list_said_back_is_no_speech(text, names, is_list):
    assert said_back(text, names) is is_list


class Letters:
    """A tokenizer whose tokens are letters."""

    def encode(self, text):
        return [ord(c) for c in text]


class Prompts:
    def get_prompt(self, tokenizer, text):
        return [-1, *text]


def ear(terms):
    made = WhisperEar(Prompts(), "en", beam=1, terms=terms)
    made._told = Letters()
    return made


def test_names_come_before_as_much_of_the_text_as_fits():
    told = ear(("Dagster", "Rust"))
    names = Letters().encode(" Dagster, Rust.")
    text = list(range(1000, 1400))
    assert told._prompt(()) == [-1, *names]
    assert told._prompt(text[:10]) == [-1, *names, *text[:10]]
    assert told._prompt(text) == [-1, *names, *text[-(PROMPT_TOKENS - len(names)) :]]
    assert len(told._prompt(text)) == PROMPT_TOKENS + 1
    # A window that failed is heard again without them.
    assert told._prompt((), hinted=False) == [-1]
    assert ear(())._prompt(text) == [-1, *text[-PROMPT_TOKENS:]]
    assert len(ear([f"Name{k}" for k in range(99)])._prompt(())) <= _NAMES_TOKENS + 1


@pytest.fixture
def whisper(whisper_base, tmp_path):
    options = FasterWhisperOptions(path=str(whisper_base))
    return FasterWhisper(options, ModelStore(tmp_path, may_fetch=False))


def heard(whisper, sound, path: Path, terms):
    samples = AudioSamples.open(saved(np.asarray(sound, np.float32), path))
    whole = span(0.0, samples.duration_s)
    # As if all of it had been taken for speech.
    found = whisper.recognise(AudioChunk(samples, whole, (whole,), terms=tuple(terms)), "en")
    return " ".join(w.text for w in found.words)


@pytest.mark.parametrize("kind", ["silence", "music", "hum"])
@pytest.mark.parametrize("count", [2, 5])
def test_names_are_not_said_where_nobody_speaks(whisper, tmp_path, kind, count):
    rng = np.random.default_rng(1)
    length = 12 * SAMPLE_RATE
    sound = {
        "silence": lambda: np.zeros(length),
        "music": lambda: 0.1 * between("music", length, rng),
        "hum": lambda: 0.05 * noise("hum", length, rng),
    }[kind]()
    text = heard(whisper, sound, tmp_path / "sound.wav", NAMES[:count])
    for name in NAMES:
        for part in name.split():
            assert part.casefold() not in text.casefold()


def test_names_are_spelled_as_they_were_told(whisper, model, tmp_path):
    said = (
        "What does Edsger Dijkstra have to do with Node.js? "
        "I learned of Alan Turing in a book on Srinivasa Ramanujan."
    )
    spoken = Piper(model(NATURAL_VOICE)).say(said)
    sound = resample_poly(spoken.samples, SAMPLE_RATE, spoken.rate)
    plain, told = (heard(whisper, sound, tmp_path / "said.wav", terms) for terms in ((), NAMES))
    right = [sum(name in text for name in NAMES[1:]) for text in (plain, told)]
    assert right[1] >= 3 and right[1] > right[0]
    assert "Dagster" not in told
