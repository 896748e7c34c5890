"""What a title is worth, by what is learnt of titles that readers marked.

Readers marked what may be the title of a passage: 3 says that a creator would use it as it is, 0
that it is a scrap. Which words such titles have, and where in the passage they are said, is learnt
(`benchmarks/titles.py` has how, and the figures) and kept as a table per language,
`titles_en.csv`. A language without one keeps the order that titles have by rule.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vidpipe.content.model import Unit
from vidpipe.language.headline import MOST, without_connective
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.sentence import has_verb
from vidpipe.segments.wording import pairs_of, table_of, words_of
from vidpipe.text import capitalised

#: Where a sentence may be cut: something is put in, somebody breaks off; a clause ends.
_BREAK = re.compile(r"\s+[-–—]+\s+|\s*\.\.\.\s*|(?<=[.!?])\s+")
_CLAUSE = re.compile(r"(?<=[,;:])\s+")
#: A title that is cut out of a sentence has so many words at least, and goes over so many clauses.
_FEWEST, _CLAUSES = 3, 3
#: Words at the beginning and at the end that count by where they stand.
_EDGE = 2
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class TitleWording:
    """Weights of terms (`terms_of`) and numbers (`numbers_of`) of titles."""

    table: Mapping[str, float]

    def worth(self, title: str, known: float | None, passage: PassageWords) -> float:
        """The mark that readers would give a title, about 0 to 3.

        Args:
            title: what is to be written over the passage.
            known: what it is worth by rule; None where it is a clause and no more.
            passage: what it is the title of.
        """
        values = {**dict.fromkeys(terms_of(title), 1.0), **numbers_of(title, known, passage)}
        found = sum(value * self.table.get(name, 0.0) for name, value in values.items())
        return self.table.get("", 0.0) + found


class PassageWords:
    """The words of a passage by sentence, and how often its terms are said."""

    def __init__(self, run: Sequence[Unit], phrases: CuePhrases) -> None:
        self.phrases = phrases
        self.sentences = [words_of(u.text) for u in run]
        self.terms = Counter(phrases.terms(" ".join(u.text for u in run)))

    def place(self, title: str) -> tuple[int, int, int]:
        """The sentence that says a title, and how many words it has before and after it.

        -1 for both where no sentence has it word for word: then the one that shares most.
        """
        own = words_of(title)
        for k, words in enumerate(self.sentences):
            for at in range(len(words) - len(own) + 1):
                if words[at : at + len(own)] == own:
                    return k, at, len(words) - at - len(own)
        shared = [len(set(own) & set(words)) for words in self.sentences]
        return shared.index(max(shared)), -1, -1


def clauses(run: Sequence[Unit], phrases: CuePhrases) -> Iterator[tuple[str, str]]:
    """What of a passage's sentences has a verb and is short enough for a title, and of which."""
    for unit in run:
        for piece in _BREAK.split(without_connective(unit.text, phrases)):
            parts = [p.strip(' "“”') for p in _CLAUSE.split(piece)]
            parts = [p for p in parts if p]
            for first in range(len(parts)):
                for last in range(first + 1, min(first + _CLAUSES, len(parts)) + 1):
                    text = " ".join(parts[first:last]).rstrip(" ,;:.-–—")
                    if len(text) > MOST:
                        break
                    if len(text.split()) >= _FEWEST and has_verb(text, phrases):
                        yield capitalised(text), unit.text


def terms_of(title: str) -> set[str]:
    """Its words and pairs of words, and by their place: first `^`, last `$`."""
    words = words_of(title)
    found = {*words, *pairs_of(words)}
    for mark, edge in (("^", words[:_EDGE]), ("$", words[-_EDGE:])):
        found.update(f"{mark}{w}" for w in edge)
        found.add(f"{mark}{mark}{' '.join(edge)}")
    return found


def numbers_of(title: str, known: float | None, passage: PassageWords) -> dict[str, float]:
    """How long it is, where it is said, how much of it the passage says again."""
    words = words_of(title)
    sentence, before, after = passage.place(title)
    terms = set(passage.phrases.terms(title))
    again = sum(min(3, passage.terms[t]) - 1 for t in terms if t in passage.terms)
    length = len(words) / 10.0
    return {
        "#by rule": float(known is not None),
        "#worth": known or 0.0,
        "#length": length,
        "#length squared": length * length,
        "#asks": float(title.endswith("?")),
        "#in the first": float(sentence == 0),
        "#in the last": float(sentence == len(passage.sentences) - 1),
        "#begins it": float(before == 0),
        "#ends it": float(after == 0),
        "#in no sentence": float(before < 0),
        "#said again": again / 4.0,
        "#terms": len(terms) / 5.0,
        "#digits": float(bool(_DIGIT.search(title))),
        "#names": float(any(c.isupper() for c in title[1:])),
        "#comma": float("," in title),
        "#two things": float(" and " in title and len(words) <= 4),
    }


@functools.cache
def title_wording_of(language: str) -> TitleWording:
    """What is kept with the package of a language (ISO 639); empty where there is nothing."""
    table = table_of("titles", language, package="vidpipe.segments.titles")
    return TitleWording({term: weight for term, (weight,) in table.items()})
