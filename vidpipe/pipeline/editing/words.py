"""Corrected words, and what of a clip is cut out by its words."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from vidpipe.edits.model import CutEdit, WordEdit
from vidpipe.errors import InputRejected
from vidpipe.segments.quotes import located
from vidpipe.text import bare, joined
from vidpipe.timeline import Interval, span, union
from vidpipe.transcript.model import Transcript, Word

#: A word that begins so near to the time of an edit is the one that is meant; recognised anew,
#: the same word is looked for so far around.
NEAR_S, _AROUND_S = 0.25, 2.0
#: What of the silence around a word that is cut goes with it.
_EDGE_S = 0.04
#: Times that differ by less are one: they went through somebody's JSON.
_EXACT_S = 0.002


def corrected(words: Sequence[Word], edits: Sequence[WordEdit]) -> tuple[Word, ...]:
    """The words with other texts where somebody gave some; the later of two edits counts.

    An edit whose word is not there any more changes nothing. Times stay: several words in
    place of one share its time by their length.
    """
    if not edits:
        return tuple(words)
    texts: dict[int, str] = {}
    for edit in edits:
        found = word_at(words, edit)
        if found is not None:
            texts[found] = edit.text
    out: list[Word] = []
    for k, word in enumerate(words):
        out += [word] if k not in texts else _shared(word, texts[k])
    return tuple(out)


def with_corrections(said: Transcript, edits: Sequence[WordEdit]) -> Transcript:
    """A transcript with corrected words, in its sentences, too."""
    if not edits:
        return said
    words: list[Word] = []
    sentences = []
    last = 0
    for sentence in said.sentences:
        words += corrected(said.words[last : sentence.first_word], edits)
        first = len(words)
        words += corrected(said.words[sentence.first_word : sentence.last_word], edits)
        last = sentence.last_word
        text = sentence.text
        if tuple(words[first:]) != said.words[sentence.first_word : sentence.last_word]:
            text = joined(w.text for w in words[first:])
        sentences.append(
            sentence.model_copy(update={"text": text, "first_word": first, "last_word": len(words)})
        )
    words += corrected(said.words[last:], edits)
    return said.model_copy(update={"words": tuple(words), "sentences": tuple(sentences)})


def word_at(words: Sequence[Word], edit: WordEdit) -> int | None:
    """Which word an edit is of: the nearest to its time that was what it says; None for none."""
    low = bisect.bisect_left(words, edit.start_s - _AROUND_S, key=_start_s)
    high = bisect.bisect_right(words, edit.start_s + _AROUND_S, key=_start_s)
    by_time = sorted(range(low, high), key=lambda k: abs(words[k].start_s - edit.start_s))
    if edit.was:
        same = [k for k in by_time if bare(words[k].text) == bare(edit.was)]
        return same[0] if same else None
    if by_time and abs(words[by_time[0]].start_s - edit.start_s) <= NEAR_S:
        return by_time[0]
    return None


def _start_s(word: Word) -> float:
    return word.start_s


def _run(asked: Interval, words: Sequence[Word]) -> tuple[int, int] | None:
    """The first and the last word of a cut; None where it lies between words."""
    begins = [k for k, w in enumerate(words) if abs(w.start_s - asked.start_s) <= _EXACT_S]
    for first in begins:
        for last in range(first, len(words)):
            # Words may overlap: whoever named one by its times meant that one.
            if abs(words[last].end_s - asked.end_s) <= _EXACT_S:
                return first, last
            if words[last].start_s > asked.end_s:
                break
    cut = [k for k, w in enumerate(words) if asked.contains((w.start_s + w.end_s) / 2)]
    return (cut[0], cut[-1]) if cut else None


def _shared(word: Word, text: str) -> list[Word]:
    """A word with another text; several take its time in turn, each by its length."""
    parts = text.split()
    if not parts:
        return []
    letters = sum(map(len, parts))
    at, out = word.start_s, []
    for part in parts:
        end = at + (word.end_s - word.start_s) * len(part) / letters
        times = {"start_s": round(at, 3), "end_s": round(end, 3)}
        if len(parts) == 1:
            times = {}
        out.append(word.model_copy(update={"text": part, **times}))
        at = end
    return out


def cuts_of(
    cuts: Sequence[CutEdit], words: Sequence[Word], within: Interval
) -> tuple[list[Interval], list[str]]:
    """What is taken out of a clip, and what of the cuts means nothing there, in words.

    Args:
        cuts: as they were asked for.
        words: of the recording.
        within: the clip.
    """
    inside = [w for w in words if within.overlap_s(span(w.start_s, max(w.end_s, w.start_s + 1e-3)))]
    found, odd = [], []
    for cut in cuts:
        try:
            asked = located(cut, inside)
        except InputRejected as error:
            odd.append(error.message)
            continue
        taken = asked if cut.exact else by_words(asked, words)
        if taken.overlap_s(within) == 0:
            odd.append(f"the cut from {asked.start_s:.2f} to {asked.end_s:.2f} s is not in it")
            continue
        found.append(taken)
    return union(found), odd


def by_words(asked: Interval, words: Sequence[Word]) -> Interval:
    """A cut from border to border of the words whose middle lies inside; as asked for without any.

    A little of the silence on both sides goes along, and never anything of another word.
    """
    run = _run(asked, words)
    if run is None:
        return asked
    first, last = words[run[0]], words[run[1]]
    start_s, end_s = first.start_s - _EDGE_S, last.end_s + _EDGE_S
    if run[0] > 0:
        # Words that are heard at once have no border: the later one begins where it begins.
        gap = first.start_s - words[run[0] - 1].end_s
        start_s = first.start_s - min(_EDGE_S, max(0.0, gap) / 2)
    if run[1] + 1 < len(words):
        after_s = words[run[1] + 1].start_s
        gap = after_s - last.end_s
        end_s = last.end_s + min(_EDGE_S, gap / 2) if gap > 0 else max(after_s, last.start_s)
    return span(max(0.0, start_s), max(end_s, start_s + 1e-3))
