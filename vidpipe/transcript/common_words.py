"""Which words of a language everybody uses, and so which are no misheard name.

The lists come with pyspellchecker (MIT): word forms of subtitles with how often each was
seen (github.com/barrust/pyspellchecker; hermitdave/FrequencyWords).
"""

from __future__ import annotations

import functools
import heapq
from collections.abc import Callable

#: Of English the 30,000th form is seen once in three million words; names begin there.
_COMMON = 30_000


@functools.lru_cache(maxsize=4)
def common_in(language: str) -> Callable[[str], bool] | None:
    """Whether a word (small letters) is among the language's common ones; None: no list."""
    from spellchecker import SpellChecker

    if language not in SpellChecker.languages():
        return None
    seen = SpellChecker(language=language, distance=1).word_frequency.dictionary
    common = frozenset(heapq.nlargest(_COMMON, seen, key=seen.__getitem__))
    return common.__contains__
