"""Where a page is above its speaker, the speaker's head is in the picture."""

import json

import numpy as np
import pytest

from vidpipe.channels import Brand
from vidpipe.clips.beside import compare
from vidpipe.clips.canvas import arrange, under_chin
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.face_place import face_on
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.model import ClipOptions, Composition, Part, Variant
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.render import render_clip
from vidpipe.framing.head import head_rows, raised
from vidpipe.framing.model import CropPath, FacePoint, FramingOptions, PathPoint
from vidpipe.geometry import Rect, Size
from vidpipe.layout.model import (
    Layout,
    LayoutInterval,
    LayoutKind,
    Region,
    RegionRole,
    Shot,
    Transition,
)
from vidpipe.media.faces import DlibFaces
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe_tests.clips.shared import VERTICAL, segment_of
from vidpipe_tests.conftest import REAL_MEDIA

SMALL = Variant(
    name="540x960", size=Size(width=540, height=960), safe_box=VERTICAL.safe_box.scaled(0.5)
)
_FROM_S, _UNTIL_S = 4.0, 10.0


def composite(name, *, circle=False):
    """A real camera beside or over drawn slides, its first arrangement as the truth has it."""
    path = REAL_MEDIA / "composites" / f"{name}.mp4"
    if not path.exists():
        pytest.skip(f"needs {path.name} of the shared media")
    truth = json.loads(path.with_suffix(".json").read_text())["layouts"][0]
    boxes = {role: truth[role.value] for role in RegionRole}
    regions = tuple(
        Region(
            role=role,
            rect=Rect(x=x, y=y, width=right - x, height=bottom - y),
            confidence=1.0,
            faces=int(role is RegionRole.CAMERA),
            circle=circle and role is RegionRole.CAMERA,
        )
        for role, (x, y, right, bottom) in boxes.items()
    )
    info = probe(path)
    kind, length_s = LayoutKind.SCREEN_AND_CAMERA, info.duration_s
    layout = Layout(
        width=1280,
        height=720,
        duration_s=length_s,
        stretches=(
            LayoutInterval(start_s=0.0, end_s=length_s, kind=kind, regions=regions, confidence=1.0),
        ),
        shots=(Shot(start_s=0.0, end_s=length_s, begins=Transition.START),),
        slides=(),
    )
    return path, info, layout


def planned(path, info, layout, variant, from_s=_FROM_S, until_s=_UNTIL_S):
    """One part, and where the camera's picture has the face: hairline and chin, in the source."""
    options = ClipOptions(variants=(variant,), brand=Brand())
    speech = SpeechMap(duration_s=info.duration_s, speech=(span(0.2, info.duration_s - 0.2),))
    with FrameReader(path, info, max_width=1280) as reader:
        plan = plan_clip(
            SourceRecording("v", speech, (), layout, reader, DlibFaces()),
            segment_of(from_s, until_s),
            options,
            FramingOptions(),
            variant,
            captions=True,
        )
        area = layout.stretches[0].region(RegionRole.CAMERA).rect
        seen = []
        for t_s in np.arange(from_s + 0.5, until_s, 0.25):
            picture = reader.at(float(t_s)).image[area.y : area.bottom, area.x : area.right]
            seen += [f.rect for f in DlibFaces().detect(np.ascontiguousarray(picture))]
    assert len(seen) >= 2
    top, bottom = (float(np.median([getattr(f, side) for f in seen])) for side in ("y", "bottom"))
    return plan, options, area.y + top, area.y + bottom


@pytest.mark.parametrize("variant", [VERTICAL, SMALL], ids=lambda v: v.name)
@pytest.mark.parametrize("name", ["presenter_tall", "senate_side", "map_square", "selfie_bigcam"])
def test_the_face_is_inside_the_camera_on_the_canvas(name, variant):
    path, info, layout = composite(name)
    plan, _, top, bottom = planned(path, info, layout, variant)
    (part,) = plan.parts
    assert part.composition is Composition.STACK
    where, crop = arrange(part, variant, captions=True), part.camera.rect
    shown, canvas = where.camera, variant.size.rect
    # Nothing is stretched, covered or off the canvas.
    assert shown.aspect == pytest.approx(crop.aspect, rel=0.02)
    assert shown.intersect(canvas) == shown
    assert shown.intersect(where.screen) is None and shown.intersect(where.caption) is None
    assert shown.x + shown.right == pytest.approx(canvas.width, abs=2)
    assert (shown.x % 2, shown.width % 2) == (0, 0)
    # The face on the canvas: what the camera has of it, and of the air around it.
    scale = shown.height / crop.height
    camera = layout.stretches[0].region(RegionRole.CAMERA).rect
    air = 0.08 * (bottom - top)
    over, under = max(top - air, camera.y), min(bottom + air, camera.bottom)
    assert shown.y + (over - crop.y) * scale >= shown.y - 2
    assert shown.y + (under - crop.y) * scale <= shown.bottom + 2


def test_a_head_that_is_cut_off_at_the_mouth_is_shown_with_all_of_its_hair():
    path, info, layout = composite("senate_side")
    plan, _, _, _ = planned(path, info, layout, SMALL)
    camera = layout.stretches[0].region(RegionRole.CAMERA).rect
    crop = plan.parts[0].camera.rect
    # Two thirds of its width was the crop before, and the hair of both sides out of it.
    assert crop.width > 0.9 * camera.width and crop.height == camera.height


