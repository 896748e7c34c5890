"""Every layout as the synthesiser composes it: the right kind, regions where they are."""

import ffmpeg
import pytest

from vidpipe.geometry import Rect, iou
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions, RegionRole
from vidpipe.media.faces import DlibFaces
from vidpipe.media.ffmpeg import render
from vidpipe.media.probe import probe
from vidpipe.testmedia.composite import Nuisances
from vidpipe_tests.shared import make_composite


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
    cameras = [r for r in stretch.regions if r.role is RegionRole.CAMERA]
    assert len(cameras) == len(true.cameras)
    for box in true.cameras:
        assert any(close(box, c.rect, truth.width) for c in cameras)
    x, y, w, h = true.screen
    screen = stretch.region(RegionRole.SCREEN)
    assert iou(screen.rect, Rect(x=x, y=y, width=w, height=h)) > 0.93
    assert all(c.circle == (kind == "circle") for c in cameras)


@pytest.mark.parametrize("kind", ["camera", "two_people", "gallery"])
def test_people_alone_are_a_camera_each(kind, tmp_path):
    path = tmp_path / "made.mp4"
    truth = make_composite(path, kind, seed=68, pages=3)
    (stretch,) = look(path).stretches
    assert stretch.kind.value == "camera"
    assert [r.faces for r in stretch.regions] == [1] * len(truth.stretches[0].cameras)
    for box in truth.stretches[0].cameras:
        assert any(close(box, r.rect, truth.width) for r in stretch.regions)


@pytest.mark.parametrize("seed", [81, 82, 83])
def test_a_page_on_the_wall_of_a_filmed_room(seed, tmp_path):
    path = tmp_path / "made.mp4"
    truth = make_composite(path, "filmed", Nuisances(build=True), seed=seed, pages=4)
    found = look(path)
    (true,) = truth.stretches
    (stretch,) = found.stretches
    assert stretch.kind.value == "screen_and_camera"
    corners = stretch.region(RegionRole.SCREEN).corners
    for (x, y), (want_x, want_y) in zip(corners, true.corners, strict=True):
        assert abs(x - want_x) <= 0.02 * truth.width and abs(y - want_y) <= 0.02 * truth.width
    turns = [s.start_s for s in found.slides[1:]]
    assert turns == pytest.approx(truth.turns, abs=0.5)


#: Longer than what is decoded whole, with as few pictures as that takes.
LONG = {"pages": 11, "page_s": (13, 19), "fps": 6}


@pytest.mark.parametrize("kind", ["inset", "screen"])
def test_a_long_recording_is_looked_at_here_and_there_and_misses_nothing(kind, tmp_path):
    """Keyframes five seconds apart, and what lies around changes."""
    path = tmp_path / "long.mp4"
    truth = make_composite(path, kind, Nuisances(dissolve=True), seed=84, **LONG)
    assert truth.duration_s > LayoutOptions().dense_up_to_s
    found = look(path)
    assert [s.start_s for s in found.slides[1:]] == pytest.approx(truth.turns, abs=0.5)
    (stretch,) = found.stretches
    for box in truth.stretches[0].cameras:
        assert close(box, stretch.region(RegionRole.CAMERA).rect, truth.width)


def test_a_long_recording_without_keyframes_is_decoded_and_looked_at_in_twos(tmp_path):
    """Some recorders set one keyframe at the start and never again."""
    made, path = tmp_path / "made.mp4", tmp_path / "one.mp4"
    truth = make_composite(made, "inset", seed=86, **LONG)
    encoding = {"preset": "ultrafast", "g": 99999, "sc_threshold": 0}
    render(ffmpeg.output(ffmpeg.input(str(made)), str(path), **encoding), timeout_s=120)
    assert truth.duration_s > LayoutOptions().dense_up_to_s
    found = look(path)
    (stretch,) = found.stretches
    for box in truth.stretches[0].cameras:
        assert close(box, stretch.region(RegionRole.CAMERA).rect, truth.width)
    assert [s.start_s for s in found.slides[1:]] == pytest.approx(truth.turns, abs=0.5)


#: What encoders and cameras do to pictures, as options of ffmpeg; how wide a pixel is then.
ODD = {
    "rotated": ({"display_rotation": 90}, {"c": "copy"}),
    "variable frame rate": ({}, {"vf": "select='mod(n,5)*mod(n,3)'", "fps_mode": "vfr"}),
    "10 bit": ({}, {"pix_fmt": "yuv420p10le"}),
    "interlaced": ({}, {"vf": "fps=50,tinterlace=interleave_top", "flags": "+ildct+ilme"}),
    "non-square pixels": ({}, {"vf": "scale=720:540,setsar=4/3"}),
    "odd size": ({}, {"vf": "scale=853:480", "pix_fmt": "yuv444p"}),
    "full range": ({}, {"vf": "scale=out_range=pc", "pix_fmt": "yuvj420p"}),
    "one keyframe": ({}, {"g": 9999, "sc_threshold": 0}),
    "starts late": ({}, {"output_ts_offset": 7, "c": "copy"}),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "plain.mp4"
    return path, make_composite(path, "inset", seed=85, pages=4)


@pytest.mark.parametrize("oddity", ODD)
def test_odd_pictures_are_seen_as_a_player_shows_them(oddity, plain, tmp_path):
    source, truth = plain
    before, after = ODD[oddity]
    path = tmp_path / "odd.mkv" if oddity == "starts late" else tmp_path / "odd.mp4"
    encoding = {} if after.get("c") == "copy" else {"preset": "ultrafast", "crf": 20}
    picture = ffmpeg.input(str(source), **before)
    render(ffmpeg.output(picture, str(path), **encoding, **after), timeout_s=120)
    info, found = probe(path), look(path)
    box = truth.stretches[0].cameras[0]
    if oddity == "rotated":
        x, y, w, h = box
        assert (found.width, found.height) == (truth.height, truth.width)
        box = (y, truth.width - x - w, h, w)
    else:
        scale = info.video.width / truth.width
        box = tuple(round(v * scale) for v in box)
    (stretch,) = found.stretches
    if oddity != "rotated":  # a face on its side is none for the detector
        assert stretch.kind.value == "screen_and_camera"
        assert close(box, stretch.region(RegionRole.CAMERA).rect, found.width)
    assert [s.start_s for s in found.slides[1:]] == pytest.approx(truth.turns, abs=0.5)


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
