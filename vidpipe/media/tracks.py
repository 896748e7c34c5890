"""Which of a recording's sounds is heard: the one somebody speaks on, or several mixed.

Recorders write the computer's sound and the microphone apart, two people on a track each, or
everything on the first track and the parts behind it. Each is listened to at some moments, and
what is heard then decides; a request does where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidpipe.media.pcm import SAMPLE_RATE, Resampling, stereo_between
from vidpipe.media.probe import AudioStream, MediaInfo
from vidpipe.media.voice import WINDOW, voice

#: A recording is listened to at so many moments of so many seconds; a short one whole.
_MOMENTS, _MOMENT_S = 12, 10.0
#: A voice is there where it is so likely: Silero's own threshold.
_LIKELY = 0.5
#: Two channels are each other's opposite where their sum is so far under their difference: a
#: plug with its poles changed leaves nothing of the sum, the widest of music half of it.
_OPPOSITE_DB = 12.0
#: Quieter is no sound to judge by, as RMS of full scale.
_SILENT = 10 ** (-70 / 20)
#: A second sound is worth hearing where it has so much of all that is said for itself.
_OWN_SHARE = 0.06
#: A sound that has so much of what is said has all of it, but for what the model missed.
_NEARLY_ALL = 0.94
#: Sounds of a mix are brought no nearer than by so much.
_MOST_GAIN_DB = 20.0


@dataclass(frozen=True)
class _Heard:
    """What is heard of a sound: where a voice is, window by window, and how loud it is."""

    stream: AudioStream
    spoken: NDArray[np.bool_]
    level_db: float


def choose_sounds(
    path: Path, info: MediaInfo, request: str = "auto"
) -> tuple[MediaInfo, list[str]]:
    """A probe with the sounds that are to be heard, and what a person is told of it.

    Args:
        path: the recording.
        info: its probe.
        request: `auto`, `mix` for all of them, or the number of one, from 1.
    """
    sounds = info.sounds or ((info.audio,) if info.audio is not None else ())
    if not sounds:
        return info, []
    notes: list[str] = []
    wanted = [s for s in sounds if str(s.number) == request]
    if request.isdigit() and not wanted:
        notes.append(f"there is no sound {request}: it has {len(sounds)}")
    candidates = wanted or list(sounds)
    heard = [_listen(path, info, stream, judged=len(candidates) > 1) for stream in candidates]
    chosen = heard if request == "mix" else _chosen(heard)
    level = max(h.level_db for h in chosen)
    streams = [
        h.stream.model_copy(
            update={"gain_db": round(min(_MOST_GAIN_DB, max(0.0, level - h.level_db)), 1)}
        )
        for h in chosen
    ]
    if len(sounds) > 1:
        notes.append(_told(streams, sounds, heard))
    notes += [
        f"sound {s.number}: its channels are each other's opposite, one of them is turned"
        for s in streams
        if s.turned
    ]
    chosen_info = info.model_copy(update={"audio": streams[0], "mixed": tuple(streams[1:])})
    return chosen_info, notes


def _listen(path: Path, info: MediaInfo, stream: AudioStream, *, judged: bool) -> _Heard:
    """Listen to a sound at some moments; only what is `judged` is searched for a voice."""
    same = Resampling("stereo")
    moments = [stereo_between(path, info, stream, a, b, same) for a, b in _moments(info.duration_s)]
    both = np.concatenate(moments, axis=1)
    stream = stream.model_copy(update={"varies": len(same.forms) > 1})
    if stream.channels == 2 and _opposite(both):
        stream = stream.model_copy(update={"turned": True})
        mono = (both[0] - both[1]) / 2
    else:
        mono = both.mean(axis=0)
    if not judged:
        return _Heard(stream, np.zeros(0, bool), 0.0)
    spoken = voice(np.asarray(mono, np.float32)) > _LIKELY
    if not spoken.any():
        return _Heard(stream, spoken, -120.0)
    windows = np.pad(mono, (0, -len(mono) % WINDOW)).reshape(-1, WINDOW)[spoken]
    level = 10 * np.log10(float(np.mean(np.square(windows, dtype=np.float64))) + 1e-12)
    return _Heard(stream, spoken, float(level))


def _moments(duration_s: float) -> list[tuple[float, float]]:
    if duration_s <= _MOMENTS * _MOMENT_S:
        return [(0.0, max(duration_s, WINDOW / SAMPLE_RATE))]
    starts = [(duration_s - _MOMENT_S) * k / (_MOMENTS - 1) for k in range(_MOMENTS)]
    return [(s, s + _MOMENT_S) for s in starts]


def _opposite(both: NDArray[np.float32]) -> bool:
    """Whether two channels cancel each other."""
    together = np.sqrt(np.mean(np.square(both.sum(axis=0) / 2, dtype=np.float64)))
    apart = np.sqrt(np.mean(np.square((both[0] - both[1]) / 2, dtype=np.float64)))
    return bool(apart > _SILENT and together < apart * 10 ** (-_OPPOSITE_DB / 20))


def _chosen(heard: Sequence[_Heard]) -> list[_Heard]:
    """The sound with all that is said on it, else those that have some of it each."""
    said = np.logical_or.reduce([h.spoken for h in heard]) if len(heard) > 1 else heard[0].spoken
    total = int(said.sum())
    if total == 0:
        return [next((h for h in heard if h.stream.default), heard[0])]
    whole = [h for h in heard if h.spoken.sum() >= _NEARLY_ALL * total]
    if whole:
        # The file's default where it is one of them, else the first.
        return [next((h for h in whole if h.stream.default), whole[0])]
    best = max(heard, key=lambda h: int(h.spoken.sum()))
    chosen, covered = [best], best.spoken.copy()
    for other in heard:
        if other is best or other.stream.language != best.stream.language:
            # Of two languages nobody wants both at once.
            continue
        if (other.spoken & ~covered).sum() >= _OWN_SHARE * total:
            chosen.append(other)
            covered |= other.spoken
    return sorted(chosen, key=lambda h: h.stream.number)


def _told(
    chosen: Sequence[AudioStream], sounds: Sequence[AudioStream], heard: Sequence[_Heard]
) -> str:
    """`heard: sound 2 (Microphone) of 2; nobody speaks on 1`."""
    numbers = " and ".join(s.words for s in chosen)
    mixed = ", mixed" if len(chosen) > 1 else ""
    told = f"heard: sound {numbers} of {len(sounds)}{mixed}"
    quiet = [h.stream.words for h in heard if len(h.spoken) and not h.spoken.any()]
    return f"{told}; nobody speaks on {', '.join(quiet)}" if quiet else told
