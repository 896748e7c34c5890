"""Gates in the graph: runs end before them, wait as rows, and go on when somebody approved."""

from datetime import timedelta

import dagster as dg
import pytest
from sqlalchemy import select

from resources.vidpipe_resource import VidpipeResource
from sensors.run_outcomes import run_outcomes
from sensors.video_requests import video_requests
from vidpipe.accounts.audit import Actor
from vidpipe.accounts.model import LOCAL
from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.review_tables import ReviewRulesRow
from vidpipe.catalog.reviews import Decider
from vidpipe.catalog.tables import RequestRow, now
from vidpipe.channels.reviews import GateName, ReviewRules
from vidpipe.errors import Misconfigured
from vidpipe.library import GateState, JobSpec, JobState, Library, Reason, VideoState
from vidpipe.operations import gates
from vidpipe.operations.gates import AWAITS_REVIEW
from vidpipe.pipeline import Engine
from vidpipe_tests.conftest import CHANNELS
from vidpipe_tests.graph.conftest import event, run_job
from vidpipe_tests.reviews.conftest import video_row

ADA = Decider("user:ada", "ada@example.org")
CLIPS, EXPORTS = "rendered_clips", ["platform_exports/tiktok", "platform_exports/youtube_shorts"]


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def gated(home):
    """The processed home with these rules, and its library: `gated("export: ask")`."""

    def made(rules):
        text = CHANNELS.replace("quality: draft", f"quality: draft\n    review: {{{rules}}}")
        (home / "channels.yaml").write_text(text)
        return Library(VidpipeResource(home=str(home)).engine)

    return made


def tick(sensor, instance, home):
    context = dg.build_sensor_context(instance=instance)
    return sensor(context, vidpipe=VidpipeResource(home=str(home)))


def words(result):
    reason = result if isinstance(result, dg.SkipReason) else result.skip_reason
    return reason.skip_message if reason is not None else ""


def play(instance, home):
    """What the daemon does with the next run that is asked for; its stages, and what was noted."""
    [request] = tick(video_requests, instance, home).run_requests
    selection = request.asset_selection
    result = run_job(
        instance, home, request.partition_key, tags=request.tags, asset_selection=selection
    )
    assert result.success
    # Its run is seen, as a daemon's is on the next tick.
    tick(video_requests, instance, home)
    names = [key.to_user_string() for key in selection] if selection is not None else None
    return names, words(tick(run_outcomes, instance, home))


def exported(library, video_id):
    catalog = library.engine.catalog
    return {(row.clip_id, row.platform) for row in catalog.exports(video_id)}


def clips_of(library, video_id):
    found = library.reviews.list(channels=["default"], video_id=video_id).items
    return {item.rank: item for item in found}


def test_clips_are_exported_as_they_are_approved(instance, gated, home, processed):
    library, video_id = gated("export: ask"), processed.video_id
    [job] = library.jobs.create([JobSpec(video_id=video_id)], asked_by="local")
    stages, said = play(instance, home)
    assert stages[-1] == CLIPS and not set(stages) & set(EXPORTS)
    assert said == f"{video_id}: waits for review at the gate export"
    assert library.status(video_id).state is VideoState.WAITING_FOR_REVIEW
    assert library.jobs.get(job.job_id).state is JobState.WAITING_FOR_REVIEW
    listed = library.list(states=[VideoState.WAITING_FOR_REVIEW])
    assert [video.video_id for video in listed.items] == [video_id]

    # Nothing moves it but a decision: no sweep, no retry of what a run left, no wish.
    assert library.request_incomplete() == ()
    assert "no video waits" in words(tick(video_requests, instance, home))
    library.engine.catalog.requests.add([video_id], Cause.STALE, stages=EXPORTS)
    assert f"wait for review: {video_id} at the gate export" in words(
        tick(video_requests, instance, home)
    )
    assert library.status(video_id).state is VideoState.WAITING_FOR_REVIEW

    first, second = (clips_of(library, video_id)[rank] for rank in (1, 2))
    library.reviews.approve(video_id, "1", first.fingerprint, ADA)
    assert library.status(video_id).state is VideoState.QUEUED
    stages, said = play(instance, home)
    assert stages == EXPORTS and "waits for review at the gate export" in said
    assert {clip for clip, _ in exported(library, video_id)} == {first.clip_id}
    assert library.jobs.get(job.job_id).state is JobState.WAITING_FOR_REVIEW

    library.reviews.reject(
        video_id, "2", second.fingerprint, Reason.NO_CONTEXT, ADA, note="who is it?"
    )
    stages, said = play(instance, home)
    assert stages == EXPORTS and said.endswith(f"{video_id}: finished")
    assert {clip for clip, _ in exported(library, video_id)} == {first.clip_id}
    assert any("who is it?" in why for why in library.results(video_id).refused)
    assert library.jobs.get(job.job_id).state is JobState.DONE
    assert library.status(video_id).state is VideoState.DONE
    [gate] = library.reviews.gates(channels=["default"]).items
    assert (gate.state, gate.by_name) == (GateState.APPROVED, "ada@example.org")

    # Made again, what was decided still counts: nobody is asked, and nothing waits.
    library.request(video_id)
    play(instance, home)
    stages, said = play(instance, home)
    assert stages == EXPORTS and said.endswith(f"{video_id}: finished")
    assert {clip for clip, _ in exported(library, video_id)} == {first.clip_id}


