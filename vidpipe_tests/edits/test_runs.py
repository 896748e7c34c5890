"""Runs beside the orchestrator: as far as gates let them, and what becomes of them at their end."""

import shutil
import time
from datetime import timedelta

import pytest
import yaml

from vidpipe.catalog.processes import COORDINATOR, Presence
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.reviews import Decider
from vidpipe.catalog.tables import RequestRow, now
from vidpipe.errors import BudgetExceeded
from vidpipe.exports.model import PlatformExports
from vidpipe.library import (
    EditAuthor,
    JobSpec,
    JobState,
    Library,
    NotApproved,
    Reason,
    edit_runs,
    request_runs,
)
from vidpipe.library.chores import chores
from vidpipe.library.edit_runs import note_lost, work_off_one
from vidpipe.operations import gates
from vidpipe_tests.conftest import CHANNELS, make_engine
from vidpipe_tests.reviews.conftest import video_row

ME, ADA = EditAuthor("me"), Decider("user:ada", "ada@example.org")
TIKTOK = "platform_exports/tiktok"


@pytest.fixture
def opened(processed, tmp_path):
    """A copy of the processed home, whose channel has these rules: `opened(export="ask")`."""

    def make(**review):
        home = tmp_path / "home"
        shutil.copytree(processed.engine.settings.home, home)
        known = yaml.safe_load(CHANNELS)
        known["channels"]["default"] = {**(known["channels"]["default"] or {}), "review": review}
        (home / "channels.yaml").write_text(yaml.safe_dump(known))
        made = Library(make_engine(home))
        made.engine.catalog.finish_video(processed.video_id, now())
        return made

    return make


def approve(library, video_id, *which):
    for clip in library.engine.catalog.clips(video_id):
        if not which or clip.rank in which:
            library.reviews.approve(video_id, clip.clip_id, clip.fingerprint, ADA)


def edit(library, video_id, text="Other words."):
    library.edits.patch_clip(video_id, "1", {"description": text}, version=None, by=ME)
    return library.edits.render(video_id, by="me").job.job_id


def exported(library, video_id):
    engine = library.engine
    return engine.artifacts.document(engine.manifest(video_id, TIKTOK), PlatformExports)


def waiting(library, video_id):
    found = library.reviews.gates(channels=["default"], video_id=video_id, state="waiting")
    return {gate.gate: gate.stages for gate in found.items}


def open_requests(library, video_id):
    rows = library.engine.catalog.requests.of_video(video_id)
    return [(row.cause, row.stages) for row in rows if row.state == "open"]


def fail_with(monkeypatch, library, error):
    def run_stage(*_, **__):
        raise error

    monkeypatch.setattr(type(library.engine), "run_stage", run_stage)


def test_a_changed_clip_waits_for_approval_before_it_is_exported(opened, processed):
    library, video_id = opened(export="ask"), processed.video_id
    approve(library, video_id)
    before = exported(library, video_id)
    job = edit(library, video_id)
    outcome = work_off_one(library.engine)
    assert outcome.error is None and outcome.message == "waits for review at the gate export"
    assert library.engine.catalog.reviews.pending(video_id)
    assert exported(library, video_id) == before
    assert TIKTOK in waiting(library, video_id)["export"]
    assert library.jobs.get(job).state is JobState.WAITING_FOR_REVIEW
    with pytest.raises(NotApproved):
        library.reviews.may_publish(video_id, "1")
    approve(library, video_id, 1)
    [(cause, stages)] = open_requests(library, video_id)
    assert cause == "review" and TIKTOK in stages
    # The service goes on with it, as no orchestrator is alive.
    assert work_off_one(library.engine).error is None
    assert [e.rank for e in exported(library, video_id).exports] == [1, 2]
    assert library.reviews.may_publish(video_id, "1") is not None
    assert not waiting(library, video_id)
    assert library.jobs.get(job).state is JobState.DONE


