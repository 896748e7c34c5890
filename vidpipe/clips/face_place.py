"""What a face takes of the canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidpipe.framing.head import face_rows, head_rows, head_width
from vidpipe.framing.model import CropPath, FacePoint
from vidpipe.geometry import Rect, Size

#: The width of a face next to its height.
_FACE = 0.76
#: A crop gets closer in such steps, by so much at most, to raise a head over its captions.
_CLOSER_BY, _MOST_CLOSER = 0.02, 0.2


def face_on(canvas: Size, path: CropPath, faces: Sequence[FacePoint]) -> Rect | None:
    """What a face takes of the canvas most of the time; None without one."""
    if not faces:
        return None
    scale = canvas.width / path.rect.width
    times = [f.t_s for f in faces]
    lefts = np.interp(times, [p.t_s for p in path.points], [p.x for p in path.points])
    boxes = np.array(
        [
            [f.x - left - _FACE / 2 * f.height, f.y - path.rect.y - f.height / 2, f.height]
            for f, left in zip(faces, lefts, strict=True)
        ]
    )
    lows, highs = boxes.copy(), boxes.copy()
    highs[:, 0] += _FACE * boxes[:, 2]
    highs[:, 1] += boxes[:, 2]
    x, y = np.percentile(lows[:, :2], 10, axis=0) * scale
    right, bottom = np.percentile(highs[:, :2], 90, axis=0) * scale
    box = Rect(
        x=max(0, round(x)),
        y=max(0, round(y)),
        width=max(1, round(right - max(0, x))),
        height=max(1, round(bottom - max(0, y))),
    )
    return box.intersect(canvas.rect)


def raised(
    path: CropPath, faces: Sequence[FacePoint], canvas: Size, least: float, margin: int
) -> CropPath | None:
    """A crop that is a little closer and lower, so that a head stands higher on the canvas.

    Nothing where the chin is high enough already, or no crop shows the hair as well.

    Args:
        path: that follows one face.
        faces: that it follows, in source pixels.
        canvas: which the crop fills.
        least: rows under the chin that are to be free, over `margin`, in pixels of the canvas.
        margin: rows at the lower end of the canvas that nothing is wanted in.
    """
    if not faces:
        return None
    rect = path.rect
    top, _ = head_rows(faces)
    _, chin = face_rows(faces)
    hair, lowest = top - rect.y, (canvas.height - margin - least) / canvas.height
    if (chin - rect.y) / rect.height <= lowest:
        return None
    for by in np.arange(_CLOSER_BY, _MOST_CLOSER + 1e-6, _CLOSER_BY) + 1:
        width, height = round(rect.width / by), round(rect.height / by)
        down = rect.height - height
        if head_width(faces) > width or hair < down:
            return None
        if (chin - rect.y - down) / height <= lowest:
            left = (rect.width - width) / 2
            near = Rect(x=round(rect.x + left), y=rect.y + down, width=width, height=height)
            points = tuple(p.model_copy(update={"x": round(p.x + left, 2)}) for p in path.points)
            return path.model_copy(update={"rect": near, "points": points})
    return None
