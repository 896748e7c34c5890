"""What the borders of a passage count beside its factors, and how often readers chose the same.

    python -m benchmarks.passages [--fit] [--table]

Readers of whole transcripts found 3,260 passages there that they would give a mark of 5 of 10
and more (`benchmarks.sentences`). A passage is one's that shares three quarters with one of a
mark of 6 and more, begins with a sentence that the reader would begin with and ends with one to
end with. Printed is what is chosen in the recordings that are only measured on: how many
begin, end, and are as readers want it. With `--fit` a logistic regression is fitted to the
passages of `build` with fair borders, which tells theirs from others by the borders (of recordings
that the network or, with `--table`, the models had no part in), the factors (whose models had a
part in it: borders may count for more than is printed) and the length; printed are its weights, in
units of the factors'.

3,118 passages of `build` were cut out and marked alone, by readers who saw nothing else of the
recording (`benchmarks/real/alone_passages.csv`): 18 of each recording that scored best, 13 others.
Printed is the rank correlation of the score with these marks in the recordings that the network was
not fitted to (but the weights of the score were chosen by them, too), and the mean mark of the
three that score best in each, beside the three that were marked best.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression

from benchmarks.border_network import borders_read
from benchmarks.lectures import Said
from benchmarks.recordings import heard, said_in
from benchmarks.sentences import (
    READERS,
    REAL,
    Borders,
    KnownBorders,
    read_passages,
    said_of,
    written,
)
from vidpipe.content.model import Content
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments import cuts, factors
from vidpipe.segments.borders.model import Border, BorderReader
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.timeline import Interval, span

#: A border as good as this is fair: half of all sentences are not.
_FAIR = 0.3
_POSTABLE, _SHARED = 6.0, 0.75
#: So many of a recording are told of.
_BEST = 3


class Reader:
    """What one of the readers wants of a recording: its marked sentences and passages."""

    def __init__(self, name: str, content: Content, reader: int) -> None:
        self._units = content.units
        self._said = {at: marks[reader] for at, marks in said_of(name).items()}
        self._passages = [(span(a, b), mark) for a, b, mark in read_passages(name, reader)]

    def opens(self, first: int) -> bool:
        """Whether the clip may begin with a sentence."""
        return self._said.get(written(self._units[first]), (0, 0))[0] > 0

    def ends(self, last: int) -> bool:
        """Whether it may end before a sentence."""
        return self._said.get(written(self._units[last - 1]), (0, 0))[1] > 0

    def wants(self, first: int, last: int) -> bool:
        """Whether the sentences `[first, last)` are nearly such, from border to border."""
        return self.opens(first) and self.ends(last) and self.found(first, last)

    def found(self, first: int, last: int) -> bool:
        """Whether the sentences `[first, last)` are nearly a passage to be posted."""
        run = span(self._units[first].start_s, self._units[last - 1].end_s)
        return any(m >= _POSTABLE and _share(run, p) >= _SHARED for p, m in self._passages)


def _share(a: Interval, b: Interval) -> float:
    """What two have in common, of what they cover together."""
    both = a.overlap_s(b)
    return both / (a.duration_s + b.duration_s - both)


def _candidates(said: list[Said], borders: BorderReader) -> cuts.FoundCuts:
    transcript, speech, content = heard(said)
    return cuts.candidates(
        content,
        transcript.words,
        speech,
        SegmentOptions(),
        speech.duration_s,
        [],
        cue_phrases("en"),
        reader=borders,
    )


def _rows(name: str, said: list[Said], borders: list[Border]) -> NDArray[np.float64]:
    """Of a recording's passages with fair borders: opens, ends, worth, factors, length in half
    minutes and its square, and whether each reader wants it; shape (n, 6 + readers)."""
    readers = [Reader(name, heard(said)[2], reader) for reader in READERS]
    rows = []
    found = _candidates(said, KnownBorders(borders))
    for item in found.candidates:
        opens, ends = borders[item.first].opens, borders[item.last - 1].ends
        if min(opens, ends) < _FAIR:
            continue
        signs = found.cutter.signs(found.run(item), item, item.parts)
        length = item.kept_s / 30.0
        values = (opens, ends, signs.get("worth", 0.0), factors.standing(signs), length, length**2)
        rows.append((*values, *(float(r.wants(item.first, item.last)) for r in readers)))
    return np.array(rows).reshape(-1, 6 + len(readers))


def fitted(borders: dict[str, list[Border]]) -> str:
    """The weights, in units of the factors', by the passages of the recordings in `borders`."""
    said = said_in("build")
    every = np.vstack([_rows(name, said[name], borders[name]) for name in said if name in borders])
    values = np.vstack([every[:, :6]] * len(READERS))
    wanted = every[:, 6:].T.ravel()
    model = LogisticRegression(C=10.0, max_iter=1000).fit(values, wanted)
    opens, ends, worth, whole, length, square = model.coef_[0]
    return (
        f"{len(every)} passages, {wanted.sum() / len(READERS):.0f} of them as a reader wants them: "
        f"opens {opens / whole:.2f}, ends {ends / whole:.2f}, worth {worth / whole:.2f}, best at "
        f"{-15.0 * length / square:.0f} s, {-square / whole:.1f} off for half a minute"
    )


