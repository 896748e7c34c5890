"""Strong language, covered where a channel asks for it: the first letter stays, stars follow."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from importlib import resources

import yaml

from vidpipe.transcript.model import Word

#: A run of letters; what stands between two (a hyphen, an apostrophe) ends it.
_LETTERS = re.compile(r"[^\W\d_]+")


def masked(words: Sequence[Word], language: str) -> tuple[list[Word], list[Word]]:
    """The words with strong language covered, and those that it was (as they were said).

    A language that has no list is left as it is: `languages` says which have one.
    """
    listed = _listed(language)
    if listed is None:
        return list(words), []
    texts = [_with_stars(w.text, listed) for w in words]
    pairs = list(zip(words, texts, strict=True))
    out = [w if w.text == text else w.model_copy(update={"text": text}) for w, text in pairs]
    return out, [w for w, text in pairs if w.text != text]


def languages() -> tuple[str, ...]:
    """Those whose strong language is known (ISO 639)."""
    return tuple(_lists())


def _with_stars(text: str, listed: re.Pattern[str]) -> str:
    # An accent by itself is no letter, and would cut a word in two.
    whole = unicodedata.normalize("NFC", text)
    covered = _LETTERS.sub(lambda f: _covered(f.group(), listed), whole)
    return text if covered == whole else covered


def _covered(text: str, listed: re.Pattern[str]) -> str:
    return text[0] + "*" * (len(text) - 1) if listed.fullmatch(text.casefold()) else text


@functools.cache
def _lists() -> dict[str, list[str]]:
    file = resources.files("vidpipe.transcript") / "data" / "profanity.yaml"
    lists: dict[str, list[str]] = yaml.safe_load(file.read_text("utf-8"))
    return lists


@functools.cache
def _listed(language: str) -> re.Pattern[str] | None:
    """What any word of the list, or any that begins as one with a star, matches."""
    entries = _lists().get(language)
    if entries is None:
        return None
    ways = [re.escape(e.casefold().rstrip("*")) + r"\w*" * e.endswith("*") for e in entries]
    return re.compile("|".join(ways))
