"""How much each unit matters: many weak signs, each kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.content.model import Topic, Unit
from vidpipe.content.voice import ranks
from vidpipe.language.phrases import CuePhrases
from vidpipe.language.signs import signs_of_text
from vidpipe.layout.model import Layout
from vidpipe.silence.model import SpeechMap

#: What each sign adds; the opposite signs subtract. Signs without a weight say how a unit
#: does at the start or the end of a segment, or are only kept (`pointing`).
WEIGHTS = {
    "centrality": 0.16,
    "claim": 0.16,
    "definition": 0.12,
    "question": 0.10,
    "answer": 0.08,
    "enumeration": 0.06,
    "contrast": 0.03,
    "example": 0.14,
    "number": 0.03,
    "emphasis": 0.12,
    "reaction": 0.15,
    "new_slide": 0.06,
    "backward": -0.1,
    "vivid": 0.10,
    "halting": -0.15,
    "reply": -0.25,
    "housekeeping": -0.45,
    "elsewhere": -0.20,
    "too_short": -0.15,
}

_SHORTLY_S = 40.0
_NEAR_SLIDE_S = 3.0
_PAUSE_S = 1.5


def centrality(vectors: NDArray[np.float32], topics: Sequence[Topic]) -> NDArray[np.float64]:
    """Closeness of each unit to the middle of its topic, 0 to 1 within the topic, shape (n,)."""
    out = np.zeros(len(vectors))
    for topic in topics:
        part = vectors[topic.first_unit : topic.last_unit]
        middle = part.mean(axis=0)
        norm = np.linalg.norm(middle)
        if norm < 1e-9:
            continue
        near = part @ (middle / norm)
        out[topic.first_unit : topic.last_unit] = _spread(near)
    return out


def recalls(units: Sequence[Unit], terms: Sequence[Sequence[str]]) -> list[float]:
    """How many terms of each unit were said shortly before it, 1 for four and more."""
    found = []
    first = 0
    for k, unit in enumerate(units):
        while units[first].start_s < unit.start_s - _SHORTLY_S:
            first += 1
        before = {t for earlier in terms[first:k] for t in earlier}
        found.append(min(1.0, len(before & set(terms[k])) / 4))
    return found


def weigh(
    units: Sequence[Unit],
    vectors: NDArray[np.float32],
    breaks: NDArray[np.float64],
    topics: Sequence[Topic],
    layout: Layout,
    speech: SpeechMap,
    voices: Sequence[Mapping[str, float]],
    reactions: Sequence[float],
    phrases: CuePhrases,
) -> list[Unit]:
    """The units with their signs and importance.

    `voices` and `reactions` say for each unit how it is spoken and what follows it;
    `vectors` has a row for each unit, or none; `breaks` says how little each unit goes
    on with what was said before it.
    """
    central = centrality(vectors, topics) if len(vectors) else np.zeros(len(units))
    fresh = ranks(breaks)
    turns = np.array([s.start_s for s in layout.slides[1:]])
    texts = [signs_of_text(u.text, phrases) if u.text else {} for u in units]
    recalled = recalls(units, [phrases.terms(u.text) for u in units])
    weighed = []
    for k, unit in enumerate(units):
        signs = {**texts[k], **voices[k], "reaction": reactions[k]}
        if unit.text:
            signs["centrality"] = float(central[k])
            signs["recalls"] = recalled[k]
            signs["fresh"] = _fresh(float(fresh[k]), units, k, signs)
            asked = max((texts[j]["question"] for j in (k - 2, k - 1) if j >= 0), default=0.0)
            signs["answer"] = asked * (1.0 - signs["question"]) * (1.0 - signs["too_short"])
        else:
            voiced = sum(s.overlap_s(unit) for s in speech.speech)
            signs["centrality"] = min(1.0, voiced / unit.duration_s)
        near = len(turns) and float(np.min(np.abs(turns - unit.start_s))) < _NEAR_SLIDE_S
        signs["new_slide"] = 1.0 if near else 0.0
        total = 0.3 + sum(WEIGHTS.get(name, 0.0) * value for name, value in signs.items())
        weighed.append(
            unit.model_copy(
                update={
                    "lead_in": phrases.lead_in(unit.text),
                    "signs": {n: round(v, 3) for n, v in signs.items() if round(v, 3)},
                    "importance": round(min(1.0, max(0.0, total)), 4),
                }
            )
        )
    return weighed


def _fresh(unlike: float, units: Sequence[Unit], k: int, signs: Mapping[str, float]) -> float:
    """Whether a new thought begins: other words than before, after a pause, said so."""
    pause_s = units[k].start_s - units[k - 1].end_s if k else _PAUSE_S
    paused = min(1.0, max(0.0, pause_s / _PAUSE_S))
    turned = signs["turn"] and not signs["dangling_start"]
    return min(1.0, 0.6 * unlike + 0.2 * paused + (0.4 if turned else 0.0))


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high - low > 1e-9 else np.full(len(values), 0.5)
