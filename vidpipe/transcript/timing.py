"""When a recogniser's words are said, verified against the sound.

Whisper's own times come from its cross-attention. Of human-made word times of three
speakers (TIMIT, Praat's examples) its starts are 65 to 88 ms off in the median and 200 to
290 ms at the 95th percentile, most of them early, and a pause belongs to the word after it;
the forced aligner's are 10 to 21 and 42 to 61 ms off (Whisper base,
`python -m benchmarks.reality --parts words`).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from itertools import takewhile

from vidpipe.media.pcm import AudioSamples
from vidpipe.timeline import Interval, intersection, span
from vidpipe.transcript.align import located
from vidpipe.transcript.model import Word

#: Words that are located at once. Longer ones are cut at the longest pause.
_TOGETHER_S = 20.0
#: A run of no more words that is not found is left as it is.
_FEWEST = 3
#: A run does not begin with more of a pause than this leaves before its first word's end.
_LONGEST_WORD_S = 1.5
#: How far speech may lie outside of what the recogniser said.
_SLACK_S = 0.6
#: Cross-attention is early: a word that is found so much earlier was mistaken for another.
_EARLIER_S = 0.35
#: A word that is found so long after its own end was, too, unless nobody speaks there.
_LATER_S = 0.35
#: A word of which so much lies where nobody speaks was put into a pause.
_IN_PAUSE = 0.5
#: Words of a phrase that were spread over its time may be so far from where they are said.
_SPREAD_S = 1.5
#: What is at least left of a word where the pause in it is taken off.
_LEAST_S = 0.04
#: Less speech than this, then a pause, is the end of the word before it.
_TAIL_S = 0.15


def retimed(
    words: Sequence[Word], samples: AudioSamples, speech: Sequence[Interval], *, timed: bool = True
) -> list[Word]:
    """English words with the times at which they are heard.

    A word that is not found near where the recogniser heard it keeps the time it came
    with: the recogniser misheard it, or its neighbours. Words that are not `timed` were
    spread over longer phrases: they may be farther off.
    """
    out: list[Word] = []
    left = list(_runs(words))[::-1]
    while left:
        run = left.pop()
        before_s = out[-1].end_s if out else 0.0
        after_s = left[-1][0].end_s if left else samples.duration_s
        # Two people at once: a word may end before the one that begins before it.
        first_s = min(w.end_s for w in run) - _LONGEST_WORD_S if timed else 0.0
        last_s = max(max(w.start_s, w.end_s) for w in run)
        within = span(
            max(min(run[0].start_s, before_s), run[0].start_s - _SLACK_S, first_s),
            max(last_s + 0.1, min(after_s, last_s + _SLACK_S)),
        )
        times = located([w.text for w in run], samples, within)
        if times is not None:
            out += [
                _at(w, t.start_s, t.end_s) if _believed(w, t, speech, timed) else w
                for w, t in zip(run, times, strict=True)
            ]
        elif len(run) > _FEWEST:
            # Words that nobody said: what is around them may be found by itself.
            at = _longest_pause(run, len(run) // 4, len(run) - len(run) // 4)
            left += [run[at:], run[:at]]
        else:
            out += run
    return _in_order(out)


def without_pauses(words: Sequence[Word], speech: Sequence[Interval]) -> list[Word]:
    """Words without the pause at their beginning or end that was taken for a part of them."""
    out: list[Word] = []
    starts = [s.start_s for s in speech]
    for word in words:
        if word.end_s <= word.start_s:
            out.append(word)
            continue
        first = max(0, bisect.bisect_right(starts, word.start_s) - 1)
        last = bisect.bisect_left(starts, word.end_s)
        said = intersection(speech[first:last], [span(word.start_s, word.end_s)])
        longest_s = max((s.duration_s for s in said), default=0.0)
        if longest_s < _LEAST_S:
            out.append(word)
            continue
        said = [s for s in said if s.duration_s >= min(_TAIL_S, longest_s)]
        out.append(_at(word, said[0].start_s, said[-1].end_s))
    return out


def _at(word: Word, start_s: float, end_s: float) -> Word:
    return word.model_copy(update={"start_s": start_s, "end_s": end_s})


def _runs(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words in runs of at most 20 s, cut at long pauses not far from their ends."""
    left = list(words)
    while left:
        limit_s = left[0].start_s + _TOGETHER_S
        fit = sum(1 for _ in takewhile(lambda w: w.end_s <= limit_s, left)) or 1  # noqa: B023
        if fit < len(left):
            fit = _longest_pause(left, max(1, fit // 2), fit + 1)
        yield left[:fit]
        left = left[fit:]


def _longest_pause(words: Sequence[Word], first: int, last: int) -> int:
    """The word before which the longest pause lies, of those from `first` to before `last`.

    Whisper gives a pause to the word after it: the time from end to end has it.
    """
    return max(range(first, last), key=lambda k: words[k].end_s - words[k - 1].end_s)


def _believed(word: Word, found: Interval, speech: Sequence[Interval], timed: bool) -> bool:
    if not timed:
        return abs(found.start_s - word.start_s) <= _SPREAD_S
    if found.start_s < word.start_s - _EARLIER_S:
        return False
    if found.start_s <= word.end_s + _LATER_S:
        return True
    own = span(word.start_s, max(word.end_s, word.start_s + 0.02))
    said_s = sum(i.duration_s for i in intersection(list(speech), [own]))
    return said_s < (1 - _IN_PAUSE) * own.duration_s


def _in_order(words: Sequence[Word]) -> list[Word]:
    """No word begins before the one before it has begun, none overlaps the next."""
    out: list[Word] = []
    for word in words:
        start_s = word.start_s
        if out and start_s < out[-1].end_s:
            if start_s <= out[-1].start_s:
                start_s = out[-1].end_s
            else:
                out[-1] = _at(out[-1], out[-1].start_s, start_s)
        out.append(_at(word, start_s, max(word.end_s, start_s + 0.02)))
    return out
