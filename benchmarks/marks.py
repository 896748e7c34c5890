"""What readers say of passages, and the model of their marks that the score is made of.

    python -m benchmarks.marks [--write]

2707 passages of twelve lectures, 54 podcasts and 24 explained videos were marked by
readers who did not know who chose them: hook, self-containedness, payoff and closure 0 to 3,
the whole 0 to 10 (`benchmarks/real/passages.csv`: times and marks, no text; of two readers
their mean; the recordings are listed in `benchmarks/real/choice.yaml`, and those whose texts
are not here are left out). Four models, one for each of the first four, are sums of two parts.
One is fitted to the signs that `vidpipe.segments.signs` reads off a passage, and to how its
first sentence opens a clip and its last one ends it (`benchmarks.sentences`, by models that its
recording had no part in): ridge regression in which a sign may only count in the direction that
is given here for it. The other is fitted
to the words and pairs of words that occur in ten recordings or more: ridge regression over
whether a passage has them, weighed by how rare they are, at length 1. Marks and signs are
taken around the mean of all, so that a score means the same in every recording.

Printed is what they say of recordings that they were not fitted on, a tenth of them at a time:
Spearman's rank correlation with the readers' marks, and the mean mark of the five highest,
beside the hand-made score and chance. `--write` keeps what is fitted to all of them in
`vidpipe/segments/weights.json` and `wording_en.csv`. The directions were chosen with the
twelve lectures at hand; the weights of a left-out recording were not.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge

from benchmarks.recordings import heard, said_in
from benchmarks.sentences import Borders
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments import factors
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.score import score_run, total
from vidpipe.segments.signs import signs_of
from vidpipe.segments.ties import ties_of
from vidpipe.segments.vetoes import Judge
from vidpipe.segments.wording import COLUMNS, PhraseWording, terms_of

PASSAGES = Path(__file__).parent / "real" / "passages.csv"
FACTORS = ("hook", "self_contained", "payoff", "closure")
_ALPHA = 200.0
#: Of the words: more is blunter, less learns passages by heart.
_ALPHA_WORDS = 4.0
#: A word of fewer recordings is what they are about.
_RECORDINGS = 10
_FOLDS = 10
#: A sign that differs less among passages counts as if it differed so much.
_LEAST_SPREAD = 0.05
_TOP = 5

Array = NDArray[np.float64]

_LEANS_BACK = (
    "first_dangling_start first_connective_start first_reply first_unnamed opening_unnamed "
    "first_backward opening_backward first_answer first_elsewhere opening_elsewhere "
    "first_too_short first_halting opening_reply opening_pointing lacks_start_named "
    "lacks_start_answer lacks_start_reason lacks_start_goes_on lacks_start_story leans "
    "first_notation opening_anaphors"
)
#: For each factor the signs that may count for it, and those that may count against it.
DIRECTIONS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "hook": (
        "first_question first_claim opening_claim opening_vivid opening_story first_expectation "
        "opening_expectation first_promise first_fresh hand_hook all_condition importance "
        "best_importance first_vivid first_title opening_title best_title".split()
        + (
            "begins_long_ago begins_universal begins_trouble begins_imagined "
            "begins_asks_why begins_narration tells_nobody tells_money "
            "tells_asks_why tells_addressed tells_people tells_universal tells_said "
            "tells_lesson tells_feeling taken_up opens"
        ).split(),
        "first_dangling_start first_too_short first_halting first_housekeeping first_elsewhere "
        "opening_elsewhere first_connective_start all_names all_housekeeping all_enumeration "
        "all_demonstrative all_rare first_reply opening_reply first_agenda lead_in "
        "opening_anaphors all_too_short first_demonstrative".split()
        + (
            "begins_pointers begins_also begins_together begins_vague_it "
            "tells_linking tells_pointers tells_ahead tells_programme goes_on_about"
        ).split(),
    ),
    "self_contained": (
        "first_fresh hand_self_contained first_story opening_story all_condition last_recalls "
        "holds_named importance centrality hand_coherence starts_topic first_title".split()
        + (
            "begins_long_ago begins_universal begins_narration begins_trouble "
            "begins_imagined tells_people tells_universal tells_nobody tells_said "
            "tells_past ends_universal enough taken_up begins_long sentence_length "
            "comes_round opens"
        ).split(),
        f"{_LEANS_BACK} all_demonstrative all_rare all_notation all_pointing all_backward "
        "first_number all_too_short all_elsewhere first_demonstrative inner_fresh".split()
        + (
            "begins_pointers begins_vague_it begins_together begins_also "
            "tells_linking tells_pointers tells_ahead tells_chatter goes_on_about "
            "tells_contrast tells_programme"
        ).split(),
    ),
    "payoff": (
        "last_recalls importance best_importance holds_named holds_reversal length holds_story "
        "all_vivid first_claim last_closure last_claim last_reason all_reversal all_definition "
        "all_comparison all_condition first_expectation opening_expectation hand_content "
        "holds_answer all_reason holds_goes_on best_title".split()
        + (
            "begins_trouble tells_said tells_nobody tells_money tells_addressed "
            "tells_people tells_universal tells_surprise tells_reason "
            "ends_addressed ends_reason ends_universal enough sentence_length "
            "begins_long varied taken_up comes_round begins_asks_why opens ends"
        ).split(),
        "all_slow all_reply all_housekeeping all_elsewhere first_elsewhere opening_elsewhere "
        "all_too_short lacks_end_answer lacks_end_story lacks_end_promise all_agenda all_rare "
        "all_question last_question last_promise all_enumeration all_names all_demonstrative "
        "next_answer all_halting all_slip last_too_short inner_fresh".split()
        + (
            "begins_pointers begins_together tells_linking tells_pointers "
            "tells_ahead tells_halting tells_programme ends_ahead then_asked "
            "tells_feeling"
        ).split(),
    ),
    "closure": (
        "last_recalls last_closure last_claim last_reason next_fresh next_pause ends_topic "
        "hand_closure next_turn importance holds_goes_on holds_reversal holds_story "
        "last_reversal last_long".split()
        + (
            "tells_universal tells_people tells_money tells_reason tells_nobody "
            "ends_universal ends_addressed ends_reason enough sentence_length "
            "begins_long comes_round then_reply ends"
        ).split(),
        "last_question last_turn last_too_short last_agenda last_housekeeping last_promise "
        "next_answer next_connective_start next_dangling_start lacks_end_answer lacks_end_story "
        "lacks_end_promise lacks_end_reversal lacks_end_goes_on lacks_end_reason last_example "
        "last_elsewhere all_reply all_slip all_elsewhere all_rare all_slow "
        "all_demonstrative inner_turn inner_fresh last_fresh".split()
        + (
            "tells_linking tells_pointers tells_ahead tells_halting tells_programme "
            "ends_ahead then_asked tells_chatter tells_past varied"
        ).split(),
    ),
}


def marked_in(name: str) -> list[dict[str, str]]:
    """The rows of a recording's marked passages."""
    with PASSAGES.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["recording"] == name]