def alone(borders: Mapping[str, list[Border]]) -> str:
    """How well scores order the passages that were marked alone, of the recordings given."""
    with (REAL / "alone_passages.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["recording"] in borders]
    scores, marks, best, wanted = [], [], [], []
    for name, said in said_in("build").items():
        if name not in borders:
            continue
        marked = {
            (r["start_s"], r["end_s"]): float(r["mark"]) for r in rows if r["recording"] == name
        }
        of_it = [
            (item.score, marked[at])
            for item in _candidates(said, KnownBorders(borders[name])).candidates
            if (at := (f"{item.start_s:.2f}", f"{item.end_s:.2f}")) in marked
        ]
        scores += [score for score, _ in of_it]
        marks += [mark for _, mark in of_it]
        best += [mark for _, mark in sorted(of_it, key=lambda at: -at[0])[:_BEST]]
        wanted += sorted((mark for _, mark in of_it), reverse=True)[:_BEST]
    return (
        f"{len(marks)} passages marked alone: rank correlation {spearmanr(scores, marks)[0]:.2f}, "
        f"the {_BEST} that score best {np.mean(best):.2f}, those marked best {np.mean(wanted):.2f}"
    )


def chosen(column: str, borders: Mapping[str, list[Border]]) -> str:
    """How many of what is chosen begin, end and are as a reader wants it, asked for five or not."""
    lines = []
    for asked in (False, True):
        counts = []
        for name, said in said_in(column).items():
            transcript, speech, content = heard(said)
            found = select_segments(
                content,
                transcript,
                speech,
                SegmentOptions(asked=asked),
                speech.duration_s,
                name,
                borders=KnownBorders(borders[name]) if name in borders else None,
            ).segments
            middles = [(u.start_s + u.end_s) / 2 for u in content.units]
            for reader in (Reader(name, content, k) for k in READERS):
                for segment in found:
                    at = np.searchsorted(middles, [segment.start_s, segment.end_s]).tolist()
                    begins, ends = reader.opens(at[0]), reader.ends(at[1])
                    counts.append((begins, ends, begins and ends, reader.found(*at)))
        shares = np.mean(counts, axis=0) if counts else np.zeros(4)
        lines.append(
            f"{column:8} {'five asked for' if asked else 'unasked':14} "
            f"{len(counts) // len(READERS):3} passages: "
            + ", ".join(
                f"{kind} {share:.0%}"
                for kind, share in zip(("begin", "end", "both", "as readers"), shares, strict=True)
            )
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit the weights as well")
    parser.add_argument("--table", action="store_true", help="borders by the table of words")
    args = parser.parse_args()
    for column in ("held_out", "fresh"):
        print(chosen(column, {} if args.table else borders_read(column)), flush=True)
    if not args.table:
        print(alone(borders_read("build")))
    if args.fit:
        print(fitted(Borders().borders() if args.table else borders_read("build")))


if __name__ == "__main__":
    main()
