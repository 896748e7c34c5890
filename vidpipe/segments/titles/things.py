"""What a passage names: the things that it is about, as its plainest title has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from vidpipe.content.model import Unit
from vidpipe.language.frequency import commonest
from vidpipe.language.headline import MOST
from vidpipe.language.nouns import Nouns
from vidpipe.language.phrases import CuePhrases
from vidpipe.text import bare, ends_clause, ends_sentence

#: Words of a thing that is named.
_MOST_WORDS = 3
#: What a thing is worth that is a topic, and one beside it, against it.
_TOPIC, _BESIDE = 2.5, 0.6
_TOP = 6
_LEAST = 12
#: Endings of English words that are seldom nouns.
_ADJECTIVE = re.compile(r"(ical|ive|less|ous|able|ible|ful|ized|ated|istic|ely)$")
_EDGES = '"“”«»()[]{},.;:?!…'

Named = Sequence[tuple[float, str]]


def adjective(word: str) -> bool:
    """Whether an English word in small letters looks like one."""
    return bool(_ADJECTIVE.search(word))


def _runs(text: str, phrases: CuePhrases) -> list[list[str]]:
    """What a text names, in order: runs of words that are no verbs or fillers."""
    words = text.split()
    verbs = phrases.words("verb") | phrases.words("auxiliary")
    closing = phrases.words("preposition") | phrases.words("connective_start") | verbs
    filler = phrases.stop_words | phrases.words("vague") | phrases.words("numeral")
    filler |= phrases.words("relative") | phrases.words("preposition")
    found: list[list[str]] = []
    run: list[str] = []

    def close() -> None:
        if run and (len(run) > 1 or len(run[0]) > 2):
            found.append(run[:])
        run.clear()

    for k, word in enumerate(words):
        plain, shown = bare(word), word.strip(_EDGES + "‘'")
        following = bare(words[k + 1]) if k + 1 < len(words) else ""
        over = ends_clause(word) or ends_sentence(word)
        wanted = plain not in filler and any(c.isalpha() for c in plain)
        wanted = wanted and not (plain.endswith("ly") and not shown[:1].isupper())
        if wanted and plain in verbs:
            # "Climate change is", not "the banks change it".
            wanted = bool(run) and (over or following in closing) and not plain.endswith("s")
        # "Newton's method", not "somebody's".
        if wanted and phrases.plain(plain) != plain:
            wanted = not over and phrases.plain(plain) not in filler | phrases.words(
                "vague_subject"
            )
        if wanted:
            run.append(shown)
        if not wanted or over:
            close()
    close()
    return found


class Things:
    """What the passages of a recording name, and how their words are written."""

    def __init__(self, texts: Sequence[str], nouns: Nouns, phrases: CuePhrases) -> None:
        self._phrases = phrases
        self._nouns = nouns
        self._common = commonest(phrases.language)
        self._together: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            for words in _runs(text, phrases):
                for size in range(2, _MOST_WORDS + 1):
                    for k in range(len(words) - size + 1):
                        self._together[_key(words[k : k + size])] += 1

    def named(self, run: Sequence[Unit]) -> list[tuple[float, str]]:
        """The things that a passage names most, with how much each is its topic."""
        phrases = self._phrases
        said = Counter(t for u in run for t in phrases.terms(u.text))
        found: dict[tuple[str, ...], tuple[float, str]] = {}
        for unit in run:
            for words in _runs(unit.text, phrases):
                kept = self._thing(words)
                terms = phrases.terms(" ".join(kept))
                if not terms:
                    continue
                worth = self._worth(kept, terms, said)
                if worth > found.get(_key(kept), (0.0, ""))[0]:
                    thing = " ".join(kept).removesuffix("'s").removesuffix("’s")
                    found[_key(kept)] = (worth, thing)
        return sorted(found.values(), key=lambda f: (-f[0], f[1]))

    def _thing(self, words: Sequence[str]) -> Sequence[str]:
        """The end of a run that is said again in the recording, or is a name; a noun."""
        if not self._nouns.noun(words[-1]) or bare(words[-1]) in self._phrases.words("untagged"):
            return ()
        for size in range(min(_MOST_WORDS, len(words)), 1, -1):
            part = words[-size:]
            name = all(w[:1].isupper() for w in part)
            if (self._together[_key(part)] > 1 or name) and not part[0].endswith("ing"):
                return part
        alone = words[-1]
        told = alone.endswith("ing") or (adjective(alone) and alone[:1].islower())
        return () if told else words[-1:]

    def _worth(self, words: Sequence[str], terms: Sequence[str], said: Mapping[str, int]) -> float:
        rare = sum(bare(w) not in self._common for w in words)
        name = all(w[:1].isupper() for w in words) and len(words) <= 2
        return (
            min(4, *(said[t] for t in terms))
            + 0.8 * (len(words) > 1)
            + 0.6 * min(2, rare)
            + 0.4 * name
            - 0.8 * (len(words) == 1 and not rare and not name)
        )


def _key(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(bare(w)[:6] for w in words)


def topics_title(named: Named, language: str, least: float = _TOPIC) -> str:
    """The two things that a passage is about, or the one: "Private insurance and Medicare".

    A word that everybody uses says no topic by itself, unless nothing else is there: where
    `least` is lower than usual.
    """
    common = commonest(language) if least >= _TOPIC else frozenset()
    telling = [(w, t) for w, t in named if w >= least and (" " in t or bare(t) not in common)]
    if not telling:
        return ""
    worth, first = telling[0]
    others = [t for w, t in telling[1:] if w >= _BESIDE * worth]
    if " " not in first and first.islower():
        # Two plain words side by side are a list; one that says more goes with a word.
        others = [t for t in others if " " in t or not t.islower()]
    second = next((t for t in others if not _alike(t, first)), "")
    both = f"{first} and {second}" if second else first
    title = both if len(both) <= MOST else first
    return title if len(title) >= _LEAST or " " in title else ""


def _alike(a: str, b: str) -> bool:
    return any(x[:5].lower() == y[:5].lower() for x in a.split() for y in b.split())


def about_things(title: str, named: Named, phrases: CuePhrases) -> float:
    """How much a title says of the things that a passage names most, -0.15 to 0.3."""
    own = set(phrases.terms(title))
    top = named[:_TOP]
    if not top:
        return 0.0
    held_by = [w for w, thing in top if set(phrases.terms(thing)) & own]
    if not held_by:
        return -0.15
    return 0.3 * max(held_by) / top[0][0]
