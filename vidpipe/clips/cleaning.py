"""Hum of the mains and constant noise taken out of a clip's sound, where a channel asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from vidpipe.media.ffmpeg import render

Values = NDArray[np.float64]

#: The mains of the world, and how many of their harmonics are looked at.
_MAINS_HZ, _HARMONICS = (50.0, 60.0), 10
#: A line of hum stands out over what is around it by so much.
_STANDS_OUT_DB = 12.0
#: A notch so wide takes a line and leaves a voice.
_NOTCH_HZ = 3.0
#: Fourier windows of so long tell lines one hertz apart.
_WINDOW_S = 2.0
_QUIET_WINDOWS = 25
#: Hum lies low; noise is everywhere.
HUM_RATE, _RATE = 8_000, 48_000
#: What ffmpeg's `afftdn` holds back at 48 kHz: measured, on white noise and on voices.
_DELAY = 1_200
#: What the quietest moments are, and the noise that is worth taking out.
_QUIET_SHARE, _FRAME_S, _LEAST_NOISE_DB = 0.1, 0.05, -75.0
#: By so much noise is lowered: more begins to be heard in the voice.
_REDUCTION_DB = 12
_LIMIT_S = 900.0


def reduce_noise(sound: Path, what: Sequence[str], work: Path) -> None:
    """Replace a sound file by one with less hum, or less noise, or both."""
    graph = ffmpeg.input(str(sound)).audio
    wanted = graph
    if "hum" in what:
        for frequency in hum_lines(mono(sound, HUM_RATE)):
            wanted = _notched(wanted, frequency)
    if "noise" in what:
        samples = mono(sound, _RATE)
        floor_db = noise_floor(samples, _RATE)
        if floor_db > _LEAST_NOISE_DB:
            wanted = (
                wanted.filter(
                    "afftdn", nr=_REDUCTION_DB, nf=f"{max(-80.0, min(-20.0, floor_db)):.1f}"
                )
                .filter("apad", pad_len=_DELAY)
                .filter("atrim", start_sample=_DELAY)
                .filter("asetpts", "PTS-STARTPTS")
            )
    if wanted is graph:
        return
    cleaned = work / "cleaned.wav"
    render(ffmpeg.output(wanted, str(cleaned), acodec="pcm_s24le", ar=48_000), timeout_s=_LIMIT_S)
    cleaned.replace(sound)


def _notched(stream: Any, frequency: float) -> Any:
    return stream.filter("bandreject", frequency=frequency, width_type="h", width=_NOTCH_HZ)


def hum_lines(samples: Values) -> list[float]:
    """Frequencies in Hz of the mains' hum in mono samples at 8 kHz: its tone and harmonics.

    A line must stand out in the quiet windows, too: a hum goes on, a voice does not.
    """
    window = round(_WINDOW_S * HUM_RATE)
    if len(samples) < window:
        return []
    pieces = np.lib.stride_tricks.sliding_window_view(samples, window)[:: window // 2]
    spectra = np.abs(np.fft.rfft(pieces * np.hanning(window), axis=1))
    level = 20 * np.log10(np.percentile(spectra, _QUIET_WINDOWS, axis=0) + 1e-9)
    best: list[float] = []
    for mains in _MAINS_HZ:
        lines = [mains * k for k in range(1, _HARMONICS + 1)]
        found = [f for f in lines if _over_its_surroundings(level, f) > _STANDS_OUT_DB]
        # 300 Hz belongs to both: whichever has more lines is the one that hums.
        if len(found) > len(best):
            best = found
    return best


def _over_its_surroundings(level_db: Values, frequency: float) -> float:
    """Decibels by which a line stands over the median 4 to 14 Hz beside it."""
    at = round(frequency * _WINDOW_S)
    near, far = round(4 * _WINDOW_S), round(14 * _WINDOW_S)
    line = float(level_db[at - 1 : at + 2].max())
    around = np.concatenate([level_db[at - far : at - near], level_db[at + near : at + far]])
    return line - float(np.median(around))


def noise_floor(samples: Values, rate: int) -> float:
    """Level in dBFS of the quietest tenth of mono samples."""
    length = round(_FRAME_S * rate)
    frames = samples[: len(samples) // length * length].reshape(-1, length)
    if len(frames) == 0:
        return -120.0
    power = np.sort((frames**2).mean(axis=1))
    quiet = power[: max(1, round(_QUIET_SHARE * len(power)))]
    return float(10 * np.log10(np.median(quiet) + 1e-12))


def mono(path: Path, rate: int) -> Values:
    """One of our own sound files as mono samples, -1 to 1."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    chunks: list[NDArray[np.float32]] = []
    with av.open(str(path)) as media:
        for frame in media.decode(audio=0):
            chunks += [out.to_ndarray()[0] for out in resampler.resample(frame)]
    chunks += [out.to_ndarray()[0] for out in resampler.resample(None)]
    return np.concatenate(chunks).astype(np.float64) if chunks else np.zeros(0)
