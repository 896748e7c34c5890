"""From a drop folder to a run, and from a run's end to what comes next."""

import shutil
import time
from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest
from dagster._utils import get_run_crash_explanation

from definitions import build_defs, defs
from resources.executor import GETS_NO_FURTHER
from resources.vidpipe_resource import VidpipeResource
from sensors.drop_folder import drop_folder
from sensors.lost_runs import lost_runs
from sensors.pending_uploads import pending_uploads
from sensors.run_outcomes import run_outcomes
from sensors.video_requests import video_requests
from vidpipe.catalog import tables
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import now
from vidpipe_tests.conftest import CHANNELS
from vidpipe_tests.graph.conftest import event


@pytest.fixture
def dropped(tmp_path, talk, monkeypatch):
    """A home with one talk in its drop folder."""
    home = tmp_path / "dropped"
    (home / "drop" / "default").mkdir(parents=True)
    (home / "channels.yaml").write_text(CHANNELS)
    monkeypatch.setenv("VIDPIPE_DROP_SETTLE_S", "0")
    for suffix in (".mp4", ".srt"):
        shutil.copy(talk.path.with_suffix(suffix), home / "drop" / "default" / f"talk{suffix}")
    return home


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def tick(sensor, instance, home, cursor=None):
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    return sensor(context, vidpipe=VidpipeResource(home=str(home)))


def said(result):
    if isinstance(result, dg.SkipReason):
        return result.skip_message
    return result.skip_reason.skip_message


def take_in(instance, home, request):
    local = build_defs(resource_overrides={"vidpipe": VidpipeResource(home=str(home))})
    result = local.resolve_job_def("intake").execute_in_process(
        run_config=request.run_config, instance=instance
    )
    assert result.success
    return result


def engine_of(home):
    return VidpipeResource(home=str(home)).engine


def dropped_and_taken(instance, home):
    tick(drop_folder, instance, home)
    [request] = tick(pending_uploads, instance, home).run_requests
    return take_in(instance, home, request)


def stored_run(instance, request, status, **more):
    """A run as the daemon would make it of a request, in some state."""
    tags = {**request.tags, "dagster/partition": request.partition_key, **more}
    return instance.create_run_for_job(
        defs.resolve_job_def("process_video"), tags=tags, status=status
    )


# Coming in


