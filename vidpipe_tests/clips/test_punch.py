"""Cut-ins, slow zooms and pictures that follow their sound."""

import itertools

import pytest

from vidpipe.clips.compose import Composer, SourceRecording
from vidpipe.clips.face_place import face_on
from vidpipe.clips.model import ClipOptions, Composition, Part
from vidpipe.clips.punch import (
    CLOSER,
    SLOWLY_CLOSER,
    ZOOM_S,
    closer_crop,
    moments,
    punched,
    zoomed,
)
from vidpipe.framing.model import CropPath, FacePoint, FramingOptions, PathPoint
from vidpipe.geometry import Rect, bounding
from vidpipe.templates.model import load_templates
from vidpipe.timeline import EditList, FrameSpan
from vidpipe_tests.clips.shared import VERTICAL, words_of


def crop(points=((0.0, 400.0),)):
    return CropPath(
        rect=Rect(x=400, y=0, width=405, height=720),
        points=tuple(PathPoint(t_s=t, x=x) for t, x in points),
    )


def spans(*lengths, gap=30):
    at, found = 0, []
    for length in lengths:
        found.append(FrameSpan(first=at, last=at + length))
        at += length + gap
    return EditList(fps_num=30, fps_den=1, spans=tuple(found))


def test_cut_ins_hide_joins_and_keep_their_distance():
    edit = spans(60, 100, 40, 300, 400)
    at = moments(edit, [], 0, edit.frames)
    assert at[0] == 160 and set(at) <= {60, 160, 200, 500}
    borders = [0, *at, edit.frames]
    assert all(b - a >= 120 for a, b in itertools.pairwise(borders))


def test_without_joins_a_sentence_is_where_the_crop_changes():
    edit = spans(900)
    words = words_of("One two three. " * 24)
    at = moments(edit, words, 0, 900)
    starts = {round(w.start_s * 30) for w in words if w.text == "One"}
    assert len(at) >= 4 and set(at) <= starts
    assert moments(edit, [], 0, 900) == []


def test_every_second_piece_is_closer_and_the_face_keeps_its_place():
    faces = [FacePoint(t_s=t, x=600, y=300, height=180) for t in (0.0, 5.0, 9.0)]
    part = Part(first_frame=0, last_frame=300, composition=Composition.SPEAKER, camera=crop())
    pieces = list(punched(part, faces, [130, 260]))
    assert [(p.first_frame, p.last_frame) for p in pieces] == [(0, 130), (130, 260), (260, 300)]
    wide, close = pieces[0].camera.rect, pieces[1].camera.rect
    assert pieces[2].camera.rect == wide and close.width < 0.9 * wide.width
    assert wide.intersect(close) == close and close.aspect == pytest.approx(wide.aspect, rel=0.01)
    for axis, middle, size in (("x", 600, "width"), ("y", 300, "height")):
        before = (middle - getattr(wide, axis)) / getattr(wide, size)
        after = (middle - getattr(close, axis)) / getattr(close, size)
        assert after == pytest.approx(before, abs=0.01)


def test_nobody_is_cut_in_on_who_fills_the_picture_already():
    large = [FacePoint(t_s=0.0, x=600, y=300, height=330)]
    assert closer_crop(crop(), large, CLOSER) is None
    assert closer_crop(crop(), [], CLOSER) is None


# Slow zooms


def slowly(part, faces, at):
    return list(zoomed(part, faces, at, round(ZOOM_S * 30)))


def test_a_slow_zoom_rests_between_its_movements_and_takes_its_time():
    edit = spans(200, 260, 300, 500)
    takes = round(ZOOM_S * 30)
    at = moments(edit, [], 0, edit.frames, takes=takes)
    assert len(at) >= 2
    # From the end of one to the beginning of the next.
    assert all(b - a - takes >= 120 for a, b in itertools.pairwise([-takes, *at]))
    faces = [FacePoint(t_s=t, x=600, y=300, height=180) for t in (0.0, 5.0, 9.0)]
    part = Part(
        first_frame=0, last_frame=edit.frames, composition=Composition.SPEAKER, camera=crop()
    )
    pieces = slowly(part, faces, at)
    assert pieces[0].first_frame == 0 and pieces[-1].last_frame == edit.frames
    assert all(a.last_frame == b.first_frame for a, b in itertools.pairwise(pieces))
    moves = [p for p in pieces if p.near and p.near[0] != p.near[1]]
    assert [p.first_frame for p in moves] == at
    assert all(p.last_frame - p.first_frame == takes for p in moves)
    # Each begins where the one before ended: nothing jumps.
    ends = [p.near or (crop().rect,) * 2 for p in pieces]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ends))
    wide, close = moves[0].near
    assert wide == crop().rect and 1.1 < wide.width / close.width < 1.15


