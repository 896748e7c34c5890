"""Which words of a language everybody uses, and so which are no misheard name.

The lists come with pyspellchecker (MIT): word forms of subtitles with how often each was
seen (github.com/barrust/pyspellchecker; hermitdave/FrequencyWords).
"""

from __future__ import annotations

import functools
import heapq
from dataclasses import dataclass

#: Of English the 30,000th form is seen once in three million words; names begin there.
_COMMON = 30_000
#: Of English these are `is`, `you`, `little`: half of all that is said.
_EVERYDAY = 300


@dataclass(frozen=True)
class CommonWords:
    """Forms in small letters: those that everybody knows, and those in every sentence."""

    known: frozenset[str] = frozenset()
    everyday: frozenset[str] = frozenset()


@functools.lru_cache(maxsize=4)
def common_words(language: str) -> CommonWords | None:
    """The common words of a language; None where there is no list of it."""
    from spellchecker import SpellChecker

    if language not in SpellChecker.languages():
        return None
    seen = SpellChecker(language=language, distance=1).word_frequency.dictionary
    ranked = heapq.nlargest(_COMMON, seen, key=seen.__getitem__)
    return CommonWords(frozenset(ranked), frozenset(ranked[:_EVERYDAY]))
