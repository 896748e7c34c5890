"""The Dagster layer, in process on an ephemeral instance."""

import re

import dagster as dg
import pytest
from starlette.testclient import TestClient

from assets.partitions import videos
from assets.previews import PREVIEWS
from definitions import PRELOAD, build_defs, defs
from resources.vidpipe_resource import VidpipeResource
from vidpipe.errors import Unavailable
from vidpipe.library import Library
from vidpipe.pipeline import TALKS, Engine
from vidpipe.platforms import load_presets
from vidpipe.web import web_app
from vidpipe_tests.graph.conftest import run_job, run_options


def test_the_asset_graph_is_the_pipeline():
    graph = defs.resolve_asset_graph()
    of_videos = [k for k in graph.get_all_asset_keys() if graph.get(k).group_name != "operations"]
    edges = {
        (parent.to_user_string(), key.to_user_string())
        for key in of_videos
        for parent in graph.get(key).parent_keys
    }
    stages = [TALKS.stage(name) for name in TALKS.names(tuple(load_presets()))]
    wanted = {(i, s.name) for s in stages for i in s.inputs} | {("upload", "source_video")}
    assert edges == wanted


def test_every_stage_has_an_asset_with_its_version_and_a_preview():
    graph = defs.resolve_asset_graph()
    for name in TALKS.names(tuple(load_presets())):
        node = graph.get(dg.AssetKey(name.split("/")))
        assert node.code_version == TALKS.stage(name).version, name
        [step, _] = node.metadata["dagster/code_references"].code_references
        assert "vidpipe/pipeline/steps/" in step.file_path, name
    assert set(PREVIEWS) == set(TALKS.kinds)


def test_a_channels_own_platforms_are_in_the_graph(home, processed, monkeypatch):
    (home / "channels.yaml").write_text(
        "channels: {default: {quality: draft, platforms: [lobby_wall], clips: {count: 1, min_s: 6},"
        " custom_platforms: {lobby_wall: {extends: tiktok, title: The wall}}}}"
    )
    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(instance, home, processed.video_id)
        assert result.success
        made = {e.asset_key.to_user_string() for e in result.get_asset_materialization_events()}
    assert {n for n in made if "platform" in n} == {"platform_exports/lobby_wall"}
    checks = [e for e in result.get_asset_check_evaluations() if e.check_name == "conforms"]
    assert [c.passed for c in checks] == [True]


def test_every_asset_explains_itself():
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name != "default", key
        assert node.description and len(node.description) > 30, key
        assert node.owners and node.kinds, key
        whole = node.group_name == "operations"
        if not whole and key.to_user_string() not in ("upload", "sidecar"):
            assert node.code_version, key
        of_all = whole and key.to_user_string() != "run_estimate"
        assert node.partitions_def == (None if of_all else videos)


def test_definitions_load_and_preloads_exist():
    import importlib

    dg.Definitions.validate_loadable(defs)
    for name in PRELOAD:
        importlib.import_module(name)


def test_the_job_is_one_video_in_at_most_ten_steps():
    job = defs.resolve_job_def("process_video")
    assert len(job.nodes) <= 10
    assert job.partitions_def == videos


