"""What a face takes of the canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidpipe.framing.model import CropPath, FacePoint
from vidpipe.geometry import Rect, Size

#: The width of a face next to its height.
_FACE = 0.76


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
