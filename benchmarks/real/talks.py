"""Talks composed from real camera pictures, with what is true of them.

The slides are drawn, the people (and rooms, hands, cars) are other people's recordings; see
`split.yaml` for where they come from and which of them may be built on. A talk goes through
several arrangements, as a recorder that is switched does; each arrangement holds for long
enough to see a page turn in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.testmedia.composite import (
    Box,
    CompositeTruth,
    Nuisances,
    Shown,
    deck,
    paste,
    screen_at,
)

Picture = NDArray[np.uint8]

#: Of what is drawn: another one makes all talks anew.
VERSION = 1
FPS = 15
SIZE = (1280, 720)
_UPRIGHT, _SQUARE = (720, 1280), (720, 720)
#: A camera's recording is played forwards and backwards for as long as the talk lasts.
_CAMERA_S = 8.0


@dataclass(frozen=True)
class CanvasLayout:
    """Where page and cameras are on a picture; `corner` 0 to 0.5 rounds cameras."""

    kind: str
    screen: Box | None
    cameras: tuple[Box, ...]
    corner: float = 0.0


def _inset(
    wide: int,
    tall: int,
    at: str,
    margin: int = 16,
    corner: float = 0.0,
    size: tuple[int, int] = SIZE,
) -> CanvasLayout:
    left = margin if "l" in at else size[0] - wide - margin
    top = margin if "t" in at else size[1] - tall - margin
    box = (left, top, wide, tall)
    return CanvasLayout("screen_and_camera", (0, 0, *size), (box,), corner)


def _beside(screen: Box, *cameras: Box) -> CanvasLayout:
    return CanvasLayout("screen_and_camera", screen, cameras)


#: What recorders make of a page and cameras.
ARRANGEMENTS: dict[str, CanvasLayout] = {
    "screen": CanvasLayout("screen", (0, 0, *SIZE), ()),
    "camera": CanvasLayout("camera", None, ((0, 0, *SIZE),)),
    "inset_br": _inset(320, 180, "br"),
    "inset_tl": _inset(256, 192, "tl", 20),
    "inset_tr": _inset(300, 168, "tr", 24),
    "inset_bl": _inset(240, 240, "bl", 12),
    "inset_flush": _inset(288, 216, "br", 0),
    "inset_small": _inset(176, 132, "tr", 10),
    "inset_large": _inset(440, 248, "br", 20),
    "rounded": _inset(280, 210, "br", 24, 0.16),
    "circle": _inset(210, 210, "br", 20, 0.5),
    "circle_tl": _inset(180, 180, "tl", 24, 0.5),
    "beside_right": _beside((0, 78, 900, 506), (912, 207, 360, 202)),
    "beside_left": _beside((380, 107, 900, 506), (8, 207, 360, 202)),
    "beside_top": _beside((0, 102, 920, 517), (930, 102, 340, 255)),
    "touching": _beside((0, 96, 940, 528), (940, 96, 340, 528)),
    "tall": _beside((0, 90, 960, 540), (980, 30, 290, 660)),
    "big_camera": _beside((0, 180, 640, 360), (650, 110, 620, 500)),
    "half_and_half": _beside((10, 186, 620, 348), (640, 0, 640, 720)),
    "strip": _beside((0, 90, 960, 540), *((970, 20 + 232 * k, 300, 216) for k in range(3))),
    "two_people": CanvasLayout("camera", None, ((0, 0, 640, 720), (640, 0, 640, 720))),
    "gallery": CanvasLayout(
        "camera",
        None,
        tuple((640 * (k % 2), 360 * (k // 2), 640, 360) for k in range(4)),
    ),
}
#: The same of pictures as phones record and platforms show them: 720 x 1280 and 720 x 720.
_UPRIGHT_ARRANGEMENTS: dict[str, CanvasLayout] = {
    "screen": CanvasLayout("screen", (0, 437, 720, 405), ()),
    "camera": CanvasLayout("camera", None, ((0, 0, *_UPRIGHT),)),
    "page_above": _beside((0, 0, 720, 405), (0, 405, 720, 875)),
    "page_below": _beside((0, 720, 720, 540), (0, 0, 720, 720)),
    "page_between": _beside((0, 437, 720, 405), (110, 870, 500, 375)),
    "page_is_all": CanvasLayout("screen", (0, 0, *_UPRIGHT), ()),
    "inset_br": _inset(240, 320, "br", size=_UPRIGHT),
    "inset_tl": _inset(200, 200, "tl", 24, size=_UPRIGHT),
    "inset_small": _inset(132, 176, "tr", 12, size=_UPRIGHT),
    "rounded": _inset(240, 300, "br", 24, 0.16, _UPRIGHT),
    "circle": _inset(220, 220, "br", 24, 0.5, _UPRIGHT),
    "two_people": CanvasLayout("camera", None, ((0, 0, 720, 640), (0, 640, 720, 640))),
}
_SQUARE_ARRANGEMENTS: dict[str, CanvasLayout] = {
    "screen": CanvasLayout("screen", (0, 157, 720, 405), ()),
    "camera": CanvasLayout("camera", None, ((0, 0, *_SQUARE),)),
    "page_above": _beside((0, 0, 720, 405), (0, 405, 720, 315)),
    "page_below": _beside((40, 350, 640, 360), (180, 10, 360, 320)),
    "page_is_all": CanvasLayout("screen", (0, 0, *_SQUARE), ()),
    "inset_br": _inset(200, 200, "br", size=_SQUARE),
    "inset_tl": _inset(240, 180, "tl", 20, size=_SQUARE),
    "inset_small": _inset(120, 120, "tr", 12, size=_SQUARE),
    "rounded": _inset(210, 210, "br", 24, 0.16, _SQUARE),
    "circle": _inset(190, 190, "br", 20, 0.5, _SQUARE),
    "two_people": CanvasLayout("camera", None, ((0, 0, 360, 720), (360, 0, 360, 720))),
}


@dataclass(frozen=True)
class Canvas:
    """A size of picture, in pixels, and what recorders make of a page and cameras on it."""

    size: tuple[int, int]
    arrangements: dict[str, CanvasLayout]


CANVASES: dict[str, Canvas] = {
    "landscape": Canvas(SIZE, ARRANGEMENTS),
    "upright": Canvas(_UPRIGHT, _UPRIGHT_ARRANGEMENTS),
    "square": Canvas(_SQUARE, _SQUARE_ARRANGEMENTS),
}
NUISANCES: dict[str, Nuisances] = {
    "plain": Nuisances(),
    "builds": Nuisances(build=True),
    "ink and cursor": Nuisances(ink=True, cursor=True),
    "film on slides": Nuisances(film=True),
    "photos on slides": Nuisances(photo=True),
    "dissolves": Nuisances(dissolve=True),
    "dark slides": Nuisances(dark=True, build=True),
}
#: What lies behind page and camera.
BACKGROUNDS = ("dark", "black", "light", "photograph")


@dataclass(frozen=True)
class TalkPlan:
    """One talk to compose: which arrangements follow each other, over what, of whom."""

    name: str
    arrangements: tuple[str, ...]
    nuisance: str
    background: str
    cameras: tuple[Path, ...]
    seed: int
    crf: int = 23
    canvas: str = "landscape"


def plans(cameras: Sequence[Path], seed: int, canvas: str = "landscape") -> list[TalkPlan]:
    """A talk for each arrangement of a canvas, with other ones after it; every camera in turn."""
    rng = np.random.default_rng(seed)
    people = [cameras[int(k)] for k in rng.permutation(len(cameras))]
    whose = itertools.cycle(people)
    nuisances = itertools.cycle(NUISANCES)
    backgrounds = itertools.cycle(BACKGROUNDS)
    names = [n for n in CANVASES[canvas].arrangements if n not in ("screen", "camera")]
    prefix = f"{seed}" if canvas == "landscape" else f"{seed}-{canvas}"
    made = []
    for rounds in range(2):
        for k, name in enumerate(names):
            others = [str(n) for n in rng.choice([n for n in names if n != name], 1)]
            mid = ("camera", "screen")[(k + rounds) % 2]
            order = (name, mid, *others) if rounds == 0 else (mid, name)
            made.append(
                TalkPlan(
                    name=f"{prefix}-{rounds}-{name}",
                    arrangements=order,
                    nuisance=next(nuisances),
                    background=next(backgrounds),
                    cameras=tuple(next(whose) for _ in range(4)),
                    seed=1000 * seed + 100 * rounds + k,
                    crf=(20, 23, 27)[k % 3],
                    canvas=canvas,
                )
            )
        next(nuisances)
        next(backgrounds)
    return made


def compose(target: Path, plan: TalkPlan) -> CompositeTruth:
    """Write a silent MP4 of a planned talk and return what is true of it."""
    rng = np.random.default_rng(plan.seed)
    canvas = CANVASES[plan.canvas]
    width, height = canvas.size
    lengths = rng.uniform(10.0, 16.0, len(plan.arrangements))
    ends = np.round(np.cumsum(lengths) * FPS) / FPS
    starts = [0.0, *ends[:-1].tolist()]
    pages = rng.uniform(5.0, 9.0, 1 + int(ends[-1] / 5.0))
    page_starts = np.concatenate(([0.0], np.cumsum(pages)))
    page_starts = np.append(page_starts[page_starts < ends[-1] - 2.0], ends[-1])
    page_starts = np.round(page_starts * FPS) / FPS
    nuisances = NUISANCES[plan.nuisance]
    truth = CompositeTruth(width, height, float(ends[-1]))
    truth.stretches = [
        Shown(
            start_s,
            float(end_s),
            canvas.arrangements[name].kind,
            canvas.arrangements[name].screen,
            canvas.arrangements[name].cameras,
        )
        for name, start_s, end_s in zip(plan.arrangements, starts, ends, strict=True)
    ]
    decks = {}
    for shown in truth.stretches:
        if shown.screen is None:
            continue
        size = shown.screen[2:]
        if size not in decks:
            decks[size] = deck(size, page_starts, nuisances, np.random.default_rng(plan.seed + 1))
        for page in decks[size]:
            # A turn that falls together with a switch is the switch's.
            if shown.start_s + 0.5 < page.start_s < shown.end_s - 0.5:
                truth.turns.append(page.start_s)
            truth.builds += [t for t in page.state_s[1:] if shown.start_s < t < shown.end_s]
    behind = _background(plan.background, canvas.size, rng)
    with av.open(str(target), "w", format="mp4") as media:
        stream = media.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(plan.crf)}
        for n in range(round(truth.duration_s * FPS)):
            t_s = n / FPS
            k = next(i for i, s in enumerate(truth.stretches) if t_s < s.end_s - 1e-6)
            image = behind.copy()
            _draw(image, canvas.arrangements[plan.arrangements[k]], decks, n, plan, nuisances, rng)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts = n
            media.mux(stream.encode(frame))
        media.mux(stream.encode())
    return truth


def _draw(
    image: Picture,
    arrangement: CanvasLayout,
    decks: dict[tuple[int, ...], list[Any]],
    n: int,
    plan: TalkPlan,
    nuisances: Nuisances,
    rng: np.random.Generator,
) -> None:
    if arrangement.screen is not None:
        page = screen_at(decks[arrangement.screen[2:]], n / FPS, nuisances, rng)
        if nuisances.photo and shown_page(decks[arrangement.screen[2:]], n / FPS) % 2:
            # A photograph of somebody on every other page: a face, and no camera.
            wide, tall = arrangement.screen[2] // 5, arrangement.screen[3] // 3
            still = recording(plan.cameras[3], (wide, tall))[0]
            paste(page, (arrangement.screen[2] // 12, tall * 3 // 2, wide, tall), still, 0.0)
        paste(image, arrangement.screen, page, 0.0)
    for box, clip in zip(arrangement.cameras, plan.cameras, strict=False):
        frames = recording(clip, (box[2], box[3]))
        last = len(frames) - 1
        k = n % (2 * last) if last else 0
        paste(image, box, frames[k if k <= last else 2 * last - k], arrangement.corner)


@lru_cache(maxsize=12)
def recording(clip: Path, size: tuple[int, int]) -> list[Picture]:
    """The first seconds of a recording, cut to fill a box, RGB."""
    width, height = size
    found: list[Picture] = []
    with av.open(str(clip)) as media:
        stream = media.streams.video[0]
        stream.thread_type = "AUTO"
        due = 0.0
        first: float | None = None
        for frame in media.decode(stream):
            first = frame.time if first is None else first
            t_s = float(frame.time) - float(first)
            if t_s + 1e-6 < due:
                continue
            due += 1 / FPS
            found.append(_filled(frame.to_ndarray(format="rgb24"), width, height))
            if t_s >= _CAMERA_S:
                break
    return found


def _filled(picture: Picture, width: int, height: int) -> Picture:
    tall, wide = picture.shape[:2]
    scale = max(width / wide, height / tall)
    shape = max(width, round(wide * scale)), max(height, round(tall * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    large = cv2.resize(picture, shape, interpolation=method)
    x = (shape[0] - width) // 2
    # People are in the upper part of a picture.
    y = round((shape[1] - height) * 0.25)
    return np.asarray(large[y : y + height, x : x + width], np.uint8)


def _background(kind: str, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    width, height = size
    if kind == "black":
        return np.zeros((height, width, 3), np.uint8)
    if kind == "photograph":
        # Hills in haze: what a recorder's background pictures look like, without objects.
        coarse = rng.uniform(40, 200, (5, 8, 3)).astype(np.float32)
        soft = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        fine = cv2.resize(
            rng.normal(0, 14, (height // 3, width // 3)).astype(np.float32), (width, height)
        )
        return np.clip(soft + fine[..., None], 0, 255).astype(np.uint8)
    low, high = {"dark": (8, 50), "light": (200, 245)}[kind]
    return np.full((height, width, 3), rng.integers(low, high, 3), np.uint8)


def shown_page(pages: Sequence[Any], t_s: float) -> int:
    """The number of the page that is shown."""
    return next((k for k, p in enumerate(pages) if t_s < p.end_s), len(pages) - 1)
