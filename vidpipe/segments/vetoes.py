"""What rules a passage out, whatever its score: facts about its words, each by its name."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from vidpipe.content.model import Unit
from vidpipe.language.headline import without_connective
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.sentence import variables
from vidpipe.segments.ties import Ties
from vidpipe.text import CLOSING, bare

#: Each veto in words, as it is said where nothing was chosen.
VETOES = {
    "housekeeping": "is housekeeping (licence, homework, questions to the room)",
    "agenda": "announces or skips what it does not say",
    "back_reference": "opens on something said before",
    "answer_alone": "opens with the answer to a question that is left out",
    "scrap": "opens on a scrap",
    "two_topics": "turns to the next thing within",
    "picture": "needs a picture that the words do not give",
    "dialogue": "is half of a dialogue",
    "notation": "reads formulas out",
    "begins_inside": "begins inside a sentence",
    "ends_inside": "ends inside a sentence",
    "open_question": "ends on a question",
}
#: Those that hold of what a language model wants as well; whether the others do, it can tell.
ALWAYS = frozenset({"scrap", "notation", "begins_inside", "ends_inside"})
#: So many variables that are read out, of so many kinds, are a formula.
_VARIABLES, _KINDS = 3, 2
#: Signs of an opening that hangs on what was said, or shown, before it.
_BACK = ("dangling_start", "unnamed", "backward", "sequel", "here")
#: Where fewer sentences of a recording have a stop, stops say nothing.
_WITH_STOPS = 0.5
#: An opening is so many words, as far as what is said in it has to be understood at once.
_OPENING_WORDS = 12
#: So soon is said with what something is compared.
_THAN_WITHIN = 8


class Judge:
    """Says which vetoes hold of a run of units of one recording."""

    def __init__(self, units: Sequence[Unit], ties: Ties, phrases: CuePhrases) -> None:
        self._units = units
        self._ties = ties
        self._phrases = phrases
        self._variables = [variables(u.text) for u in units]
        self._formulas = [phrases.count("notation", u.text) for u in units]
        said = [u for u in units if u.text]
        stops = sum(not u.signs.get("unended", 0.0) for u in said)
        self._stops = bool(said) and stops >= _WITH_STOPS * len(said)

    def vetoes(self, run: Sequence[Unit], first: int, last: int) -> Iterable[str]:
        """Those that hold of `run`, which is the units `[first, last)` as a clip has them."""
        opening, ending = run[0].signs, run[-1].signs
        if any(u.signs.get("housekeeping") for u in run):
            yield "housekeeping"
        if any(u.signs.get("agenda") for u in run):
            yield "agenda"
        if any(u.signs.get("picture") for u in run):
            yield "picture"
        if (
            any(opening.get(s) for s in _BACK)
            or (
                opening.get("demonstrative")
                and (opening.get("connective_start") or opening.get("pointing"))
            )
            or self._unresolved(run[0].text)
        ):
            yield "back_reference"
        if any(u.signs.get("boundary") for u in run[1:]):
            yield "two_topics"
        if opening.get("too_short") and not opening.get("question"):
            yield "scrap"
        if any(u.signs.get("reply") for u in run):
            yield "dialogue"
        if self._notation(first, last):
            yield "notation"
        if self._stops and ending.get("unended"):
            yield "ends_inside"
        if self._stops and first and self._units[first - 1].signs.get("unended"):
            yield "begins_inside"
        if ending.get("question") or any(
            t.kind == "answer" for t in self._ties.cut_after(first, last)
        ):
            yield "open_question"
        if any(t.kind in ("answer", "reason") for t in self._ties.cut_before(first, last)):
            yield "answer_alone"

    def _unresolved(self, text: str) -> bool:
        """Whether the first words mean what was said before them: "people do that", "also"."""
        phrases = self._phrases
        said = without_connective(text[len(phrases.lead_in(text)) :], phrases)
        opening = " ".join(said.split()[:_OPENING_WORDS])
        if phrases.count("unresolved", opening):
            return True
        words = [bare(w) for w in opening.split()]
        if words and words[0] in phrases.words("ordering"):
            return True
        # A question may compare: what with is its answer.
        asks = text.rstrip(CLOSING + " ").endswith("?")
        return _refers(words, phrases) or (not asks and _compares(said, phrases))

    def _notation(self, first: int, last: int) -> bool:
        found = [v.lower() for part in self._variables[first:last] for v in part]
        formulas = sum(self._formulas[first:last])
        return len(found) >= _VARIABLES and (len(set(found)) >= _KINDS or formulas >= _VARIABLES)


def _refers(words: Sequence[str], phrases: CuePhrases) -> bool:
    """Whether something is done to "it" or with "those"."""
    acts, knows = phrases.words("acts_on"), phrases.words("knows_of")
    referring, that = phrases.words("referring"), phrases.words("that")
    return any(
        (a in acts and _short(b) in referring) or (a in knows and _short(b) in referring - that)
        for a, b in itertools.pairwise(words)
    )


def _short(word: str) -> str:
    """A word without "'s" or "'ll"."""
    return word.replace("’", "'").partition("'")[0]


def _compares(said: str, phrases: CuePhrases) -> bool:
    """Whether the opening says "better", and nothing soon after it than what."""
    words = [bare(w) for w in said.split()[: _OPENING_WORDS + _THAN_WITHIN]]
    compared = phrases.words("compared")
    return any(
        word in compared and "than" not in words[k : k + _THAN_WITHIN]
        for k, word in enumerate(words[:_OPENING_WORDS])
    )
