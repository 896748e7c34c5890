"""Where words may break: between phrases of scripts without blanks, inside words that are too long.

Phrases of Chinese, Japanese and Thai come from BudouX (Apache-2.0), places for hyphens from the
patterns that come with Pyphen (MPL-1.1): those of LibreOffice, for some seventy languages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from vidpipe.text import unspaced

#: An address, a path, a name of code: broken after one of its marks, without a hyphen.
_ADDRESS = re.compile(r"://|^www\.|/.*/|@|_|\w\.\w+\.\w|[=&#?]\w")
_MARK = re.compile(r"[/.?&=#_@:%,;|-]+")
#: A hyphen that is there already, or a dash.
_HYPHEN = re.compile("[-\u2010\u2013\u2014/]")
#: So many letters stand before a break and after it.
_LEAST = 3
#: Letters of one piece that is looked at: no line of any caption holds more.
_MOST = 120
_THAI = re.compile("[\u0e00-\u0e7f]")
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u4e00-\u9fff\u3400-\u4dbf]")
#: A run that is parsed at once: time goes with its square in no parser, but memory does.
_RUN = 400


def bound(words: Sequence[str], language: str = "") -> list[bool]:
    """For each word whether it must stand beside the next: they are parts of one phrase.

    In scripts with blanks between words none is.
    """
    out = [False] * len(words)
    first = 0
    while first < len(words):
        last = first
        while last < len(words) and last - first < _RUN and _glued(words, first, last):
            last += 1
        if last - first > 1:
            _bind(words, first, last, language, out)
        first = max(last, first + 1)
    return out


def _glued(words: Sequence[str], first: int, k: int) -> bool:
    """Whether word k goes on, without a blank, after word k - 1."""
    if not words[k] or not unspaced(words[k][0]):
        return False
    return k == first or unspaced(words[k - 1][-1])


def _bind(words: Sequence[str], first: int, last: int, language: str, out: list[bool]) -> None:
    text = "".join(words[first:last])
    parser = _parser(_model_for(text, language))
    if parser is None:
        return
    ends = set()
    at = 0
    for phrase in parser.parse(text):
        at += len(phrase)
        ends.add(at)
    at = 0
    for k in range(first, last - 1):
        at += len(words[k])
        out[k] = at not in ends


def _model_for(text: str, language: str) -> str:
    if _THAI.search(text):
        return "th"
    if _KANA.search(text):
        return "ja"
    if not _HAN.search(text):
        return ""
    if language.startswith("ja"):
        return "ja"
    traditional = language.lower() in ("yue", "zh-tw", "zh-hk", "zh-hant")
    return "zh-hant" if traditional else "zh-hans"


@functools.lru_cache(maxsize=5)
def _parser(name: str) -> Any:
    import budoux

    made = {
        "th": budoux.load_default_thai_parser,
        "ja": budoux.load_default_japanese_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
    }
    return made[name]() if name in made else None


def parts_of(word: str, language: str, fits: Callable[[str], bool]) -> list[str]:
    """A word in pieces that fit, as few as can be, each but the last with what shows the break.

    An address breaks after its marks; a word where its language lets a hyphen stand, or has
    one; what knows no such place anywhere. A word that fits is itself.
    """
    if fits(word):
        return [word]
    hyphen = "" if _ADDRESS.search(word) or not _has_case(word) else "-"
    places = _places(word, language, hyphen)
    parts: list[str] = []
    at = 0
    while not fits(word[at:]):
        end = _furthest(word, at, places, hyphen, fits)
        parts.append(word[at:end] + _shown_break(word, end, hyphen))
        at = end
    parts.append(word[at:])
    return _evened(word, parts, places, hyphen, fits)


def _furthest(
    word: str, at: int, places: Sequence[int], hyphen: str, fits: Callable[[str], bool]
) -> int:
    best = 0
    for place in places:
        if at < place < len(word) and place - at <= _MOST:
            if not fits(word[at:place] + _shown_break(word, place, hyphen)):
                break
            best = place
    if best:
        return best
    end = min(len(word), at + _MOST)
    while end > at + 1 and not fits(word[at:end] + hyphen):
        end -= max(1, (end - at) // 8)
    return end


def _evened(
    word: str,
    parts: list[str],
    places: Sequence[int],
    hyphen: str,
    fits: Callable[[str], bool],
) -> list[str]:
    """Two pieces of like length, if they may be: not one that is full and three letters."""
    if len(parts) != 2:
        return parts
    middle = len(word) / 2
    for place in sorted(places, key=lambda p: abs(p - middle)):
        two = [word[:place] + _shown_break(word, place, hyphen), word[place:]]
        if all(map(fits, two)):
            return two
    return parts


def _shown_break(word: str, place: int, hyphen: str) -> str:
    return "" if _HYPHEN.match(word[place - 1]) else hyphen


def _places(word: str, language: str, hyphen: str) -> list[int]:
    if not hyphen:
        return [m.end() for m in _MARK.finditer(word)]
    found = {m.end() for m in _HYPHEN.finditer(word)}
    for core in re.finditer(r"[^\W\d_]{5,}", word):
        for place in _hyphens(core[0], language):
            if _LEAST <= place <= len(core[0]) - _LEAST:
                found.add(core.start() + place)
    return sorted(p for p in found if 0 < p < len(word))


def _hyphens(word: str, language: str) -> list[int]:
    dictionary = _dictionary(language or "en")
    return [int(p) for p in dictionary.positions(word)] if dictionary is not None else []


@functools.lru_cache(maxsize=4)
def _dictionary(language: str) -> Any:
    import pyphen

    known = pyphen.language_fallback(language) or next(
        (k for k in sorted(pyphen.LANGUAGES) if k.split("_")[0] == language), None
    )
    return pyphen.Pyphen(lang=known) if known is not None else None


def _has_case(word: str) -> bool:
    """Whether hyphens are known in its script: those with capitals."""
    return any(c.lower() != c.upper() for c in word)
