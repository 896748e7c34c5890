"""What is looked at once serves for all: work behind a decoder, faces, sheets, sums of borders."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from vidpipe.geometry import Rect
from vidpipe.layout import detect, sheet
from vidpipe.layout.behind import Behind
from vidpipe.layout.detect import look_at
from vidpipe.layout.evidence import Lines
from vidpipe.layout.face_samples import FaceLooks
from vidpipe.layout.model import LayoutOptions
from vidpipe.layout.sampling import (
    CHANGED,
    FrameSamples,
    difference,
    in_blocks,
    width_of_looks,
)
from vidpipe.media.faces import DlibFaces
from vidpipe.media.faces.model import Face
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe_tests.shared import make_composite

WHOLE = Rect(x=0, y=0, width=64, height=48)


def test_work_behind_is_done_in_its_order_and_its_errors_are_told():
    done = []
    with Behind() as behind:
        for k in range(100):
            behind.do(done.append, k)
        behind.wait()
        assert done == list(range(100))
        behind.do(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            behind.wait()
        with pytest.raises(ZeroDivisionError):
            behind.do(done.append, 100)
    assert len(done) == 100


class Counted:
    """Finds as many faces as the first pixel says."""

    identity = "counted"

    def __init__(self):
        self.looks = 0

    def detect(self, image, expected_height=0.0):
        self.looks += 1
        box = Rect(x=8, y=8, width=24, height=24)
        return [Face(box, 0.9)] * int(image[0, 0, 0])


def looks(counts, moves):
    """Samples half a second apart, two for each count; what moves does so within the two."""
    rng = np.random.default_rng(3)
    colour = []
    for count, move in zip(counts, moves, strict=True):
        first = rng.integers(60, 200, (48, 64, 3)).astype(np.uint8)
        second = first.copy()
        if move:
            second[8:32, 8:32] = 255 - second[8:32, 8:32]
        for picture in (first, second):
            picture[0, 0] = count
            colour.append(picture)
    # Farther apart than what shows movement, from one pair to the next.
    times_s = np.array([t for k in range(len(counts)) for t in (2.0 * k, 2.0 * k + 0.5)])
    every = np.ones(len(times_s), bool)
    grey = np.array([c[..., 0] for c in colour])
    samples = FrameSamples(times_s, grey, 1.0, every, ~every, np.array(colour))
    return samples, SimpleNamespace(keyframe_times=())


@pytest.mark.parametrize(
    ("counts", "moves", "found", "looked"),
    [
        ((1, 1, 1, 0, 0), (1, 1, 1, 0, 0), (1, True), 3),
        ((1, 1, 1, 2, 2), (0, 0, 0, 1, 1), (1, False), 3),
        ((0, 0, 0, 1, 1), (1, 1, 1, 1, 1), (0, False), 3),
        ((1, 0, 1, 1, 0), (1, 0, 1, 1, 0), (1, True), 5),
        ((1, 1, 1, 1, 1), (1, 0, 1, 0, 0), (1, False), 5),
        ((2, 2, 2), (1, 1, 1), (2, True), 2),
    ],
)
def test_faces_are_looked_for_until_most_looks_agree(counts, moves, found, looked):
    samples, reader = looks(counts, moves)
    detector = Counted()
    people = FaceLooks(reader, samples, detector, LayoutOptions())
    try:
        assert people.at(0.0, 2.0 * len(counts), WHOLE) == found
        assert detector.looks == looked
        people.at(0.0, 2.0 * len(counts), WHOLE)
        assert detector.looks == looked
    finally:
        people.close()


def test_samples_are_compared_as_pictures_are(monkeypatch):
    monkeypatch.setattr("vidpipe.layout.sampling._SOFT_LOOKS", 3)
    grey = np.random.default_rng(4).integers(0, 256, (6, 40, 50)).astype(np.uint8)
    every = np.ones(6, bool)
    samples = FrameSamples(np.arange(6.0), grey, 1.0, every, ~every)
    for i, j in itertools.permutations(range(6), 2):
        expected = difference(grey[i], grey[j])
        assert np.array_equal(samples.difference(i, j), expected)
        assert samples.changed_share(i, j) == (expected > CHANGED).mean()
    assert len(samples._soft) == 3


@pytest.mark.parametrize("shape", [(32, 48), (37, 50), (5, 7)])
def test_blocks_hold_what_is_set_in_them(shape):
    mask = np.random.default_rng(5).random(shape) < 0.3
    found = in_blocks(mask, 16)
    assert found.sum() == mask.sum()
    assert (
        found[0, 0] == mask[:16, :16].sum()
        and found[-1, -1] == mask[16 * (found.shape[0] - 1) :, 16 * (found.shape[1] - 1) :].sum()
    )


def test_borders_of_sides_are_those_of_each_rectangle():
    rng = np.random.default_rng(6)
    mean = np.kron(rng.integers(0, 255, (9, 12)), np.ones((8, 8))).astype(np.float32)
    lines = Lines(mean, rng.random(mean.shape) < 0.4)
    sides = [rng.integers(a, b, 4) for a, b in ((0, 40), (50, 97), (0, 30), (40, 73))]
    together = lines.borders(*np.ix_(*sides)), lines.crossed(*np.ix_(*sides))
    each = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 4).T
    assert np.array_equal(together[0].ravel(), lines.borders(*each))
    assert np.array_equal(together[1].ravel(), lines.crossed(*each))


def test_sheets_of_a_short_recording_decode_nothing_again(tmp_path, monkeypatch):
    path = tmp_path / "talk.mp4"
    make_composite(path, "inset", seed=41, pages=3, size=(640, 360), fps=10)
    info = probe(path)
    found, kept = look_at(path, info, DlibFaces(), LayoutOptions())
    assert found.slides and kept is not None
    again = tmp_path / "again.jpg"
    sheet.slide_sheet(path, info, found, again)

    def opened(*_, **__):
        raise AssertionError("decoded again")

    monkeypatch.setattr(sheet, "FrameReader", opened)
    sheet.layout_sheet(path, info, found, tmp_path / "layout.jpg", kept)
    sheet.slide_sheet(path, info, found, tmp_path / "slides.jpg", kept)
    assert (tmp_path / "layout.jpg").stat().st_size > 1000
    import cv2

    one, other = (cv2.imread(str(p)).astype(int) for p in (tmp_path / "slides.jpg", again))
    assert one.shape == other.shape and np.abs(one - other).mean() < 4


class Sized:
    """What is read of a probe to say how large looks are: the picture's size."""

    def __init__(self, width, height):
        self.video = SimpleNamespace(width=width, height=height)


