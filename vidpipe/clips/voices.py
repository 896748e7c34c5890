"""Voices of a clip: in the middle where each has a side of its own, and nobody left far behind.

An interview on two microphones often has one of them on the left and one on the right: on
headphones each is in one ear, and a phone's one loudspeaker may play one. And who sits far from the
microphone, or asks from the audience, is not heard on a phone at the level of who stands before it.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidpipe.media.voice import WINDOW, voice

Values = NDArray[np.float64]

_RATE, _STEREO, _BYTES = 48_000, 2, 3
#: The voice is looked for at 16 kHz.
_VOICE_RATE = 16_000
_WINDOW_S = WINDOW / _VOICE_RATE
#: A voice is there where it is so likely: Silero's own threshold.
_LIKELY = 0.5
#: One side has a voice to itself where it is so much louder there: two microphones between two
#: people hear each other with less, a stereo picture of one voice with much less.
_ONE_SIDE_DB, _ONE_SIDED = 15.0, 0.8
#: Loudness of a voice is its mean over so long, a few words.
_SPAN_S = 1.5
#: Nothing is changed unless a voice is so far under the speech for so long: how a speaker's own
#: voice falls is left to it. Of recordings of one speaker, or of several at a table, five were at
#: most 6.7 dB under their mean for a second, and twelve that nothing was chosen by 9.0.
_FAR_DB, _LONG_S = 10.0, 1.0
#: Then what is quieter than this is raised to it, by no more than so much.
_NEAR_DB, _MOST_DB = 5.0, 18.0
#: A gain comes and goes within so long.
_RAMP_S = 0.25
_SILENT_DB = -70.0


def settle_voices(sound: Path, *, sides: bool) -> None:
    """Bring the voices of a 48 kHz stereo WAV of 24 bits together, where they are apart.

    Args:
        sound: the file, which is replaced where something is changed.
        sides: whether its two channels may be two microphones.
    """
    both = _read(sound)
    changed = both
    if sides and one_sided(both):
        changed = np.repeat(both.sum(axis=0, keepdims=True), 2, axis=0)
    gains = gains_db(changed.mean(axis=0))
    if gains is not None:
        at = (np.arange(changed.shape[1]) / _RATE / _WINDOW_S) - 0.5
        changed = changed * 10 ** (np.interp(at, np.arange(len(gains)), gains) / 20)
    if changed is not both:
        _write(sound, changed)


def one_sided(both: Values) -> bool:
    """Whether nearly all that is said is on one side or on the other.

    `both` is of shape (2, n) at 48 kHz, in -1 to 1. Where only one side is used at all it is not
    asked for who speaks: that side is the sound.
    """
    spoken = _spoken(both.sum(axis=0))
    if not spoken.any():
        return False
    left, right = (_levels_db(side, len(spoken))[spoken] for side in both)
    return bool((np.abs(left - right) > _ONE_SIDE_DB).mean() >= _ONE_SIDED)


def gains_db(mono: Values) -> Values | None:
    """How much louder each window of 32 ms is to be made; None where no voice is far behind."""
    spoken = _spoken(mono)
    if not spoken.any():
        return None
    power = 10 ** (_levels_db(mono, len(spoken)) / 10)
    near = max(1, round(_SPAN_S / _WINDOW_S))
    box = np.ones(near)
    weight = np.convolve(spoken.astype(float), box, "same")
    level = 10 * np.log10(np.convolve(power * spoken, box, "same") / np.maximum(weight, 1) + 1e-12)
    behind = 10 * np.log10(power[spoken].mean() + 1e-12) - level
    far = (spoken & (behind > _FAR_DB)).sum() * _WINDOW_S
    if far < _LONG_S:
        return None
    raised = np.clip(behind - _NEAR_DB, 0.0, _MOST_DB)
    # Between words the gain goes on as it was, to where the next one begins.
    windows = np.flatnonzero(spoken)
    held = np.interp(np.arange(len(spoken)), windows, raised[windows])
    ramp = np.hanning(2 * round(_RAMP_S / _WINDOW_S) + 1)
    edge = len(ramp) // 2
    return np.asarray(np.convolve(np.pad(held, edge, "edge"), ramp / ramp.sum(), "valid"))


def _spoken(mono: Values) -> NDArray[np.bool_]:
    """Windows of 32 ms in which somebody speaks."""
    third = mono[: len(mono) // 3 * 3].reshape(-1, 3).mean(axis=1)
    loudest = np.abs(third).max(initial=0.0)
    if not loudest:
        return np.zeros(0, bool)
    likely = voice((third / loudest * 0.5).astype(np.float32)) > _LIKELY
    return likely & (_levels_db(mono, len(likely)) > _SILENT_DB)


def _levels_db(side: Values, count: int) -> Values:
    """RMS level of windows of 32 ms, in dB of full scale."""
    size = round(_WINDOW_S * _RATE)
    whole = np.pad(side, (0, max(0, count * size - len(side))))[: count * size]
    return np.asarray(10 * np.log10(np.square(whole.reshape(count, size)).mean(axis=1) + 1e-12))


def _read(path: Path) -> Values:
    """One of our own files, shape (2, n)."""
    with av.open(str(path)) as media:
        pieces: list[NDArray[Any]] = [
            frame.to_ndarray().reshape(-1, _STEREO) for frame in media.decode(audio=0)
        ]
    return np.concatenate(pieces).T / 2.0**31 if pieces else np.zeros((_STEREO, 0))


def _write(path: Path, both: Values) -> None:
    """Write it as 24 bits; what is over full scale is brought down with all of it."""
    peak = float(np.abs(both).max(initial=0.0))
    scaled = both / peak * 0.999 if peak > 0.999 else both
    wide = np.ascontiguousarray(np.round(scaled.T * (2.0**31 - 256)).astype("<i4"))
    raw = wide.view(np.uint8).reshape(-1, 4)[:, 1:]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(_STEREO)
        file.setsampwidth(_BYTES)
        file.setframerate(_RATE)
        file.writeframes(raw.tobytes())
