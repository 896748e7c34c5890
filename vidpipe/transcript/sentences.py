"""Words to sentences: by punctuation where there is some, else by pauses.

Which stops end none is data of each language. The libraries that know such rules were measured
on the sentences of treebanks (those that end with a stop, joined): pysbd finds 0.50 to 0.85
(F1, German, French, Spanish, Italian) and takes two minutes for 1,357 sentences, sentencex 0.37
to 0.69, as a quotation mark without its partner swallows what follows; the rules here 0.95 to
0.997.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import yaml

from vidpipe.text import CLOSING, STOPS, ends_clause, ends_sentence, joined, unspaced
from vidpipe.transcript.model import Sentence, Word

#: A pause this long ends a sentence even without a stop.
_BREAK_S = 1.5
#: After a comma only one this long does: who thinks of how to go on has not ended.
_BREAK_IN_CLAUSE_S = 4.0
#: Without punctuation a shorter one does.
_BREAK_DRAFT_S = 0.45
_MAX_WORDS = 45
#: Written without stops: a space ends a sentence, and that is there already.
_WITHOUT_STOPS = ("th", "lo", "km", "my")


#: `z.`, `B.`, `z.B.`, `U.S.`: letters that each have a stop.
_LETTERS = re.compile(r"(?:[^\W\d_]\.)+")
#: Of a day, a month, a century, a place in an order; a year has more digits.
_ORDINAL = re.compile(r"[^\w]*(?:\d{1,2}|[IVX]{1,5})\.")


_AND_SO_ON = frozenset(
    "etc. usw. osv. o.s.v. itd. itp. ecc. atd. apod. enz. jne. yms. stb.".split()
)


@dataclass(frozen=True)
class _Stops:
    """What a language's stops mean besides the end of a sentence."""

    abbreviations: frozenset[str]
    starters: frozenset[str]
    ordinals: bool


@functools.cache
def _stops(language: str) -> _Stops:
    """Of a language; of English where it is not known."""
    told = _listed()
    item = told.get({"nb": "no", "nn": "no"}.get(language, language), told["en"])
    words = str(item["abbreviations"]).split()
    return _Stops(
        frozenset(w.lower() for w in words),
        frozenset(str(item.get("starters", "")).split()),
        bool(item.get("ordinals")),
    )


@functools.cache
def _listed() -> dict[str, dict[str, object]]:
    text = (files(__package__) / "data" / "sentence_ends.yaml").read_text("utf-8")
    listed: dict[str, dict[str, object]] = yaml.safe_load(text)
    return listed


def split_sentences(words: Sequence[Word], language: str = "") -> list[Sentence]:
    """Every word in exactly one sentence, in order."""
    stops = _stops(language)
    written = _has_stops(words)
    sentences: list[Sentence] = []
    first = 0
    for k, word in enumerate(words):
        gap = words[k + 1].start_s - word.end_s if k + 1 < len(words) else float("inf")
        before = words[k - 1].text if k else ""
        following = words[k + 1].text if k + 1 < len(words) else None
        if _ends(word.text, before, following, stops) or gap >= _break_s(word.text, written):
            sentences += _bounded(words, first, k + 1)
            first = k + 1
    if first < len(words):
        sentences += _bounded(words, first, len(words))
    return sentences


def _break_s(word: str, written: bool) -> float:
    """How long a pause ends a sentence after a word; `written` with stops or not."""
    if not written:
        return _BREAK_DRAFT_S
    return _BREAK_IN_CLAUSE_S if ends_clause(word) else _BREAK_S


def punctuated(words: Sequence[Word], language: str) -> list[Word]:
    """The words with stops and capitals, restored by pauses where the source has none."""
    if not words or _has_stops(words) or language in _WITHOUT_STOPS:
        return list(words)
    lower = not any(c.isupper() for w in words for c in w.text)
    out = list(words)
    for sentence in split_sentences(words, language):
        for k in range(sentence.first_word, sentence.last_word):
            text = out[k].text
            if lower and language == "en" and (text == "i" or text.startswith("i'")):
                text = "I" + text[1:]
            if lower and k == sentence.first_word:
                text = text[0].upper() + text[1:]
            if k == sentence.last_word - 1:
                text = text.rstrip(",;:") + _stop_for(text, language)
            if text != out[k].text:
                out[k] = out[k].model_copy(update={"text": text})
    return out


def is_abbreviation(text: str, language: str = "") -> bool:
    """Whether the stop of a word is its own and ends no sentence."""
    return _bare(text) in _stops(language).abbreviations


def _bare(text: str) -> str:
    return text.rstrip(CLOSING).lstrip(_OPENING).lower()


_OPENING = "\"'([{“‘«「『（【‹¿¡„‚"


def _has_stops(words: Sequence[Word]) -> bool:
    """A text with punctuation ends a sentence at least every sixty words."""
    return sum(ends_sentence(w.text) for w in words) >= max(1, len(words) / 60)


def _stop_for(text: str, language: str) -> str:
    if text.endswith(STOPS):
        return ""
    if language in ("hi", "mr", "ne"):
        return "।"
    return "。" if unspaced(text[-1]) else "."


def _ends(word: str, before: str, following: str | None, stops: _Stops) -> bool:
    """Whether a sentence ends with a word, by what stands before and after it."""
    if not ends_sentence(word):
        return False
    text = word.rstrip(CLOSING)
    if following is None:
        return _bare(text) not in stops.abbreviations
    opening = following.lstrip(_OPENING).rstrip(",.;:!?")
    if opening[:1].islower():
        return False
    if _bare(text) in stops.abbreviations:
        # A list of things that goes on may end one.
        return _bare(text) in _AND_SO_ON and opening in stops.starters
    letters = text.lstrip(_OPENING)
    if _LETTERS.fullmatch(letters):
        if len(letters) == 2 and letters[0].isupper() and not _LETTERS.fullmatch(before):
            # "J. Smith" is a name, "the key K. And then" is not.
            return opening in (stops.starters or _stops("en").starters)
        # "z. B.", "U.S.": what is letters with stops ends one only before a word that begins one.
        return len(letters) > 2 and opening in stops.starters
    if stops.ordinals and _ORDINAL.fullmatch(text):
        return opening in stops.starters
    return True


def _bounded(words: Sequence[Word], first: int, last: int) -> list[Sentence]:
    """One sentence, or several cut at their longest pauses where it is endless."""
    if last - first > _MAX_WORDS:
        low, high = first + _MAX_WORDS // 4, last - _MAX_WORDS // 4
        gaps = [(words[k].start_s - words[k - 1].end_s, -k) for k in range(low, high)]
        cut = -max(gaps)[1]
        return _bounded(words, first, cut) + _bounded(words, cut, last)
    return [
        Sentence(
            text=joined(w.text for w in words[first:last]),
            start_s=words[first].start_s,
            end_s=words[last - 1].end_s,
            first_word=first,
            last_word=last,
        )
    ]
