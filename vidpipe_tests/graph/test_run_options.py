"""The launch form: what it refuses before a run starts, and what a run makes of it."""

from typing import get_args

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan

from definitions import build_defs, defs
from resources.run_options import RunOptionsResource, filled, form, has_run_options
from resources.vidpipe_resource import VidpipeResource
from sensors.run_outcomes import run_outcomes
from vidpipe.catalog import tables
from vidpipe.clips.model import RenderedClips
from vidpipe.errors import Misconfigured
from vidpipe.pipeline import Engine
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.platforms.model import TierName
from vidpipe.storage.keys import Folder
from vidpipe.transcript.model import AUTO
from vidpipe_tests.conftest import make_engine, run_all
from vidpipe_tests.graph.conftest import event, run_job, run_options


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"platforms": ["tikttok"]},
            r"run_options:config:platforms\[0\] not in enum type Platform\[.*tiktok",
        ),
        ({"quality": "best"}, "run_options:config:quality not in enum type"),
        ({"transcript": "whisper"}, "run_options:config:transcript not in enum type"),
        ({"clips": "many"}, "run_options:config:clips"),
        ({"clip": 3}, 'unexpected config entry "clip"'),
    ],
)
def test_what_cannot_be_is_refused_before_the_run_starts_by_its_field(fields, said):
    job = defs.resolve_job_def("process_video")
    with pytest.raises(dg.DagsterInvalidConfigError, match=said):
        create_execution_plan(job, run_config=run_options(**fields))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"clips": 99}, "run_options: clips: Input should be less than or equal to 50, not 99"),
        ({"caption_size": 7}, "run_options: captions.font_size: .* equal to 24, not 7"),
        ({"caption_accent": "red"}, "run_options: accent: .*pattern.*, not 'red'"),
    ],
)
def test_a_number_out_of_its_range_fails_the_first_step_by_its_field(processed, fields, said):
    with pytest.raises(Misconfigured, match=said):
        processed.engine.order(processed.video_id, RunOptionsResource(**fields).chosen())


def test_a_run_option_for_an_unknown_platform_says_which_there_are(processed):
    with pytest.raises(Misconfigured, match=r"unknown platform 'nowhere'; there are: .*tiktok"):
        processed.engine.order(
            processed.video_id, RunOptionsResource(platforms=["nowhere"]).chosen()
        )


def test_nothing_filled_in_is_nothing_asked():
    every = form(*RunOptionsResource.model_fields)
    assert not has_run_options(every) and not has_run_options({})
    assert set(every["resources"]["run_options"]["config"]) == set(RunOptionsResource.model_fields)
    assert has_run_options(run_options(clips=2)) and has_run_options(
        run_options(additional_platforms=["x"])
    )
    order = RunOptionsResource().chosen()
    assert order == type(order)()


def test_the_form_knows_every_recogniser_and_tier():
    choices = {
        name: set(get_args(RunOptionsResource.model_fields[name].annotation)) - {neutral}
        for name, neutral in (("transcript", "as configured"), ("quality", "as the channel says"))
    }
    assert choices == {"transcript": set(AUTO), "quality": set(get_args(TierName))}


def test_each_job_shows_a_form_that_can_be_launched_as_it_is():
    for name in ("process_video", "rerender_clips", "add_platform"):
        job = defs.resolve_job_def(name)
        config = job.partitioned_config.get_run_config_for_partition_key("any")
        assert config["resources"]["run_options"]["config"], name
        assert create_execution_plan(job, run_config=config)


def test_run_options_reach_words_count_and_captions(processed):
    order = processed.engine.order(
        processed.video_id,
        RunOptionsResource(
            clips=3,
            transcript="pocketsphinx",
            captions="none",
            caption_size=80,
            caption_words=3,
            caption_capitals="yes",
            caption_accent="#00ff00",
            quality="high",
            additional_platforms=["x"],
        ).chosen(),
    )
    assert order.settings.transcript.order == ("pocketsphinx",)
    style = order.channel.captions
    assert (style.enabled, style.font_size, style.max_words, style.uppercase) == (
        False,
        80,
        3,
        True,
    )
    assert order.channel.brand.accent == "#00ff00"
    assert (order.clip_count, order.tier) == (3, "high")
    assert set(order.wanted_platforms) == {"tiktok", "youtube_shorts", "x"}


