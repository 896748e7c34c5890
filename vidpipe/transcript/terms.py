"""Names and terms that a channel knows, put right where they were heard wrong.

A word, or a few of them, becomes a term where it is the term but for case and spaces,
where the channel says that the term sounds so, or where it is nearly the term both by its
letters and by its sound. What everybody says is left alone: a recogniser that writes
`dagger` has heard a word that exists, and nothing here tells that `Dagster` was meant.

By sound means by Metaphone (Philips, 1990), whose consonants are classes already, here
with voiced and voiceless ones taken together; by letters, the Damerau-Levenshtein distance.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vidpipe.channels.wording import Term
from vidpipe.text import (
    CLOSING,
    SPOKEN_MARKS,
    bare,
    ends_clause,
    ends_sentence,
    split_words,
)
from vidpipe.transcript.common_words import CommonWords, common_words
from vidpipe.transcript.model import Word

#: Shorter ones are too near to too much: they are only put right letter by letter.
_SHORTEST_NEAR = 5
#: At least so much of the letters agrees: where the sounds are the same, where one sound
#: differs, and where all that was heard are common words (which must sound exactly so).
#: Tuned on the build column of `benchmarks/real/terms.py`.
_SAME_SOUND, _NEAR_SOUND, _COMMON_WORDS = 0.65, 0.8, 0.7
#: What is nearly a term gives way to what is one.
_NEARLY = 0.98
#: Words that only put together have the letters of a term are it from so many letters on,
#: where one of them is in every sentence (`I ran`, `red is`).
_SHORTEST_RUN = 7
#: A term may be heard as so many words more than it has.
_MORE_WORDS = 2
#: Words of one name are not further apart.
_TOGETHER_S = 0.6
#: What Metaphone tells apart and ears do not: voiced and voiceless (0 is its th).
_VOICELESS = str.maketrans({"B": "P", "D": "T", "0": "T", "G": "K", "V": "F", "Z": "S", "J": "X"})
_VOWELS = "AEIOU"
#: What joins words to one.
_JOINTS = re.compile(r"['’-]")
#: A point in a number, and what joins the parts of an address or a file's name.
_DECIMAL = re.compile(r"\d[.,]\d")
_DOTTED = re.compile(r"\w[./@:]\w")
#: What may follow a name and is kept, by language, the longest first.
_ENDINGS = {"en": ("'s", "’s", "s'", "es", "s")}
_OTHER_ENDINGS = ("'s", "’s", "s")


@dataclass(frozen=True)
class Correction:
    """What was written, what is written now, and when it is said."""

    heard: str
    written: str
    at_s: float


@dataclass(frozen=True)
class _Form:
    """A term as it may be heard: its letters and its sound, the marks around it that are said.

    `told`: no name, the channel says that the term sounds so. `decimal` and `dotted`: it has a
    point in a number, or one that joins two parts.
    """

    term: int
    told: bool
    letters: str
    marks: str
    decimal: bool
    dotted: bool
    sound: str
    folded: str
    words: int
    may_be_near: bool


@dataclass(frozen=True)
class _Known:
    """The forms of all terms, by letters and by sounds that are near; the common words.

    `longest` is how many heard words a form may be.
    """

    by_letters: Mapping[str, Sequence[_Form]]
    by_sound: Mapping[str, Sequence[_Form]]
    longest: int
    common: CommonWords | None
    endings: Sequence[str]

    def usual(self, word: str) -> bool:
        """Whether everybody says this word, or all of what hyphens and apostrophes join."""
        if self.common is None:
            return False
        text = bare(word)
        if text in self.common.known or letters_of(text) in self.common.known:
            return True
        parts = [part for part in _JOINTS.split(text) if part]
        return len(parts) > 1 and all(part in self.common.known for part in parts)

    def stems(self, word: str) -> list[str]:
        """The word without each of the endings that it has."""
        text = bare(word)
        ended = [e for e in self.endings if text.endswith(e)]
        return [text.removesuffix(e) for e in ended if len(text) > len(e) + 2]

    def everyday(self, word: str) -> bool:
        """Whether this word is in every sentence."""
        return self.common is not None and bare(word) in self.common.everyday


@dataclass(frozen=True)
class _Match:
    """Words `[first, last)` that are a term, how surely (0 to 1), and the ending to keep."""

    first: int
    last: int
    term: int
    surely: float
    ending: str


def with_terms(
    words: Sequence[Word], terms: Sequence[Term], language: str
) -> tuple[list[Word], list[Correction]]:
    """The words with the terms put right, and what was put right.

    A term takes the time of what it replaces; what stands around it (commas, quotes) and
    its ending (plural, possessive) stay.
    """
    if not terms or not words:
        return list(words), []
    found = _best(_matches(words, terms, language))
    out: list[Word] = []
    corrections: list[Correction] = []
    at = 0
    for match in found:
        out += words[at : match.first]
        heard = words[match.first : match.last]
        opens = match.first == 0 or ends_sentence(words[match.first - 1].text)
        written = _written(heard, terms[match.term].name, match.ending, opens=opens)
        if [w.text for w in written] != [w.text for w in heard]:
            corrections.append(
                Correction(
                    " ".join(w.text for w in heard),
                    " ".join(w.text for w in written),
                    round(heard[0].start_s, 3),
                )
            )
        out += written
        at = match.last
    return [*out, *words[at:]], corrections


def letters_of(text: str) -> str:
    """Letters and digits alone, small, without accents."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").casefold())
    return "".join(c for c in plain if c.isalnum())


