"""Jobs follow their videos; and go only where they may."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.following import follow
from vidpipe.catalog.states import ACTIVE, TRANSITIONS, JobState, WrongState, moved
from vidpipe.catalog.tables import JobRow, UploadRow, now
from vidpipe_tests.catalog.conftest import video

Q, R, W, D, F, C = JobState
#: Every way that a job may go.
ALLOWED = {
    *((Q, s) for s in (R, W, D, F, C)),
    *((R, s) for s in (Q, W, D, F, C)),
    *((W, s) for s in (Q, R, D, F, C)),
    (F, Q),
    (C, Q),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(JobState, JobState)))
def test_a_job_goes_only_where_it_may(before, after):
    if (before, after) in ALLOWED:
        assert moved(before, after) is after
    else:
        with pytest.raises(WrongState, match=f"{before} cannot become {after}"):
            moved(before, after)


def test_every_state_has_its_transitions_and_what_is_over_moves_by_nobodys_doing():
    assert set(TRANSITIONS) == set(JobState)
    assert all(TRANSITIONS[state] <= {Q} for state in set(JobState) - set(ACTIVE))


def job(number: int, **fields) -> JobRow:
    return JobRow(**{"job_id": f"job-{number}", "channel": "news", "asked_by": "local"} | fields)


@pytest.fixture
def made(catalog):
    """An accepted video that a run has finished."""
    row = video(channel="news")
    assert catalog.accept_video(row)
    catalog.finish_video(row.video_id, now())
    return row.video_id


def state(catalog, number: int) -> str:
    return catalog.jobs.get(f"job-{number}").state


def fail(catalog, video_id: str, run_id: str, *, dead: bool) -> None:
    failed = Failed(video_id, "news", "process_video", "transcript", "unavailable", "away", run_id)
    catalog.failures.add(failed, attempts=1, dead=dead)
    catalog.requests.done(run_id)


def test_a_job_follows_its_run_from_the_request_to_the_end(catalog, made):
    catalog.jobs.add([job(1, video_id=made)])
    assert state(catalog, 1) == Q
    (request,) = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    assert state(catalog, 1) == Q
    catalog.heartbeats.beat("run-1", made)
    assert state(catalog, 1) == R
    catalog.finish_video(made, now())
    catalog.requests.done("run-1")
    assert state(catalog, 1) == D
    assert catalog.jobs.get("job-1").ended_at is not None


def test_a_job_is_not_queued_again_before_the_end_of_its_run_is_noted(catalog, made):
    catalog.jobs.add([job(1, video_id=made)])
    (request,) = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    with catalog.heartbeats.alive("run-1", made, until_noted=True):
        pass
    assert state(catalog, 1) == R and catalog.heartbeats.at_work() == {made}
    catalog.finish_video(made, now())
    catalog.requests.done("run-1")
    catalog.heartbeats.stop(["run-1"])
    assert state(catalog, 1) == D and catalog.heartbeats.at_work() == set()


def test_a_run_that_began_before_the_job_does_not_meet_it(catalog, made):
    catalog.requests.add([made], "manual")
    (request,) = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    begun = now()
    catalog.heartbeats.beat("run-1", made)
    catalog.jobs.add([job(1, video_id=made)])
    catalog.finish_video(made, begun)
    catalog.requests.done("run-1")
    catalog.heartbeats.stop(["run-1"])
    assert state(catalog, 1) == Q and len(catalog.requests.due(10)) == 1


def test_what_is_tried_again_by_itself_is_queued_and_what_is_given_up_has_failed(catalog, made):
    catalog.jobs.add([job(1, video_id=made)])
    (request,) = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    catalog.heartbeats.beat("run-1", made)
    fail(catalog, made, "run-1", dead=False)
    catalog.heartbeats.stop(["run-1"])
    assert state(catalog, 1) == Q
    fail(catalog, made, "run-2", dead=True)
    row = catalog.jobs.get("job-1")
    assert (row.state, row.error_code, row.failed_stage) == (F, "unavailable", "transcript")
    again = catalog.jobs.retry("job-1")
    assert (again.state, again.attempts, again.error_code) == (Q, 2, None)
    assert catalog.failures.living() == [] and len(catalog.requests.due(10)) == 1


def test_a_job_of_an_upload_becomes_one_of_its_video(catalog):
    catalog.inbox.notice([_noticed("news/talk.mp4")])
    catalog.jobs.add([job(1, upload_key="news/talk.mp4")])
    row = video(channel="news")
    assert catalog.accept_video(row)
    catalog.inbox.decide(_decided("news/talk.mp4", "accepted", video_id=row.video_id))
    found = catalog.jobs.get("job-1")
    assert (found.video_id, found.state) == (row.video_id, Q)
    catalog.finish_video(row.video_id, now())
    assert state(catalog, 1) == D


def start(catalog, request, run_id: str) -> None:
    catalog.requests.submitted({request.id: run_id})
    catalog.heartbeats.beat(run_id, request.video_id)


def finish(catalog, request, run_id: str) -> None:
    catalog.finish_video(request.video_id, now(), request.run_options)
    catalog.requests.done(run_id)
    catalog.heartbeats.stop([run_id])


def test_what_jobs_want_differently_is_made_one_after_the_other(catalog, made):
    catalog.jobs.add([job(1, video_id=made, run_options={"clips": 3})])
    catalog.jobs.add([job(2, video_id=made, run_options={"clips": 1}, stages=["rendered_clips"])])
    catalog.jobs.add([job(3, video_id=made)])
    # The same again is the same run.
    catalog.jobs.add([job(4, video_id=made, run_options={"clips": 3})])
    done = []
    for number, wanted in ((1, {"clips": 3}), (2, {"clips": 1}), (3, None)):
        (request,) = catalog.requests.due(10)
        assert request.run_options == wanted
        start(catalog, request, f"run-{number}")
        assert catalog.requests.due(10) == []
        with catalog.writing() as session:
            follow(session, made)
        states = [state(catalog, k) for k in (1, 2, 3, 4)]
        assert [k for k in (1, 2, 3) if states[k - 1] == R] == [number]
        finish(catalog, request, f"run-{number}")
        done.append(number)
        assert [k for k in (1, 2, 3) if state(catalog, k) == D] == done
    assert state(catalog, 4) == D and catalog.requests.due(10) == []


def test_another_try_has_the_options_of_the_run_that_it_follows(catalog, made):
    catalog.jobs.add([job(1, video_id=made, run_options={"clips": 3})])
    catalog.jobs.add([job(2, video_id=made, run_options={"template": "karaoke"})])
    (first,) = catalog.requests.due(10)
    start(catalog, first, "run-1")
    catalog.heartbeats.stop(["run-1"])
    fail(catalog, made, "run-1", dead=False)
    catalog.requests.add([made], "retry", after="run-1", wait_s=60)
    # What waits for its time holds nothing up.
    (second,) = catalog.requests.due(10)
    assert second.run_options == {"template": "karaoke"}
    (again,) = [r for r in catalog.requests.of_video(made) if r.cause == "retry"]
    assert again.run_options == {"clips": 3}
    # So has one in place of a run that was lost.
    catalog.requests.submitted({second.id: "run-2"})
    catalog.requests.reopen([second.id])
    (reopened,) = catalog.requests.due(10)
    assert reopened.id != second.id and reopened.run_options == second.run_options


def test_what_a_cancelled_job_wanted_is_made_for_nobody(catalog, made):
    catalog.jobs.add([job(1, video_id=made, run_options={"clips": 3})])
    catalog.jobs.add([job(2, video_id=made)])
    (first,) = catalog.requests.due(10)
    assert first.run_options == {"clips": 3}
    catalog.jobs.cancel("job-1")
    (left,) = catalog.requests.due(10)
    assert left.run_options is None and state(catalog, 2) == Q
    # One that waits behind another's run is cancelled while that is at work.
    catalog.jobs.add([job(3, video_id=made, run_options={"clips": 1})])
    start(catalog, left, "run-1")
    catalog.jobs.cancel("job-3")
    finish(catalog, left, "run-1")
    assert state(catalog, 2) == D and catalog.requests.due(10) == []


def test_an_urgent_job_does_not_wait_for_what_is_made_anew_in_the_background(catalog, made):
    catalog.requests.add([made], "stale")
    catalog.jobs.add([job(1, video_id=made, run_options={"clips": 3})])
    (urgent,) = catalog.requests.due(10)
    assert urgent.run_options == {"clips": 3}
    finish(catalog, urgent, "run-1")
    (stale,) = catalog.requests.due(10)
    assert stale.cause == "stale" and state(catalog, 1) == D


def test_what_a_job_of_an_upload_wants_is_asked_for_once_it_was_taken_in(catalog):
    catalog.inbox.notice([_noticed("news/talk.mp4"), _noticed("news/same.mp4")])
    catalog.jobs.add([job(1, upload_key="news/talk.mp4", run_options={"clips": 3})])
    row = video(channel="news")
    assert catalog.accept_video(row)
    catalog.inbox.decide(_decided("news/talk.mp4", "accepted", video_id=row.video_id))
    (request,) = catalog.requests.due(10)
    assert (request.run_options, request.stages, request.cause) == ({"clips": 3}, None, "upload")
    catalog.requests.submitted({request.id: "run-1"})
    # Decided again, nothing is asked for twice.
    catalog.inbox.decide(_decided("news/talk.mp4", "accepted", video_id=row.video_id))
    assert catalog.requests.due(10) == []
    finish(catalog, request, "run-1")
    assert state(catalog, 1) == D
    # The same bytes under another name: what was made before is not what this one wants.
    catalog.jobs.add([job(2, upload_key="news/same.mp4", stages=["layout"])])
    catalog.inbox.decide(_decided("news/same.mp4", "alias", video_id=row.video_id))
    (request,) = catalog.requests.due(10)
    assert request.stages == ["layout"] and state(catalog, 2) == Q
    catalog.finish_video(row.video_id, now())
    assert state(catalog, 2) == D


def test_a_job_of_an_upload_that_is_refused_says_why(catalog):
    catalog.inbox.notice([_noticed("news/talk.mp4")])
    catalog.jobs.add([job(1, upload_key="news/talk.mp4")])
    decided = _decided("news/talk.mp4", "quarantined", reason="not_a_video", message="no picture")
    catalog.inbox.decide(decided)
    row = catalog.jobs.get("job-1")
    assert (row.state, row.error_code, row.error_message) == (F, "not_a_video", "no picture")


def test_a_queued_job_is_taken_back_and_nothing_is_run_for_it(catalog):
    row = video(channel="news")
    assert catalog.accept_video(row)
    catalog.jobs.add([job(1, video_id=row.video_id), job(2, video_id=row.video_id)])
    catalog.jobs.cancel("job-1")
    assert len(catalog.requests.due(10)) == 1, "the other job wants it still"
    catalog.jobs.cancel("job-2")
    assert catalog.requests.due(10) == []
    (failure,) = catalog.failures.living()
    assert failure.cause == "cancelled", "else the hourly check would ask for it again"
    with pytest.raises(WrongState):
        catalog.jobs.cancel("job-1")
    assert catalog.jobs.retry("job-1").state == Q and len(catalog.requests.due(10)) == 1


def test_a_job_that_a_run_works_on_is_not_taken_back(catalog, made):
    catalog.jobs.add([job(1, video_id=made)])
    (request,) = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    catalog.heartbeats.beat("run-1", made)
    with pytest.raises(WrongState, match="a run is at work"):
        catalog.jobs.cancel("job-1")


def test_a_retired_video_takes_its_jobs_with_it(catalog, made):
    catalog.jobs.add([job(1, video_id=made)])
    catalog.retire_video(made)
    assert state(catalog, 1) == C
    with pytest.raises(WrongState, match="retired"):
        catalog.jobs.retry("job-1")
    assert state(catalog, 1) == C, "a retry that fails changes nothing"


def test_jobs_are_listed_newest_first_page_by_page(catalog, made):
    catalog.jobs.add([job(n, video_id=made) for n in range(5)])
    seen, after = [], None
    while page := catalog.jobs.page(2, channels=["news"], after=after):
        seen += [row.job_id for row in page]
        after = (page[-1].created_at, page[-1].job_id)
    assert seen == sorted(seen, key=lambda name: name, reverse=True) or len(set(seen)) == 5
    assert len(seen) == 5 and catalog.jobs.page(5, channels=["other"]) == []


def _noticed(key: str) -> dict:
    return {
        "key": key,
        "channel": "news",
        "version": "1",
        "size_bytes": 1,
        "modified_s": (now() - timedelta(hours=1)).timestamp(),
        "sidecars": {},
        "sidecar_version": "",
    }


def _decided(key: str, state: str, **fields) -> UploadRow:
    return UploadRow(**_noticed(key), state=state, **fields)
