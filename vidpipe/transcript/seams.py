"""Where two hearings meet: stops and capitals as if somebody had heard it in one go.

A recogniser begins what it is given with a capital and ends it with a stop, wherever that
was cut. So a passage that is put between words may bring a sentence into the middle of one.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.text import ends_clause, ends_sentence
from vidpipe.transcript.common_words import common_words
from vidpipe.transcript.model import Word
from vidpipe.transcript.sentences import is_abbreviation

#: A pause this long may end a sentence: where a draft's sentences end (`sentences`).
_BREAK_S = 0.45


def sewn(before: Sequence[Word], after: Sequence[Word], language: str) -> list[Word]:
    """Words and the ones that follow them, which were heard by themselves.

    A stop before a word in small letters ends a sentence where there is a pause, else it is
    taken out. A capital on a word that is in every sentence begins one only after a stop: one
    is put there where there is a pause, else the word is written small. Names, and nouns of
    languages that write them large, stay as they are.
    """
    if not before or not after:
        return [*before, *after]
    last, first = before[-1].text, after[0].text
    pause = after[0].start_s - before[-1].end_s >= _BREAK_S
    if ends_sentence(last):
        if first[:1].islower() and not is_abbreviation(last, language) and not last.endswith("…"):
            if pause or last[-1] != "." or last.endswith(".."):
                first = first[0].upper() + first[1:]
            else:
                last = last[:-1]
    elif _capital_of_a_beginning(first, language):
        if pause and not ends_clause(last):
            last += "."
        else:
            first = first[0].lower() + first[1:]
    return [*before[:-1], _written(before[-1], last), _written(after[0], first), *after[1:]]


def _capital_of_a_beginning(text: str, language: str) -> bool:
    """Whether a word is large only because a recogniser began with it (known for English)."""
    plain = "".join(c for c in text if c.isalpha() or c == "'")
    if language != "en" or not plain.istitle() or plain == "I" or plain.startswith("I'"):
        return False
    words = common_words(language)
    return words is not None and plain.lower() in words.everyday


def _written(word: Word, text: str) -> Word:
    return word if text == word.text else word.model_copy(update={"text": text})
