"""Topic borders side by side: Pk and WindowDiff (segeval), and the time of a long transcript.

    python -m benchmarks.topics [--first-seed N] [--sentence-model FOLDER]

Two sets: thirty talks joined from eight stretches of different lectures, whose borders are
known by construction; lectures whose borders are their slides as people labelled them, slides
of under half a minute joined to the one before. Lower is better. The peers: NLTK's TextTiling
with its defaults, every sentence a paragraph; parts of equal length, told the true number; one
topic; and the first attempt (least variance of smoothed TF-IDF vectors, one penalty, which was
chosen to do best on the joined talks).
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import segeval
from nltk.tokenize import TextTilingTokenizer
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from benchmarks.lectures import Talk, by_slides, joined, lectures, transcript_of
from vidpipe.content.analyse import analyse
from vidpipe.content.model import Content, SentenceModelOptions, TopicOptions
from vidpipe.content.vectors import SentenceModel, sentence_model
from vidpipe.layout.model import Layout
from vidpipe.models import ModelStore
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.silence.model import SpeechMap
from vidpipe.transcript.model import Transcript

Masses = Sequence[int]
_HOURS = 3


def _layout(duration_s: float) -> Layout:
    return Layout(width=1280, height=720, duration_s=duration_s, stretches=(), shots=(), slides=())


def _analysed(transcript: Transcript, speech: SpeechMap, model: SentenceModel | None) -> Content:
    layout = _layout(speech.duration_s)
    return analyse(
        transcript, speech, np.zeros(0, np.float32), 0.05, layout, TopicOptions(), model=model
    )


def ours(model: SentenceModel | None) -> Callable[[Talk], Masses]:
    def find(talk: Talk) -> Masses:
        content = _analysed(*transcript_of(talk.sentences), model)
        return [t.last_unit - t.first_unit for t in content.topics]

    return find


def text_tiling(talk: Talk) -> Masses:
    tiler = TextTilingTokenizer(stopwords=sorted(ENGLISH_STOP_WORDS))
    parts = tiler.tokenize("\n\n" + "\n\n".join(s.text for s in talk.sentences))
    return [sum(1 for p in part.split("\n\n") if p.strip()) for part in parts]


def equal(talk: Talk) -> Masses:
    count, total = len(talk.topics), len(talk.sentences)
    borders = [round(k * total / count) for k in range(count + 1)]
    return [b - a for a, b in itertools.pairwise(borders)]


def one(talk: Talk) -> Masses:
    return [len(talk.sentences)]


def first_attempt(talk: Talk) -> Masses:
    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    vectors = vectorizer.fit_transform([s.text for s in talk.sentences]).toarray()
    n = len(vectors)
    smooth = np.zeros_like(vectors)
    for k in range(-3, 4):
        low, high = max(0, -k), min(n, n - k)
        smooth[low:high] += vectors[low + k : high + k] / (1 + abs(k))
    smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-9)
    sums = np.vstack([np.zeros(smooth.shape[1]), np.cumsum(smooth, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((smooth**2).sum(axis=1))])

    def costs(last: int) -> np.ndarray:
        totals = sums[last] - sums[:last]
        sizes = np.arange(last, 0, -1)
        return squares[last] - squares[:last] - (totals**2).sum(axis=1) / sizes

    penalty = 0.375 * costs(n)[0] / np.sqrt(n)
    best, back = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = -penalty
    for last in range(1, n + 1):
        values = best[:last] + costs(last) + penalty
        back[last] = int(np.argmin(values))
        best[last] = values[back[last]]
    borders = [n]
    while borders[-1]:
        borders.append(int(back[borders[-1]]))
    return [b - a for a, b in itertools.pairwise(borders[::-1])]


def measured(talks: Sequence[Talk], find: Callable[[Talk], Masses]) -> str:
    pk, difference, share = [], [], []
    for talk in talks:
        found = tuple(find(talk))
        # TextTiling loses a sentence of punctuation now and then.
        lost = len(talk.sentences) - sum(found)
        found = (*found[:-1], found[-1] + lost)
        pk.append(float(segeval.pk(found, talk.topics)))
        difference.append(float(segeval.window_diff(found, talk.topics)))
        share.append(len(found) / len(talk.topics))
    return f"{np.mean(pk):.3f} / {np.mean(difference):.3f} / {statistics.median(share):.2f}"


def timing(console: Console, model: SentenceModel | None) -> None:
    """Topics and segments of a transcript of three hours."""
    said = [s for lecture in lectures().values() for s in lecture]
    lengths = np.cumsum([s.duration_s for s in said])
    said = said[: int(np.searchsorted(lengths, _HOURS * 3600)) + 1]
    transcript, speech = transcript_of(said)
    started = time.monotonic()
    content = _analysed(transcript, speech, model)
    middle = time.monotonic()
    select_segments(content, transcript, speech, SegmentOptions(), speech.duration_s, "talk")
    ended = time.monotonic()
    console.print(
        f"{len(said)} sentences of {_HOURS} h{' with a model' if model else ''}: topics "
        f"{middle - started:.1f} s, segments {ended - middle:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--sentence-model", type=Path, help="a folder of sentence-transformers")
    args = parser.parse_args()
    console = Console(width=120)
    finders: dict[str, Callable[[Talk], Masses]] = {
        "vidpipe, words": ours(None),
        "the first attempt": first_attempt,
        "TextTiling": text_tiling,
        "equal parts, number given": equal,
        "one topic": one,
    }
    model = None
    if args.sentence_model:
        options = SentenceModelOptions(path=str(args.sentence_model))
        model, _ = sentence_model(options, ModelStore(Path(), may_fetch=False))
        finders = {"vidpipe, words and sentence model": ours(model), **finders}
    sets = {
        "joined": [joined(args.first_seed + k) for k in range(30)],
        "slides of one lecture": by_slides(),
    }
    table = Table("Pk / WindowDiff / topics found per true one", *sets)
    for name, find in finders.items():
        table.add_row(name, *(measured(talks, find) for talks in sets.values()))
    console.print(table)
    timing(console, None)
    if model:
        timing(console, model)


if __name__ == "__main__":
    main()
