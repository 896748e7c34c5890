"""Made-up recordings of every layout, with what is true of them: regions and slides.

Slides with builds, ink, a cursor, a film in them, photographs of people; speakers as
insets of any shape, beside the slides, in a strip, full screen; recorders that switch;
letter boxes and noise. Silent: layouts are seen.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vidpipe.testmedia.picture import Picture, draw_speaker, font, head, pose_at, room

Box = tuple[int, int, int, int]

#: What a recording can look like; `switching` goes through three of the others.
KINDS = (
    "screen",
    "camera",
    "inset",
    "rounded",
    "circle",
    "beside",
    "strip",
    "two_people",
    "gallery",
    "filmed",
    "switching",
)
_WORDS = (
    "sampling theorem voltage membrane pressure number limit signal noise window energy filter "
    "frequency matrix vector gradient market policy climate city health energy carbon team game "
    "design proof lemma cipher key state value reward graph edge node layer loss token model"
).split()


@dataclass(frozen=True)
class Nuisances:
    """What else is in the picture."""

    build: bool = False
    ink: bool = False
    cursor: bool = False
    film: bool = False
    photo: bool = False
    dissolve: bool = False
    dark: bool = False
    letterbox: bool = False
    noise: float = 0.0


@dataclass(frozen=True)
class Shown:
    """What is true of a stretch: kind of layout, screen and cameras as `x, y, width, height`.

    A screen that is filmed at an angle has `corners`, from the top left one clockwise.
    """

    start_s: float
    end_s: float
    kind: str
    screen: Box | None
    cameras: tuple[Box, ...]
    corners: tuple[tuple[int, int], ...] = ()


@dataclass
class CompositeTruth:
    """What is known of a composite; times in seconds, boxes in pixels."""

    width: int
    height: int
    duration_s: float
    stretches: list[Shown] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    builds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Page:
    """A slide: its pictures from the first state to the fullest, and when each comes."""

    start_s: float
    end_s: float
    states: tuple[Picture, ...]
    state_s: tuple[float, ...]
    film: Box | None
    ink: tuple[tuple[float, float], ...]


def make_composite(
    target: Path,
    kind: str,
    nuisances: Nuisances = Nuisances(),
    *,
    seed: int = 0,
    pages: int = 5,
    page_s: tuple[float, float] = (4.0, 9.0),
    size: tuple[int, int] = (960, 540),
    fps: int = 12,
) -> CompositeTruth:
    """Write a silent MP4 of one layout and return what is true of it.

    Each page is shown for a time between the two of `page_s`. The same arguments give the
    same recording.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    lengths = rng.uniform(*page_s, pages)
    starts = np.concatenate(([0.0], np.cumsum(lengths)))
    truth = CompositeTruth(width, height, round(float(starts[-1]), 3))
    content = _content_box(width, height, nuisances)
    plans = _plans(kind, truth.duration_s, content, rng)
    decks = {
        plan.screen[2:]: deck(plan.screen[2:], starts, nuisances, np.random.default_rng(seed + 1))
        for plan in plans
        if plan.screen is not None
    }
    truth.stretches = plans
    for plan in plans:
        if plan.screen is None:
            continue
        for page in decks[plan.screen[2:]]:
            if plan.start_s + 0.5 < page.start_s < plan.end_s - 0.5:
                truth.turns.append(page.start_s)
            truth.builds += [t for t in page.state_s[1:] if plan.start_s < t < plan.end_s]
    phases = rng.uniform(0, 20, 8)
    frames = int(truth.duration_s * fps)
    rounding = {"rounded": 0.18, "circle": 0.5}.get(kind, 0.0)
    background = tuple(int(c) for c in rng.integers(10, 60, 3))
    empty = np.zeros((height, width, 3), np.uint8)
    x, y, w, h = content
    empty[y : y + h, x : x + w] = background
    with av.open(str(target), "w", format="mp4") as media:
        stream = media.add_stream("libx264", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "24", "g": str(fps * 5)}
        for n in range(frames):
            t_s = n / fps
            plan = next((p for p in plans if t_s < p.end_s), plans[-1])
            image = empty.copy()
            if plan.screen is not None:
                shown = screen_at(decks[plan.screen[2:]], t_s, nuisances, rng)
                if plan.corners:
                    _film_room(image, shown, plan, t_s + float(phases[0]))
                else:
                    paste(image, plan.screen, shown, 0.0)
            for k, box in enumerate(() if plan.corners else plan.cameras):
                level = abs(math.sin(5.1 * (t_s + phases[k]))) * abs(math.sin(0.8 * t_s + k))
                speaker = draw_speaker(box[2], box[3], pose_at(t_s + float(phases[k]), level))
                paste(image, box, speaker, rounding if plan.kind == "screen_and_camera" else 0.0)
            grain_level = nuisances.noise or (1.5 if plan.corners else 0.0)
            if grain_level:
                grain = rng.normal(0, grain_level, image.shape[:2])[..., None]
                grain = image + grain
                image = np.clip(grain, 0, 255, out=grain).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts = n
            media.mux(stream.encode(frame))
        media.mux(stream.encode())
    return truth


