"""Words as a full-text index keeps them: of every script, on every database the same.

A text becomes terms with their places in it. Words of scripts with blanks between words are
folded: without case, without accents. Runs of scripts without blanks (Chinese, Japanese, Thai
and their like, Korean as well) become overlapping pairs of letters, with the last letter by
itself: any part of such a run is then a phrase of terms, and a single letter is the beginning
of one.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vidpipe.text import unspaced

#: Characters of a term, terms of one phrase, and phrases of one question.
LONGEST, MOST_TERMS, MOST_PHRASES = 64, 64, 32

#: Beside scripts without blanks between words, those that glue to a word what belongs to it
#: (Hangul), and half-width letters of both.
_PAIRED = ((0x1100, 0x11FF), (0x3105, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xFF66, 0xFFDC))
#: Full-width Latin letters and digits are words all the same.
_FULL_WIDTH = (0xFF00, 0xFF65)
#: Marks that Unicode has as letters: what makes a half-width kana voiced.
_VOICED = frozenset("\uff9e\uff9f")
#: Letters below this (Latin, Greek, Cyrillic, Hebrew, Arabic) mean the same without their marks.
_BARE_BELOW = 0x0700
#: Letters with strokes and ligatures, which no decomposition takes apart.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ı": "i",
        "ŧ": "t",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ĸ": "k",
        "ŋ": "n",
        "ـ": "",
    }
)
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"') | dict.fromkeys("＊∗", "*"))
_ASCII = re.compile(r"[A-Za-z0-9]+")
_PHRASE = re.compile(r'"([^"]*)("?)|(\S+)')


@dataclass(frozen=True)
class SearchTerm:
    """A term and where in the text it is: characters `[start, end)`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Phrase:
    """Terms that follow each other; with `prefix` the last may go on."""

    terms: tuple[str, ...]
    prefix: bool = False


def terms_of(text: str) -> list[SearchTerm]:
    """All terms of a text, in order."""
    if text.isascii():
        # The same, sooner.
        return [
            SearchTerm(m[0].lower()[:LONGEST], m.start(), m.end()) for m in _ASCII.finditer(text)
        ]
    return [term for part, start in _parts(text) for term in _of_part(part, start, ends=True)]


def phrases_of(question: str) -> tuple[Phrase, ...]:
    """What a question asks for: all of it has to be in a text.

    Words, each by itself; `"words in quotes"` in this order; `begin*` for all words that begin
    so. Whatever else is in it separates words: no text is wrong.
    """
    found: dict[Phrase, None] = {}
    for match in _PHRASE.finditer(question.translate(_QUOTES)):
        quoted, _, word = match.groups()
        phrase = _phrase(word if quoted is None else quoted)
        if phrase is not None:
            found[phrase] = None
    return tuple(found)[:MOST_PHRASES]


def _phrase(said: str) -> Phrase | None:
    parts = list(_parts(said))
    terms: list[str] = []
    prefix = said.rstrip().endswith("*")
    for k, (part, start) in enumerate(parts):
        last = k == len(parts) - 1
        own = [term.text for term in _of_part(part, start, ends=not last)]
        if last and len(own) == 1 and _unspaced(part[0]) and len(_letters(part)) == 1:
            # One letter alone: pairs begin with it, and the end of a run is it.
            prefix = True
        terms += own
    if not terms:
        return None
    return Phrase(tuple(terms[:MOST_TERMS]), prefix and len(terms) <= MOST_TERMS)


def places(phrase: Phrase, terms: Sequence[str]) -> list[int]:
    """Where in a text's terms a phrase begins, each by its index."""
    size = len(phrase.terms)
    *head, tail = phrase.terms
    return [
        k
        for k in range(len(terms) - size + 1)
        if (terms[k + size - 1].startswith(tail) if phrase.prefix else terms[k + size - 1] == tail)
        and all(terms[k + i] == part for i, part in enumerate(head))
    ]


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Runs of letters and digits of one kind of script, and where each begins."""
    begun: int | None = None
    kind = False
    for k, character in enumerate(text):
        if not _in_word(character):
            if begun is not None:
                yield text[begun:k], begun
                begun = None
            continue
        own = kind if _is_mark(character) and begun is not None else _unspaced(character)
        if begun is None:
            begun, kind = k, own
        elif own is not kind:
            yield text[begun:k], begun
            begun, kind = k, own
    if begun is not None:
        yield text[begun:], begun


def _of_part(part: str, start: int, *, ends: bool) -> Iterator[SearchTerm]:
    """The terms of one run; with `ends` its last letter stands by itself, too."""
    spans = [(0, len(part))]
    if _unspaced(part[0]):
        letters = _letters(part)
        spans = [(a, z) for (a, _), (_, z) in itertools.pairwise(letters)]
        if ends or len(letters) == 1:
            spans.append(letters[-1])
    for a, z in spans:
        folded = _folded(part[a:z])
        if folded:
            yield SearchTerm(folded, start + a, start + z)


def _letters(part: str) -> list[tuple[int, int]]:
    """The letters of a run, each with the marks on it."""
    begins = [k for k, character in enumerate(part) if k == 0 or not _is_mark(character)]
    return list(zip(begins, [*begins[1:], len(part)], strict=True))


@functools.lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    """Without case, and without the marks that are left out when one types in a hurry."""
    made: list[str] = []
    base = 0
    for character in unicodedata.normalize("NFKD", word.casefold()):
        if unicodedata.category(character)[0] == "M":
            if base >= _BARE_BELOW:
                made.append(character)
            continue
        base = ord(character)
        if character.isalnum() or unicodedata.category(character)[0] in "LN":
            made.append(character)
    folded = unicodedata.normalize("NFC", "".join(made).casefold().translate(_LETTERS))
    return folded[:LONGEST]


@functools.lru_cache(maxsize=65_536)
def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


@functools.lru_cache(maxsize=65_536)
def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in _VOICED


@functools.lru_cache(maxsize=65_536)
def _unspaced(character: str) -> bool:
    code = ord(character)
    if _FULL_WIDTH[0] <= code <= _FULL_WIDTH[1]:
        return False
    return unspaced(character) or any(first <= code <= last for first, last in _PAIRED)