def test_what_was_approved_of_is_left_to_an_orchestrator_that_is_alive(opened, processed):
    library, video_id = opened(render="ask"), processed.video_id
    edit(library, video_id)
    work_off_one(library.engine)
    [gate] = library.reviews.gates(channels=["default"], video_id=video_id).items
    presence = Presence(library.engine.catalog, COORDINATOR)
    presence.beat()
    library.reviews.approve_gate(gate.gate_id, gate.fingerprint, ADA)
    assert work_off_one(library.engine) is None
    presence.leave()
    assert work_off_one(library.engine).error is None
    assert not open_requests(library, video_id) and not waiting(library, video_id)


def test_what_is_approved_already_is_made_to_its_end(opened, processed):
    library, video_id = opened(export="ask"), processed.video_id
    edit(library, video_id)
    work_off_one(library.engine)
    approve(library, video_id)
    # Made as it was, and approved of as it is now: nobody is asked again.
    catalog = library.engine.catalog
    catalog.requests.add([video_id], Cause.EDIT, stages=["rendered_clips", TIKTOK])
    outcome = work_off_one(library.engine)
    assert outcome.message.startswith("made in")
    assert len(exported(library, video_id).exports) == 2 and not waiting(library, video_id)


def test_a_rejected_clip_leaves_a_platform_that_was_added_to_its_video(
    opened, processed, monkeypatch
):
    library, video_id = opened(export="ask"), processed.video_id
    approve(library, video_id, 2)
    engine, added = library.engine, "platform_exports/youtube_shorts"
    narrowed = engine.channels["default"].model_copy(update={"platforms": ("tiktok",)})
    monkeypatch.setitem(engine.channels, "default", narrowed)
    assert added not in engine.pipeline.names(engine.order(video_id).wanted_platforms)
    first = next(clip for clip in engine.catalog.clips(video_id) if clip.rank == 1)
    library.reviews.reject(video_id, "1", first.fingerprint, Reason.DUPLICATE, ADA)
    [(cause, stages)] = open_requests(library, video_id)
    assert cause == "review" and added in stages
    assert work_off_one(engine).error is None
    assert not open_requests(library, video_id)
    kept = {
        (row.clip_id == first.clip_id, row.platform) for row in engine.catalog.exports(video_id)
    }
    assert kept == {(False, "tiktok"), (False, "youtube_shorts")}


def test_nothing_is_rendered_behind_the_gate_before_it(opened, processed):
    library, video_id = opened(render="ask"), processed.video_id
    before = library.engine.manifest(video_id, "rendered_clips").fingerprint
    job = edit(library, video_id)
    assert work_off_one(library.engine).message == "waits for review at the gate render"
    assert library.engine.manifest(video_id, "rendered_clips").fingerprint == before
    assert list(waiting(library, video_id)) == ["render"]
    assert library.jobs.get(job).state is JobState.WAITING_FOR_REVIEW


def test_an_edit_leaves_the_gate_at_which_its_video_waits(opened, processed):
    library, video_id = opened(export="ask"), processed.video_id
    engine = library.engine
    gates.stopped(engine, video_id, TIKTOK, engine.order(video_id), gates.GateName.EXPORT)
    edit(library, video_id)
    work_off_one(engine)
    assert TIKTOK in waiting(library, video_id)["export"]
    approve(library, video_id)
    assert [cause for cause, _ in open_requests(library, video_id)] == ["review"]


def test_somebody_is_asked_before_a_changed_clip_is_published(opened, processed):
    library, video_id = opened(publish="ask"), processed.video_id
    assert gates.finished(library.engine, video_id)
    approve(library, video_id)
    assert not waiting(library, video_id)
    job = edit(library, video_id)
    assert work_off_one(library.engine).message.startswith("made in")
    assert library.jobs.get(job).state is JobState.DONE
    assert waiting(library, video_id) == {"publish": ()}
    assert [i.rank for i in library.reviews.list(channels=["default"], needed=True).items] == [1]


