"""What makes a title good to somebody who reads it alone: whole, about the topic, telling.

Beside the whole thought that `vidpipe.language.headline` looks for. Which words tell is data of
the language; in one without them nothing is told here, and nothing refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.language.headline import stands_alone
from vidpipe.language.nouns import Nouns
from vidpipe.language.phrases import CuePhrases
from vidpipe.segments.titles.things import Named, about_things, adjective
from vidpipe.text import bare, capitalised, ends_clause

#: What a title loses in which somebody is only "I" or "you", "it", nobody, or which is cut.
_SPEAKER, _ADDRESSED, _UNTOLD, _POINTING, _NOBODY = 0.35, 0.1, 0.15, 0.15, 0.35
_PERSONAL, _CUT_AT_CLAUSE, _CUT = 0.35, 0.05, 0.3
_TELLING = 0.08
_NEVER = ("scrap", "housekeeping", "demonstrative", "halting", "elsewhere")


def whole(title: str, phrases: CuePhrases) -> bool:
    """Whether a title ends where a thought does and points at nothing outside it."""
    words = [bare(w) for w in title.split()]
    if words[-1] in phrases.words("needs_more") or words[-1] in phrases.words("open_end"):
        return False
    closing = phrases.words("determiner") | phrases.words("preposition") | {"to", "and", "or"}
    if (
        "*" in title
        or "&#" in title
        or words[-1] in closing
        or any(phrases.count(kind, title) for kind in _NEVER)
    ):
        return False
    return not _points(words, phrases)


def _points(words: Sequence[str], phrases: CuePhrases) -> bool:
    """Whether "to that question" or "it", with nobody named before it, means what was said."""
    prepositions = phrases.words("preposition")
    pointing = phrases.words("that") | phrases.words("dangling_start")
    for k, word in enumerate(words):
        if k and word in pointing and words[k - 1] in prepositions and word not in {"there"}:
            return True
        if word in {"it", "they", "them", "it's", "they're", "he", "she", "him"}:
            before = [w for w in words[:k] if phrases.terms(w) and w not in phrases.words("verb")]
            if not before:
                return True
    return False


def told_alone(
    title: str, sentence: str, named: Named, nouns: Nouns, phrases: CuePhrases
) -> float | None:
    """What a title that is said is worth more for who it is about and what it tells.

    None for one that is no whole sentence to somebody who reads it alone.
    """
    if "vague_subject" not in phrases.patterns:
        return 0.0
    words = [bare(w) for w in title.split()]
    question = title.endswith("?")
    if not whole(title, phrases) or _unasked(words, question, phrases):
        return None
    telling = phrases.count("telling", title)
    worth = about_things(title, named, phrases) + _TELLING * min(2, telling)
    if question:
        personal = phrases.starts("auxiliary", title) or "you" in words[:3]
        return worth - _PERSONAL * personal
    cut = _goes_on(title, sentence)
    if _opens_inside(title, words, sentence, phrases) or not _finite(title, words, phrases):
        return None
    if (
        words[0] == "to"
        or _unfinished(words, cut, phrases)
        or not _closed(words, cut, nouns, phrases)
    ):
        return None
    return worth - _lost(title, words, cut, telling > 0, phrases)


def _unasked(words: Sequence[str], question: bool, phrases: CuePhrases) -> bool:
    """Whether it begins as a question and is none: "how do you do it", "didn't get it?"."""
    acting = set(words[:2]) <= phrases.words("verb")
    if question or acting:
        return acting
    auxiliary = phrases.words("auxiliary")
    return words[0] in auxiliary or (words[0] in phrases.words("wh") and words[1] in auxiliary)


def _lost(title: str, words: Sequence[str], cut: str, telling: bool, phrases: CuePhrases) -> float:
    """What it loses for who it is about, and for what was said after it."""
    lost = _NOBODY * phrases.starts("vague_subject", title)
    if phrases.count("speaker", title):
        lost += _SPEAKER
    elif words[0] == "you" or words[0] in phrases.words("together"):
        lost += _ADDRESSED + _UNTOLD * (not telling)
    pointing = phrases.words("dangling_start") - phrases.words("that")
    lost += _POINTING * any(w in pointing for w in words)
    if cut:
        ending = phrases.words("connective_start") | phrases.words("condition")
        lost += _CUT_AT_CLAUSE if cut in ending | phrases.words("reason") else _CUT
    return lost


def _goes_on(title: str, sentence: str) -> str:
    """The word that follows a title in its sentence without a stop or a comma; else nothing."""
    _, found, rest = sentence.lower().partition(title.lower())
    following = rest.split()
    return bare(following[0]) if found and following and rest[0] == " " else ""


def _finite(title: str, words: Sequence[str], phrases: CuePhrases) -> bool:
    """Whether somebody does something, outside of a clause that only tells which one is meant."""
    verbs, relative = phrases.words("verb"), phrases.words("that") | phrases.words("relative")
    hanging = relative | phrases.words("subordinate") | phrases.words("wh")
    acting = [k for k, w in enumerate(words) if w in verbs and words[k - 1] != "to" and k]
    if words[0] in phrases.words("wh"):
        return True
    opened = next((k for k, w in enumerate(words) if k and w in hanging), len(words))
    if phrases.starts("fragment_start", title) or not acting:
        return False
    parts = title.split()
    begins = phrases.starts("subordinate", title) or phrases.starts("condition", title)
    comma = next((k for k, w in enumerate(parts) if ends_clause(w)), None)
    # "Higher frequency light, say violet"; "on human time scales, it is irreversible" is.
    begins_so = begins or words[0] in phrases.words("preposition")
    if comma and comma < acting[0] and not begins_so:
        return False
    if words[acting[0] - 1] in phrases.words("connective_start"):
        return False
    return begins or acting[0] < opened or len(acting) > 1


def _opens_inside(title: str, words: Sequence[str], sentence: str, phrases: CuePhrases) -> bool:
    """Whether it begins with what somebody does who is named before it: "draw a line to it"."""
    at = sentence.lower().find(title.lower())
    if at <= 0 or len(words) < 2 or not bare(sentence[:at]):
        return False
    known = phrases.words("determiner") | phrases.words("preposition") | phrases.words("together")
    known |= phrases.words("speaker") | {"you", "all", "half", "even", "not", "such"}
    if words[0] in known or words[0] in phrases.words("wh"):
        return False
    after = phrases.words("determiner") | phrases.words("preposition") | phrases.words("wh")
    return words[1] in (after - {"of"}) | {"you", "it", "them", "out", "up", "down", "back", "to"}


def _unfinished(words: Sequence[str], cut: str, phrases: CuePhrases) -> bool:
    """Whether it stops before what is done: "to stick", "will always be", "can handle"."""
    if cut and (words[-2] == "to" or words[-1] in ("be", "been") or cut == "by"):
        return True
    return words[-2] in phrases.words("auxiliary") and words[-1] in phrases.words("vague_verb")


def _closed(words: Sequence[str], cut: str, nouns: Nouns, phrases: CuePhrases) -> bool:
    """Whether "a really fascinating" is not where it ends, before "and surprising idea"."""
    if cut not in phrases.words("connective_start"):
        return True
    last = words[-1]
    told = last.endswith(("ing", "ed", "al")) or adjective(last)
    led = any(w in ("a", "an", "the") for w in words[-3:-1])
    return not led or (nouns.noun(last) and not told)


def disowned(title: str, phrases: CuePhrases) -> str:
    """Without "I know" or "I remember once" before what somebody knows; else as it is."""
    pattern = phrases.patterns.get("owning")
    found = pattern.match(title) if pattern is not None else None
    rest = title[found.end() :].strip(" ,") if found else ""
    return capitalised(rest) if rest and stands_alone(rest, phrases) else title