@pytest.mark.parametrize("variant", [VERTICAL, SMALL], ids=lambda v: v.name)
@pytest.mark.parametrize("name", ["map_square", "senate_side"])
def test_a_camera_alone_is_close_to_a_wide_head_and_over_its_captions(name, variant):
    path = REAL_MEDIA / "composites" / f"{name}.mp4"
    if not path.exists():
        pytest.skip(f"needs {path.name} of the shared media")
    info = probe(path)
    whole = Rect(x=0, y=0, width=1280, height=720)
    region = Region(role=RegionRole.CAMERA, rect=whole, confidence=1.0, faces=1)
    stretch = LayoutInterval(
        start_s=0.0,
        end_s=info.duration_s,
        kind=LayoutKind.CAMERA,
        regions=(region,),
        confidence=1.0,
    )
    shot = Shot(start_s=0.0, end_s=info.duration_s, begins=Transition.START)
    layout = Layout(
        width=1280,
        height=720,
        duration_s=info.duration_s,
        stretches=(stretch,),
        shots=(shot,),
        slides=(),
    )
    # The camera alone, as the truth has it.
    span_s = next(
        (s["start"], s["end"])
        for s in json.loads(path.with_suffix(".json").read_text())["layouts"]
        if s["kind"] == "camera"
    )
    plan, _, _, _ = planned(path, info, layout, variant, span_s[0] + 1, span_s[1] - 1)
    (part,) = plan.parts
    assert part.composition is Composition.FIT
    where = arrange(part, variant, captions=True)
    assert where.screen.width == variant.size.width
    # Half as high again as the whole camera would be; still over the captions, not stretched.
    assert where.screen.height > 1.4 * variant.size.width * 9 / 16
    assert where.screen.intersect(where.caption) is None
    assert where.caption.intersect(variant.safe_box) == where.caption
    assert where.screen.aspect == pytest.approx(part.screen.aspect, rel=0.01)
    with FrameReader(path, info, max_width=1280) as reader:
        for t_s in np.arange(span_s[0] + 1.5, span_s[1] - 1, 2.0):
            for face in DlibFaces().detect(reader.at(float(t_s)).image):
                assert part.screen.x <= face.rect.x and face.rect.right <= part.screen.right


def test_a_round_picture_that_a_face_fills_stays_round(tmp_path):
    path, info, layout = composite("webcam_dark_round", circle=True)
    plan, options, top, bottom = planned(path, info, layout, SMALL)
    (part,) = plan.parts
    assert part.disc
    crop = part.camera.rect
    camera = layout.stretches[0].region(RegionRole.CAMERA).rect
    assert crop.width == crop.height and crop.intersect(camera) == crop
    # A rectangle inside the disc would not have held the face; nearly all of the disc does.
    assert bottom - top > camera.height / 2**0.5
    assert crop.height > 0.95 * camera.height
    shown = arrange(part, SMALL, captions=False).camera
    assert shown.width == shown.height
    render_clip(path, info, [Output(plan, SMALL, tmp_path)], (), options)
    clip = tmp_path / CLIP
    with FrameReader(clip, probe(clip), max_width=540) as reader:
        image = reader.at(2.0).image.astype(int)
    rows, columns = np.mgrid[shown.y : shown.bottom, shown.x : shown.right]
    x, y = shown.center
    far = np.hypot(columns + 0.5 - x, rows + 0.5 - y) / (shown.width / 2)
    picture = image[shown.y : shown.bottom, shown.x : shown.right]
    code = options.brand.background
    plain = np.array([int(code[k : k + 2], 16) for k in (5, 3, 1)])
    off = np.abs(picture - plain).max(axis=2)
    assert np.percentile(off[far > 1.02], 99) < 8
    assert (off[far < 0.95] > 16).mean() > 0.9
    # What was left out of the corners is no fault of the clip.
    found = compare(clip, path, info, plan, SMALL, (), captions=False)
    assert (found.black_s, found.frozen_s, found.elsewhere_s) == (0, 0, 0)


@pytest.mark.parametrize("middle", [740, 780])
def test_a_head_is_raised_so_that_captions_stand_under_its_chin(middle):
    seen = [FacePoint(t_s=k / 4, x=540, y=middle, height=620) for k in range(16)]
    path = CropPath(
        rect=Rect(x=0, y=0, width=1080, height=1920), points=(PathPoint(t_s=0.0, x=0.0),)
    )
    rows, margin = under_chin(VERTICAL)
    shown = raised(path, seen, VERTICAL.size, rows, margin)
    assert shown is not None and path.rect.intersect(shown.rect) == shown.rect
    assert shown.rect.aspect == pytest.approx(9 / 16, rel=0.01)
    assert shown.rect.bottom == path.rect.bottom and shown.rect.width > 0.8 * 1080
    assert shown.rect.y <= head_rows(seen)[0]
    for crop, is_free in ((path, False), (shown, True)):
        face = face_on(VERTICAL.size, crop, seen)
        part = Part(
            first_frame=0,
            last_frame=9,
            composition=Composition.SPEAKER,
            camera=crop,
            face=face,
        )
        caption = arrange(part, VERTICAL, captions=True).caption
        assert (caption.y >= face.bottom) == is_free
        assert caption.intersect(VERTICAL.safe_box) == caption


@pytest.mark.parametrize(("y", "height"), [(500, 400), (900, 800), (560, 900)])
def test_a_head_that_is_high_enough_or_has_no_room_stays_where_it_is(y, height):
    seen = [FacePoint(t_s=k / 4, x=540, y=y, height=height) for k in range(16)]
    path = CropPath(
        rect=Rect(x=0, y=0, width=1080, height=1920), points=(PathPoint(t_s=0.0, x=0.0),)
    )
    assert raised(path, seen, VERTICAL.size, *under_chin(VERTICAL)) is None
