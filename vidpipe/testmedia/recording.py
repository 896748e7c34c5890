"""A made-up recording of a voice in a room, and the exact truth about it.

Sentences with pauses between them, under noise that goes on all the time, with
sounds in some of the pauses. The voice is silent to the sample in its pauses, so
where it is active is known, whatever is laid over it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from vidpipe.media.pcm import SAMPLE_RATE
from vidpipe.testmedia.espeak import Espeak
from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.timeline import Interval, span, union

Sound = NDArray[np.float32]

#: The voice is active where its level over 10 ms is within so much of its loudest.
_ACTIVE_DB = 50.0
#: Gaps in the voice shorter than this are within a word (a stop closes for up to 0.1 s).
_CLOSURE_S = 0.12


@dataclass(frozen=True)
class Room:
    """How it sounds: levels in dB against the voice (its RMS while it is active).

    `noise` is one of `none`, `white`, `pink`, `fan`, `hum`; `between` names what is
    heard in every third pause: `nothing`, `music`, `applause`, `breath`.
    """

    noise: str = "none"
    noise_db: float = -30.0
    between: str = "nothing"
    between_db: float = -12.0
    voice_dbfs: float = -23.0
    offset: float = 0.0
    clip_at: float = 1.0


@dataclass(frozen=True)
class SyntheticRecording:
    """Samples at 16 kHz in -1 to 1, shape (n,), and what is known of them.

    `voice` is where the voice is, `audible` where it is louder than the steady noise;
    `sounds` are worth keeping. `words` are `(start, text)`, `sentences` `(start, end, text)`.
    """

    samples: Sound
    voice: tuple[Interval, ...]
    audible: tuple[Interval, ...]
    sounds: tuple[Interval, ...]
    words: tuple[tuple[float, str], ...]
    sentences: tuple[tuple[float, float, str], ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def make_recording(
    room: Room = Room(), *, seed: int = 0, sentences: int = 20, texts: Sequence[str] = ()
) -> SyntheticRecording:
    """The same arguments give the same recording."""
    rng = np.random.default_rng(seed)
    said = list(texts) or [s for page in DEMO_TALK for s in page.sentences]
    order = [said[k % len(said)] for k in range(seed, seed + sentences)]
    parts: list[Sound] = []
    words: list[tuple[float, str]] = []
    spoken: list[tuple[float, float, str]] = []
    pauses: list[Interval] = []
    at = 0

    def add(part: Sound) -> None:
        nonlocal at
        parts.append(part)
        at += len(part)

    def pause(length_s: float) -> None:
        pauses.append(span(at / SAMPLE_RATE, at / SAMPLE_RATE + length_s))
        add(np.zeros(round(length_s * SAMPLE_RATE), np.float32))

    pause(float(rng.uniform(0.5, 1.5)))
    rate, pitch = int(rng.integers(140, 190)), int(rng.integers(25, 75))
    for k, text in enumerate(order):
        voice, starts = _sentence(text, rate, pitch)
        spoken.append((at / SAMPLE_RATE, (at + len(voice)) / SAMPLE_RATE, text))
        words += [(at / SAMPLE_RATE + t, w) for w, t in starts]
        add(voice)
        # Every third pause is long: what is heard between lies there.
        pause(float(rng.uniform(2.0, 4.0) if k % 3 == 2 else rng.uniform(0.25, 1.2)))
    clean = np.concatenate(parts)
    active = _active(clean, -_ACTIVE_DB)
    level = float(np.sqrt(np.mean(np.concatenate([_cut(clean, i) for i in active]) ** 2)))
    voice_rms = 10 ** (room.voice_dbfs / 20)
    clean *= voice_rms / level
    audible = active
    if room.noise != "none":
        loudest_db = 20 * np.log10(_levels(clean).max() / voice_rms)
        audible = _active(clean, max(-_ACTIVE_DB, room.noise_db - float(loudest_db)))
    heard = clean.copy()
    kept: list[Interval] = []
    if room.between != "nothing":
        for gap in [p for p in pauses if p.duration_s >= 2.0]:
            inner = span(gap.start_s + 0.3, gap.end_s - 0.3)
            if room.between == "breath":
                inner = span(gap.end_s - 0.5, gap.end_s - 0.1)
            first = round(inner.start_s * SAMPLE_RATE)
            sound = between(room.between, round(inner.duration_s * SAMPLE_RATE), rng)
            gain = voice_rms * 10 ** (room.between_db / 20)
            heard[first : first + len(sound)] += gain * sound
            if room.between != "breath":
                kept.append(inner)
    if room.noise != "none":
        heard += voice_rms * 10 ** (room.noise_db / 20) * noise(room.noise, len(heard), rng)
    heard = np.clip(heard + room.offset, -room.clip_at, room.clip_at)
    return SyntheticRecording(
        samples=np.asarray(heard, np.float32),
        voice=tuple(active),
        audible=tuple(audible),
        sounds=tuple(kept),
        words=tuple(words),
        sentences=tuple(spoken),
    )


@functools.cache
def _sentence(text: str, rate: int, pitch: int) -> tuple[Sound, tuple[tuple[str, float], ...]]:
    spoken = Espeak(rate, pitch).say(text)
    up, down = SAMPLE_RATE, spoken.rate
    common = int(np.gcd(up, down))
    voice = resample_poly(spoken.samples, up // common, down // common)
    return np.asarray(voice, np.float32), tuple((w.text, w.start_s) for w in spoken.words)


def _levels(clean: Sound) -> Sound:
    """RMS per 10 ms."""
    hop = SAMPLE_RATE // 100
    count = len(clean) // hop
    power = np.mean(clean[: count * hop].reshape(count, hop) ** 2, axis=1)
    return np.asarray(np.sqrt(power), np.float32)


def _active(clean: Sound, under_loudest_db: float) -> list[Interval]:
    levels = _levels(clean)
    flags = levels > levels.max() * 10 ** (under_loudest_db / 20)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.view(np.int8), [0]))))
    runs = [span(a / 100, b / 100) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return union(runs, gap_s=_CLOSURE_S)


def _cut(samples: Sound, item: Interval) -> Sound:
    return samples[round(item.start_s * SAMPLE_RATE) : round(item.end_s * SAMPLE_RATE)]


def _unit(samples: NDArray[np.float64]) -> Sound:
    return np.asarray(samples / np.sqrt(np.mean(samples**2)), np.float32)


def noise(kind: str, count: int, rng: np.random.Generator) -> Sound:
    """Steady noise of RMS 1."""
    t = np.arange(count) / SAMPLE_RATE
    white = rng.standard_normal(count)
    if kind == "white":
        return _unit(white)
    if kind == "pink":
        spectrum = np.fft.rfft(white)
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
        return _unit(np.fft.irfft(spectrum, count))
    if kind == "fan":
        # Air, low-passed, and the blades' tone with its slow wobble.
        air = sosfilt(butter(2, 500, fs=SAMPLE_RATE, output="sos"), white)
        blades = np.sin(2 * np.pi * 118 * t + 0.5 * np.sin(2 * np.pi * 0.7 * t))
        return _unit(air / np.std(air) + 0.5 * blades)
    if kind == "hum":
        tones = [np.sin(2 * np.pi * 50 * k * t + k) / k for k in (1, 2, 3, 5)]
        return _unit(np.sum(tones, axis=0))
    raise ValueError(f"no noise is called {kind!r}")


def between(kind: str, count: int, rng: np.random.Generator) -> Sound:
    """A sound of RMS 1 that comes and goes."""
    t = np.arange(count) / SAMPLE_RATE
    if kind == "music":
        total = np.zeros(count)
        for k, start in enumerate(np.arange(0, count / SAMPLE_RATE, 0.3)):
            base = 220 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12]) / 12)
            after = np.maximum(t - start, 0.0)
            sounding = (t >= start) * np.exp(-3.0 * after)
            for harmonic in (1, 2, 3):
                total += sounding * np.sin(2 * np.pi * base * harmonic * t + k) / harmonic
        return _unit(total)
    if kind == "applause":
        claps = np.zeros(count)
        for start in rng.integers(0, max(1, count - 400), size=max(1, count * 90 // SAMPLE_RATE)):
            length = min(400, count - start)
            claps[start : start + length] += (
                rng.standard_normal(length) * np.exp(-np.arange(length) / 60) * rng.uniform(0.3, 1)
            )
        return _unit(sosfilt(butter(2, (600, 4000), "band", fs=SAMPLE_RATE, output="sos"), claps))
    if kind == "breath":
        air = sosfilt(
            butter(2, (400, 3000), "band", fs=SAMPLE_RATE, output="sos"),
            rng.standard_normal(count),
        )
        return _unit(air * np.sin(np.pi * np.arange(count) / count))
    raise ValueError(f"no sound is called {kind!r}")
