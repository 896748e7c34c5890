"""How a passage is worded: what its words and pairs of words say of it.

Readers mark passages; which words those have that they like, and those that they do not, is
learnt (`benchmarks/marks.py` has how, and the figures) and kept as a table per language,
`wording_en.csv`. A language without one says nothing.
"""

from __future__ import annotations

import csv
import functools
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import get_args

from vidpipe.segments.model import FactorName

_WORD = re.compile(r"\w[\w'\u2019]*")
#: The table's columns after the term itself.
COLUMNS = ("rarity", *get_args(FactorName))


@dataclass(frozen=True)
class PhraseWording:
    """For each term its rarity (how much it counts beside others) and a weight per factor.

    The weights are such that the readers' passages have a mean of 0 and a spread of 1.
    """

    table: Mapping[str, tuple[float, ...]]

    def of(self, text: str) -> dict[str, float]:
        """`wording_hook` and so on, in standard deviations of the readers' passages."""
        values = [0.0] * (len(COLUMNS) - 1)
        squared = 0.0
        for term in terms_of(text):
            if term in self.table:
                rarity, *weights = self.table[term]
                squared += rarity * rarity
                for k, weight in enumerate(weights):
                    values[k] += rarity * weight
        length = math.sqrt(squared) or 1.0
        mean = self.table.get("", (0.0,) * len(COLUMNS))[1:]
        return {
            f"wording_{name}": (value / length - middle) if squared else 0.0
            for name, value, middle in zip(COLUMNS[1:], values, mean, strict=True)
        }


def words_of(text: str) -> list[str]:
    """The words of a text in small letters."""
    return [w.replace("\u2019", "'") for w in _WORD.findall(text.lower())]


def terms_of(text: str) -> set[str]:
    """The words of a text in small letters, and each two that follow each other."""
    words = words_of(text)
    return {*words, *pairs_of(words)}


def pairs_of(words: Sequence[str]) -> list[str]:
    """Each two words that follow each other."""
    return [f"{a} {b}" for a, b in itertools.pairwise(words)]


@functools.cache
def wording_of(language: str) -> PhraseWording:
    """What is kept with the package of a language (ISO 639); empty where there is nothing."""
    return PhraseWording(table_of("wording", language))


def table_of(
    name: str, language: str, package: str = "vidpipe.segments"
) -> dict[str, tuple[float, ...]]:
    """Numbers by term of a table of a language that a package keeps; empty where it has none."""
    path = files(package).joinpath(f"{name}_{language}.csv")
    if not language.isalpha() or not path.is_file():
        return {}
    rows = csv.reader(path.read_text("utf-8").splitlines())
    next(rows)
    return {term: tuple(float(x) for x in values) for term, *values in rows}
