"""Dynamic time warping, one diagonal at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def warp(cost: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cheapest monotone path through `cost`, shape (n, m), from corner to corner.

    Steps go down, right or both. Returns the rows and the columns of the path. Cells
    of one diagonal rest only on the two before it, so they are done together: n + m
    steps in numpy instead of n times m in Python.
    """
    n, m = cost.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0.0
    step = np.zeros((n, m), np.int8)
    for d in range(n + m - 1):
        i = np.arange(max(0, d - m + 1), min(n, d + 1))
        j = d - i
        options = np.stack((total[i, j], total[i, j + 1], total[i + 1, j]))
        best = options.argmin(axis=0)
        total[i + 1, j + 1] = cost[i, j] + np.take_along_axis(options, best[None], 0)[0]
        step[i, j] = best
    rows, columns = [n - 1], [m - 1]
    while rows[-1] or columns[-1]:
        i, j = rows[-1], columns[-1]
        taken = step[i, j]
        rows.append(i - (taken != 2))
        columns.append(j - (taken != 1))
    return np.array(rows[::-1]), np.array(columns[::-1])
