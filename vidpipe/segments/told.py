"""How a passage is told: who acts in it, what is at stake, how much of it there is.

Counts of cue phrases of the language, by sentence. A kind that a language has no phrases of
is left out, and measures of words are where words are written without spaces: what is left out
says nothing for or against a passage.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.language.headline import without_connective
from vidpipe.language.phrases import cue_phrases, words_of
from vidpipe.text import unspaced

#: Kinds of phrases that count in the first words, over the whole, and in the last sentence.
FIRST = ("narration", "long_ago", "universal", "trouble", "imagined", "asks_why", "pointers",
         "also", "together", "addressed", "vague_it")  # fmt: skip
OVERALL = ("said", "nobody", "contrast", "surprise", "lesson", "money", "asks_why", "reason",
           "addressed", "feeling", "people", "past", "universal", "linking", "pointers",
           "ahead", "halting", "chatter", "programme")  # fmt: skip
LAST = ("universal", "addressed", "ahead", "reason")
_FIRST_WORDS = 12
#: So many in a hundred words are as many as a sign can count.
_DENSE = 4.0
#: Words of a passage that has enough of them; of a long sentence.
_ENOUGH, _LONG = 160.0, 40.0
_STEM, _SHORTEST = 6, 5
_BEFORE = 3

Counts = NDArray[np.float64]
_Counted = tuple[Counts, tuple[str, ...], frozenset[str]]


@functools.lru_cache(maxsize=8192)
def _counted(text: str, language: str) -> _Counted:
    """Of a sentence: phrases by kind in the order of `OVERALL`, its words, its long stems."""
    phrases = cue_phrases(language)
    words = tuple(w.lower() for w in words_of(text))
    counts = np.array([float(phrases.count(kind, text)) for kind in OVERALL])
    return counts, words, frozenset(w[:_STEM] for w in words if len(w) >= _SHORTEST)


@functools.lru_cache(maxsize=8192)
def _edge(text: str, language: str, kinds: tuple[str, ...], most: int) -> tuple[float, ...]:
    """1 for each kind that is in the first words of a sentence after its lead-in."""
    phrases = cue_phrases(language)
    said = text[len(phrases.lead_in(text)) :]
    said = without_connective(said, phrases)
    if most:
        said = " ".join(said.split()[:most])
    return tuple(float(phrases.count(kind, said) > 0) for kind in kinds)


def told(
    texts: Sequence[str], before: Sequence[str], following: str, language: str
) -> dict[str, float]:
    """Signs 0 to 1 of a passage's sentences; `before` and `following` lie around it."""
    known = cue_phrases(language).patterns
    begins = zip(FIRST, _edge(texts[0], language, FIRST, _FIRST_WORDS), strict=True)
    ends = zip(LAST, _edge(texts[-1], language, LAST, 0), strict=True)
    found = {f"begins_{k}": value for k, value in begins if k in known}
    every = [_counted(t, language) for t in texts]
    words = [w for _, said, _ in every for w in said]
    n = max(1, len(words))
    dense = np.minimum(1.0, np.sum([c for c, _, _ in every], axis=0) * 100.0 / n / _DENSE)
    over = zip(OVERALL, dense.tolist(), strict=True)
    found |= {f"tells_{k}": value for k, value in over if k in known}
    found |= {f"ends_{k}": value for k, value in ends if k in known}
    found["then_asked"] = float(following.rstrip().endswith(("?", "？")))
    if "reply" in known:
        found["then_reply"] = float(cue_phrases(language).starts("reply", following))
    return found if _unspaced(texts) else found | _by_words(every, words, before, language)


def _unspaced(texts: Sequence[str]) -> bool:
    """Whether most of it is written without spaces between words."""
    letters = [c for text in texts for c in text if c.isalpha()]
    return 2 * sum(map(unspaced, letters)) > len(letters)


def _by_words(
    every: Sequence[_Counted], words: Sequence[str], before: Sequence[str], language: str
) -> dict[str, float]:
    """How much is said, and what of the opening is there before, later and at the end."""
    n = max(1, len(words))
    opening = every[0][2]
    rest: frozenset[str] = frozenset().union(*(s for _, _, s in every[1:]))
    earlier: frozenset[str] = frozenset().union(
        *(_counted(t, language)[2] for t in before[-_BEFORE:])
    )
    return {
        "enough": min(1.0, n / _ENOUGH),
        "begins_long": min(1.0, len(every[0][1]) / _LONG),
        "sentence_length": min(1.0, n / len(every) / _LONG),
        "varied": min(1.0, len(set(words)) / n**0.7 / 4.0),
        "taken_up": len(opening & rest) / max(1, len(opening)),
        "goes_on_about": len(opening & earlier) / max(1, len(opening)),
        "comes_round": float(len(every) > 1 and bool(opening & every[-1][2])),
    }
