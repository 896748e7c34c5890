"""The labelled pictures that detectors are measured on, and what is made of them."""

import numpy as np
import pytest

from benchmarks.real.face_pictures import at_height, darkened, in_a_corner, known, turned
from vidpipe.geometry import Rect


def test_no_picture_is_in_both_columns():
    columns = {}
    for source in [*known().empty, *(f.picture for f in known().faces)]:
        columns.setdefault((source.of, source.path), set()).add(source.column)
    assert all(len(found) == 1 for found in columns.values())


def test_both_columns_hold_enough_to_say_something():
    for column in ("build", "held_out"):
        assert sum(f.picture.column == column for f in known().faces) >= 60
        assert sum(s.column == column and s.kind != "animals" for s in known().empty) >= 200


@pytest.mark.parametrize("height", [24, 80, 200])
def test_a_face_is_brought_to_a_height_and_stays_in_its_box(height):
    picture = np.zeros((900, 1600, 3), np.uint8)
    box = Rect(x=1300, y=500, width=90, height=120)
    picture[box.y : box.bottom, box.x : box.right] = 255
    shown, there = at_height(picture, box, height)
    assert shown.shape[0] <= 720 and shown.shape[1] <= 1280
    assert there.height == pytest.approx(height, abs=1)
    assert shown[there.y + 2 : there.bottom - 2, there.x + 2 : there.right - 2].min() > 200
    assert shown.mean() < 255 * 1.1 * there.area / shown[..., 0].size


def test_a_face_is_not_enlarged_to_nothing_but_blur():
    box = Rect(x=10, y=10, width=40, height=50)
    assert at_height(np.zeros((100, 100, 3), np.uint8), box, 600) is None


def test_in_a_corner_the_box_goes_with_the_face():
    picture = np.zeros((500, 800, 3), np.uint8)
    box = Rect(x=600, y=100, width=30, height=40)
    picture[box.y : box.bottom, box.x : box.right] = (0, 0, 255)
    page, there = in_a_corner(picture, box)
    assert page.shape == (720, 1280, 3)
    assert (page[there.y : there.bottom, there.x : there.right] == (0, 0, 255)).all()


def test_a_dark_room_is_dark_and_a_turn_keeps_the_middle():
    picture = np.full((200, 200, 3), 200, np.uint8)
    picture[90:110, 90:110] = 20
    assert darkened(picture).mean() < 0.35 * picture.mean()
    box = Rect(x=80, y=80, width=40, height=40)
    assert turned(picture, box, 20)[100, 100, 0] < 60
