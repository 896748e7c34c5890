"""Candidates: every run of units that may be a clip, where it begins and ends, what it scores."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vidpipe.content.model import Content, Unit
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.sentence import opens, words_in
from vidpipe.segments.borders.model import Border, BorderReader
from vidpipe.segments.borders.table import borders_of
from vidpipe.segments.edges import edges_of
from vidpipe.segments.factors import factors_of, score_of
from vidpipe.segments.model import Factor, SegmentOptions
from vidpipe.segments.score import score_run, total
from vidpipe.segments.signs import signs_of
from vidpipe.segments.ties import Ties, ties_of
from vidpipe.segments.vetoes import ALWAYS, Judge
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import Interval, shorten_pauses, span
from vidpipe.transcript.model import Word

#: A topic so many times as long as the shortest clip has clips of its own.
_OWN_CLIP = 1.5
#: A last word goes on for no longer than this after the time it is said to end: 0.74 s were seen.
_DRAWN_OUT_S = 1.2
#: With these a speaker trails off.
_ELLIPSES = ("...", "…")
#: Points that a passage loses which has so many words and more, for readers lose the thread.
_LONG_POINTS, _MANY_WORDS, _MORE_WORDS = 4.0, 150, 20
#: And one after which somebody says "so".
_BEFORE_RESULT = 5.0
#: Where in the range of lengths that are wanted readers like a passage best.
_LIKED = 0.49
#: Standard deviations by which a sentence opens a clip better than others where cue phrases are
#: doubted that speak against it, and which. Of the table's: of 701 passages that readers would
#: post, one of these alone ruled out 164. Of the network's, which reads what was said before: in 21
#: recordings that it was not fitted to, passages with one of these are wanted as often as others
#: that score the same (86 of 1000 with a reference back, 71 with an answer alone, beside 56); half
#: of a dialogue is not (17).
_OPENS_WELL, _DOUBTED = 1.5, frozenset({"back_reference", "dialogue"})
_READ_WELL = 0.8
_DOUBTED_WHERE_READ = frozenset({"back_reference", "answer_alone"})


@dataclass(frozen=True)
class Candidate:
    """Units `[first, last)` with the time they would take and their score.

    `own` is the units as the clip has them where they are cut as for no other candidate.
    """

    first: int
    last: int
    start_s: float
    end_s: float
    kept_s: float
    parts: dict[str, float]
    score: float
    own: tuple[Unit, ...] = ()


@dataclass(frozen=True)
class FoundCuts:
    """The candidates, how many runs were ruled out, and how many by each veto.

    `whole` is all of the recording where it is no longer than a clip: nothing it leans on is left
    out, so that no veto holds of it.
    """

    candidates: tuple[Candidate, ...]
    whole: Candidate | None
    ruled_out: int
    vetoed: Counter[str]
    cutter: Cutter

    @property
    def content(self) -> Content:
        """What the candidates are made of."""
        return self.cutter.content

    def run(self, item: Candidate) -> tuple[Unit, ...]:
        """The units as the clip has them."""
        return item.own or self.cutter.edges.run(item.first, item.last)

    def factors(self, item: Candidate) -> tuple[Factor, ...]:
        """Why it scores so; none where nothing is said."""
        if self.content.basis != "sentences":
            return ()
        return factors_of(self.cutter.signs(self.run(item), item, item.parts))

    def held(self, item: Candidate) -> list[str]:
        """What it holds both sides of, by kind."""
        tied = self.cutter.ties.held(item.first, item.last)
        return list(dict.fromkeys(t.kind for t in tied))


def candidates(
    content: Content,
    words: Sequence[Word],
    speech: SpeechMap,
    options: SegmentOptions,
    duration_s: float,
    blocked: Sequence[Interval],
    phrases: CuePhrases,
    turns_s: Sequence[float] = (),
    reader: BorderReader | None = None,
) -> FoundCuts:
    """Every run of units that keeps to the limits and to one topic, and has no veto.

    Without a `reader` of borders, they are told by the language's table, if there is one.

    A topic too short for a clip of its own may share one with what comes after it; what
    needs a sentence past its topic's end (a question its answer) may have it.
    """
    found = []
    ruled_out: list[list[str]] = []
    units = content.units
    times = _Times(words, speech, options, duration_s, turns_s)
    said = content.basis == "sentences"
    borders = (reader or borders_of(phrases.language)).of(units) if said else []
    cutter = Cutter(content, words, times, options, blocked, phrases, borders)
    ends_topic = _ends_of_topics(content, options, cutter.ties)
    for first in range(len(units)):
        for last in range(first + 1, ends_topic[first] + 1):
            if last - first > 1 and cutter.breaks_before(last - 1):
                break
            run = cutter.edges.run(first, last)
            within = times.of(run)
            if within.duration_s < options.min_s:
                continue
            kept_s = times.kept_s(within)
            if kept_s > options.max_s:
                break
            if kept_s < options.min_s or cutter.is_blocked(within):
                continue
            against = cutter.vetoes(run, first, last)
            if against:
                ruled_out.append(against)
                continue
            found.append(cutter.scored(first, last, within, kept_s))
    fits = times.whole() if units and not blocked else None
    whole = cutter.scored(0, len(units), fits, times.kept_s(fits)) if fits is not None else None
    return FoundCuts(
        candidates=tuple(found),
        whole=whole,
        ruled_out=len(ruled_out),
        vetoed=Counter(veto for against in ruled_out for veto in against),
        cutter=cutter,
    )


class Cutter:
    """Cuts runs of units of one recording into candidates."""

    def __init__(
        self,
        content: Content,
        words: Sequence[Word],
        times: _Times,
        options: SegmentOptions,
        blocked: Sequence[Interval],
        phrases: CuePhrases,
        borders: Sequence[Border],
    ) -> None:
        self.content = content
        self.borders = borders
        self.ties = ties_of(content.units, phrases, options.reach_sentences)
        self.edges = edges_of(content.units, words, phrases)
        self._times = times
        self._options = options
        self._blocked = blocked
        self._phrases = phrases
        self._judge = Judge(content.units, self.ties, phrases)
        self._said = content.basis == "sentences"
        self._starts = [u.start_s for u in content.units]

    def between(self, start_s: float, end_s: float) -> Candidate | None:
        """The candidate from one word to another, as a reader of the transcript wants it.

        Of what rules others out only that holds which is no matter of taste. A border within
        a sentence is one of a clause, or the sentence is there as a whole. None: it is no clip.
        """
        first = max(0, bisect.bisect_right(self._starts, start_s + 1e-3) - 1)
        last = bisect.bisect_left(self._starts, end_s - 1e-3)
        if last <= first or any(self.breaks_before(k) for k in range(first + 1, last)):
            return None
        run = self.edges.between(first, last, start_s, end_s)
        within = self._times.of(run)
        kept_s = self._times.kept_s(within)
        if not self._options.min_s <= kept_s <= self._options.max_s or self.is_blocked(within):
            return None
        if ALWAYS & set(self.vetoes(run, first, last)) - self._trails_off(run, first):
            return None
        return self.scored(first, last, within, kept_s, run)

    def _trails_off(self, run: Sequence[Unit], first: int) -> set[str]:
        """Vetoes that an ellipsis explains: who trails off is at the end of a sentence."""
        before = self.content.units[first - 1].text if first else ""
        ends = {"begins_inside": before, "ends_inside": run[-1].text}
        return {veto for veto, text in ends.items() if text.endswith(_ELLIPSES)}

    def breaks_before(self, index: int) -> bool:
        """Whether no clip spans the gap before a unit."""
        units = self.content.units
        return units[index].start_s - units[index - 1].end_s > self._options.long_break_s

    def is_blocked(self, within: Interval) -> bool:
        """Whether something in it is wanted elsewhere, or not at all."""
        return any(b.overlap_s(within) > 0 for b in self._blocked)

    def vetoes(self, run: Sequence[Unit], first: int, last: int) -> list[str]:
        """What rules a run out; nothing where nothing is said.

        What is told from phrases and from the sentence before does not hold of a sentence that
        opens as well as few do.
        """
        found = list(self._judge.vetoes(run, first, last)) if self._said else []
        if not self.borders:
            return found
        border = self.borders[first]
        read = border.worth is not None
        if border.opens < (_READ_WELL if read else _OPENS_WELL):
            return found
        doubted = _DOUBTED_WHERE_READ if read else _DOUBTED
        doubted |= self._trails_off(run, first) & {"begins_inside"}
        if any(u.signs.get("reply") for u in run[1:]):
            doubted -= {"dialogue"}
        return [veto for veto in found if veto not in doubted]

    def scored(
        self,
        first: int,
        last: int,
        within: Interval,
        kept_s: float,
        own: tuple[Unit, ...] = (),
    ) -> Candidate:
        """The units `[first, last)` as a candidate; `own`: as they are, where that is special."""
        run = own or self.edges.run(first, last)
        parts = score_run(run, self.content, first, last, kept_s, self._options)
        item = Candidate(
            first, last, within.start_s, within.end_s, kept_s, parts, total(parts), own
        )
        if not self._said:
            return item
        low, high = self._options.min_s, self._options.max_s
        off = 2.0 * (kept_s - low - _LIKED * (high - low)) / max(1.0, high - low)
        score = score_of(self.signs(run, item, parts), off)
        units = self.content.units
        following = units[last].text if last < len(units) else ""
        less = _runs_on(run, following, self._phrases)
        return replace(item, score=max(0.0, round(score - less, 2)))

    def signs(
        self, run: Sequence[Unit], item: Candidate, parts: Mapping[str, float]
    ) -> dict[str, float]:
        """All that the score is made of: the signs, and the parts that were made by hand."""
        language = self._phrases.language
        signs = signs_of(run, self.content, item.first, item.last, item.kept_s, self.ties, language)
        if self.borders:
            signs["opens"] = self.borders[item.first].opens
            signs["ends"] = self.borders[item.last - 1].ends
            worth = [b.worth for b in self.borders[item.first : item.last] if b.worth is not None]
            if worth:
                signs["worth"] = sum(worth) / len(worth)
        return signs | {f"hand_{name}": value for name, value in parts.items()}


class _Times:
    """When a run of units begins and ends as a clip, and how long it is without its pauses."""

    def __init__(
        self,
        words: Sequence[Word],
        speech: SpeechMap,
        options: SegmentOptions,
        duration_s: float,
        turns_s: Sequence[float],
    ) -> None:
        self._starts = [w.start_s for w in words]
        self._ends = [w.end_s for w in words]
        self._turns = sorted(turns_s)
        self._voice_starts = [s.start_s for s in speech.speech]
        self._speech = speech
        self._options = options
        self._duration_s = duration_s

    def of(self, run: Sequence[Unit]) -> Interval:
        """From before its first word to after its last."""
        said_out_s = _said_out(run[-1].end_s, self._starts, self._voice_starts, self._speech.speech)
        return span(
            *_bounds(
                run[0].start_s,
                said_out_s,
                self._starts,
                self._ends,
                self._options,
                self._duration_s,
                self._turns,
            )
        )

    def whole(self) -> Interval | None:
        """All of the recording, where it fits into one clip."""
        within = span(0.0, self._duration_s)
        fits = within.duration_s <= self._options.max_s
        return within if fits and self.kept_s(within) >= self._options.min_s else None

    def kept_s(self, within: Interval) -> float:
        """Seconds of it after long pauses are taken out."""
        options = self._options
        kept = shorten_pauses(
            within, self._speech.silences, options.max_pause_s, options.pause_target_s
        )
        return sum(i.duration_s for i in kept)


def _runs_on(run: Sequence[Unit], following: str, phrases: CuePhrases) -> float:
    """Points off for what is long, and for what comes of it being said only afterwards."""
    if "result_start" not in phrases.patterns:
        return 0.0
    words = sum(words_in(u.text) for u in run)
    off = _LONG_POINTS * min(1.0, max(0.0, (words - _MANY_WORDS) / _MORE_WORDS))
    return off + _BEFORE_RESULT * opens(following, phrases, "result_start")


def _ends_of_topics(content: Content, options: SegmentOptions, ties: Ties) -> list[int]:
    """For each unit the last one, exclusive, with which a run from it may end."""
    ends = []
    for topic in content.topics:
        own = topic.duration_s >= _OWN_CLIP * options.min_s
        end = topic.last_unit if own else len(content.units)
        if own:
            tied = ties.cut_after(topic.first_unit, topic.last_unit)
            end = max([end, *(t.last + 1 for t in tied if t.kind in ("answer", "reversal"))])
        ends += [end] * (topic.last_unit - topic.first_unit)
    return ends


def _said_out(
    end_s: float,
    word_starts: Sequence[float],
    voice_starts: Sequence[float],
    speech: Sequence[Interval],
) -> float:
    """Where the voice ends that the last word of a run is part of.

    Words that were aligned or given end early, in the middle of a drawn-out vowel. What of a
    voice follows a word before the next one begins belongs to it; of more than a moment's worth
    nobody knows what it is.
    """
    at = bisect.bisect_right(voice_starts, end_s) - 1
    if at < 0 or not end_s < speech[at].end_s <= end_s + _DRAWN_OUT_S:
        return end_s
    after = bisect.bisect_left(word_starts, end_s - 1e-6)
    if after < len(word_starts) and word_starts[after] < speech[at].end_s:
        return end_s
    return speech[at].end_s


def _bounds(
    start_s: float,
    end_s: float,
    word_starts: Sequence[float],
    word_ends: Sequence[float],
    options: SegmentOptions,
    duration_s: float,
    turns: Sequence[float],
) -> tuple[float, float]:
    """Lead-in and lead-out, never past half the gap to a neighbouring word, nor past a turn."""
    before = bisect.bisect_right(word_ends, start_s + 1e-6) - 1
    lead = options.lead_in_s
    if before >= 0:
        lead = min(lead, max(0.0, start_s - word_ends[before]) / 2)
    after = bisect.bisect_left(word_starts, end_s - 1e-6)
    tail = options.lead_out_s
    if after < len(word_starts):
        tail = min(tail, max(0.0, word_starts[after] - end_s) / 2)
    turn = bisect.bisect_right(turns, start_s) - 1
    if turn >= 0:
        lead = min(lead, start_s - turns[turn])
    turn = bisect.bisect_left(turns, end_s)
    if turn < len(turns):
        tail = min(tail, turns[turn] - end_s)
    return max(0.0, start_s - lead), min(duration_s, end_s + tail)
