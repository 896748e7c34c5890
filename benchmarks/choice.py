"""The segments of real lectures beside simpler choices, in shuffled order, to be read.

    python -m benchmarks.choice FOLDER [--count 5] [--seed 1] [--others lead,random,TextRank]
                                [--also KEY WHO] [--left-out] [--of held_out] [--editor]

Writes `passages.md`, in which an editor reads and marks the passages of each lecture
without knowing who chose them, and `key.json`, which says it. The others keep to the same
rules (sentence borders, limits of length, no overlap): the first ones of the lecture; random
ones; TextRank (sentences ranked by PageRank over the TF-IDF likeness of all pairs, runs by
their mean). `--also` adds what another version chose, out of the `key.json` that it wrote.
`--of` names the recordings: a list of `real/choice.yaml`, where nothing was fitted to `held_out`
and `fresh`. With `--editor` the language model of `VIDPIPE_LLM__URL` chooses as well, as "editor",
and every passage has its title.
With `--left-out` each lecture's score is that of models which were not fitted to its own
marked passages and sentences.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.border_network import the_network
from benchmarks.marks import Marked, weights
from benchmarks.recordings import heard, said_in
from benchmarks.sentences import KnownBorders
from vidpipe.content.model import Content
from vidpipe.content.vectors import term_vectors
from vidpipe.language.phrases import cue_phrases
from vidpipe.segments import factors, signs
from vidpipe.segments.borders.model import BorderReader
from vidpipe.segments.editor.editor import Editor
from vidpipe.segments.factors import fitted_models, models_from
from vidpipe.segments.model import SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.segments.wording import wording_of
from vidpipe.settings import load_settings
from vidpipe.spending import paying
from vidpipe_tests.conftest import FreeOfCharge

Run = tuple[int, int]


def text_rank(content: Content) -> np.ndarray:
    """PageRank of each sentence over the likeness of all pairs, shape (n,)."""
    phrases = cue_phrases("en")
    vectors = term_vectors([phrases.terms(u.text) for u in content.units])
    like = vectors @ vectors.T
    np.fill_diagonal(like, 0.0)
    flow = like / np.maximum(like.sum(axis=1, keepdims=True), 1e-9)
    rank = np.full(len(flow), 1 / len(flow))
    for _ in range(60):
        rank = 0.15 / len(flow) + 0.85 * flow.T @ rank
    return rank


def _run_from(content: Content, first: int, options: SegmentOptions) -> Run | None:
    """As many units from `first` as come nearest to the middle of the limits."""
    start_s = content.units[first].start_s
    middle = (options.min_s + options.max_s) / 2
    lengths = [u.end_s - start_s for u in content.units[first:]]
    fit = [k for k, s in enumerate(lengths) if options.min_s <= s <= options.max_s]
    if not fit:
        return None
    return first, first + 1 + min(fit, key=lambda k: abs(lengths[k] - middle))


def _take(order: Sequence[int], content: Content, options: SegmentOptions) -> list[Run]:
    taken: list[Run] = []
    for first in order:
        run = _run_from(content, first, options)
        if run and all(run[1] <= a or run[0] >= b for a, b in taken):
            taken.append(run)
        if len(taken) == options.count:
            break
    return taken


def lead(content: Content, options: SegmentOptions, rng: np.random.Generator) -> list[Run]:
    return _take(range(len(content.units)), content, options)


def at_random(content: Content, options: SegmentOptions, rng: np.random.Generator) -> list[Run]:
    return _take(rng.permutation(len(content.units)).tolist(), content, options)


def by_text_rank(content: Content, options: SegmentOptions, rng: np.random.Generator) -> list[Run]:
    rank = text_rank(content)
    runs = [r for k in range(len(rank)) if (r := _run_from(content, k, options))]
    best = sorted(runs, key=lambda r: -float(rank[r[0] : r[1]].mean()))
    return _take([first for first, _ in best], content, options)


OTHERS: dict[str, Callable[[Content, SegmentOptions, np.random.Generator], list[Run]]] = {
    "lead": lead,
    "random": at_random,
    "TextRank": by_text_rank,
}


def unlike(passages: Sequence[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """Without those that somebody before them has chosen to the sentence."""
    kept: list[tuple[str, float, float]] = []
    for who, start_s, end_s in passages:
        if all(abs(start_s - a) + abs(end_s - b) > 2.0 for _, a, b in kept):
            kept.append((who, start_s, end_s))
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--others", default=",".join(OTHERS), help="those beside ours")
    parser.add_argument("--also", nargs=2, metavar=("KEY", "WHO"), help="another version's")
    parser.add_argument("--of", default="build", choices=("build", "held_out", "fresh"))
    parser.add_argument("--editor", action="store_true", help="a language model chooses, too")
    parser.add_argument("--left-out", action="store_true", help="models without each lecture")
    args = parser.parse_args()
    others = {who: OTHERS[who] for who in args.others.split(",")}
    also = json.loads(Path(args.also[0]).read_text("utf-8")) if args.also else {}
    marked = Marked() if args.left_out else None
    args.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(args.seed)
    options = SegmentOptions(count=args.count)
    text, key = [], {}
    for name, said in said_in(args.of).items():
        transcript, speech, content = heard(said)
        models, words = fitted_models(), wording_of("en")
        borders: BorderReader = the_network()
        if marked:
            kept, words = weights(marked, name)
            models, borders = models_from(kept), KnownBorders(marked.borders[name])
        with (
            patch.object(factors, "fitted_models", lambda kept=models: kept),
            patch.object(signs, "wording_of", lambda _, kept=words: kept),
            paying(FreeOfCharge()),
        ):
            chosen = {
                who: select_segments(
                    content,
                    transcript,
                    speech,
                    options,
                    speech.duration_s,
                    name,
                    editor,
                    borders=borders,
                )
                for who, editor in (
                    ("vidpipe", None),
                    *([("editor", Editor(load_settings().llm))] if args.editor else []),
                )
            }
        for who, found in chosen.items():
            print(f"{name}: {who} {len(found.segments)} {found.llm or ''}", flush=True)
        titles = {
            (who, s.start_s): s.title for who, found in chosen.items() for s in found.segments
        }
        passages = [
            (who, s.start_s, s.end_s) for who, found in chosen.items() for s in found.segments
        ]
        for who, choose in others.items():
            for first, last in choose(content, options, rng):
                passages.append((who, content.units[first].start_s, content.units[last - 1].end_s))
        for entry, other in also.items():
            if entry.rpartition(" ")[0] == name and other["who"] == "vidpipe":
                passages.append((args.also[1], other["start_s"], other["end_s"]))
        passages = unlike(passages)
        text.append(f"# {name}\n")
        for number, k in enumerate(rng.permutation(len(passages)).tolist(), 1):
            who, start_s, end_s = passages[k]
            key[f"{name} {number}"] = {"who": who, "start_s": start_s, "end_s": end_s}
            title = titles.get((who, start_s), "") if args.editor else ""
            inside = [
                w.text for w in transcript.words if start_s - 0.05 <= w.start_s < end_s - 0.02
            ]
            headed = f"TITLE: {title}\n\n" if title else ""
            text.append(f"{number}. {headed}{' '.join(inside)}\n")
    (args.folder / "passages.md").write_text("\n".join(text), "utf-8")
    (args.folder / "key.json").write_text(json.dumps(key, indent=1), "utf-8")


if __name__ == "__main__":
    main()