def test_gates_that_cannot_be_read_hold_up_no_other_channel(instance, gated, home, processed):
    library, video_id = gated("render: ask"), processed.video_id
    catalog, other = library.engine.catalog, "other--talk-0123456780"
    assert catalog.accept_video(video_row(other, channel="other"))
    with catalog.writing() as session:
        rules = {"publish": "ask", "legal": "ask"}
        row = ReviewRulesRow(channel="default", rules=rules, version=1, changed_by="user:eve")
        session.add(row)
    library.request(video_id)
    [request] = tick(video_requests, instance, home).run_requests
    assert request.partition_key == other
    catalog.requests.submitted({int(request.tags["vidpipe/request"]): "run-1"})
    # By itself it waits, with the reason, and goes on as soon as they are set anew.
    assert "deferred 1 videos: the gates of the channel default were set by a later" in words(
        tick(video_requests, instance, home)
    )
    by = Actor("local", "req-1")
    library.gate_settings.set("default", None, LOCAL, version=None, audit=by)
    assert play(instance, home)[0][-1] == "scored_segments"


def test_nothing_is_rendered_before_the_moments_were_approved(instance, gated, home, processed):
    library, video_id = gated("render: ask"), processed.video_id
    library.request(video_id)
    stages, said = play(instance, home)
    assert stages[-1] == "scored_segments" and "at the gate render" in said
    [gate] = library.reviews.gates(channels=["default"], state=GateState.WAITING).items
    assert gate.stages == (CLIPS, *EXPORTS)
    library.reviews.approve_gate(gate.gate_id, gate.fingerprint, ADA)
    stages, said = play(instance, home)
    assert stages == [CLIPS, *EXPORTS] and said.endswith(f"{video_id}: finished")
    # The same moments again need nobody.
    library.request(video_id)
    play(instance, home)
    assert play(instance, home)[1].endswith(f"{video_id}: finished")


def test_a_video_that_may_not_go_on_says_why_until_it_is_retried(instance, gated, home, processed):
    library, video_id = gated("render: ask"), processed.video_id
    [job] = library.jobs.create([JobSpec(video_id=video_id)], asked_by="local")
    play(instance, home)
    [gate] = library.reviews.gates(channels=["default"]).items
    library.reviews.reject_gate(
        gate.gate_id, gate.fingerprint, Reason.RIGHTS_OR_PRIVACY, ADA, note="no consent"
    )
    status = library.status(video_id)
    assert status.state is VideoState.REJECTED
    assert "rights or privacy: no consent" in status.failure.message
    failed = library.jobs.get(job.job_id)
    assert (failed.state, failed.error.code) == (JobState.FAILED, "rejected:by_review")
    assert "no video waits" in words(tick(video_requests, instance, home))
    assert library.request_incomplete() == ()
    with library.engine.catalog.session() as session:
        assert not session.scalars(select(NoticeRow)).all(), "whoever rejected it knows"
    library.retry([status.failure.id])
    assert "at the gate render" in play(instance, home)[1]


def test_a_run_that_somebody_launches_comes_to_the_same_gate(instance, gated, home, processed):
    library, video_id = gated("export: ask"), processed.video_id
    result = run_job(instance, home, video_id)
    failed = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    assert not result.success and len(failed) == 1
    metadata = failed[0].step_failure_data.user_failure_data.metadata
    assert metadata["cause"].value == AWAITS_REVIEW
    assert "waits for review at the gate export" in words(tick(run_outcomes, instance, home))
    assert not library.failures()
    [gate] = library.reviews.gates(channels=["default"], state=GateState.WAITING).items
    assert (gate.gate, gate.stages, gate.pending_clips) == ("export", tuple(EXPORTS), 2)


