"""Whether the text that comes and goes in a picture is captions: whether it follows the words.

Captions change when a word begins, and stay as long as it takes to say them. Headlines, a
clock, commands that are typed do neither, whatever they look like. Beginnings are measured
against those of the same words moved about in time, amounts as the correlation, over the spells
of text, of how much there is with how much is said meanwhile; each in the standard deviations
that it has where there is no connection (of a correlation over n spells, 1 / sqrt(n - 1)).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.clips.model import BurnedIn
from vidpipe.layout.model import ChangingText, Layout, Spell
from vidpipe.timeline import Interval, span
from vidpipe.transcript.model import Word

Values = NDArray[np.float64]

#: Both together, over the square root of two, are over this by chance 35 times in 1,000 where
#: neither has to do with the words. On the media that may be built on, captions came to 2.3
#: and more, all else to 1.2 and less (`benchmarks.real.burned_in`).
_IN_STEP = 1.75
#: Captions stand in the middle of the picture, within this share of its width; what does not
#: has to be more in step.
_MIDDLE, _SURELY_IN_STEP = 0.08, 3.0
#: So much of what is said while it is looked stands in the picture.
_COVERED = 0.5
#: Texts that are needed to tell anything, and how long one stays at most: 7 s after Netflix's
#: timed text guide, and what is not cleared while nobody speaks.
_LEAST, _LONGEST_S = 4, 12.0
#: A word begins with a caption that comes so near to it, about: of 0.06 to 0.25 s what told
#: captions best from all else.
_NEAR_S = 0.2
#: Moves of the words to measure chance by.
_MOVES = 60


def burned_in(layout: Layout, words: Sequence[Word]) -> BurnedIn | None:
    """The captions that a recording has in its picture; None without any.

    Args:
        layout: of the recording.
        words: of all of it; their times may be those of their lines.
    """
    text = layout.changing_text
    if text is None or not words:
        return None
    shown = [s for s in text.spells if s.strokes]
    if len(shown) < _LEAST or float(np.median([s.duration_s for s in shown])) > _LONGEST_S:
        return None
    covered = _covered(text.spells, words)
    wanted = _IN_STEP if text.off_middle <= _MIDDLE else _SURELY_IN_STEP
    if covered < _COVERED or in_step(text, words) < wanted:
        return None
    within = _within(text, layout.duration_s)
    return BurnedIn(
        left=round(text.rect.x / layout.width, 4),
        top=round(text.rect.y / layout.height, 4),
        right=round(text.rect.right / layout.width, 4),
        bottom=round(text.rect.bottom / layout.height, 4),
        speech_covered=round(covered, 3),
        start_s=within.start_s,
        end_s=within.end_s,
    )


def in_step(text: ChangingText, words: Sequence[Word]) -> float:
    """How much more than by chance a text follows the words, in standard deviations.

    Args:
        text: what comes and goes.
        words: at least one.
    """
    begins = np.array([w.start_s for w in words])
    letters = np.array([float(len(w.text)) for w in words])
    shown = [s for s in text.spells if s.strokes]
    comes = np.array(
        [
            after.start_s
            for before, after in itertools.pairwise(text.spells)
            if after.strokes and _adjoin(before, after)
        ]
    )
    length_s = max(words[-1].end_s, text.spells[-1].end_s)
    beginnings = 0.0
    if len(comes) >= 2:
        moved = [
            _together(comes, np.sort((begins + share * length_s) % length_s))
            for share in np.linspace(0.04, 0.96, _MOVES)
        ]
        # Where hardly any time is without a word, chance has no spread to speak of.
        spread = float(np.std(moved)) + 0.02
        beginnings = (_together(comes, np.sort(begins)) - float(np.mean(moved))) / spread
    said = [letters[(begins >= s.start_s - _NEAR_S) & (begins < s.end_s - _NEAR_S)] for s in shown]
    amounts = _correlation(
        np.array([float(s.sum()) for s in said]), np.array([float(s.strokes) for s in shown])
    )
    return (beginnings + amounts * float(np.sqrt(len(shown) - 1))) / float(np.sqrt(2))


def _adjoin(before: Spell, after: Spell) -> bool:
    return abs(after.start_s - before.end_s) < 1e-3


def _together(comes: Values, begins: Values) -> float:
    """How near texts come to beginnings of words, 0 to 1."""
    at = np.searchsorted(begins, comes)
    after = np.abs(begins[np.minimum(at, len(begins) - 1)] - comes)
    before = np.abs(begins[np.maximum(at - 1, 0)] - comes)
    return float(np.exp(-np.minimum(after, before) / _NEAR_S).mean())


def _correlation(a: Values, b: Values) -> float:
    if len(a) < 3 or a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _covered(spells: Sequence[Spell], words: Sequence[Word]) -> float:
    """Share of what is said while it is looked during which there is text."""
    looked = shown = 0.0
    for word in words:
        for spell in spells:
            both = max(0.0, min(word.end_s, spell.end_s) - max(word.start_s, spell.start_s))
            looked += both
            shown += both if spell.strokes else 0.0
    return shown / looked if looked else 0.0


def _within(text: ChangingText, duration_s: float) -> Interval:
    """From when to when there are captions, as far as was looked: to the next look without any."""
    looks: list[list[Spell]] = []
    for spell in text.spells:
        if looks and _adjoin(looks[-1][-1], spell):
            looks[-1].append(spell)
        else:
            looks.append([spell])
    has = [any(s.strokes for s in look) for look in looks]
    first, last = has.index(True), len(has) - 1 - has[::-1].index(True)
    start_s = looks[first - 1][-1].end_s if first else 0.0
    end_s = looks[last + 1][0].start_s if last + 1 < len(looks) else duration_s
    return span(round(start_s, 3), round(end_s, 3))