@pytest.mark.parametrize(
    ("displayed", "widest", "width"),
    [
        ((1920, 1080), 640, 640),
        ((640, 480), 640, 640),
        ((1001, 1000), 640, 640),
        ((1000, 1000), 640, 554),
        ((768, 1024), 640, 480),
        ((1080, 1920), 640, 360),
        # No narrower than letters can be told in.
        ((720, 1600), 640, 360),
        ((1080, 1920), 320, 180),
    ],
)
def test_looks_at_pictures_no_wider_than_high_have_no_more_pixels_than_others(
    displayed, widest, width
):
    options = LayoutOptions(analysis_width=widest)
    assert width_of_looks(Sized(*displayed), options) == width


def test_an_upright_recording_is_decoded_once_and_small(tmp_path, monkeypatch):
    path = tmp_path / "phone.mp4"
    make_composite(path, "camera", seed=43, pages=2, size=(540, 960), fps=10)
    sizes = []

    class Noted(FrameReader):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            sizes.append((self.size.width, self.size.height))

    monkeypatch.setattr(detect, "FrameReader", Noted)
    found, kept = look_at(path, probe(path), DlibFaces(), LayoutOptions())
    assert sizes == [(360, 640)]
    assert kept is not None and kept.pictures.shape[1:] == (640, 360, 3)
    (stretch,) = found.stretches
    assert stretch.kind.value == "camera"
    assert [r.rect for r in stretch.regions] == [Rect(x=0, y=0, width=540, height=960)]


def test_a_look_in_the_middle_is_the_same_whatever_was_left_out_before_it(tmp_path):
    path = tmp_path / "talk.mp4"
    make_composite(path, "inset", seed=42, pages=3, size=(320, 180), fps=25)
    info = probe(path)
    with FrameReader(path, info, max_width=320) as reader:
        every = {round(f.t_s, 3): f.grey for f in reader.every(1 / 50)}
    starts = (3.0, 3.9, 7.3)
    with FrameReader(path, info, max_width=320) as reader:
        for start_s in starts:
            near = list(reader.every(1 / 50, start_s, start_s + 0.4))
            assert len(near) == 10
            for frame in near:
                assert np.array_equal(frame.grey, every[round(frame.t_s, 3)])
