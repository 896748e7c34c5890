"""Where a close-up, a wide camera, and a page beside its speaker stand on the canvas."""

from types import SimpleNamespace

import numpy as np
import pytest

from vidpipe.clips import compose
from vidpipe.clips.canvas import arrange, column, over, side_by_side, stack, tallest
from vidpipe.clips.compose import Composer, SourceRecording
from vidpipe.clips.insets import fill_of
from vidpipe.clips.model import ClipOptions, Composition, Part, Variant
from vidpipe.clips.reframed import reframed
from vidpipe.edits.model import FramingEdit
from vidpipe.framing.head import aspect_for_head, roomy_aspect
from vidpipe.framing.model import CropPath, FacePoint, FramingOptions, PathPoint
from vidpipe.geometry import Rect, fit
from vidpipe.layout.model import (
    Layout,
    LayoutInterval,
    LayoutKind,
    Region,
    RegionRole,
    Shot,
    Transition,
)
from vidpipe.platforms.model import load_presets
from vidpipe.timeline import EditList, FrameSpan
from vidpipe_tests.clips.shared import VERTICAL

PORTRAIT = Variant.of(load_presets()["instagram_feed"])
SQUARE = Variant.of(load_presets()["x"])
PAGE = Rect(x=0, y=90, width=960, height=540)


def faces(height, x=640, y=300):
    return [FacePoint(t_s=float(t), x=x, y=y, height=height) for t in range(5)]


@pytest.mark.parametrize("titled", [False, True])
@pytest.mark.parametrize("variant", [VERTICAL, PORTRAIT], ids=["9:16", "4:5"])
@pytest.mark.parametrize("width", [560, 720, 1100])
def test_captions_stand_over_a_close_up(variant, width, titled):
    where = over(Rect(x=0, y=0, width=width, height=720), variant, captions=True, has_title=titled)
    canvas, safe = variant.size.rect, variant.safe_box
    assert where.screen.intersect(canvas) == where.screen and where.screen.y % 2 == 0
    assert where.caption.intersect(safe) == where.caption
    if where.screen.height <= tallest(variant, captions=True):
        assert where.caption.bottom < where.screen.y
    if where.title is not None:
        assert titled and where.title.intersect(safe) == where.title
        assert where.title.bottom < where.caption.y
        assert where.screen.bottom == canvas.height
    # Under it there is nothing, or more than a sliver.
    assert not 0 < canvas.height - where.screen.bottom < 0.1 * canvas.height


def test_a_close_up_takes_most_of_the_canvas():
    high = tallest(VERTICAL, captions=True)
    assert high > 0.7 * 1920
    where = over(Rect(x=0, y=0, width=1080, height=high), VERTICAL, captions=True, has_title=True)
    assert where.screen.bottom == 1920 and where.title is None


@pytest.mark.parametrize(
    ("region", "composition"),
    [((1920, 1080), Composition.FIT), ((1080, 1920), Composition.SPEAKER)],
)
def test_a_close_up_that_leaves_no_room_over_it_is_a_speaker(monkeypatch, region, composition):
    rect = Rect(x=0, y=0, width=region[0], height=region[1])
    head = 0.55 * 1920 if rect.aspect < 1 else 0.6 * 1080
    seen = [
        FacePoint(t_s=k / 4, x=rect.center[0], y=rect.center[1], height=head) for k in range(16)
    ]
    monkeypatch.setattr(compose, "follow", lambda *_: (seen, []))
    camera = Region(role=RegionRole.CAMERA, rect=rect, confidence=1.0, faces=1)
    stretch = LayoutInterval(
        start_s=0, end_s=4, kind=LayoutKind.CAMERA, regions=(camera,), confidence=1.0
    )
    layout = Layout(
        width=rect.width,
        height=rect.height,
        duration_s=4,
        stretches=(stretch,),
        shots=(),
        slides=(),
    )
    reader = SimpleNamespace(
        scale=1.0,
        video=SimpleNamespace(size=rect),
        at=lambda _: SimpleNamespace(grey=np.zeros((rect.height, rect.width), np.uint8)),
    )
    composer = Composer(
        SourceRecording("v", SimpleNamespace(speech=()), (), layout, reader, None),
        EditList(fps_num=25, fps_den=1, spans=(FrameSpan(first=0, last=100),)),
        ClipOptions(variants=(VERTICAL,)),
        FramingOptions(),
        VERTICAL,
        captions=True,
    )
    part = composer.parts(stretch, 0, 100)[0]
    assert part.composition is composition
    where = arrange(part, VERTICAL, captions=True)
    if where.screen is not None:
        assert where.caption.intersect(where.screen) is None


def test_a_wide_camera_is_as_wide_as_the_canvas_and_not_enlarged_to_its_band():
    band = stack(PAGE, VERTICAL, captions=True).camera
    path = CropPath(rect=Rect(x=0, y=0, width=700, height=500), points=(PathPoint(t_s=0.0, x=0.0),))
    part = Part(
        first_frame=0, last_frame=9, composition=Composition.STACK, screen=PAGE, camera=path
    )
    where = arrange(part, VERTICAL, captions=True)
    assert band.aspect < path.rect.aspect
    assert where.camera.width == 1080
    assert where.camera.aspect == pytest.approx(path.rect.aspect, rel=0.01)
    assert where.screen.bottom <= where.caption.y and where.caption.bottom <= where.camera.y
    assert where.caption.intersect(VERTICAL.safe_box) == where.caption
    assert not 0 < 1920 - where.camera.bottom < 0.1 * 1920


