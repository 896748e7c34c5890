"""Faces in a picture: the detector that is compiled in, and YuNet where it is configured."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.errors import Misconfigured
from vidpipe.geometry import Rect

#: Height in pixels that a region is brought to before detection: a webcam's
#: face is then over the detector's 80 px.
_WORK_HEIGHT = 420
#: A known face is brought to this height: the detector was trained at 80 px.
_FACE_HEIGHT = 110


@dataclass(frozen=True)
class Face:
    """A face in pixels of the picture that was looked at; `score` higher is surer."""

    rect: Rect
    score: float


class FaceDetector(Protocol):
    """Finds faces in one picture."""

    @property
    def identity(self) -> str: ...

    def detect(self, image: NDArray[np.uint8], expected_height: float = 0.0) -> list[Face]:
        """Faces in a BGR picture, surest first.

        `expected_height` in pixels, where it is known, saves work on large faces.
        """
        ...


class DlibFaces:
    """dlib's HOG frontal face detector (compiled in, no file needed)."""

    identity = "dlib-hog-frontal"

    def __init__(self) -> None:
        _dlib_detector()

    def detect(self, image: NDArray[np.uint8], expected_height: float = 0.0) -> list[Face]:
        if expected_height > 0:
            found = self._detect(image, _FACE_HEIGHT / expected_height)
            if found:
                return found
        return self._detect(image, 2.5)

    def _detect(self, image: NDArray[np.uint8], max_scale: float) -> list[Face]:
        height = image.shape[0]
        scale = min(max_scale, 2.5, _WORK_HEIGHT / height)
        work = image
        if abs(scale - 1.0) > 0.05:
            size = (max(1, round(image.shape[1] * scale)), max(1, round(height * scale)))
            flag = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            work = np.asarray(cv2.resize(image, size, interpolation=flag), np.uint8)
        else:
            scale = 1.0
        grey = cv2.cvtColor(work, cv2.COLOR_BGR2GRAY)
        boxes, scores, _ = _dlib_detector().run(grey, 0, 0.0)
        faces = []
        for box, score in zip(boxes, scores, strict=True):
            x, y = max(0, box.left()), max(0, box.top())
            rect = Rect(
                x=round(x / scale),
                y=round(y / scale),
                width=max(1, round((box.right() - x) / scale)),
                height=max(1, round((box.bottom() - y) / scale)),
            )
            faces.append(Face(rect, float(score)))
        return sorted(faces, key=lambda f: -f.score)


_of_thread = threading.local()


def _dlib_detector() -> Any:
    """One per thread: a detector keeps state while it works."""
    import dlib

    if not hasattr(_of_thread, "detector"):
        _of_thread.detector = dlib.get_frontal_face_detector()
    return _of_thread.detector


class YuNetFaces:
    """OpenCV's YuNet, from a configured ONNX file: finds turned and small faces too."""

    def __init__(self, path: str) -> None:
        try:
            self._detector = cv2.FaceDetectorYN.create(path, "", (320, 320), 0.7)
        except cv2.error as error:
            raise Misconfigured(f"face model {path}: OpenCV cannot load it") from error
        self.identity = f"yunet:{path.rsplit('/', 1)[-1]}"

    def detect(self, image: NDArray[np.uint8], expected_height: float = 0.0) -> list[Face]:
        height, width = image.shape[:2]
        self._detector.setInputSize((width, height))
        _, rows = self._detector.detect(image)
        faces = []
        for row in rows if rows is not None else ():
            x, y, w, h = (round(float(v)) for v in row[:4])
            if w > 0 and h > 0:
                faces.append(
                    Face(Rect(x=max(0, x), y=max(0, y), width=w, height=h), float(row[14]))
                )
        return sorted(faces, key=lambda f: -f.score)


def face_detector(model_path: str | None) -> FaceDetector:
    """The detector that will be used: YuNet when its file is configured, else dlib's."""
    return YuNetFaces(model_path) if model_path else DlibFaces()


def median_count(counts: Sequence[int]) -> int:
    """The median of counts, 0 for none."""
    return int(np.median(counts)) if counts else 0