def sound_of(letters: str) -> str:
    """Metaphone's key; empty where the script is not Latin."""
    import jellyfish

    return str(jellyfish.metaphone(letters)).replace(" ", "") if letters.isascii() else ""


def _folded(sound: str) -> str:
    """The key with what ears do not tell apart made one, and doubles single."""
    key = sound.translate(_VOICELESS)
    key = ("A" if key[:1] in _VOWELS and key else key[:1]) + key[1:]
    return key[:1] + "".join(b for a, b in pairwise(key) if a != b)


def _matches(words: Sequence[Word], terms: Sequence[Term], language: str) -> Iterator[_Match]:
    known = _known(terms, language)
    for first in range(len(words)):
        for last in range(first + 1, min(first + known.longest, len(words)) + 1):
            if last - first > 1 and not _together(words[last - 2], words[last - 1]):
                break
            heard = [w.text for w in words[first:last]]
            for core, ending in _without_ending(heard, known.endings):
                match = _match(core, heard, known)
                if match is not None:
                    yield _Match(first, last, match[0], match[1] - 0.01 * bool(ending), ending)


def _known(terms: Sequence[Term], language: str) -> _Known:
    by_letters: dict[str, list[_Form]] = defaultdict(list)
    by_sound: dict[str, list[_Form]] = defaultdict(list)
    longest = 1
    for form in _forms(terms):
        by_letters[form.letters].append(form)
        for key in _nearby(form.folded) if form.may_be_near else ():
            by_sound[key].append(form)
        longest = max(longest, form.words + _MORE_WORDS)
    endings = _ENDINGS.get(language, _OTHER_ENDINGS)
    return _Known(by_letters, by_sound, longest, common_words(language), endings)


def _forms(terms: Sequence[Term]) -> Iterator[_Form]:
    for k, term in enumerate(terms):
        for n, text in enumerate((term.name, *term.sounds_like)):
            letters = letters_of(text)
            if not letters:
                continue
            sound = sound_of(letters)
            near = n == 0 and len(letters) >= _SHORTEST_NEAR
            yield _Form(
                term=k,
                told=n > 0,
                letters=letters,
                marks=_marks(text),
                decimal=bool(_DECIMAL.search(text)),
                dotted=bool(_DOTTED.search(text)),
                sound=sound,
                folded=_folded(sound),
                words=len(split_words(text)),
                may_be_near=near,
            )


def _marks(text: str) -> str:
    """Those before and behind all letters that are read out: `++` of `C++`, `$` of `$5`."""
    around = _before(text) + _after(text, "")
    return "".join(c for c in around if c in SPOKEN_MARKS)


def _nearby(key: str) -> set[str]:
    """The key and every one with a sound less: two that share one differ by one sound."""
    return {key, *(key[:k] + key[k + 1 :] for k in range(len(key)))} if key else set()


def _together(before: Word, after: Word) -> bool:
    near = after.start_s - before.end_s <= _TOGETHER_S
    return near and not ends_sentence(before.text) and not ends_clause(before.text)


