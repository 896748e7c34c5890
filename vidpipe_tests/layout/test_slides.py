"""Slide changes on made-up slides with known truth: what turns a page and what only adds to it."""

import numpy as np
import pytest

from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutKind, LayoutOptions
from vidpipe.layout.slides import SlideChange, judge
from vidpipe.media.faces import DlibFaces
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.testmedia.composite import Nuisances
from vidpipe_tests.shared import make_composite


def look(path):
    return detect_layout(path, probe(path), DlibFaces(), LayoutOptions())


def turns(layout):
    begins = {s.start_s for s in layout.stretches}
    return [s.start_s for s in layout.slides if s.start_s not in begins]


@pytest.mark.parametrize(
    "nuisances",
    [
        Nuisances(),
        Nuisances(build=True),
        Nuisances(ink=True),
        Nuisances(cursor=True, noise=3.0),
        Nuisances(film=True),
        Nuisances(photo=True, build=True),
        Nuisances(dark=True, build=True),
        Nuisances(dissolve=True),
    ],
    ids=lambda n: ", ".join(k for k, v in vars(n).items() if v) or "plain",
)
def test_pages_turn_when_they_do_and_only_then(nuisances, tmp_path):
    path = tmp_path / "slides.mp4"
    truth = make_composite(path, "screen", nuisances, seed=41, pages=4, size=(640, 360), fps=10)
    found = look(path)
    assert {s.kind for s in found.stretches} == {LayoutKind.SCREEN}
    assert turns(found) == pytest.approx(truth.turns, abs=0.5)


def test_what_is_added_to_a_page_is_a_change_of_its_own_kind(tmp_path):
    path = tmp_path / "builds.mp4"
    truth = make_composite(
        path, "screen", Nuisances(build=True), seed=42, pages=3, size=(640, 360), fps=10
    )
    found = look(path)
    builds = [b for s in found.slides for b in s.builds_s]
    for true in truth.builds:
        assert min(abs(true - b) for b in builds) < 1.0
    assert len(builds) <= len(truth.builds)


def test_the_picture_of_a_page_is_its_fullest_state(tmp_path):
    path = tmp_path / "builds.mp4"
    make_composite(path, "screen", Nuisances(build=True), seed=43, pages=3, size=(640, 360), fps=10)
    found = look(path)
    with FrameReader(path, probe(path), max_width=640) as reader:
        for slide in found.slides:
            assert slide.start_s < slide.frame_s < slide.end_s
            at = reader.at(slide.frame_s).image.astype(int)
            for moment in np.linspace(slide.start_s + 0.2, slide.end_s - 0.2, 6):
                other = reader.at(float(moment)).image.astype(int)
                # Nothing that is drawn at another moment is missing from the chosen one.
                assert ((at - other) > 80).mean() < 0.002


def test_a_fast_deck_is_found_at_looks_that_are_seconds_apart(tmp_path):
    """In a long recording nearly every look sees another page."""
    path = tmp_path / "fast.mp4"
    truth = make_composite(path, "screen", seed=44, pages=8, size=(640, 360), fps=10)
    sparse = LayoutOptions(min_step_s=3.5)
    found = detect_layout(path, probe(path), DlibFaces(), sparse)
    assert turns(found) == pytest.approx(truth.turns, abs=0.5)


def page(*lines):
    import cv2

    image = np.full((180, 320), 245, np.uint8)
    for k, line in enumerate(lines):
        cv2.putText(image, line, (12, 30 + 28 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 30, 1)
    return image


def test_two_pages_are_told_from_one_that_grows():
    mask = np.ones((180, 320), bool)
    none = np.zeros_like(mask)
    one = page("Sampling", "voltage at moments")
    grown = page("Sampling", "voltage at moments", "twice is enough")
    other = page("", "Masking", "", "loud tones", "hide others")
    assert judge(one, one, mask, none) is SlideChange.NONE
    assert judge(one, grown, mask, none) is SlideChange.BUILD
    assert judge(grown, one, mask, none) is SlideChange.TURN
    assert judge(one, other, mask, none) is SlideChange.TURN
    assert judge(page(), one, mask, none) is SlideChange.TURN
    assert judge(page(), page(), mask, none) is SlideChange.NONE
