"""Subtitles that are early or late as a whole: found by where somebody speaks, and moved.

Whoever trims a recording, or records before the meeting's transcript begins, has subtitles that are
right but for one number of seconds. Speech and its pauses say which (as ffsubsync does it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval

#: As far as is looked, and how finely.
_FARTHEST_S, _STEP_S = 30.0, 0.05
#: What is less is within what subtitles are off by anyway, and alignment finds.
_LEAST_S = 0.6
#: A shift is believed when it puts so much more of the subtitles' time where somebody speaks (a
#: share of it), and stands so many times higher over the usual than any that is more than two
#: seconds from it. Of eight recordings with subtitles of their own, moved by nine shifts of 0.8 to
#: 20 s, 54 of 72 were found within 0.35 s, none was moved that was right, and 7 of 72 that belong
#: to another recording.
_GAIN, _CLEAR = 0.05, 1.2
_NEAR_S = 2.0


def shift_s(parts: Sequence[Interval], speech: SpeechMap) -> float:
    """Seconds to add to subtitles so that they lie where somebody speaks; 0 where nothing says so.

    With fewer than eight subtitles, or hardly any pause, nothing does.
    """
    if len(parts) < _FEWEST or not speech.speech:
        return 0.0
    lags, scores = _scores(parts, speech)
    at_zero = float(scores[np.argmin(np.abs(lags))])
    best = int(np.argmax(scores))
    found, gain = float(lags[best]), float(scores[best]) - at_zero
    if abs(found) < _LEAST_S or gain < _GAIN:
        return 0.0
    others = scores[np.abs(lags - found) > _NEAR_S]
    floor = float(np.median(scores))
    if len(others) and float(scores[best]) - floor < _CLEAR * (float(others.max()) - floor):
        return 0.0
    return round(found, 2)


_FEWEST = 8


def _scores(
    parts: Sequence[Interval], speech: SpeechMap
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each shift the share of the subtitles' time on speech, less that where nobody speaks."""
    voice = _track(speech.speech, speech.duration_s)
    inside = len(voice)
    cues = _track(parts, speech.duration_s + 2 * _FARTHEST_S)
    size = 1 << int(np.ceil(np.log2(inside + len(cues) + 2 * _FARTHEST_S / _STEP_S)))
    value = np.where(voice > 0, 1.0, -1.0)
    spectrum: Any = np.fft.rfft(value, size) * np.conj(np.fft.rfft(cues, size))
    whole = np.fft.irfft(spectrum, size)
    most = int(_FARTHEST_S / _STEP_S)
    lags = np.arange(-most, most + 1)
    return (lags * _STEP_S).astype(np.float64), whole[lags] / max(1.0, float(cues.sum()))


def _track(intervals: Sequence[Interval], until_s: float) -> NDArray[np.float64]:
    track = np.zeros(int(until_s / _STEP_S) + 2)
    for item in intervals:
        first, last = int(item.start_s / _STEP_S), int(item.end_s / _STEP_S)
        track[first:last] = 1.0
    return track
