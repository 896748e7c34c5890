"""What a clip shows of rooms and of several people, from the recording to the plan."""

import numpy as np
import pytest

from vidpipe.channels import Brand
from vidpipe.clips.canvas import arrange
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph.clip import Output
from vidpipe.clips.model import ClipOptions, Composition, Variant
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.render import render_clip
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import Size
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions, RegionRole
from vidpipe.media.faces import DlibFaces
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.platforms.model import load_presets, load_tiers
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import span
from vidpipe_tests.shared import make_composite, make_conversation

VERTICAL = Variant(name="1080x1920", size=Size(width=1080, height=1920))


WIDE = Variant(name="1920x1080", size=Size(width=1920, height=1080))
SQUARE = Variant.of(load_presets()["x"])
#: What is looked at is where things are, not how finely they are coded.
DRAFT = load_tiers()["draft"]


def planned(path, length_s, variant=VERTICAL, people="auto"):
    info = probe(path)
    layout = detect_layout(path, info, DlibFaces(), LayoutOptions())
    return layout, plan_of(path, info, layout, length_s, variant, people)


def plan_of(path, info, layout, length_s, variant=VERTICAL, people="auto"):
    speech = SpeechMap(duration_s=length_s, speech=(span(0.2, length_s - 0.2),))
    segment = Segment(
        rank=1,
        start_s=0.0,
        end_s=length_s,
        kept_s=length_s,
        score=80,
        title="It",
        reasons=(),
        parts={},
    )
    options = ClipOptions(variants=(variant,), brand=Brand(), speaker_layout=people)
    with FrameReader(path, info, max_width=1280) as reader:
        plan = plan_clip(
            SourceRecording("v", speech, (), layout, reader, DlibFaces()),
            segment,
            options,
            FramingOptions(),
            variant,
            captions=True,
        )
    return plan


def test_of_two_people_the_clip_shows_the_one_who_speaks(tmp_path):
    path = tmp_path / "two.mp4"
    truth = make_conversation(path, [(0.0, 1), (7.0, 0)], length_s=14.0)
    _, plan = planned(path, 14.0)
    assert [p.composition for p in plan.parts] == [Composition.SPEAKER] * 2
    right, left = (p.camera.rect for p in plan.parts)
    assert left.right <= truth.cameras[0][2] <= right.x
    assert plan.parts[1].first_frame / plan.edit.fps == pytest.approx(7.0, abs=0.8)
    assert plan.parts[0].last_frame == plan.parts[1].first_frame


def conversation(tmp_path, turns_s, length_s, people):
    path = tmp_path / "two.mp4"
    truth = make_conversation(path, turns_s, length_s=length_s)
    _, plan = planned(path, length_s, people=people)
    return path, truth, plan


def test_of_two_people_who_take_short_turns_both_are_shown(tmp_path):
    turns_s = [(0.0, 1), (3.0, 0), (6.0, 1), (9.0, 0)]
    path, _, plan = conversation(tmp_path, turns_s, 12.0, "auto")
    (part,) = plan.parts
    assert part.composition is Composition.TWO_UP
    # Each half shows one of them, the left one above.
    left, right = part.camera.rect, part.other.rect
    assert left.right <= right.x + 2
    options = ClipOptions(variants=(VERTICAL,), tier=DRAFT)
    render_clip(path, probe(path), [Output(plan, VERTICAL, tmp_path)], (), options)
    clip = tmp_path / "clip.mp4"
    with FrameReader(clip, probe(clip), max_width=1080) as reader:
        image = reader.at(4.0).image
    for half in (image[:960], image[960:]):
        faces = DlibFaces().detect(np.ascontiguousarray(half))
        assert len(faces) == 1 and faces[0].rect.height > 0.2 * 960


def test_a_channel_may_want_the_speaker_alone_or_always_both(tmp_path):
    _, _, switched = conversation(
        tmp_path, [(0.0, 1), (3.0, 0), (6.0, 1), (9.0, 0)], 12.0, "switch"
    )
    assert {p.composition for p in switched.parts} == {Composition.SPEAKER}
    _, _, both = conversation(tmp_path, [(0.0, 1), (7.0, 0)], 14.0, "two_up")
    assert [p.composition for p in both.parts] == [Composition.TWO_UP]


def test_a_filmed_room_is_a_page_above_and_the_speaker_close_below(tmp_path):
    path = tmp_path / "room.mp4"
    truth = make_composite(path, "filmed", seed=91, pages=3)
    layout, plan = planned(path, truth.duration_s)
    (part,) = plan.parts
    assert part.composition is Composition.STACK
    assert np.abs(np.array(part.corners) - np.array(truth.stretches[0].corners)).max() < 20
    camera = layout.stretches[0].region(RegionRole.CAMERA).rect
    assert part.camera.rect.height < 0.75 * camera.height


@pytest.mark.parametrize("kind", ["filmed", "beside"])
def test_where_nothing_is_stacked_page_and_speaker_are_shown_together(tmp_path, kind):
    path = tmp_path / "wide.mp4"
    truth = make_composite(path, kind, seed=91, pages=3)
    layout, plan = planned(path, truth.duration_s, WIDE)
    (part,) = plan.parts
    assert part.composition is Composition.FIT
    for role in (RegionRole.SCREEN, RegionRole.CAMERA):
        rect = layout.stretches[0].region(role).rect
        assert part.screen.intersect(rect) == rect


