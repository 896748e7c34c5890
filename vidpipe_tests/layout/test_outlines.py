"""Cameras in which hardly anything moves, by what is drawn around them."""

import cv2
import numpy as np
import pytest

from vidpipe.geometry import Rect, iou
from vidpipe.layout.arrangements import Arrangements
from vidpipe.layout.evidence import Evidence
from vidpipe.layout.fit import fitted
from vidpipe.layout.frame_store import Pictures
from vidpipe.layout.model import LayoutKind, LayoutOptions
from vidpipe.layout.outlines import outlines
from vidpipe.layout.sampling import FrameSamples

WIDTH, HEIGHT, LOOKS = 640, 360, 16
CAMERA = Rect(x=450, y=220, width=170, height=120)


def samples(pictures):
    """Looks half a second apart."""
    count = len(pictures)
    grey = Pictures(np.stack(pictures), np.arange(count))
    every = np.ones(count, bool)
    return FrameSamples(np.arange(count) * 0.5, grey, 0.5, every, ~every)


def page():
    """Paper with lines of text."""
    picture = np.full((HEIGHT, WIDTH), 245, np.uint8)
    for row in range(60, 330, 40):
        cv2.putText(picture, "some words on a page", (30, row), 0, 0.6, 40, 1, cv2.LINE_AA)
    return picture


def grain():
    """A picture behind page and camera, rough and still."""
    rough = np.random.default_rng(3).normal(110, 14, (HEIGHT // 2, WIDTH // 2)).astype(np.float32)
    return np.clip(cv2.resize(rough, (WIDTH, HEIGHT)), 0, 255).astype(np.uint8)


def room(width, height):
    """A room without anybody: soft shades."""
    coarse = np.random.default_rng(5).uniform(50, 190, (4, 5)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255)


def seen(background, rects, moves=True, eyes=(0.5, 0.4)):
    """Evidence of looks at rooms in which two small eyes open and close at most."""
    pictures = []
    for k in range(LOOKS):
        picture = background.copy()
        for rect in rects:
            part = room(rect.width, rect.height).astype(np.uint8)
            y, x = int(eyes[1] * rect.height), int(eyes[0] * rect.width)
            shade = 30 if k % 2 and moves else 90
            part[y : y + 8, x - 16 : x - 6] = shade
            part[y : y + 8, x + 6 : x + 16] = shade
            picture[rect.y : rect.bottom, rect.x : rect.right] = part
        pictures.append(picture)
    return Evidence(samples(pictures), [(k, k + 1) for k in range(LOOKS - 1)])


@pytest.mark.parametrize("background", [page, grain])
def test_the_eyes_alone_move_and_the_outline_says_how_far_the_picture_goes(background):
    evidence = seen(background(), [CAMERA])
    assert evidence.alive.mean() < 0.005
    (found,) = fitted(evidence)
    assert iou(found.rect, CAMERA) > 0.95
    assert found.border > 0.75


def test_a_photograph_has_an_outline_and_no_life():
    evidence = seen(page(), [CAMERA], moves=False)
    assert fitted(evidence) == []


def test_two_pictures_with_a_gutter_are_two():
    upper = Rect(x=450, y=40, width=170, height=120)
    lower = Rect(x=450, y=168, width=170, height=120)
    found = [rect for rect, _ in outlines(seen(grain(), [upper, lower]))]
    assert len(found) == 2
    for camera in (upper, lower):
        assert max(iou(camera, rect) for rect in found) > 0.95


def test_the_edge_of_a_table_does_not_divide_a_picture():
    with_table = []
    for k in range(LOOKS):
        picture = page()
        part = room(CAMERA.width, CAMERA.height).astype(np.uint8)
        part[80:] = 25
        part[40:48, 60:80] = 30 if k % 2 else 90
        picture[CAMERA.y : CAMERA.bottom, CAMERA.x : CAMERA.right] = part
        with_table.append(picture)
    evidence = Evidence(samples(with_table), [(k, k + 1) for k in range(LOOKS - 1)])
    ((rect, _),) = outlines(evidence)
    assert iou(rect, CAMERA) > 0.95


def test_a_circle_around_somebody_who_sits_still():
    middle, radius = (540, 260), 50
    inside = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(inside, middle, radius, 1, -1)
    pictures = []
    for k in range(LOOKS):
        shown = np.minimum(room(WIDTH, HEIGHT), 150).astype(np.uint8)
        # A head that nods a little: its ends are no straight lines.
        cv2.ellipse(shown, (540, 255), (16, 24 + k % 2), 15, 0, 360, 60, -1)
        shown = cv2.GaussianBlur(shown, (0, 0), 2)
        pictures.append(np.where(inside > 0, shown, page()))
    fits = fitted(Evidence(samples(pictures), [(k, k + 1) for k in range(LOOKS - 1)]))
    (found,) = [f for f in fits if f.border >= 0.5]
    assert found.circle
    true = Rect(x=middle[0] - radius, y=middle[1] - radius, width=2 * radius, height=2 * radius)
    assert iou(found.rect, true) > 0.9


def test_a_small_circle_of_an_upright_picture():
    """How small it may be goes by the shorter side: of the height it is less than the least."""
    middle, radius = (300, 560), 34
    words = np.full((640, 360), 245, np.uint8)
    for row in range(60, 440, 40):
        cv2.putText(words, "some words on a page", (30, row), 0, 0.6, 40, 1, cv2.LINE_AA)
    inside = cv2.circle(np.zeros_like(words), middle, radius, 1, -1)
    pictures = []
    for k in range(LOOKS):
        shown = np.minimum(room(360, 640), 150).astype(np.uint8)
        cv2.ellipse(shown, (300, 555), (11, 16 + k % 2), 15, 0, 360, 60, -1)
        shown = cv2.GaussianBlur(shown, (0, 0), 2)
        pictures.append(np.where(inside > 0, shown, words))
    fits = fitted(Evidence(samples(pictures), [(k, k + 1) for k in range(LOOKS - 1)]))
    (found,) = [f for f in fits if f.border >= 0.5]
    assert found.circle
    true = Rect(x=middle[0] - radius, y=middle[1] - radius, width=2 * radius, height=2 * radius)
    assert iou(found.rect, true) > 0.9


class People:
    """Says what a look at faces would."""

    looks = 1

    def __init__(self, count, moving):
        self.answer = count, moving

    def at(self, start_s, end_s, rect):
        return self.answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((1, True), LayoutKind.CAMERA),
        # A photograph of somebody, with a cursor on it.
        ((1, False), LayoutKind.SCREEN),
        ((0, False), LayoutKind.SCREEN),
    ],
)
def test_somebody_who_fills_the_picture_and_sits_still(answer, kind):
    pictures = []
    for k in range(LOOKS):
        picture = room(WIDTH, HEIGHT).astype(np.uint8)
        picture[150:170, 250:290] = 30 if k % 2 else 90
        picture[150:170, 330:370] = 30 if k % 2 else 90
        pictures.append(picture)
    looked = samples(pictures)
    arrangements = Arrangements(
        None, looked, [], LOOKS * 0.5, People(*answer), LayoutOptions(max_refinements=0)
    )
    assert [s.kind for s in arrangements.stretches()] == [kind]
