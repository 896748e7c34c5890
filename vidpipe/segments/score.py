"""How good a run of units is as a clip, and why."""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.content.model import Content, Topic, Unit
from vidpipe.segments.model import SegmentOptions
from vidpipe.text import ends_sentence

#: What each part counts; they sum to 1.
PARTS = {
    "content": 0.32,
    "hook": 0.14,
    "self_contained": 0.18,
    "closure": 0.1,
    "coherence": 0.2,
    "length": 0.06,
}

#: Who decides whether to go on watching decides in so many seconds.
_HOOK_S = 3.0
#: So many sentences of a good passage begin with what refers to the one before.
_WELL_LINKED = 0.4

_WHY = {
    "question": "asks a question",
    "claim": "makes a claim",
    "definition": "defines a term",
    "enumeration": "lists points",
    "contrast": "draws a contrast",
    "example": "gives an example",
    "number": "names a number",
    "emphasis": "is spoken with emphasis",
    "vivid": "tells a story or moves",
    "reaction": "makes people laugh or clap",
    "answer": "answers a question",
    "new_slide": "comes with a new slide",
}


def score_run(
    units: Sequence[Unit],
    content: Content,
    first: int,
    last: int,
    kept_s: float,
    options: SegmentOptions,
) -> dict[str, float]:
    """The parts, 0 to 1 each, of units `[first, last)` as a clip has them."""
    ending = units[-1]
    topic = topic_of(content, first, last)
    return {
        "content": _content(units),
        "hook": _hook(units),
        "self_contained": _self_contained(units),
        "closure": _closure(content, last, ending, topic),
        "coherence": _coherence(units, topic),
        "length": _length(kept_s, options),
    }


def total(parts: dict[str, float]) -> float:
    """0 to 100."""
    return round(100 * sum(PARTS[name] * value for name, value in parts.items()), 2)


def topic_of(content: Content, first: int, last: int) -> Topic:
    """The topic that holds most of the units."""

    def shared(topic: Topic) -> int:
        return min(last, topic.last_unit) - max(first, topic.first_unit)

    return max(content.topics, key=shared)


