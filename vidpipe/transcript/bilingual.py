"""Subtitles in two languages, one above the other: told apart, so that one of them can be read.

Translators and language learners' tools write both into one cue, or two cues of the same times.
What lies above is as often the translation as what is said.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.transcript.languages import ENOUGH_CHARACTERS, language_of

#: Of the cues so many have both, and of these so many are told apart the same way.
_BOTH, _ALIKE = 0.6, 0.85
_FEWEST = 4
#: Languages are told for so many pieces of a file, and have to be the same in all of them: two
#: lines of one language are taken for two of them now and then.
_PIECES = 4
#: So much of a line tells its script.
_ENOUGH_LETTERS = 200

Lines = list[str]


@dataclass(frozen=True)
class Apart:
    """The lines of each cue by language; empty where a cue has none of it."""

    first: str
    second: str
    upper: tuple[Lines, ...]
    lower: tuple[Lines, ...]

    def of(self, language: str) -> tuple[Lines, ...]:
        return self.lower if language == self.second else self.upper


def apart(cues: Sequence[Lines]) -> Apart | None:
    """The two languages of subtitles, or None where they are in one."""
    halves = [_halves(lines) for lines in cues]
    both = [h for h in halves if h[0] and h[1]]
    if len(both) < max(_FEWEST, _BOTH * len(cues)):
        return None
    pair = _by_script(both)
    if pair is not None:
        upper = tuple(_in_script(lines, pair[0]) for lines in cues)
        lower = tuple(_in_script(lines, pair[1]) for lines in cues)
        first, second = (_language(part) for part in (upper, lower))
    else:
        first, second = _languages(both)
        # A cue of one line tells no language: it is kept for both.
        upper = tuple(list(up or down) for up, down in halves)
        lower = tuple(list(down or up) for up, down in halves)
    if not first or not second or first == second:
        return None
    return Apart(first, second, upper, lower)


def _halves(lines: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The upper and the lower lines: where the script changes, else the middle by letters."""
    plain = [line for line in lines if any(c.isalpha() for c in line)]
    if len(plain) < 2:
        return plain, []
    scripts = [_script(line) for line in plain]
    for k in range(1, len(plain)):
        if len(set(scripts[:k])) == 1 == len(set(scripts[k:])) and scripts[0] != scripts[-1]:
            return plain[:k], plain[k:]
    sizes = [len(line) for line in plain]
    middle = min(range(1, len(plain)), key=lambda k: abs(sum(sizes[:k]) - sum(sizes[k:])))
    return plain[:middle], plain[middle:]


def _by_script(both: Sequence[tuple[Sequence[str], Sequence[str]]]) -> tuple[str, str] | None:
    """The scripts above and below, where they are two and nearly always the same ones."""
    pairs = Counter((_script("".join(up)), _script("".join(down))) for up, down in both)
    (pair, count), *_ = pairs.most_common(1)
    return pair if pair[0] != pair[1] and count >= _ALIKE * len(both) else None


def _languages(both: Sequence[tuple[Sequence[str], Sequence[str]]]) -> tuple[str, str]:
    """The languages above and below where a file's pieces agree on two; else empty ones."""
    letters = min(sum(len(" ".join(h[k])) for h in both) for k in (0, 1))
    count = max(1, min(_PIECES, letters // (2 * ENOUGH_CHARACTERS)))
    step = len(both) / count
    found = set()
    for n in range(count):
        piece = both[round(n * step) : round((n + 1) * step)]
        found.add(tuple(language_of(" ".join(" ".join(h[k]) for h in piece)) for k in (0, 1)))
    if len(found) != 1:
        return "", ""
    first, second = found.pop()
    return first, second


def _language(parts: Sequence[Lines]) -> str:
    text = " ".join(" ".join(lines) for lines in parts)
    # A page of Chinese has few characters: said again, it is long enough to be told.
    return language_of(text * (1 + ENOUGH_CHARACTERS // max(1, len(text))))


def _in_script(lines: Sequence[str], script: str) -> Lines:
    return [line for line in lines if any(c.isalpha() for c in line) and _script(line) == script]


def _script(text: str) -> str:
    """What most letters are of: the first word of their names (LATIN, CYRILLIC); Han and kana
    are one, and count double, as a Chinese line has names and numbers in Latin.
    """
    found: Counter[str] = Counter()
    for c in text[:_ENOUGH_LETTERS]:
        if c.isalpha():
            name = unicodedata.name(c, "").partition(" ")[0]
            wide = name in ("CJK", "HIRAGANA", "KATAKANA")
            found["HAN" if wide else name] += 2 if wide else 1
    return found.most_common(1)[0][0] if found else ""