def make_conversation(
    target: Path,
    turns: Sequence[tuple[float, int]],
    *,
    length_s: float,
    people: int = 2,
    size: tuple[int, int] = (1280, 720),
    fps: int = 25,
) -> Shown:
    """Write a silent MP4 of people side by side of whom one speaks at a time.

    Args:
        target: the file.
        turns: from when on which of them speaks, `(seconds, person)` in order.
        length_s: of the video.
        people: how many.
        size: of the picture.
        fps: frames a second.
    """
    width, height = size
    wide = width // people // 2 * 2
    boxes = tuple((k * wide, 0, wide, height) for k in range(people))
    with av.open(str(target), "w", format="mp4") as media:
        stream = media.add_stream("libx264", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = wide * people, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "22"}
        for n in range(round(length_s * fps)):
            t_s = n / fps
            speaker = [who for since_s, who in turns if since_s <= t_s][-1]
            image = np.zeros((height, wide * people, 3), np.uint8)
            for k, box in enumerate(boxes):
                level = abs(math.sin(9.0 * t_s)) * abs(math.sin(2.1 * t_s)) if k == speaker else 0.0
                # Who listens smiles now and then.
                level += 0.15 * (math.sin(0.9 * t_s + k) > 0.8)
                picture = draw_speaker(box[2], box[3], pose_at(t_s + 7.0 * k, level))
                paste(image, box, picture, 0.0)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = n
            media.mux(stream.encode(frame))
        media.mux(stream.encode())
    return Shown(0.0, length_s, "camera", None, boxes)


def _content_box(width: int, height: int, nuisances: Nuisances) -> Box:
    if not nuisances.letterbox:
        return 0, 0, width, height
    bar = round(width * 0.125 / 2) * 2
    return bar, 0, width - 2 * bar, height


def _plans(kind: str, duration_s: float, content: Box, rng: np.random.Generator) -> list[Shown]:
    if kind != "switching":
        return [_plan(kind, 0.0, duration_s, content, rng)]
    third = round(duration_s / 3, 2)
    kinds = [str(k) for k in rng.permutation(["camera", "inset", "screen"])]
    return [
        _plan(k, n * third, (n + 1) * third if n < 2 else duration_s, content, rng)
        for n, k in enumerate(kinds)
    ]


