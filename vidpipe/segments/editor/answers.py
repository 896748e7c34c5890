"""What holds of a language model's answers: each is checked against the transcript.

A passage or a border that is not said, a title in other words than the passage's or that no
quote bears out, a hook that is not said, an id that was not asked about are dropped.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from vidpipe.segments.editor.questions import PROPOSED_AT_MOST, Lengths, ShownCandidate
from vidpipe.segments.editor.server import MOST_ANSWER
from vidpipe.segments.model import FactorName
from vidpipe.segments.quotes import QuoteIndex, plain
from vidpipe.text import joined, split_words
from vidpipe.transcript.model import Word
from vidpipe.untrusted import Unreadable, read_json

_MOST_VALUES = 20_000
_MOST_QUOTE = 2_000
_TITLE_CHARACTERS = (8, 70)
_REASON_CHARACTERS = 160
#: What a stranger asks, and how many such questions are kept.
_ASKED_CHARACTERS, _ASKED = 120, 3
#: Share of a title's words that must be said in the passage.
_OWN_WORDS = 0.6
#: A quote that is not said to the letter is looked for by its first or last words alone.
_FEW_WORDS = 4
_ID = re.compile(r"([cp])([0-9]{1,4})")
#: What may lead elsewhere: addresses, handles, markup, numbers to call.
_LEADS_AWAY = re.compile(r"\w\.\w{2,}|[/<>@\\]|(?:\d[\s-]?){5,}")
#: Fewer letters are said everywhere.
_LEAST_QUOTE = 6
#: Places of a quote that are looked at.
_MOST_PLACES = 50
#: What the factors are called in answers, where "hook" is a quote.
_MARKS: Mapping[FactorName, str] = {
    name: "opening" if name == "hook" else name for name in get_args(FactorName)
}

Run = tuple[int, int]


@dataclass(frozen=True)
class Judgement:
    """On one candidate: marks from 0 to 100; words are empty where they did not hold.

    `run` is the words `[first, last)` of all that it is about, with borders where the model
    wants them.
    """

    score: float
    run: Run | None = None
    post: bool = True
    factors: Mapping[FactorName, float] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    title: str = ""
    hook: str = ""
    reason: str = ""


def proposals(content: str, words: Sequence[Word], limits: Lengths) -> tuple[list[Run], int]:
    """Words `[first, last)` of passages that are proposed, in order, and how many are not said."""
    said = QuoteIndex(words)
    found: list[Run] = []
    unusable = 0
    for item in itertools.islice(_items(content, "passages"), PROPOSED_AT_MOST):
        firsts = [p[0] for p in _places(said, item.get("begin"), last=False)]
        lasts = [p[1] + 1 for p in _places(said, item.get("end"), last=True)]
        runs = [(a, b) for a in firsts for b in lasts if a < b]
        # What is said twice is meant where it makes a clip.
        run = min(
            runs, key=lambda r: (not limits.holds(words[slice(*r)]), r[1] - r[0]), default=None
        )
        if run is None:
            unusable += 1
        elif run not in found:
            found.append(run)
    return found, unusable


def verdicts(content: str, shown: Sequence[ShownCandidate]) -> tuple[dict[int, Judgement], int]:
    """What is said of candidates by their index, and how many entries lost a part."""
    found: dict[int, Judgement] = {}
    repaired = 0
    for item in _items(content, "clips"):
        index, score = _index(item.get("id"), "c", len(shown)), _mark(item.get("score"))
        if index is None or index in found or score is None:
            continue
        run, moved = _moved(item, shown[index])
        words = shown[index].words[run[0] : run[1]]
        marks = {name: _mark(item.get(key)) for name, key in _MARKS.items()}
        verdict = Judgement(
            score=score,
            run=run,
            post=item.get("post", True) in (True, "true") and moved,
            factors={name: mark for name, mark in marks.items() if mark is not None},
            asks=_asks(item.get("asks"), words),
            title=_title(item, words),
            hook=_hook(item.get("hook"), words),
            reason=_one_line(item.get("reason"), _REASON_CHARACTERS, words),
        )
        repaired += not (verdict.title and verdict.hook and moved)
        found[index] = verdict
    return found, repaired


def comparisons(content: str, pairs: Sequence[Run]) -> dict[int, int | None]:
    """For each pair that was judged, the better one; None where neither could be posted."""
    found: dict[int, int | None] = {}
    for item in _items(content, "pairs"):
        index = _index(item.get("id"), "p", len(pairs))
        if index is None or index in found:
            continue
        if item.get("better") == "none":
            found[index] = None
            continue
        better = _index(item.get("better"), "c", max(map(max, pairs)) + 1)
        if better in pairs[index]:
            found[index] = better
    return found


def _items(content: str, name: str) -> Iterator[dict[str, Any]]:
    """The entries of the list `name` of an answer; none of one that is no such answer."""
    if len(content) > MOST_ANSWER:
        return
    begin, end = content.find("{"), content.rfind("}")
    try:
        listed = read_json(content[begin : end + 1], _MOST_VALUES).get(name)
    except (Unreadable, AttributeError):
        return
    yield from (i for i in (listed if isinstance(listed, list) else ()) if isinstance(i, dict))


def _index(name: Any, letter: str, count: int) -> int | None:
    found = _ID.fullmatch(name) if isinstance(name, str) else None
    index = int(found[2]) - 1 if found and found[1] == letter else -1
    return index if 0 <= index < count else None


def _mark(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 100:
        return None
    return float(given)


def _moved(item: Mapping[str, Any], shown: ShownCandidate) -> tuple[Run, bool]:
    """Where the model wants the borders, and whether all that it said of them holds."""
    begin, end = (item.get(key) or "" for key in ("begin", "end"))
    said = QuoteIndex(shown.words[shown.before : shown.after]) if begin or end else None
    first, last, holds = shown.first, shown.last, True
    if said is not None and begin:
        firsts = [p[0] + shown.before for p in _places(said, begin, last=False)]
        first = min(firsts, key=lambda k: abs(k - shown.first), default=first)
        holds = bool(firsts)
    if said is not None and end:
        lasts = [p[1] + 1 + shown.before for p in _places(said, end, last=True)]
        last = min(lasts, key=lambda k: abs(k - shown.last), default=last)
        holds = holds and bool(lasts)
    if first >= last:
        return (shown.first, shown.last), False
    return (first, last), holds


def _places(said: QuoteIndex, quote: Any, last: bool) -> list[Run]:
    """First and last word of each place of a quote, or else of its first or last few words."""
    if not isinstance(quote, str) or len(quote) > _MOST_QUOTE or len(plain(quote)) < _LEAST_QUOTE:
        return []
    found = said.places(plain(quote))
    words = split_words(quote)
    if not found and len(words) > _FEW_WORDS:
        few = plain(joined(words[-_FEW_WORDS:] if last else words[:_FEW_WORDS]))
        found = said.places(few) if len(few) >= _LEAST_QUOTE else []
    return found[:_MOST_PLACES]


def _asks(given: Any, words: Sequence[Word]) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else []
    lines = [_one_line(text, _ASKED_CHARACTERS, words) for text in listed[:_ASKED]]
    return tuple(line for line in lines if line)


def _one_line(text: Any, limit: int, words: Sequence[Word]) -> str:
    """A line of a model's own words; nothing of what may lead elsewhere, unless it is said."""
    if not isinstance(text, str) or len(text) > 4 * limit:
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > limit:
        return ""
    said = {plain(w.text) for w in words}
    own = " ".join(t for t in line.split() if plain(t) not in said)
    return "" if _LEADS_AWAY.search(own) else line


def _title(item: Mapping[str, Any], words: Sequence[Word]) -> str:
    """A title that says what the passage says, in its words, with a quote that bears it out."""
    least, most = _TITLE_CHARACTERS
    line = _one_line(item.get("title"), most, words).strip("\"'“”„«». ")
    if len(line.encode()) < least or not _hook(item.get("title_from"), words):
        return ""
    said = [plain(w.text) for w in words]
    run = "".join(said)
    own = [plain(w) for w in split_words(line)]
    own = [w for w in own if len(w) > 3 or (w and not w.isascii())] or [plain(line)]
    # Another ending is the same word: five letters must agree, or all there are.
    known = sum(any(s.startswith(w[:5]) for s in said) or w in run for w in own)
    return line if known >= _OWN_WORDS * len(own) else ""


def _hook(text: Any, words: Sequence[Word]) -> str:
    """The words of the transcript that it quotes, empty if they are not said."""
    if not isinstance(text, str) or len(text) > _MOST_QUOTE or not plain(text):
        return ""
    found = QuoteIndex(words).places(plain(text))
    if not found:
        return ""
    first, last = found[0]
    return " ".join(w.text for w in words[first : last + 1])
