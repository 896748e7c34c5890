"""Text that comes and goes at one place is found, and what only looks like it is not."""

from __future__ import annotations

import functools
import itertools

import cv2
import numpy as np
import pytest

from vidpipe.geometry import Rect, iou
from vidpipe.layout.changing_text import glance_at, place_of

SIZE = (360, 640)
STEP_S, LENGTH_S = 0.125, 24.0
TIMES_S = [k * STEP_S for k in range(int(LENGTH_S / STEP_S))]
TEXTS = (
    "A talk about small machines",
    "that count what they see",
    "and say when something is wrong.",
    "Nobody reads what they write",
    "until it is far too late,",
    "so we draw a picture of it.",
)


def camera(t_s: float, rng: np.random.Generator) -> np.ndarray:
    """Somebody before a wall: soft shapes that sway, edges that move with them, grain."""
    down, across = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    wall = 120 + 30 * np.sin(across / 90) + 20 * np.cos(down / 70)
    x, y = 320 + 40 * np.sin(1.3 * t_s), 200 + 12 * np.sin(2.1 * t_s)
    head = ((across - x) / 90) ** 2 + ((down - y) / 120) ** 2 < 1
    stripes = 60 + 120 * (np.sin((across - x) / 6) > 0)
    picture = np.where(head, stripes * (down > y + 40) + 190 * (down <= y + 40), wall)
    return np.clip(picture + rng.normal(0, 2, SIZE), 0, 255).astype(np.uint8)


def page(_: float, __: np.random.Generator) -> np.ndarray:
    """A slide with a title, lines and a footer that stay."""
    picture = np.full(SIZE, 245, np.uint8)
    for k, line in enumerate(("What machines see", *TEXTS[:4])):
        write(picture, line, (40, 50 + 50 * k), colour=20, outline=None)
    write(picture, "Example talk, page 3", (40, 300), colour=90, outline=None, scale=0.4)
    return picture


def write(picture, text, at, *, colour=255, outline=0, scale=0.7):
    if outline is not None:
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, outline, 5, cv2.LINE_AA)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 2, cv2.LINE_AA)


def centred(picture, text, y=330):
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 2)
    write(picture, text, ((SIZE[1] - width) // 2, y))


def found(background, draw):
    """What is found of a recording that is drawn look by look; `draw(picture, t_s)`."""
    looks = [picture.copy() for picture in behind(background)]
    for t_s, picture in zip(TIMES_S, looks, strict=True):
        draw(picture, t_s)
    return place_of([glance_at(TIMES_S, looks)], SIZE)


@functools.cache
def behind(background):
    """What is behind the text of every recording, look by look."""
    rng = np.random.default_rng(7)
    return [background(t_s, rng) for t_s in TIMES_S]


def captions(picture, t_s):
    """Three seconds each, and half a second without any after every second one."""
    k, into_s = divmod(t_s, 3.0)
    if k % 2 == 0 or into_s < 2.5:
        centred(picture, TEXTS[int(k) % len(TEXTS)])


@pytest.mark.parametrize("background", [camera, page])
def test_captions_are_found_where_and_when_they_are(background):
    text = found(background, captions)
    assert text is not None
    drawn = np.zeros(SIZE, np.uint8)
    for line in TEXTS:
        centred(drawn, line)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    truth = Rect(
        x=int(columns[0]),
        y=int(rows[0]),
        width=int(np.ptp(columns)) + 1,
        height=int(np.ptp(rows)) + 1,
    )
    assert iou(text.rect, truth) > 0.6
    assert text.off_middle < 0.02
    begins = [b.start_s for a, b in itertools.pairwise(text.spells) if b.strokes]
    for true_s in range(3, int(LENGTH_S), 3):
        assert any(abs(b - true_s) <= STEP_S for b in begins), true_s
    # What sways behind the letters may disturb them once.
    assert len(begins) <= 8
    gaps = [s.duration_s for s in text.spells if not s.strokes]
    assert sum(abs(gap - 0.5) <= STEP_S + 1e-3 for gap in gaps) == 4
    assert (text.spells[0].start_s, text.spells[-1].end_s) == (0.0, LENGTH_S)


def test_words_that_are_shown_one_at_a_time_are_told_apart():
    words = " ".join(TEXTS).upper().replace(",", "").replace(".", "").split()

    def draw(picture, t_s):
        centred(picture, words[int(t_s / 0.375) % len(words)] + " WORD", 250)

    text = found(camera, draw)
    assert text is not None
    # Those that begin with the same letters may count as one.
    assert len(text.spells) > 0.8 * LENGTH_S / 0.375


def nothing(picture, t_s):
    pass


def strap(picture, t_s):
    write(picture, "Ada Example, Institute", (30, 330))


def ticker(picture, t_s):
    write(picture, "  +++  ".join(TEXTS), (round(640 - 90 * t_s), 345))


def turning(picture, t_s):
    picture[:] = 245
    rng = np.random.default_rng(int(t_s / 4))
    for k, line in enumerate(rng.permutation(TEXTS)):
        write(picture, str(line), (40, 60 + 52 * k), colour=20, outline=None)


@pytest.mark.parametrize("draw", [nothing, strap, ticker, turning])
@pytest.mark.parametrize("background", [camera, page])
def test_what_moves_stays_or_fills_the_picture_is_no_place_of_text(background, draw):
    assert found(background, draw) is None