def _plan(kind: str, start_s: float, end_s: float, content: Box, rng: np.random.Generator) -> Shown:
    x, y, w, h = content
    if kind == "screen":
        return Shown(start_s, end_s, "screen", content, ())
    if kind == "camera":
        return Shown(start_s, end_s, "camera", None, (content,))
    if kind == "two_people":
        half = w // 2
        people = ((x, y, half, h), (x + half, y, w - half, h))
        return Shown(start_s, end_s, "camera", None, people)
    if kind == "gallery":
        four = tuple(
            (x + (k % 2) * (w // 2), y + (k // 2) * (h // 2), w // 2, h // 2) for k in range(4)
        )
        return Shown(start_s, end_s, "camera", None, four)
    if kind == "filmed":
        return _filmed_plan(start_s, end_s, content, rng)
    if kind in ("inset", "rounded", "circle"):
        wide = round(w * rng.uniform(0.17, 0.3) / 2) * 2
        tall = wide if kind == "circle" else round(wide * rng.choice([9 / 16, 3 / 4, 1.0]) / 2) * 2
        margin = round(w * rng.uniform(0.0, 0.03)) if kind == "inset" else round(w * 0.02)
        left = x + margin if rng.random() < 0.5 else x + w - wide - margin
        top = y + margin if rng.random() < 0.5 else y + h - tall - margin
        return Shown(start_s, end_s, "screen_and_camera", content, ((left, top, wide, tall),))
    if kind == "beside":
        wide = round(w * rng.uniform(0.24, 0.34) / 2) * 2
        tall = round(wide * rng.choice([3 / 4, 1.0, 1.3]) / 2) * 2
        top = y + (h - tall) // 2 if rng.random() < 0.5 else y
        left = rng.random() < 0.5
        camera = (x if left else x + w - wide, top, wide, tall)
        screen_w = w - wide
        screen_h = min(h, round(screen_w * 9 / 16 / 2) * 2)
        screen = (x + wide if left else x, y + (h - screen_h) // 2, screen_w, screen_h)
        return Shown(start_s, end_s, "screen_and_camera", screen, (camera,))
    if kind == "strip":
        count = int(rng.integers(3, 5))
        wide = round(w * 0.2 / 2) * 2
        tall = h // count
        cameras = tuple((x + w - wide, y + k * tall, wide, tall) for k in range(count))
        return Shown(start_s, end_s, "screen_and_camera", (x, y, w - wide, h), cameras)
    raise ValueError(f"no layout is called {kind!r}")


def _filmed_plan(start_s: float, end_s: float, content: Box, rng: np.random.Generator) -> Shown:
    """A room with a projected screen, seen from one side."""
    x, y, w, h = content
    left, top = x + w * rng.uniform(0.06, 0.3), y + h * rng.uniform(0.06, 0.14)
    wide = w * rng.uniform(0.45, 0.6)
    tall = wide * 0.58
    lean = rng.uniform(0.03, 0.1) * h * (1 if rng.random() < 0.5 else -1)
    a, b = max(0.0, lean), max(0.0, -lean)
    corners = (
        (round(left), round(top + a)),
        (round(left + wide), round(top + b)),
        (round(left + wide), round(top + tall - b)),
        (round(left), round(top + tall - a)),
    )
    box = (round(left), round(top), round(wide), round(tall))
    return Shown(start_s, end_s, "screen_and_camera", box, (content,), corners)


#: What the wall makes of each level of a page.
_ON_THE_WALL = (np.arange(256, dtype=np.uint8) * 0.85 + 20).astype(np.uint8)


@functools.cache
def _dim_room(width: int, height: int) -> Picture:
    return (room(width, height) * 0.55).astype(np.uint8)


def _film_room(image: Picture, page: Picture, plan: Shown, t_s: float) -> None:
    """A dim room, the page on its wall, and somebody who walks before it now and then."""
    height, width = image.shape[:2]
    x, y, w, h = plan.cameras[0]
    image[y : y + h, x : x + w] = _dim_room(w, h)
    page_h, page_w = page.shape[:2]
    flat = np.array([(0, 0), (page_w, 0), (page_w, page_h), (0, page_h)], np.float32)
    warp = cv2.getPerspectiveTransform(flat, np.array(plan.corners, np.float32))
    wall = cv2.warpPerspective(page, warp, (width, height), flags=cv2.INTER_AREA)
    lit = cv2.fillConvexPoly(np.zeros((height, width), np.uint8), np.array(plan.corners), 255)
    # A table of what 0.85 of a level and 20 is, cut to whole levels.
    np.copyto(image, cv2.LUT(wall, _ON_THE_WALL), where=(lit > 0)[..., None])
    # Mostly beside the screen, sometimes before its lower corner.
    at = x + w * (0.8 + 0.14 * math.sin(0.31 * t_s))
    size = round(0.26 * h)
    cx, top = round(at), y + round(0.5 * h)
    shoulders, body = (round(0.42 * size), round(0.5 * h)), (cx, top + round(0.95 * size))
    cv2.ellipse(image, (body[0], body[1] + shoulders[1]), shoulders, 0, 180, 360, (34, 52, 78), -1)
    face, mask = head(size)
    left = min(max(cx - size // 2, 0), width - size)
    under = image[top : top + size, left : left + size]
    cover = mask[: under.shape[0], :, None]
    under[:] = (under * (1 - cover) + face[: under.shape[0]] * cover).astype(np.uint8)


def deck(
    size: tuple[int, ...],
    starts: NDArray[np.float64],
    nuisances: Nuisances,
    rng: np.random.Generator,
) -> list[_Page]:
    """Slides of a size in pixels, each shown from one of `starts` to the next, in seconds."""
    width, height = size[0], size[1]
    pages = []
    logo = tuple(int(c) for c in rng.integers(40, 220, 3))
    for number in range(len(starts) - 1):
        start, end = float(starts[number]), float(starts[number + 1])
        count = int(rng.integers(3, 6))
        title = " ".join(rng.choice(_WORDS, int(rng.integers(2, 4)))).capitalize()
        bullets = [" ".join(rng.choice(_WORDS, int(rng.integers(4, 8)))) for _ in range(count)]
        shown = range(1, count + 1) if nuisances.build else [count]
        face = nuisances.photo and number % 2 == 0
        states = tuple(
            _draw_page(width, height, number, title, bullets[:k], nuisances.dark, logo, face)
            for k in shown
        )
        step = (end - start - 1.6) / max(1, len(states))
        times = tuple([start] + [round(start + 0.8 + k * step, 2) for k in range(1, len(states))])
        film = None
        if nuisances.film and number % 2 == 1:
            film = (
                round(width * 0.55),
                round(height * 0.35),
                round(width * 0.4),
                round(height * 0.4),
            )
        ink: tuple[tuple[float, float], ...] = ()
        if nuisances.ink:
            ink = tuple(
                (0.1 + 0.8 * k / 60, 0.55 + 0.2 * math.sin(k / 5 + number)) for k in range(60)
            )
        pages.append(_Page(start, end, states, times, film, ink))
    return pages


def _draw_page(
    width: int,
    height: int,
    number: int,
    title: str,
    bullets: Sequence[str],
    dark: bool,
    logo: tuple[int, ...],
    face: bool,
) -> Picture:
    paper, text = ((24, 26, 34), (225, 228, 235)) if dark else ((250, 250, 247), (40, 44, 52))
    unit = height / 540
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, round(10 * unit)), fill=logo)
    draw.ellipse(
        (width - 60 * unit, height - 60 * unit, width - 20 * unit, height - 20 * unit), fill=logo
    )
    draw.text((40 * unit, 40 * unit), title, font=font(round(40 * unit), True), fill=text)
    for k, bullet in enumerate(bullets):
        at = (60 * unit, (130 + 62 * k) * unit)
        draw.text(at, f"\u2022 {bullet}", font=font(round(25 * unit), False), fill=text)
    draw.text(
        (20 * unit, height - 34 * unit),
        str(number + 1),
        font=font(round(16 * unit), False),
        fill=text,
    )
    page = np.array(image, np.uint8)
    if face:
        wide, tall = round(width * 0.22), round(height * 0.3)
        top, left = round(height * 0.55), round(width * 0.1)
        page[top : top + tall, left : left + wide] = draw_speaker(wide, tall, pose_at(3.0, 0.2))
    return page


def screen_at(
    deck: Sequence[_Page], t_s: float, nuisances: Nuisances, rng: np.random.Generator
) -> Picture:
    """What a deck shows at a time."""
    number = next((k for k, p in enumerate(deck) if t_s < p.end_s), len(deck) - 1)
    page = deck[number]
    state = max(k for k, s in enumerate(page.state_s) if t_s >= s or k == 0)
    image = page.states[state].copy()
    height, width = image.shape[:2]
    since = t_s - page.start_s
    if page.ink:
        share = np.clip((since - 0.5) / max(0.5, page.end_s - page.start_s - 1.5), 0, 1)
        points = [(round(x * width), round(y * height)) for x, y in page.ink[: int(60 * share)]]
        for a, b in itertools.pairwise(points):
            cv2.line(image, a, b, (200, 30, 30), 2, cv2.LINE_AA)
    if page.film is not None:
        x, y, w, h = page.film
        image[y : y + h, x : x + w] = _film(w, h, t_s)
    if nuisances.dissolve and number > 0 and since < 0.7:
        before = deck[number - 1].states[-1]
        mixed = cv2.addWeighted(before, 1 - since / 0.7, image, since / 0.7, 0)
        image = np.asarray(mixed, np.uint8)
    if nuisances.cursor:
        x = round(width * (0.5 + 0.4 * math.sin(0.7 * t_s) * math.sin(0.13 * t_s)))
        y = round(height * (0.5 + 0.35 * math.cos(0.5 * t_s)))
        arrow = np.array([(x, y), (x, y + 16), (x + 4, y + 12), (x + 11, y + 11)], np.int32)
        cv2.fillPoly(image, [arrow], (0, 0, 0))
        cv2.polylines(image, [arrow], True, (255, 255, 255), 1)
    return np.asarray(image, np.uint8)


def _film(width: int, height: int, t_s: float) -> Picture:
    """Something that keeps moving: waves of colour and a ball."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wave = 127 + 120 * np.sin(x / 23 + 2.2 * t_s) * np.cos(y / 17 - 1.4 * t_s)
    image = np.stack([wave, 255 - wave, 90 + wave / 3], axis=-1).astype(np.uint8)
    center = (
        int(width * (0.5 + 0.4 * math.sin(2 * t_s))),
        int(height * (0.5 + 0.4 * math.cos(3 * t_s))),
    )
    cv2.circle(image, center, max(4, height // 8), (240, 240, 60), -1)
    return np.asarray(image, np.uint8)


def paste(image: Picture, box: Box, part: Picture, rounding: float) -> None:
    """Put a picture of the box's size into another one, its corners rounded by 0 to 0.5."""
    x, y, w, h = box
    if not rounding:
        image[y : y + h, x : x + w] = part
        return
    alpha = np.zeros((h, w), np.uint8)
    r = round(rounding * min(w, h))
    cv2.rectangle(alpha, (r, 0), (w - r - 1, h - 1), 255, -1)
    cv2.rectangle(alpha, (0, r), (w - 1, h - r - 1), 255, -1)
    for cx, cy in ((r, r), (w - r - 1, r), (r, h - r - 1), (w - r - 1, h - r - 1)):
        cv2.circle(alpha, (cx, cy), r, 255, -1, cv2.LINE_AA)
    share = (alpha / 255.0)[..., None]
    under = image[y : y + h, x : x + w]
    image[y : y + h, x : x + w] = (share * part + (1 - share) * under).astype(np.uint8)
