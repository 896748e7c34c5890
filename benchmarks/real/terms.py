"""Names and terms: how many are written right, and whether anything else is changed.

A natural voice (`piper-joe`) says the names of `terms.yaml`, three to a sentence, and Whisper
base writes them down: as it hears them, told them beforehand, and put right afterwards. The
voice is made up, the names are not. All names of both columns are then laid onto lectures that
people wrote down, in which none of them is said: every word that changes there is wrong.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.signal import resample_poly

from benchmarks.real.figure import Column, Figure
from benchmarks.real.split import COLUMNS, MEDIA
from benchmarks.silence import save
from vidpipe.channels.wording import Term
from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.models import ModelStore
from vidpipe.settings import load_settings
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions
from vidpipe.testmedia.piper import Piper
from vidpipe.testmedia.speech import NATURAL_VOICE
from vidpipe.transcript.faster_whisper import FasterWhisper
from vidpipe.transcript.model import FasterWhisperOptions, Word
from vidpipe.transcript.terms import with_terms
from vidpipe.transcript.transcribe import transcribe

#: What the names stand in; none of these words is near to one of them.
_SENTENCES = (
    "Next week we talk about {}, then about {}, and at last about {}.",
    "Some of you have heard of {} before, but {} and {} may be new.",
    "What does {} have to do with {} and with {}?",
    "I learned of {} in a book on {} and {}.",
)
_PAUSE_S = 0.8


@cache
def listed() -> dict[str, Any]:
    """The names and the lectures of each column."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return found


def measure(column: Column) -> list[Figure]:
    """Shares of names written right, and words of lectures that were changed."""
    return [*_spoken(column), *_lectures(column)]


def _spoken(column: Column) -> list[Figure]:
    store = load_settings().model_store
    voice, whisper = store.here(NATURAL_VOICE), store.here("whisper-base")
    if voice is None or whisper is None:
        print(f"terms: {NATURAL_VOICE} or whisper-base is not here, no names are spoken")
        return []
    names = listed()[column]
    names = names[: len(names) // 3 * 3]
    terms = [Term(name=name) for name in names]
    recogniser = FasterWhisper(
        FasterWhisperOptions(path=str(whisper.path)), ModelStore(store.folder, may_fetch=False)
    )
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        samples = _said(names, voice.path, Path(folder) / "said.wav")
        speech = find_silence(samples, SilenceOptions())[0]
        for told in (False, True):
            heard = transcribe(recogniser, samples, speech, "en", [], terms=names if told else ())
            corrected, _ = with_terms(heard.words, terms, "en")
            way = "told" if told else "as heard"
            figures += [
                _share(f"terms: {way}", column, names, heard.words),
                _share(f"terms: {way}, put right", column, names, corrected),
            ]
    return figures


def _said(names: Sequence[str], voice: Path, path: Path) -> AudioSamples:
    speaker = Piper(voice)
    parts: list[Any] = []
    for k in range(0, len(names), 3):
        sentence = _SENTENCES[k // 3 % len(_SENTENCES)].format(*names[k : k + 3])
        spoken = speaker.say(sentence)
        parts += [spoken.samples, np.zeros(round(_PAUSE_S * spoken.rate), np.float32)]
    sound = resample_poly(np.concatenate(parts), SAMPLE_RATE, spoken.rate)
    return AudioSamples.open(save(np.asarray(sound, np.float32), path))


def _share(name: str, column: Column, names: Sequence[str], words: Sequence[Word]) -> Figure:
    text = " ".join(w.text for w in words)
    right = sum(bool(re.search(rf"(?<!\w){re.escape(n)}(?!\w)", text)) for n in names)
    return Figure(name, column, round(right / len(names), 3), "of the names", True)


def _lectures(column: Column) -> list[Figure]:
    terms = [Term(name=name) for c in COLUMNS for name in listed()[c]]
    words = changed = 0
    for name in listed()["lectures"][column]:
        path = MEDIA / "labelled" / "mavils" / f"{name}.csv"
        if not path.exists():
            print(f"terms: {path} is not here")
            continue
        with path.open(encoding="utf-8", newline="") as file:
            texts = [t for row in csv.DictReader(file) for t in row["sentence"].split()]
        spoken = [Word(text=t, start_s=0.4 * k, end_s=0.4 * k + 0.35) for k, t in enumerate(texts)]
        words += len(spoken)
        changed += len(with_terms(spoken, terms, "en")[1])
    if not words:
        return []
    per_10k = round(10_000 * changed / words, 2)
    return [Figure("terms: changed in lectures without them", column, per_10k, "in 10,000", False)]
