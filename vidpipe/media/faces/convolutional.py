"""Convolutional face detectors: how large a picture they are shown, and what they say of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.media.faces.model import Face, Landmarks, Picture, inside
from vidpipe.media.faces.network import Network

Values = NDArray[np.float32]

#: Sides that a network takes are multiples of this.
_STRIDE = 32
#: Two boxes that overlap by more than this (intersection over union) are one face.
_SAME = 0.35


@dataclass(frozen=True)
class Looking:
    """How a picture is shown to a network, and what counts.

    Attributes:
        area: pixels that a picture of which nothing is known is brought to, at most.
        face: height in pixels that a face of known height is brought to.
        most: how much a small picture is enlarged at most.
        least: score under which there is no face.
        coarse: pixels of a second, quick look for faces that fill a picture; 0: none.
    """

    area: int
    face: float
    most: float
    least: float
    coarse: int = 0


@dataclass(frozen=True)
class RawDetection:
    """What a network found, in pixels of what it was shown.

    Attributes:
        boxes: shape (n, 4): left, top, right, bottom.
        scores: shape (n,), 0 to 1.
        points: shape (n, 5, 2): x and y of the eyes, the nose and the corners of the mouth.
    """

    boxes: Values
    scores: Values
    points: Values


class ConvolutionalFaces:
    """What CenterFace and YuNet have in common."""

    def __init__(self, name: str, network: Network, looking: Looking) -> None:
        self._network = network
        self.looking = looking
        self.identity = f"{name}:{network.digest[:12]}:" + ":".join(
            f"{value:g}" for value in astuple(looking)
        )

    def detect(self, image: Picture, expected_height: float = 0.0) -> list[Face]:
        """Faces in a BGR picture of any size, surest first."""
        height, width = image.shape[:2]
        full = min(self.looking.most, math.sqrt(self.looking.area / (width * height)))
        if expected_height > 0 and self.looking.face / expected_height < 0.8 * full:
            found = _faces([self._at(image, self.looking.face / expected_height)], image)
            if found:
                return found
        looks = [self._at(image, full)]
        coarse = math.sqrt(self.looking.coarse / (width * height))
        if 0 < coarse < 0.8 * full:
            looks.append(self._at(image, coarse))
        return _faces(looks, image)

    def _at(self, image: Picture, scale: float) -> RawDetection:
        """What is seen of a picture at a scale, in pixels of the picture."""
        height, width = image.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        flag = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        work = image if size == (width, height) else cv2.resize(image, size, interpolation=flag)
        # Padded, not stretched: a face keeps its proportions.
        beside, below = (-side % _STRIDE for side in size)
        padded = np.asarray(
            cv2.copyMakeBorder(work, 0, below, 0, beside, cv2.BORDER_CONSTANT), np.uint8
        )
        found = self._look(padded)
        across, down = width / size[0], height / size[1]
        return RawDetection(
            boxes=found.boxes * np.array([across, down, across, down], np.float32),
            scores=found.scores,
            points=found.points * np.array([across, down], np.float32),
        )

    def _look(self, picture: Picture) -> RawDetection:
        """What is surer than `least` in a BGR picture whose sides the network takes."""
        raise NotImplementedError


def _faces(looks: Sequence[RawDetection], image: Picture) -> list[Face]:
    """The faces of several looks at one picture, each once."""
    boxes, scores, points = (
        np.concatenate([getattr(look, part) for look in looks])
        for part in ("boxes", "scores", "points")
    )
    faces = []
    for k in _distinct(boxes, np.argsort(-scores, kind="stable")):
        left, top, right, bottom = (float(side) for side in boxes[k])
        rect = inside(left, top, right, bottom, image)
        if rect is not None:
            faces.append(Face(rect, float(scores[k]), _landmarks(points[k])))
    return faces


def _distinct(boxes: Values, order: NDArray[np.intp]) -> list[int]:
    """Non-maximum suppression: of boxes that overlap only the first in `order`."""
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    kept: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        kept.append(best)
        low = np.maximum(boxes[order, :2], boxes[best, :2])
        high = np.minimum(boxes[order, 2:], boxes[best, 2:])
        both = np.prod(np.maximum(high - low, 0), axis=1)
        either = np.maximum(areas[order] + areas[best] - both, 1e-6)
        order = order[both / either <= _SAME]
    return kept


def _landmarks(points: Values) -> Landmarks:
    eyes = sorted(((float(x), float(y)) for x, y in points[:2]), key=lambda p: p[0])
    mouth = sorted(((float(x), float(y)) for x, y in points[3:]), key=lambda p: p[0])
    nose = (float(points[2, 0]), float(points[2, 1]))
    return Landmarks(eyes[0], eyes[1], nose, mouth[0], mouth[1])


class CenterFaces(ConvolutionalFaces):
    """CenterFace (Xu et al., arXiv:1911.03599; weights of github.com/Star-Clouds/CenterFace, MIT).

    A face is a peak in a heat map at a quarter of the picture's size; beside it lie the
    logarithm of its size and where in its cell its middle is.
    """

    _CELL = 4

    #: Measured by `benchmarks/real/faces.py`.
    LOOKING = Looking(area=640 * 384, face=48.0, most=2.0, least=0.5, coarse=200 * 120)

    def __init__(self, path: Path, looking: Looking = LOOKING) -> None:
        super().__init__("centerface", Network(path, ("537", "538", "539", "540")), looking)

    def _look(self, picture: Picture) -> RawDetection:
        blob = cv2.dnn.blobFromImage(picture, swapRB=True)
        heat, sizes, offsets, points = (
            np.asarray(out)[0] for out in self._network.run(np.asarray(blob, np.float32))
        )
        rows, columns = np.nonzero(heat[0] >= self.looking.least)
        high, wide = np.exp(sizes[:, rows, columns]) * self._CELL
        down, across = offsets[:, rows, columns]
        top = (rows + down + 0.5) * self._CELL - high / 2
        left = (columns + across + 0.5) * self._CELL - wide / 2
        of_face = points[:, rows, columns].reshape(5, 2, -1)
        xs, ys = of_face[:, 1] * wide + left, of_face[:, 0] * high + top
        return RawDetection(
            boxes=np.stack([left, top, left + wide, top + high], axis=1).astype(np.float32),
            scores=heat[0, rows, columns].astype(np.float32),
            points=np.stack([xs, ys], axis=2).transpose(1, 0, 2).astype(np.float32),
        )


class YuNetFaces(ConvolutionalFaces):
    """YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023; MIT).

    At three scales each cell says how sure it is of a face, and where that is from the cell.
    """

    _CELLS = (8, 16, 32)

    #: Measured by `benchmarks/real/faces.py`.
    LOOKING = Looking(area=640 * 384, face=64.0, most=2.0, least=0.7)

    def __init__(self, path: Path, looking: Looking = LOOKING) -> None:
        outputs = [
            f"{part}_{cell}" for cell in self._CELLS for part in ("cls", "obj", "bbox", "kps")
        ]
        super().__init__("yunet", Network(path, tuple(outputs)), looking)

    def _look(self, picture: Picture) -> RawDetection:
        blob = cv2.dnn.blobFromImage(picture)
        out = [np.asarray(o)[0] for o in self._network.run(np.asarray(blob, np.float32))]
        parts = [
            self._at_scale(picture.shape[1] // cell, cell, *out[4 * k : 4 * k + 4])
            for k, cell in enumerate(self._CELLS)
        ]
        return RawDetection(
            boxes=np.concatenate([p.boxes for p in parts]),
            scores=np.concatenate([p.scores for p in parts]),
            points=np.concatenate([p.points for p in parts]),
        )

    def _at_scale(
        self, columns: int, cell: int, sure: Values, there: Values, boxes: Values, points: Values
    ) -> RawDetection:
        scores = np.sqrt(np.clip(sure[:, 0], 0, 1) * np.clip(there[:, 0], 0, 1))
        at = np.flatnonzero(scores >= self.looking.least)
        corner = np.stack([at % columns, at // columns], axis=1)
        middle = (corner + boxes[at, :2]) * cell
        half = np.exp(boxes[at, 2:]) * cell / 2
        return RawDetection(
            boxes=np.concatenate([middle - half, middle + half], axis=1).astype(np.float32),
            scores=scores[at].astype(np.float32),
            points=((points[at].reshape(-1, 5, 2) + corner[:, None, :]) * cell).astype(np.float32),
        )
