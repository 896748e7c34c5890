"""Topic borders by optimal segmentation, titles by keyphrases."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vidpipe.content import cohesion
from vidpipe.content.cohesion import Costs, cost, first_of
from vidpipe.content.model import Topic, TopicOptions, Unit
from vidpipe.language.nouns import Nouns
from vidpipe.language.phrases import CuePhrases, words_of
from vidpipe.text import unspaced


@dataclass(frozen=True)
class TopicPenalty:
    """What a border must gain: `least` nats, and `share` of what the strongest ones do."""

    least: float
    share: float


WORDS = TopicPenalty(least=12.0, share=0.33)
WORDS_AND_VECTORS = TopicPenalty(least=44.0, share=0.5)

#: A recording's strongest borders are one in so many seconds, at least three.
_STRONG_EVERY_S = 400.0
#: A new slide belongs to a unit that begins so near to it.
_AT_TURN_S = 2.5
#: A pause means something from this length on, and most from the second.
_PAUSES_S = (1.0, 3.0)
_CLAUSES = re.compile(r"[.,;:?!()\"“”。，、；：？！「」]+")
#: In a topic of more units a single word has to come twice.
_FEW = 6
#: A keyphrase's words are longer than this.
_SHORTEST = 2


def find_topics(
    units: Sequence[Unit],
    costs: Costs,
    phrases: CuePhrases,
    options: TopicOptions,
    turns_s: Sequence[float] = (),
    strictness: TopicPenalty = WORDS,
) -> list[Topic]:
    """Topics that cover all units in order; `turns_s` are times of new slides."""
    borders = segment(costs, units, options, _prices(units, options, turns_s), strictness)
    topics = []
    keyed = keyphrases([u.text for u in units], borders, phrases)
    nouns = Nouns((u.text for u in units), phrases)
    for (first, last), found in zip(itertools.pairwise(borders), keyed, strict=True):
        # Where no noun is seen to be one, nothing is known of nouns here.
        keys = [key for key in found if nouns.noun(key)] or found
        topics.append(
            Topic(
                start_s=units[first].start_s,
                end_s=units[last - 1].end_s,
                title=title_from(keys, units[first].text, options.title_characters),
                keyphrases=tuple(keys),
                first_unit=first,
                last_unit=last,
            )
        )
    return topics


def segment(
    costs: Costs,
    units: Sequence[Unit],
    options: TopicOptions,
    prices: Mapping[int, float],
    strictness: TopicPenalty = WORDS,
) -> list[int]:
    """Borders of the best segmentation, from 0 to n.

    A border has to gain more than a part of what this recording's strongest borders
    gain, so that one set of figures serves recordings of few and of many words.
    `prices` are shares of that which a border before a unit costs where something else
    says that a topic begins.
    """
    if not units:
        return [0]
    least = strictness.least
    first_try = _cheapest(costs, units, options, prices, least)
    gains = sorted(_gains(costs, first_try), reverse=True)
    strong = gains[: max(3, round((units[-1].end_s - units[0].start_s) / _STRONG_EVERY_S))]
    wanted = strictness.share * float(np.mean(strong)) if strong else 0.0
    return _cheapest(costs, units, options, prices, wanted) if wanted > least else first_try


def _cheapest(
    costs: Costs,
    units: Sequence[Unit],
    options: TopicOptions,
    prices: Mapping[int, float],
    penalty: float,
) -> list[int]:
    """Dynamic programming: the borders whose costs and penalties add up to least."""
    n = len(units)
    starts = np.array([u.start_s for u in units])
    price = np.array([penalty * prices.get(k, 1.0) for k in range(n)])
    price[0] = 0.0
    best = np.full(n + 1, np.inf)
    best[0] = 0.0
    back = np.zeros(n + 1, int)
    for last in range(1, n + 1):
        first = first_of(last)
        values = best[first:last] + costs[last - 1] + price[first:last]
        too_short = units[last - 1].end_s - starts[first:last] < options.min_topic_s
        if last == n and first == 0:
            too_short[0] = False  # a short recording is one topic
        values[too_short] = np.inf
        k = int(np.argmin(values))
        best[last], back[last] = values[k], first + k
    if not np.isfinite(best[n]):
        return [0, n]
    borders = [n]
    while borders[-1] > 0:
        borders.append(int(back[borders[-1]]))
    return borders[::-1]


def _gains(costs: Costs, borders: Sequence[int]) -> list[float]:
    """What each border saves against having none between its neighbours."""
    return [
        cost(costs, a, c) - cost(costs, a, b) - cost(costs, b, c)
        for a, b, c in zip(borders, borders[1:], borders[2:], strict=False)
        if c - a <= cohesion.LONGEST
    ]


def _prices(
    units: Sequence[Unit], options: TopicOptions, turns_s: Sequence[float]
) -> dict[int, float]:
    """Where a border costs less: at a new slide, after a pause that is long for this speaker."""
    prices: dict[int, float] = {}
    gaps = np.array([b.start_s - a.end_s for a, b in itertools.pairwise(units)])
    if len(gaps):
        usual = float(np.percentile(gaps, 90))
        low, high = (max(limit, usual) for limit in _PAUSES_S)
        for k in np.flatnonzero(gaps > low).tolist():
            share = min(1.0, (float(gaps[k]) - low) / max(high - low, 1e-6))
            prices[k + 1] = 1.0 - share * (1.0 - options.pause_discount)
    starts = np.array([u.start_s for u in units])
    for turn in turns_s:
        k = int(np.argmin(np.abs(starts - turn)))
        if abs(starts[k] - turn) < _AT_TURN_S:
            prices[k] = prices.get(k, 1.0) * options.slide_change_discount
    return prices


def keyphrases(
    texts: Sequence[str], borders: Sequence[int], language: CuePhrases, keep: int = 12
) -> list[list[str]]:
    """For each topic, phrases of one to three words that set it apart from the others."""
    counts: list[Counter[str]] = []
    written: dict[str, Counter[str]] = {}
    for first, last in itertools.pairwise(borders):
        inside: Counter[str] = Counter()
        for text in texts[first:last]:
            for phrase in _phrases(text, language):
                inside[phrase.lower()] += 1
                written.setdefault(phrase.lower(), Counter())[phrase] += 1
        counts.append(inside)
    everywhere = sum(counts, Counter[str]())
    return [
        [
            written[key].most_common(1)[0][0]
            for key in _telling(inside, everywhere, last - first, len(texts), keep)
        ]
        for inside, (first, last) in zip(counts, itertools.pairwise(borders), strict=True)
    ]


def _telling(
    inside: Counter[str], everywhere: Counter[str], units: int, all_units: int, keep: int
) -> list[str]:
    """Keys that are said often here and seldom elsewhere, long ones first of all."""

    longer: Counter[str] = Counter()
    for key, count in inside.items():
        parts = key.split()
        for size in range(1, len(parts)):
            for k in range(len(parts) - size + 1):
                part = " ".join(parts[k : k + size])
                longer[part] = max(longer[part], count)

    def weight(key: str) -> float:
        size = key.count(" ") + 1
        if inside[key] < 2 and units > _FEW:
            return 0.0
        # What is mostly said as part of something longer is a piece of a name.
        here = (inside[key] - longer[key]) / max(1, units)
        elsewhere = (everywhere[key] - inside[key]) / max(1, all_units - units)
        return float(here * (1.0 + 0.6 * (size - 1)) * np.log1p(here / (elsewhere + 0.02)))

    chosen: list[str] = []
    for key in sorted(inside, key=lambda k: (-weight(k), k)):
        if weight(key) <= 0 or len(chosen) == keep:
            break
        if not any(set(key.split()) & set(c.split()) or key in c or c in key for c in chosen):
            chosen.append(key)
    return chosen


def _phrases(text: str, language: CuePhrases) -> list[str]:
    """Runs of one to three words without stop words; in scripts without spaces, of two to four
    characters."""
    found = []
    for clause in _CLAUSES.split(text):
        run: list[str] = []
        for word in [*words_of(clause), ""]:
            plain = language.plain(word)
            if plain and unspaced(plain[0]):
                found += [p for p in _pieces(word) if p not in language.stop_words]
            elif plain and plain not in language.stop_words and len(plain) > _SHORTEST:
                run.append(word)
                continue
            for size in (1, 2, 3):
                runs = [run[k : k + size] for k in range(len(run) - size + 1)]
                found += [" ".join(r) for r in runs if not _all_common(r, language)]
            run = []
    return found


def _all_common(run: Sequence[str], language: CuePhrases) -> bool:
    return all(language.plain(word) in language.common for word in run)


def _pieces(word: str) -> list[str]:
    return [word[k : k + size] for size in (2, 3, 4) for k in range(len(word) - size + 1)]


def title_from(keys: Sequence[str], opening: str, limit: int) -> str:
    """The most telling keyphrase as a title; the opening words where there is none."""
    if keys:
        title = keys[0][0].upper() + keys[0][1:]
        return title[:limit]
    words = opening.split()
    title = ""
    for word in words:
        if len(title) + len(word) + 1 > limit:
            break
        title = f"{title} {word}".strip()
    return title.rstrip(".,;:!?") or "Untitled"
