"""The picture that stands for a clip."""

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.poster import write_poster
from vidpipe.media.faces import DlibFaces
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.testmedia.picture import Pose, draw_speaker


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