def test_rerender_clips_changes_the_captions_and_nothing_before_them(home, processed):
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(
            instance,
            home,
            processed.video_id,
            job="rerender_clips",
            run_config=run_options(captions="none"),
        )
        assert result.success
        made = {
            e.asset_key.to_user_string(): e.materialization.metadata["reused"].value
            for e in result.get_asset_materialization_events()
        }
    assert made == {
        "rendered_clips": False,
        "platform_exports/tiktok": False,
        "platform_exports/youtube_shorts": False,
    }
    from vidpipe_tests.conftest import make_engine

    engine = make_engine(home)
    manifest = engine.artifacts.current(processed.video_id, Folder.CLIPS, "rendered_clips")
    document = engine.artifacts.document(manifest, RenderedClips)
    assert not any(f.captions for c in document.clips for f in c.files)


def test_add_platform_adds_one_to_those_of_the_channel(home, processed):
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(
            instance,
            home,
            processed.video_id,
            job="add_platform",
            run_config=run_options(additional_platforms=["facebook"]),
        )
        assert result.success
        made = {e.asset_key.to_user_string() for e in result.get_asset_materialization_events()}
    assert "platform_exports/facebook" in made and "platform_exports/tiktok" in made


def test_the_form_lists_the_platforms_of_channels_too(tmp_path, monkeypatch):
    (tmp_path / "channels.yaml").write_text(
        "channels: {museum: {custom_platforms: {lobby_wall: {extends: tiktok, title: The wall}}}}"
    )
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    job = build_defs().resolve_job_def("process_video")
    assert create_execution_plan(job, run_config=run_options(platforms=["lobby_wall"]))


def ended(home, instance, video_id, job, status, config):
    """Note the end of a run that a person launched; what was said."""
    run = instance.create_run_for_job(
        defs.resolve_job_def(job),
        tags={"dagster/partition": video_id},
        run_config=config,
        status=dg.DagsterRunStatus.STARTED,
    )
    if status == "failed":
        instance.report_run_failed(run)
    else:
        instance.report_dagster_event(event(run, "PIPELINE_SUCCESS"), run_id=run.run_id)
    context = dg.build_sensor_context(instance=instance)
    result = run_outcomes(context, vidpipe=VidpipeResource(home=str(home)))
    return result.skip_reason.skip_message


def test_a_run_with_a_filled_in_form_that_fails_is_left_to_who_filled_it_in(home, processed):
    with dg.DagsterInstance.ephemeral() as instance:
        told = ended(
            home, instance, processed.video_id, "process_video", "failed", run_options(clips=2)
        )
    assert "dead after 1 attempts" in told
    catalog = VidpipeResource(home=str(home)).engine.catalog
    assert not catalog.requests.count()[1], "nothing is tried again without the form"


def test_rerendering_alone_finishes_no_video_that_was_not(home, processed):
    catalog = VidpipeResource(home=str(home)).engine.catalog
    with catalog.writing() as session:
        session.get_one(tables.Video, processed.video_id).finished_at = None
    with dg.DagsterInstance.ephemeral() as instance:
        ended(home, instance, processed.video_id, "rerender_clips", "done", {})
        assert catalog.video(processed.video_id).finished_at is None
        ended(home, instance, processed.video_id, "process_video", "done", {})
        assert catalog.video(processed.video_id).finished_at is not None


def test_a_run_reads_what_its_own_steps_chose(home, processed, monkeypatch):
    """`vidpipe run` works on the same video meanwhile, and run_options for something else."""
    real = Engine.run_stage
    began = []

    def and_another_runs(self, name, *args, **more):
        result = real(self, name, *args, **more)
        if name == "scored_segments" and not began:
            began.append(name)
            run_all(make_engine(home), processed.video_id, clips=2)
        return result

    monkeypatch.setattr(Engine, "run_stage", and_another_runs)
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run_job(instance, home, processed.video_id, run_config=run_options(clips=1))
    assert ran.success and began
    engine = make_engine(home)
    clips = engine.manifest(processed.video_id, "rendered_clips")
    assert len(engine.artifacts.document(clips, RenderedClips).clips) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"clips": 2, "length": "20-45", "quality": "draft", "platforms": ("tiktok",)},
        {"template": "bold", "transcript": "sidecar", "accent": "#ff0000", "force": True},
        {"captions": {"enabled": False, "font_size": 80, "max_words": 3, "uppercase": True}},
        {"captions": {"enabled": True, "uppercase": False}},
    ],
)
def test_options_of_a_request_are_those_of_its_run(fields):
    wanted = RunOptions.of(**fields)
    config = filled(wanted)
    create_execution_plan(defs.resolve_job_def("process_video"), run_config=config)
    form_fields = config["resources"]["run_options"]["config"]
    assert RunOptionsResource(**form_fields).chosen() == wanted
