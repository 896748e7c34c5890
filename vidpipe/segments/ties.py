"""Sentences that need each other: a cut holds both sides, or neither.

A question and its answer, a claim and its reason, an expectation and what breaks it, a
promise and what was promised, a story and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.content.model import Unit
from vidpipe.language.phrases import CuePhrases

#: Who listens still knows what was said so many sentences ago; who begins here does not.
_SHORTLY = 15

#: What two sentences are to each other, in words.
KINDS = {
    "answer": "a question and its answer",
    "reason": "a claim and its reason",
    "reversal": "an expectation and what breaks it",
    "promise": "a promise and what was promised",
    "story": "a story and its end",
    "named": "somebody and his name",
    "goes_on": "a thought that goes on",
}


@dataclass(frozen=True)
class Tie:
    """Unit `first` needs unit `last`, and the other way round."""

    first: int
    last: int
    kind: str


class Ties:
    """All of a recording, and the terms that are taken as known ("the plot") since they were said.

    `known` gives for each unit when each term of that kind was said before, by unit.
    """

    def __init__(self, ties: Sequence[Tie], known: Sequence[Sequence[int]] = ()) -> None:
        self._ending: dict[int, list[Tie]] = {}
        self._beginning: dict[int, list[Tie]] = {}
        for tie in ties:
            self._ending.setdefault(tie.last, []).append(tie)
            self._beginning.setdefault(tie.first, []).append(tie)
        self._known = known

    def held(self, first: int, last: int) -> list[Tie]:
        """Those of which units `[first, last)` hold both sides."""
        inside = (t for k in range(first, last) for t in self._ending.get(k, ()))
        return [t for t in inside if first <= t.first]

    def cut_before(self, first: int, last: int) -> list[Tie]:
        """Those that begin before the run and end in it: what it says hangs on what is left out."""
        inside = (t for k in range(first, last) for t in self._ending.get(k, ()))
        return [t for t in inside if t.first < first]

    def cut_after(self, first: int, last: int) -> list[Tie]:
        """Those that begin in the run and end after it."""
        inside = (t for k in range(first, last) for t in self._beginning.get(k, ()))
        return [t for t in inside if last <= t.last]

    def terms_left_out(self, first: int, last: int) -> int:
        """How many terms the run takes as known that were said before it and not in it."""
        return sum(said < first for k in range(first, last) for said in self._said(k))

    def _said(self, unit: int) -> Sequence[int]:
        return self._known[unit] if unit < len(self._known) else ()

    def signs(self, first: int, last: int) -> dict[str, float]:
        """Of a run: 1 for each kind that it holds whole, and that it cuts."""
        held = {t.kind for t in self.held(first, last)}
        before = {t.kind for t in self.cut_before(first, last)}
        after = {t.kind for t in self.cut_after(first, last)}
        found = {f"holds_{k}": float(k in held) for k in KINDS}
        found |= {f"lacks_start_{k}": float(k in before) for k in KINDS}
        found |= {f"lacks_end_{k}": float(k in after) for k in KINDS}
        return found


def ties_of(units: Sequence[Unit], phrases: CuePhrases, reach: int = 6) -> Ties:
    """The ties of sentences that lie no more than `reach` apart."""
    found: list[Tie] = []
    n = len(units)
    for k, unit in enumerate(units):
        signs = unit.signs
        ahead = range(k + 1, min(n, k + 1 + reach))
        if signs.get("question", 0.0) >= 0.3:
            end = _answered(units, k, ahead)
            if end is not None:
                found.append(Tie(k, end, "answer"))
        if k + 1 < n and units[k + 1].signs.get("reason_start", 0.0):
            found.append(Tie(k, k + 1, "reason"))
        if signs.get("expectation", 0.0):
            end = next((j for j in ahead if _reverses(units[j])), None)
            if end is not None and end - k <= 3:
                found.append(Tie(k, end, "reversal"))
        if signs.get("promise", 0.0) and k + 1 < n:
            found.append(Tie(k, k + 1, "promise"))
        if signs.get("story", 0.0):
            end = _story_end(units, k, ahead)
            if end > k:
                found.append(Tie(k, end, "story"))
        if signs.get("unnamed", 0.0):
            start = next(
                (
                    j
                    for j in range(k - 1, max(-1, k - 1 - reach), -1)
                    if units[j].signs.get("names")
                ),
                None,
            )
            if start is not None:
                found.append(Tie(start, k, "named"))
        if k and signs.get("connective_start", 0.0):
            found.append(Tie(k - 1, k, "goes_on"))
    return Ties(found, _known(units, phrases))


def _known(units: Sequence[Unit], phrases: CuePhrases) -> list[list[int]]:
    """For each unit the last one, of those shortly before, that said what it takes as known."""
    pattern = phrases.patterns.get("definite")
    if pattern is None:
        return [[] for _ in units]
    said: dict[str, int] = {}
    found: list[list[int]] = []
    for k, unit in enumerate(units):
        named = [
            phrases.terms(" ".join(unit.text[m.end() :].split()[:3]))[:1]
            for m in pattern.finditer(unit.text)
        ]
        last = [said.get(t, -_SHORTLY) for terms in named for t in terms]
        found.append([j for j in last if k - j < _SHORTLY])
        said |= dict.fromkeys(phrases.terms(unit.text), k)
    return found


def _answered(units: Sequence[Unit], k: int, ahead: range) -> int | None:
    """The first sentence after a question that is none and says something."""
    for j in ahead:
        signs = units[j].signs
        if not signs.get("question") and not signs.get("too_short"):
            return j
    return None


def _reverses(unit: Unit) -> bool:
    return unit.signs.get("reversal", 0.0) > 0


def _story_end(units: Sequence[Unit], k: int, ahead: range) -> int:
    """The last sentence that goes on telling: "and", "so", somebody says something."""
    end = k
    for j in ahead:
        signs = units[j].signs
        goes_on = max(
            signs.get(s, 0.0) for s in ("story", "connective_start", "dangling_start", "unnamed")
        )
        if goes_on == 0 or signs.get("agenda") or signs.get("housekeeping"):
            break
        end = j
    return end
