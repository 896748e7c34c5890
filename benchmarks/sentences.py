"""Where readers of whole transcripts would begin and end clips, and the model of it.

    python -m benchmarks.sentences [--write]

61,000 sentences of 126 transcripts (those of `benchmarks/real/choice.yaml` and the labelled
lectures) were read in order, twice, by readers who knew nothing of what is chosen and of each
other. Of each they said whether a clip may begin with it (0 no, 1 fine, 2 gripping) and end with it
(`benchmarks/real/sentences.csv` has those of 1 and 2 by their time, no text), and which passages of
40 to 150 words they would give a mark of 5 of 10 and more (`read_passages.csv`). What one would
begin with the other would in 58 to 62 of 100, end with in 61 to 71: that is how far readers agree.
Of a recording's last sentences up to 14 were not read: they count as neither.

Two logistic regressions are fitted to the recordings of `build`: over the terms that occur in ten
recordings or more and over signs (`vidpipe.segments.borders.table`). Printed is what they say of
recordings that they were not fitted to, a fifth at a time, and of the lists that are only measured
on: the area under the ROC curve, and the average precision beside the share of such sentences.
`--write` keeps them in `vidpipe/segments/borders/borders_en.csv`, without what counts next to
nothing. What is read with the words around, by a network, is `benchmarks.border_network`.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.recordings import heard, said_in
from vidpipe.content.model import Unit
from vidpipe.segments.borders import table as border_table
from vidpipe.segments.borders.model import Border
from vidpipe.segments.borders.table import numbers_at, terms_at
from vidpipe.segments.wording import words_of

REAL = Path(__file__).parent / "real"
_LISTS = ("build", "held_out", "fresh")
_FOLDS = 5
#: A term of fewer recordings is what they are about; one that moves a sentence by less than this
#: many log odds is left out of what is kept.
_RECORDINGS, _LEAST = 10, 0.06
_STRENGTH = 0.05
#: A number that differs less among sentences counts as if it differed so much.
_LEAST_SPREAD = 0.05
KINDS = ("opens", "ends")
#: Readers, and what they say of a sentence: each of both kinds, 0 to 2.
READERS = (0, 1)
Marks = tuple[tuple[int, int], tuple[int, int]]
UNMARKED: Marks = ((0, 0), (0, 0))

Array = NDArray[np.float64]


@dataclass(frozen=True)
class KnownBorders:
    """Borders that are known beforehand, in place of a table's."""

    borders: list[Border]

    def of(self, _units: Sequence[Unit]) -> list[Border]:
        """As `BorderReader.of`."""
        return self.borders


@dataclass(frozen=True)
class _Read:
    """A sentence as the models see it, and what readers said of it."""

    recording: str
    terms: frozenset[str]
    numbers: Mapping[str, float]
    said: Marks


def read_passages(name: str, reader: int) -> list[tuple[float, float, float]]:
    """Start and end in seconds and mark of the passages that a reader found in a recording."""
    with (REAL / "read_passages.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["recording"] == name and int(row["reader"]) == reader + 1
        ]
    return [(float(r["start_s"]), float(r["end_s"]), float(r["mark"])) for r in rows]


