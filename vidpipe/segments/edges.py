"""Where a sentence may be cut into: whole clauses at its ends that only connect.

"So, as I said, a wolf shapes rivers" may begin at "a wolf"; "..., and then we'll go to"
may end before it. A cut lies at a comma, by the words' own times, or, for a single word
like "so", at a pause.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.content.model import Unit
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.sentence import clauses
from vidpipe.language.signs import signs_of_text
from vidpipe.text import joined, split_words
from vidpipe.transcript.model import Word

#: After so long a silence a lone "so" can be left out without being heard (syllables run into
#: each other over less).
_PAUSE_S = 0.15
_AFTER_STOP = re.compile(r"[,;:、，]$")


@dataclass(frozen=True)
class Edges:
    """The units as they are said, as a run may begin with them and as it may end with them."""

    units: tuple[Unit, ...]
    opening: tuple[Unit, ...]
    closing: tuple[Unit, ...]
    single: tuple[Unit, ...]
    words: tuple[Word, ...]
    phrases: CuePhrases

    def run(self, first: int, last: int) -> tuple[Unit, ...]:
        """The units `[first, last)` as a clip has them."""
        if last - first == 1:
            return (self.single[first],)
        return (self.opening[first], *self.units[first + 1 : last - 1], self.closing[last - 1])

    def between(self, first: int, last: int, start_s: float, end_s: float) -> tuple[Unit, ...]:
        """The units `[first, last)` from one word to another, as far as they may be cut there.

        A border within a sentence has to be one of a clause: after a comma, or in a pause. Where it
        isn't, the units are as `run` has them.
        """
        units = list(self.run(first, last))
        starts = [w.start_s for w in self.words]
        at = bisect.bisect_left(starts, start_s - 1e-3)
        own = bisect.bisect_left(starts, self.units[first].start_s - 1e-3)
        if at > own and self._parts(at):
            units[0] = self._cut(first, at - own, None)
        until = bisect.bisect_left(starts, end_s - 1e-3)
        own = bisect.bisect_left(starts, self.units[last - 1].start_s - 1e-3)
        behind = bisect.bisect_left(starts, self.units[last - 1].end_s - 1e-3)
        if own < until < behind and self._parts(until):
            begin = at - own if last - first == 1 and at > own and self._parts(at) else 0
            units[-1] = self._cut(last - 1, begin, until - own)
        return tuple(units)

    def _parts(self, index: int) -> bool:
        """Whether a word begins a clause, by a comma or a pause before it."""
        before, word = self.words[index - 1], self.words[index]
        return bool(_AFTER_STOP.search(before.text)) or word.start_s - before.end_s >= _PAUSE_S

    def _cut(self, index: int, begin: int, end: int | None) -> Unit:
        unit = self.units[index]
        starts = [w.start_s for w in self.words]
        first = bisect.bisect_left(starts, unit.start_s - 1e-3)
        last = bisect.bisect_left(starts, unit.end_s - 1e-3)
        return _cut(unit, self.words[first:last], begin, end, self.phrases)


def edges_of(units: Sequence[Unit], words: Sequence[Word], phrases: CuePhrases) -> Edges:
    """Each unit's openings and closings; as it is where its words' times are not known."""
    starts = [w.start_s for w in words]
    opening, closing, single = [], [], []
    for unit in units:
        first = bisect.bisect_left(starts, unit.start_s - 1e-3)
        last = bisect.bisect_left(starts, unit.end_s - 1e-3)
        begin, end = _kept(unit, words[first:last], phrases)
        opening.append(_cut(unit, words[first:last], begin, None, phrases))
        closing.append(_cut(unit, words[first:last], 0, end, phrases))
        single.append(_cut(unit, words[first:last], begin, end, phrases))
    return Edges(tuple(units), tuple(opening), tuple(closing), tuple(single), tuple(words), phrases)


def _kept(unit: Unit, words: Sequence[Word], phrases: CuePhrases) -> tuple[int, int | None]:
    """The first kept word, and the one after the last."""
    if not unit.text or len(split_words(unit.text)) != len(words):
        return 0, None
    found = clauses(unit.text, phrases)
    begin = len(split_words(unit.text[: found.begins]))
    rest = joined(w.text for w in words[begin:])
    lead = len(split_words(phrases.lead_in(rest)))
    if 0 < lead < len(words) - begin - 3:
        gap_s = words[begin + lead].start_s - words[begin + lead - 1].end_s
        if gap_s >= _PAUSE_S:
            begin += lead
    end = len(split_words(unit.text[: found.ends]))
    return begin, end if end < len(words) else None


def _cut(
    unit: Unit, words: Sequence[Word], begin: int, end: int | None, phrases: CuePhrases
) -> Unit:
    if begin == 0 and end is None:
        return unit
    kept = words[begin:end]
    text = joined(w.text for w in kept)
    if end is not None:
        # What follows the comma is gone, so the sentence ends where it stood.
        text = _AFTER_STOP.sub("", text) + "."
    signs = {**unit.signs, **signs_of_text(text, phrases)}
    return unit.model_copy(
        update={
            "start_s": kept[0].start_s if begin else unit.start_s,
            "end_s": kept[-1].end_s if end is not None else unit.end_s,
            "text": text,
            "lead_in": phrases.lead_in(text),
            "signs": signs,
        }
    )