def _content(units: Sequence[Unit]) -> float:
    """Mean importance by time, lifted by the best third: a dull run with one gem is dull.

    Lowered where much of it is short exchange of words, which says nothing to others.
    """
    length = sum(u.duration_s for u in units)
    mean = sum(u.importance * u.duration_s for u in units) / length
    best = sorted((u.importance for u in units), reverse=True)[: max(1, len(units) // 3)]
    chat = sum(bool(u.signs.get("too_short") or u.signs.get("reply")) for u in units) / len(units)
    lowered = 1.0 - 0.6 * max(0.0, chat - 0.1)
    if any(u.signs.get("housekeeping") for u in units):
        lowered *= 0.6
    return min(1.0, 0.6 * mean + 0.4 * sum(best) / len(best)) * lowered


def _hook(units: Sequence[Unit]) -> float:
    """What is said in the first seconds: a question, a claim, a number; no "right, so"."""
    begun = [u for u in units if u.start_s < units[0].start_s + _HOOK_S]

    def best(sign: str) -> float:
        return max(u.signs.get(sign, 0.0) for u in begun)

    value = 0.4
    value += 0.25 * best("question")
    value += 0.2 * best("claim")
    value += 0.08 * best("number")
    value += 0.2 * best("definition")
    value += 0.05 * best("contrast")
    value += 0.1 * best("example")
    value += 0.2 * best("vivid")
    value += 0.1 * best("new_slide")
    value += 0.15 * best("emphasis")
    value -= 0.25 * units[0].signs.get("too_short", 0.0)
    value -= 0.2 * best("halting")
    value -= 0.5 * best("housekeeping")
    return min(1.0, max(0.0, value))


def _self_contained(units: Sequence[Unit]) -> float:
    """Whether the opening can be understood by somebody who has heard nothing before it."""
    opening = units[0].signs
    if not units[0].text:
        return 0.5
    value = 0.45 + 0.55 * opening.get("fresh", 0.5)
    value -= 0.45 * opening.get("dangling_start", 0.0)
    value -= 0.25 * opening.get("connective_start", 0.0)
    value -= 0.3 * opening.get("answer", 0.0)
    if units[0].lead_in and not opening.get("turn"):
        value -= 0.2
    value -= 0.2 * opening.get("reply", 0.0)
    for unit in units[:3]:
        value -= 0.15 * unit.signs.get("reply", 0.0)
    for unit in units[:2]:
        value -= 0.25 * unit.signs.get("backward", 0.0)
        value -= 0.25 * unit.signs.get("elsewhere", 0.0)
    return min(1.0, max(0.0, value))


def _closure(content: Content, last: int, ending: Unit, topic: Topic) -> float:
    """Whether it ends where a thought ends: the next unit begins a new one."""
    value = 0.2
    if last == topic.last_unit:
        value += 0.25
    if ends_sentence(ending.text):
        value += 0.15
    value += 0.25 * ending.signs.get("closure", 0.0)
    value += 0.2 * ending.signs.get("reaction", 0.0)
    if last < len(content.units):
        following = content.units[last]
        pause_s = following.start_s - ending.end_s
        value += 0.35 * following.signs.get("fresh", 0.0)
        value -= 0.2 * following.signs.get("connective_start", 0.0)
        value -= 0.15 * following.signs.get("dangling_start", 0.0)
    else:
        pause_s = 2.0
        value += 0.35
    value += 0.15 * min(1.0, max(0.0, pause_s))
    value -= 0.4 * ending.signs.get("question", 0.0)
    value -= 0.2 * ending.signs.get("turn", 0.0)
    value -= 0.5 * ending.signs.get("housekeeping", 0.0)
    return min(1.0, max(0.0, value))


def _coherence(units: Sequence[Unit], topic: Topic) -> float:
    """Stays on one topic, one sentence goes on with the other, the last comes back to it all."""
    inside = min(topic.end_s, units[-1].end_s) - max(topic.start_s, units[0].start_s)
    share = max(0.0, min(1.0, inside / (units[-1].end_s - units[0].start_s))) ** 2
    if not units[0].text:
        return share
    linked = sum(u.signs.get("dangling_start", 0.0) for u in units[1:])
    linked = min(1.0, linked / max(1.0, _WELL_LINKED * (len(units) - 1)))
    return share * (0.4 + 0.35 * linked + 0.25 * units[-1].signs.get("recalls", 0.0))


def _length(kept_s: float, options: SegmentOptions) -> float:
    """Full marks over the middle of what the channel allows: a thought takes its time."""
    low, high = options.min_s, options.max_s
    middle = low + 0.6 * (high - low)
    reach = max(middle - low, high - middle, 1e-6)
    return max(0.0, 1.0 - 0.5 * abs(kept_s - middle) / reach)


def reasons(content: Content, first: int, last: int, parts: dict[str, float]) -> list[str]:
    """Why, in words, most telling first."""
    units = content.units[first:last]
    said: list[str] = []
    opening = [w for sign, w in _WHY.items() if units[0].signs.get(sign, 0.0) >= 0.5]
    if opening:
        said.append(f"opens strong: {opening[0]}")
    counts = {
        sign: sum(1 for u in units if u.signs.get(sign, 0.0) >= 0.5)
        for sign in (
            "reaction",
            "vivid",
            "claim",
            "definition",
            "question",
            "answer",
            "example",
            "number",
            "contrast",
        )
    }
    for sign, count in sorted(counts.items(), key=lambda item: -item[1])[:2]:
        if count:
            said.append(f"{_WHY[sign]} ({count} of {len(units)} sentences)")
    topic = topic_of(content, first, last)
    if parts["coherence"] > 0.95 and topic.keyphrases:
        said.append(f"stays on {topic.title!r}")
    if last == topic.last_unit and content.basis == "sentences":
        said.append("ends with its topic")
    if content.basis == "speech":
        said.append("an unbroken run of speech")
    if content.basis == "slides":
        said.append("much to see in a short time")
    return said or ["the best of what there is"]
