"""Signs of single sentences: what their words say about them."""

from __future__ import annotations

import re

from vidpipe.language.frequency import rare_share
from vidpipe.language.headline import headlines
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.sentence import (
    ended,
    endless,
    names,
    notation,
    opens,
    unnamed,
    words_in,
)
from vidpipe.text import CLOSING, width

#: Signs that cue phrases give.
_CUED = (
    "claim",
    "definition",
    "enumeration",
    "contrast",
    "example",
    "number",
    "vivid",
    "halting",
    "pointing",
    "closure",
    "turn",
    "backward",
    "elsewhere",
    "housekeeping",
    "agenda",
    "person",
    "slip",
    "expectation",
    "reversal",
    "reason",
    "promise",
    "story",
    "picture",
    "here",
)
#: And those that only count at the start.
_AT_START = ("dangling_start", "connective_start", "reply")
_QUESTION = ("?", "？", "؟", "\u037e")  # the last is Greek
#: Fewer columns of text (wide characters are two) say nothing alone.
_SHORT = 18
#: So many in ten words are as many as a sign can count.
_DENSE = 10.0


def signs_of_text(text: str, phrases: CuePhrases) -> dict[str, float]:
    """Signs that the words alone give."""
    counts = {kind: phrases.count(kind, text) for kind in _CUED}
    found = {kind: min(1.0, n / 2 + 0.5) if n else 0.0 for kind, n in counts.items()}
    found["number"] = 1.0 if counts["number"] or re.search(r"\d", text) else 0.0
    asked = text.rstrip(CLOSING + " ").endswith(_QUESTION)
    found["question"] = (1.0 if width(text) > 2 * _SHORT else 0.3) if asked else 0.0
    found["too_short"] = 1.0 if width(text) < _SHORT else 0.0
    for kind in _AT_START:
        found[kind] = 1.0 if phrases.starts(kind, text) else 0.0
    found["anaphors"] = min(1.0, phrases.count("dangling_start", text) / 3)
    found["unnamed"] = 1.0 if unnamed(text, phrases) else 0.0
    found["notation"] = min(1.0, notation(text, phrases) / 2)
    found["names"] = min(1.0, len(names(text)) / 2)
    found["endless"] = endless(text)
    found["unended"] = 0.0 if ended(text) else 1.0
    for kind in ("boundary", "sequel"):
        found[kind] = 1.0 if opens(text, phrases, kind) else 0.0
    found["reason_start"] = 1.0 if phrases.starts("reason", text) else 0.0
    words = max(1, words_in(text))
    for kind in ("demonstrative", "comparison", "condition"):
        found[kind] = min(1.0, _DENSE * phrases.count(kind, text) / words)
    found["rare"] = rare_share(text, phrases.language)
    lines = headlines(text, phrases)
    found["title"] = min(1.0, max(0.0, lines[0].worth)) if lines else 0.0
    return found
