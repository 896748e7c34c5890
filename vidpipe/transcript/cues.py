"""Subtitles: what one is, and how its words are spread over its time."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from vidpipe.silence.model import SpeechMap
from vidpipe.text import PAUSES, STOPS, split_words, width
from vidpipe.timeline import Interval, intersection, span
from vidpipe.transcript.model import Word


class Cue(Interval):
    """One subtitle: text on one line, without tags; who speaks it, empty where nothing says."""

    text: str
    speaker: str = ""


def spread(cues: Sequence[Cue], speech: SpeechMap) -> list[tuple[Cue, list[Word]]]:
    """Words with times: each cue's time shared out by word length over the speech in it."""
    shared: list[tuple[Cue, list[Word]]] = []
    activity = list(speech.speech)
    starts, ends = [a.start_s for a in activity], [a.end_s for a in activity]
    reached_s = 0.0
    for k, cue in enumerate(cues):
        end_s = cue.end_s
        if k + 1 < len(cues):
            end_s = min(end_s, max(cues[k + 1].start_s, cue.start_s + 0.1))
        start_s = max(cue.start_s, reached_s)
        end_s = min(end_s, speech.duration_s)
        if end_s - start_s < 0.05:
            continue
        within = span(start_s, end_s)
        first = bisect.bisect_right(ends, start_s)
        last = bisect.bisect_left(starts, end_s)
        voiced = intersection(activity[first:last], [within])
        if sum(v.duration_s for v in voiced) < 0.25 * within.duration_s:
            voiced = [within]
        words = _shared_out(split_words(cue.text), voiced, cue.speaker)
        reached_s = words[-1].end_s
        shared.append((cue, words))
    return shared


def _shared_out(texts: Sequence[str], voiced: Sequence[Interval], speaker: str = "") -> list[Word]:
    """`texts` over the time in `voiced`, by length; a word never spans a gap's far side."""
    # A word costs its letters and a little for being a word; a stop costs breath.
    weights = [width(t) + 1.5 + (1.5 if t.endswith(STOPS + PAUSES) else 0.0) for t in texts]
    total = sum(weights)
    budget = sum(v.duration_s for v in voiced)

    def at(position_s: float, *, end: bool) -> float:
        for item in voiced:
            if position_s < item.duration_s or (end and position_s <= item.duration_s + 1e-9):
                return item.start_s + min(position_s, item.duration_s)
            position_s -= item.duration_s
        return voiced[-1].end_s

    words = []
    done = 0.0
    for text, weight in zip(texts, weights, strict=True):
        start = at(done / total * budget, end=False)
        done += weight
        end = at(done / total * budget, end=True)
        if end - start < 0.02:
            end = start + 0.02
        words.append(Word(text=text, start_s=round(start, 3), end_s=round(end, 3), speaker=speaker))
    return words