def test_the_graph_reuses_what_the_command_line_made(home, processed, monkeypatch):
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(instance, home, processed.video_id)
        assert result.success
        events = {
            e.asset_key.to_user_string(): e.materialization
            for e in result.get_asset_materialization_events()
        }
        # instagram_reels is not one of this channel's platforms.
        assert set(events) == {
            "source_video",
            "audio",
            "silence_regions",
            "transcript",
            "layout",
            "topics",
            "scored_segments",
            "rendered_clips",
            "platform_exports/tiktok",
            "platform_exports/youtube_shorts",
        }
        assert all(m.metadata["reused"].value for m in events.values())
        checks = {
            (e.asset_key.to_user_string(), e.check_name): e.passed
            for e in result.get_asset_check_evaluations()
        }
        assert checks == {
            ("source_video", "source_accepted"): True,
            ("transcript", "speech_is_covered"): True,
            ("transcript", "word_confidence"): True,
            ("transcript", "reading_speed"): True,
            ("transcript", "language_as_expected"): True,
            ("scored_segments", "segments_do_not_overlap"): True,
            ("scored_segments", "llm_ranking"): True,
            ("rendered_clips", "duration_and_sync"): True,
            ("rendered_clips", "clip_quality"): True,
            ("platform_exports/tiktok", "conforms"): True,
            ("platform_exports/youtube_shorts", "conforms"): True,
        }
        for name, key in (
            ("source_video", "contact_sheet"),
            ("silence_regions", "waveform"),
            ("layout", "layout_sheet"),
            ("rendered_clips", "posters"),
            ("rendered_clips", "clip_1"),
        ):
            shown = events[name].metadata[key].value
            assert re.search(r"!\[\w+\.\w+\]\(data:image/jpeg;base64,", shown), name
            assert len(shown) <= 30_000 * 4 / 3 + 500, f"{name} is too large for the event log"
        text = events["transcript"].metadata["begins"].value
        assert "How often do we have to look at the voltage?" in text
        shown = events["transcript"].metadata
        assert shown["words_from"].value == (
            "sidecar (transcript.srt), each word aligned to the sound"
        )
        assert shown["rules_broken"].value == 0 and shown["covered_percent"].value > 90


def test_where_clips_are_served_everything_is_shown_in_place_by_its_address(
    home, processed, monkeypatch
):
    monkeypatch.setenv("VIDPIPE_PUBLIC_URL", "http://clips.example.com")
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(instance, home, processed.video_id)
        assert result.success
        events = {
            e.asset_key.to_user_string(): e.materialization.metadata
            for e in result.get_asset_materialization_events()
        }
    # What a stage says of its result and what is said of every stage have names apart.
    length_s = processed.document("source_video").media.duration_s
    for name in ("source_video", "audio"):
        assert events[name]["duration_s"].value == pytest.approx(length_s, abs=0.3), name
    browser = TestClient(
        web_app(Library(VidpipeResource(home=str(home)).engine)), base_url="http://localhost"
    )
    opened = set()
    for name, metadata in events.items():
        assert metadata["watch"].value == f"http://clips.example.com/videos/{processed.video_id}"
        assert metadata["real_time_factor"].value >= 0 and metadata["wall_s"].value >= 0
        for key, value in metadata.items():
            if not isinstance(value, dg.MarkdownMetadataValue):
                continue
            # The UI hides what is longer behind a click.
            assert len(value.md_str) < 1000, f"{name}: {key}"
            opened |= set(re.findall(r"http://clips\.example\.com(/[^)\s]+)", value.md_str))
    assert len(opened) > 10
    for path in opened:
        assert browser.get(path).status_code == 200, path


def test_assets_link_to_their_code_and_to_the_runbook(monkeypatch):
    def references(defs):
        node = defs.resolve_asset_graph().get(dg.AssetKey("layout"))
        code, step = node.metadata["dagster/code_references"].code_references
        assert "assets/step.py" in getattr(step, "url", "") + getattr(step, "file_path", "")
        return code, node.metadata.get("runbook")

    at_home, runbook = references(build_defs())
    assert at_home.file_path.endswith("vidpipe/pipeline/steps/layout.py") and runbook is None
    monkeypatch.setenv("VIDPIPE_PUBLIC_URL", "http://clips.example.com")
    assert references(build_defs())[1].value == "http://clips.example.com/docs/runbook.md"
    monkeypatch.setenv("VIDPIPE_REPOSITORY_URL", "https://git.example.com/media/vidpipe")
    monkeypatch.setenv("VIDPIPE_REPOSITORY_REF", "v1")
    on_forge, runbook = references(build_defs())
    step = r"vidpipe/pipeline/steps/layout\.py"
    assert re.match(rf"https://git\.example\.com/media/vidpipe/tree/v1/{step}", on_forge.url)
    assert runbook.value == "https://git.example.com/media/vidpipe/blob/v1/docs/runbook.md"


