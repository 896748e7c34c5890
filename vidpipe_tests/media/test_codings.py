"""What is seen of a recording does not depend on how it is coded."""

import numpy as np
import pytest

from vidpipe.geometry import iou
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutKind, LayoutOptions
from vidpipe.media.faces import choose_faces
from vidpipe.media.frames import WHOLE, FrameReader, Ticks
from vidpipe.media.probe import probe
from vidpipe.timeline import span
from vidpipe_tests.media.coding import CODINGS, coded

#: Around the page that turns at 15.2 s.
FIRST_S, LENGTH_S = 10.0, 10.0
TIMES = (9.5, 0.0, 5.6, 5.0, 1.0, 7.3)


@pytest.fixture(scope="module")
def piece(talk, tmp_path_factory):
    """Ten seconds of the talk, coded so that nothing of it can go wrong."""
    target = tmp_path_factory.mktemp("piece") / "piece.mkv"
    cut = ("-ss", str(FIRST_S), "-t", str(LENGTH_S))
    return coded(talk.path, target, "-c:v", "ffv1", "-g", "1", "-c:a", "pcm_s16le", before=cut)


def seen(path):
    """Pictures at times that do not ascend, those of a rough look, and those of keyframes."""
    with FrameReader(path, probe(path), max_width=160) as reader:
        at = [(f.t_s, f.grey.astype(int)) for f in map(reader.at, TIMES)]
        rough = [(f.t_s, f.grey.astype(int)) for f in reader.every(0.5, end_s=9.0, roughly=True)]
        keys = [(f.t_s, f.grey.astype(int)) for f in reader.keyframes()]
    return at, rough, keys


@pytest.fixture(scope="module")
def reference(piece):
    """The pictures of every moment, 25 a second, and what is there of people and pages."""
    with FrameReader(piece, probe(piece), max_width=160) as reader:
        frames = {round(f.t_s * 25): f.grey.astype(int) for f in reader.every(0.0)}
    return frames, layout_of(piece)


def layout_of(path):
    detector = choose_faces("dlib", None, lambda name: path).detector
    found = detect_layout(path, probe(path), detector, LayoutOptions())
    return [(s.kind, [(r.role, r.rect) for r in s.regions]) for s in found.stretches], [
        slide.start_s for slide in found.slides
    ]


@pytest.mark.parametrize("name", CODINGS)
def test_a_talk_is_seen_alike_in_every_coding(piece, reference, tmp_path, name):
    path = coded(piece, tmp_path / name, *CODINGS[name])
    at, rough, keys = seen(path)
    frames, (regions, pages) = reference
    for wanted_s, (t_s, grey) in zip(TIMES, at, strict=True):
        assert t_s == pytest.approx(wanted_s, abs=0.05)
        assert np.abs(grey - frames[round(t_s * 25)]).mean() < 1.5
    assert len(rough) == 18
    for k, (t_s, grey) in enumerate(rough):
        assert 0.5 * k - 0.01 <= t_s <= 0.5 * k + 0.26
        assert np.abs(grey - frames[round(t_s * 25)]).mean() < 1.5
    assert keys
    for t_s, grey in keys:
        assert np.abs(grey - frames[round(t_s * 25)]).mean() < 1.5
    found, turned = layout_of(path)
    assert [kind for kind, _ in found] == [kind for kind, _ in regions]
    assert found[0][0] is LayoutKind.SCREEN_AND_CAMERA
    for (role, rect), (wanted_role, wanted) in zip(found[0][1], regions[0][1], strict=True):
        assert role is wanted_role and iou(rect, wanted) > 0.9
    assert turned == pytest.approx(pages, abs=0.12)


def test_what_a_decoder_leaves_out_is_missed_by_nothing(piece, tmp_path):
    """Of x265 with references among its B-pictures six of five hundred were left."""
    path = coded(piece, tmp_path / "b.mp4", *CODINGS["x265_reference_b.mp4"])
    with FrameReader(path, probe(path), max_width=160) as reader:
        rough = [f.t_s for f in reader.every(0.1, end_s=9.0, roughly=True)]
    assert len(rough) >= 80 and max(np.diff(rough)) < 0.25


def test_a_stream_whose_pictures_are_nearly_all_left_out_is_read_whole(piece, tmp_path):
    """One keyframe, and B-pictures that no other is made of between pictures far apart."""
    options = ["-c:v", "libx264", "-bf", "16", "-b_strategy", "0", "-g", "250", "-an"]
    path = coded(piece, tmp_path / "b16.mp4", *options, "-x264-params", "b-pyramid=none")
    with FrameReader(path, probe(path), max_width=160) as reader:
        rough = [f.t_s for f in reader.every(0.2, end_s=9.0, roughly=True)]
    assert max(np.diff(rough)) < 0.5


def test_looks_that_ascend_decode_a_recording_with_one_keyframe_once(piece, tmp_path, monkeypatch):
    """As browsers record: from the beginning for each look, the work would grow with its square."""
    from vidpipe.media import seeking

    path = coded(piece, tmp_path / "one.webm", *CODINGS["vp8_one_key.webm"])
    begun = []
    original = seeking.Cursor._decoded

    def counted(self, key_s):
        begun.append(key_s)
        return original(self, key_s)

    monkeypatch.setattr(seeking.Cursor, "_decoded", counted)
    with FrameReader(path, probe(path), max_width=160) as reader:
        for k in range(9):
            assert reader.at(k + 0.5).t_s == pytest.approx(k + 0.5, abs=0.05)
    assert len(begun) == 1


TOLD_APART = [name for name in CODINGS if name.startswith(("x264", "x265"))]


@pytest.mark.parametrize("name", TOLD_APART)
def test_spans_are_whole_in_a_decode_that_leaves_pictures_out(piece, tmp_path, name):
    """And what is looked at roughly is not another picture for it."""
    path = coded(piece, tmp_path / name, *CODINGS[name])
    spans = [span(1.02, 1.5), span(5.0, 6.3)]
    ticks = [Ticks(0.5, end_s=9.0)]

    def looked(**whole):
        with FrameReader(path, probe(path), max_width=160, draft=True) as reader:
            assert reader.told_apart
            return [(k, f.t_s, f.grey) for k, f in reader.together(ticks, roughly=True, **whole)]

    def every(start_s, end_s):
        with FrameReader(path, probe(path), max_width=160, draft=True) as reader:
            return [(f.t_s, f.grey) for f in reader.every(0.0, start_s, end_s)]

    alone, found = looked(), looked(whole=spans)
    rough = [(t_s, grey) for k, t_s, grey in found if k != WHOLE]
    whole = [(t_s, grey) for k, t_s, grey in found if k == WHOLE]
    pairs = [((t_s, grey), other) for (_, t_s, grey), other in zip(alone, rough, strict=True)]
    known = [one for s in spans for one in every(s.start_s, s.end_s) if s.contains(one[0])]
    pairs += zip(known, whole, strict=True)
    assert len(known) > 40
    for (t_s, grey), (other_s, other) in pairs:
        assert t_s == other_s and np.array_equal(grey, other)


def test_of_some_codecs_it_is_not_known_what_is_left_out(piece, tmp_path):
    path = coded(piece, tmp_path / "mpeg4.avi", *CODINGS["mpeg4.avi"])
    with FrameReader(path, probe(path), max_width=160) as reader:
        assert not reader.told_apart
