"""Titles that a sentence holds without saying them as a sentence: what it asks or explains.

"I want to show you how a cache fails" is about "How a cache fails", "why do you think that
insurance ends at 65?" about "Why insurance ends at 65", "a hash is a number that ..." about
"What is a hash?". Which words these are is data of the
language; one without them has no such titles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vidpipe.language.headline import MOST
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.sentence import has_verb
from vidpipe.text import bare, capitalised, ends_clause, ends_sentence

#: So many words of a definition's subject, with its article.
_DEFINED = 4
_LEAST = 12
_EDGES = '"“”«»()[]{},.;:?!…'


def held(text: str, phrases: CuePhrases) -> list[tuple[float, str]]:
    """Titles with their worth, 0 to 1: explanations, definitions, differences and problems."""
    found = [(0.95 if t[:3] == "Why" else 0.75, t) for t in _explained(text, phrases)]
    found += [(0.7, t) for t in _defined(text, phrases)]
    found += [(0.5, t) for t in _headed(text, phrases)]
    return [(w, t) for w, t in found if _LEAST <= len(t) <= MOST and not _refers(t, phrases)]


def _refers(title: str, phrases: CuePhrases) -> bool:
    """Whether somebody or something is only "they" or "it" in it."""
    return bool({bare(w) for w in title.split()} & phrases.words("dangling_start"))


def _explained(text: str, phrases: CuePhrases) -> list[str]:
    """ "How ...", "why ..." and "how to ..." inside a sentence, to the end of their clause."""
    words = text.split()
    plain = [bare(w) for w in words]
    explaining, verbs = phrases.words("explaining"), phrases.words("verb")
    found = []
    for k, word in enumerate(plain[:-3]):
        if word not in explaining or (k and ends_clause(words[k - 1]) and word != "how"):
            continue
        rest = plain[k + 1 :]
        end = _clause_end(words, plain, k + 1, phrases)
        inside = words[k:end]
        text_of = " ".join(inside).strip(_EDGES + " ")
        if len(inside) < 4:
            continue
        if rest[0] == "to":
            if word != "how" or bare(inside[2]) in phrases.words("vague_verb"):
                continue
        else:
            if rest[0] in phrases.words("auxiliary"):
                text_of = _unasked(inside, phrases)
                if not text_of:
                    continue
            elif not has_verb(" ".join(inside[2:]), phrases):
                continue
            first = bare(text_of.split()[1])
            if first in phrases.words("dangling_start") | phrases.words("speaker"):
                continue
            if first not in phrases.words("together") | {"you", "the", "a", "an"} and (
                first in phrases.stop_words or first in verbs
            ):
                continue
        found.append(capitalised(text_of))
    return found


def _unasked(words: Sequence[str], phrases: CuePhrases) -> str:
    """ "Why do you think that X?" as "why X"; nothing of another question."""
    text = " ".join(words).strip(_EDGES + " ")
    pattern = phrases.patterns.get("believing")
    match = pattern.match(text.partition(" ")[2]) if pattern is not None else None
    if match is None:
        return ""
    rest = text.partition(" ")[2][match.end() :].strip()
    rest = re.sub(r"^that\s+", "", rest)
    return f"{words[0].strip(_EDGES)} {rest}" if len(rest.split()) > 2 else ""


def _clause_end(words: Sequence[str], plain: Sequence[str], start: int, phrases: CuePhrases) -> int:
    """The word after the last one of a clause that begins before `start`."""
    stops = phrases.words("connective_start") | phrases.words("condition")
    stops |= phrases.words("reason") | phrases.words("relative")
    for k in range(start, len(words)):
        if ends_clause(words[k]) or ends_sentence(words[k]):
            return k + 1
        if k > start + 2 and plain[k] in stops:
            return k
    return len(words)


def _defined(text: str, phrases: CuePhrases) -> list[str]:
    """ "What is a hash?" of "a hash is a number that ...": what is defined has an article."""
    words = text.split()
    plain = [bare(w) for w in words]
    if not words or plain[0] not in ("a", "an"):
        return []
    for k in range(2, min(_DEFINED + 1, len(words) - 2)):
        if plain[k] == "is" and plain[k + 1] in ("a", "an", "the", "basically", "just", "simply"):
            thing = " ".join(w.strip(_EDGES) for w in words[:k])
            known = phrases.stop_words | phrases.words("verb") | phrases.words("vague")
            if all(p not in known for p in plain[1:k]):
                return [f"What is {thing[:1].lower()}{thing[1:]}?"]
    return []


def _headed(text: str, phrases: CuePhrases) -> list[str]:
    """ "The difference between X and Y", "the problem with X": a head and what it is of."""
    pattern = phrases.patterns.get("headed")
    if pattern is None:
        return []
    found = []
    for match in pattern.finditer(text):
        words = text[match.start() :].split()
        plain = [bare(w) for w in words]
        begin = len(match.group().split())
        verbs = phrases.words("verb") | phrases.words("auxiliary") | phrases.words("relative")
        end = begin
        while end < len(words) and plain[end] not in verbs | {"that", "because", "if", "you", "we"}:
            end += 1
            if ends_clause(words[end - 1]) or ends_sentence(words[end - 1]):
                break
        inside = plain[begin:end]
        pointing = phrases.words("dangling_start") | phrases.words("demonstrative")
        loose = phrases.words("determiner") | phrases.words("preposition") | {"and", "or", "to"}
        if not inside or set(inside) & (pointing | {"it", "them"}) or inside[-1] in loose:
            continue
        if "between" in match.group().lower() and "and" not in inside:
            continue
        if not any(p not in phrases.stop_words and len(p) > 3 for p in inside):
            continue
        title = " ".join(words[:end]).strip(_EDGES + " ")
        found.append(capitalised(title))
    return found
