"""Captions: which of a clip's words stand together, and how their lines are broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.channels.model import CaptionStyle
from vidpipe.clips.text.animations import shown
from vidpipe.clips.text.fonts import FontFallback
from vidpipe.clips.text.lettering import text_width
from vidpipe.language.breaks import bound, parts_of
from vidpipe.text import ends_clause, ends_sentence, joined
from vidpipe.timeline import EditList
from vidpipe.transcript.model import Word

#: A word that fits in letters of this size is not broken.
_SMALLEST = 0.8
_BREAK_GAP_S = 0.5


def clip_words(words: Sequence[Word], edit: EditList) -> list[Word]:
    """The words that a clip keeps, on the clip's own timeline."""
    kept = []
    for item in edit.intervals:
        for word in words:
            middle = (word.start_s + word.end_s) / 2
            if item.contains(middle):
                start, end = (
                    edit.to_clip(max(word.start_s, item.start_s)),
                    edit.to_clip(min(word.end_s, item.end_s - 1e-6)),
                )
                if end - start < 0.02:
                    end = start + 0.02
                kept.append(
                    word.model_copy(update={"start_s": round(start, 3), "end_s": round(end, 3)})
                )
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

    What one speaker says stands apart from what the next says. A word that would have to be
    much smaller to fit is broken in two lines by the rules of its language.
    """
    setting = _Setting(style, size, width, font)
    groups: list[list[list[Word]]] = []
    current: list[list[Word]] = []

    def close() -> None:
        nonlocal current
        if current:
            groups.append(setting.lines(current) or [[w for unit in current for w in unit]])
        current = []

    for unit in _units(words, language, setting):
        broken = setting.broken(unit, language)
        if broken:
            close()
            groups += broken
            continue
        last = current[-1][-1] if current else None
        said = sum(map(len, current))
        if last is not None and (
            setting.lines([*current, unit]) is None
            or unit[0].start_s - last.end_s > _BREAK_GAP_S
            or ends_sentence(last.text)
            or (ends_clause(last.text) and said >= 3)
            or len(current) + 1 > style.max_words
            or last.speaker != unit[0].speaker
        ):
            close()
        current.append(unit)
    close()
    return groups


@dataclass(frozen=True)
class _Setting:
    """How words are set: in which letters, how wide."""

    style: CaptionStyle
    size: int
    width: int
    font: FontFallback | None

    def wide(self, words: Sequence[Word]) -> float:
        return text_width(joined(shown(w, self.style) for w in words), self.size, self.font)

    def lines(self, units: Sequence[Sequence[Word]]) -> list[list[Word]] | None:
        """One line, or two of like width; None when that does not fit."""
        words = [w for unit in units for w in unit]
        if self.wide(words) <= self.width:
            return [words]
        best: tuple[float, int] | None = None
        k = 0
        for unit in units[:-1]:
            k += len(unit)
            above, below = self.wide(words[:k]), self.wide(words[k:])
            if max(above, below) <= self.width and (best is None or abs(above - below) < best[0]):
                best = (abs(above - below), k)
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
