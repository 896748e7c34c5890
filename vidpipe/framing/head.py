"""How much of a picture a head takes, and what shape of crop holds it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidpipe.framing.model import CropPath, FacePoint
from vidpipe.geometry import Rect, Size

#: What is shown over a face's middle and under it, in its heights. A face is from the hairline
#: to the chin: a quarter of its height over it holds the hair (a head is 1.2 to 1.3 faces high:
#: the hairline lies a fifth under its top in the canon of drawing), an eighth under it is air.
_OVER, _UNDER = 0.75, 0.62
#: Under the middle of the face of somebody whose shoulders are seen.
_SHOULDERS = 1.05
#: A head of which so much fits has enough air: strips beside its picture look like a fault.
_AS_HIGH = 0.92
#: A crop gets no narrower than this next to the one that was asked for.
_NARROWEST = 0.5
#: Shares of the time in which a head may reach further: a nod, a look of the detector.
_SELDOM = 10.0
#: The width of a head, ears and all, next to the height of the face.
_HEAD = 1.04
#: A crop is so wide at least next to the height of a face, if there is as much: twice the face.
_ROOMY = 1.6
#: Of a face that a picture cuts off so much is seen: from the hairline to the mouth, which is at
#: three quarters of it in the canon of drawing. One is cut that ends so near, in its heights.
_SEEN, _AIR = 0.72, 0.04
#: A crop gets closer in such steps, by so much at most, to raise a head over its captions.
_CLOSER_BY, _MOST_CLOSER = 0.02, 0.2
#: Half of the width that is kept for a head, in face heights: hair at both sides and some air
#: (a face is about 0.76 as wide as high, a head with its hair 1.04).
_BESIDE = 0.65


def head_rows(faces: Sequence[FacePoint]) -> tuple[float, float]:
    """From over the hair to under the chin, most of the time, in rows of the source.

    Args:
        faces: at least one.
    """
    tops = [f.y - _OVER * f.height for f in faces]
    bottoms = [f.y + _UNDER * f.height for f in faces]
    return float(np.percentile(tops, _SELDOM)), float(np.percentile(bottoms, 100 - _SELDOM))


def face_rows(faces: Sequence[FacePoint]) -> tuple[float, float]:
    """From the hairline to the chin, most of the time, in rows of the source.

    Args:
        faces: at least one.
    """
    tops = [f.y - f.height / 2 for f in faces]
    bottoms = [f.y + f.height / 2 for f in faces]
    return float(np.percentile(tops, _SELDOM)), float(np.percentile(bottoms, 100 - _SELDOM))


def within_rows(rows: tuple[float, float], region: Rect) -> tuple[float, float]:
    """What of some rows a region has; none of it where they lie outside."""
    top, bottom = (min(max(row, region.y), region.bottom) for row in rows)
    return top, bottom


def aspect_for_head(region: Rect, aspect: float, faces: Sequence[FacePoint]) -> float:
    """`aspect` (width / height), or a narrower one where its crop of `region` would cut the head.

    A crop that takes all of a region's width gets higher only so. What the region does not
    have of the head is not asked for.
    """
    if not faces:
        return aspect
    top, bottom = within_rows(head_rows(faces), region)
    if _AS_HIGH * (bottom - top) <= region.width / aspect:
        return aspect
    # It is narrower than its place anyway: with the shoulders it looks less like a mask.
    low = float(np.percentile([f.y + _SHOULDERS * f.height for f in faces], 100 - _SELDOM))
    bottom = max(bottom, min(low, region.bottom))
    return max(region.width / (bottom - top), _NARROWEST * aspect)


def roomy_aspect(region: Rect, aspect: float, faces: Sequence[FacePoint]) -> float:
    """`aspect` (width / height), or a wider one where its crop of `region` would be all face.

    A picture that ends at the chin, or over it, is not enlarged further than it must be: of a face
    that the region cuts off, at the mouth or the forehead, there is more than what is seen.
    """
    if not faces or region.aspect <= aspect:
        return aspect
    face = float(np.median([f.height for f in faces]))
    if _ends_in_face(region, faces):
        face /= _SEEN
    return min(region.aspect, max(aspect, _ROOMY * face / region.height))


def _ends_in_face(region: Rect, faces: Sequence[FacePoint]) -> bool:
    """Whether a region ends over the chin or under the hairline most of the time."""
    air = _AIR * float(np.median([f.height for f in faces]))
    hairline = float(np.median([f.y - f.height / 2 for f in faces]))
    chin = float(np.median([f.y + f.height / 2 for f in faces]))
    return hairline < region.y + air or chin > region.bottom - air


def around_heads(region: Rect, least: float, faces: Sequence[FacePoint]) -> Rect:
    """The part of a region's width in which heads are, all of its height.

    Args:
        region: of the source.
        least: aspect (width / height) that it must have.
        faces: at least one.
    """
    left = float(np.percentile([f.x - _BESIDE * f.height for f in faces], _SELDOM))
    right = float(np.percentile([f.x + _BESIDE * f.height for f in faces], 100 - _SELDOM))
    width = min(region.width, round(max(right - left, least * region.height)))
    x = round((left + right - width) / 2)
    return Rect(x=x, y=region.y, width=width, height=region.height).clamp(region)


def head_width(faces: Sequence[FacePoint]) -> float:
    """How wide a head is most of the time, ears and all; a crop that is narrower cuts it."""
    return _HEAD * float(np.median([f.height for f in faces])) if faces else 0.0


def is_cut(faces: Sequence[FacePoint], crop: Rect) -> bool:
    """Whether a crop is too low for the face, from the hairline to the chin."""
    if not faces:
        return False
    hairline, chin = face_rows(faces)
    return chin - hairline > crop.height


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