def test_what_waits_goes_past_no_gate_because_all_are_off(instance, gated, home, processed):
    library, video_id = gated("export: ask"), processed.video_id
    engine, by = library.engine, Actor("local", "req-1")
    gates.stopped(engine, video_id, EXPORTS[0], engine.order(video_id), GateName.EXPORT)
    library.gate_settings.set("default", ReviewRules(), LOCAL, version=None, audit=by)
    library.request(video_id)
    [request] = tick(video_requests, instance, home).run_requests
    assert request.asset_selection[-1].to_user_string() == CLIPS
    selection = [dg.AssetKey(EXPORTS[0].split("/"))]
    result = run_job(instance, home, video_id, asset_selection=selection)
    [failed] = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    metadata = failed.step_failure_data.user_failure_data.metadata
    assert metadata["cause"].value == AWAITS_REVIEW
    with pytest.raises(gates.AwaitsReview):
        gates.check(engine, video_id, EXPORTS[0], engine.order(video_id))
    # Once somebody has decided, nobody is asked any more.
    for item in clips_of(library, video_id).values():
        library.reviews.approve(video_id, str(item.rank), item.fingerprint, ADA)
    assert gates.reach(engine, video_id, None) == gates.Reach(None)
    gates.check(engine, video_id, EXPORTS[0], engine.order(video_id))


def test_exports_go_when_a_clip_is_rejected_and_come_back(instance, gated, home, processed):
    library, video_id = gated("publish: ask"), processed.video_id
    library.request(video_id)
    stages, said = play(instance, home)
    assert stages is None and said.endswith(f"{video_id}: finished")
    assert library.status(video_id).state is VideoState.WAITING_FOR_REVIEW
    before, item = exported(library, video_id), clips_of(library, video_id)[1]
    made = library.reviews.reject(video_id, "1", item.fingerprint, Reason.WRONG_CAPTIONS, ADA)
    play(instance, home)
    assert {c for c, _ in before} - {c for c, _ in exported(library, video_id)} == {item.clip_id}
    library.reviews.undo(video_id, "1", made.decision.decision_id, ADA)
    play(instance, home)
    assert exported(library, video_id) == before
    assert library.status(video_id).state is VideoState.WAITING_FOR_REVIEW


def test_a_failed_run_before_a_gate_is_tried_again_as_it_was_asked_for(
    instance, gated, home, processed
):
    library, video_id = gated("export: ask"), processed.video_id
    library.request(video_id)
    [request] = tick(video_requests, instance, home).run_requests
    from definitions import defs

    tags = {**request.tags, "dagster/partition": video_id}
    job = defs.resolve_job_def("process_video")
    run = instance.create_run_for_job(
        job, tags=tags, asset_selection=frozenset(request.asset_selection)
    )
    tick(video_requests, instance, home)
    instance.report_run_failed(run, "gone")
    assert "tried again" in words(tick(run_outcomes, instance, home))
    [again] = [r for r in library.engine.catalog.requests.of_video(video_id) if r.state == "open"]
    assert again.stages is None


def ended_run(instance, engine, video_id, row):
    """A run for a request that has ended well, and its record."""

    @dg.op
    def nothing():
        pass

    @dg.job
    def process_video():
        nothing()

    tags = {"dagster/partition": video_id, "vidpipe/request": str(row.id)}
    run = instance.create_run_for_job(process_video, tags=tags)
    engine.catalog.requests.submitted({row.id: run.run_id})
    instance.report_dagster_event(event(run, "PIPELINE_SUCCESS"), run.run_id)
    return run


def test_a_run_whose_end_cannot_be_seen_to_keeps_no_other_from_being_noted(
    instance, gated, home, processed, monkeypatch
):
    library, video_id = gated("export: ask"), processed.video_id
    catalog = library.engine.catalog
    library.request(video_id)
    [row] = catalog.requests.due(10)
    catalog.requests.limit({row.id: "export"})
    ended_run(instance, library.engine, video_id, row)

    def order(*_, **__):
        raise Misconfigured("the channel has no sound 'waltz'")

    monkeypatch.setattr(Engine, "order", order)
    said = words(tick(run_outcomes, instance, home))
    assert "dead after 1 attempts: misconfigured" in said
    assert catalog.requests.in_flight() == []
    [failure] = library.failures(subject=video_id)
    assert "no sound 'waltz'" in failure.message
    assert words(tick(run_outcomes, instance, home)) == f"{video_id}: known already"


def test_a_command_at_work_is_not_taken_for_a_run_that_was_lost(instance, gated, home, processed):
    library, video_id = gated(""), processed.video_id
    catalog = library.engine.catalog
    catalog.finish_video(video_id, now())
    catalog.requests.add([video_id], Cause.EDIT, stages=[CLIPS], wait_s=20)
    row = catalog.requests.claim([Cause.EDIT], "cli-1", ahead_s=20)
    catalog.heartbeats.beat("cli-1", video_id)
    tick(run_outcomes, instance, home)
    assert [r.id for r in catalog.requests.in_flight()] == [row.id]
    assert not catalog.requests.has_open([Cause.EDIT])
    catalog.heartbeats.stop(["cli-1"])
    with catalog.writing() as session:
        session.get_one(RequestRow, row.id).updated_at = now() - timedelta(minutes=5)
    tick(run_outcomes, instance, home)
    assert catalog.requests.in_flight() == [] and catalog.requests.has_open([Cause.EDIT])
