"""What stands out of the noise: a floor per frequency that follows the room.

The floor is the level that a frequency falls to in the quietest fifth of 20 s. A
steady noise (a fan, hum, hiss) hardly rises over it and is its own floor, also when
it begins in mid-recording; anything that comes and goes (voices, music, applause)
is measured against the lowest floor of the two minutes around it, or else a minute
of music would become the floor.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.stuck import further

Floats = NDArray[np.float32]

#: Frames of 16 ms every 8 ms: short enough for a word's edge.
_WINDOW = 256
_HOP = 128
FRAME_S = _HOP / SAMPLE_RATE
_HANN = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)

#: Hz: direct current, rumble and the mains' lowest tones carry no words.
_LOWEST_HZ = 100

_EDGES_HZ = (100, 200, 300, 400, 600, 800, 1100, 1500, 2000, 2700, 3600, 4800, 6400, 7800)
_FREQUENCIES = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)
#: Bins to bands, shape (bins, bands). Some of the lowest bands share one bin's width.
_BANDS = np.stack(
    [
        ((low <= _FREQUENCIES) & (high > _FREQUENCIES)).astype(np.float32)
        for low, high in itertools.pairwise(_EDGES_HZ)
    ],
    axis=1,
)
_BANDS = _BANDS[:, _BANDS.sum(axis=0) > 0]

_BLOCK_S = 20.0
_BLOCK = int(_BLOCK_S / FRAME_S)
#: Power of steady noise follows a chi-squared law of two degrees of freedom: its
#: lowest fifth ends at 0.223 of the mean, and its two outer fifths lie 8.6 dB apart.
_QUANTILE = 20
_QUANTILE_OF_MEAN = 0.223
_STEADY_DB = 11.0
#: Blocks to each side from which the floor of what is not steady is taken.
_AROUND = 3
#: Gain of what does not stand out; the voice model takes the rest for silence.
_LEAST_GAIN = 0.05
_TINY = np.float32(1e-14)


@dataclass(frozen=True)
class Prominence:
    """Per frame of `FRAME_S`, shape (n,) each; levels in dB on one scale of their own.

    `standing_out_db`: the mean of the three bands highest over their floors.
    `level_db`: what is left after the floor is taken away.
    """

    standing_out_db: Floats
    level_db: Floats


def frame_count(samples: AudioSamples) -> int:
    """Frames of `FRAME_S` in the recording; a frame's middle is its time."""
    return -(-samples.count // _HOP)


def noise_floor(samples: AudioSamples) -> Floats:
    """Mean power of the noise per 20 s and frequency, shape (blocks, bins)."""
    low, high = [], []
    for _, power in _blocks(samples):
        further()
        quantiles = np.percentile(power, (_QUANTILE, 100 - _QUANTILE), axis=0)
        low.append(quantiles[0])
        high.append(quantiles[1])
    if not low:
        return np.zeros((0, len(_FREQUENCIES)), np.float32)
    lows = np.stack(low)
    spread_db = 10 * np.log10(np.stack(high) / lows)
    lowest = np.stack(
        [lows[max(0, k - _AROUND) : k + _AROUND + 1].min(axis=0) for k in range(len(lows))]
    )
    floor = np.where(spread_db < _STEADY_DB, lows, lowest) / _QUANTILE_OF_MEAN
    return np.asarray(floor, np.float32)


def cleaned(samples: AudioSamples, floor: Floats) -> Iterator[tuple[Floats, Prominence]]:
    """The recording without its steady noise, 20 s at a time, and what stands out there.

    The sound comes `FRAME_S` late. Both together are as long as the recording.
    """
    # Here, as it is 50 MiB that a service which answers requests does without.
    from scipy.ndimage import uniform_filter1d

    tail: NDArray[Any] = np.zeros(_HOP, np.float32)
    for (spectrum, power), noise in zip(_blocks(samples), floor, strict=True):
        kept = np.sqrt(np.maximum(1 - 0.9 * noise / power, _LEAST_GAIN**2))
        bands = uniform_filter1d(power @ _BANDS, 3, axis=0)
        floors = noise @ _BANDS
        over = 10 * np.log10(bands / floors)
        top = np.partition(over, -3, axis=1)[:, -3:].mean(axis=1)
        left = np.maximum(power - noise, 0) @ _BANDS
        # Hann windows at half their length sum to one.
        parts = np.fft.irfft(spectrum * kept, _WINDOW, axis=1)
        sound = parts[:, :_HOP] + np.concatenate((tail[None], parts[:-1, _HOP:]))
        tail = parts[-1, _HOP:]
        yield (
            np.asarray(sound.ravel(), np.float32),
            Prominence(
                standing_out_db=np.asarray(top, np.float32),
                level_db=np.asarray(10 * np.log10(left.sum(axis=1) + _TINY), np.float32),
            ),
        )


def _blocks(samples: AudioSamples) -> Iterator[tuple[NDArray[np.complex64], Floats]]:
    """Spectrum and power per block, shape (frames, bins); the last one is 10 to 30 s long."""
    from scipy.signal import butter, sosfilt, sosfilt_zi

    highpass = butter(2, _LOWEST_HZ, "high", fs=SAMPLE_RATE, output="sos")
    frames = frame_count(samples)
    blocks = max(1, round(frames / _BLOCK)) if frames else 0
    state: NDArray[np.float64] = np.zeros((highpass.shape[0], 2))
    held = np.zeros(_HOP, np.float32)
    for k in range(blocks):
        first = k * _BLOCK * _HOP
        last = (k + 1) * _BLOCK * _HOP if k + 1 < blocks else frames * _HOP
        chunk = samples.read(first / SAMPLE_RATE, last / SAMPLE_RATE)
        if k == 0 and len(chunk):
            # The filter starts as if the first value had always been there: no click.
            state = sosfilt_zi(highpass) * chunk[0]
        filtered, state = sosfilt(highpass, chunk, zi=state)
        filtered = np.pad(np.asarray(filtered, np.float32), (0, last - first - len(chunk)))
        joined = np.concatenate((held, filtered))
        held = joined[-_HOP:]
        windows = np.lib.stride_tricks.sliding_window_view(joined, _WINDOW)[::_HOP]
        spectrum = np.fft.rfft(windows * _HANN, axis=1).astype(np.complex64)
        power = np.square(spectrum.real) + np.square(spectrum.imag) + _TINY
        yield spectrum, np.asarray(power, np.float32)
