"""Photographs with known faces and pictures without any (`faces.yaml`), and what is made of them.

The pictures are other people's: files of the test media (../shared/media, or
VIDPIPE_TEST_MEDIA), and files of public repositories at a commit, looked for in the folder
VIDPIPE_TEST_FACES as `owner/name/path`. What is absent, or is not the bytes that were
looked at, is left out and said.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.real.figure import Column
from vidpipe.geometry import Rect

Picture = NDArray[np.uint8]

MEDIA = Path(os.environ.get("VIDPIPE_TEST_MEDIA", Path(__file__).parents[3] / "shared" / "media"))
ELSEWHERE = Path(os.environ.get("VIDPIPE_TEST_FACES", "/nonexistent"))

#: A face that is brought to a height may be enlarged by so much: more is only blur.
_MOST = 2.5
#: What is looked at is never larger than this.
WIDEST, HIGHEST = 1280, 720


@dataclass(frozen=True)
class Labelled:
    """One face of one picture: where it is, and what kind of face it is."""

    picture: Source
    box: Rect
    tags: frozenset[str]


@dataclass(frozen=True)
class Source:
    """One picture: a file, or a moment of a recording of the test media.

    `kind` is what an empty one shows: pages, things, or animals, whose faces are none.
    """

    of: str
    path: str
    digest: str
    column: Column
    at_s: float | None = None
    kind: str = ""

    @property
    def file(self) -> Path:
        return (MEDIA if self.of == "media" else ELSEWHERE / self.of) / self.path

    def read(self) -> Picture | None:
        """The picture in BGR; None where it is not here or not what was looked at."""
        if not self.file.is_file() or not _digest(self.file).startswith(self.digest):
            return None
        if self.at_s is not None:
            return _frames(self.file).get(self.at_s)
        picture = cv2.imread(str(self.file), cv2.IMREAD_COLOR)
        return None if picture is None else np.asarray(picture, np.uint8)


@dataclass
class Pictures:
    """What is known of all pictures, by column."""

    faces: list[Labelled] = field(default_factory=list)
    empty: list[Source] = field(default_factory=list)


@cache
def known() -> Pictures:
    """The whole file."""
    data: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("faces.yaml").read_text())
    pictures = Pictures()
    for item in data["faces"]:
        for path, told in item["pictures"].items():
            source = Source(item["of"], path, told["sha256"], item["column"])
            moments = told.get("at") or {None: told["faces"]}
            for at_s, rows in moments.items():
                moment = replace(source, at_s=at_s)
                pictures.faces += [_labelled(moment, row) for row in rows]
    for item in data["empty"]:
        for path, told in item["pictures"].items():
            source = Source(item["of"], path, told["sha256"], item["column"], kind=item["kind"])
            pictures.empty += [replace(source, at_s=at_s) for at_s in told.get("at", [None])]
    return pictures


def _labelled(source: Source, row: list[Any]) -> Labelled:
    x, y, width, height, *tags = row
    return Labelled(source, Rect(x=x, y=y, width=width, height=height), frozenset(tags))


def at_height(picture: Picture, box: Rect, height: float) -> tuple[Picture, Rect] | None:
    """A picture scaled until a face is so high, cut to 1280x720 around it; and the face's box.

    None where it would have to be enlarged too much, or the face does not fit.
    """
    scale = height / box.height
    if scale > _MOST:
        return None
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    flag = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(picture, size, interpolation=flag), np.uint8)
    face = box.scaled(scale)
    width, high = min(WIDEST, scaled.shape[1]), min(HIGHEST, scaled.shape[0])
    x = min(max(0, round(face.center[0] - width / 2)), scaled.shape[1] - width)
    y = min(max(0, round(face.center[1] - high / 2)), scaled.shape[0] - high)
    shown = Rect(x=0, y=0, width=width, height=high)
    there = face.model_copy(update={"x": face.x - x, "y": face.y - y})
    if there.intersect(shown) != there and face.height > high:
        return None
    return np.ascontiguousarray(scaled[y : y + high, x : x + width]), there


def in_a_corner(picture: Picture, box: Rect) -> tuple[Picture, Rect]:
    """A part of a picture around a face, as an inset of a page of 1280x720 with text."""
    width, height = min(320, picture.shape[1]), min(240, picture.shape[0])
    x = min(max(0, round(box.center[0] - width / 2)), picture.shape[1] - width)
    y = min(max(0, round(box.center[1] - height / 2)), picture.shape[0] - height)
    page = np.full((HIGHEST, WIDEST, 3), 250, np.uint8)
    for line in range(9):
        text = "What a page of a talk says in some words, and then in more of them"[: 64 - 3 * line]
        place = (60, 90 + 66 * line)
        cv2.putText(page, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, (60, 40, 30), 2)
    left, top = WIDEST - width - 24, HIGHEST - height - 24
    page[top : top + height, left : left + width] = picture[y : y + height, x : x + width]
    return page, box.model_copy(update={"x": box.x - x + left, "y": box.y - y + top})


def darkened(picture: Picture) -> Picture:
    """As of a room without light: a gamma of 2.2 on top, a third of the light, a sensor's noise."""
    light = 0.33 * 255 * (picture.astype(np.float32) / 255) ** 2.2
    noise = np.random.default_rng(1).normal(0, 3, picture.shape)
    return np.asarray(np.clip(light + noise, 0, 255), np.uint8)


def turned(picture: Picture, box: Rect, degrees: float) -> Picture:
    """Turned around the middle of the face, which stays where it is."""
    matrix = cv2.getRotationMatrix2D(box.center, degrees, 1.0)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def within_bounds(picture: Picture) -> Picture:
    """Shrunk to 1280x720 at most."""
    scale = min(1.0, WIDEST / picture.shape[1], HIGHEST / picture.shape[0])
    if scale == 1.0:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _moments(path: Path) -> tuple[float, ...]:
    return tuple(
        sorted(
            s.at_s
            for s in [*known().empty, *(f.picture for f in known().faces)]
            if s.at_s is not None and s.file == path
        )
    )


@cache
def _frames(path: Path) -> dict[float, Picture]:
    """The frames of a recording that are asked for, decoded in one pass."""
    wanted = list(_moments(path))
    found: dict[float, Picture] = {}
    for t_s, frame in _decoded(path):
        while wanted and t_s >= wanted[0] - 1e-3:
            found[wanted.pop(0)] = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        if not wanted:
            break
    return found


def _decoded(path: Path) -> Iterator[tuple[float, Any]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        first: float | None = None
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            t_s = float(frame.pts * stream.time_base)
            first = t_s if first is None else first
            yield t_s - first, frame
