"""Which candidates become clips: no two overlap, say the same or are halves of one."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence

from vidpipe.content.model import Content
from vidpipe.segments.cuts import Candidate
from vidpipe.segments.model import SegmentOptions

#: Points of score that a whole may be behind the better of its halves.
_NEARLY = 5.0
#: And with its set-up and result behind what is shorter.
_NEARLY_ALL = 2.5
_OWN_THOUGHT = 0.9
#: Candidates that share so much are one passage to a reader.
_SAME_PASSAGE = 0.7


def schedule(found: Sequence[Candidate], count: int, min_score: float) -> list[Candidate]:
    """At most `count` candidates that do not overlap, of the greatest total gain.

    Weighted interval scheduling by dynamic programming: exact. A candidate's gain
    is its score over `min_score`; what lies under it is never chosen.
    """
    items = sorted((c for c in found if c.score > min_score), key=lambda c: c.end_s)
    ends = [c.end_s for c in items]
    free = [bisect.bisect_right(ends, c.start_s + 1e-9) for c in items]
    n = len(items)
    best = [[0.0] * (n + 1) for _ in range(count + 1)]
    for k in range(1, count + 1):
        row, below = best[k], best[k - 1]
        for i in range(1, n + 1):
            gain = items[i - 1].score - min_score
            row[i] = max(row[i - 1], below[free[i - 1]] + gain)
    chosen: list[Candidate] = []
    k, i = count, n
    while k > 0 and i > 0:
        if best[k][i] == best[k][i - 1]:
            i -= 1
            continue
        chosen.append(items[i - 1])
        i = free[i - 1]
        k -= 1
    return chosen[::-1]


def choose(
    content: Content,
    found: Sequence[Candidate],
    count: int,
    options: SegmentOptions,
    stands_out: bool = False,
    lengthened: bool = True,
) -> list[Candidate]:
    """Scheduled segments of which no two say the same or are halves of one.

    Where so many were asked for, the best are given, whatever they score. With `stands_out`
    only those are that score more than `further_score`, or else the best one. A short one is
    `lengthened` to hold what led to it and came of it, where that scores enough, too.
    """
    floor = -1.0 if options.asked else options.min_score
    left = list(found)
    if stands_out and not options.asked:
        # Few and good: weaker ones are only offered where they are asked for.
        best = max((c.score for c in left), default=0.0)
        if best > options.further_score:
            floor = max(floor, options.further_score)
        else:
            count = min(count, 1)
    whole = {(c.first, c.last): c for c in found if c.score > floor}
    while True:
        chosen = schedule(left, count, floor)
        both = _halves(chosen, whole)
        if both is not None:
            left = [c for c in left if c == both or not (both.first <= c.first < both.last)]
            continue
        twin = _repetition(content, chosen, options.same_words)
        if twin is None:
            able = [c for c in left if c.score > floor]
            for k, item in enumerate(chosen if lengthened else ()):
                longer = _with_result(item, chosen, able, options)
                beside = [*chosen[:k], longer, *chosen[k + 1 :]]
                if _repetition(content, beside, options.same_words) is None:
                    chosen = beside
            return chosen
        left = [c for c in left if min(c.end_s, twin.end_s) <= max(c.start_s, twin.start_s)]


def _halves(
    chosen: Sequence[Candidate], whole: Mapping[tuple[int, int], Candidate]
) -> Candidate | None:
    """What two chosen neighbours are together, when that is nearly as good.

    Unless the second begins a thought of its own.
    """
    for a, b in itertools.pairwise(chosen):
        both = whole.get((a.first, b.last)) if a.last == b.first else None
        if b.parts.get("self_contained", 0.0) >= _OWN_THOUGHT:
            continue
        if both is not None and both.score >= max(a.score, b.score) - _NEARLY:
            return both
    return None


def _with_result(
    item: Candidate,
    chosen: Sequence[Candidate],
    found: Sequence[Candidate],
    options: SegmentOptions,
) -> Candidate:
    """A short one with what led to it and came of it, where that is nearly as good."""
    if item.kept_s >= (options.min_s + options.max_s) / 2:
        return item
    around = [
        c
        for c in found
        if c.first <= item.first
        and c.last >= item.last
        and c.score >= item.score - _NEARLY_ALL
        and all(c.end_s <= o.start_s or c.start_s >= o.end_s for o in chosen if o is not item)
    ]
    return max(around, key=lambda c: (c.kept_s, c.score), default=item)


def _repetition(content: Content, chosen: Sequence[Candidate], limit: float) -> Candidate | None:
    """The weaker of two chosen ones that share most of their words."""
    bags = [
        {w.lower().strip(".,;:?!") for u in content.units[c.first : c.last] for w in u.text.split()}
        for c in chosen
    ]
    for i in range(len(chosen)):
        for j in range(i + 1, len(chosen)):
            if not bags[i] or not bags[j]:
                continue
            shared = len(bags[i] & bags[j]) / min(len(bags[i]), len(bags[j]))
            if shared > limit:
                return min(chosen[i], chosen[j], key=lambda c: c.score)
    return None


def shortlist(found: Sequence[Candidate], min_score: float, count: int) -> list[Candidate]:
    """The best candidates that are not nearly the same passage."""
    kept: list[Candidate] = []
    for item in sorted(found, key=lambda c: (-c.score, c.start_s)):
        if item.score <= min_score or len(kept) == count:
            break
        if all(_shared(item, other) < _SAME_PASSAGE for other in kept):
            kept.append(item)
    return kept


def _shared(a: Candidate, b: Candidate) -> float:
    """Overlap of two candidates over what they cover together."""
    both = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return max(0.0, both) / (max(a.end_s, b.end_s) - min(a.start_s, b.start_s))
