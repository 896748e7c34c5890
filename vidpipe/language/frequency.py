"""How common the words of a text are.

The lists come with pyspellchecker (MIT): word forms of subtitles with how often each was
seen (github.com/barrust/pyspellchecker; hermitdave/FrequencyWords).
"""

from __future__ import annotations

import functools
import heapq

from vidpipe.language.phrases import CuePhrases, words_of

#: So many forms everybody uses: seen 10,000 times and more in the English list.
_COMMON = 4_500


@functools.lru_cache(maxsize=4)
def commonest(language: str) -> frozenset[str]:
    """The commonest forms of a language, in small letters; none where there is no list of it."""
    from spellchecker import SpellChecker

    if language not in SpellChecker.languages():
        return frozenset()
    seen = SpellChecker(language=language, distance=1).word_frequency.dictionary
    return frozenset(heapq.nlargest(_COMMON, seen, key=seen.__getitem__))


def rare_share(text: str, language: str) -> float:
    """Share of a text's words that are not everybody's, 0 to 1; 0 where no list says it."""
    known = commonest(language)
    words = [CuePhrases.plain(w) for w in words_of(text)] if known else []
    return sum(w not in known for w in words) / len(words) if words else 0.0
