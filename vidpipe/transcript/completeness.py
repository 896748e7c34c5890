"""Speech that no word lies on: found, heard again, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from vidpipe.text import joined
from vidpipe.timeline import Interval, complement, intersection, span, union
from vidpipe.transcript.doubts import made_up, repeats
from vidpipe.transcript.model import Word
from vidpipe.transcript.seams import sewn

#: So much speech without a word is heard again.
UNHEARD_S = 0.8
#: Speech this close to a word is that word's: its time is not exact.
NEAR_S = 0.3
#: Kept around what is heard again: a recogniser wants to hear how it begins.
_AROUND_S = 0.4
#: Stretches within so much of each other are heard at once: what is between them helps, and
#: a model that hears 30 s at once takes as long for one.
_AT_ONCE_S = 25.0
#: How far a word's middle may lie outside the stretch that it was found for.
_ASTRAY_S = 0.2
#: A model that is given a short piece makes words up sooner than in a talk. Of 32 phrases
#: that Whisper base heard by themselves it was this sure of all; of what it made up of three,
#: two that repeat themselves and a "Thank you very much".
_SURE = 0.5
#: Nobody says more characters a second.
_CHARACTERS_PER_S = 30.0

Hear = Callable[[Interval], Iterable[Word]]


def unheard(words: Sequence[Word], speech: Sequence[Interval]) -> list[Interval]:
    """Stretches of more than 0.8 s in which somebody speaks and no word lies."""
    if not speech:
        return []
    near = union(
        span(max(0.0, w.start_s - NEAR_S), max(w.end_s, w.start_s) + NEAR_S) for w in words
    )
    whole = span(speech[0].start_s, speech[-1].end_s)
    without = intersection(list(speech), complement(near, whole))
    return [i for i in without if i.duration_s > UNHEARD_S]


def unheard_s(words: Sequence[Word], speech: Sequence[Interval]) -> float:
    """How many seconds of speech are `unheard`."""
    return sum(i.duration_s for i in unheard(words, speech))


def completed(
    words: Sequence[Word], speech: Sequence[Interval], hear: Hear, language: str = ""
) -> list[Word]:
    """The words, with what is found where speech had none; each such stretch is heard once.

    What comes back is believed where it lies in the stretch, nobody would have to speak
    too fast for it, the recogniser is sure of it, and it is nothing that recognisers are
    known to make up. It is written as a part of the text around it (`seams`).
    """
    found = sorted(words, key=lambda w: w.start_s)
    for stretches in _together(unheard(words, speech)):
        around = span(max(0.0, stretches[0].start_s - _AROUND_S), stretches[-1].end_s + _AROUND_S)
        heard = list(hear(around))
        for stretch in stretches:
            found = _inserted(found, _believed(heard, stretch), language)
    return found


def _inserted(words: Sequence[Word], more: Sequence[Word], language: str) -> list[Word]:
    """Words of one stretch among the others, in order of time."""
    if not more:
        return list(words)
    at = sum(1 for w in words if w.start_s <= more[0].start_s)
    if at < len(words) and words[at].start_s < more[-1].start_s:
        # They lie among each other: there is no one place where they meet.
        return sorted([*words, *more], key=lambda w: w.start_s)
    return sewn(sewn(words[:at], more, language), words[at:], language)


def _together(stretches: Sequence[Interval]) -> Iterator[list[Interval]]:
    group: list[Interval] = []
    for stretch in stretches:
        if group and stretch.end_s - group[0].start_s > _AT_ONCE_S:
            yield group
            group = []
        group.append(stretch)
    if group:
        yield group


def _believed(heard: Sequence[Word], stretch: Interval) -> list[Word]:
    """Those of the words that were said in the stretch; none where they cannot be trusted."""
    inside = [
        w
        for w in heard
        if stretch.start_s - _ASTRAY_S <= (w.start_s + w.end_s) / 2 < stretch.end_s + _ASTRAY_S
    ]
    text = joined(w.text for w in inside)
    chances = [w.confidence for w in inside if w.confidence is not None]
    doubted = (
        not inside
        or (bool(chances) and float(np.mean(chances)) < _SURE)
        or len(text) > _CHARACTERS_PER_S * (stretch.duration_s + 2 * _ASTRAY_S)
        or repeats(text)
        or made_up(text)
    )
    return [] if doubted else inside
