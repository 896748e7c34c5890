"""Stretches to recognise at once: cut where nobody speaks, joined without loss."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from vidpipe.timeline import Interval, span
from vidpipe.transcript.model import Word
from vidpipe.transcript.seams import sewn

#: Kept around speech: recognisers want to hear the breath before a word.
_PAD_S = 0.2
#: Two hearings of one word differ by less than this in time.
_SAME_S = 0.7


def windows(
    speech: Sequence[Interval],
    duration_s: float,
    *,
    max_s: float,
    max_gap_s: float = float("inf"),
    overlap_s: float = 3.0,
) -> list[Interval]:
    """Windows of at most `max_s` that hold all speech, cut at its longest gaps.

    A gap longer than `max_gap_s` is left out. Where somebody speaks for longer than
    `max_s` without a gap, windows overlap by `overlap_s`: no word is lost at a cut,
    and `stitch` takes out the ones that were heard twice.
    """
    pieces = _pieces(speech, duration_s, max_s, overlap_s)
    found: list[Interval] = []
    first = 0
    while first < len(pieces):
        last = first + 1
        while (
            last < len(pieces)
            and pieces[last].end_s - pieces[first].start_s <= max_s
            and 0 <= pieces[last].start_s - pieces[last - 1].end_s <= max_gap_s
        ):
            last += 1
        if last < len(pieces) and pieces[last].end_s - pieces[first].start_s > max_s:
            last = _best_cut(pieces, first, last, max_s)
        found.append(span(pieces[first].start_s, pieces[last - 1].end_s))
        first = last
    return found


def _pieces(
    speech: Sequence[Interval], duration_s: float, max_s: float, overlap_s: float
) -> list[Interval]:
    pieces: list[Interval] = []
    for k, item in enumerate(speech):
        before = speech[k - 1].end_s if k else -_PAD_S
        after = speech[k + 1].start_s if k + 1 < len(speech) else duration_s + 2 * _PAD_S
        start = max(0.0, item.start_s - min(_PAD_S, (item.start_s - before) / 2))
        end = min(duration_s, item.end_s + min(_PAD_S, (after - item.end_s) / 2))
        while end - start > max_s:
            pieces.append(span(start, start + max_s))
            start += max_s - overlap_s
        if end > start:
            pieces.append(span(start, end))
    return pieces


def _best_cut(pieces: Sequence[Interval], first: int, last: int, max_s: float) -> int:
    """Where to end a window that could go up to `last`: at the longest gap of its later half."""
    options = [
        (pieces[k].start_s - pieces[k - 1].end_s, k)
        for k in range(first + 1, last + 1)
        if pieces[k - 1].end_s - pieces[first].start_s >= max_s / 2 or k == last
    ]
    return max(options)[1]


def stitch(heard: Sequence[tuple[Interval, Sequence[Word]]], language: str = "") -> list[Word]:
    """The words of windows in order; what two overlapping ones both heard is kept once.

    Stops and capitals are of one text (`seams`).
    """
    words: list[Word] = []
    for k, (window, found) in enumerate(heard):
        if k and window.start_s < heard[k - 1][0].end_s:
            words = _merged(words, list(found), window.start_s, heard[k - 1][0].end_s, language)
        else:
            words = sewn(words, list(found), language)
    return words


def _merged(
    left: list[Word], right: list[Word], start_s: float, end_s: float, language: str
) -> list[Word]:
    """Both sides joined at a word that both heard, as near the middle of the overlap as can be."""
    first = next((k for k, w in enumerate(left) if w.end_s > start_s - _SAME_S), len(left))
    last = next((k for k, w in enumerate(right) if w.start_s > end_s + _SAME_S), len(right))
    middle_s = (start_s + end_s) / 2
    matcher = SequenceMatcher(
        None, [_plain(w) for w in left[first:]], [_plain(w) for w in right[:last]], autojunk=False
    )
    same = [
        (abs(left[first + block.a + k].start_s - middle_s), first + block.a + k, block.b + k)
        for block in matcher.get_matching_blocks()
        for k in range(block.size)
        if abs(left[first + block.a + k].start_s - right[block.b + k].start_s) < _SAME_S
    ]
    if same:
        _, at_left, at_right = min(same)
        return sewn(left[:at_left], right[at_right:], language)
    kept = [w for w in left if (w.start_s + w.end_s) / 2 < middle_s]
    reach = kept[-1].end_s - 0.05 if kept else 0.0
    rest = [w for w in right if w.end_s > middle_s and w.start_s >= reach]
    return sewn(kept, rest, language)


def _plain(word: Word) -> str:
    return "".join(c for c in word.text.casefold() if c.isalnum()) or word.text