class Marked:
    """All marked passages: their signs, marks, lectures, hand-made scores and vetoes."""

    def __init__(self) -> None:
        signs, marks, groups, hand, vetoes, terms = [], [], [], [], [], []
        phrases = cue_phrases("en")
        options = SegmentOptions()
        #: By recording, of models that it had no part in.
        self.borders = Borders().borders()
        for name, said in said_in("build").items():
            _, _, content = heard(said)
            rows = marked_in(name)
            ties = ties_of(content.units, phrases)
            judge = Judge(content.units, ties, phrases)
            middles = [(u.start_s + u.end_s) / 2 for u in content.units]
            for row in rows:
                start_s, end_s = float(row["start_s"]), float(row["end_s"])
                first, last = (int(np.searchsorted(middles, t)) for t in (start_s, end_s))
                run = content.units[first:last]
                parts = score_run(run, content, first, last, end_s - start_s, options)
                found = signs_of(run, content, first, last, end_s - start_s, ties, "")
                found |= {f"hand_{k}": v for k, v in parts.items()}
                found["opens"] = self.borders[name][first].opens
                found["ends"] = self.borders[name][last - 1].ends
                signs.append(found)
                marks.append([float(row[k]) for k in (*FACTORS, "mark")])
                groups.append(name)
                terms.append(terms_of(" ".join(u.text for u in run)))
                hand.append(total(parts))
                vetoes.append(frozenset(judge.vetoes(run, first, last)))
        self.signs = signs
        self.marks = np.array(marks)
        self.groups = np.array(groups)
        self.hand = np.array(hand)
        self.vetoes = vetoes
        self.terms = terms

    def centred(self, values: Array) -> Array:
        """Each value less the mean of all, so that scores of two recordings compare."""
        return values.astype(float) - values.mean(axis=0)


