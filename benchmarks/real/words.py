"""Words of real recordings: how many are wrong, and how far off their times are.

Error rates are over lower-case words without punctuation (characters in Chinese, Japanese
and Korean), pooled over the recordings of a column. Beside vidpipe with a Whisper stands
faster-whisper with the same weights on the same sound: plain, one window after the other, and
its batched mode; and plain faster-whisper behind a server that vidpipe asks. Processor time
counts all threads; recordings are heard one at a time.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from scipy.signal import resample_poly

from benchmarks.real.figure import Column, Figure
from benchmarks.real.speech_server import serving
from benchmarks.real.split import MEDIA, elsewhere, split
from benchmarks.silence import save
from benchmarks.words import start_errors
from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples, decode_samples
from vidpipe.media.probe import probe
from vidpipe.settings import load_settings
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions
from vidpipe.spending import paying
from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.testmedia.speech import NATURAL_VOICE, voice_for
from vidpipe.transcript.model import ApiOptions, FasterWhisperOptions, TransformersOptions, Word
from vidpipe.transcript.recogniser import Recogniser
from vidpipe.transcript.transcribe import transcribe
from vidpipe_tests.conftest import FreeOfCharge

#: Between sentences of one speaker that are put one after the other.
_PAUSE_S = 0.5
_BY_LETTER = ("ja", "ko", "zh")

Heard = tuple[str, Sequence[Word]]


@dataclass(frozen=True)
class Spoken:
    """A recording, what is said in it, and where it is known, when: start and end in seconds."""

    name: str
    samples: AudioSamples
    language: str
    text: str
    words: tuple[tuple[str, float, float], ...] = ()

    @property
    def starts(self) -> list[tuple[float, str]]:
        """When each of its words begins."""
        return [(start_s, text) for text, start_s, _ in self.words]


def normalised(text: str, language: str) -> str:
    """Lower-case words without punctuation; letters where words are not set apart."""
    plain = re.sub(r"[^\w' ]+", " ", text.casefold().replace("\u2019", "'").replace("-", " "))
    if language in _BY_LETTER:
        plain = " ".join(re.sub(r"\s", "", plain))
    return " ".join(plain.split())


def texts(column: Column, folder: Path, only: Sequence[str] | None = None) -> Iterator[Spoken]:
    """The recordings of a column whose words are known; says which are not here."""
    for name in split()["words"][column]:
        if name in split()["texts"] and (only is None or name in only):
            if not (MEDIA / name).exists():
                print(f"left out: {name} is not in {MEDIA}")
                continue
            text = (MEDIA / split()["texts"][name]).read_text("utf-8")
            yield Spoken(name, _decoded(MEDIA / name, folder), "en", text)
    for item in split()["languages"][column] if only is None else ():
        name = item["sound"]
        sound, written = elsewhere(name), elsewhere(str(Path(name).with_name("trans.txt")))
        if sound is None or written is None:
            print(f"left out: {name} is not in VIDPIPE_MORE_MEDIA")
            continue
        lines = dict(line.split("\t", 1) for line in written.read_text("utf-8-sig").splitlines())
        yield Spoken(name, _decoded(sound, folder), item["language"], lines[sound.name])


def timed(column: Column, folder: Path) -> Iterator[Spoken]:
    """Speakers of a column whose word times are known, each as one recording.

    People set them, or a natural voice says when it speaks each word.
    """
    if column == "build":
        yield from _natural_voice(folder)
    for speaker, files in split()["word_times"][column].items():
        found = [(elsewhere(sound), elsewhere(words)) for sound, words in files.items()]
        here = [(s, w) for s, w in found if s is not None and w is not None]
        if len(here) < len(files):
            print(f"left out: {speaker} is not in VIDPIPE_MORE_MEDIA")
            continue
        sounds: list[Any] = []
        words: list[tuple[str, float, float]] = []
        at_s = 0.0
        for sound, written in here:
            samples = _decoded(sound, folder)
            data = samples.read(0.0, samples.duration_s)
            room = np.random.default_rng(0).normal(0.0, 3e-4, round(_PAUSE_S * SAMPLE_RATE))
            words += [(t, at_s + a, at_s + b) for t, a, b in _word_times(written)]
            sounds += [data, room.astype(np.float32)]
            at_s += (len(data) + len(room)) / SAMPLE_RATE
        path = folder / f"{speaker}.wav"
        save(np.concatenate(sounds), path)
        text = " ".join(t for t, _, _ in words)
        yield Spoken(speaker, AudioSamples.open(path), "en", text, tuple(words))


def _natural_voice(folder: Path) -> Iterator[Spoken]:
    voice = load_settings(allow_model_download=False).model_store.here(NATURAL_VOICE)
    if voice is None:
        print(f"left out: {NATURAL_VOICE} (vidpipe models fetch {NATURAL_VOICE})")
        return
    speaker = voice_for(voice.path)
    sounds: list[Any] = []
    words: list[tuple[str, float, float]] = []
    at_s = 0.0
    for sentence in (s for page in DEMO_TALK[1:3] for s in page.sentences):
        said = speaker.say(sentence)
        sound = resample_poly(said.samples, SAMPLE_RATE, said.rate).astype(np.float32)
        words += [(w.text, at_s + w.start_s, at_s + w.end_s) for w in said.words]
        pause = np.random.default_rng(0).normal(0.0, 3e-4, round(_PAUSE_S * SAMPLE_RATE))
        sounds += [sound, pause.astype(np.float32)]
        at_s += (len(sound) + len(pause)) / SAMPLE_RATE
    path = save(np.concatenate(sounds), folder / "natural-voice.wav")
    text = " ".join(t for t, _, _ in words)
    yield Spoken(NATURAL_VOICE, AudioSamples.open(path), "en", text, tuple(words))


def _decoded(path: Path, folder: Path) -> AudioSamples:
    wav = folder / f"{abs(hash(path))}.wav"
    samples = decode_samples(path, probe(path), wav)
    assert samples is not None, f"{path} has no sound"
    return samples


def _word_times(path: Path) -> list[tuple[str, float, float]]:
    """TIMIT's word files (in samples) and Praat's TextGrids (tier `word`)."""
    text = path.read_text("utf-8")
    if path.suffix.lower() == ".wrd":
        lines = [line.split() for line in text.splitlines() if line.strip()]
        return [(w, int(a) / SAMPLE_RATE, int(b) / SAMPLE_RATE) for a, b, w in lines]
    tier = re.split(r"IntervalTier", text[text.index('"word"') :])[0]
    long = re.findall(r'xmin = (\S+)\s+xmax = (\S+)\s+text = "(.*?)"', tier)
    short = re.findall(r'\n([\d.]+)\n([\d.]+)\n"(.*?)"', tier)
    return [(w.lower(), float(a), float(b)) for a, b, w in long or short if w.strip()]


def listeners(open_until: ExitStack) -> dict[str, Callable[[Spoken], Heard]]:
    """Whoever can listen here: vidpipe's recognisers, and faster-whisper by itself.

    Servers with the same weights, one that times words and one that times segments, run
    until `open_until` is closed.
    """
    store = load_settings(allow_model_download=False).model_store
    found: dict[str, Callable[[Spoken], Heard]] = {}

    def through_vidpipe(recogniser: Recogniser) -> Callable[[Spoken], Heard]:
        def listen(spoken: Spoken) -> Heard:
            speech, _ = find_silence(spoken.samples, SilenceOptions())
            done = transcribe(recogniser, spoken.samples, speech, spoken.language, [])
            return " ".join(w.text for w in done.words), done.words

        return listen

    from vidpipe.transcript.api import Api
    from vidpipe.transcript.faster_whisper import FasterWhisper
    from vidpipe.transcript.transformers_whisper import TransformersWhisper

    whisper = FasterWhisper(FasterWhisperOptions(model="base"), store)
    missing = whisper.missing("en", asked_for=True)
    if missing is None:
        folder = str(whisper.weights.folder())
        found["vidpipe"] = through_vidpipe(whisper)
        found["plain faster-whisper"] = _peer(folder, batched=False)
        found["batched faster-whisper"] = _peer(folder, batched=True)
        if find_spec("openai") is None:
            print("left out: servers (the extra api is not installed)")
        else:
            open_until.enter_context(paying(FreeOfCharge()))
            for kind in ("words", "segments"):
                url = open_until.enter_context(serving(folder, words=kind == "words"))
                found[f"vidpipe, server with {kind}"] = through_vidpipe(Api(ApiOptions(url=url)))
    else:
        print(f"left out: Whisper base ({missing})")
    settings = load_settings(allow_model_download=False)
    if settings.transcript.transformers.path:
        other = TransformersWhisper(
            TransformersOptions(path=settings.transcript.transformers.path), store
        )
        missing = other.missing("en", asked_for=True)
        if missing is None:
            found["vidpipe, transformers"] = through_vidpipe(other)
        else:
            print(f"left out: transformers ({missing})")
    else:
        print("left out: transformers (VIDPIPE_TRANSCRIPT__TRANSFORMERS__PATH names no model)")
    return found


def _peer(folder: str, *, batched: bool) -> Callable[[Spoken], Heard]:
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(folder, device="cpu", compute_type="int8")

    def listen(spoken: Spoken) -> Heard:
        sound = spoken.samples.read(0.0, spoken.samples.duration_s)
        options: dict[str, Any] = {
            "language": spoken.language,
            "beam_size": 5,
            "word_timestamps": True,
        }
        if batched:
            segments, _ = BatchedInferencePipeline(model).transcribe(sound, batch_size=8, **options)
        else:
            segments, _ = model.transcribe(sound, **options)
        done = list(segments)
        words = [
            Word(text=w.word.strip(), start_s=max(0.0, w.start), end_s=max(0.0, w.end))
            for s in done
            for w in s.words or ()
            if w.word.strip()
        ]
        return " ".join(s.text for s in done), words

    return listen


def measure(
    column: Column,
    *,
    only: Sequence[str] | None = None,
    who: Sequence[str] | None = None,
) -> list[Figure]:
    """Error rates, what they lose against plain faster-whisper, times and cost."""
    figures: list[Figure] = []
    with ExitStack() as open_until:
        folder = Path(
            open_until.enter_context(tempfile.TemporaryDirectory(prefix="vidpipe-words-"))
        )
        asked = {n: f for n, f in listeners(open_until).items() if who is None or n in who}
        spoken = list(texts(column, folder, only))
        rates: dict[str, dict[str, float]] = {}
        for name, listen in asked.items() if spoken else ():
            figures += _error_rate(name, listen, spoken, column, rates)
        plain = rates.get("plain faster-whisper")
        for name, own in rates.items():
            if plain and name.startswith("vidpipe") and len(own) > 1:
                lost = max(own[k] - plain[k] for k in own)
                figures.append(
                    _figure(f"words lost against plain, worst: {name}", column, lost, "share")
                )
        with_times = list(timed(column, folder)) if only is None else []
        for name, listen in asked.items() if with_times else ():
            errors = [e for s in with_times for e in start_errors(listen(s)[1], s.starts)]
            for unit, value in (
                ("median", np.median(errors)),
                ("95th percentile", np.percentile(errors, 95)),
            ):
                figures.append(
                    _figure(f"word starts off, {unit}: {name}", column, float(value), "s")
                )
    return figures


def _error_rate(
    name: str,
    listen: Callable[[Spoken], Heard],
    spoken: Sequence[Spoken],
    column: Column,
    rates: dict[str, dict[str, float]],
) -> list[Figure]:
    wrong = said = 0
    cost_s = length_s = 0.0
    rates[name] = {}
    for item in spoken:
        started = time.process_time()
        text, _ = listen(item)
        cost_s += time.process_time() - started
        length_s += item.samples.duration_s
        found = jiwer.process_words(
            normalised(item.text, item.language), normalised(text, item.language) or "-"
        )
        errors = found.substitutions + found.deletions + found.insertions
        count = found.substitutions + found.deletions + found.hits
        rates[name][item.name] = errors / count
        print(f"{name}: {item.name} {errors / count:.1%} of {count}", flush=True)
        wrong, said = wrong + errors, said + count
    return [
        _figure(f"word error rate: {name}", column, wrong / said, "share"),
        _figure(f"processor time of hearing: {name}", column, cost_s / length_s, "of the length"),
    ]


def _figure(name: str, column: Column, value: float, unit: str) -> Figure:
    return Figure(name, column, round(value, 4), unit, higher_is_better=False)
