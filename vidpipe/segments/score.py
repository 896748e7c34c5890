"""How good a run of units is as a clip, and why."""

from __future__ import annotations

from collections.abc import Sequence

from vidpipe.content.model import Content, Topic, Unit
from vidpipe.segments.model import SegmentOptions

#: What each part counts; they sum to 1.
PARTS = {"content": 0.42, "hook": 0.2, "closure": 0.13, "coherence": 0.15, "length": 0.1}

_WHY = {
    "question": "asks a question",
    "claim": "makes a claim",
    "definition": "defines a term",
    "enumeration": "lists points",
    "contrast": "draws a contrast",
    "example": "gives an example",
    "number": "names a number",
    "emphasis": "is spoken with emphasis",
    "new_slide": "comes with a new slide",
}


def score_run(
    content: Content, first: int, last: int, kept_s: float, options: SegmentOptions
) -> dict[str, float]:
    """The parts, 0 to 1 each, of units `[first, last)`."""
    units = content.units[first:last]
    opening, ending = units[0], units[-1]
    topic = topic_of(content, first, last)
    inside = min(topic.end_s, ending.end_s) - max(topic.start_s, opening.start_s)
    length = ending.end_s - opening.start_s
    return {
        "content": _content(units),
        "hook": _hook(opening),
        "closure": _closure(content, last, ending, topic),
        "coherence": max(0.0, min(1.0, inside / length)) ** 2,
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
    """Mean importance by time, lifted by the best third: a dull run with one gem is dull."""
    length = sum(u.duration_s for u in units)
    mean = sum(u.importance * u.duration_s for u in units) / length
    best = sorted((u.importance for u in units), reverse=True)[: max(1, len(units) // 3)]
    return min(1.0, 0.6 * mean + 0.4 * sum(best) / len(best))


def _hook(opening: Unit) -> float:
    signs = opening.signs
    value = 0.45
    value += 0.35 * signs.get("question", 0.0)
    value += 0.25 * signs.get("claim", 0.0)
    value += 0.15 * signs.get("number", 0.0)
    value += 0.2 * signs.get("definition", 0.0)
    value += 0.15 * signs.get("new_slide", 0.0)
    value += 0.15 * signs.get("emphasis", 0.0)
    value -= 0.35 * signs.get("dangling_start", 0.0)
    value -= 0.4 * signs.get("housekeeping", 0.0)
    return min(1.0, max(0.0, value))


def _closure(content: Content, last: int, ending: Unit, topic: Topic) -> float:
    value = 0.35
    if last == topic.last_unit:
        value += 0.3
    if ending.text.rstrip("\"')”’").endswith((".", "!", "。")):
        value += 0.15
    value += 0.2 * ending.signs.get("closure", 0.0)
    pause = content.units[last].start_s - ending.end_s if last < len(content.units) else 2.0
    value += 0.2 * min(1.0, max(0.0, pause))
    value -= 0.3 * ending.signs.get("question", 0.0)
    return min(1.0, max(0.0, value))


def _length(kept_s: float, options: SegmentOptions) -> float:
    """Full marks in the middle of what the channel allows, half at its ends."""
    low, high = options.min_s, options.max_s
    middle = low + 0.45 * (high - low)
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
        for sign in ("claim", "definition", "question", "example", "number", "contrast")
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