def test_a_dropped_file_becomes_a_partition_and_one_run(dropped, instance):
    assert "1 videos, 1 new" in said(tick(drop_folder, instance, dropped))
    [request] = tick(pending_uploads, instance, dropped).run_requests
    taken = take_in(instance, dropped, request)
    noted = [e for e in taken.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
    assert {e.asset_key.to_user_string() for e in noted} == {"upload", "sidecar"}
    assert "0 new" in said(tick(drop_folder, instance, dropped))
    assert "nothing to take in" in said(tick(pending_uploads, instance, dropped))

    ask = tick(video_requests, instance, dropped)
    [run] = ask.run_requests
    [add] = ask.dynamic_partitions_requests
    assert add.partition_keys == [run.partition_key]
    assert run.partition_key.startswith("default--talk-")
    # Until its run is seen it is asked for again, under the same key: Dagster drops it.
    assert tick(video_requests, instance, dropped).run_requests[0].run_key == run.run_key
    stored_run(instance, run, dg.DagsterRunStatus.NOT_STARTED)
    assert "no video waits" in said(tick(video_requests, instance, dropped))

    # A changed sidecar asks for the same video again, under another run key.
    (dropped / "drop" / "default" / "talk.yaml").write_text("clips: 1\npriority: -3\n")
    dropped_and_taken(instance, dropped)
    [again] = tick(video_requests, instance, dropped).run_requests
    assert again.partition_key == run.partition_key and again.run_key != run.run_key
    assert (run.tags["dagster/priority"], again.tags["dagster/priority"]) == ("0", "-3")
    assert (run.tags["vidpipe/cause"], again.tags["vidpipe/cause"]) == ("upload", "sidecar")


def test_a_file_that_is_being_written_is_left_alone(dropped, instance, monkeypatch):
    monkeypatch.setenv("VIDPIPE_DROP_SETTLE_S", "60")
    path = dropped / "drop" / "default" / "talk.mp4"
    tick(drop_folder, instance, dropped)
    assert "not whole yet" in said(tick(pending_uploads, instance, dropped))
    # Written to again before an intake run comes to it: that run passes it over.
    monkeypatch.setenv("VIDPIPE_DROP_SETTLE_S", "0")
    [request] = tick(pending_uploads, instance, dropped).run_requests
    with path.open("ab") as file:
        file.write(b"more")
    take_in(instance, dropped, request)
    assert engine_of(dropped).catalog.uploads()[0].state == "pending"
    assert engine_of(dropped).catalog.videos() == []


def test_what_an_intake_run_has_in_hand_is_not_asked_for_twice(dropped, instance):
    tick(drop_folder, instance, dropped)
    [request] = tick(pending_uploads, instance, dropped).run_requests
    job = defs.resolve_job_def("intake")
    run = instance.create_run_for_job(
        job, run_config=request.run_config, status=dg.DagsterRunStatus.STARTED
    )
    assert "nothing to take in" in said(tick(pending_uploads, instance, dropped))
    # It failed: the upload is asked for again.
    instance.report_run_failed(run)
    assert tick(pending_uploads, instance, dropped).run_requests


def test_the_same_bytes_under_another_name_ask_for_nothing(dropped, instance):
    dropped_and_taken(instance, dropped)
    [run] = tick(video_requests, instance, dropped).run_requests
    stored_run(instance, run, dg.DagsterRunStatus.STARTED)
    folder = dropped / "drop" / "default"
    shutil.copy(folder / "talk.mp4", folder / "copy.mp4")
    dropped_and_taken(instance, dropped)
    assert {u.key: u.state for u in engine_of(dropped).catalog.uploads()} == {
        "default/talk.mp4": "accepted",
        "default/copy.mp4": "alias",
    }
    assert "no video waits" in said(tick(video_requests, instance, dropped))


def test_a_drop_folder_that_cannot_be_read_is_not_an_empty_one(dropped, instance, monkeypatch):
    monkeypatch.setenv("VIDPIPE_DROP_URL", "s3://nowhere")
    monkeypatch.setenv(
        "VIDPIPE_DROP_OPTIONS",
        '{"endpoint": "http://127.0.0.1:9", "access_key_id": "x", "secret_access_key": "x",'
        ' "region": "us-east-1"}',
    )
    result = tick(drop_folder, instance, dropped, '{"after": "default/m", "began_s": 1.0}')
    assert isinstance(result, dg.SkipReason) and "nothing was decided" in result.skip_message


# Holding back


def add_videos(home, channel, count, *, priority=0):
    catalog = engine_of(home).catalog
    for k in range(count):
        catalog.accept_video(
            tables.Video(
                video_id=f"{channel}--v{k:03d}-0123456789",
                channel=channel,
                sha256=f"{channel}{k}",
                name=f"{k}.mp4",
                title="",
                size_bytes=1,
                duration_s=1.0,
                width=1,
                height=1,
                priority=priority,
                state="accepted",
            )
        )
    return catalog


def test_one_channels_many_uploads_leave_room_for_anothers_one(dropped, instance, monkeypatch):
    monkeypatch.setenv("VIDPIPE_QUEUE__MAX_QUEUED_RUNS", "6")
    add_videos(dropped, "default", 30)
    add_videos(dropped, "other", 1)
    asked = tick(video_requests, instance, dropped).run_requests
    assert len(asked) == 6
    assert [r.tags["vidpipe/channel"] for r in asked][:2] == ["default", "other"]
    for request in asked:
        stored_run(instance, request, dg.DagsterRunStatus.NOT_STARTED)
    assert said(tick(video_requests, instance, dropped)) == ("deferred 25 videos: queue at 6 of 6")


def test_a_channel_that_has_enough_in_hand_waits_while_others_go_on(dropped, instance):
    (dropped / "channels.yaml").write_text("channels: {default: {max_in_flight: 2}, other: {}}")
    add_videos(dropped, "default", 5)
    first = tick(video_requests, instance, dropped).run_requests
    assert len(first) == 2
    for request in first:
        stored_run(instance, request, dg.DagsterRunStatus.STARTED)
    assert said(tick(video_requests, instance, dropped)) == (
        "deferred 3 videos: as many in flight as allowed for default"
    )
    add_videos(dropped, "other", 1)
    [run] = tick(video_requests, instance, dropped).run_requests
    assert run.tags["vidpipe/channel"] == "other"


def test_stale_videos_come_after_fresh_ones_and_fill_half_of_the_queue(
    dropped, instance, monkeypatch
):
    monkeypatch.setenv("VIDPIPE_QUEUE__MAX_QUEUED_RUNS", "4")
    catalog = add_videos(dropped, "default", 8)
    keys = [v.video_id for v in catalog.videos()]
    for key in keys[:6]:
        catalog.finish_video(key, now())
    catalog.requests.add(keys[:6], Cause.STALE, stages=["rendered_clips"])
    asked = tick(video_requests, instance, dropped).run_requests
    assert [r.tags["vidpipe/cause"] for r in asked] == ["upload", "upload"]
    for request in asked:
        stored_run(instance, request, dg.DagsterRunStatus.STARTED)
    asked = tick(video_requests, instance, dropped).run_requests
    assert [r.tags["vidpipe/cause"] for r in asked] == ["stale", "stale"]
    assert asked[0].tags["dagster/priority"] == "-100"
    assert asked[0].asset_selection == [dg.AssetKey("rendered_clips")]
    for request in asked:
        stored_run(instance, request, dg.DagsterRunStatus.NOT_STARTED)
    assert "deferred 4 videos: queue at 2 of 4" in said(tick(video_requests, instance, dropped))
    # They are no reason for a fresh one to wait.
    add_videos(dropped, "other", 1)
    [fresh] = tick(video_requests, instance, dropped).run_requests
    assert fresh.tags["vidpipe/channel"] == "other"


def test_what_a_job_wants_differently_is_in_the_form_of_its_run_and_tried_again_with(
    dropped, instance
):
    catalog = add_videos(dropped, "default", 1)
    (video_id,) = [video.video_id for video in catalog.videos()]
    catalog.finish_video(video_id, now())
    row = tables.JobRow(
        job_id="job-1",
        channel="default",
        video_id=video_id,
        asked_by="local",
        run_options={"clips": 3},
    )
    catalog.jobs.add([row])
    [request] = tick(video_requests, instance, dropped).run_requests
    assert request.run_config == {"resources": {"run_options": {"config": {"clips": 3}}}}
    # A form that a person filled in is not tried again by itself; this one can be.
    run = instance.create_run_for_job(
        defs.resolve_job_def("process_video"),
        tags={**request.tags, "dagster/partition": video_id},
        run_config=request.run_config,
        status=dg.DagsterRunStatus.STARTED,
    )
    tick(video_requests, instance, dropped)
    wants_more = tables.JobRow(
        job_id="job-2", channel="default", video_id=video_id, asked_by="local"
    )
    catalog.jobs.add([wants_more])
    waits = said(tick(video_requests, instance, dropped))
    assert waits == "1 wait for another run of the same video"
    instance.report_run_failed(run, "gone")
    assert "tried again in 1 min" in said(tick(run_outcomes, instance, dropped))
    (again,) = [r for r in catalog.requests.of_video(video_id) if r.cause == "retry"]
    assert again.run_options == {"clips": 3}


def test_without_space_nothing_starts_and_nothing_is_lost(dropped, instance, monkeypatch):
    add_videos(dropped, "default", 3)
    monkeypatch.setenv("VIDPIPE_QUEUE__MIN_FREE_GIB", "1000000000")
    assert "deferred 3 videos: scratch has" in said(tick(video_requests, instance, dropped))
    tick(drop_folder, instance, dropped)
    assert "deferred 1 uploads: scratch has" in said(tick(pending_uploads, instance, dropped))
    monkeypatch.setenv("VIDPIPE_QUEUE__MIN_FREE_GIB", "0")
    assert len(tick(video_requests, instance, dropped).run_requests) == 3


# How runs end


def asked_and_started(instance, home):
    add_videos(home, "default", 1)
    [request] = tick(video_requests, instance, home).run_requests
    run = stored_run(instance, request, dg.DagsterRunStatus.STARTED)
    tick(video_requests, instance, home)
    return run


def test_a_finished_run_finishes_its_video(dropped, instance):
    run = asked_and_started(instance, dropped)
    instance.report_dagster_event(event(run, "PIPELINE_SUCCESS"), run_id=run.run_id)
    assert "finished" in said(tick(run_outcomes, instance, dropped))
    catalog = engine_of(dropped).catalog
    [video] = catalog.videos()
    assert video.finished_at is not None and catalog.requests.videos() == set()


def test_a_sidecar_that_changed_during_the_run_still_wants_its_own(dropped, instance):
    run = asked_and_started(instance, dropped)
    catalog = engine_of(dropped).catalog
    [video] = catalog.videos()
    catalog.change_sidecar(video.video_id, "v2", 0)
    instance.report_dagster_event(event(run, "PIPELINE_SUCCESS"), run_id=run.run_id)
    tick(run_outcomes, instance, dropped)
    [request] = catalog.requests.due(5)
    assert request.cause == "sidecar"


def test_a_lost_worker_is_tried_again_and_given_up_after_the_waits(dropped, instance):
    run = asked_and_started(instance, dropped)
    catalog = engine_of(dropped).catalog
    key = run.tags["dagster/partition"]
    cursor = None
    for minutes in (1, 5, 15, 60):
        instance.report_run_failed(run, "gone")
        result = tick(run_outcomes, instance, dropped, cursor)
        cursor = result.cursor
        assert f"tried again in {minutes} min: worker_lost" in said(result)
        assert "no run has ended" in said(tick(run_outcomes, instance, dropped, cursor))
        assert "1 wait to be tried again" in said(tick(video_requests, instance, dropped))
        with catalog.writing() as session:
            for row in session.query(tables.RequestRow).filter_by(state="open"):
                row.not_before = now() - timedelta(seconds=1)
        [request] = tick(video_requests, instance, dropped).run_requests
        assert request.tags["vidpipe/cause"] == "retry"
        run = stored_run(instance, request, dg.DagsterRunStatus.STARTED)
        tick(video_requests, instance, dropped)
    instance.report_run_failed(run, "gone")
    assert "dead after 5 attempts" in said(tick(run_outcomes, instance, dropped, cursor))
    [dead] = catalog.failures.living()
    assert (dead.subject, dead.state, dead.attempts, dead.cause) == (key, "dead", 5, "worker_lost")
    assert catalog.requests.videos() == set()


def test_a_cancelled_run_is_left_to_the_person_who_ended_it(dropped, instance):
    run = asked_and_started(instance, dropped)
    instance.report_run_canceled(run)
    tick(run_outcomes, instance, dropped)
    [dead] = engine_of(dropped).catalog.failures.living()
    assert (dead.state, dead.cause) == ("dead", "cancelled")


def test_a_run_that_was_deleted_is_asked_for_again(dropped, instance):
    run = asked_and_started(instance, dropped)
    instance.delete_run(run.run_id)
    assert "its run is gone: asked for again" in said(tick(run_outcomes, instance, dropped))
    [request] = tick(video_requests, instance, dropped).run_requests
    assert request.partition_key == run.tags["dagster/partition"]


def test_an_end_that_was_missed_is_noted_all_the_same(dropped, instance):
    run = asked_and_started(instance, dropped)
    instance.report_run_failed(run, "gone")
    # The sensor begins to look when the run's end is long past.
    later = '{"since": "2999-01-01T00:00:00+00:00"}'
    assert "tried again in 1 min" in said(tick(run_outcomes, instance, dropped, later))
    assert engine_of(dropped).catalog.requests.in_flight() == []


def test_a_step_over_budget_waits_and_goes_on_by_itself(dropped, instance, monkeypatch):
    from datetime import UTC, datetime, timedelta

    from vidpipe.costs.budgets import BudgetScope, Period
    from vidpipe.errors import BudgetExceeded
    from vidpipe.library import Library
    from vidpipe.pipeline import Engine

    dropped_and_taken(instance, dropped)
    local = build_defs(
        resource_overrides={"vidpipe": VidpipeResource(home=str(dropped))},
        executor=dg.in_process_executor,
    )
    library = Library(engine_of(dropped))
    catalog = library.engine.catalog
    [video] = catalog.videos()
    catalog.jobs.add(
        [tables.JobRow(job_id="job-1", channel="default", video_id=video.video_id, asked_by="me")]
    )
    instance.add_dynamic_partitions("videos", [video.video_id])
    [asked, *_] = tick(video_requests, instance, dropped).run_requests
    midnight = datetime.now(UTC) + timedelta(days=1)

    def broke(self, *args, **kwargs):
        raise BudgetExceeded("spent: 4.00 of 4.00", key="channel/default/day/x", until=midnight)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run_stage", broke)
        local.resolve_job_def("process_video").execute_in_process(
            instance=instance,
            partition_key=video.video_id,
            raise_on_error=False,
            tags={**asked.tags, "dagster/partition": video.video_id},
        )
    tick(video_requests, instance, dropped)
    assert "waits until" in said(tick(run_outcomes, instance, dropped))
    assert catalog.failures.living() == []
    job = library.jobs.get("job-1")
    assert job.state == "queued" and job.attempts == 1
    assert job.waiting.why == "spent: 4.00 of 4.00" and job.waiting.until == midnight
    assert "1 wait for a budget" in said(tick(video_requests, instance, dropped))
    [wanted] = [r for r in library.status(video.video_id).requests if r.run_id is None]
    assert wanted.why == "spent: 4.00 of 4.00"
    library.spending.set_budget(
        BudgetScope.CHANNEL, "default", Period.DAY, soft=None, hard=Decimal(4), by="me"
    )
    library.spending.raise_budget(
        BudgetScope.CHANNEL, "default", Period.DAY, amount=Decimal(1), reason="a launch", by="me"
    )
    [again] = tick(video_requests, instance, dropped).run_requests
    assert again.partition_key == video.video_id and library.jobs.get("job-1").waiting is None


def test_a_failed_step_is_filed_under_what_it_said(dropped, instance, monkeypatch):
    from vidpipe.errors import InputRejected, Unavailable
    from vidpipe.pipeline import Engine

    dropped_and_taken(instance, dropped)
    local = build_defs(
        resource_overrides={"vidpipe": VidpipeResource(home=str(dropped))},
        executor=dg.in_process_executor,
    )
    catalog = engine_of(dropped).catalog
    [video] = catalog.videos()
    instance.add_dynamic_partitions("videos", [video.video_id])
    cursor = None
    for error, cause, state in (
        (InputRejected("x", "the file is broken"), "rejected:x", "dead"),
        (Unavailable("the store is away", retry_after_s=0.01), "unavailable", "waiting"),
        (OSError(28, "No space left on device"), "os:ENOSPC", "waiting"),
        (ZeroDivisionError("ours"), "unexpected:ZeroDivisionError", "dead"),
        (ZeroDivisionError("\n"), "unexpected:ZeroDivisionError", "dead"),
        # The process that led the run was killed, and the step ended itself.
        (dg.DagsterExecutionInterruptedError(), "worker_lost", "waiting"),
    ):

        def broken(self, *args, error=error, **kwargs):
            raise error

        monkeypatch.setattr(Engine, "run_stage", broken)
        local.resolve_job_def("process_video").execute_in_process(
            instance=instance, partition_key=video.video_id, raise_on_error=False
        )
        cursor = tick(run_outcomes, instance, dropped, cursor).cursor
        [failure] = catalog.failures.living()
        assert (failure.cause, failure.state, failure.stage) == (cause, state, "source_video")
        catalog.failures.resolved(video.video_id)


@pytest.mark.parametrize(
    ("code", "cause", "state"),
    [(GETS_NO_FURTHER, "rejected:gets_no_further", "dead"), (1, "worker_lost", "waiting")],
)
def test_a_step_that_ended_its_process_for_itself_says_why(
    dropped, instance, monkeypatch, code, cause, state
):
    from dagster._core.executor.child_process_executor import ChildProcessCrashException

    from vidpipe.pipeline import Engine

    dropped_and_taken(instance, dropped)
    local = build_defs(
        resource_overrides={"vidpipe": VidpipeResource(home=str(dropped))},
        executor=dg.in_process_executor,
    )
    catalog = engine_of(dropped).catalog
    [video] = catalog.videos()
    instance.add_dynamic_partitions("videos", [video.video_id])

    def broken(self, *args, **kwargs):
        raise ChildProcessCrashException(pid=4711, exit_code=code)

    monkeypatch.setattr(Engine, "run_stage", broken)
    done = local.resolve_job_def("process_video").execute_in_process(
        instance=instance, partition_key=video.video_id, raise_on_error=False
    )
    # In Dagster's own words, as its multiprocess executor says it.
    words = get_run_crash_explanation("child process for step source_video", code)
    instance.report_engine_event(words, done.dagster_run)
    tick(run_outcomes, instance, dropped)
    [failure] = catalog.failures.living()
    assert (failure.cause, failure.state, failure.stage) == (cause, state, "source_video")


def test_a_run_without_signs_of_life_is_failed_and_one_with_them_is_not(
    dropped, instance, monkeypatch
):
    monkeypatch.setenv("VIDPIPE_HEARTBEAT_TIMEOUT_S", "30")
    run = asked_and_started(instance, dropped)
    catalog = engine_of(dropped).catalog
    cursor = None
    for _ in range(2):
        catalog.heartbeats.beat(run.run_id, "v")
        time.sleep(0.002)
        cursor = tick(lost_runs, instance, dropped, cursor).cursor
    for _ in range(2):
        result = tick(lost_runs, instance, dropped, cursor)
        assert "led by living processes" in said(result)
        cursor = result.cursor
    assert "processes are gone" in said(tick(lost_runs, instance, dropped, cursor))
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE
    assert catalog.heartbeats.last() == {}
