"""Pictures around changes come from the decode of all, and are those of a decode of their own."""

import math

import numpy as np
import pytest

from vidpipe.layout import around_changes, detect
from vidpipe.layout.around_changes import AroundChanges, guessed
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.faces import DlibFaces
from vidpipe.media.frames import WHOLE, FrameReader, Packets, Ticks
from vidpipe.media.probe import probe
from vidpipe.timeline import span
from vidpipe_tests.shared import make_composite


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("around") / "talk.mp4"
    make_composite(path, "inset", seed=43, pages=4, size=(320, 180), fps=25)
    return path


def kept(path, spans):
    around = AroundChanges(spans, None)
    with FrameReader(path, probe(path), max_width=320, draft=True) as reader:
        for k, frame in reader.together([Ticks(0.5)], roughly=True, whole=spans):
            if k == WHOLE and around.wants(frame):
                around.keep(frame)
    return around


@pytest.mark.parametrize("step_s", [1 / 30, 1 / 50, 0.1])
def test_kept_pictures_are_those_that_a_reader_gives(recording, step_s):
    around = kept(recording, [span(2.0, 3.15), span(5.5, 6.5)])
    for start_s, end_s in ((2.04, 2.56), (2.0, 3.15), (5.52, 6.06)):
        with FrameReader(recording, probe(recording), max_width=320, draft=True) as reader:
            frames = [(f.t_s, f.grey) for f in reader.every(step_s, start_s, end_s)]
        found = list(around.every(step_s, start_s, end_s))
        assert [t_s for t_s, _ in found] == [t_s for t_s, _ in frames]
        assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, frames, strict=True))
    assert around.every(step_s, 1.9, 2.5) is None
    assert around.every(step_s, 3.0, 5.6) is None


def test_what_is_too_much_to_be_kept_is_not_taken_for_nothing(recording, monkeypatch):
    monkeypatch.setattr(around_changes, "_MOST_BYTES", 10 * 320 * 180)
    around = kept(recording, [span(2.0, 4.0)])
    assert len(list(around.every(1 / 30, 2.0, 2.36))) == 9
    assert around.every(1 / 30, 2.0, 2.6) is None


def packets(sizes, keys=(0,)):
    """Ten pictures a second."""
    marked = np.zeros(len(sizes), bool)
    marked[list(keys)] = True
    return Packets(np.arange(len(sizes)) / 10, np.array(sizes, np.int64), marked)


def test_a_large_packet_holds_a_change():
    sizes = [20_000, *[100] * 99]
    sizes[43] = 5_000
    assert guessed(packets(sizes), 0.5) == [span(4.0, 4.65)]
    # It may come before the look that is due then.
    sizes[43], sizes[41] = 100, 5_000
    assert guessed(packets(sizes), 0.5) == [span(3.5, 4.65)]
    sizes[41], sizes[99] = 100, 5_000
    assert guessed(packets(sizes), 0.5) == [span(9.5, math.inf)]


def test_a_keyframe_before_its_turn_holds_a_change():
    sizes = [100] * 200
    for key in (0, 50, 72, 122, 172):
        sizes[key] = 20_000
    assert guessed(packets(sizes, (0, 50, 72, 122, 172)), 0.5) == [span(7.0, 7.65)]
    regular = [20_000 if k % 50 == 0 else 100 for k in range(200)]
    assert guessed(packets(regular, (0, 50, 100, 150)), 0.5) == []


def test_what_always_moves_holds_none():
    sizes = [20_000, *np.random.default_rng(7).integers(2_000, 6_000, 199).tolist()]
    assert guessed(packets(sizes), 0.5) == []
    assert guessed(packets([], ()), 0.5) == []


def test_a_recording_that_changes_all_the_time_is_not_decoded_whole():
    sizes = [20_000, *[100] * 99]
    sizes[9::20] = [15_000] * 5
    assert guessed(packets(sizes), 0.5) != []
    sizes[1::5] = [15_000] * 20
    assert guessed(packets(sizes), 0.5) == []


def test_slides_of_a_short_recording_are_timed_without_another_decode(recording, monkeypatch):
    begun = []
    original = FrameReader.every

    def counted(self, step_s, start_s=0.0, end_s=1e9, **how):
        begun.append((start_s, end_s))
        return original(self, step_s, start_s, end_s, **how)

    def found():
        begun.clear()
        info = probe(recording)
        layout = detect.detect_layout(recording, info, DlibFaces(), LayoutOptions())
        return layout.model_dump_json(), len(begun)

    monkeypatch.setattr(FrameReader, "every", counted)
    once = found()
    monkeypatch.setattr("vidpipe.layout.sampling.guessed", lambda packets, step_s: [])
    again = found()
    assert once[0] == again[0]
    assert once[1] < again[1]
