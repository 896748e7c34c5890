"""Every layout as the synthesiser composes it: the right kind, regions where they are."""

import pytest

from vidpipe.geometry import Rect, iou
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions, Role
from vidpipe.media.faces import DlibFaces
from vidpipe.media.probe import probe
from vidpipe.synthesis.composite import Nuisances, make_composite


def look(path):
    return detect_layout(path, probe(path), DlibFaces(), LayoutOptions())


def close(box, rect, width):
    """Whether every border is within 1.5 % of the frame's width."""
    x, y, w, h = box
    want = (x, y, x + w, y + h)
    got = (rect.x, rect.y, rect.right, rect.bottom)
    return all(abs(a - b) <= 0.015 * width for a, b in zip(got, want, strict=True))


@pytest.mark.parametrize(
    ("kind", "nuisances", "seed"),
    [
        ("inset", Nuisances(build=True), 61),
        ("inset", Nuisances(film=True), 62),
        ("rounded", Nuisances(letterbox=True), 63),
        ("circle", Nuisances(photo=True), 64),
        ("circle", Nuisances(dark=True, noise=3.0), 65),
        ("beside", Nuisances(), 66),
        ("strip", Nuisances(build=True), 67),
    ],
)
def test_screen_and_cameras_are_found_where_they_are(kind, nuisances, seed, tmp_path):
    path = tmp_path / "made.mp4"
    truth = make_composite(path, kind, nuisances, seed=seed, pages=4)
    found = look(path)
    (true,) = truth.stretches
    assert {s.kind.value for s in found.stretches} == {"screen_and_camera"}
    stretch = max(found.stretches, key=lambda s: s.duration_s)
    assert stretch.duration_s > 0.95 * truth.duration_s
    cameras = [r for r in stretch.regions if r.role is Role.CAMERA]
    assert len(cameras) == len(true.cameras)
    for box in true.cameras:
        assert any(close(box, c.rect, truth.width) for c in cameras)
    x, y, w, h = true.screen
    screen = stretch.region(Role.SCREEN)
    assert iou(screen.rect, Rect(x=x, y=y, width=w, height=h)) > 0.93
    assert all(c.circle == (kind == "circle") for c in cameras)


@pytest.mark.parametrize("kind", ["camera", "two_people"])
def test_people_alone_are_a_camera(kind, tmp_path):
    path = tmp_path / "made.mp4"
    make_composite(path, kind, seed=68, pages=3)
    found = look(path)
    assert [s.kind.value for s in found.stretches] == ["camera"]
    faces = found.stretches[0].region(Role.CAMERA).faces
    assert faces == (2 if kind == "two_people" else 1)


def test_a_recorder_that_switches(tmp_path):
    path = tmp_path / "made.mp4"
    truth = make_composite(path, "switching", seed=69, pages=6)
    found = look(path)
    assert [s.kind.value for s in found.stretches] == [s.kind for s in truth.stretches]
    for got, true in zip(found.stretches, truth.stretches, strict=True):
        assert got.start_s == pytest.approx(true.start_s, abs=0.5)


def test_a_film_in_a_slide_is_no_camera(tmp_path):
    path = tmp_path / "made.mp4"
    make_composite(path, "screen", Nuisances(film=True), seed=70, pages=4)
    assert {s.kind.value for s in look(path).stretches} == {"screen"}
