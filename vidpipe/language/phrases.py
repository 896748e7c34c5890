"""What is known of a language: cue phrases as data, words without a topic, what a term is.

A language without a file has no cue phrases; stop words are known of many more.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass, field
from importlib import resources

import stopwordsiso
import yaml

from vidpipe.text import unspaced

#: A letter, and what follows it: letters, and the marks of vowels and points, which are none.
_WORD = re.compile(
    r"[^\W\d_][\w'’\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0900-\u0963\u0981-\u0dff-]*"
)
#: Words of one stem mostly begin with the same so many letters.
_STEM = 6
_SHORTEST = 3
_BEFORE_WORDS = " \t\"'([{“‘«「『¿¡—-…"


@dataclass(frozen=True)
class CuePhrases:
    """Cue phrases by kind, as one pattern each, and words that carry no topic.

    `stop_words` part phrases; `common` words are part of some ("operating system") but
    name nothing alone.
    """

    language: str = ""
    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)
    stop_words: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    listed: dict[str, frozenset[str]] = field(default_factory=dict)

    def words(self, kind: str) -> frozenset[str]:
        """The phrases of a kind as they are listed, in small letters."""
        return self.listed.get(kind, frozenset())

    def terms(self, text: str) -> list[str]:
        """What the words of a text are about: stems, or pairs of characters, in order."""
        found = []
        for word in words_of(text):
            plain = self.plain(word)
            if plain and unspaced(plain[0]):
                found += [a + b for a, b in itertools.pairwise(plain)]
            elif plain not in self.stop_words and len(plain) >= _SHORTEST:
                found.append(plain[:_STEM])
        return [t for t in found if t not in self.stop_words]

    @staticmethod
    def plain(word: str) -> str:
        """A word in lower case, without what an apostrophe adds."""
        return word.lower().replace("’", "'").split("'")[0]

    def count(self, kind: str, text: str) -> int:
        """How many phrases of a kind are in a text."""
        pattern = self.patterns.get(kind)
        return len(pattern.findall(text)) if pattern is not None else 0

    def starts(self, kind: str, text: str) -> bool:
        """Whether a text begins, after its lead-in, with a phrase of a kind."""
        pattern = self.patterns.get(kind)
        opening = text[len(self.lead_in(text)) :].lstrip(_BEFORE_WORDS)
        return pattern is not None and pattern.match(opening) is not None

    def lead_in(self, text: str) -> str:
        """The words that only start a text: "Okay, so" and the like."""
        pattern = self.patterns.get("lead_in")
        at = 0
        while pattern is not None:
            begins = len(text) - len(text[at:].lstrip(_BEFORE_WORDS + ",.，。、 "))
            found = pattern.match(text, begins)
            if found is None:
                break
            at = found.end()
        rest = text[at:]
        return text[: len(text) - len(rest.lstrip(" ,.，。、"))] if at else ""


def words_of(text: str) -> list[str]:
    """Runs of letters; in scripts without spaces, what stands between punctuation."""
    return _WORD.findall(text)


@functools.cache
def cue_phrases(language: str) -> CuePhrases:
    """The phrases of a language (ISO 639); English for an unknown one of no name."""
    code = language or "en"
    file = resources.files("vidpipe.language") / "data" / f"{code}.yaml"
    known = _stop_words(code)
    if not file.is_file():
        return CuePhrases(language=code, stop_words=known, common=known)
    raw: dict[str, list[str]] = yaml.safe_load(file.read_text("utf-8"))
    lists = {"common", "stop_words"}
    return CuePhrases(
        language=code,
        patterns={
            kind: re.compile(
                "|".join(map(_whole, sorted(phrases, key=len, reverse=True))), re.IGNORECASE
            )
            for kind, phrases in raw.items()
            if kind not in lists
        },
        stop_words=known | frozenset(raw.get("stop_words", ())),
        common=_listed(code) | frozenset(raw.get("common", ())),
        listed={kind: frozenset(p.lower() for p in phrases) for kind, phrases in raw.items()},
    )


def _whole(phrase: str) -> str:
    """A pattern for whole words, where the script parts words; an apostrophe is as typed."""
    inner = re.escape(phrase).replace("'", "['’]")
    before, after = (
        r"\b" if c.isalnum() and not unspaced(c) else "" for c in (phrase[0], phrase[-1])
    )
    return f"{before}{inner}{after}"


def _stop_words(code: str) -> frozenset[str]:
    if code == "en":  # the long list has half of what computer science is about in it
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return frozenset(ENGLISH_STOP_WORDS)
    return _listed(code)


def _listed(code: str) -> frozenset[str]:
    return frozenset(stopwordsiso.stopwords(code)) if stopwordsiso.has_lang(code) else frozenset()
