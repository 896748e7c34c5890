"""How words are written: what stands between them, what ends a sentence, how wide they are.

Most scripts put a space between words. Chinese, Japanese, Thai, Lao, Khmer and
Burmese do not: there a "word" is a character with what belongs to it, which is what
captions light up and subtitles may break after.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable

#: First and last code point of scripts written without spaces between words.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x30FF),  # CJK radicals and punctuation, Hiragana, Katakana
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0xFF00, 0xFF65),  # full-width forms
    (0x20000, 0x323AF),
)
#: What ends a sentence, in Latin, CJK, Arabic, Urdu, Devanagari and Ethiopic script.
STOPS = (".", "?", "!", "…", "。", "？", "！", "؟", "۔", "।", "።")
#: What may follow a stop and still end the sentence.
CLOSING = "\"')]}”’»」』）】›"
#: Marks that are read out.
SPOKEN_MARKS = frozenset("%&@#+=$\u00a3\u20ac\u00a5\u00b0")
#: What ends a clause.
PAUSES = (",", ";", ":", "，", "；", "：", "、", "،", "؛", "—", "–")
_OPENING = "([{“‘«「『（【‹¿¡"
_AROUND = "".join((*STOPS, *PAUSES)) + CLOSING + _OPENING + "-"


def bare(word: str) -> str:
    """A word in small letters, without what stands around it: to find it in a list."""
    return word.lower().strip(_AROUND)


def capitalised(text: str) -> str:
    """With a capital, unless its first word is written with one inside: "iOS"."""
    first = text[:1].upper()
    return text if capital_inside(text) or len(first) > 1 else first + text[1:]


def capital_inside(text: str) -> bool:
    """Whether the first word has a capital after its first character: "iOS", "eBay"."""
    rest = text.partition(" ")[0][1:]
    return rest != rest.lower()


def unspaced(character: str) -> bool:
    """Whether a character belongs to a script that puts no spaces between words."""
    point = ord(character)
    return any(low <= point <= high for low, high in _UNSPACED)


def spaced(before: str, after: str) -> bool:
    """Whether a space stands between two words."""
    return bool(before) and bool(after) and not (unspaced(before[-1]) and unspaced(after[0]))


def joined(words: Iterable[str]) -> str:
    """Words as running text."""
    listed = [w for w in words if w]
    text = listed[0] if listed else ""
    for before, after in itertools.pairwise(listed):
        text += (" " if spaced(before, after) else "") + after
    return text


def split_words(text: str) -> list[str]:
    """Words of running text with the punctuation that belongs to them.

    `joined(split_words(text))` is `text` with its white space made single.
    """
    words: list[str] = []
    for chunk in text.split():
        pieces = [""]
        for character in chunk:
            last = pieces[-1]
            if not last:
                pieces[-1] = character
            elif belongs_to(last, character):
                pieces[-1] += character
            else:
                pieces.append(character)
        words += [p for p in pieces if p]
    return words


def belongs_to(before: str, character: str) -> bool:
    """Whether a character that directly follows some others is of the same word."""
    if unicodedata.category(character).startswith("M"):
        return True  # a vowel or tone mark
    if not unspaced(character) and not unspaced(before[-1]):
        return True
    if all(c in _OPENING for c in before):
        return True
    if character in _OPENING:
        return False
    # Stops, closing brackets, the Japanese long-vowel mark and small kana end what is there.
    if unicodedata.category(character) in ("Po", "Pe", "Pf") or character in "ーゃゅょっャュョッ":
        return True
    # Thai and Lao write some vowels before the consonant that they belong to.
    return before[-1] in "เแโใไເແໂໃໄ"


def width(text: str) -> int:
    """Columns that text takes: wide (East Asian) characters count two, marks none."""
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def ends_sentence(word: str) -> bool:
    """Whether a word carries a stop."""
    return word.rstrip(CLOSING).endswith(STOPS)


def ends_clause(word: str) -> bool:
    """Whether a word carries a comma or the like."""
    return word.rstrip(CLOSING).endswith(PAUSES)
