"""The borders of clips by the words in and around sentences: where no network can be had.

Readers went through transcripts sentence by sentence and marked where a clip may begin, and
where it may end. What those sentences and their neighbours have in common is learnt
(`benchmarks/sentences.py` has how, and the figures) and kept as a table per language,
`borders_en.csv`: a logistic regression over the words in and around a sentence and over its
signs. A language without a table says nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vidpipe.content.model import Unit
from vidpipe.segments.borders.model import Border
from vidpipe.segments.wording import pairs_of, table_of, words_of

#: Signs of a sentence, and of its neighbours, that are of its words: the readers heard nothing and
#: saw nothing. (`fresh` knows the pause before it, too, for a fifth at most.)
_OWN = (
    "agenda", "anaphors", "answer", "backward", "boundary", "centrality", "claim", "closure",
    "comparison", "condition", "connective_start", "contrast", "dangling_start", "definition",
    "demonstrative", "elsewhere", "endless", "enumeration", "example", "expectation", "fresh",
    "halting", "here", "housekeeping", "names", "notation", "number", "person", "picture",
    "pointing", "promise", "question", "rare", "reason", "reason_start", "recalls", "reply",
    "reversal", "sequel", "slip", "story", "title", "too_short", "turn", "unnamed", "vivid",
)  # fmt: skip
_BESIDE = (
    "turn", "dangling_start", "connective_start", "fresh", "question", "answer", "too_short",
    "reply", "recalls", "anaphors",
)  # fmt: skip
#: Words at a border that count by where they stand.
_EDGE, _BEGUN = 4, 3
#: A sentence of so many words says something, says enough, is long.
_LENGTHS = (10.0, 25.0, 45.0)
#: What is said so many sentences before and after is near; a word of so many letters counts
#: by its first few.
_NEAR, _SHORTEST, _STEM = 3, 5, 6


@dataclass(frozen=True)
class BorderTable:
    """Weights of `opens` and `ends` for each term (see `terms_at`) and number (`numbers_at`)."""

    table: Mapping[str, tuple[float, float]]

    def of(self, units: Sequence[Unit]) -> list[Border]:
        """Each sentence as the first and as the last of a clip; empty without a table."""
        if not self.table:
            return []
        words = [words_of(u.text) for u in units]
        return [self._at(units, words, k) for k in range(len(units))]

    def _at(self, units: Sequence[Unit], words: Sequence[Sequence[str]], k: int) -> Border:
        opens, ends = self.table[""]
        values = {**dict.fromkeys(terms_at(units, words, k), 1.0), **numbers_at(units, words, k)}
        for name, value in values.items():
            if name in self.table:
                opening, ending = self.table[name]
                opens += value * opening
                ends += value * ending
        return Border(round(opens, 3), round(ends, 3))


def terms_at(units: Sequence[Unit], words: Sequence[Sequence[str]], k: int) -> set[str]:
    """Words of a sentence and their pairs, and by their place: first `^`, last `$`, before it
    `<`, after it `>`."""
    own = words[k]
    found = {*_grams(own), *_begun("^^", own)}
    found.update(f"^{g}" for g in _grams(own[:_EDGE]))
    found.update(f"${g}" for g in _grams(own[-_EDGE:]))
    if _asks(units[k]):
        found.add("?")
    if k:
        found.update(f"<{w}" for w in words[k - 1][-_BEGUN:])
        if _asks(units[k - 1]):
            found.add("<?")
    if k + 1 < len(units):
        found.update(f">{g}" for g in _grams(words[k + 1][:_BEGUN]))
        found.update(_begun(">>", words[k + 1]))
        if _asks(units[k + 1]):
            found.add(">?")
    return found


def numbers_at(units: Sequence[Unit], words: Sequence[Sequence[str]], k: int) -> dict[str, float]:
    """Signs of a sentence and its neighbours, its length, how far it goes on: 0 to 1 each."""
    found = {f"own:{s}": units[k].signs.get(s, 0.0) for s in _OWN}
    for place, j in (("before", k - 1), ("after", k + 1)):
        signs = units[j].signs if 0 <= j < len(units) else {}
        found.update({f"{place}:{s}": signs.get(s, 0.0) for s in _BESIDE})
    n = len(words[k])
    found.update({f"words:{most:.0f}": min(1.0, n / most) for most in _LENGTHS})
    said = _stems(words[k : k + 1])
    before = said & _stems(words[max(0, k - _NEAR) : k])
    after = said & _stems(words[k + 1 : k + 1 + _NEAR])
    most = max(1, len(said))
    found["#known"], found["#taken up"] = len(before) / most, len(after) / most
    found["#goes on"] = float(bool(before))
    return found


@functools.cache
def borders_of(language: str) -> BorderTable:
    """What is kept with the package of a language (ISO 639); empty where there is nothing."""
    rows = table_of("borders", language, __package__).items()
    return BorderTable({term: (opens, ends) for term, (opens, ends) in rows})


def _grams(words: Sequence[str]) -> Iterator[str]:
    yield from words
    yield from pairs_of(words)


def _begun(mark: str, words: Sequence[str]) -> Iterator[str]:
    for n in range(1, min(_BEGUN, len(words)) + 1):
        yield f"{mark}{' '.join(words[:n])}"


def _asks(unit: Unit) -> bool:
    return unit.text.rstrip().endswith("?")


def _stems(sentences: Sequence[Sequence[str]]) -> set[str]:
    return {w[:_STEM] for words in sentences for w in words if len(w) >= _SHORTEST}