@pytest.mark.parametrize(("mode", "by"), [("slow", SLOWLY_CLOSER), ("cut", CLOSER)])
def test_captions_keep_clear_of_the_face_at_the_size_it_is_shown(mode, by):
    faces = [FacePoint(t_s=t, x=600, y=300, height=180) for t in (0.0, 5.0, 9.0)]
    canvas = VERTICAL.size
    shown = [face_on(canvas, path, faces) for path in (crop(), closer_crop(crop(), faces, by))]
    part = Part(
        first_frame=0,
        last_frame=900,
        composition=Composition.SPEAKER,
        camera=crop(),
        face=shown[0],
    )
    edit = spans(300, 300, 300)
    recording = SourceRecording("v", None, (), None, None, None)
    template = load_templates()["classic"].model_copy(update={"punch_in": mode, "j_cut_s": 0.0})
    options = ClipOptions(variants=(VERTICAL,), template=template)
    composer = Composer(recording, edit, options, FramingOptions(), VERTICAL, captions=True)
    pieces = list(composer._punched(part, faces))
    assert len(pieces) > 1
    assert {piece.face for piece in pieces} == {bounding(shown)}


def test_who_moves_or_fills_the_picture_is_not_zoomed_in_on():
    faces = [FacePoint(t_s=t, x=600, y=300, height=180) for t in (0.0, 5.0)]
    moving = crop(((0.0, 400.0), (5.0, 440.0)))
    for path, seen in ((moving, faces), (crop(), [])):
        part = Part(first_frame=0, last_frame=600, composition=Composition.SPEAKER, camera=path)
        assert slowly(part, seen, [200]) == [part]


# J and L cuts, small pages


def test_after_a_long_pause_the_picture_goes_first():
    edit = spans(60, 100, 80, gap=45)
    seen = edit.picture_spans(0.1, 0.1)
    assert sum(s.frames for s in seen) == edit.frames
    assert seen[0].last == 57 and seen[1].first == 102
    # A shorter pause is a J cut as before, and with no L cuts so is a long one.
    assert spans(60, 100, gap=20).picture_spans(0.1, 0.1)[0].last == 63
    assert edit.picture_spans(0.1)[0].last == 63
    # What is left of a piece is more than what is taken of it.
    assert spans(5, 100, gap=45).picture_spans(0.0, 0.1) == spans(5, 100, gap=45).spans


def test_a_picture_follows_its_sound_where_a_pause_was_taken_out():
    edit = spans(60, 100, 5, 80)
    seen = edit.picture_spans(0.1)
    assert sum(s.frames for s in seen) == edit.frames
    assert seen[0].last == 63 and seen[1].first == 93
    # A piece of five frames keeps its beginning: half of it would be gone.
    assert seen[2].first == edit.spans[2].first
    assert spans(60, 100, gap=2).picture_spans(0.1) == spans(60, 100, gap=2).spans
    assert edit.picture_spans(0.0) == edit.spans


def test_picture_and_sound_are_cut_at_once_where_another_part_begins():
    edit = spans(60, 100, 80, gap=45)
    first, second = 60, 160
    # A J cut at the first join, in which the picture stays for three frames.
    for at, last in ((first, 60), (first + 2, 60), (first + 3, 63), (first - 1, 63)):
        assert edit.picture_spans(0.1, 0.0, {0, at})[0].last == last
    # An L cut, which begins three frames before it.
    for at, last in ((first, 60), (first - 2, 60), (first - 3, 57), (first + 1, 57)):
        assert edit.picture_spans(0.1, 0.1, {0, at})[0].last == last
    # Other joins are cut as they were.
    seen = edit.picture_spans(0.1, 0.0, {second})
    assert seen[0].last == 63 and seen[1].last == edit.spans[1].last
    assert sum(s.frames for s in seen) == edit.frames


def test_cut_ins_wait_for_the_picture_of_a_j_cut():
    edit = spans(160, 200)
    assert moments(edit, [], 0, edit.frames) == [160]
    assert moments(edit, [], 0, edit.frames, edit.picture_spans(0.1)) == [163]
