"""Which words of a recording are nouns and names, from where they stand: no dictionary needed.

After "the" and before a verb, a comma or "of" stands a noun; after "is", "very" or "to" none.
In German a noun has a capital. A script without spaces shows neither: there all may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from vidpipe.language.phrases import CuePhrases
from vidpipe.text import bare, ends_clause, ends_sentence, unspaced

#: Languages that write their nouns with a capital.
_CAPITALISED = ("de", "lb")
#: Share of a word's occurrences with a capital that makes it a name.
_MOSTLY = 0.7
_EDGES = "\"'“”‘’()[]{},.;:?!…"


class Nouns:
    """What stands where in all that is said."""

    def __init__(self, texts: Iterable[str], phrases: CuePhrases) -> None:
        self._phrases = phrases
        self._for: Counter[str] = Counter()
        self._against: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._capital: Counter[str] = Counter()
        for text in texts:
            self._read(text.split())

    def noun(self, phrase: str) -> bool:
        """Whether a phrase ends in a noun, and none of its words is a verb or a filler."""
        words = [bare(w) for w in phrase.split()]
        if not words:
            return False
        if unspaced(phrase[0]):
            return True
        if any(w in self._phrases.words("verb") for w in words):
            return False
        if self._phrases.language in _CAPITALISED:
            return phrase.rsplit(maxsplit=1)[-1][:1].isupper()
        last = words[-1]
        if self.name(last):
            return True
        return self._for[last] > 0 and self._for[last] >= self._against[last]

    def name(self, word: str) -> bool:
        """Whether a word has a capital wherever it stands."""
        plain = bare(word)
        if self._phrases.language in _CAPITALISED:
            return False
        return self._seen[plain] > 0 and self._capital[plain] >= _MOSTLY * self._seen[plain]

    def _read(self, words: list[str]) -> None:
        known = self._phrases.words
        determiners, verbs = known("determiner"), known("verb")
        after_noun = known("preposition") | verbs | known("connective_start") | known("relative")
        people = known("speaker") | known("together") | known("person") | known("dangling_start")
        for k, word in enumerate(words):
            plain = bare(word)
            inside = k > 0 and not ends_sentence(words[k - 1])
            if inside:
                self._seen[plain] += 1
                self._capital[plain] += word.strip(_EDGES)[:1].isupper()
            before = bare(words[k - 1]) if k else ""
            following = bare(words[k + 1]) if k + 1 < len(words) else ""
            closes = ends_clause(word) or ends_sentence(word) or following in after_noun
            earlier = bare(words[k - 2]) if k > 1 and not ends_clause(words[k - 1]) else ""
            led = before in determiners or (earlier in determiners and before not in after_noun)
            if led and before not in verbs and (closes or not following):
                self._for[plain] += 1
            elif before in verbs or before in people or before == "to":
                self._against[plain] += 1


def full_names(text: str, phrases: CuePhrases) -> list[str]:
    """Names inside a sentence, with all their parts: "Henry Chui", "Mount Pinatubo"."""
    found: list[list[str]] = []
    goes_on = False
    words = text.split()
    for k, word in enumerate(words):
        plain = word.strip(_EDGES)
        capital = plain[:1].isupper() and len(plain) > 1 and not unspaced(plain[0])
        starts = k == 0 or ends_sentence(words[k - 1])
        said = CuePhrases.plain(plain)
        known = said in phrases.stop_words or said in phrases.words("speaker")
        if capital and not known and (not starts or goes_on):
            if goes_on:
                found[-1].append(plain)
            else:
                found.append([plain])
            goes_on = not ends_clause(word) and not ends_sentence(word)
        else:
            goes_on = False
    return [_own(" ".join(parts)) for parts in found]


def _own(name: str) -> str:
    """Without the ending of a genitive."""
    return name.removesuffix("'s").removesuffix("’s")
