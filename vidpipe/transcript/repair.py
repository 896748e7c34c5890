"""What recognisers are known to get wrong, put right or taken out, and said."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import intersection, span
from vidpipe.transcript.model import Flag, Word

#: Words this far from all speech are not said: word times of Whisper are that exact.
_TOLERANCE_S = 0.4
#: Nobody draws a word out for longer.
_LONG_WORD_S = 3.0
#: A phrase of so many words is a loop when it comes so many times running.
_LOOPS = {1: 6, 2: 4, 3: 4}
_LOOP = 3
_LONGEST_PHRASE = 12
#: Times may run backwards by rounding.
_BACKWARDS_S = 0.05
_UNSURE = 0.3


def repair(words: Sequence[Word], speech: SpeechMap) -> tuple[list[Word], list[Flag]]:
    """Words in order of time, without loops and without text where nobody speaks.

    What is dropped or moved is counted in the flags; nothing is changed in silence.
    """
    flags: list[Flag] = []
    kept = _drop("beyond_end", words, [w.start_s < speech.duration_s for w in words], flags)
    kept = _drop("loop", kept, _not_looping(kept), flags)
    if speech.speech:
        kept = _drop("over_silence", kept, _said(kept, speech), flags)
    kept = _shortened(kept, speech, flags)
    kept = _forwards(kept, speech.duration_s, flags)
    unsure = [w for w in kept if w.confidence is not None and w.confidence < _UNSURE]
    _flag("unsure", unsure, flags)
    return kept, flags


def _flag(kind: str, words: Sequence[Word], flags: list[Flag]) -> None:
    if words:
        flags.append(Flag(kind=kind, count=len(words), at_s=round(words[0].start_s, 2)))  # type: ignore[arg-type]


def _drop(kind: str, words: Sequence[Word], keep: Sequence[bool], flags: list[Flag]) -> list[Word]:
    _flag(kind, [w for w, k in zip(words, keep, strict=True) if not k], flags)
    return [w for w, k in zip(words, keep, strict=True) if k]


def _not_looping(words: Sequence[Word]) -> list[bool]:
    """False for all but the first of a phrase that comes again and again."""
    texts = ["".join(c for c in w.text.casefold() if c.isalnum()) or w.text for w in words]
    keep = [True] * len(words)
    k = 0
    while k < len(texts):
        for size in range(1, _LONGEST_PHRASE + 1):
            phrase = texts[k : k + size]
            times = 1
            while texts[k + times * size : k + (times + 1) * size] == phrase and phrase:
                times += 1
            if len(phrase) == size and times >= _LOOPS.get(size, _LOOP):
                for j in range(k + size, k + times * size):
                    keep[j] = False
                k += times * size
                break
        else:
            k += 1
    return keep


def _said(words: Sequence[Word], speech: SpeechMap) -> list[bool]:
    """Whether somebody speaks at a word or close to it."""
    starts = [s.start_s for s in speech.speech]
    said = []
    for word in words:
        k = bisect.bisect_right(starts, word.end_s + _TOLERANCE_S) - 1
        said.append(k >= 0 and speech.speech[k].end_s >= word.start_s - _TOLERANCE_S)
    return said


def _shortened(words: Sequence[Word], speech: SpeechMap, flags: list[Flag]) -> list[Word]:
    """A word longer than 3 s holds a pause: it is put where in it the voice is."""
    out: list[Word] = []
    long: list[Word] = []
    for word in words:
        if word.end_s - word.start_s <= _LONG_WORD_S:
            out.append(word)
            continue
        long.append(word)
        likely_s = 0.3 + 0.08 * len(word.text)
        pieces = intersection(list(speech.speech), [span(word.start_s, word.end_s)])
        piece = max(pieces, key=lambda p: p.duration_s, default=span(word.start_s, word.end_s))
        end = min(piece.end_s, piece.start_s + likely_s)
        out.append(word.model_copy(update={"start_s": piece.start_s, "end_s": round(end, 3)}))
    _flag("long_word", long, flags)
    return out


def _forwards(words: Sequence[Word], duration_s: float, flags: list[Flag]) -> list[Word]:
    """No word begins before the one before it, none is empty, none overlaps the next."""
    out: list[Word] = []
    moved: list[Word] = []
    for word in words:
        start, end = word.start_s, min(word.end_s, duration_s)
        if out and start < out[-1].start_s:
            if start < out[-1].start_s - _BACKWARDS_S:
                moved.append(word)
            start = out[-1].end_s
        end = max(end, start + 0.02)
        if out and out[-1].end_s > start > out[-1].start_s:
            out[-1] = out[-1].model_copy(update={"end_s": start})
        out.append(word.model_copy(update={"start_s": round(start, 3), "end_s": round(end, 3)}))
    _flag("backwards", moved, flags)
    return out
