"""Face detectors on photographs of real people and on pictures without any.

    python -m benchmarks.real.faces [--detector NAME ...]

For every detector whose weights are here (VIDPIPE_MODELS): the share of the faces that are
found, by height and by kind; false faces in pictures without one; and the time of a look,
on one core. A face is found where a box overlaps its label by `_FOUND`: boxes of different
detectors differ by a forehead. Photographs on slides are faces and in no empty picture.

The pictures are described in `face_pictures.py`; without them nothing is measured. Boxes were
proposed by CenterFace and YuNet and looked at one by one: where one person was photographed
nobody is left out, of a crowd somebody whom neither sees might be.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.real.face_pictures import (
    Labelled,
    Picture,
    Source,
    at_height,
    darkened,
    in_a_corner,
    known,
    turned,
    within_bounds,
)
from benchmarks.real.figure import Column, Figure
from vidpipe.geometry import Rect, iou
from vidpipe.media.faces import FaceDetector, FaceDetectorName, choose_faces
from vidpipe.settings import load_settings
from vidpipe.testmedia.picture import draw_speaker, pose_at

COLUMNS: tuple[Column, ...] = ("build", "held_out")

#: Heights in pixels at which a face is looked for.
HEIGHTS = (24, 40, 80, 200, 600)
#: The same as an inset of a page of 1280x720, as in a recording with slides.
INSET_HEIGHTS = (40,)
#: Of a group so many faces are looked for: one picture is not to outweigh the others.
_OF_A_GROUP = 4
#: Kinds of faces are compared at this height.
_PLAIN = 80
_FOUND = 0.3
#: Pictures that are timed: an inset, a region as layout sees it, a frame as framing does.
_LOOKS = ((320, 180), (640, 360), (1280, 720))
_EMPTY = 200


def detectors(names: Iterable[FaceDetectorName]) -> dict[str, FaceDetector]:
    """Those whose weights are here; nothing is fetched."""
    store = load_settings(allow_model_download=False).model_store

    def find(name: FaceDetectorName) -> Path:
        return store.locate(name).path

    return {
        name: choose_faces(name, None, find).detector
        for name in names
        if name == "dlib" or store.here(name) is not None
    }


def measure(using: Mapping[str, FaceDetector]) -> list[Figure]:
    """All figures of some detectors on the pictures that are here."""
    found: dict[tuple[str, Column, str], list[bool]] = defaultdict(list)
    false: dict[tuple[str, Column, str], list[int]] = defaultdict(list)
    taken: Counter[Source] = Counter()
    for face in known().faces:
        taken[face.picture] += 1
        picture = face.picture.read() if taken[face.picture] <= _OF_A_GROUP else None
        if picture is None:
            continue
        for kinds, shown, box in _shown(face, picture):
            for name, detector in using.items():
                hit = any(iou(f.rect, box) >= _FOUND for f in detector.detect(shown))
                for kind in kinds:
                    found[name, face.picture.column, kind].append(hit)
    for source in known().empty:
        picture = source.read()
        if picture is None:
            continue
        shown = within_bounds(picture)
        for name, detector in using.items():
            what = source.kind if source.kind == "animals" else "empty"
            false[name, source.column, what].append(len(detector.detect(shown)))
    figures = [
        Figure(f"{name}: {kind}", column, round(float(np.mean(hits)), 4), f"of {len(hits)}", True)
        for (name, column, kind), hits in found.items()
    ]
    figures += [
        Figure(
            f"{name}: false faces in {_EMPTY} pictures, {kind}",
            column,
            round(_EMPTY * float(np.mean(counts)), 3),
            f"of {len(counts)}",
            False,
        )
        for (name, column, kind), counts in false.items()
    ]
    return figures + _times(using)


def _shown(face: Labelled, picture: Picture) -> Iterable[tuple[list[str], Picture, Rect]]:
    """A face as it is looked at: which figures it counts for, the picture, where the face is."""
    for height in HEIGHTS:
        scaled = at_height(picture, face.box, height)
        if scaled is None:
            continue
        shown, box = scaled
        tags = sorted(face.tags) if height == _PLAIN else []
        yield ["all heights", f"{height} px", *tags], shown, box
        if height in INSET_HEIGHTS:
            yield [f"{height} px in a corner of a page"], *in_a_corner(shown, box)
        if height == _PLAIN:
            yield ["a dark room"], darkened(shown), box
            # To either side, as it happens.
            yield ["tilted by 20 degrees"], turned(shown, box, 20 if box.x % 2 else -20), box


def _times(using: Mapping[str, FaceDetector]) -> list[Figure]:
    """Milliseconds of a look, of one core's time: others may be at work beside it."""
    figures = []
    for name, detector in using.items():
        for width, height in _LOOKS:
            picture = draw_speaker(width, height, pose_at(1.0, 0.3))[..., ::-1].copy()
            for expected in (0.0, 0.53 * height):
                spent = []
                for _ in range(9):
                    began = time.process_time()
                    detector.detect(picture, expected)
                    spent.append(1000 * (time.process_time() - began))
                how = ", its face's height known" if expected else ""
                what = f"{name}: a look at {width}x{height}{how}"
                figures += [
                    Figure(what, column, round(float(np.median(spent)), 1), "ms", False)
                    for column in COLUMNS
                ]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names: tuple[FaceDetectorName, ...] = ("centerface", "yunet", "dlib")
    parser.add_argument("--detector", action="append", choices=names)
    asked = parser.parse_args().detector or names
    using = detectors(asked)
    absent = sorted(set(asked) - set(using))
    gone = {
        f"{s.of}/{s.path}"
        for s in [*known().empty, *(f.picture for f in known().faces)]
        if not s.file.is_file()
    }
    figures = measure(using)
    table = Table(title="faces", show_lines=False)
    for title in ("figure", *COLUMNS):
        table.add_column(title, justify="left" if title == "figure" else "right")
    by_name: dict[str, dict[Column, Figure]] = defaultdict(dict)
    for figure in figures:
        by_name[figure.name][figure.column] = figure
    for name in sorted(by_name):
        cells = [by_name[name].get(c) for c in COLUMNS]
        table.add_row(name, *(f"{f.value:g} ({f.unit})" if f else "" for f in cells))
    Console(width=120).print(table)
    if absent:
        print(f"not measured, their weights are not here: {', '.join(absent)}")
    if gone:
        print(f"{len(gone)} pictures are not here (VIDPIPE_TEST_FACES, VIDPIPE_TEST_MEDIA)")


if __name__ == "__main__":
    main()
