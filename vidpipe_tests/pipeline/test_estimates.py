"""Estimates come from what a machine did before."""

import pytest

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog
from vidpipe.exports.model import Estimate
from vidpipe.geometry import Size
from vidpipe.pipeline.estimates import Estimator, copy_prior, encode_prior

PRIOR = encode_prior(Size(width=1080, height=1920), "veryfast", 12_000)
WORK = "render 1080x1920 libx264 veryfast stack"


@pytest.fixture
def catalog(tmp_path):
    found = Catalog(f"sqlite:///{tmp_path / 'catalog.sqlite'}").ready()
    found.accept_video(
        tables.Video(
            video_id="v",
            channel="default",
            sha256="0" * 64,
            name="v.mp4",
            title="v",
            size_bytes=1,
            duration_s=60.0,
            width=640,
            height=360,
        )
    )
    return found


def learn(estimator, seconds_per_s, *lengths_s, bytes_per_s=100_000):
    for clip_s in lengths_s:
        took = Estimate(seconds=seconds_per_s * clip_s, size_bytes=round(bytes_per_s * clip_s))
        estimate = estimator.estimate(WORK, clip_s, PRIOR)
        estimator.learn(WORK, "clip", clip_s, took, estimate)


def test_without_history_the_prior_speaks(catalog):
    estimator = Estimator(catalog, "v", host="one")
    assert estimator.estimate(WORK, 30.0, PRIOR) == PRIOR(30.0)
    assert PRIOR(60.0).seconds == pytest.approx(2 * PRIOR(30.0).seconds, rel=0.01)
    slower = encode_prior(Size(width=1080, height=1920), "fast", 12_000)
    assert slower(30.0).seconds > 1.5 * PRIOR(30.0).seconds
    assert copy_prior(5_000_000)(30.0).size_bytes == 5_000_000


def test_a_machine_learns_from_its_own_work_of_the_kind(catalog):
    estimator = Estimator(catalog, "v", host="one")
    learn(estimator, 0.7, 20.0, 30.0, 45.0)
    thought = estimator.estimate(WORK, 40.0, PRIOR)
    assert thought.seconds == pytest.approx(28.0, rel=0.01)
    assert thought.size_bytes == pytest.approx(4_000_000, rel=0.01)
    # Another kind, and another machine, are another matter.
    assert estimator.estimate("copy tiktok", 40.0, PRIOR) == PRIOR(40.0)
    assert Estimator(catalog, "v", host="two").estimate(WORK, 40.0, PRIOR) == PRIOR(40.0)


def test_what_is_new_counts_and_one_odd_encode_does_not(catalog):
    estimator = Estimator(catalog, "v", host="one")
    learn(estimator, 0.2, *[30.0] * 30)
    learn(estimator, 0.5, *[30.0] * 20)
    learn(estimator, 9.0, 30.0)
    assert estimator.estimate(WORK, 10.0, PRIOR).seconds == pytest.approx(5.0, rel=0.01)


def test_what_was_thought_is_kept_beside_what_it_took(catalog):
    estimator = Estimator(catalog, "v", host="one")
    learn(estimator, 0.7, 20.0, 20.0, 20.0)
    rows = catalog.encodes(WORK, "one", 10)
    assert [r.estimated_s for r in rows] == [14.0, PRIOR(20.0).seconds, PRIOR(20.0).seconds]
    assert all(r.seconds == pytest.approx(14.0) for r in rows)


def test_work_on_a_video_that_nobody_knows_is_not_kept(catalog):
    estimator = Estimator(catalog, "gone", host="one")
    learn(estimator, 0.7, 20.0)
    assert catalog.encodes(WORK, "one", 10) == []


def test_a_run_keeps_its_estimates(processed):
    engine, video_id = processed.engine, processed.video_id
    encodes = [
        engine.finished_clip(video_id, clip.files[0]).encoded
        for clip in processed.document("rendered_clips").clips
    ]
    assert encodes and all(e.seconds > 0 and e.estimated_s > 0 for e in encodes)
    for result in processed.ran:
        if result.stage.startswith("platform_exports/"):
            for export in result.document.exports:
                estimate = engine.finished_export(video_id, export).estimate
                assert estimate.size_bytes == pytest.approx(export.facts.size_bytes, rel=0.01)
