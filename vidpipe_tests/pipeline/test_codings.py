"""A talk in codings that were seen differently ends in the same clips."""

import pytest

from vidpipe.geometry import iou
from vidpipe_tests.conftest import make_engine, run_all, take
from vidpipe_tests.media.coding import CODINGS, coded

#: References among B-pictures, keyframes far apart in MPEG-TS, one keyframe in all.
HARD = ("x265_reference_b.mp4", "x264_far_keys.ts", "vp8_one_key.webm")


def by_start(items):
    return sorted(items, key=lambda item: getattr(item, "segment", item).start_s)


@pytest.mark.parametrize("name", HARD)
def test_segments_and_regions_of_clips_agree(talk, processed, tmp_path, name):
    path = coded(talk.path, tmp_path / name, *CODINGS[name])
    path.with_suffix(".srt").write_text(talk.path.with_suffix(".srt").read_text())
    engine = make_engine(tmp_path / "home")
    outcome = take(engine, path)
    ran = run_all(engine, outcome.video_id, platforms=("tiktok",))
    done = {r.stage: r.document for r in ran}
    # Which of two is ranked first may lie with the sound, which is coded anew as well.
    wanted = by_start(processed.document("scored_segments").segments)
    found = by_start(done["scored_segments"].segments)
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s), abs=0.15)
    clips = by_start(done["rendered_clips"].clips)
    rendered = by_start(processed.document("rendered_clips").clips)
    for a, b in zip(clips, rendered, strict=True):
        assert [p.composition for p in a.parts] == [p.composition for p in b.parts]
        for p, q in zip(a.parts, b.parts, strict=True):
            assert iou(p.screen, q.screen) > 0.9
            assert iou(p.camera.rect, q.camera.rect) > 0.8
        assert a.files[0].quality.frozen_s == 0 and a.files[0].quality.black_s == 0
