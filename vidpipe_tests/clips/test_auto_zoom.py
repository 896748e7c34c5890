"""What of a page is shown: all of it where it can be read, else what matters."""

import cv2
import numpy as np
import pytest

from vidpipe.clips.auto_zoom import letter_heights, visible_region
from vidpipe.geometry import Rect, Size
from vidpipe.timeline import span

PAGE = Rect(x=0, y=0, width=1280, height=720)
#: All of a page as wide as the canvas.
SCALE = 1080 / 1280


class Pages:
    """Reads as a video does that shows these pictures, a second each."""

    scale = 1.0
    size = Size(width=1280, height=720)

    def __init__(self, pictures):
        self.pictures = pictures

    def at(self, t_s):
        picture = self.pictures[min(int(t_s), len(self.pictures) - 1)]
        return type("Frame", (), {"grey": picture})()


def page(columns, letters, *, light=245, ink=20, mark=None):
    """Columns of text `(left, lines, characters)` under a bar, in letters of so many pixels."""
    image = np.full((720, 1280), light, np.uint8)
    image[:60] = 90
    for left, lines, characters in columns:
        for k in range(lines):
            cv2.putText(
                image,
                "The quick brown fox jumps over it"[:characters],
                (left, 140 + round(2 * letters) * k),
                cv2.FONT_HERSHEY_SIMPLEX,
                letters / 30,
                ink,
                2,
                cv2.LINE_AA,
            )
    if mark is not None:
        cv2.rectangle(image, mark[:2], mark[2:], 90, 3)
    return image


def shown(pictures, covered=()):
    return visible_region(PAGE, covered, span(0, len(pictures)), Pages(pictures), SCALE)


def test_a_page_with_large_letters_is_shown_whole():
    assert shown([page([(80, 5, 25)], 50)] * 4) == PAGE


def cut_off(picture, part, light):
    """Whether any ink lies outside a part, the bar of the design apart."""
    inked = np.abs(picture.astype(int) - light) > 60
    inked[:64] = False
    inked[part.y : part.bottom, part.x : part.right] = False
    return inked.any()


@pytest.mark.parametrize(("light", "ink"), [(245, 20), (25, 235)])
def test_small_letters_are_enlarged_and_none_is_cut(light, ink):
    picture = page([(200, 8, 33)], 22, light=light, ink=ink)
    part = shown([picture] * 4)
    assert part.width < 0.7 * PAGE.width
    assert not cut_off(picture, part, light)
    assert np.median(letter_heights(picture)) * SCALE < 20


def test_of_two_columns_the_one_where_something_happens_is_shown():
    columns = [(80, 8, 20), (760, 8, 20)]
    still = shown([page(columns, 18)] * 6)
    assert still.x < 80 and still.right > 900
    marked = [page(columns, 18, mark=(750, 115, 900 + 30 * k, 200)) for k in range(6)]
    alive = shown(marked)
    assert alive.x > 500 and alive.width < 0.6 * PAGE.width


def test_lines_that_reach_across_the_page_are_text_and_no_bars():
    image = page([(20, 12, 33)], 18)
    for k in range(12):
        cv2.putText(
            image,
            "The quick brown fox jumps over the lazy dog again and again " * 2,
            (20, 140 + 36 * k),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.7,
            20,
            1,
            cv2.LINE_AA,
        )
    assert not cut_off(image, shown([image] * 4), 245)


def test_what_lies_over_the_page_is_not_its_ink():
    picture = page([(80, 8, 24)], 20)
    face = Rect(x=1000, y=500, width=260, height=200)
    picture[500:700, 1000:1260] = np.random.default_rng(1).integers(0, 255, (200, 260))
    assert shown([picture] * 4).right > 1200
    assert shown([picture] * 4, [face]).right < 900


def test_a_picture_without_text_is_shown_whole():
    photo = cv2.GaussianBlur(
        np.random.default_rng(3).integers(0, 255, (720, 1280)).astype(np.uint8), (0, 0), 30
    )
    assert shown([photo] * 4) == PAGE