def test_a_camera_that_is_all_face_is_shown_wider():
    region = Rect(x=0, y=0, width=1000, height=560)
    assert roomy_aspect(region, 1.1, faces(200)) == 1.1
    # A face of 500: twice its width, 0.8 of its height, is wanted.
    assert roomy_aspect(region, 1.1, faces(500, y=280)) == pytest.approx(800 / 560, rel=0.01)
    assert roomy_aspect(region, 1.1, faces(900)) == region.aspect
    assert roomy_aspect(region, 1.1, []) == 1.1


@pytest.mark.parametrize(("y", "cut"), [(330, True), (308, False), (288, True)])
def test_a_face_that_its_picture_cuts_off_is_not_enlarged_further(y, cut):
    region = Rect(x=8, y=207, width=360, height=202)
    aspect = roomy_aspect(region, 1.0, faces(156, x=180, y=y))
    # Of a face that ends at its mouth or brows there is more than the 156 rows that are seen.
    assert aspect == pytest.approx(1.6 * 156 / 0.72 / 202 if cut else 1.6 * 156 / 202, rel=0.01)


def test_a_picture_that_is_narrower_than_its_place_shows_the_shoulders():
    tall = Rect(x=0, y=0, width=290, height=660)
    aspect = aspect_for_head(tall, 1.05, faces(250, x=145, y=190))
    shown = tall.width / aspect
    assert shown >= (0.75 + 1.0) * 250
    # A head that nearly fits fills its place: a strip at its sides would look like a fault.
    assert aspect_for_head(tall, 1.05, faces(212, x=145, y=190)) == 1.05


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("titled", [False, True])
@pytest.mark.parametrize("shape", [(290, 660), (360, 202), (620, 500)])
def test_page_and_speaker_stand_beside_each_other(shape, titled, left):
    camera = Rect(x=-700 if left else 980, y=30, width=shape[0], height=shape[1])
    aspect = column(PAGE, SQUARE, captions=True)
    crop = fit(Rect(x=0, y=0, width=round(1000 * aspect), height=1000), camera)
    where = side_by_side(PAGE, crop, SQUARE, captions=True, has_title=titled)
    canvas, safe = SQUARE.size.rect, SQUARE.safe_box
    boxes = [b for b in (where.screen, where.camera, where.caption, where.title) if b]
    assert (where.title is not None) == titled
    for k, box in enumerate(boxes):
        assert box.intersect(canvas) == box
        assert all(box.intersect(other) is None for other in boxes[k + 1 :])
    assert where.caption.intersect(safe) == where.caption
    assert (where.camera.x == 0) if left else (where.camera.right == canvas.right)
    assert (where.screen.right == canvas.right) if left else (where.screen.x == 0)
    assert where.camera.aspect == pytest.approx(crop.aspect, rel=0.02)
    assert where.screen.aspect == pytest.approx(PAGE.aspect, rel=0.02)


def test_an_inset_over_text_is_filled_like_the_plainest_side_of_it():
    page, inset = Rect(x=160, y=0, width=960, height=720), Rect(x=944, y=464, width=320, height=240)
    look = np.zeros((720, 1280), np.uint8)
    look[:, 160:1120] = 150
    look[464:704:8, 700:944] = 20  # lines of text on the left
    look[440:464:3, 944:1120] = 90  # something fainter over it
    hole, like = fill_of(inset, page, [look], 1.0, Rect(x=0, y=0, width=1280, height=720))
    assert hole.intersect(inset) == inset
    assert like.intersect(page) == like and like.intersect(hole) is None
    assert like.width > like.height, "beside the page's text, not on it"


def test_a_hole_ends_where_a_source_does_whose_size_the_looks_rounded():
    source, page = Rect(x=0, y=0, width=3024, height=1964), Rect(x=0, y=0, width=2600, height=1964)
    inset = Rect(x=2400, y=1500, width=600, height=460)
    # 1964 rows are 415.7 at this scale, and the 416 that are read would be 1966.
    look = np.zeros((416, 640), np.uint8)
    hole, _ = fill_of(inset, page, [look], 640 / 3024, source)
    assert hole.bottom == source.bottom


def test_what_a_person_did_not_change_stays_side_by_side():
    camera = Rect(x=980, y=30, width=290, height=660)
    crop = Rect(x=980, y=60, width=290, height=400)
    part = Part(
        first_frame=0,
        last_frame=300,
        composition=Composition.STACK,
        screen=PAGE,
        camera=CropPath(rect=crop, points=(PathPoint(t_s=0.0, x=980.0),)),
        side_by_side=True,
        titled=True,
    )
    region = Region(role=RegionRole.CAMERA, rect=camera, confidence=1.0, faces=1)
    layout = Layout(
        width=1280,
        height=720,
        duration_s=10.0,
        stretches=(
            LayoutInterval(
                start_s=0.0,
                end_s=10.0,
                kind=LayoutKind.SCREEN_AND_CAMERA,
                regions=(region,),
                confidence=1.0,
            ),
        ),
        shots=(Shot(start_s=0.0, end_s=10.0, begins=Transition.START),),
        slides=(),
    )
    edit = EditList(fps_num=30, fps_den=1, spans=(FrameSpan(first=0, last=300),))
    chosen = FramingEdit(screen=Rect(x=0, y=90, width=700, height=394))
    frame = Rect(x=0, y=0, width=1280, height=720)
    (shown,) = reframed((part,), edit, [chosen], layout, frame, SQUARE, captions=True)
    assert shown.side_by_side and shown.titled and shown.screen == chosen.screen
    assert shown.camera.rect == crop
    where = arrange(shown, SQUARE, captions=True)
    assert where.camera.x > where.screen.right - 2