def columns(marked: Marked, factor: str) -> tuple[list[str], Array, Array, Array]:
    """Names and directions of a factor's signs, their values, means and spreads."""
    good, bad = DIRECTIONS[factor]
    names = [*good, *bad]
    values = np.array([[s[name] for name in names] for s in marked.signs])
    spread = np.maximum(values.std(axis=0), _LEAST_SPREAD)
    return names, values, values.mean(axis=0), spread


def fitted(marked: Marked, factor: str, rows: NDArray[np.bool_]) -> tuple[list[str], Array, Array]:
    """Names, weights (with their sign) and what they give for every passage."""
    names, values, mean, spread = columns(marked, factor)
    direction = np.array([1.0] * len(DIRECTIONS[factor][0]) + [-1.0] * len(DIRECTIONS[factor][1]))
    standard = (values - mean) / spread * direction
    wanted = marked.centred(marked.marks)[:, FACTORS.index(factor)]
    model = Ridge(alpha=_ALPHA, positive=True, fit_intercept=False)
    model.fit(marked.centred(standard)[rows], wanted[rows])
    return names, model.coef_ * direction, standard @ model.coef_


@dataclass(frozen=True)
class _Words:
    """Terms, their rarity, and which passages have them: shape (passages, terms), length 1."""

    terms: list[str]
    rarity: Array
    values: csr_matrix


def _words(marked: Marked, rows: NDArray[np.bool_]) -> _Words:
    """The terms that occur in enough of the recordings of `rows`."""
    met: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for found, group, here in zip(marked.terms, marked.groups, rows, strict=True):
        if here:
            counts.update(found)
            for term in found:
                met.setdefault(term, set()).add(group)
    terms = sorted(t for t, groups in met.items() if len(groups) >= _RECORDINGS)
    rarity = np.array([np.log(rows.sum() / counts[t]) for t in terms])
    number = {t: k for k, t in enumerate(terms)}
    at = [(i, number[t]) for i, found in enumerate(marked.terms) for t in found if t in number]
    i, j = np.array(at).T
    values = csr_matrix((rarity[j], (i, j)), shape=(len(marked.terms), len(terms)))
    length = np.sqrt(np.asarray(values.multiply(values).sum(axis=1)).ravel())
    values = csr_matrix(values.multiply(1 / np.maximum(length, 1e-9)[:, None]))
    return _Words(terms, rarity, values)


def wording(marked: Marked, rows: NDArray[np.bool_]) -> tuple[PhraseWording, Array, Array]:
    """What words say, fitted to `rows`: the table, its spreads, and its values in units of
    marks for every passage, shape (n, 4)."""
    words = _words(marked, rows)
    around = marked.centred(marked.marks)[rows][:, : len(FACTORS)]
    inside = words.values[rows]
    centred = inside.toarray() - np.asarray(inside.mean(axis=0))
    model = Ridge(alpha=_ALPHA_WORDS, fit_intercept=False).fit(centred, around)
    values = words.values @ model.coef_.T
    middle, spread = values[rows].mean(axis=0), values[rows].std(axis=0)
    table = {
        term: (float(rarity), *(float(w) for w in weight))
        for term, rarity, weight in zip(
            words.terms, words.rarity, model.coef_.T / spread, strict=True
        )
    }
    table[""] = (0.0, *(middle / spread).tolist())
    return PhraseWording(table), spread, values - middle


def shares(marked: Marked, rows: NDArray[np.bool_]) -> Array:
    """What each factor counts in the whole mark, as the readers themselves weigh them."""
    around = marked.centred(marked.marks)[rows]
    return (
        Ridge(alpha=1.0, positive=True, fit_intercept=False).fit(around[:, :4], around[:, 4]).coef_
    )


