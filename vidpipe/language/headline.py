"""Titles out of a sentence: its own question or claim, shortened to a whole thought.

Nothing is put into anybody's mouth: a title is a piece of what is said, without what only
leads up to it, with a name in place of "he" where the name is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.language.phrases import CuePhrases, words_of
from vidpipe.language.sentence import clauses, has_verb, names, notation, unnamed, words_in
from vidpipe.text import (
    CLOSING,
    PAUSES,
    bare,
    capitalised,
    ends_clause,
    joined,
    split_words,
    unspaced,
)

#: Characters of a title, as a phone shows it on one or two lines.
MOST = 60
_LEAST = 14
_FEWEST_WORDS, _MOST_WORDS = 3, 12
#: A pronoun among so many first words has nobody before it to mean.
_EARLY = 3
#: What stands before a claim and is left out may be so long.
_FRAME = 40
_QUESTION = ("?", "？", "؟")
#: English words that say where to, and are prepositions only at the start of a sentence.
_WHITHER = frozenset(("down", "up", "out", "off", "away", "back"))
#: After one of these a word that softens is what is said: "is not really solved".
_NOT = frozenset(
    "not never nicht nie kein no nunca pas jamais non mai niet nooit não не никогда".split()
)
#: What does not belong in a title, wherever it stands.
_NEVER = (
    "demonstrative",
    "housekeeping",
    "agenda",
    "halting",
    "slip",
    "backward",
    "elsewhere",
    "pointing",
)


@dataclass(frozen=True)
class Headline:
    """A title and what it is worth, 0 to about 1."""

    text: str
    worth: float


def headlines(text: str, phrases: CuePhrases, antecedent: str = "") -> list[Headline]:
    """Titles that a sentence gives, the best first; `antecedent` is who "he" or "she" is."""
    whole = clauses(text, phrases)
    asked = text.rstrip(CLOSING + " ").endswith(_QUESTION)
    said = text[whole.begins : whole.ends].strip()
    found: dict[str, float] = {}
    for piece in _pieces(said, phrases):
        named = _named(unframed(piece.text, phrases).strip(), phrases, antecedent)
        named = _unhedged(named, phrases)
        # The first part of "Why is it so, and is it good?" is a question, too; the last part of
        # "You know, whoever reads your notes?" is none.
        opened = phrases.starts("wh", named) or phrases.starts("auxiliary", named)
        begun = piece.begins and opened
        if piece.text.endswith(_QUESTION) and not (piece.begins or opened):
            continue
        title = _tidy(named, asked and (begun or piece.text.endswith(_QUESTION)))
        if title and stands_alone(title, phrases) and (piece.whole or _clause(title, phrases)):
            worth = _worth(title, phrases) - piece.costs
            found[title] = max(worth, found.get(title, 0.0))
    return sorted((Headline(t, w) for t, w in found.items()), key=lambda h: (-h.worth, h.text))


def stands_alone(title: str, phrases: CuePhrases) -> bool:
    """Whether a title is a whole thought that says what it is about, and no longer than it may."""
    if not _LEAST <= len(title) <= MOST:
        return False
    count = words_in(title)
    if not _FEWEST_WORDS <= count <= _MOST_WORDS and not unspaced(title[0]):
        return False
    if any(phrases.count(kind, title) for kind in _NEVER) or notation(title, phrases):
        return False
    if unnamed(title, phrases):
        return False
    asks = title.endswith(_QUESTION) and (
        phrases.count("wh", title) or phrases.starts("auxiliary", title)
    )
    if not asks and not has_verb(title, phrases):
        return False
    words = [bare(w) for w in title.split()]
    if _cut_after_that(words, phrases) or _no_subject(title, words, phrases):
        return False
    wh, dangling = phrases.words("wh"), phrases.words("dangling_start") - phrases.words("wh")
    question = title.endswith(_QUESTION)
    if words[0] in wh & phrases.words("relative") and not _asks(words, question, phrases):
        return False
    if phrases.starts("dangling_start", title) and not (question and words[0] in wh):
        return False
    if phrases.starts("connective_start", title) or phrases.starts("reply", title):
        return False
    if not question and words[0] in wh | phrases.words("auxiliary") and not _clause_of(words, wh):
        return False
    # "it" and "they" are somebody who has been named by then; near the start nobody has.
    # After a verb "that" is no pronoun.
    early = [
        w
        for k, w in enumerate(words[:_EARLY])
        if not (k and w in phrases.words("that") and words[k - 1] in phrases.words("verb"))
    ]
    if any(w in dangling for w in (*early, words[-1])):
        return False
    if not question and phrases.starts("subordinate", title) and not _goes_on(title, phrases):
        return False
    return bool(phrases.terms(title))


def is_sentence(text: str, phrases: CuePhrases) -> bool:
    """Whether a piece of a sentence is one by itself: nothing comes before it or has to follow."""
    words = [bare(w) for w in text.split()]
    if any(phrases.starts(kind, text) for kind in ("dangling_start", "connective_start", "reply")):
        return False
    if _cut_after_that(words, phrases) or _no_subject(text, words, phrases):
        return False
    return not phrases.starts("subordinate", text) or _goes_on(text, phrases)


def _cut_after_that(words: Sequence[str], phrases: CuePhrases) -> bool:
    """Whether nobody does anything after "we see that": "we see that the radius"."""
    verbs, that = phrases.words("verb"), phrases.words("that")
    # Elsewhere the same word compares: "plus salée que le lac".
    determiner = phrases.words("determiner") - that if phrases.language == "en" else frozenset()
    opened = [
        k
        for k in range(1, len(words) - 1)
        if words[k] in that and (words[k - 1] in verbs or words[k + 1] in determiner)
    ]
    return bool(opened) and not has_verb(" ".join(words[opened[-1] + 1 :]), phrases)


def _no_subject(title: str, words: Sequence[str], phrases: CuePhrases) -> bool:
    """Whether it is no sentence: "Down the stairs to get it", "Years ago, when it came out"."""
    if title.endswith(_QUESTION):
        return False
    verbs = phrases.words("verb")
    if phrases.language == "en" and words[0] in phrases.words("preposition") | _WHITHER:
        acting = next((k for k, w in enumerate(words) if w in verbs), 0)
        if acting and words[acting - 1] == "to":
            return True
    parts = title.split()
    first = next((k for k, w in enumerate(parts[:-1]) if ends_clause(w)), None)
    if first is None or has_verb(" ".join(parts[: first + 1]), phrases):
        return False
    # What hangs on a first part without a verb is no sentence either.
    hangs = phrases.words("wh") | phrases.words("relative") | phrases.words("subordinate")
    return words[first + 1] in hangs and not any(ends_clause(w) for w in parts[first + 1 : -1])


def _asks(words: Sequence[str], question: bool, phrases: CuePhrases) -> bool:
    """Whether it is a question that begins with a word which may also begin half a sentence.

    "When did it rain?" is, "when it rained" is not, nor "which is what did it".
    """
    auxiliary, wh = phrases.words("auxiliary"), phrases.words("wh")
    if not question or len(words) < 3:
        return False
    if words[0] in phrases.words("wh_adverb"):
        return words[1] in auxiliary
    return not (words[1] in auxiliary and words[2] in wh)


def _goes_on(title: str, phrases: CuePhrases) -> bool:
    """Whether a clause with a verb follows the first one: "If it rains, roads wash out"."""
    words = title.split()
    first = next((k for k, w in enumerate(words) if ends_clause(w)), None)
    return first is not None and has_verb(" ".join(words[first + 1 :]), phrases)


def _clause(title: str, phrases: CuePhrases) -> bool:
    """Whether a piece of a sentence is a sentence: somebody does something, under no condition."""
    words = [bare(w) for w in title.split()]
    verbs = phrases.words("verb")
    open_end = phrases.words("preposition") | phrases.words("determiner") | phrases.words("wh")
    if words[-1] in open_end | phrases.words("connective_start"):
        return False
    if any(ends_clause(w) for w in title.split()[: _FEWEST_WORDS - 1]):
        return False
    if title.endswith(_QUESTION):
        return True
    return words[0] not in verbs and words[-1] not in verbs


def _clause_of(words: Sequence[str], wh: frozenset[str]) -> bool:
    """Whether it is "why X does Y": a promise in the form of a title."""
    return words[0] in wh and words[0] not in ("which", "who", "whose", "whom") and len(words) > 3


@dataclass(frozen=True)
class _Piece:
    text: str
    costs: float
    begins: bool
    whole: bool


def _pieces(said: str, phrases: CuePhrases) -> list[_Piece]:
    """The sentence, and runs of its clauses, with what each cut costs.

    A clause begins after a comma, after "and" or "but", after a verb with "that"; it ends at
    a comma, before "because", "if" or "which", and, where it would be too long, before "in
    the ...".
    """
    words = split_words(said)
    plain = [bare(w) for w in words]
    n = len(words)
    linking = phrases.words("connective_start") | phrases.words("condition")
    linking |= phrases.words("reason") | phrases.words("relative")
    begins: dict[int, float] = {0: 0.0}
    ends: dict[int, float] = {n: 0.0}
    for k in range(1, n):
        if ends_clause(words[k - 1]):
            begins.setdefault(k, 0.1)
            ends.setdefault(k, 0.08)
        if plain[k] in linking:
            ends.setdefault(k, 0.1)
            if k + 1 < n and plain[k] in phrases.words("connective_start"):
                begins.setdefault(k + 1, 0.12)
        if plain[k - 1] in phrases.words("that") and plain[max(0, k - 2)] in phrases.words("verb"):
            begins.setdefault(k, 0.12)
        halting = phrases.count("halting", joined(words[k - 1 : k + 1]))
        if plain[k] in phrases.words("preposition") and not halting:
            ends.setdefault(k, 0.2)
        if plain[k] in phrases.words("genitive"):
            # "has a set of rules" is not "has a set".
            ends.pop(k, None)
    found = []
    for a, before in begins.items():
        for b, after in ends.items():
            if b > a:
                text = joined(words[a:b]).rstrip(" " + "".join(PAUSES))
                if len(text) <= MOST + _FRAME:
                    found.append(_Piece(text, before + after, a == 0, a == 0 and b == n))
    return found


def without_connective(text: str, phrases: CuePhrases) -> str:
    """Without the "and" or "but" that ties a sentence to the one before it."""
    text = text.strip()
    first, _, rest = text.partition(" ")
    known = phrases.words("connective_start") | phrases.words("lead_in")
    return without_connective(rest, phrases) if rest and bare(first) in known else text


def unframed(piece: str, phrases: CuePhrases) -> str:
    """Without what stands before a claim and adds nothing, "it turns out that"."""
    pattern = phrases.patterns.get("framing")
    while pattern is not None:
        found = pattern.match(piece)
        if found is None:
            break
        rest = piece[found.end() :].lstrip(" ,:，、")
        if rest == piece:
            break
        piece = rest
    return piece


def _named(piece: str, phrases: CuePhrases, antecedent: str) -> str:
    """With the name of who is spoken of in place of "he" or "she" at its start."""
    first, _, rest = piece.partition(" ")
    if antecedent and rest and first.lower() in phrases.words("subject"):
        return f"{antecedent} {rest}"
    return piece


def _unhedged(piece: str, phrases: CuePhrases) -> str:
    """Without "actually", "kind of" and the like, unless it is what is denied."""
    pattern = phrases.patterns.get("hedge")
    if pattern is None:
        return piece

    def left(found: re.Match[str]) -> str:
        before = words_of(piece[: found.start()])[-1:]
        denied = before and (bare(before[0]) in _NOT or before[0].lower().endswith(("n't", "n’t")))
        return found.group() if denied else ""

    text = re.sub(r",\s*,", "", pattern.sub(left, piece))
    text = re.sub(r"[\s,]+([?.!])", r"\1", text)
    return re.sub(r"\s+,", ",", re.sub(r"\s{2,}", " ", text)).strip(" ,")


def _tidy(piece: str, question: bool) -> str:
    text = piece.strip(' "“”«»').rstrip(".。!！;:,，、；： -–—")
    if text.endswith(("...", "…")) or "--" in text or " - " in text or not text:
        return ""
    # Half of what somebody quotes.
    if text.count('"') % 2 or text.count("“") != text.count("”"):
        return ""
    if question and not text.endswith(_QUESTION):
        text += "?"
    return capitalised(text)


def _worth(title: str, phrases: CuePhrases) -> float:
    """A question, a contrast, a claim; about something; short."""
    value = 0.35
    if title.endswith(_QUESTION):
        value += 0.3 if phrases.starts("wh", title) or phrases.count("wh", title) else 0.15
    for kind, gain in (
        ("claim", 0.2),
        ("definition", 0.15),
        ("reversal", 0.1),
        ("comparison", 0.1),
        ("vivid", 0.12),
        ("expectation", 0.05),
    ):
        value += gain * bool(phrases.count(kind, title))
    if phrases.starts("condition", title):
        value -= 0.15
    vague = {t for word in phrases.words("vague") for t in phrases.terms(word)}
    terms = len(set(phrases.terms(title)) - vague)
    value += 0.06 * min(3, terms)
    value -= 0.1 * (terms == 0)
    value -= 0.15 * (terms < 2)
    value += 0.05 * bool(names(title))
    first = [bare(w) for w in words_of(title)[:1]]
    if first and first[0] in phrases.words("speaker"):
        value -= 0.15
    elif first and first[0] in phrases.words("together"):
        value -= 0.05
    return value
