"""What every face detector does, whichever it is."""

import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from vidpipe.geometry import Rect, iou
from vidpipe.media.faces import DlibFaces, dlib_hog
from vidpipe.testmedia.picture import draw_slide, draw_speaker, pose_at

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("looked_at_anew")]

#: Where `draw_speaker` draws the face in a picture of 640x360, from hairline to chin.
DRAWN = Rect(x=260, y=94, width=160, height=192)


def speaker(width=640, height=360, at_s=1.0):
    return cv2.cvtColor(draw_speaker(width, height, pose_at(at_s, 0.3)), cv2.COLOR_RGB2BGR)


def page():
    drawn = draw_slide(640, 360, 1, "What is a page", ("One thing", "Another"), 20)
    return np.ascontiguousarray(drawn[..., ::-1])


def boxes(detector, image):
    return [(f.rect, round(f.score, 4)) for f in detector.detect(image)]


def test_a_plain_face_is_found_once(faces):
    found = faces.detect(speaker())
    assert len(found) == 1 and iou(found[0].rect, DRAWN) > 0.6
    assert 0 < found[0].score <= 1


def test_the_box_is_the_same_kind_of_box_from_every_detector(faces):
    (face,) = faces.detect(speaker())
    x, y = face.rect.center
    assert abs(x - DRAWN.center[0]) < 0.1 * DRAWN.width
    assert abs(y - DRAWN.center[1]) < 0.1 * DRAWN.height
    assert 0.85 < face.rect.height / DRAWN.height < 1.15


def test_there_is_no_face_where_there_is_none(faces):
    assert faces.detect(page()) == []
    assert faces.detect(np.zeros((360, 640, 3), np.uint8)) == []
    noise = np.random.default_rng(0).integers(0, 255, (360, 640, 3)).astype(np.uint8)
    assert faces.detect(noise) == []


@pytest.mark.parametrize(
    "size", [(8, 8), (1, 1), (3, 700), (700, 3), (33, 31), (641, 359), (2160, 3840)]
)
def test_pictures_of_any_size_are_looked_at(faces, size):
    faces.detect(np.full((*size, 3), 128, np.uint8))


@pytest.mark.parametrize("width", [320, 641, 1280, 2560])
def test_boxes_scale_with_the_picture(faces, width):
    size = (width, width * 9 // 16)
    (face,) = faces.detect(cv2.resize(speaker(), size, interpolation=cv2.INTER_AREA))
    assert iou(face.rect, DRAWN.scaled(width / 640)) > 0.6


def test_boxes_are_inside_the_picture(faces):
    image = speaker()
    # What is cut of the face is not in the picture.
    cut = np.ascontiguousarray(image[:200, 250:])
    for face in faces.detect(cut):
        assert face.rect.intersect(Rect(x=0, y=0, width=390, height=200)) == face.rect


def test_a_known_height_finds_the_same_face(faces):
    image = speaker()
    (plain,) = faces.detect(image)
    for expected in (20, DRAWN.height, 1000):
        (face,) = faces.detect(image, expected)
        assert iou(face.rect, plain.rect) > 0.6


def test_a_slice_of_a_picture_is_a_picture(faces):
    image = speaker(1280, 720)
    part = image[10:710:2, 10:1270:2]
    assert not part.flags["C_CONTIGUOUS"]
    assert boxes(faces, part) == boxes(faces, np.ascontiguousarray(part))


def test_threads_agree(faces):
    images = [speaker(640, 360, at_s) for at_s in np.linspace(0.5, 3, 12)]
    alone = [boxes(faces, image) for image in images]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda image: boxes(faces, image), images * 3))
    assert together == alone * 3 and all(alone)


def test_threads_that_come_one_after_the_other_share_a_detector(monkeypatch):
    loaded, load = [], dlib_hog._dlib_detector
    monkeypatch.setattr(dlib_hog, "_idle", [])
    monkeypatch.setattr(dlib_hog, "_dlib_detector", lambda: loaded.append(load()) or loaded[-1])
    found = []
    for _ in range(3):
        with ThreadPoolExecutor(1) as pool:
            found += pool.map(lambda image: boxes(DlibFaces(), image), [speaker()])
    assert found[0] and found == [found[0]] * 3
    assert len(loaded) == 1 and dlib_hog._idle == loaded


def _in_child(detector, image, answer):
    answer.put(boxes(detector, image))


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_another_process_finds_the_same(faces, how):
    image = speaker()
    here = boxes(faces, image)
    context = multiprocessing.get_context(how)
    answer = context.Queue()
    child = context.Process(target=_in_child, args=(faces, image, answer))
    child.start()
    try:
        assert answer.get(timeout=60) == here
    finally:
        child.join(10)
        child.kill()


def test_a_detector_can_be_handed_over(faces):
    assert boxes(pickle.loads(pickle.dumps(faces)), speaker()) == boxes(faces, speaker())


def test_landmarks_lie_where_they_belong(faces):
    (face,) = faces.detect(speaker())
    if face.landmarks is None:
        pytest.skip("this detector gives no landmarks")
    marks = face.landmarks
    assert marks.left_eye[0] < marks.nose[0] < marks.right_eye[0]
    assert marks.left_mouth[0] < marks.right_mouth[0]
    assert max(marks.left_eye[1], marks.right_eye[1]) < marks.nose[1]
    assert marks.nose[1] < min(marks.left_mouth[1], marks.right_mouth[1])
    for x, y in vars(marks).values():
        assert face.rect.x <= x <= face.rect.right and face.rect.y <= y <= face.rect.bottom
