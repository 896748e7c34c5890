"""The picture that stands for a clip."""

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.channels import Brand
from vidpipe.clips.canvas import titled
from vidpipe.clips.graph.clip import Output
from vidpipe.clips.grounds import brand_ground
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part
from vidpipe.clips.poster import shaded, title_place, write_poster, write_titled
from vidpipe.framing.model import CropPath, PathPoint
from vidpipe.geometry import Rect
from vidpipe.media.faces import DlibFaces
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.testmedia.picture import Pose, draw_speaker
from vidpipe.timeline import EditList, FrameSpan, span
from vidpipe_tests.clips.shared import VERTICAL


def written(path, pictures):
    """A video of five pictures a second."""
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 5, (width, height))
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture))
    writer.release()
    return path


@pytest.fixture(params=["few keyframes", "a keyframe every second"])
def clip(tmp_path, request):
    """Ten seconds: black, then eyes shut but from 6 to 8, where a blurred second goes before."""
    pictures = []
    for k in range(50):
        t_s = k / 5
        if t_s < 1:
            pictures.append(np.zeros((960, 540, 3), np.uint8))
            continue
        pose = Pose(x=0.5, y=0.47, tilt=0.0, mouth=0.3, blink=not 5 <= t_s < 8)
        picture = np.full((960, 540, 3), 60, np.uint8)
        picture[300:840] = draw_speaker(540, 540, pose)[..., ::-1]
        if 5 <= t_s < 6:
            picture = cv2.GaussianBlur(picture, (0, 0), 9)
        pictures.append(picture)
    few = written(tmp_path / "clip.mp4", pictures)
    if request.param == "few keyframes":
        return few
    many = tmp_path / "many.mp4"
    render(ffmpeg.output(ffmpeg.input(str(few)).video, str(many), g=3, crf=16), timeout_s=60)
    return many


def test_a_poster_shows_a_sharp_face_with_open_eyes(clip, tmp_path):
    target = tmp_path / "poster.jpg"
    at_s = write_poster(clip, DlibFaces(), target)
    assert 6 <= at_s < 8
    image = cv2.imread(str(target))
    assert image.shape == (960, 540, 3)
    with FrameReader(clip, probe(clip), max_width=540) as reader:
        assert np.abs(image.astype(int) - reader.at(at_s).image).mean() < 4


def test_what_a_card_covers_is_no_poster(clip, tmp_path):
    assert write_poster(clip, DlibFaces(), tmp_path / "poster.jpg", not_before_s=8.0) >= 8.0


def dark_page(t_s):
    """Letters on a page that is darker than black was once thought to be; a fade before it."""
    page = np.full((360, 640, 3), 14, np.uint8)
    for k in range(4):
        cv2.putText(page, f"Line {k}", (40, 80 + 60 * k), cv2.FONT_HERSHEY_SIMPLEX, 1, (99, 99, 99))
    return (min(1.0, t_s / 6) * page).astype(np.uint8)


def test_a_dark_page_stands_for_a_clip_and_a_fade_does_not(tmp_path):
    clip = written(tmp_path / "dark.mp4", [dark_page(k / 5) for k in range(50)])
    assert dark_page(9).mean() < 24 and dark_page(9).std() < 12
    assert write_poster(clip, DlibFaces(), tmp_path / "poster.jpg") >= 3.0


def test_a_black_clip_has_a_poster_all_the_same(tmp_path):
    clip = written(tmp_path / "black.mp4", [np.zeros((96, 54, 3), np.uint8)] * 10)
    assert write_poster(clip, DlibFaces(), tmp_path / "poster.jpg") == pytest.approx(1.0, abs=0.1)
    assert (tmp_path / "poster.jpg").stat().st_size > 100


SMALL = VERTICAL.narrowed(360)
_WHITE = 225


def titled_poster(tmp_path, part, size, title="What a poster says", **more):
    """Of a clip of two seconds of one even picture."""
    source = written(tmp_path / "talk.mp4", [np.full((*size, 3), (110, 80, 60), np.uint8)] * 10)
    edit = EditList(fps_num=5, fps_den=1, spans=(FrameSpan(first=0, last=10),))
    plan = ClipPlan(
        clip_id="c", rank=1, title=title, score=1, segment=span(0.0, 2.0), edit=edit, parts=(part,)
    )
    plan = plan.model_copy(update=more)
    options = ClipOptions(variants=(SMALL,))
    target = tmp_path / "poster.jpg"
    output = Output(plan, SMALL, tmp_path)
    write_titled(source, probe(source), output, 1.0, options, DlibFaces(), target)
    image = cv2.imread(str(target)).min(axis=2)
    assert image.shape == (640, 360)
    return image


def speaker(first_x=0.0):
    path = CropPath(
        rect=Rect(x=0, y=0, width=360, height=640), points=(PathPoint(t_s=0.0, x=first_x),)
    )
    return Part(first_frame=0, last_frame=10, composition=Composition.SPEAKER, camera=path)


@pytest.mark.parametrize("texts", [("What a poster says", ""), ("", "Why nobody looks")])
def test_a_poster_has_its_title_or_hook_large_in_the_safe_box(tmp_path, texts):
    title, hook = texts
    image = titled_poster(tmp_path, speaker(), (640, 360), title, hook=hook)
    rows, columns = np.nonzero(image > _WHITE)
    safe = SMALL.safe_box
    assert safe.y <= rows.min() and rows.max() <= safe.bottom
    assert safe.x <= columns.min() and columns.max() <= safe.right
    # Letters of a tenth of the canvas's width, two lines of them or more.
    assert rows.max() - rows.min() > 0.08 * 640 and len(rows) > 1000


def test_a_poster_without_anything_to_say_is_the_picture_alone(tmp_path):
    image = titled_poster(tmp_path, speaker(), (640, 360), "")
    assert image.max() < 100 and np.ptp(image[10:-10, 10:-10]) < 12


def test_the_title_above_a_page_is_not_written_twice(tmp_path):
    page = Rect(x=0, y=0, width=640, height=360)
    part = Part(
        first_frame=0,
        last_frame=10,
        composition=Composition.SCREEN,
        screen=page,
        titled=True,
        ground=brand_ground(Brand().background),
    )
    image = titled_poster(tmp_path, part, (360, 640))
    where = titled(page, SMALL, captions=False)
    rows, _ = np.nonzero(image > _WHITE)
    assert where.title.y <= rows.min() and rows.max() <= where.title.bottom
    inside = where.screen
    assert np.ptp(image[inside.y + 20 : inside.bottom - 20, inside.x + 20 : inside.right - 20]) < 12


def test_a_title_keeps_clear_of_faces_and_stands_on_a_shade():
    safe = SMALL.safe_box
    high = Rect(x=100, y=safe.y, width=150, height=120)
    low = Rect(x=100, y=safe.bottom - 120, width=150, height=120)
    assert title_place(SMALL, [high]).intersect(high) is None
    assert title_place(SMALL, [low]).intersect(low) is None
    place = title_place(SMALL, [])
    white = np.full((640, 360, 3), 255, np.uint8)
    seen = shaded(white, place)
    assert seen[place.y : place.bottom].max() < 80 and seen[:100].min() == 255
