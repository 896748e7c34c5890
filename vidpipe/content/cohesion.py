"""What it costs that units are one topic: little where they speak of the same things.

Two measures, which add up where there are sentence vectors:

* of words, how surprising they are when each topic has its own distribution of words,
  which is not known but has a Dirichlet prior (Eisenstein and Barzilay, "Bayesian
  unsupervised topic segmentation", 2008, without the cue words, which cost more than
  they gave when tried);
* of vectors on the unit sphere, how far they lie from one direction (von Mises-Fisher).

Figures were chosen on joined lectures drawn with other seeds than those that
`benchmarks/topics.py` reports.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: No topic has more units: it bounds time and memory.
LONGEST = 400
#: Units on each side of a place that are asked whether something new begins there.
_AROUND = 6
#: Prior count of each word in a topic.
_PRIOR = 0.4
#: Weight of vectors against words: the concentration of directions within a topic.
_CONCENTRATION = 16.0

#: For each `j`, costs of the units `[i, j + 1)` with `i` from `first_of(j + 1)` to `j`.
Costs = list[NDArray[np.float64]]


def first_of(last: int) -> int:
    """The earliest unit with which a topic that ends before `last` may begin."""
    return max(0, last - LONGEST)


def cost(costs: Costs, first: int, last: int) -> float:
    """Of the units `[first, last)`, no more than `LONGEST`."""
    return float(costs[last - 1][first - first_of(last)])


def costs_of(terms: Sequence[Sequence[str]], vectors: NDArray[np.float32] | None = None) -> Costs:
    """From the terms of each unit and, where there are any, unit-length vectors of them."""
    costs = _word_costs(terms)
    if vectors is not None:
        costs = [a + b for a, b in zip(costs, _vector_costs(vectors), strict=True)]
    return costs


def breaks_of(costs: Costs) -> NDArray[np.float64]:
    """What a border before each unit would save within its surroundings, shape (n,).

    0 before the first unit.
    """
    n = len(costs)
    saved = np.zeros(n)
    for k in range(1, n):
        first, last = max(0, k - _AROUND), min(n, k + _AROUND)
        saved[k] = cost(costs, first, last) - cost(costs, first, k) - cost(costs, k, last)
    return saved


def _word_costs(terms: Sequence[Sequence[str]]) -> Costs:
    """From the terms of each unit, in nats."""
    number = {t: k for k, t in enumerate(sorted({t for unit in terms for t in unit}))}
    prior_of_all = _PRIOR * max(1, len(number))
    # Row i % LONGEST counts the terms of units from i on.
    counts = np.zeros((LONGEST, max(1, len(number))), np.float32)
    sizes = np.zeros(LONGEST)
    so_far = np.zeros(LONGEST)
    costs: Costs = []
    for j, unit in enumerate(terms):
        row = j % LONGEST
        counts[row], sizes[row], so_far[row] = 0.0, 0.0, 0.0
        for term in unit:
            column = counts[:, number[term]]
            so_far += np.log(sizes + prior_of_all) - np.log(column + _PRIOR)
            column += 1.0
            sizes += 1.0
        started = np.arange(first_of(j + 1), j + 1) % LONGEST
        costs.append(so_far[started])
    return costs


def _vector_costs(vectors: NDArray[np.float32]) -> Costs:
    """From unit-length vectors, shape (n, dimensions), in the same measure."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    sums = np.vstack([np.zeros(centred.shape[1]), np.cumsum(centred, axis=0)])
    return [
        -_CONCENTRATION * np.linalg.norm(sums[j] - sums[first_of(j) : j], axis=1)
        for j in range(1, len(sums))
    ]
