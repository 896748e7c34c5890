"""Camera paths: still where they can be, smooth where they move, and never off the head."""

import numpy as np
import pytest

from vidpipe.framing.model import FacePoint, FramingOptions, PathMode
from vidpipe.framing.path import crop_path
from vidpipe.geometry import Rect
from vidpipe.timeline import span

REGION = Rect(x=0, y=0, width=1280, height=720)
OPTIONS = FramingOptions()
HEIGHT = 150


def path_of(move, *, noise=4.0, length_s=20.0, cuts=()):
    rng = np.random.default_rng(1)
    faces = [
        FacePoint(t_s=float(t), x=float(move(t) + rng.normal(0, noise)), y=300, height=HEIGHT)
        for t in np.arange(0, length_s, 0.5)
    ]
    return crop_path(REGION, 9 / 16, faces, span(0, length_s), list(cuts), OPTIONS)


def sampled(path, length_s=20.0, step_s=0.2):
    times = np.arange(0, length_s, step_s)
    return times, np.interp(times, [p.t_s for p in path.points], [p.x for p in path.points])


def test_a_face_that_stays_gets_a_steady_crop():
    path = path_of(lambda t: 640, noise=6)
    assert path.modes == (PathMode.STEADY,)
    assert len({p.x for p in path.points}) == 1


def test_a_face_that_walks_evenly_is_panned_with():
    path = path_of(lambda t: 250 + 38 * t, noise=0)
    assert path.modes == (PathMode.PANNING,)
    _, xs = sampled(path)
    assert xs[-1] - xs[0] > 500
    assert np.ptp(np.diff(xs)) < 0.02 * path.rect.width


@pytest.mark.parametrize(
    "move",
    [
        lambda t: 640 + 350 * np.sin(0.35 * t),
        lambda t: 300 + 600 * np.clip((t - 6) / 2, 0, 1) - 450 * np.clip((t - 14) / 1.5, 0, 1),
        lambda t: 640 + 380 * np.sin(0.7 * t),
    ],
    ids=["pacing", "two quick steps", "hurrying"],
)
def test_a_face_that_moves_is_tracked_within_bounds_and_never_cut(move):
    path = path_of(move)
    assert path.modes == (PathMode.TRACKING,)
    times, xs = sampled(path)
    width = path.rect.width
    speed = np.diff(xs) / width / 0.2
    assert np.abs(speed).max() <= OPTIONS.max_speed * 1.02
    assert np.abs(np.diff(speed) / 0.2).max() <= OPTIONS.max_acceleration * 1.1
    face = move(times)
    assert (xs <= face - HEIGHT / 2).all()
    assert (face + HEIGHT / 2 <= xs + width).all()


def test_a_camera_that_moves_does_so_without_jitter():
    """Noise of the detector does not come through: the jerk is that of the way alone."""
    way = path_of(lambda t: 640 + 350 * np.sin(0.35 * t), noise=8)
    _, xs = sampled(way)
    jerk = np.diff(xs / way.rect.width, 3) / 0.2**3
    assert np.sqrt(np.mean(jerk**2)) < 0.3


def test_a_cut_resets_the_camera():
    path = path_of(lambda t: 200 if t < 10 else 1000, noise=0, cuts=[10.0])
    assert path.modes == (PathMode.STEADY, PathMode.STEADY)
    assert [p.t_s for p in path.points] == [0.0, 10.0, 10.0, 20.0]
    assert path.points[1].x < 100 and path.points[2].x > 700


def test_without_a_face_the_middle_is_shown():
    path = crop_path(REGION, 9 / 16, [], span(0, 5), [], OPTIONS)
    assert path.rect.center[0] == pytest.approx(640, abs=1)


def test_the_crop_stays_in_its_region_whatever_the_face_does():
    region = Rect(x=320, y=0, width=640, height=720)
    faces = [FacePoint(t_s=k / 2, x=330 + 15 * k, y=300, height=HEIGHT) for k in range(41)]
    path = crop_path(region, 9 / 16, faces, span(0, 20), [], OPTIONS)
    xs = [p.x for p in path.points]
    assert min(xs) >= region.x and max(xs) + path.rect.width <= region.right
