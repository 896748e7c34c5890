"""Subtitles as text: SRT and WebVTT that can be read in time.

Rules from the Netflix timed text style guide (general requirements, English): at most
two lines of 42 characters, from 5/6 s to 7 s, at most 20 characters a second, two
frames between cues, lines broken at phrase borders. A wide (East Asian) character
counts as two.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.language.breaks import bound, parts_of
from vidpipe.language.leaning import leaning
from vidpipe.text import ends_clause, ends_sentence, joined, spaced, width
from vidpipe.transcript.model import Word
from vidpipe.untrusted import cleaned

LINE_CHARACTERS = 42
MAX_LINES = 2
MAX_CUE_S = 7.0
MIN_CUE_S = 5 / 6
CHARACTERS_PER_S = 20.0
#: Two frames at 24 a second, to the next millisecond.
GAP_S = 0.084

#: A cue does not stay over a silence longer than this.
_SILENCE_S = 1.0
#: A gap shorter than this flickers: the cue before stays until the next one.
_FLICKER_S = 0.5
#: How long a cue stays after its last word where there is room.
_LINGER_S = 0.3
#: A cue may come so much before its first word when it could not be read otherwise.
_EARLY_S = 1.0
#: Where time has to be made up, cues are planned to be read at this speed.
_PLANNED_PER_S = 17.0


@dataclass(frozen=True)
class Line:
    """One cue as it is shown: when, its one or two lines, and who speaks where that is known."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]
    speaker: str = ""

    @property
    def characters(self) -> int:
        return sum(width(line) for line in self.lines)


def subtitles(
    words: Sequence[Word], language: str = "", until_s: float | None = None
) -> list[Line]:
    """Cues for these words; none ends after `until_s`.

    Where people talk faster than can be read, a cue starts up to a second early, or
    stays on while the next ones wait, until a pause makes up for it.
    """
    pieces = [p for w in words for p in _pieces(w, language)]
    run = _Run(pieces, leaning(language), tuple(bound([w.text for w in pieces], language)))
    spans = _groups(run)
    groups = [pieces[first:last] for first, last in spans]
    lines = [
        tuple(
            balance(
                [w.text for w in pieces[first:last]],
                leaning=run.leaning,
                bound=run.bound[first:last],
            )
        )
        for first, last in spans
    ]
    return [
        Line(start, end, shown, group[0].speaker)
        for (start, end), shown, group in zip(
            _times(groups, lines, until_s), lines, groups, strict=True
        )
    ]


def _pieces(word: Word, language: str) -> list[Word]:
    """A word that is longer than a line (an address, a formula) in pieces that are not."""
    if width(word.text) <= LINE_CHARACTERS and len(word.text) <= _MOST_SIGNS:
        return [word]

    def fits(text: str) -> bool:
        return width(text) <= LINE_CHARACTERS and len(text) <= _MOST_SIGNS

    texts = parts_of(word.text, language, fits)
    each = (word.end_s - word.start_s) / len(texts)
    return [
        word.model_copy(
            update={
                "text": text,
                "start_s": word.start_s + k * each,
                "end_s": word.start_s + (k + 1) * each,
            }
        )
        for k, text in enumerate(texts)
    ]


class _Run:
    """Words with sums up to each, so that what a cue of some of them takes is told at once."""

    def __init__(
        self, words: Sequence[Word], leaning: frozenset[str], bound: tuple[bool, ...]
    ) -> None:
        self.words = words
        self.leaning = leaning
        self.bound = bound
        texts = [w.text for w in words]
        #: Of each word, whether a blank stands before it.
        self.blank = [0] + [int(spaced(a, b)) for a, b in itertools.pairwise(texts)]
        self.wide = [0, *itertools.accumulate(width(t) for t in texts)]
        self.blanks = [0, *itertools.accumulate(self.blank)]
        self.stops = [0, *itertools.accumulate(int(ends_sentence(t)) for t in texts)]
        self.signs = [0, *itertools.accumulate(map(len, texts))]

    def width(self, first: int, last: int) -> int:
        """Columns of words `[first, last)` on one line."""
        if first >= last:
            return 0
        blanks = self.blanks[last] - self.blanks[first + 1]
        return self.wide[last] - self.wide[first] + blanks

    def fits(self, first: int, last: int) -> bool:
        """Whether two lines hold them, and nobody is silent or another speaks in between."""
        words = self.words
        if last - first > _MOST_WORDS or words[last - 1].end_s - words[first].start_s > MAX_CUE_S:
            return False
        if words[first + 1].start_s - words[first].end_s > _SILENCE_S:
            return False
        if words[first].speaker != words[first + 1].speaker:
            return False
        if self.signs[last] - self.signs[first] > 2 * _MOST_SIGNS:
            return False
        whole = self.width(first, last)
        if whole <= LINE_CHARACTERS:
            return True
        if whole > MAX_LINES * LINE_CHARACTERS + 1:
            return False
        return any(
            self.width(first, k) <= LINE_CHARACTERS and self.width(k, last) <= LINE_CHARACTERS
            for k in range(first + 1, last)
        )