def _without_ending(heard: Sequence[str], endings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The letters of what was heard, and again without each ending that it has."""
    text = " ".join(heard).casefold()
    yield letters_of(text), ""
    core = text.rstrip(CLOSING + ".,;:!?…") if not text.endswith(("s'", "s’")) else text
    for ending in endings:
        if core.endswith(ending) and len(core) > len(ending) + 1:
            yield letters_of(core.removesuffix(ending)), ending


def _match(core: str, heard: Sequence[str], known: _Known) -> tuple[int, float] | None:
    """The term that these letters are, and how surely."""
    parts = [letters_of(w) for w in heard]
    usual = [known.usual(w) for w in heard]
    everyday = any(known.everyday(w) for w in heard)
    text = " ".join(heard)
    if len(heard) == 1 and not (core == letters_of(text) and core in known.by_letters):
        # A list has `rust` and lacks `rusts`: everybody says that, too.
        usual = [usual[0] or any(known.usual(w) for w in known.stems(heard[0]))]
    # What is written as a name is that name, whatever another one sounds like.
    for form in sorted(known.by_letters.get(core, ()), key=lambda f: f.told):
        if not _says_the_marks(text, form):
            continue
        if form.told or not _are_other_words(core, form, usual, everyday):
            return form.term, 1.0
    if len(core) < _SHORTEST_NEAR - 1 or usual == [True]:
        return None
    sound = sound_of(core)
    folded = _folded(sound)
    near = {f.letters: f for key in _nearby(folded) for f in known.by_sound.get(key, ())}
    best: tuple[int, float] | None = None
    for form in near.values():
        agree = _agreement(core, form.letters)
        if all(usual) or known.common is None:
            # Nothing but words that everybody says, or nobody knows: it has to sound the same.
            enough = _COMMON_WORDS if sound == form.sound else 2.0
        else:
            enough = _SAME_SOUND if folded == form.folded else _NEAR_SOUND
        other = _are_other_words(core, form, usual, everyday)
        if not _says_the_marks(text, form) or _is_another_part(heard, everyday, form):
            continue
        if agree < enough or other or _reaches_too_far(parts, usual, agree, form):
            continue
        if best is None or agree * _NEARLY > best[1]:
            best = form.term, agree * _NEARLY
    return best


def _says_the_marks(text: str, form: _Form) -> bool:
    """Whether marks are heard that are as good as letters: `C` is no `C++`, `3.5` no `35`."""
    marks_are = not form.marks or form.marks == _marks(text)
    return marks_are and form.decimal == bool(_DECIMAL.search(text))


def _is_another_part(heard: Sequence[str], everyday: bool, form: _Form) -> bool:
    """Whether a point joins one of both to more (`dagster.io`), and the other has no more."""
    dotted = any(_DOTTED.search(word) for word in heard)
    return (dotted and not form.dotted) or (
        form.dotted and not dotted and (everyday or len(heard) == 1)
    )


def _are_other_words(core: str, form: _Form, usual: Sequence[bool], everyday: bool) -> bool:
    """Whether these sound like a term and yet are more likely words of the language.

    `go` is a word, and nobody can hear that it is the name of a language too; `I ran` is
    not `Iran`.
    """
    if not all(usual):
        return False
    if len(usual) == form.words == 1:
        return True
    return everyday and len(usual) > form.words and len(core) < _SHORTEST_RUN


def _reaches_too_far(
    parts: Sequence[str], usual: Sequence[bool], agree: float, form: _Form
) -> bool:
    """Whether a common word at either side is no part of the name: without it more agrees."""
    if len(parts) == 1:
        return False
    fewer = [parts[1:]] * usual[0] + [parts[:-1]] * usual[-1]
    return any(_agreement("".join(p), form.letters) >= agree for p in fewer)


def _agreement(heard: str, name: str) -> float:
    """The share of letters that agree, of the longer of both."""
    import jellyfish

    distance = jellyfish.damerau_levenshtein_distance(heard, name)
    return float(1 - distance / max(len(heard), len(name), 1))


def _best(matches: Iterable[_Match]) -> list[_Match]:
    """Matches that do not overlap, the surest first, in order."""
    taken: set[int] = set()
    kept = []
    for match in sorted(matches, key=lambda m: (-m.surely, m.last - m.first, m.first)):
        places = range(match.first, match.last)
        if not taken.intersection(places):
            taken.update(places)
            kept.append(match)
    return sorted(kept, key=lambda m: m.first)


def _written(heard: Sequence[Word], name: str, ending: str, *, opens: bool) -> list[Word]:
    """The term in place of what was heard; where it opens a sentence its capital stays."""
    if opens and name.islower() and heard[0].text[len(_before(heard[0].text)) :][:1].isupper():
        name = name[0].upper() + name[1:]
    # What the name has of its own (`.NET`, `Kahoot!`) does not come twice.
    before = _before(heard[0].text)
    before = before.removesuffix(_before(name))
    after = _after(heard[-1].text, ending)
    after = after if ending else after.removeprefix(_after(name, ""))
    texts = split_words(name)
    texts[0] = before + texts[0]
    texts[-1] += after
    if len(texts) == len(heard):
        return [w.model_copy(update={"text": t}) for w, t in zip(heard, texts, strict=True)]
    start_s, end_s = heard[0].start_s, heard[-1].end_s
    chances = [w.confidence for w in heard if w.confidence is not None]
    total = sum(len(t) for t in texts)
    out: list[Word] = []
    passed = 0
    for text in texts:
        at = [start_s + (end_s - start_s) * n / total for n in (passed, passed + len(text))]
        passed += len(text)
        out.append(
            Word(
                text=text,
                start_s=round(at[0], 3),
                end_s=round(at[1], 3),
                confidence=min(chances, default=None),
            )
        )
    return out


def _before(text: str) -> str:
    return text[: next((k for k, c in enumerate(text) if c.isalnum()), 0)]


def _after(text: str, ending: str) -> str:
    """What stands behind a word, its ending included, as it was written."""
    length = next((k for k, c in enumerate(reversed(text)) if c.isalnum()), 0)
    marks = text[len(text) - length :] if length else ""
    if ending in ("s'", "s’"):
        return text[-length - 1 :]
    return text[len(text) - length - len(ending) : len(text) - length] + marks