def test_one_stage_is_materialised_alone(home, processed, monkeypatch):
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(
            instance,
            home,
            processed.video_id,
            asset_selection=[dg.AssetKey("scored_segments")],
            run_config=run_options(force=True),
        )
        assert result.success
        event = result.get_asset_materialization_events()[0]
        assert event.materialization.metadata["reused"].value is False


def failing(monkeypatch, error):
    def broken(self, *args, **kwargs):
        raise error

    monkeypatch.setattr(Engine, "run_stage", broken)


def test_what_trying_again_cannot_help_fails_at_once(home, processed, monkeypatch):
    from vidpipe.errors import InputRejected

    failing(monkeypatch, InputRejected("x", "the file is broken", name="talk.mp4"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(
            instance, home, processed.video_id, asset_selection=[dg.AssetKey("source_video")]
        )
        assert not result.success
        failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
        assert failure.description == "talk.mp4: the file is broken"
        said = {name: value.value for name, value in failure.metadata.items()}
        assert said == {"cause": "rejected:x", "retryable": False}
        assert not [e for e in result.all_events if e.is_step_restarted or e.is_step_up_for_retry]


def test_what_is_unavailable_is_tried_again(home, processed, monkeypatch):
    failing(monkeypatch, Unavailable("the store is down", retry_after_s=0.01))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(
            instance, home, processed.video_id, asset_selection=[dg.AssetKey("source_video")]
        )
        assert not result.success
        assert len([e for e in result.all_events if e.is_step_up_for_retry]) == 3


def test_a_long_wait_is_not_waited_for_within_a_step(home, processed, monkeypatch):
    failing(monkeypatch, Unavailable("the service is out of order", retry_after_s=600))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(
            instance, home, processed.video_id, asset_selection=[dg.AssetKey("source_video")]
        )
        failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
        assert not [e for e in result.all_events if e.is_step_up_for_retry]
    # The run is tried again, and takes up no place until then.
    assert failure.metadata["retryable"].value is True


def test_a_store_that_is_away_for_the_preview_alone_is_tried_again(home, processed, monkeypatch):
    from assets import step

    tried = []

    def away(engine, result):
        tried.append(result.stage)
        raise Unavailable("the store is away", retry_after_s=0.01)

    monkeypatch.setattr(step, "preview", away)
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_job(instance, home, processed.video_id, asset_selection=[dg.AssetKey("audio")])
        failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert tried == ["audio"] * 4 and failure.metadata["retryable"].value is True


def test_a_transcript_that_cannot_be_trusted_is_marked_with_what_was_measured():
    from assets.checks import transcript_checks
    from vidpipe.transcript.model import Transcript, TranscriptQuality

    good = TranscriptQuality(
        covered_share=0.95,
        confidence=0.9,
        words_per_minute=150,
        characters_per_s=16.0,
        rules_broken=0,
    )
    bad = TranscriptQuality(
        covered_share=0.3,
        confidence=0.2,
        words_per_minute=400,
        characters_per_s=27.5,
        rules_broken=4,
    )
    results = {
        r.check_name: r
        for r in transcript_checks(
            Transcript(source="api", expected_language="en", detected_language="de", quality=bad)
        )
    }
    assert not any(r.passed for r in results.values())
    assert all(r.severity == dg.AssetCheckSeverity.WARN for r in results.values())
    assert "30%" in results["speech_is_covered"].description
    assert "27.5" in results["reading_speed"].description
    assert "expected en, heard de" in results["language_as_expected"].description
    fine = transcript_checks(Transcript(source="api", quality=good))
    assert all(r.passed for r in fine)
    # Nothing said is nothing wrong; speech without words is.
    assert all(r.passed for r in transcript_checks(Transcript(source="none")))
    assert not any(r.passed for r in transcript_checks(Transcript(source="api")))