#: Of one line, whatever their width: marks and joiners have none.
_MOST_SIGNS = 160
#: Of one cue: single letters fill two lines with forty.
_MOST_WORDS = 60


def _groups(run: _Run) -> list[tuple[int, int]]:
    """First and last word of each cue: the cheapest way to break them all, found by dynamic
    programming.
    """
    count = len(run.words)
    best = [0.0] + [float("inf")] * count
    back = [0] * (count + 1)
    for last in range(1, count + 1):
        for first in range(last - 1, -1, -1):
            if first < last - 1 and not run.fits(first, last):
                break
            cost = best[first] + _cost(run, first, last)
            if cost < best[last]:
                best[last], back[last] = cost, first
    groups = []
    last = count
    while last > 0:
        groups.append((back[last], last))
        last = back[last]
    return groups[::-1]


def _cost(run: _Run, first: int, last: int) -> float:
    """What is bad about a cue: where it ends, how little it holds, how fast it must be read."""
    words = run.words
    following = words[last] if last < len(words) else None
    cost = 6.0 + _break_cost(words[last - 1], following, run.leaning)
    if run.bound[last - 1]:
        cost += 6.0  # in the middle of a phrase
    until_s = following.start_s if following else words[last - 1].end_s + 1.0
    held_s = until_s - words[first].start_s
    letters = run.width(first, last)
    cost += 12.0 * max(0.0, MIN_CUE_S - held_s)
    cost += 6.0 * max(0.0, letters / max(held_s, 0.1) / _PLANNED_PER_S - 1.0)
    cost += max(0.0, 12.0 - letters) * 0.4
    # A sentence that ends inside a cue would rather have ended it.
    cost += 3.0 * (run.stops[last - 1] - run.stops[first])
    return cost


def _break_cost(before: Word, after: Word | None, leaning: frozenset[str]) -> float:
    if after is None or ends_sentence(before.text):
        return 0.0
    gap_s = after.start_s - before.end_s
    if ends_clause(before.text):
        return 2.0
    cost = 7.0 - 4.0 * min(1.0, max(0.0, gap_s) / 0.5)
    if before.text.casefold() in leaning:
        cost += 6.0  # "the |", "of |": these belong to what follows
    elif after.text.casefold() in leaning:
        cost -= 2.5  # "| because", "| in": a phrase begins
    return cost


def balance(
    texts: Sequence[str],
    limit: int = LINE_CHARACTERS,
    leaning: frozenset[str] = frozenset(),
    bound: Sequence[bool] = (),
) -> list[str]:
    """One line, or two of like length, broken where a phrase ends."""
    line = joined(texts)
    if width(line) <= limit or len(texts) < 2:
        return [line]
    best: tuple[float, int] | None = None
    for k in range(1, len(texts)):
        above, below = width(joined(texts[:k])), width(joined(texts[k:]))
        cost = abs(above - below) + 50.0 * max(0, max(above, below) - limit)
        if ends_clause(texts[k - 1]) or ends_sentence(texts[k - 1]):
            cost -= 10
        elif texts[k - 1].casefold() in leaning:
            cost += 10
        elif texts[k].casefold() in leaning:
            cost -= 4
        if bound and bound[k - 1]:
            cost += 20
        if best is None or cost < best[0]:
            best = (cost, k)
    assert best is not None
    return [joined(texts[: best[1]]), joined(texts[best[1] :])]


