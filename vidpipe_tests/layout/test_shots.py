"""Shots: cuts, fades and dissolves, each where and what it is."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions, Transition
from vidpipe.media.faces import DlibFaces
from vidpipe.media.probe import probe

FPS = 25


def scene(seed, t_s):
    """A landscape of blobs that drift slowly, as a camera in the hand sees it."""
    rng = np.random.default_rng(seed)
    image = np.full((270, 480, 3), rng.integers(60, 200, 3), np.uint8)
    for _ in range(60):
        x, y, r = rng.integers(0, 480), rng.integers(0, 270), int(rng.integers(8, 50))
        colour = tuple(int(c) for c in rng.integers(0, 255, 3))
        cv2.circle(image, (int(x + 6 * np.sin(t_s)), int(y)), r, colour, -1)
    return image


def film(path, parts, *, between, over_s=1.0):
    """Scenes of these lengths; `between` says how each goes over to the next."""
    starts = np.cumsum([0.0, *parts])
    with av.open(str(path), "w") as media:
        stream = media.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for n in range(round(starts[-1] * FPS)):
            t_s = n / FPS
            k = min(int(np.searchsorted(starts, t_s, side="right")) - 1, len(parts) - 1)
            image = scene(k, t_s)
            for border, how in zip(starts[1:-1], between, strict=True):
                since = (t_s - (border - over_s / 2)) / over_s
                if how == "cut" or not 0 <= since < 1:
                    continue
                j = int(np.searchsorted(starts, border))
                a, b = scene(j - 1, t_s).astype(float), scene(j, t_s).astype(float)
                if how == "dissolve":
                    image = ((1 - since) * a + since * b).astype(np.uint8)
                else:
                    shown = a * max(0, 1 - 2.4 * since) + b * max(0, 2.4 * since - 1.4)
                    image = shown.astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = n
            media.mux(stream.encode(frame))
        media.mux(stream.encode())
    return path


def test_each_border_is_found_for_what_it_is(tmp_path):
    kinds = ["cut", "dissolve", "fade", "cut"]
    path = film(tmp_path / "film.mp4", [6, 7, 8, 6, 7], between=kinds)
    layout = detect_layout(path, probe(path), DlibFaces(), LayoutOptions())
    wanted = [6.0, 13.0, 21.0, 27.0]
    assert [s.begins for s in layout.shots[1:]] == [Transition(k) for k in kinds]
    for shot, t_s, kind in zip(layout.shots[1:], wanted, kinds, strict=True):
        assert shot.start_s == pytest.approx(t_s, abs=0.05 if kind == "cut" else 0.4)
    assert layout.shots[0].begins is Transition.START
    assert layout.shots[-1].end_s == pytest.approx(layout.duration_s)


def test_cuts_are_found_between_looks_that_are_seconds_apart(tmp_path):
    path = film(tmp_path / "film.mp4", [6, 8, 9, 7], between=["cut"] * 3)
    options = LayoutOptions(dense_up_to_s=0.0)
    layout = detect_layout(path, probe(path), DlibFaces(), options)
    assert layout.cuts_s == pytest.approx([6.0, 14.0, 23.0], abs=0.05)


def test_the_fades_of_a_labelled_recording(real_media):
    path = real_media("labelled/psd_fades_to_black_24s.mp4")
    layout = detect_layout(path, probe(path), DlibFaces(), LayoutOptions())
    found = [(round(s.start_s, 1), s.begins) for s in layout.shots[1:]]
    assert found[:2] == [(1.0, Transition.CUT), (6.0, Transition.CUT)]
    (fade,) = [t for t, how in found if how is Transition.FADE]
    assert fade == pytest.approx(377 / 29.97, abs=0.2)
    assert [how for t, how in found if t > 15] == [Transition.DISSOLVE]
