"""Borders that were found a little off: lines of text stay whole, dark bars go."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vidpipe.clips.borders import tidied, with_whole_lines, without_bars
from vidpipe.clips.compose import Composer, SourceRecording
from vidpipe.clips.model import ClipOptions, Composition, Part
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import Rect, Size
from vidpipe.layout.model import GIVEN, LayoutInterval, LayoutKind, Region, RegionRole
from vidpipe.timeline import EditList, FrameSpan
from vidpipe_tests.clips.shared import VERTICAL

FRAME = Size(width=1280, height=720).rect
PAGE = Rect(x=380, y=108, width=900, height=506)


def dark_frame(title="What we care about", *, page=24, around=20, y=160):
    """A dark page that is hardly seen on what is around it, with a title over a line."""
    image = np.full((720, 1280), around, np.uint8)
    image[PAGE.y : PAGE.bottom, PAGE.x : PAGE.right] = page
    face = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, title, (420, y), face, 1.2, 190, 3, cv2.LINE_AA)
    cv2.putText(image, "a line of text under it", (440, 260), face, 0.8, 230, 2, cv2.LINE_AA)
    return image


def shown(page, images, covered=()):
    return with_whole_lines(page, covered, images, 1.0, FRAME)


@pytest.mark.parametrize("inverted", [False, True])
def test_a_title_on_the_border_is_shown_whole_with_air(inverted):
    image = 255 - dark_frame() if inverted else dark_frame()
    found = shown(Rect(x=380, y=146, width=900, height=468), [image] * 3)
    # Capitals are 25 pixels high: from 135 on.
    assert PAGE.y <= found.y <= 135 - 8
    assert (found.x, found.right, found.bottom) == (380, 1280, 614)


@pytest.mark.parametrize("top", [108, 120, 172])
def test_a_border_beside_the_text_stays(top):
    page = Rect(x=380, y=top, width=900, height=614 - top)
    assert shown(page, [dark_frame()] * 3) == page


def test_a_line_that_goes_on_at_the_side_is_shown_whole_but_not_a_camera():
    page = Rect(x=430, y=108, width=850, height=506)
    camera = Rect(x=8, y=206, width=406, height=202)
    found = shown(page, [dark_frame()] * 3, [camera])
    assert found.right == page.right and camera.right <= found.x <= 420


def test_what_reaches_far_is_no_line():
    image = dark_frame(title="")
    cv2.rectangle(image, (500, 60), (700, 300), 200, -1)
    page = Rect(x=380, y=146, width=900, height=468)
    assert shown(page, [image] * 3) == page


def test_a_page_ends_where_a_source_does_whose_size_the_looks_rounded():
    # 1964 rows are 415.7 at this scale, and the 416 that are read would be 1966.
    source, scale = Rect(x=0, y=0, width=3024, height=1964), 640 / 3024
    image = np.full((416, 640), 20, np.uint8)
    face = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, "What we care about", (120, 412), face, 1.2, 190, 3, cv2.LINE_AA)
    page = Rect(x=400, y=400, width=2500, height=1490)
    found = with_whole_lines(page, (), [image] * 3, scale, source)
    assert found.bottom == source.bottom < 1966


def cameras(bar=20, left=12):
    """Three looks at a camera whose picture begins some pixels late."""
    noise = np.random.default_rng(3)
    looks = []
    for _ in range(3):
        image = np.full((720, 1280), bar, np.uint8)
        image[206:410, 900 + left : 1272] = noise.integers(60, 200, (204, 372 - left))
        looks.append(image)
    return looks


CAMERA = Rect(x=900, y=206, width=372, height=204)


def test_a_bar_at_the_side_of_a_camera_goes():
    found = without_bars(CAMERA, (), cameras(), 1.0)
    assert (found.y, found.right, found.bottom) == (CAMERA.y, CAMERA.right, CAMERA.bottom)
    assert 912 <= found.x <= 914


@pytest.mark.parametrize("looks", [cameras(left=0), cameras(bar=120)], ids=["none", "light"])
def test_what_is_no_bar_stays(looks):
    assert without_bars(CAMERA, (), looks, 1.0) == CAMERA


def tidied_camera(rect, image):
    region = Region(role=RegionRole.CAMERA, rect=rect, confidence=0.95, faces=1)
    (found,) = tidied([region], [image] * 3, 1.0, FRAME)
    return found.rect


def test_a_lit_place_in_a_dark_room_is_no_picture_with_bars():
    image = np.full((720, 1280), 20, np.uint8)
    image[:, 200:1000] = np.random.default_rng(5).integers(60, 200, (720, 800))
    assert tidied_camera(FRAME, image) == FRAME
    # A few pixels at the side are a bar all the same.
    image[:, 12:] = np.random.default_rng(5).integers(60, 200, (720, 1268))
    found = tidied_camera(FRAME, image)
    assert 12 <= found.x <= 14 and found.right == FRAME.right


@pytest.mark.parametrize("confidence", [0.95, GIVEN])
def test_regions_that_somebody_gave_are_used_as_they_are(monkeypatch, confidence):
    page = Rect(x=380, y=146, width=900, height=468)
    used = []

    def remembered(_, first, last, within, screen, camera):
        used.append(screen.rect)
        whole = {"first_frame": first, "last_frame": last, "screen": screen.rect}
        return Part(**whole, composition=Composition.FIT)

    monkeypatch.setattr(Composer, "_page", remembered)
    reader = SimpleNamespace(
        scale=1.0,
        video=SimpleNamespace(size=Size(width=1280, height=720)),
        at=lambda _: SimpleNamespace(grey=dark_frame()),
    )
    composer = Composer(
        SourceRecording("v", None, (), None, reader, None),
        EditList(fps_num=25, fps_den=1, spans=(FrameSpan(first=0, last=100),)),
        ClipOptions(variants=(VERTICAL,)),
        FramingOptions(),
        VERTICAL,
        captions=True,
    )
    stretch = LayoutInterval(
        start_s=0,
        end_s=4,
        kind=LayoutKind.SCREEN,
        regions=(Region(role=RegionRole.SCREEN, rect=page, confidence=confidence),),
        confidence=confidence,
    )
    composer.parts(stretch, 0, 100)
    assert (used == [page]) == stretch.is_given


@pytest.mark.parametrize("height", [4, 5, 6])
def test_a_region_of_a_few_rows_keeps_them(height):
    rect = Rect(x=900, y=206, width=372, height=height)
    looks = [np.full((720, 1280), 20, np.uint8) for _ in range(3)]
    for k, image in enumerate(looks):
        image[207 : 206 + height - 1, 900:1272] = 120 + 40 * k
    assert without_bars(rect, (), looks, 1.0) == rect


def test_a_dark_page_keeps_its_margins():
    page = Region(role=RegionRole.SCREEN, rect=PAGE, confidence=1.0)
    (found,) = tidied([page], [dark_frame()] * 3, 1.0, FRAME)
    assert found.rect == PAGE


def test_a_page_ends_where_a_bar_begins_behind_an_inset():
    inset = Rect(x=944, y=464, width=320, height=240)
    noise = np.random.default_rng(4)
    looks = []
    for _ in range(3):
        image = np.zeros((720, 1280), np.uint8)
        image[:, 160:1120] = 150
        image[inset.y : inset.bottom, inset.x : inset.right] = noise.integers(40, 220, (240, 320))
        looks.append(image)
    regions = [
        Region(role=RegionRole.SCREEN, rect=Rect(x=162, y=0, width=1118, height=720), confidence=1),
        Region(role=RegionRole.CAMERA, rect=inset, confidence=1, faces=1),
    ]
    page, camera = (r.rect for r in tidied(regions, looks, 1.0, FRAME))
    assert page.x == 162 and page.right == pytest.approx(1119, abs=1)
    assert camera == inset