def test_a_run_that_nobody_asked_the_gate_for_withholds_what_nobody_decided_on(opened, processed):
    library, video_id = opened(export="ask"), processed.video_id
    engine = library.engine
    approve(library, video_id)
    first = next(c.clip_id for c in engine.catalog.clips(video_id) if c.rank == 1)
    edit(library, video_id)
    begun, order = now(), engine.order(video_id)
    # As `vidpipe run`, and a run of the graph that somebody launched, do it.
    for name in engine.pipeline.names(order.wanted_platforms):
        gates.check(engine, video_id, name, order)
        engine.run_stage(name, video_id, order)
    engine.catalog.finish_video(video_id, begun)
    made = exported(library, video_id)
    assert first not in {e.clip_id for e in made.exports}
    assert [w.clip_id for w in made.withheld] == [first]
    assert TIKTOK in waiting(library, video_id)["export"]
    assert library.status(video_id).state == "waiting_for_review"
    approve(library, video_id, 1)
    [(cause, stages)] = open_requests(library, video_id)
    assert cause == "review" and TIKTOK in stages


def test_exports_of_some_clips_have_the_video_wait_for_the_others(opened, processed):
    library, video_id = opened(export="ask"), processed.video_id
    approve(library, video_id, 1)
    engine, order = library.engine, library.engine.order(video_id)
    gates.check(engine, video_id, TIKTOK, order)
    engine.run_stage(TIKTOK, video_id, order)
    second = next(c.clip_id for c in engine.catalog.clips(video_id) if c.rank == 2)
    assert [w.clip_id for w in exported(library, video_id).withheld] == [second]
    assert waiting(library, video_id) == {"export": (TIKTOK,)}


def test_what_meets_a_budget_waits_for_it_and_is_no_failure(opened, processed, monkeypatch):
    library, video_id = opened(), processed.video_id
    job = edit(library, video_id)
    later = now() + timedelta(hours=5)
    fail_with(monkeypatch, library, BudgetExceeded("no money", key="deployment/day", until=later))
    outcome = work_off_one(library.engine)
    assert "waits until" in outcome.message
    assert library.failures(subject=video_id) == ()
    found = library.jobs.get(job)
    assert found.state is JobState.QUEUED and found.waiting is not None
    assert work_off_one(library.engine) is None, "there is no more yet"
    monkeypatch.undo()
    from vidpipe.catalog.requests import wake

    with library.engine.catalog.writing() as session:
        assert wake(session) == 1
    assert work_off_one(library.engine).error is None
    assert library.jobs.get(job).state is JobState.DONE


def test_whoever_ends_the_process_leaves_the_clips_to_the_next(opened, processed, monkeypatch):
    library, video_id = opened(), processed.video_id
    job = edit(library, video_id)
    fail_with(monkeypatch, library, SystemExit(143))
    with pytest.raises(SystemExit):
        work_off_one(library.engine)
    assert library.failures(subject=video_id) == ()
    monkeypatch.undo()
    assert work_off_one(library.engine).error is None
    assert library.jobs.get(job).state is JobState.DONE


def test_of_a_process_that_was_killed_the_clips_are_asked_for_again(opened, processed):
    library, video_id = opened(), processed.video_id
    job, catalog = edit(library, video_id), library.engine.catalog
    row = catalog.requests.claim([Cause.EDIT], "cli-killed", ahead_s=60)
    assert note_lost(library.engine) == 0, "it may be about to send its first heartbeat"
    with catalog.writing() as session:
        session.get_one(RequestRow, row.id).updated_at = now() - timedelta(minutes=5)
    catalog.heartbeats.beat("cli-killed", video_id)
    assert note_lost(library.engine) == 0, "it is alive"
    catalog.heartbeats.stop(["cli-killed"])
    assert note_lost(library.engine) == 1 and note_lost(library.engine) == 0
    [(cause, stages)] = open_requests(library, video_id)
    assert (cause, stages) == ("edit", row.stages)
    [failure] = library.failures(subject=video_id)
    assert failure.cause == "worker_lost"
    with catalog.writing() as session:
        [again] = [r for r in catalog.requests.of_video(video_id) if r.state == "open"]
        session.get_one(RequestRow, again.id).not_before = now()
    assert work_off_one(library.engine).error is None
    assert library.jobs.get(job).state is JobState.DONE


