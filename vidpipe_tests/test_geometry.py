import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.geometry import Rect, Size, crop_to_aspect, fit, iou

rects = st.builds(
    Rect,
    x=st.integers(0, 500),
    y=st.integers(0, 500),
    width=st.integers(8, 2000),
    height=st.integers(8, 2000),
)


@given(rects, st.floats(0.3, 3.0), st.tuples(st.floats(-500, 3000), st.floats(-500, 3000)))
def test_a_crop_stays_inside_and_keeps_the_aspect(rect, aspect, center):
    crop = crop_to_aspect(rect, aspect, center)
    assert crop.intersect(rect) == crop
    assert abs(crop.width - crop.height * aspect) <= max(1.0, aspect)


@given(rects, rects)
def test_fit_stays_inside_with_even_sizes(source, into):
    shown = fit(source, into)
    assert shown.intersect(into) == shown
    assert shown.width % 2 == 0 and shown.height % 2 == 0


@given(rects, rects)
def test_iou_is_symmetric_and_one_for_the_same(a, b):
    assert iou(a, a) == 1.0
    assert iou(a, b) == pytest.approx(iou(b, a))


@given(rects)
def test_even_borders(rect):
    even = rect.even()
    assert all(v % 2 == 0 for v in (even.x, even.y, even.right, even.bottom))


def test_widescreen_fits_a_vertical_canvas_across():
    assert fit(Size(width=1280, height=720), Size(width=1080, height=1920).rect) == Rect(
        x=0, y=656, width=1080, height=608
    )
