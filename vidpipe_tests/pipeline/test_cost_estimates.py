"""What a run is expected to cost: by what was made here before, and by what it asks for."""

from __future__ import annotations

import pytest

from vidpipe.catalog.tables import Video
from vidpipe.costs.accountant import Account
from vidpipe.pipeline.costing import run_cost, said
from vidpipe.pipeline.metering import Meter
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.spending import CPU_SECONDS

STAGES = ("transcript", "layout", "rendered_clips", "platform_exports/tiktok")


@pytest.fixture
def video(library, video_id):
    return library.engine.catalog.video(video_id)


@pytest.fixture
def made(library, video):
    """Books what stages of another recording took."""

    def book(number, length_s, cpu_s, *, channel="default", clip_s=0.0):
        engine = library.engine
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
            meter.done(0, made=True, clip_s=clip_s if of_clips else 0.0)

    return book


def cost_of(library, video, **options):
    found = run_cost(
        library.engine, video, STAGES, run_options=RunOptions(**options) if options else None
    )
    return found, {one.stage: one for one in found.stages}


def test_of_nothing_like_it_there_are_usual_rates(library, video):
    found, by_stage = cost_of(library, video, clips=4)
    assert all(one.samples == 0 and one.local > 0 for one in found.stages)
    assert by_stage["layout"].basis == "as it usually is"
    assert found.low is None and found.high is None and found.total == found.local
    twice, _ = cost_of(library, video, clips=8)
    assert twice.total > 1.5 * found.total
    assert "nothing like it was made yet" in said(found, "USD")


def test_what_was_made_here_goes_before_and_clips_that_are_asked_for_count(library, video, made):
    length_s = video.duration_s
    for number in range(10):
        shake = 1 + 0.02 * (number % 5 - 2)
        cpu_s = {"transcript": length_s * shake, "layout": 2 * length_s * shake}
        cpu_s |= {stage: 30 * shake for stage in STAGES[2:]}
        made(number, length_s * (1 + number / 20), cpu_s, clip_s=60.0)
    order = library.engine.order(video.video_id, RunOptions(clips=4))
    found, by_stage = cost_of(library, video, clips=4)
    nanos_s = library.engine.accountant.prices.listed
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


def test_what_another_channel_made_counts_until_there_are_five_of_its_own(library, video, made):
    for number in range(8):
        made(number, video.duration_s, {"layout": 10}, channel="other")
    for number in range(8, 12):
        made(number, video.duration_s, {"layout": 100})
    _, before = cost_of(library, video)
    assert before["layout"].samples == 12 and before["layout"].basis.startswith(
        "12 recordings here"
    )
    made(12, video.duration_s, {"layout": 100})
    _, after = cost_of(library, video)
    assert after["layout"].samples == 5 and after["layout"].local > 8 * before["layout"].local


def test_seconds_of_clips_are_no_quantity_that_is_used(client, video_id):
    used = client.get(f"videos/{video_id}/costs").json()["used"]["local/work"]
    assert set(used) == {"cpu_seconds", "stored_bytes"}
    entries = client.get("costs/entries", params={"video_id": video_id}).json()["items"]
    asked = {e["stage"]: e["quantities"].get("clip_seconds") for e in entries}
    assert asked["layout"] is None
