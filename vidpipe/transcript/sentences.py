"""Words to sentences: by punctuation where there is some, else by pauses."""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.orthography import CLOSING, STOPS, ends_sentence, joined, unspaced
from vidpipe.transcript.model import Sentence, Word

_ABBREVIATIONS = frozenset(
    "mr. mrs. ms. dr. prof. st. vs. etc. e.g. i.e. cf. fig. eq. no. approx. inc. ltd. "
    "jr. sr.".split()
)
#: Capitalised after a single letter, these begin a sentence rather than a surname.
_STARTERS = frozenset(
    "A All And As At But For He How I If In It Let Now Of On Or Our She So That The Then There "
    "These They This To We What When Where Which Who Why With You".split()
)
#: A pause this long ends a sentence even without a stop.
_BREAK_S = 1.5
#: Without punctuation a shorter one does.
_BREAK_DRAFT_S = 0.45
_MAX_WORDS = 45
#: Written without stops: a space ends a sentence, and that is there already.
_WITHOUT_STOPS = ("th", "lo", "km", "my")


def split_sentences(words: Sequence[Word]) -> list[Sentence]:
    """Every word in exactly one sentence, in order."""
    break_s = _BREAK_S if _has_stops(words) else _BREAK_DRAFT_S
    sentences: list[Sentence] = []
    first = 0
    for k, word in enumerate(words):
        gap = words[k + 1].start_s - word.end_s if k + 1 < len(words) else float("inf")
        if _ends(word, words[k + 1] if k + 1 < len(words) else None) or gap >= break_s:
            sentences += _bounded(words, first, k + 1)
            first = k + 1
    if first < len(words):
        sentences += _bounded(words, first, len(words))
    return sentences


def punctuated(words: Sequence[Word], language: str) -> list[Word]:
    """The words with stops and capitals, restored by pauses where the source has none."""
    if not words or _has_stops(words) or language in _WITHOUT_STOPS:
        return list(words)
    lower = not any(c.isupper() for w in words for c in w.text)
    out = list(words)
    for sentence in split_sentences(words):
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


def is_abbreviation(text: str) -> bool:
    """Whether the stop of a word is its own and ends no sentence."""
    return text.rstrip(CLOSING).lower() in _ABBREVIATIONS


def _has_stops(words: Sequence[Word]) -> bool:
    """A text with punctuation ends a sentence at least every sixty words."""
    return sum(ends_sentence(w.text) for w in words) >= max(1, len(words) / 60)


def _stop_for(text: str, language: str) -> str:
    if text.endswith(STOPS):
        return ""
    if language in ("hi", "mr", "ne"):
        return "।"
    return "。" if unspaced(text[-1]) else "."


def _ends(word: Word, following: Word | None) -> bool:
    if not ends_sentence(word.text):
        return False
    text = word.text.rstrip(CLOSING)
    if is_abbreviation(text):
        return False
    if following is None:
        return True
    opening = following.text.strip(",.;:")
    if len(text) == 2 and text[0].isupper():
        # "J. Smith" is a name, "the key K. And then" is not.
        return opening in _STARTERS
    return not opening[:1].islower()


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
