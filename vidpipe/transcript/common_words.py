"""Which words of a language everybody uses, and so which are no misheard name.

The lists come with pyspellchecker (MIT): word forms of subtitles with how often each was
seen (github.com/barrust/pyspellchecker; hermitdave/FrequencyWords).
"""

from __future__ import annotations

import functools
import heapq
from dataclasses import dataclass

#: So many of a list are words and no names: the 30,000th form of English was seen 359 times, and
#: names of people begin there. Other lists have their frequent nouns far behind (of German
#: `straße` is the 256,084th): there all of them count.
_COMMON = {"en": 30_000}
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
    ranked = heapq.nlargest(_COMMON.get(language, len(seen)), seen, key=seen.__getitem__)
    return CommonWords(frozenset(ranked), frozenset(ranked[:_EVERYDAY]))