def test_a_room_with_a_leaning_page_renders_with_the_page_set_straight(tmp_path):
    import cv2
    import ffmpeg

    from vidpipe.clips.graph.regions import straightened
    from vidpipe.geometry import Rect
    from vidpipe.media.ffmpeg import render

    corners = ((60, 40), (520, 70), (520, 310), (60, 330))
    image = np.full((360, 640, 3), 40, np.uint8)
    cv2.fillConvexPoly(image, np.array(corners), (255, 255, 255))
    source, target = tmp_path / "leaning.png", tmp_path / "straight.png"
    cv2.imwrite(str(source), image)
    rect = Rect(x=60, y=40, width=460, height=290)
    shown = straightened(ffmpeg.input(str(source)), rect, corners)
    render(ffmpeg.output(shown, str(target), vframes=1), timeout_s=30)
    made = cv2.imread(str(target))
    assert made.shape[:2] == (290, 460)
    assert (made[6:-6, 6:-6] > 230).mean() > 0.99


@pytest.mark.parametrize("kind", ["inset", "circle", "rounded"])
def test_an_inset_is_not_shown_twice(tmp_path, kind):
    path = tmp_path / "inset.mp4"
    truth = make_composite(path, kind, seed=91, pages=2)
    layout, plan = planned(path, truth.duration_s)
    (part,) = plan.parts
    camera = layout.stretches[0].region(RegionRole.CAMERA)
    assert part.inset.intersect(camera.rect) == camera.rect
    options = ClipOptions(variants=(VERTICAL,), tier=DRAFT, brand=Brand())
    render_clip(path, probe(path), [Output(plan, VERTICAL, tmp_path)], (), options)
    clip = tmp_path / "clip.mp4"
    shown = arrange(part, VERTICAL, captions=False).screen
    scale = shown.width / part.screen.width
    hole = part.inset.scaled(scale)
    with FrameReader(clip, probe(clip), max_width=1080) as reader:
        page = reader.at(1.0).grey[shown.y : shown.bottom, shown.x : shown.right]
    painted = page[hole.y + 6 : hole.bottom - 6, hole.x + 6 : hole.right - 6]
    assert np.percentile(painted, 99) - np.percentile(painted, 1) < 24
    if kind == "rounded":
        # No corner of the crop lies outside the arcs: it shows the room and not the page.
        x, y, width, height = truth.stretches[0].cameras[0]
        radius = 0.18 * min(width, height)
        area = part.camera.rect
        for right, below in ((False, False), (True, False), (False, True), (True, True)):
            dx = (x + width - area.right) if right else (area.x - x)
            dy = (y + height - area.bottom) if below else (area.y - y)
            inward = max(0.0, radius - dx), max(0.0, radius - dy)
            assert np.hypot(*inward) <= radius + 2
    if kind == "circle":
        x, y = camera.rect.center
        radius = camera.rect.width / 2
        area = part.camera.rect
        far = max(abs(area.x - x), abs(area.right - x)), max(abs(area.y - y), abs(area.bottom - y))
        assert np.hypot(*far) <= radius + 3


def test_an_inset_over_the_border_of_a_page_is_not_shown_twice(tmp_path):
    """And on a square canvas, which has no room under a page, it stands beside it."""
    path = tmp_path / "inset.mp4"
    truth = make_composite(path, "inset", seed=91, pages=2)
    info = probe(path)
    found = detect_layout(path, info, DlibFaces(), LayoutOptions())
    (stretch,) = found.stretches
    screen, camera = stretch.region(RegionRole.SCREEN), stretch.region(RegionRole.CAMERA)
    ends = camera.rect.x + camera.rect.width // 2
    page = screen.rect.model_copy(update={"width": ends - screen.rect.x})
    regions = (screen.model_copy(update={"rect": page}), camera)
    layout = found.model_copy(
        update={"stretches": (stretch.model_copy(update={"regions": regions}),)}
    )
    for variant in (VERTICAL, SQUARE):
        plan = plan_of(path, info, layout, truth.duration_s, variant)
        (part,) = plan.parts
        assert part.composition is Composition.STACK and part.side_by_side == (variant == SQUARE)
        assert part.inset.intersect(camera.rect) == camera.rect
        assert part.inset_from.intersect(camera.rect) is None
        options = ClipOptions(variants=(variant,), tier=DRAFT, brand=Brand())
        work = tmp_path / variant.name
        work.mkdir()
        render_clip(path, info, [Output(plan, variant, work)], (), options)
        shown = arrange(part, variant, captions=False).screen
        scale = shown.width / part.screen.width
        hole = part.inset.intersect(part.screen)
        hole = hole.model_copy(
            update={"x": hole.x - part.screen.x, "y": hole.y - part.screen.y}
        ).scaled(scale)
        clip = work / "clip.mp4"
        with FrameReader(clip, probe(clip), max_width=variant.size.width) as reader:
            drawn = reader.at(1.0).grey[shown.y : shown.bottom, shown.x : shown.right]
        painted = drawn[hole.y + 6 : hole.bottom - 6, hole.x + 6 : hole.right - 6]
        assert np.percentile(painted, 99) - np.percentile(painted, 1) < 30
