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
#: A clause that a border leaves has so many words.
_CLAUSE_WORDS = 3
_AFTER_STOP = re.compile(r"[,;:、，]$")


@dataclass(frozen=True)
class Edges:
    """The units as they are said, as a run may begin with them and as it may end with them."""

    units: tuple[Unit, ...]
    opening: tuple[Unit, ...]
    closing: tuple[Unit, ...]
    single: tuple[Unit, ...]
    words: tuple[Word, ...]
    starts: tuple[float, ...]
    phrases: CuePhrases

    def run(self, first: int, last: int) -> tuple[Unit, ...]:
        """The units `[first, last)` as a clip has them."""
        if last - first == 1:
            return (self.single[first],)
        return (self.opening[first], *self.units[first + 1 : last - 1], self.closing[last - 1])

    def between(self, first: int, last: int, start_s: float, end_s: float) -> tuple[Unit, ...]:
        """The units `[first, last)` from one word to another, as far as they may be cut there.

        A border within a sentence lies after a comma, with a clause of some words on either side.
        Where it doesn't, the units are as `run` has them.
        """
        units = list(self.run(first, last))
        opening = self._said(first)
        at = bisect.bisect_left(self.starts, start_s - 1e-3)
        begin = at - opening.start if self._parts(at, opening) else 0
        if begin:
            units[0] = self._cut(first, begin, None)
        closing = self._said(last - 1)
        until = bisect.bisect_left(self.starts, end_s - 1e-3)
        if self._parts(until, closing):
            if last - first > 1:
                begin = 0
            elif not begin:
                kept_from = bisect.bisect_left(self.starts, units[0].start_s - 1e-3)
                begin = max(0, kept_from - opening.start)
            if closing.start + begin + _CLAUSE_WORDS <= until:
                units[-1] = self._cut(last - 1, begin, until - closing.start)
        return tuple(units)

    def _said(self, index: int) -> range:
        """The words of a unit."""
        unit = self.units[index]
        return range(
            *(bisect.bisect_left(self.starts, t - 1e-3) for t in (unit.start_s, unit.end_s))
        )

    def _parts(self, index: int, said: range) -> bool:
        """Whether a clause ends before a word within a unit, and one of some words follows."""
        if index not in said or index == said.start:
            return False
        if not _AFTER_STOP.search(self.words[index - 1].text):
            return False
        clause = self.words[index : min(said.stop, index + _CLAUSE_WORDS)]
        # "Never, ever, want to": what is said twice, or listed, is no border.
        return not any(_AFTER_STOP.search(w.text) for w in clause[: _CLAUSE_WORDS - 1])

    def _cut(self, index: int, begin: int, end: int | None) -> Unit:
        said = self._said(index)
        words = self.words[said.start : said.stop]
        return _cut(self.units[index], words, begin, end, self.phrases)


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
    return Edges(
        tuple(units),
        tuple(opening),
        tuple(closing),
        tuple(single),
        tuple(words),
        tuple(starts),
        phrases,
    )


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