def left_out(marked: Marked) -> dict[str, Array]:
    """What the models say of each passage when its recording was not fitted on."""
    said = {name: np.zeros(len(marked.groups)) for name in (*FACTORS, "score")}
    names = np.unique(marked.groups)
    for fold in range(_FOLDS):
        rows = ~np.isin(marked.groups, names[fold::_FOLDS])
        share = shares(marked, rows)
        worded = wording(marked, rows)[2]
        for k, factor in enumerate(FACTORS):
            values = fitted(marked, factor, rows)[2] + worded[:, k]
            said[factor][~rows] = values[~rows]
            said["score"][~rows] += share[k] * values[~rows]
    return said


def report(marked: Marked, said: Mapping[str, Array]) -> str:
    """The figures of the docstring, and of each veto."""

    def figures(values: Array, marks: Array) -> str:
        ranks, tops = [], []
        for group in np.unique(marked.groups):
            rows = marked.groups == group
            ranks.append(spearmanr(values[rows], marks[rows])[0])
            tops.append(marks[rows][np.argsort(-values[rows])[:_TOP]].mean())
        return f"rank correlation {np.mean(ranks):.2f}, mean of the top {_TOP} {np.mean(tops):.2f}"

    lines = [f"{len(marked.groups)} passages, mean mark {marked.marks[:, 4].mean():.2f}"]
    for k, factor in enumerate(FACTORS):
        lines.append(f"{factor:15} {figures(said[factor], marked.marks[:, k])}")
    mark = marked.marks[:, 4]
    lines.append(f"{'score':15} {figures(said['score'], mark)}")
    lines.append(f"{'hand-made':15} {figures(marked.hand, mark)}")
    free = np.array([not found for found in marked.vetoes])
    ordered = mark[free][np.argsort(-said["score"][free])]
    lines += [
        f"the {most} highest of all without a veto: mean mark {ordered[:most].mean():.2f}, "
        f"{(ordered[:most] >= 5.5).mean():.0%} of 5.5 and more"
        for most in (50, 100, 200)
    ]
    best = [np.sort(mark[marked.groups == g])[-_TOP:].mean() for g in np.unique(marked.groups)]
    lines.append(f"{'the best':15} mean of the top {_TOP} {np.mean(best):.2f}")
    for veto in sorted({v for found in marked.vetoes for v in found}):
        rows = np.array([veto in found for found in marked.vetoes])
        lines.append(
            f"veto {veto:15} {rows.sum():3} passages, mean mark {mark[rows].mean():.2f}, "
            f"{(mark[rows] >= 5).sum()} of 5 and more"
        )
    lines.append(
        f"without a veto {free.sum():3} passages, mean mark {mark[free].mean():.2f}, "
        f"{(mark[free] >= 5).sum()} of {(mark >= 5).sum()} of 5 and more"
    )
    return "\n".join(lines)


def weights(marked: Marked, without: str = "") -> tuple[dict[str, Any], PhraseWording]:
    """All that the stage needs, fitted on all passages but those of one recording."""
    every = marked.groups != without
    share = shares(marked, every)
    table, spreads, worded = wording(marked, every)
    kept: dict[str, Any] = {}
    whole = np.zeros(len(marked.groups))
    for k, factor in enumerate(FACTORS):
        names, weight, values = fitted(marked, factor, every)
        values = values + worded[:, k]
        _, _, mean, spread = columns(marked, factor)
        whole += share[k] * values
        kept[factor] = {
            "share": round(float(share[k]), 4),
            "spread": round(float(values.std()), 4),
            "signs": {
                name: [round(float(x), 4) for x in (weight[j], mean[j], spread[j])]
                for j, name in enumerate(names)
                if abs(weight[j]) > 5e-4
            }
            | {f"wording_{factor}": [round(float(spreads[k]), 4), 0.0, 1.0]},
        }
    return {"spread": round(float(whole.std()), 4), "factors": kept}, table


def _table(words: PhraseWording) -> str:
    lines = [",".join(("term", *COLUMNS))]
    for term, (rarity, *values) in sorted(words.table.items()):
        lines.append(",".join((term, f"{rarity:.2f}", *(f"{v:.2f}" for v in values))))
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the weights")
    args = parser.parse_args()
    marked = Marked()
    print(report(marked, left_out(marked)))
    if args.write:
        kept, words = weights(marked)
        folder = Path(factors.__file__).parent
        (folder / "weights.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        (folder / "wording_en.csv").write_text(_table(words), "utf-8")


if __name__ == "__main__":
    main()
