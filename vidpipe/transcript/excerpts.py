"""What of a recording a recogniser hears: stretches with speech, long pauses cut short.

A model that is given silence makes words up, and takes as long over it as over speech.
Everything else stays as it was recorded: breaths, short pauses and the room are part of
what these models were trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidpipe.media.pcm import SAMPLE_RATE, AudioSamples
from vidpipe.timeline import Interval, intersection, span
from vidpipe.transcript.model import Word
from vidpipe.transcript.windows import windows

#: A longer pause is cut short, to what is kept on each side of it.
GAP_S = 3.0
_KEPT_S = 0.5


@dataclass(frozen=True)
class Excerpt:
    """Pieces of a recording that are heard as one: times within it count from 0 s.

    `speech` is where somebody speaks, in the excerpt's own time.
    """

    pieces: tuple[Interval, ...]
    speech: tuple[Interval, ...]

    @property
    def interval(self) -> Interval:
        """From where to where of the recording."""
        return span(self.pieces[0].start_s, self.pieces[-1].end_s)

    @property
    def duration_s(self) -> float:
        return sum(p.duration_s for p in self.pieces)

    def sound(self, samples: AudioSamples) -> NDArray[np.float32]:
        """Its samples, shape (n,)."""
        return np.concatenate([samples.read(p.start_s, p.end_s) for p in self.pieces])

    def in_recording(self, word: Word) -> Word:
        """A word of the excerpt at its time in the recording.

        It lies in one piece: the one that holds its middle.
        """
        middle_s = (word.start_s + word.end_s) / 2
        at_s = 0.0
        for piece in self.pieces:
            if middle_s < at_s + piece.duration_s or piece is self.pieces[-1]:
                break
            at_s += piece.duration_s
        start_s = piece.start_s + max(0.0, word.start_s - at_s)
        end_s = piece.start_s + min(piece.duration_s, word.end_s - at_s)
        return word.model_copy(
            update={
                "start_s": round(start_s, 3),
                "end_s": round(max(end_s, start_s + 0.02), 3),
            }
        )


def excerpts(
    speech: Sequence[Interval], within: Interval, *, longest_s: float = float("inf")
) -> list[Excerpt]:
    """The speech of a stretch as excerpts of at most about `longest_s` of sound.

    They are cut at the longest pauses. Where somebody speaks for longer than that without
    one, two excerpts overlap, as `windows` do.
    """
    found = []
    for window in windows(speech, within.end_s, max_s=longest_s):
        inside = intersection(list(speech), [window])
        found.append(_excerpt(inside, _with_pauses(window, speech, within)))
    return found


def _with_pauses(window: Interval, speech: Sequence[Interval], within: Interval) -> Interval:
    """A window out into the pauses around it: half of a short one, of a long one what is kept."""
    before = max((s.end_s for s in speech if s.end_s <= window.start_s), default=None)
    after = min((s.start_s for s in speech if s.start_s >= window.end_s), default=None)
    first = next((s.start_s for s in speech if s.end_s > window.start_s), window.start_s)
    last = next((s.end_s for s in reversed(speech) if s.start_s < window.end_s), window.end_s)
    start_s, end_s = window.start_s, window.end_s
    if first > window.start_s:  # it begins with a pause, not within speech
        pause_s = first - (within.start_s if before is None else before)
        reach_s = pause_s if before is None else pause_s / 2
        start_s = first - (reach_s if pause_s <= GAP_S else _KEPT_S)
    if last < window.end_s:
        pause_s = (within.end_s if after is None else after) - last
        reach_s = pause_s if after is None else pause_s / 2
        end_s = last + (reach_s if pause_s <= GAP_S else _KEPT_S)
    return span(max(within.start_s, min(start_s, window.start_s)), max(end_s, window.end_s))


def _excerpt(speech: Sequence[Interval], within: Interval) -> Excerpt:
    pieces: list[Interval] = []
    start_s = within.start_s
    for k, item in enumerate(speech[:-1]):
        pause = span(item.end_s, speech[k + 1].start_s)
        if pause.duration_s > GAP_S:
            pieces.append(span(start_s, pause.start_s + _KEPT_S))
            start_s = pause.end_s - _KEPT_S
    pieces.append(span(start_s, within.end_s))
    # On whole samples, so that times in the excerpt are times in its sound.
    pieces = [_on_samples(p) for p in pieces]
    own: list[Interval] = []
    at_s = 0.0
    for piece in pieces:
        own += [
            span(at_s + i.start_s - piece.start_s, at_s + i.end_s - piece.start_s)
            for i in intersection(list(speech), [piece])
        ]
        at_s += piece.duration_s
    return Excerpt(tuple(pieces), tuple(own))


def _on_samples(piece: Interval) -> Interval:
    return span(
        round(piece.start_s * SAMPLE_RATE) / SAMPLE_RATE,
        round(piece.end_s * SAMPLE_RATE) / SAMPLE_RATE,
    )
