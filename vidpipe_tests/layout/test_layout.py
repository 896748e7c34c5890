"""Layout on made-up talks with known truth, and on real recordings with labels."""

import csv

import pytest

from vidpipe.geometry import Rect, iou
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutInterval, LayoutKind, LayoutOptions, Region, RegionRole
from vidpipe.media.faces import DlibFaces
from vidpipe.media.probe import probe


def look(path, **given):
    return detect_layout(path, probe(path), DlibFaces(), LayoutOptions(), **given)


def covers(layout):
    assert layout.stretches[0].start_s == 0.0
    for a, b in zip(layout.stretches, layout.stretches[1:], strict=False):
        assert a.end_s == b.start_s
    assert layout.stretches[-1].end_s == pytest.approx(layout.duration_s)


def test_the_inset_of_a_known_talk_to_one_percent(talk):
    found = look(talk.path)
    covers(found)
    assert [s.kind for s in found.stretches] == [LayoutKind.SCREEN_AND_CAMERA]
    camera = found.stretches[0].region(RegionRole.CAMERA)
    x, y, width, height = talk.truth.camera
    border = 0.01 * found.width
    assert abs(camera.rect.x - x) <= border and abs(camera.rect.y - y) <= border
    assert abs(camera.rect.right - x - width) <= border
    assert abs(camera.rect.bottom - y - height) <= border


def test_slides_of_a_known_talk_turn_when_they_do(talk):
    found = look(talk.path)
    turns = [s.start_s for s in found.slides]
    assert turns == pytest.approx([s[0] for s in talk.truth.slides], abs=0.2)


def test_what_is_known_by_hand_holds_for_its_part_of_the_time(talk):
    camera = Rect(x=10, y=20, width=200, height=120)
    by_hand = LayoutInterval(
        start_s=5.0,
        end_s=12.0,
        kind=LayoutKind.CAMERA,
        regions=(Region(role=RegionRole.CAMERA, rect=camera, confidence=1.0),),
        confidence=1.0,
    )
    found = look(talk.path, given=[by_hand])
    covers(found)
    kinds = [(s.start_s, s.kind) for s in found.stretches]
    assert kinds == [
        (0.0, LayoutKind.SCREEN_AND_CAMERA),
        (5.0, LayoutKind.CAMERA),
        (12.0, LayoutKind.SCREEN_AND_CAMERA),
    ]
    assert iou(found.at(8.0).region(RegionRole.CAMERA).rect, camera) > 0.95


def test_a_real_recording_that_switches_between_camera_and_slides(real_media):
    """Big Blue Button: labels in gt/bbb_8774_composite.layout.csv; borders to 1% of the width."""
    found = look(real_media("lecture/bbb_8774_composite_pip.mp4"))
    covers(found)
    with real_media("gt/bbb_8774_composite.layout.csv").open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    kinds = {"camera": LayoutKind.CAMERA, "slides+pip": LayoutKind.SCREEN_AND_CAMERA}
    assert [s.kind for s in found.stretches] == [kinds[r["layout"]] for r in rows]
    for stretch, row in zip(found.stretches, rows, strict=True):
        assert stretch.start_s == pytest.approx(float(row["start_s"]), abs=0.2)
        box = found.stretches[1].region(RegionRole.CAMERA).rect
    x, y, right, bottom = (int(v) for v in rows[1]["camera_box"].split())
    for got, want in zip((box.x, box.y, box.right, box.bottom), (x, y, right, bottom), strict=True):
        assert abs(got - want) <= 0.01 * found.width


def test_a_real_inset_that_comes_and_goes(real_media):
    found = look(real_media("lecture/cvpr20_rank_pip_59s_noaudio.mp4"))
    covers(found)
    inset = [s for s in found.stretches if s.kind is LayoutKind.SCREEN_AND_CAMERA]
    assert len(inset) == 3
    title, *others = inset
    assert title.end_s == pytest.approx(3.7, abs=0.4)
    box = title.region(RegionRole.CAMERA).rect
    for got, want in zip((box.x, box.y, box.right, box.bottom), (52, 197, 541, 473), strict=True):
        assert abs(got - want) <= 0.01 * found.width
    for stretch, (start, end) in zip(others, [(3.9, 33.03), (41.5, 58.22)], strict=True):
        assert (stretch.start_s, stretch.end_s) == pytest.approx((start, end), abs=0.6)
        box = stretch.region(RegionRole.CAMERA).rect
        truth = (937, 18, 1257, 198)
        for got, want in zip((box.x, box.y, box.right, box.bottom), truth, strict=True):
            assert abs(got - want) <= 0.01 * found.width
    between = found.at(39.0)  # a film fills the screen, a face in it: no camera
    assert between.kind is LayoutKind.SCREEN


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lecture/cvpr20_mar_scf_slides_60s_noaudio.mp4", LayoutKind.SCREEN),
        ("lecture/crypto_slides_ink_145s.mp4", LayoutKind.SCREEN),
        ("screencast/yolo_console_narrated_70s.mp4", LayoutKind.SCREEN),
        ("screencast/bbb_b443_screencast_voice.mp4", LayoutKind.SCREEN),
        ("screencast/paella_app_vfr_49s_noaudio.mp4", LayoutKind.SCREEN),
        ("speech/talkinghead_senator_8s_512.mp4", LayoutKind.CAMERA),
        ("speech/interview_two_heads_18s.mp4", LayoutKind.CAMERA),
    ],
)
def test_real_recordings_with_one_layout(real_media, name, kind):
    found = look(real_media(name))
    assert {s.kind for s in found.stretches} == {kind}


def test_slide_changes_of_real_recordings(real_media):
    """Within half a second of the labels: all are found, and no more than one too many."""
    from benchmarks.layout import REAL, match, turns_of

    hits = true = extra = 0
    for name, (moments, free) in REAL.items():
        turns = turns_of(look(real_media(name)))
        hits += match(turns, moments)
        true += len(moments)
        extra += sum(
            all(abs(t - m) > 0.5 for m in moments) and all(abs(t - f) > 1.0 for f in free)
            for t in turns
        )
    assert hits == true and extra <= 1


def test_two_people_in_a_picture_each(real_media):
    """The line between them is at x 636, seen on the frame."""
    (stretch,) = look(real_media("speech/interview_two_heads_18s.mp4")).stretches
    assert stretch.kind is LayoutKind.CAMERA
    assert [r.faces for r in stretch.regions] == [1, 1]
    left = min((r.rect for r in stretch.regions), key=lambda rect: rect.x)
    assert left.right == pytest.approx(636, abs=13)
