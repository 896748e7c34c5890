"""Heads are inside crops: hair, chin and a little air, where the picture has them."""

from hypothesis import assume, example, given
from hypothesis import strategies as st

from vidpipe.framing.head import around_heads, aspect_for_head, face_rows, head_rows, within_rows
from vidpipe.framing.model import FacePoint, FramingOptions
from vidpipe.framing.path import crop_path
from vidpipe.geometry import Rect
from vidpipe.timeline import span

BAND = 1080 / 1112


def faces_at(x, y, height, nod=0.0):
    return [FacePoint(t_s=k, x=x, y=y + (nod if k % 2 else -nod), height=height) for k in range(12)]


def crop_of(region, aspect, faces):
    return crop_path(region, aspect, faces, span(0, 12), (), FramingOptions()).rect


def test_a_narrow_camera_is_shown_higher_than_its_band_where_the_head_needs_it():
    # A camera 290 pixels wide beside a page: its head is higher than a crop as wide as the band.
    region = Rect(x=980, y=30, width=290, height=660)
    faces = faces_at(1125, 250, 290)
    asked = crop_of(region, BAND, faces)
    top, bottom = head_rows(faces)
    assert bottom - top > asked.height
    aspect = aspect_for_head(region, BAND, faces)
    crop = crop_of(region, aspect, faces)
    assert crop.width == region.width
    assert crop.y <= top + 1 and bottom - 1 <= crop.bottom


def test_a_head_that_fits_changes_nothing():
    region = Rect(x=980, y=30, width=290, height=660)
    assert aspect_for_head(region, BAND, faces_at(1125, 250, 150)) == BAND
    assert aspect_for_head(region, BAND, []) == BAND
    # A wide camera's crop is as high as the camera: narrower shows no more of the head.
    wide = Rect(x=0, y=0, width=640, height=360)
    assert aspect_for_head(wide, BAND, faces_at(320, 180, 350)) == BAND


def test_a_face_that_the_camera_cuts_asks_for_no_more_than_there_is():
    region = Rect(x=0, y=100, width=200, height=220)
    faces = faces_at(100, 250, 180)
    aspect = aspect_for_head(region, BAND, faces)
    crop = crop_of(region, aspect, faces)
    assert crop.bottom == region.bottom
    assert crop.y <= head_rows(faces)[0] + 1


@example(120, 120, 1.0625, 0.5, 1.0, 0.0)
@given(
    st.integers(120, 640),
    st.integers(120, 720),
    st.floats(0.6, 2.0),
    st.floats(0.1, 0.9),
    st.floats(0.2, 1.2),
    st.floats(0.0, 0.1),
)
def test_what_a_camera_has_of_a_head_is_inside_the_crop(width, height, aspect, at, size, nod):
    region = Rect(x=40, y=24, width=width, height=height)
    high = size * height
    faces = faces_at(40 + width / 2, 24 + at * height, high, nod * high)
    used = aspect_for_head(region, aspect, faces)
    # Else it would be a strip: then the face comes before the hair.
    assume(used > 0.5 * aspect)
    crop = crop_of(region, used, faces)
    assert crop.intersect(region) == crop
    top, bottom = within_rows(head_rows(faces), region)
    cut = max(0.0, crop.y - top) + max(0.0, bottom - crop.bottom)
    # Eight hundredths less has air enough, and no strips beside it.
    assert cut <= 3 + 0.08 * (bottom - top)


def test_where_not_even_a_strip_holds_the_head_the_hair_goes_first():
    region = Rect(x=0, y=0, width=100, height=600)
    faces = faces_at(50, 300, 170)
    aspect = aspect_for_head(region, 1.0, faces)
    crop = crop_of(region, aspect, faces)
    hairline, chin = face_rows(faces)
    assert aspect == 0.5 and crop.height == 200
    assert crop.y <= hairline and chin < crop.bottom < chin + 40


def test_a_head_too_wide_for_an_upright_crop_is_shown_close():
    region = Rect(x=0, y=0, width=1280, height=720)
    shown = around_heads(region, 1.12, faces_at(700, 330, 430))
    assert (shown.height, shown.width) == (720, round(1.12 * 720))
    assert shown.center[0] == 700 or shown.center[0] == 700.5
    # Near the border, and with people far apart, nothing is cut and nothing is off the picture.
    assert around_heads(region, 1.12, faces_at(1200, 330, 430)).right == region.right
    both = [*faces_at(200, 330, 430), *faces_at(1080, 330, 430)]
    assert around_heads(region, 1.12, both) == region
