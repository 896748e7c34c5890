"""What readers say of titles, and the model of their marks by which titles are chosen.

    python -m benchmarks.titles [--write]

5,053 titles of 440 passages that readers would post (`benchmarks.sentences`), of recordings of
`build`, were marked by readers who saw the passage: 3 says that a creator would use it as it is, 0
that it is a scrap, a list of words, or misleading (`benchmarks/real/titles.csv`: times, marks, and
of each title the first eight digits of its SHA-256, no text). They are the titles by rule, and
clauses of the passage's sentences. Ridge regression over the terms that occur in five recordings or
more, and over numbers (`vidpipe.segments.titles.wording`).

Printed is what it says of recordings that it was not fitted to, a tenth at a time: the mean mark of
the title that it puts first, how many of these have 2 and more, the same of the one that is first
by rule, and of the best one there is. `--write` keeps it in
`vidpipe/segments/titles/titles_en.csv`. Titles that rules no longer make are left out.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import Ridge

from benchmarks.recordings import heard, said_in
from vidpipe.content.model import Content
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments.edges import edges_of
from vidpipe.segments.titles import wording
from vidpipe.segments.titles.namer import Namer
from vidpipe.segments.titles.wording import PassageWords, numbers_of, terms_of
from vidpipe.transcript.model import Transcript

_TITLES = Path(__file__).parent / "real" / "titles.csv"
_FOLDS, _RECORDINGS, _STRENGTH = 10, 5, 30.0
_LEAST_SPREAD = 0.05
_GOOD = 2.0

Array = NDArray[np.float64]


def digest(title: str) -> str:
    """How a title is written in `titles.csv`."""
    return hashlib.sha256(title.encode()).hexdigest()[:8]


class Titles:
    """The marked titles of all recordings whose texts are here."""

    def __init__(self) -> None:
        marks: dict[str, dict[tuple[float, float], dict[str, float]]] = {}
        with _TITLES.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                times = float(row["start_s"]), float(row["end_s"])
                titles = marks.setdefault(row["recording"], {}).setdefault(times, {})
                titles[row["title"]] = float(row["mark"])
        self.recordings: list[str] = []
        self.passages: list[int] = []
        self.terms: list[set[str]] = []
        numbers, said, by_rule = [], [], []
        for name, sentences in said_in("build").items():
            transcript, _, content = heard(sentences) if name in marks else (None, None, None)
            if transcript is None or content is None:
                continue
            for title, known, passage, number, mark in _found(
                transcript, content, name, marks[name]
            ):
                self.recordings.append(name)
                self.passages.append(number)
                self.terms.append(terms_of(title))
                numbers.append(list(numbers_of(title, known, passage).values()))
                said.append(mark)
                by_rule.append(-1.0 if known is None else known)
                self.names = list(numbers_of(title, known, passage))
        self.marks, self.by_rule = np.array(said), np.array(by_rule)
        values = np.array(numbers)
        self.middle = values.mean(axis=0)
        self.spread = np.maximum(values.std(axis=0), _LEAST_SPREAD)
        met: dict[str, set[str]] = {}
        for found, name in zip(self.terms, self.recordings, strict=True):
            for term in found:
                met.setdefault(term, set()).add(name)
        self.known = sorted(t for t, names in met.items() if len(names) >= _RECORDINGS)
        column = {t: k for k, t in enumerate(self.known)}
        at = [(i, column[t]) for i, found in enumerate(self.terms) for t in found if t in column]
        i, j = np.array(at).T
        shape = (len(self.terms), len(self.known))
        self.values = hstack(
            [
                csr_matrix((np.ones(len(at)), (i, j)), shape=shape),
                (values - self.middle) / self.spread,
            ]
        ).tocsr()

    def left_out(self) -> Array:
        """What models say of the titles of recordings that they were not fitted to."""
        said = np.zeros(len(self.marks))
        groups = np.array(self.recordings)
        names = np.unique(groups)
        for fold in range(_FOLDS):
            rows = np.isin(groups, names[fold::_FOLDS])
            model = Ridge(alpha=_STRENGTH).fit(self.values[~rows], self.marks[~rows])
            said[rows] = model.predict(self.values[rows])
        return said

    def table(self) -> dict[str, float]:
        """Weights of terms and numbers as they are, fitted to all."""
        model = Ridge(alpha=_STRENGTH).fit(self.values, self.marks)
        terms, numbers = np.split(model.coef_, [len(self.known)])
        numbers = numbers / self.spread
        start = float(model.intercept_) - float(self.middle @ numbers)
        weights = [start, *terms.tolist(), *numbers.tolist()]
        return dict(zip(["", *self.known, *self.names], weights, strict=True))


def _found(
    transcript: Transcript,
    content: Content,
    name: str,
    marks: dict[tuple[float, float], dict[str, float]],
) -> Iterator[tuple[str, float | None, PassageWords, int, float]]:
    """The marked titles that there are: worth by rule, passage and its number, mark."""
    phrases = cue_phrases("en")
    namer = Namer(content, phrases, (), name)
    edges = edges_of(content.units, transcript.words, phrases)
    middles = [(u.start_s + u.end_s) / 2 for u in content.units]
    for number, (times, titles) in enumerate(marks.items()):
        first, last = np.searchsorted(middles, times).tolist()
        run = edges.run(first, last)
        passage = PassageWords(run, phrases)
        tags = namer.tags(run, first, last)
        for title, known in namer.options(run, first, last, tags).items():
            if digest(title) in titles:
                yield title, known, passage, number, titles[digest(title)]


def report(titles: Titles) -> str:
    """The figures of the docstring."""
    said = titles.left_out()
    keys = list(zip(titles.recordings, titles.passages, strict=True))
    rows: dict[tuple[str, int], list[int]] = {}
    for k, key in enumerate(keys):
        rows.setdefault(key, []).append(k)
    lines = [f"{len(titles.marks)} titles of {len(rows)} passages"]
    for who, values in (("learnt", said), ("by rule", titles.by_rule), ("best", titles.marks)):
        first = np.array([titles.marks[max(at, key=lambda k: values[k])] for at in rows.values()])
        lines.append(
            f"{who:8} mean mark {first.mean():.2f}, 2 and more {(first >= _GOOD).mean():.0%}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the weights")
    args = parser.parse_args()
    titles = Titles()
    print(report(titles))
    if args.write:
        lines = ["term,weight"] + [f"{t},{w:.3g}" for t, w in sorted(titles.table().items())]
        path = Path(wording.__file__).parent / "titles_en.csv"
        path.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
