"""What the words of one sentence say of it: what only connects, what names somebody, formulas."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidpipe.language.phrases import CuePhrases, words_of
from vidpipe.text import CLOSING, PAUSES, ends_sentence, unspaced

_COMMA = re.compile("|".join(map(re.escape, PAUSES)))
#: A consonant that stands alone, or x and y in sums, is a variable that is read out ("x i").
_VARIABLE = re.compile(r"(?<![\w'’.-])[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ](?![\w'’+-]|\.\w)")
#: Words of a sentence that is taken for endless, and of one that certainly is.
_LONG, _ENDLESS = 35, 70
#: A clause that only connects has at most so many words beside its phrase.
_BESIDE = 1


@dataclass(frozen=True)
class Clauses:
    """Of a sentence: what only connects at its start and trails off at its end, by characters."""

    begins: int
    ends: int


def clauses(text: str, phrases: CuePhrases) -> Clauses:
    """Where what a sentence says begins and ends: whole clauses at its ends that say nothing.

    A clause ends at a comma. What would leave fewer than four words is left as it is.
    """
    borders = [m.end() for m in _COMMA.finditer(text)]
    begins = 0
    for border in borders:
        if not _only(phrases, "connecting", text[begins:border]):
            break
        begins = border
    ends = len(text)
    for border in reversed(borders):
        if border <= begins or not _only(phrases, "trailing", text[border:ends]):
            break
        ends = border - 1
    if words_in(text[begins:ends]) < 4:
        return Clauses(0, len(text))
    return Clauses(begins, ends)


def _only(phrases: CuePhrases, kind: str, clause: str) -> bool:
    """Whether a clause is phrases of a kind and nothing else but a filler or two."""
    pattern = phrases.patterns.get(kind)
    if pattern is None:
        return False
    rest = pattern.sub(" ", clause)
    return rest != clause and words_in(rest) <= _BESIDE * (words_in(clause) > 2)


def words_in(text: str) -> int:
    """Number of words; of a script without spaces, a third of its letters."""
    words = words_of(text)
    return sum(len(w) // 3 + 1 if unspaced(w[0]) else 1 for w in words)


def notation(text: str, phrases: CuePhrases) -> int:
    """How many pieces of formulas are read out."""
    return phrases.count("notation", text) + len(variables(text))


def variables(text: str) -> list[str]:
    """Letters that stand alone and are no word."""
    return _VARIABLE.findall(text)


def names(text: str) -> list[str]:
    """Words with a capital inside a sentence: names, and in German every noun."""
    found = []
    before = ""
    for word in text.split():
        plain = word.strip("\"'“”‘’(),.;:?!")
        inside = bool(before) and not ends_sentence(before)
        if inside and plain[:1].isupper() and len(plain) > 1 and not plain.startswith(("I'", "I’")):
            found.append(plain)
        before = word
    return found


def unnamed(text: str, phrases: CuePhrases) -> bool:
    """Whether somebody is only "he" or "she" before a name is said."""
    pattern = phrases.patterns.get("person")
    found = pattern.search(text) if pattern is not None else None
    return found is not None and not names(text[: found.start()])


def endless(text: str) -> float:
    """0 for a sentence of a common length, 1 for one that does not end."""
    return min(1.0, max(0.0, (words_in(text) - _LONG) / (_ENDLESS - _LONG)))


def ended(text: str) -> bool:
    """Whether a sentence has its stop, and is not broken off with dots."""
    plain = text.rstrip(CLOSING + " ")
    return ends_sentence(plain) and not plain.endswith(("...", "…"))


def has_verb(text: str, phrases: CuePhrases) -> bool:
    """Whether one of the commonest verbs is in it, where they are known."""
    return "verb" not in phrases.patterns or phrases.count("verb", text) > 0


def opens(text: str, phrases: CuePhrases, kind: str) -> bool:
    """Whether its very first words, lead-in or not, are of a kind."""
    pattern = phrases.patterns.get(kind)
    return pattern is not None and pattern.match(text.lstrip()) is not None