def _times(
    groups: Sequence[Sequence[Word]], lines: Sequence[Sequence[str]], until_s: float | None
) -> list[tuple[float, float]]:
    """Start and end of each cue, in order, apart, long enough to be read."""
    end_s = until_s if until_s is not None else float("inf")
    needs = [
        max(MIN_CUE_S, sum(width(line) for line in shown) / CHARACTERS_PER_S) + 0.001
        for shown in lines
    ]
    # Where there is no time to read all of it each cue gets its share, not the first one none.
    begins_s = max(0.0, groups[0][0].start_s - _EARLY_S) if groups else 0.0
    room_s = end_s - begins_s - GAP_S * (len(groups) - 1)
    if sum(needs) > room_s > 0:
        needs = [need * room_s / sum(needs) for need in needs]
    # From the end: the latest start of each cue that lets all after it be in time.
    starts = [0.0] * len(groups)
    following = end_s + GAP_S
    for k in range(len(groups) - 1, -1, -1):
        spoken = groups[k][0].start_s
        starts[k] = max(0.0, spoken - _EARLY_S, min(spoken, following - GAP_S - needs[k]))
        following = starts[k]
    # From the beginning: none before the one before it has been read.
    times: list[tuple[float, float]] = []
    for k, group in enumerate(groups):
        start = max(starts[k], times[-1][1] + GAP_S if times else 0.0)
        room = (starts[k + 1] if k + 1 < len(groups) else end_s + GAP_S) - GAP_S
        end = max(start + needs[k], min(group[-1].end_s + _LINGER_S, room))
        if k + 1 < len(groups) and room - end < _FLICKER_S:
            end = max(end, room)
        end = min(end, start + MAX_CUE_S)
        times.append((round(start, 3), round(end, 3)))
    if times and times[-1][1] > end_s:
        times = _pushed_back(times, needs, end_s)
    return times


def _pushed_back(
    times: Sequence[tuple[float, float]], needs: Sequence[float], end_s: float
) -> list[tuple[float, float]]:
    """The last cues earlier, so that none ends after the picture does."""
    out: list[tuple[float, float]] = []
    limit = end_s
    for (start, end), need in zip(reversed(times), reversed(needs), strict=True):
        latest = min(end, limit)
        earlier = max(0.0, min(start, latest - need))
        out.append((round(earlier, 3), round(max(latest, earlier + 0.001), 3)))
        limit = earlier - GAP_S
    return out[::-1]


def to_srt(words: Sequence[Word], language: str = "", until_s: float | None = None) -> str:
    """SubRip text."""
    cues = [
        f"{k}\n{_stamp(c.start_s, ',')} --> {_stamp(c.end_s, ',')}\n"
        + "\n".join(_srt_text(line) for line in c.lines)
        + "\n"
        for k, c in enumerate(subtitles(words, language, until_s), 1)
    ]
    return "\n".join(cues)


def to_vtt(words: Sequence[Word], language: str = "", until_s: float | None = None) -> str:
    """WebVTT text; cues say who speaks where several are known."""
    named = len({w.speaker for w in words if w.speaker}) > 1
    cues = [
        f"{_stamp(c.start_s, '.')} --> {_stamp(c.end_s, '.')}\n"
        + (f"<v {_vtt_text(c.speaker)}>" if named and c.speaker else "")
        + "\n".join(_vtt_text(line) for line in c.lines)
        + "\n"
        for c in subtitles(words, language, until_s)
    ]
    return "WEBVTT\n\n" + "\n".join(cues)


def _stamp(t_s: float, point: str) -> str:
    ms = round(t_s * 1000)
    return (
        f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{point}{ms % 1000:03d}"
    )


def _srt_text(line: str) -> str:
    """Nothing in a line may be read as times, as a tag or as an override of ASS."""
    plain = cleaned(line).replace("-->", "→").replace("<", "‹").replace(">", "›")
    return plain.replace("{\\", "{\u2060\\")


def _vtt_text(line: str) -> str:
    return html.escape(cleaned(line), quote=False).replace("--&gt;", "→")
