"""Captions: which of a clip's words stand together, and how their lines are broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.channels.model import CaptionStyle
from vidpipe.clips.text.animations import shown
from vidpipe.clips.text.fonts import FontFallback
from vidpipe.clips.text.lettering import text_width
from vidpipe.language.breaks import bound, parts_of
from vidpipe.language.leaning import leaning
from vidpipe.text import capitalised, ends_clause, ends_sentence, joined
from vidpipe.timeline import EditList
from vidpipe.transcript.model import Word

#: A word that fits in letters of this size is not broken.
_SMALLEST = 0.8
_BREAK_GAP_S = 0.5

#: What is bad about a caption, next to each other: that there is one more; that it ends within a
#: phrase, at its end, after a comma, and with "of" or "the"; that a clause ends inside after
#: so many words.
_ONE_MORE, _ANYWHERE, _AT_PHRASE, _AT_CLAUSE, _LEANS = 3.0, 2.0, 1.0, 0.5, 3.0
_CLAUSE_INSIDE, _CLAUSE_WORDS = 2.5, 3
#: That it holds fewer letters than this; that it is seen for less than so many seconds.
_SHORT, _FEW_LETTERS = 3.0, 12
_BRIEF, _BRIEF_S = 4.0, 0.8
#: The same of a line's end, next to how uneven two lines are.
_LINE_BREAK = 0.2


def clip_words(words: Sequence[Word], edit: EditList) -> list[Word]:
    """The words that a clip keeps, on the clip's own timeline.

    The first one has a capital where what led up to it, "So,", was left out.
    """
    kept: list[Word] = []
    for item in edit.intervals:
        for k, word in enumerate(words):
            middle = (word.start_s + word.end_s) / 2
            if item.contains(middle):
                start, end = (
                    edit.to_clip(max(word.start_s, item.start_s)),
                    edit.to_clip(min(word.end_s, item.end_s - 1e-6)),
                )
                if end - start < 0.02:
                    end = start + 0.02
                led_up = not kept and k > 0 and not ends_sentence(words[k - 1].text)
                text = capitalised(word.text) if led_up else word.text
                times = {"start_s": round(start, 3), "end_s": round(end, 3)}
                kept.append(word.model_copy(update={"text": text, **times}))
    return kept


def groups_of(
    words: Sequence[Word],
    style: CaptionStyle,
    size: int,
    width: int,
    font: FontFallback | None = None,
    language: str = "",
) -> list[list[list[Word]]]:
    """Captions: each a list of lines of words that fit `width`, broken at phrases.

    What one speaker says stands apart from what the next says, and so do sentences. Within
    one, captions end where a phrase does, as far as they have room: none with "of the", none
    that is a short word left over. A word that would have to be much smaller to fit is broken
    in two lines by the rules of its language.
    """
    setting = _Setting(style, size, width, font, leaning(language))
    groups: list[list[list[Word]]] = []
    stretch: list[list[Word]] = []

    def close() -> None:
        nonlocal groups, stretch
        groups += _captions(stretch, setting)
        stretch = []

    for unit in _units(words, language, setting):
        broken = setting.broken(unit, language)
        if broken:
            close()
            groups += broken
            continue
        last = stretch[-1][-1] if stretch else None
        if last is not None and (
            unit[0].start_s - last.end_s > _BREAK_GAP_S
            or ends_sentence(last.text)
            or last.speaker != unit[0].speaker
        ):
            close()
        stretch.append(unit)
    close()
    return groups


def _captions(units: Sequence[Sequence[Word]], setting: _Setting) -> list[list[list[Word]]]:
    """A stretch without a rest as captions: the cheapest of all ways to break it."""
    count = len(units)
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * count
    shown: dict[tuple[int, int], list[list[Word]]] = {}
    for last in range(1, count + 1):
        for first in range(last - 1, max(-1, last - 1 - setting.style.max_words), -1):
            lines = setting.lines(units[first:last])
            if lines is None:
                # A word that is a little too wide stands alone, in smaller letters.
                if last - first > 1:
                    break
                lines = [list(units[first])]
            shown[first, last] = lines
            cost = best[first][0] + setting.cost(units, first, last)
            if cost < best[last][0]:
                best[last] = cost, first
    groups = []
    last = count
    while last > 0:
        first = best[last][1]
        groups.append(shown[first, last])
        last = first
    return groups[::-1]


@dataclass(frozen=True)
class _Setting:
    """How words are set: in which letters, how wide; `leaning` belong to what follows them."""

    style: CaptionStyle
    size: int
    width: int
    font: FontFallback | None
    leaning: frozenset[str]

    def wide(self, words: Sequence[Word]) -> float:
        return text_width(joined(shown(w, self.style) for w in words), self.size, self.font)

    def cost(self, units: Sequence[Sequence[Word]], first: int, last: int) -> float:
        """What is bad about a caption of units `[first, last)`: that there is one more, where it
        ends, that it holds little or is gone at once.
        """
        words = [w for unit in units[first:last] for w in unit]
        following = units[last][0] if last < len(units) else None
        until_s = following.start_s if following else words[-1].end_s
        letters = sum(len(w.text) for w in words) + len(words) - 1
        cost = _ONE_MORE + self._break_cost(words[-1], following)
        cost += _SHORT * max(0, _FEW_LETTERS - letters) / _FEW_LETTERS
        cost += _BRIEF * max(0.0, _BRIEF_S - (until_s - words[0].start_s))
        # A clause that ends inside would rather have ended the caption.
        inside = units[first : last - 1]
        return cost + _CLAUSE_INSIDE * sum(
            ends_clause(unit[-1].text) for unit in inside[_CLAUSE_WORDS - 1 :]
        )

    def _break_cost(self, before: Word, after: Word | None) -> float:
        """What is bad about a break between two words."""
        if after is None:
            return 0.0
        if ends_clause(before.text):
            return _AT_CLAUSE
        gap = min(1.0, max(0.0, after.start_s - before.end_s) / _BREAK_GAP_S)
        cost = _ANYWHERE - gap
        if before.text.casefold() in self.leaning:
            cost += _LEANS
        elif after.text.casefold() in self.leaning:
            cost -= _AT_PHRASE
        return cost

    def lines(self, units: Sequence[Sequence[Word]]) -> list[list[Word]] | None:
        """One line, or two of like width, broken at a phrase; None when that does not fit."""
        words = [w for unit in units for w in unit]
        if self.wide(words) <= self.width:
            return [words]
        best: tuple[float, int] | None = None
        k = 0
        for unit in units[:-1]:
            k += len(unit)
            above, below = self.wide(words[:k]), self.wide(words[k:])
            if max(above, below) > self.width:
                continue
            uneven = abs(above - below) / self.width
            cost = uneven + _LINE_BREAK * self._break_cost(words[k - 1], words[k])
            if best is None or cost < best[0]:
                best = (cost, k)
        return [words[: best[1]], words[best[1] :]] if best is not None else None

    def broken(self, unit: Sequence[Word], language: str) -> list[list[list[Word]]]:
        """Captions of a word that is far too wide, two lines each; none where it is not."""
        if len(unit) > 1 or self.wide(unit) * _SMALLEST <= self.width:
            return []
        word = unit[0]

        def fits(text: str) -> bool:
            return self.wide([word.model_copy(update={"text": text})]) <= self.width

        parts = _timed(word, parts_of(word.text, language, fits))
        return [[[p] for p in parts[k : k + 2]] for k in range(0, len(parts), 2)]


def _units(words: Sequence[Word], language: str, setting: _Setting) -> list[list[Word]]:
    """Words, and in scripts without blanks the phrases that they are parts of."""
    units: list[list[Word]] = []
    together = False
    for word, goes_on in zip(words, bound([w.text for w in words], language), strict=True):
        unit = [*units[-1], word] if together else [word]
        if together and setting.wide(unit) <= setting.width:
            units[-1] = unit
        else:
            units.append([word])
        together = goes_on
    return units


def _timed(word: Word, parts: Sequence[str]) -> list[Word]:
    """Pieces of a word, each with its share of the time."""
    each_s = (word.end_s - word.start_s) / sum(map(len, parts))
    out = []
    at_s = word.start_s
    for part in parts:
        until_s = at_s + each_s * len(part)
        out.append(
            word.model_copy(
                update={"text": part, "start_s": round(at_s, 3), "end_s": round(until_s, 3)}
            )
        )
        at_s = until_s
    return out
