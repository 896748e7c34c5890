"""The labelled lectures, and talks joined from stretches of them."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe.transcript.model import Sentence, Transcript, Word

_FOLDER = Path(__file__).parents[2] / "shared" / "media" / "labelled" / "mavils"


@dataclass(frozen=True)
class Said:
    """A sentence with its length, and the slide that was shown (-1 for none)."""

    text: str
    duration_s: float
    slide: int


@dataclass(frozen=True)
class Talk:
    """Sentences in order and how many of them each true topic has."""

    name: str
    sentences: tuple[Said, ...]
    topics: tuple[int, ...]


def lectures() -> dict[str, list[Said]]:
    """Every labelled lecture, by name."""
    found = {}
    for path in sorted(_FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        ends = [float(r["sentence_end_s"]) for r in rows]
        found[path.stem] = [
            Said(r["sentence"], end - start, int(float(r["slide"])))
            for r, start, end in zip(rows, [0.0, *ends], ends, strict=False)
        ]
    return found


def joined(seed: int, parts: int = 8) -> Talk:
    """Stretches of 20 to 60 sentences of different lectures, one after the other."""
    rng = np.random.default_rng(seed)
    every = list(lectures().values())
    sentences: list[Said] = []
    sizes = []
    for k in rng.choice(len(every), parts, replace=False):
        size = min(int(rng.integers(20, 61)), len(every[k]))
        first = int(rng.integers(0, len(every[k]) - size + 1))
        sentences += every[k][first : first + size]
        sizes.append(size)
    return Talk(f"joined {seed}", tuple(sentences), tuple(sizes))


def by_slides(min_s: float = 30.0) -> list[Talk]:
    """Lectures whose topics are their slides; one shown for less belongs to the one before."""
    talks = []
    for name, said in lectures().items():
        runs: list[tuple[int, int, float]] = []  # slide, sentences, seconds
        for slide, group in itertools.groupby(said, key=lambda s: s.slide):
            part = list(group)
            length = sum(s.duration_s for s in part)
            if runs and (runs[-1][2] < min_s or length < min_s or slide == runs[-1][0]):
                before = runs.pop()
                runs.append((before[0], before[1] + len(part), before[2] + length))
            else:
                runs.append((slide, len(part), length))
        if len(runs) > 2:
            talks.append(Talk(name, tuple(said), tuple(count for _, count, _ in runs)))
    return talks


def transcript_of(said: Sequence[Said]) -> tuple[Transcript, SpeechMap]:
    """With words spread evenly over their sentences."""
    words: list[Word] = []
    sentences: list[Sentence] = []
    start_s = 0.0
    for sentence in said:
        texts = sentence.text.split()
        first, at = len(words), start_s
        per_letter = 0.97 * sentence.duration_s / max(1, sum(len(t) + 1 for t in texts))
        for text in texts:
            end = at + per_letter * (len(text) + 1)
            words.append(Word(text=text, start_s=round(at, 3), end_s=round(end, 3)))
            at = end
        if texts:
            sentences.append(
                Sentence(
                    text=sentence.text,
                    start_s=round(start_s, 3),
                    end_s=round(at, 3),
                    first_word=first,
                    last_word=len(words),
                )
            )
        start_s += sentence.duration_s
    speech = tuple(span(s.start_s, s.end_s) for s in sentences)
    transcript = Transcript(
        source="sidecar", language="en", words=tuple(words), sentences=tuple(sentences)
    )
    return transcript, SpeechMap(duration_s=start_s, speech=speech)
