"""The signs of a run of sentences: what its opening, its whole, its end and what follows say.

Each is 0 to 1, but how it is worded, which is in standard deviations. They are what vetoes,
factors and the score are made of.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.content.model import Content, Unit
from vidpipe.segments.ties import Ties
from vidpipe.segments.told import told
from vidpipe.segments.wording import wording_of

#: Signs of a unit that count at the opening, over the whole and at the end.
OPENING = (
    "question",
    "claim",
    "definition",
    "number",
    "vivid",
    "story",
    "expectation",
    "reversal",
    "reason",
    "promise",
    "names",
    "dangling_start",
    "connective_start",
    "anaphors",
    "unnamed",
    "reply",
    "backward",
    "elsewhere",
    "housekeeping",
    "agenda",
    "pointing",
    "notation",
    "slip",
    "halting",
    "too_short",
    "endless",
    "fresh",
    "recalls",
    "answer",
    "turn",
    "title",
    "demonstrative",
)
WHOLE = (
    "claim",
    "definition",
    "number",
    "vivid",
    "story",
    "expectation",
    "reversal",
    "reason",
    "example",
    "contrast",
    "names",
    "notation",
    "pointing",
    "housekeeping",
    "agenda",
    "elsewhere",
    "halting",
    "slip",
    "question",
    "too_short",
    "reply",
    "endless",
    "enumeration",
    "backward",
    "anaphors",
    "demonstrative",
    "comparison",
    "condition",
    "rare",
    "slow",
)
ENDING = (
    "question",
    "closure",
    "turn",
    "promise",
    "agenda",
    "housekeeping",
    "pointing",
    "notation",
    "too_short",
    "fresh",
    "recalls",
    "claim",
    "reason",
    "vivid",
    "reversal",
    "story",
    "example",
    "definition",
    "number",
    "elsewhere",
)
#: The opening is what is said in so many seconds, as long as somebody decides whether to go on.
_OPENING_S = 8.0
#: An end of so many characters is a sentence that says something.
_LONG_END = 200.0


def signs_of(
    units: Sequence[Unit],
    content: Content,
    first: int,
    last: int,
    kept_s: float,
    ties: Ties,
    language: str,
) -> dict[str, float]:
    """Of the units `[first, last)` as a clip has them, in a language (ISO 639, or empty)."""
    opening = units[0]
    begun = [u for u in units if u.start_s < opening.start_s + _OPENING_S][:3]
    ending = units[-1]
    found = {f"first_{s}": opening.signs.get(s, 0.0) for s in OPENING}
    for sign in ("claim", "vivid", "story", "names", "expectation", "question", "number", "title"):
        found[f"opening_{sign}"] = max(u.signs.get(sign, 0.0) for u in begun)
    for sign in ("anaphors", "backward", "elsewhere", "pointing", "unnamed", "reply", "agenda"):
        found[f"opening_{sign}"] = sum(u.signs.get(sign, 0.0) for u in begun) / len(begun)
    length = sum(u.duration_s for u in units)
    for sign in WHOLE:
        found[f"all_{sign}"] = _share(units, sign, length)
    for sign in ENDING:
        found[f"last_{sign}"] = ending.signs.get(sign, 0.0)
    following = content.units[last] if last < len(content.units) else None
    for sign in ("fresh", "connective_start", "dangling_start", "answer", "recalls", "turn"):
        found[f"next_{sign}"] = (
            following.signs.get(sign, 0.0) if following else float(sign in ("fresh", "turn"))
        )
    pause_s = following.start_s - ending.end_s if following else 2.0
    found["next_pause"] = min(1.0, max(0.0, pause_s))
    topic = max(content.topics, key=lambda t: min(last, t.last_unit) - max(first, t.first_unit))
    found["ends_topic"] = float(last == topic.last_unit)
    found["starts_topic"] = float(first == topic.first_unit)
    inside = min(topic.end_s, ending.end_s) - max(topic.start_s, opening.start_s)
    found["in_topic"] = max(0.0, min(1.0, inside / max(0.1, ending.end_s - opening.start_s)))
    found["importance"] = sum(u.importance * u.duration_s for u in units) / length
    best = sorted((u.importance for u in units), reverse=True)[: max(1, len(units) // 3)]
    found["best_importance"] = sum(best) / len(best)
    found["best_title"] = max(u.signs.get("title", 0.0) for u in units)
    inner = units[1:]
    found["inner_turn"] = _mean([float(u.signs.get("turn", 0.0) > 0) for u in inner])
    found["inner_fresh"] = max((u.signs.get("fresh", 0.0) for u in inner), default=0.0)
    found["last_long"] = min(1.0, len(ending.text) / _LONG_END)
    found["linked"] = _mean([u.signs.get("dangling_start", 0.0) for u in units[1:]])
    found["centrality"] = _share(units, "centrality", length)
    found["emphasis"] = _share(units, "emphasis", length)
    found["reaction"] = max(u.signs.get("reaction", 0.0) for u in units)
    found["length"] = min(1.0, kept_s / 60.0)
    found["sentences"] = min(1.0, len(units) / 12)
    found["lead_in"] = float(bool(opening.lead_in))
    found.update(ties.signs(first, last))
    found["leans"] = min(1.0, 3.0 * ties.terms_left_out(first, last) / max(1.0, length))
    texts = [u.text for u in units]
    before = [u.text for u in content.units[max(0, first - 3) : first]]
    found.update(told(texts, before, following.text if following else "", language))
    found.update(wording_of(language).of(" ".join(texts)))
    return found


def _share(units: Sequence[Unit], sign: str, length_s: float) -> float:
    return sum(u.signs.get(sign, 0.0) * u.duration_s for u in units) / length_s


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
