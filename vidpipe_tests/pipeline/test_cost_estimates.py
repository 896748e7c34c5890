"""What a run is expected to cost: by what was made here before, and by what it asks for."""

from __future__ import annotations

import pytest

from vidpipe.catalog.tables import Video
from vidpipe.costs.accountant import Account
from vidpipe.pipeline.costing import run_cost, said
from vidpipe.pipeline.metering import Meter
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.scored import ScoredPassages
from vidpipe.spending import CPU_SECONDS
from vidpipe_tests.conftest import take

STAGES = ("transcript", "layout", "rendered_clips", "platform_exports/tiktok")


@pytest.fixture
def video(engine, talk):
    found = engine.catalog.video(take(engine, talk.path).video_id)
    assert found is not None
    return found


@pytest.fixture
def made(engine, video):
    """Books what stages of another recording took."""

    def book(number, length_s, cpu_s, *, channel="default", clip_s=0.0, passage_s=None):
        other = Video(
            video_id=f"{channel}--other-{number:010d}",
            channel=channel,
            sha256=f"{number:064d}",
            name="other.mp4",
            title="other",
            size_bytes=10,
            duration_s=length_s,
            width=video.width,
            height=video.height,
            state="accepted",
        )
        engine.catalog.accept_video(other)
        for stage, used_s in cpu_s.items():
            account = Account(channel, stage, other.video_id, run_id=f"run-{number}")
            meter = Meter(engine.accountant.purse(account))
            meter.purse.local({CPU_SECONDS: used_s})
            of_clips = stage in STAGES[2:]
            passages = {"clip_s": clip_s, "passage_s": passage_s} if of_clips else {}
            meter.done(0, made=True, **passages)

    return book


def cost_of(engine, video, passages=None, **options):
    asked = RunOptions(**options) if options else None
    found = run_cost(engine, video, STAGES, run_options=asked, passages=passages)
    return found, {one.stage: one for one in found.stages}


def chosen(count, seconds):
    return ScoredPassages(count, seconds, "f" * 64)


def test_of_nothing_like_it_there_are_usual_rates(engine, video):
    found, by_stage = cost_of(engine, video, clips=4)
    assert all(one.samples == 0 and one.local > 0 for one in found.stages)
    assert by_stage["layout"].basis == "as it usually is"
    assert found.low is None and found.high is None and found.total == found.local
    twice, _ = cost_of(engine, video, clips=8)
    assert twice.total > 1.5 * found.total
    assert "nothing like it was made yet" in said(found, "USD")


def test_what_was_made_here_goes_before_and_clips_that_are_asked_for_count(engine, video, made):
    length_s = video.duration_s
    for number in range(10):
        shake = 1 + 0.02 * (number % 5 - 2)
        cpu_s = {"transcript": length_s * shake, "layout": 2 * length_s * shake}
        cpu_s |= dict.fromkeys(STAGES[2:], 30 * shake)
        made(number, length_s * (1 + number / 20), cpu_s, clip_s=60.0)
    order = engine.order(video.video_id, RunOptions(clips=4))
    found, by_stage = cost_of(engine, video, clips=4)
    nanos_s = engine.accountant.prices.listed
    [cpu] = [price.rates[CPU_SECONDS] for price in nanos_s if price.service == "local"]
    one_s = float(cpu[0] / cpu[1]) * 1e9
    assert (
        by_stage["rendered_clips"].basis == "10 recordings of the channel default, by their clips"
    )
    expected = 30 * order.clip_seconds / 60 * one_s
    assert by_stage["rendered_clips"].local == pytest.approx(expected, rel=0.05)
    assert by_stage["layout"].local == pytest.approx(2 * length_s * one_s, rel=0.1)
    assert found.low <= found.total <= found.high < 1.2 * found.total
    assert found.low > 0.8 * found.total
    assert f"({found.low / 1e9:.4f}" in said(found, "USD").replace(" USD", "")


def test_what_another_channel_made_counts_until_there_are_five_of_its_own(engine, video, made):
    for number in range(8):
        made(number, video.duration_s, {"layout": 10}, channel="other")
    for number in range(8, 12):
        made(number, video.duration_s, {"layout": 100})
    _, before = cost_of(engine, video)
    assert before["layout"].samples == 12 and before["layout"].basis.startswith(
        "12 recordings here"
    )
    made(12, video.duration_s, {"layout": 100})
    _, after = cost_of(engine, video)
    assert after["layout"].samples == 5 and after["layout"].local > 8 * before["layout"].local


def test_a_busy_channel_hides_nothing_of_another(engine, video, made, monkeypatch):
    monkeypatch.setattr("vidpipe.pipeline.costing._NEWEST", 6)
    for number in range(6):
        made(number, video.duration_s, {"layout": 100})
    own = cost_of(engine, video)[1]["layout"]
    for number in range(6, 12):
        made(number, video.duration_s, {"layout": 10}, channel="other")
    assert cost_of(engine, video)[1]["layout"] == own
    assert own.basis.startswith("6 recordings of the channel default")


def test_chosen_passages_tell_what_clips_cost_and_nothing_else(engine, video, made):
    for number in range(10):
        seconds = 20.0 + 10 * number
        cpu_s = {"layout": 10, "rendered_clips": 30 + 2 * seconds, STAGES[3]: seconds}
        made(number, video.duration_s, cpu_s, clip_s=60.0, passage_s=seconds)
    # Of these nobody wrote down what was chosen, of those nothing was.
    made(10, video.duration_s, {"rendered_clips": 4000}, clip_s=60.0)
    made(11, video.duration_s, {"rendered_clips": 1}, clip_s=60.0, passage_s=0.0)
    made(12, video.duration_s, {"rendered_clips": 3}, clip_s=60.0, passage_s=0.0)
    one_s = cost_of(engine, video)[1]["layout"].local / 10
    _, before = cost_of(engine, video)
    found, by_stage = cost_of(engine, video, chosen(3, 80.0))
    clips = by_stage["rendered_clips"]
    assert clips.local == pytest.approx((30 + 2 * 80) * one_s, rel=0.05)
    assert clips.basis == (
        "10 recordings of the channel default, by their passages, and something whatever it is"
    )
    assert by_stage[STAGES[3]].local == pytest.approx(80 * one_s, rel=0.05)
    assert by_stage["layout"] == before["layout"]
    assert found.low <= found.total <= found.high
    _, none = cost_of(engine, video, chosen(0, 0.0))
    assert none["rendered_clips"].local == pytest.approx(2 * one_s, rel=0.05)
    assert none["rendered_clips"].basis == "2 recordings here, where nothing was chosen"
    assert none[STAGES[3]].local < one_s


def test_passages_count_once_for_each_format(engine, video):
    short, long = (engine.pipeline.stage(name) for name in STAGES[2:])
    order = engine.order(video.video_id)
    assert (short.formats(order), long.formats(order)) == (1, 1)
    assert order.wanted_platforms == ("tiktok", "youtube_shorts")
    wide = engine.order(video.video_id, RunOptions(additional_platforms=("linkedin",)))
    assert short.formats(wide) == len(short.options(wide).variants) > 1
    assert long.formats(wide) == 1


def test_usual_rates_go_by_chosen_passages(engine, video):
    _, few = cost_of(engine, video, chosen(1, 20.0))
    _, many = cost_of(engine, video, chosen(4, 80.0))
    assert many["rendered_clips"].local > 3.5 * few["rendered_clips"].local
    assert many["layout"] == few["layout"]
    _, none = cost_of(engine, video, chosen(0, 0.0))
    assert 0 < none["rendered_clips"].local < few["rendered_clips"].local / 20
