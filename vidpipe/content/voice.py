"""What can be heard of a unit besides its words: how it is spoken, who laughs or claps after it.

A recording is measured against itself: every figure becomes a rank among its units.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.content.model import Unit
from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.timeline import Interval

#: Voices are looked for in so many samples a second: their pitch lies far under 2 kHz.
_RATE = 4_000
_WINDOW = 256
_HOP = 64
#: Pitch of voices, in Hz.
_LOW_HZ, _HIGH_HZ = 65.0, 400.0
#: Autocorrelation of what has a pitch, 1 for a steady tone.
_VOICED = 0.6
#: A unit with fewer voiced windows (16 ms each) says nothing about its pitch.
_FEW = 12
#: A reaction comes so soon after what it is a reaction to.
_SOON_S = 2.0
#: Applause: flatness of its spectrum from 500 Hz to 6 kHz, 1 for white noise.
_FLAT = 0.35
#: Laughter: share of its changes in loudness that come so many times a second.
_LAUGHS_HZ = (3.0, 7.5)
_LAUGHING = 0.5
_LONGEST_LAUGH_S = 8.0
_ENVELOPE_S = 0.02


def pitch(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """Pitch of 16 kHz sound each 16 ms, in semitones over 1 Hz, shape (n,); NaN where unvoiced.

    Autocorrelation of windows of 64 ms, divided by that of the window itself
    (Boersma, "Accurate short-term analysis of the fundamental frequency", 1993).
    """
    # Here, as it is 50 MiB that a service which answers requests does without.
    from scipy.signal import resample_poly

    slow = resample_poly(sound, _RATE, SAMPLE_RATE)
    if len(slow) < _WINDOW:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(slow, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW)
    frames = (frames - frames.mean(axis=1, keepdims=True)) * window

    def correlated(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        power = np.abs(np.fft.rfft(rows, 2 * _WINDOW, axis=-1)) ** 2
        lags = np.fft.irfft(power, axis=-1)[..., :_WINDOW]
        return np.asarray(lags / np.maximum(lags[..., :1], 1e-9), np.float64)

    first, last = int(_RATE / _HIGH_HZ), int(_RATE / _LOW_HZ) + 1
    lags = correlated(frames)[:, first - 1 : last + 2] / correlated(window)[first - 1 : last + 2]
    inner = lags[:, 1:-1]
    # The first peak that is nearly the highest: a voice repeats after two periods, too.
    peaks = (inner >= lags[:, :-2]) & (inner >= lags[:, 2:])
    high = peaks & (inner >= 0.9 * inner.max(axis=1, keepdims=True)) & (inner > _VOICED)
    at = high.argmax(axis=1)
    rows = np.arange(len(inner))
    a, b, c = lags[rows, at], lags[rows, at + 1], lags[rows, at + 2]
    bend = np.minimum(a - 2 * b + c, -1e-9)
    lag = first + at + np.clip(0.5 * (a - c) / bend, -0.5, 0.5)
    return np.where(high.any(axis=1), 12 * np.log2(_RATE / lag), np.nan)


def emphasis(
    units: Sequence[Unit],
    level_db: NDArray[np.float32],
    hop_s: float,
    samples: AudioSamples | None,
) -> list[dict[str, float]]:
    """For each unit how `loud`, `lively` (high in pitch) and `slow` it is spoken, by rank.

    And `emphasis`, their mean. 0 to 1; half where it cannot be told.
    """
    loud, lively, slow = [], [], []
    for unit in units:
        part = level_db[int(unit.start_s / hop_s) : max(1, int(unit.end_s / hop_s))]
        loud.append(float(np.percentile(part, 75)) if len(part) else np.nan)
        heard = pitch(samples.read(unit.start_s, unit.end_s)) if samples else np.zeros(0)
        voiced = heard[~np.isnan(heard)]
        lively.append(float(np.percentile(voiced, 85)) if len(voiced) >= _FEW else np.nan)
        letters = sum(c.isalpha() for c in unit.text)
        slow.append(unit.duration_s / letters if letters else np.nan)
    ranked = {"loud": ranks(loud), "lively": ranks(lively), "slow": ranks(slow)}
    together = np.mean([*ranked.values()], axis=0)
    return [
        {**{name: float(values[k]) for name, values in ranked.items()}, "emphasis": float(mean)}
        for k, mean in enumerate(together)
    ]


def reactions(
    units: Sequence[Unit], sounds: Sequence[Interval], samples: AudioSamples | None
) -> list[float]:
    """For each unit whether applause or laughter follows it, 0 or 1."""
    if samples is None:
        return [0.0] * len(units)
    clapped = [s.start_s for s in sounds if is_reaction(samples.read(s.start_s, s.end_s))]
    found = []
    for k, unit in enumerate(units):
        later_s = units[k + 1].start_s if k + 1 < len(units) else np.inf
        until_s = min(unit.end_s + _SOON_S, max(later_s, unit.end_s))
        found.append(float(any(unit.start_s < t <= until_s for t in clapped)))
    return found


def is_reaction(sound: NDArray[np.float32]) -> bool:
    """Whether 16 kHz sound without speech is noise as of many hands, or comes in laughs."""
    if len(sound) < SAMPLE_RATE // 3:
        return False
    window = 512
    frames = sound[: len(sound) // window * window].reshape(-1, window) * np.hanning(window)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 + 1e-12
    hz = np.fft.rfftfreq(window, 1 / SAMPLE_RATE)
    band = power.mean(axis=0)[(hz > 500) & (hz < 6000)]
    if float(np.exp(np.log(band).mean()) / band.mean()) > _FLAT:
        return True
    if len(sound) > _LONGEST_LAUGH_S * SAMPLE_RATE:
        return False
    hop = int(_ENVELOPE_S * SAMPLE_RATE)
    envelope = np.sqrt((sound[: len(sound) // hop * hop].reshape(-1, hop) ** 2).mean(axis=1))
    changes = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(len(envelope)))) ** 2
    times = np.fft.rfftfreq(len(envelope), _ENVELOPE_S)
    heard = changes[times > 1.0].sum()
    laughs = changes[(times >= _LAUGHS_HZ[0]) & (times <= _LAUGHS_HZ[1])].sum()
    deep = envelope.std() > 0.5 * envelope.mean()
    return bool(deep and laughs > _LAUGHING * heard)


def ranks(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for the least, 1 for the most, half for what is not known."""
    given = np.array(values)
    out = np.full(len(given), 0.5)
    known = ~np.isnan(given)
    if known.sum() > 1:
        out[known] = given[known].argsort().argsort() / (known.sum() - 1)
    return out
