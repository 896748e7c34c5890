"""What the borders of a passage count beside its factors, and how often readers chose the same.

    python -m benchmarks.passages [--fit]

Readers of whole transcripts found 1,589 passages there that they would give a mark of 5 of 10
and more (`benchmarks.sentences`). A passage is theirs that shares three quarters with one of a
mark of 6 and more, begins with a sentence that they would begin with and ends with one that they
would end with. Printed is what is chosen in the recordings that are only measured on: how many
begin, end, and are as readers want it. With `--fit` a logistic regression is fitted to the
passages of `build` with fair borders, which tells theirs from others by the borders (by models
that the recording had no part in), the factors (whose models had a part in it: borders may count
for more than is printed) and the length; printed are its weights, in units
of the factors'.
"""

from __future__ import annotations

import argparse
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.lectures import Said
from benchmarks.recordings import heard, said_in
from benchmarks.sentences import Borders, KnownBorders, read_passages, said_of, written
from vidpipe.content.model import Content
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments import cuts, factors
from vidpipe.segments.borders import Border
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.timeline import Interval, span

#: A border as good as this is fair: half of all sentences are not.
_FAIR = 0.3
_POSTABLE, _SHARED = 6.0, 0.75


class Readers:
    """What readers want of a recording: its marked sentences and passages."""

    def __init__(self, name: str, content: Content) -> None:
        self._units = content.units
        self._said = said_of(name)
        self._passages = [(span(a, b), mark) for a, b, mark in read_passages(name)]

    def opens(self, first: int) -> bool:
        """Whether they would begin with a sentence."""
        return self._said.get(written(self._units[first]), (0, 0))[0] > 0

    def ends(self, last: int) -> bool:
        """Whether they would end before a sentence."""
        return self._said.get(written(self._units[last - 1]), (0, 0))[1] > 0

    def found(self, first: int, last: int) -> bool:
        """Whether the sentences `[first, last)` are nearly a passage that they would post."""
        run = span(self._units[first].start_s, self._units[last - 1].end_s)
        return any(m >= _POSTABLE and _share(run, p) >= _SHARED for p, m in self._passages)


def _share(a: Interval, b: Interval) -> float:
    """What two have in common, of what they cover together."""
    both = a.overlap_s(b)
    return both / (a.duration_s + b.duration_s - both)


def _rows(name: str, said: list[Said], borders: list[Border]) -> NDArray[np.float64]:
    """Of a recording's passages with fair borders: opens, ends, factors, length in half minutes
    and its square, and whether readers want it; shape (n, 6)."""
    transcript, speech, content = heard(said)
    readers = Readers(name, content)
    rows = []
    with patch.object(cuts, "borders_of", lambda _: KnownBorders(borders)):
        found = cuts.candidates(
            content,
            transcript.words,
            speech,
            SegmentOptions(),
            speech.duration_s,
            [],
            cue_phrases("en"),
        )
    for item in found.candidates:
        opens, ends = borders[item.first].opens, borders[item.last - 1].ends
        if min(opens, ends) < _FAIR:
            continue
        signs = found.cutter.signs(found.run(item), item, item.parts)
        wanted = readers.opens(item.first) and readers.ends(item.last)
        wanted = wanted and readers.found(item.first, item.last)
        length = item.kept_s / 30.0
        rows.append((opens, ends, factors.standing(signs), length, length**2, float(wanted)))
    return np.array(rows).reshape(-1, 6)


def fitted(borders: dict[str, list[Border]]) -> str:
    """The weights, in units of the factors'."""
    every = np.vstack([_rows(n, said, borders[n]) for n, said in said_in("build").items()])
    model = LogisticRegression(C=10.0, max_iter=1000).fit(every[:, :5], every[:, 5])
    opens, ends, whole, length, square = model.coef_[0]
    return (
        f"{len(every)} passages, {every[:, 5].sum():.0f} of them as readers want them: opens "
        f"{opens / whole:.2f}, ends {ends / whole:.2f}, best at {-15.0 * length / square:.0f} s, "
        f"{-square / whole:.1f} off for half a minute"
    )


def chosen(column: str) -> str:
    """How many of what is chosen begin, end and are as readers want it, asked for five or not."""
    lines = []
    for asked in (False, True):
        counts = []
        for name, said in said_in(column).items():
            transcript, speech, content = heard(said)
            readers = Readers(name, content)
            options = SegmentOptions(asked=asked)
            found = select_segments(
                content, transcript, speech, options, speech.duration_s, name
            ).segments
            middles = [(u.start_s + u.end_s) / 2 for u in content.units]
            for segment in found:
                first, last = np.searchsorted(middles, [segment.start_s, segment.end_s]).tolist()
                begins, ends = readers.opens(first), readers.ends(last)
                counts.append((begins, ends, begins and ends, readers.found(first, last)))
        shares = np.mean(counts, axis=0) if counts else np.zeros(4)
        lines.append(
            f"{column:8} {'five asked for' if asked else 'unasked':14} {len(counts):3} passages: "
            + ", ".join(
                f"{kind} {share:.0%}"
                for kind, share in zip(("begin", "end", "both", "as readers"), shares, strict=True)
            )
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit the weights as well")
    args = parser.parse_args()
    for column in ("held_out", "fresh"):
        print(chosen(column), flush=True)
    if args.fit:
        print(fitted(Borders().borders()))


if __name__ == "__main__":
    main()
