"""What a face takes of a picture: of a crop, of the canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidpipe.framing.head import face_rows
from vidpipe.framing.model import CropPath, FacePoint
from vidpipe.geometry import Rect, Size

#: Widths of a face and of the head around it next to the height of the face.
_FACE, _HEAD = 0.76, 1.04


def head_width(faces: Sequence[FacePoint]) -> float:
    """How wide a head is most of the time, ears and all; a crop that is narrower cuts it."""
    return _HEAD * float(np.median([f.height for f in faces])) if faces else 0.0


def is_cut(faces: Sequence[FacePoint], crop: Rect) -> bool:
    """Whether a crop is too low for the face, from the hairline to the chin."""
    if not faces:
        return False
    hairline, chin = face_rows(faces)
    return chin - hairline > crop.height


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
