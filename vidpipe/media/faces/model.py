"""A face, and what finds faces in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vidpipe.geometry import Rect

Picture = NDArray[np.uint8]

#: Detectors by the name that a setting gives them.
FaceDetectorName = Literal["centerface", "yunet", "dlib"]


@dataclass(frozen=True)
class Landmarks:
    """Points of a face, in pixels of the picture; left and right as one looks at the picture."""

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    nose: tuple[float, float]
    left_mouth: tuple[float, float]
    right_mouth: tuple[float, float]


@dataclass(frozen=True)
class Face:
    """A face in pixels of the picture that was looked at.

    Attributes:
        rect: from hairline to chin and from ear to ear, as the data set WIDER FACE draws it,
            whichever detector found it; inside the picture.
        score: 0 to 1, higher is surer; of detectors whose faces count all of them.
        landmarks: where the detector gives them.
    """

    rect: Rect
    score: float
    landmarks: Landmarks | None = None


class FaceDetector(Protocol):
    """Finds faces in one picture; may be used by several threads, and after a fork."""

    @property
    def identity(self) -> str:
        """What tells it from others, its weights and what decides included; for fingerprints."""
        ...

    def detect(self, image: Picture, expected_height: float = 0.0) -> list[Face]:
        """Faces in a BGR picture of any size, surest first.

        `expected_height` in pixels, where it is known, saves work on large faces.
        """
        ...


def median_count(counts: Sequence[int]) -> int:
    """The median of counts, 0 for none."""
    return int(np.median(counts)) if counts else 0


def inside(left: float, top: float, right: float, bottom: float, image: Picture) -> Rect | None:
    """A box in whole pixels, less what of it is outside a picture; None if nothing is left."""
    height, width = image.shape[:2]
    x, y = max(0, round(left)), max(0, round(top))
    wide, high = min(width, round(right)) - x, min(height, round(bottom)) - y
    return Rect(x=x, y=y, width=wide, height=high) if wide > 0 and high > 0 else None