def said_of(name: str) -> dict[str, Marks]:
    """By a sentence's start as it is written in the file: may it begin, may it end a clip."""
    with (REAL / "sentences.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["recording"] == name]
    return {
        r["start_s"]: (
            (int(r["opens"]), int(r["ends"])),
            (int(r["second_opens"]), int(r["second_ends"])),
        )
        for r in rows
    }


def written(unit: Unit) -> str:
    """A sentence's start as it is written in `sentences.csv`."""
    return f"{unit.start_s:.2f}"


def _sentences(name: str, units: Sequence[Unit]) -> list[_Read]:
    words = [words_of(u.text) for u in units]
    said = said_of(name)
    return [
        _Read(
            name,
            frozenset(terms_at(units, words, k)),
            numbers_at(units, words, k),
            said.get(written(unit), UNMARKED),
        )
        for k, unit in enumerate(units)
    ]


class Borders:
    """The sentences of all recordings whose texts are here, and models of them."""

    def __init__(self) -> None:
        self.lists: dict[str, str] = {}
        self.read: list[_Read] = []
        for column in _LISTS:
            for name, said in said_in(column).items():
                self.lists[name] = column
                self.read += _sentences(name, heard(said)[2].units)
        self.names = np.array([r.recording for r in self.read])
        self.built = np.array([self.lists[r.recording] == "build" for r in self.read])
        #: Shape (sentences, readers, kinds).
        self.said = np.array([r.said for r in self.read])
        self._numbers = sorted(self.read[0].numbers)
        met: dict[str, set[str]] = {}
        for sentence, built in zip(self.read, self.built, strict=True):
            for term in sentence.terms if built else ():
                met.setdefault(term, set()).add(sentence.recording)
        self._terms = sorted(t for t, names in met.items() if len(names) >= _RECORDINGS)
        values = np.array([[r.numbers[s] for s in self._numbers] for r in self.read])
        self._middle = values[self.built].mean(axis=0)
        self._spread = np.maximum(values[self.built].std(axis=0), _LEAST_SPREAD)
        self._values = self._matrix((values - self._middle) / self._spread)

    def _matrix(self, numbers: Array) -> csr_matrix:
        number = {t: k for k, t in enumerate(self._terms)}
        at = [(i, number[t]) for i, r in enumerate(self.read) for t in r.terms if t in number]
        i, j = np.array(at).T
        shape = (len(self.read), len(self._terms))
        return hstack([csr_matrix((np.ones(len(at)), (i, j)), shape=shape), numbers]).tocsr()

    def fitted(self, kind: int, rows: NDArray[np.bool_]) -> LogisticRegression:
        """The model of `opens` (0) or `ends` (1), fitted to the sentences of `rows`."""
        model = LogisticRegression(C=_STRENGTH, solver="liblinear", max_iter=300)
        said = self.said[rows][:, :, kind] > 0
        return model.fit(vstack([self._values[rows]] * len(READERS)), said.T.ravel())

    def left_out(self) -> Array:
        """Log odds of every sentence by models that its recording had no part in: shape (n, 2)."""
        found = np.zeros((len(self.read), len(KINDS)))
        names = np.unique(self.names[self.built])
        for kind in range(len(KINDS)):
            for fold in range(_FOLDS):
                rows = np.isin(self.names, names[fold::_FOLDS])
                model = self.fitted(kind, self.built & ~rows)
                found[rows, kind] = model.decision_function(self._values[rows])
            measured = ~self.built
            if measured.any():
                model = self.fitted(kind, self.built)
                found[measured, kind] = model.decision_function(self._values[measured])
        return found

    def borders(self) -> dict[str, list[Border]]:
        """By recording, as `BorderReader.of` has them, by models that it had no part in."""
        odds = self.left_out()
        middle, spread = odds[self.built].mean(axis=0), odds[self.built].std(axis=0)
        values = (odds - middle) / spread
        return {
            str(name): [Border(float(a), float(b)) for a, b in values[self.names == name]]
            for name in np.unique(self.names)
        }

    def table(self) -> dict[str, tuple[float, float]]:
        """Weights of each term and number, in standard deviations of the sentences' log odds."""
        weights = []
        for kind in range(len(KINDS)):
            model = self.fitted(kind, self.built)
            odds = model.decision_function(self._values[self.built])
            terms, numbers = np.split(model.coef_[0], [len(self._terms)])
            terms = np.where(np.abs(terms) < _LEAST, 0.0, terms)
            numbers = numbers / self._spread
            # What terms of no account said together is said by all alike.
            kept = self._values[self.built] @ np.concatenate([terms, numbers * self._spread])
            start = -float(kept.mean()) - float(self._middle @ numbers)
            weights.append(np.concatenate([[start], terms, numbers]) / float(odds.std()))
        names = ["", *self._terms, *self._numbers]
        return {
            name: (float(opens), float(ends))
            for name, opens, ends in zip(names, *weights, strict=True)
            if opens or ends
        }


def agreement(said: NDArray[np.int_], values: Array) -> str:
    """How well values tell the sentences that readers marked, on the average of both.

    `said` of shape (sentences, readers), `values` of shape (sentences,).
    """
    wanted = [said[:, reader] > 0 for reader in READERS]
    area = np.mean([roc_auc_score(w, values) for w in wanted])
    precision = np.mean([average_precision_score(w, values) for w in wanted])
    return (
        f"of {len(values)} sentences: area under ROC {area:.3f}, average precision "
        f"{precision:.2f} where {np.mean(wanted):.1%} are such"
    )


def report(read: Borders) -> str:
    """The figures of the docstring."""
    odds, lines = read.left_out(), []
    for column in _LISTS:
        rows = np.array([read.lists[str(name)] == column for name in read.names])
        if not rows.any():
            continue
        for k, kind in enumerate(KINDS):
            lines.append(f"{column:8} {kind:5} {agreement(read.said[rows, :, k], odds[rows, k])}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the weights")
    args = parser.parse_args()
    read = Borders()
    print(report(read))
    if args.write:
        lines = ["term," + ",".join(KINDS)]
        for term, (opens, ends) in sorted(read.table().items()):
            lines.append(f"{term},{opens:.3g},{ends:.3g}")
        path = Path(border_table.__file__).parent / "borders_en.csv"
        path.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
