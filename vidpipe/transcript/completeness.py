"""Speech that no word lies on: found, heard again, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vidpipe.timeline import Interval, complement, intersection, span, union
from vidpipe.transcript.model import Word

#: So much speech without a word is heard again.
UNHEARD_S = 0.8
#: Speech this close to a word is that word's: its time is not exact.
NEAR_S = 0.3
#: Kept around what is heard again: a recogniser wants to hear how it begins.
_AROUND_S = 0.4
#: A recogniser that is given a short piece makes words up sooner than in a talk: it has to
#: be surer of them than there.
_SURE = 0.5
#: Nobody says more characters a second.
_CHARACTERS_PER_S = 30.0

Hear = Callable[[Interval], Sequence[Word]]


def unheard(words: Sequence[Word], speech: Sequence[Interval]) -> list[Interval]:
    """Stretches of more than 0.8 s in which somebody speaks and no word lies."""
    near = union(
        span(max(0.0, w.start_s - NEAR_S), max(w.end_s, w.start_s) + NEAR_S) for w in words
    )
    if not speech:
        return []
    whole = span(speech[0].start_s, speech[-1].end_s)
    without = intersection(list(speech), complement(near, whole))
    return [i for i in without if i.duration_s > UNHEARD_S]


def unheard_s(words: Sequence[Word], speech: Sequence[Interval]) -> float:
    """How many seconds of speech are `unheard`."""
    return sum(i.duration_s for i in unheard(words, speech))


def completed(words: Sequence[Word], speech: Sequence[Interval], hear: Hear) -> list[Word]:
    """The words, with what was found where speech had none.

    Each such stretch is heard once, by itself. What comes back is believed where it lies
    in the stretch, is said at a speed that people can speak at, and the recogniser is sure
    of it.
    """
    found = list(words)
    for stretch in unheard(words, speech):
        around = span(max(0.0, stretch.start_s - _AROUND_S), stretch.end_s + _AROUND_S)
        found += _believed(hear(around), stretch, speech)
    return sorted(found, key=lambda w: w.start_s)


def _believed(words: Sequence[Word], stretch: Interval, speech: Sequence[Interval]) -> list[Word]:
    """What of a second hearing is taken: it must be said there, slowly enough and surely."""
    inside = [w for w in words if stretch.start_s <= (w.start_s + w.end_s) / 2 < stretch.end_s]
    if not inside:
        return []
    length_s = sum(i.duration_s for i in intersection(list(speech), [stretch]))
    characters = sum(len(w.text) for w in inside)
    chances = [w.confidence for w in inside if w.confidence is not None]
    sure = not chances or sum(chances) / len(chances) >= _SURE
    return inside if sure and characters <= _CHARACTERS_PER_S * length_s else []
