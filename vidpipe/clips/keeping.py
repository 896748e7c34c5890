"""Captions that a recording has in its picture, kept whole in what a clip shows of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidpipe.clips.model import Composition, Part
from vidpipe.framing.model import CropPath
from vidpipe.geometry import Rect, bounding

#: A border of the captions' place may be missed by so much of its height: there are margins.
_CLOSE = 0.08
#: A camera that shows less of the captions' height than this, beside a page, does not show them.
_A_BIT = 0.15


def holds(part: Part, kept: Rect) -> bool:
    """Whether a part shows a place of the source whole, once, and nothing over it."""
    slack = round(_CLOSE * kept.height)
    if part.composition is Composition.SPEAKER:
        return part.camera is not None and _in_crop(part.camera, kept, slack)
    if part.composition is Composition.TWO_UP or part.screen is None:
        return False
    if not _inside(kept, part.screen, slack):
        return False
    if part.inset is not None and part.inset.intersect(kept) is not None:
        return False
    if part.composition is Composition.STACK and part.camera is not None:
        twice = part.camera.rect.intersect(kept)
        return twice is None or twice.height < _A_BIT * kept.height
    return True


def _in_crop(path: CropPath, kept: Rect, slack: int) -> bool:
    return all(
        _inside(kept, path.rect.model_copy(update={"x": round(point.x)}), slack)
        for point in path.points
    )


def _inside(inner: Rect, outer: Rect, slack: int) -> bool:
    return (
        inner.x >= outer.x - slack
        and inner.y >= outer.y - slack
        and inner.right <= outer.right + slack
        and inner.bottom <= outer.bottom + slack
    )


def whole_with(parts: Sequence[Part], kept: Rect, regions: Sequence[Rect], frame: Rect) -> Rect:
    """What of the source to show instead of parts that cut a place of it.

    Of one person what the crop showed and the place, as high as the camera; else all regions
    and the place.

    Args:
        parts: that were planned.
        kept: the place.
        regions: of the stretch.
        frame: the whole picture.
    """
    if all(p.composition is Composition.SPEAKER and p.camera for p in parts) and len(regions) == 1:
        crops = [p.camera.rect for p in parts if p.camera]
        lefts = [float(np.median([q.x for q in p.camera.points])) for p in parts if p.camera]
        seen = [c.model_copy(update={"x": round(x)}) for c, x in zip(crops, lefts, strict=True)]
        both = bounding([*seen, kept])
        tall = bounding([regions[0], kept])
        shown = both.model_copy(update={"y": tall.y, "height": tall.height})
    elif all(p.composition in (Composition.SCREEN, Composition.FIT) for p in parts):
        shown = bounding([*(p.screen for p in parts if p.screen), kept])
    else:
        shown = bounding([*regions, kept])
    return shown.clamp(frame)


def cut_s(parts: Sequence[Part], kept: Rect, fps: float) -> float:
    """For how long parts do not show a place of the source whole, in seconds."""
    frames = sum(p.last_frame - p.first_frame for p in parts if not holds(p, kept))
    return round(frames / fps, 2)
