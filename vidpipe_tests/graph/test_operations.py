"""Jobs, schedules and assets of whoever runs vidpipe."""

import json
import shutil

import dagster as dg
import pytest

from definitions import build_defs, defs
from resources.vidpipe_resource import VidpipeResource
from sensors.operations import hourly_resume_incomplete, nightly_retention
from sensors.video_requests import video_requests
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.requests import Cause, request
from vidpipe.catalog.tables import Video, now
from vidpipe.costs.accountant import Account
from vidpipe.library import JobSpec, Library
from vidpipe.operations.stale import plans
from vidpipe_tests.conftest import CHANNELS
from vidpipe_tests.graph.conftest import run_job


@pytest.fixture
def home(tmp_path, processed):
    """The processed home, free to change, its video finished."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    engine_of(home).catalog.finish_video(processed.video_id, now())
    return home


def engine_of(home):
    return VidpipeResource(home=str(home)).engine


def run(home, job, config=None, instance=None):
    """Run one of the jobs; whether it succeeded, and what it said."""
    local = build_defs(
        resource_overrides={"vidpipe": VidpipeResource(home=str(home))},
        executor=dg.in_process_executor,
    )
    with instance or dg.DagsterInstance.ephemeral() as instance:
        found = local.resolve_job_def(job)
        [op] = [node.name for node in found.nodes]
        result = found.execute_in_process(
            instance=instance,
            run_config={"ops": {op: {"config": config}}} if config is not None else None,
            raise_on_error=False,
        )
        said = [e.user_message for e in instance.all_logs(result.run_id)]
        failures = [
            e.step_failure_data.user_failure_data.description
            for e in result.get_step_failure_events()
            if e.step_failure_data.user_failure_data
        ]
    return result.success, "\n".join([*said, *map(str, failures)])


def with_channel(home, line):
    text = CHANNELS.replace("quality: draft", f"quality: draft\n    {line}")
    (home / "channels.yaml").write_text(text)


def test_the_report_shows_pictures_tables_and_numbers_that_plot(home, processed, monkeypatch):
    monkeypatch.setenv("VIDPIPE_PUBLIC_URL", "http://clips.example.com")
    local = build_defs(
        resource_overrides={"vidpipe": VidpipeResource(home=str(home))},
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = local.resolve_job_def("report_on_library").execute_in_process(instance=instance)
        [event] = result.get_asset_materialization_events()
    shown = {name: value.value for name, value in event.materialization.metadata.items()}
    assert (shown["videos"], shown["finished_videos"], shown["finished_today"]) == (1, 1, 1)
    assert shown["clip_count"] == len(processed.document("rendered_clips").clips)
    assert shown["real_time_factor"] > 0 and shown["stored_mib"] > 1
    [row] = [record.data for record in event.materialization.metadata["a_day"].records]
    assert row["videos"] == 1 and row["channels"] == "default 1"
    key = shown["speed"].split("/files/")[1].rstrip(")")
    assert engine_of(home).store.get_bytes(key).startswith(b"\x89PNG")


def restyled(home):
    with_channel(home, "captions: {font_size: 80}")


def test_a_changed_style_is_seen_and_exactly_that_is_asked_for(home, processed):
    restyled(home)
    local = build_defs(resource_overrides={"vidpipe": VidpipeResource(home=str(home))})
    with dg.DagsterInstance.ephemeral() as instance:
        asset = local.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey("stale_videos")]
        )
    [event] = asset.get_asset_materialization_events()
    shown = event.materialization.metadata
    assert (shown["videos"].value, shown["stale"].value) == (1, 1)
    [why] = [r.data for r in shown["why"].records if "rendered" in str(r.data["because"])]
    assert why == {
        "videos": 1,
        "because": "rendered_clips: options.captions.font_size: 64 -> 80",
    }
    done, said = run(home, "refresh_stale_videos")
    assert done and "1 of 1 stale videos asked for" in said
    [request] = engine_of(home).catalog.requests.due(5)
    assert (
        request.cause == "stale"
        and request.stages[0] == "rendered_clips"
        and request.priority == -100
    )
    assert "transcript" not in request.stages


def spent_before(home, stage, cpu_s):
    """Another recording, of twice the length, whose stage was made here."""
    engine = engine_of(home)
    video = min(engine.catalog.videos(), key=lambda video: video.duration_s)
    before = {"channel": "default", "sidecar_version": "", "state": "accepted", "size_bytes": 1}
    other = Video(
        video_id="default--earlier-0123456789", sha256="f" * 64, name="earlier.mp4", title="",
        duration_s=2 * video.duration_s, width=1, height=1, **before,
    )  # fmt: skip
    engine.catalog.accept_video(other)
    purse = engine.accountant.purse(
        Account(channel="default", stage=stage, video_id=other.video_id, run_id="r")
    )
    purse.local({"cpu_seconds": cpu_s})
    return purse.close(done=True)


def test_what_a_run_would_cost_is_said_beside_its_launch_form(home, processed):
    restyled(home)
    booked = spent_before(home, "rendered_clips", 3600)
    local = build_defs(
        resource_overrides={"vidpipe": VidpipeResource(home=str(home))},
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("videos", [processed.video_id])
        result = local.resolve_job_def("estimate_run").execute_in_process(
            instance=instance, partition_key=processed.video_id
        )
        [event] = result.get_asset_materialization_events()
    shown = event.materialization.metadata
    # Half as long: half of it. Of what was never made here it is what it usually is.
    rows = {row.data["stage"]: row.data for row in shown["stages"].records}
    assert float(rows["rendered_clips"]["own_work"]) == pytest.approx(booked / 2e9)
    assert shown["would_cost"].value == pytest.approx(booked / 2e9, abs=0.001)
    assert shown["would_cost"].value > booked / 2e9
    assert shown["would_cost_services"].value == 0 and shown["currency"].value == "USD"
    assert "1 recordings" in rows["rendered_clips"]["by"]
    assert rows["platform_exports/tiktok"]["by"] == "as it usually is"
    assert "transcript" not in rows
    # Nothing was made, and a run that is asked for says the same in a tag.
    engine = engine_of(home)
    assert [p.stale for p in plans(engine)[0] if p.video_id == processed.video_id] == [True]
    engine.catalog.requests.add([processed.video_id], Cause.MANUAL, stages=["rendered_clips"])
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, resources={"vidpipe": VidpipeResource(home=str(home))}
        )
        asked = {r.partition_key: r for r in video_requests(context).run_requests}
    tag = asked[processed.video_id].tags["vidpipe/estimate"]
    assert float(tag.partition(" USD")[0]) == pytest.approx(booked / 2e9, abs=0.001)
    assert "told from 1 recordings" in tag


@pytest.mark.parametrize(
    ("options", "stages", "paid"),
    [
        # Of a whole run only what is to be made, which the recording's words are not.
        (None, None, ["rendered_clips", "platform_exports/tiktok",
         "platform_exports/youtube_shorts"]),
        ({"platforms": ["tiktok"]}, None, ["rendered_clips", "platform_exports/tiktok"]),
        ({"force": True}, ["transcript", "platform_exports/tiktok"], ["transcript",
         "platform_exports/tiktok"]),
        # A platform that somebody added to a clip is none of the channel's.
        (None, ["platform_exports/instagram_reels"], ["platform_exports/instagram_reels"]),
    ],
)  # fmt: skip
def test_the_tag_of_a_run_is_of_what_it_would_make(home, processed, options, stages, paid):
    restyled(home)
    booked = {
        stage: spent_before(home, stage, cpu_s)
        for stage, cpu_s in (
            ("transcript", 900),
            ("rendered_clips", 450),
            ("platform_exports/tiktok", 1800),
            ("platform_exports/youtube_shorts", 3600),
            ("platform_exports/instagram_reels", 7200),
        )
    }
    catalog = engine_of(home).catalog
    with catalog.writing() as session:
        video = session.get_one(Video, processed.video_id)
        request(session, video, Cause.MANUAL, stages=stages, run_options=options)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, resources={"vidpipe": VidpipeResource(home=str(home))}
        )
        [asked] = [
            r for r in video_requests(context).run_requests if r.partition_key == processed.video_id
        ]
    expected = sum(booked[stage] for stage in paid) / 2e9
    said = asked.tags["vidpipe/estimate"].partition(" USD")[0]
    assert float(said) == pytest.approx(expected, abs=1e-4)


def test_only_what_is_asked_for_is_refreshed(home):
    restyled(home)
    done, said = run(home, "refresh_stale_videos", {"channel": "other"})
    assert done and "0 of 0 stale videos" in said
    assert engine_of(home).catalog.requests.due(5) == []


def test_dead_letters_are_tried_again_by_cause(home, processed):
    catalog = engine_of(home).catalog
    for k, cause in enumerate(("unavailable", "unexpected:KeyError")):
        subject = processed.video_id if k == 0 else "default/no-such-upload.mp4"
        failed = Failed(subject, "default", "process_video", "layout", cause, "m", f"r{k}")
        catalog.failures.add(failed, attempts=5, dead=True)
    done, said = run(home, "requeue_failures", {"cause": "unavailable"})
    assert done and "1 asked for again" in said
    assert [f.cause for f in catalog.failures.living()] == ["unexpected:KeyError"]
    assert [w.cause for w in catalog.requests.due(5)] == ["retry"]


def test_retiring_removes_files_and_refuses_what_a_run_works_on(home, processed):
    done, said = run(home, "retire_videos", {"videos": ["default--none-0123456789"]})
    assert not done and "there is no video" in said
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            defs.resolve_job_def("process_video"),
            tags={"dagster/partition": processed.video_id},
            status=dg.DagsterRunStatus.STARTED,
        )
        done, said = run(home, "retire_videos", {"videos": [processed.video_id]}, instance)
    assert not done and "runs work on" in said
    done, _ = run(home, "retire_videos", {"videos": [processed.video_id]})
    assert done and list(engine_of(home).store.list(f"default/{processed.video_id}")) == []


def test_retention_only_says_what_it_would_do_unless_it_is_told_to(home):
    (home / "channels.yaml").write_text(
        CHANNELS.replace(
            "quality: draft", "quality: draft\n    retention: {working: 0, source: 999}"
        )
    )
    before = len(list(engine_of(home).store.list("default")))
    done, said = run(home, "retention")
    assert done and "would remove" in said and "default: working: 1 objects" in said
    assert len(list(engine_of(home).store.list("default"))) == before
    done, said = run(home, "retention", {"dry_run": False})
    assert done and "removed 1 objects" in said
    assert len(list(engine_of(home).store.list("default"))) == before - 1


def scheduled(schedule, home):
    return schedule(dg.build_schedule_context(), vidpipe=VidpipeResource(home=str(home)))


def test_the_nights_retention_does_what_the_policies_say(home, monkeypatch):
    assert isinstance(scheduled(nightly_retention, home), dg.SkipReason)
    (home / "channels.yaml").write_text("channels: {default: {retention: {working: 1}}}")
    request = scheduled(nightly_retention, home)
    assert request.run_config["ops"]["apply_retention"]["config"] == {"dry_run": False}
    monkeypatch.setenv("VIDPIPE_RETENTION_DRY_RUN", "true")
    request = scheduled(nightly_retention, home)
    assert request.run_config["ops"]["apply_retention"]["config"] == {"dry_run": True}


def test_a_video_that_was_left_half_way_is_said_and_asked_for(home, processed):
    assert hourly_resume_incomplete(dg.build_schedule_context()).run_config == {}
    done, said = run(home, "resume_incomplete_videos")
    assert done and "no video is left incomplete" in said
    catalog = engine_of(home).catalog
    catalog.change_sidecar(processed.video_id, "v2", 0)
    catalog.requests.submitted({catalog.requests.due(1)[0].id: "r"})
    catalog.requests.done("r")
    done, said = run(home, "resume_incomplete_videos")
    assert not done and processed.video_id in said
    assert [w.cause for w in catalog.requests.due(5)] == ["retry"]
    assert run(home, "resume_incomplete_videos")[0]


# The same from the command line


def command(home, monkeypatch, *arguments):
    from typer.testing import CliRunner

    from vidpipe.cli import app

    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    return CliRunner().invoke(app, list(arguments))


def test_the_command_line_plans_and_asks(home, processed, monkeypatch):
    fine = command(home, monkeypatch, "plan", "--all")
    assert fine.exit_code == 0 and "0 of 1 finished videos are stale" in fine.output
    restyled(home)
    one = command(home, monkeypatch, "plan", processed.video_id)
    assert "options.captions.font_size: 64 -> 80" in one.output
    assert "downstream" in one.output and "fresh" in one.output
    every = command(home, monkeypatch, "plan", "--all", "--request")
    assert "1 of 1 finished videos are stale" in every.output and "1 asked for" in every.output
    assert len(engine_of(home).catalog.requests.due(5)) == 1
    assert command(home, monkeypatch, "plan").exit_code == 2
    assert command(home, monkeypatch, "plan", "default--none-0123456789").exit_code == 2


def test_the_command_line_lists_failures_and_tries_again(home, processed, monkeypatch):
    monkeypatch.setenv("VIDPIPE_UI_URL", "https://dagster.example")
    catalog = engine_of(home).catalog
    failed = Failed(processed.video_id, "default", "process_video", "layout", "x", "broken", "r7")
    catalog.failures.add(failed, attempts=3, dead=True)
    listed = command(home, monkeypatch, "failures")
    assert "1 given up, 0 tried again" in listed.output and "broken" in listed.output
    [told] = json.loads(command(home, monkeypatch, "failures", "--json").output)
    assert (told["subject"], told["run"]) == (
        processed.video_id,
        "https://dagster.example/runs/r7",
    )
    assert command(home, monkeypatch, "failures", "--retry", "999").exit_code == 2
    again = command(home, monkeypatch, "failures", "--retry", str(told["id"]))
    assert "1 asked for again" in again.output and catalog.failures.living() == []


def test_the_command_line_holds_retires_and_keeps_to_policies(home, processed, monkeypatch):
    key = processed.video_id
    with_channel(home, "retention: {working: 0}")
    assert command(home, monkeypatch, "hold", key, "--reason", "a court").exit_code == 0
    assert f"kept {key}: held: a court" in command(home, monkeypatch, "retention").output
    assert command(home, monkeypatch, "retire", key).exit_code == 2
    assert command(home, monkeypatch, "hold", key, "--release").exit_code == 0
    assert "1 objects" in command(home, monkeypatch, "retention").output
    assert "removed" in command(home, monkeypatch, "retention", "--apply").output
    assert "files removed" in command(home, monkeypatch, "retire", key).output
    assert engine_of(home).catalog.video(key).state == "retired"


def test_a_run_of_a_job_tells_its_cost_from_the_passages_that_it_chose(home, processed):
    library = Library(engine_of(home))
    [job] = library.jobs.create([JobSpec(video_id=processed.video_id)], asked_by="local")
    with dg.DagsterInstance.ephemeral() as instance:
        tags = {"vidpipe/job": job.job_id}
        assert run_job(instance, home, processed.video_id, tags=tags).success
    [renewed] = library.jobs.get(job.job_id).estimates
    chosen = processed.document("scored_segments").segments
    assert (renewed.after, renewed.passages) == ("scored_segments", len(chosen))
    assert renewed.passage_s == pytest.approx(sum(s.kept_s for s in chosen), abs=0.01)
    # Everything was made before: nothing is left to be paid for.
    assert renewed.estimate == renewed.spent == 0