def test_what_stands_still_is_ended_and_noted(opened, processed, monkeypatch):
    library, video_id = opened(), processed.video_id
    edit(library, video_id)

    def run_stage(*_, **__):
        time.sleep(60)

    monkeypatch.setattr(type(library.engine), "run_stage", run_stage)
    library.engine.settings.__dict__["stuck_after_s"] = 1.5
    outcome = work_off_one(library.engine)
    assert "has stood still" in outcome.message
    [failure] = library.failures(subject=video_id)
    assert failure.cause == "unavailable" and not library.engine.catalog.requests.in_flight()


def test_where_an_orchestrator_lives_what_is_due_is_left_to_it(opened, processed):
    library, video_id = opened(), processed.video_id
    catalog = library.engine.catalog
    Presence(catalog, COORDINATOR, alone=True).beat()
    edit(library, video_id)
    [row] = catalog.requests.of_video(video_id)[:1]
    with catalog.writing() as session:
        session.get_one(RequestRow, row.id).not_before = now() - timedelta(seconds=1)
    assert work_off_one(library.engine) is None
    with catalog.writing() as session:
        session.get_one(RequestRow, row.id).not_before = now() + timedelta(seconds=15)
    assert work_off_one(library.engine).error is None


def test_a_changed_clip_does_not_wait_for_what_somebody_approved(opened, processed, monkeypatch):
    library, video_id = opened(), processed.video_id
    catalog = library.engine.catalog
    # Asked for before, and as urgent.
    approved = video_row()
    assert catalog.accept_video(approved)
    catalog.finish_video(approved.video_id, now())
    assert catalog.requests.add([approved.video_id], Cause.REVIEW) == 1
    edit(library, video_id)
    ran = []
    monkeypatch.setattr(request_runs.RequestRun, "go", lambda run: ran.append(run.row.cause) or "")
    while work_off_one(library.engine) is not None:
        pass
    assert ran[:2] == ["edit", "review"]
    # In the service each has a process of its own, which takes nothing else.
    catalog.requests.add([approved.video_id], Cause.REVIEW)
    assert work_off_one(library.engine, [Cause.EDIT]) is None
    names = [chore.name for chore in chores(library)]
    assert "edits" in names and "approved" in names
    # And none goes on with a whole video where there is no room for it.
    wanted = library.engine.settings.queue.model_copy(update={"min_free_gib": 1e9})
    monkeypatch.setitem(library.engine.settings.__dict__, "queue", wanted)
    assert work_off_one(library.engine) is None
    assert not edit_runs.have_worked_off(library.engine, lambda: False, Cause.REVIEW)
    assert catalog.requests.has_open([Cause.REVIEW])
    edit(library, video_id, "Others again.")
    assert work_off_one(library.engine) is not None


def test_an_edit_does_not_wait_with_what_waits_for_money(opened, processed):
    library, video_id = opened(), processed.video_id
    catalog = library.engine.catalog
    [whole] = library.jobs.create([JobSpec(video_id=video_id)], asked_by="me")
    [row] = catalog.requests.due(10)
    catalog.requests.submitted({row.id: "run-1"})
    until = now() + timedelta(hours=5)
    catalog.requests.wait(video_id, "run-1", waits_for="deployment/day", why="none", until=until)
    job = edit(library, video_id)
    assert library.jobs.get(whole.job_id).waiting is not None
    ran = [s.stage for s in catalog.stages(video_id)]
    assert work_off_one(library.engine).error is None
    assert library.jobs.get(job).state is JobState.DONE
    assert library.jobs.get(whole.job_id).state is JobState.QUEUED
    assert open_requests(library, video_id) == [("retry", None)]
    [waits] = catalog.requests.waiting([video_id])
    assert waits.not_before == until and len(ran) == len(catalog.stages(video_id))
