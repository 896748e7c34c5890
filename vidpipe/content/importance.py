"""How much each unit matters: many weak signs, each kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidpipe.content.language import CuePhrases
from vidpipe.content.model import Topic, Unit
from vidpipe.layout.model import Layout
from vidpipe.silence.model import SpeechMap

#: What each sign adds; the opposite signs subtract.
WEIGHTS = {
    "centrality": 0.30,
    "claim": 0.16,
    "definition": 0.12,
    "question": 0.10,
    "enumeration": 0.06,
    "contrast": 0.06,
    "example": 0.08,
    "number": 0.06,
    "emphasis": 0.12,
    "new_slide": 0.06,
    "housekeeping": -0.45,
    "too_short": -0.15,
}

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|percent)\b",
    re.IGNORECASE,
)


def centrality(vectors: NDArray[np.float64], topics: Sequence[Topic]) -> NDArray[np.float64]:
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


def emphasis(units: Sequence[Unit], level_db: NDArray[np.float32], hop_s: float) -> list[float]:
    """Loudness of each unit against the recording's own, 0 to 1 by rank."""
    means = []
    for unit in units:
        part = level_db[int(unit.start_s / hop_s) : max(1, int(unit.end_s / hop_s))]
        means.append(float(np.percentile(part, 75)) if len(part) else -120.0)
    return [float(v) for v in _ranks(np.array(means))]


def signs_of_text(text: str, phrases: CuePhrases) -> dict[str, float]:
    """Signs that the words alone give."""
    found = {
        kind: min(1.0, phrases.count(kind, text) / 2 + 0.5) if phrases.count(kind, text) else 0.0
        for kind in (
            "claim",
            "definition",
            "enumeration",
            "contrast",
            "example",
            "closure",
            "housekeeping",
        )
    }
    found["question"] = 1.0 if text.rstrip("\"')”’ ").endswith("?") else 0.0
    found["number"] = 1.0 if _NUMBER.search(text) else 0.0
    found["too_short"] = 1.0 if len(text.split()) < 4 else 0.0
    first = re.sub(r"[^\w']", "", text.split(maxsplit=1)[0].lower()) if text.split() else ""
    found["dangling_start"] = 1.0 if first.split("'")[0] in phrases.dangling_start else 0.0
    return found


def weigh(
    units: Sequence[Unit],
    vectors: NDArray[np.float64],
    topics: Sequence[Topic],
    layout: Layout,
    speech: SpeechMap,
    level_db: NDArray[np.float32],
    hop_s: float,
    phrases: CuePhrases,
) -> list[Unit]:
    """The units with their signs and importance."""
    central = centrality(vectors, topics) if len(vectors) else np.zeros(len(units))
    loud = emphasis(units, level_db, hop_s)
    turns = np.array([s.start_s for s in layout.slides[1:]])
    weighed = []
    for k, unit in enumerate(units):
        signs = signs_of_text(unit.text, phrases) if unit.text else {}
        signs["centrality"] = float(central[k])
        signs["emphasis"] = loud[k]
        near = len(turns) and float(np.min(np.abs(turns - unit.start_s))) < 3.0
        signs["new_slide"] = 1.0 if near else 0.0
        if not unit.text:
            voiced = sum(s.overlap_s(unit) for s in speech.speech)
            signs["centrality"] = min(1.0, voiced / unit.duration_s)
        total = 0.3 + sum(WEIGHTS.get(name, 0.0) * value for name, value in signs.items())
        weighed.append(
            unit.model_copy(
                update={
                    "signs": {n: round(v, 3) for n, v in signs.items() if round(v, 3)},
                    "importance": round(min(1.0, max(0.0, total)), 4),
                }
            )
        )
    return weighed


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high - low > 1e-9 else np.full(len(values), 0.5)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) < 2:
        return np.full(len(values), 0.5)
    return np.asarray(values.argsort().argsort() / (len(values) - 1), np.float64)
