"""dlib's detector of frontal faces: compiled in, for where no network can be had."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from vidpipe.media.faces.model import Face, Picture, inside

#: Height in pixels that a region is brought to before detection: a webcam's
#: face is then over the detector's 80 px.
_WORK_HEIGHT = 420
#: A known face is brought to this height: the detector was trained on squares of 80 px.
_FACE_HEIGHT = 128
#: A picture is enlarged so much at most.
_MOST = 2.5
#: dlib's boxes are squares from the brows to the chin. What a face's box is next to one, in
#: its sides: width, height, and how much higher its middle is (medians over 99 frontal faces
#: of the build column of `benchmarks/real/faces.yaml`).
_WIDTH, _HEIGHT, _HIGHER = 0.88, 1.16, 0.065


class DlibFaces:
    """dlib's HOG frontal face detector: sees faces from the front, of 32 px and more."""

    identity = "dlib-hog-frontal:2"

    def __init__(self) -> None:
        if not _idle:
            _idle.append(_dlib_detector())

    def detect(self, image: Picture, expected_height: float = 0.0) -> list[Face]:
        """Faces in a BGR picture of any size, surest first."""
        if expected_height > 0:
            found = self._detect(image, _FACE_HEIGHT / expected_height)
            if found:
                return found
        return self._detect(image, _MOST)

    def _detect(self, image: Picture, max_scale: float) -> list[Face]:
        height, width = image.shape[:2]
        scale = min(max_scale, _MOST, _WORK_HEIGHT / height)
        work = image
        if abs(scale - 1.0) > 0.05:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            flag = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            work = np.asarray(cv2.resize(image, size, interpolation=flag), np.uint8)
        else:
            scale = 1.0
        grey = cv2.cvtColor(work, cv2.COLOR_BGR2GRAY)
        boxes, scores = _found(grey)
        faces = []
        for box, score in zip(boxes, scores, strict=True):
            side = box.width() / scale
            x, y = (box.left() + box.right()) / 2 / scale, (box.top() + box.bottom()) / 2 / scale
            y -= _HIGHER * side
            wide, high = _WIDTH * side / 2, _HEIGHT * side / 2
            rect = inside(x - wide, y - high, x + wide, y + high, image)
            if rect is not None:
                # Its score is a distance from the margin: from 0 to 3 or so.
                faces.append(Face(rect, 1.0 - math.exp(-float(score))))
        return sorted(faces, key=lambda f: -f.score)


#: Detectors that nobody works with: one keeps state while it works, and to load one takes 0.4 s
#: of a processor, which each thread that looks at a picture would pay for one of its own.
_idle: list[Any] = []


def _found(grey: Any) -> tuple[Any, Any]:
    """dlib's boxes and scores, of a grey picture."""
    try:
        detector = _idle.pop()
    except IndexError:
        detector = _dlib_detector()
    try:
        boxes, scores, _ = detector.run(grey, 0, 0.0)
    finally:
        _idle.append(detector)
    return boxes, scores


def _dlib_detector() -> Any:
    import dlib

    return dlib.get_frontal_face_detector()
