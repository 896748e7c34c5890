"""Stretches put together: neighbours that look the same, and what is known by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from vidpipe.geometry import iou
from vidpipe.layout.model import LayoutInterval


def merged(stretches: list[LayoutInterval]) -> list[LayoutInterval]:
    """Neighbours with the same layout become one; moments too short to judge follow them."""
    whole = _joined(_absorbed(_joined(stretches)))
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(whole))
    return whole


def overridden(
    found: list[LayoutInterval], given: Sequence[LayoutInterval]
) -> list[LayoutInterval]:
    """What was found, with what is known by hand in its place."""
    out = list(given)
    for item in found:
        parts = [(item.start_s, item.end_s)]
        for known in given:
            parts = [
                (a, b)
                for start_s, end_s in parts
                for a, b in (
                    (start_s, min(end_s, known.start_s)),
                    (max(start_s, known.end_s), end_s),
                )
                if b > a
            ]
        out += [item.model_copy(update={"start_s": a, "end_s": b}) for a, b in parts]
    return sorted(out, key=lambda s: s.start_s)


def _joined(stretches: list[LayoutInterval]) -> list[LayoutInterval]:
    """Neighbours with the same layout as one; the regions of the longer one count."""
    joined: list[LayoutInterval] = []
    for item in stretches:
        if joined and _same(joined[-1], item):
            longer = max(joined[-1], item, key=lambda s: s.duration_s)
            joined[-1] = longer.model_copy(
                update={"start_s": joined[-1].start_s, "end_s": item.end_s}
            )
        else:
            joined.append(item)
    return joined


def _absorbed(stretches: list[LayoutInterval]) -> list[LayoutInterval]:
    """A moment too short to judge follows a neighbour that fills the same part of the frame."""
    out = list(stretches)
    for k, item in enumerate(stretches):
        if item.duration_s >= 2.5 or len(item.regions) != 1:
            continue
        for near in (k - 1, k + 1):
            if 0 <= near < len(out) and len(out[near].regions) == 1:
                other = out[near]
                same = iou(item.regions[0].rect, other.regions[0].rect) > 0.9
                if same and other.duration_s > item.duration_s:
                    out[k] = other.model_copy(update={"start_s": item.start_s, "end_s": item.end_s})
                    break
    return out


def _same(a: LayoutInterval, b: LayoutInterval) -> bool:
    if a.kind is not b.kind or len(a.regions) != len(b.regions):
        return False
    return all(iou(x.rect, y.rect) > 0.85 for x, y in zip(a.regions, b.regions, strict=True))
