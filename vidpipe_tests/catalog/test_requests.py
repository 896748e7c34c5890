"""Requests for runs: durable, each answered once."""

from datetime import timedelta

from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import now
from vidpipe_tests.catalog.conftest import video

KEY = "default--talk-0123456789"


def requests(catalog):
    return [(r.cause, r.stages) for r in catalog.requests.due(10)]


def test_an_accepted_video_is_requested_for_in_the_same_transaction(catalog):
    assert catalog.accept_video(video(priority=4))
    [request] = catalog.requests.due(10)
    assert (request.video_id, request.cause, request.priority, request.stages) == (
        KEY,
        "upload",
        4,
        None,
    )
    assert not catalog.accept_video(video(video_id="default--again-0123456789"))
    assert len(catalog.requests.due(10)) == 1


def test_a_request_that_an_open_one_covers_is_not_written_twice(catalog):
    catalog.accept_video(video())
    assert catalog.requests.add([KEY], Cause.MANUAL) == 0
    assert catalog.requests.add([KEY], Cause.STALE, stages=["layout"]) == 0
    assert requests(catalog) == [("upload", None)]


def test_a_request_for_more_takes_the_place_of_one_for_less(catalog):
    catalog.accept_video(video())
    catalog.finish_video(KEY, now())
    catalog.requests.add([KEY], Cause.STALE, stages=["layout"])
    catalog.requests.add([KEY], Cause.STALE, stages=["topics"])
    assert requests(catalog) == [("stale", ["layout", "topics"])]
    catalog.requests.add([KEY], Cause.MANUAL)
    assert requests(catalog) == [("manual", None)]


def test_what_was_not_in_the_background_does_not_get_there(catalog):
    catalog.accept_video(video())
    catalog.finish_video(KEY, now())
    catalog.requests.add([KEY], Cause.MANUAL, stages=["layout"])
    catalog.requests.add([KEY], Cause.STALE, stages=["topics"])
    [request] = catalog.requests.due(10)
    assert (request.cause, request.priority, request.stages) == ("manual", 0, ["layout", "topics"])


def test_a_request_waits_for_its_time_and_one_for_now_does_not_wait_for_it(catalog):
    catalog.accept_video(video())
    catalog.finish_video(KEY, now())
    catalog.requests.add([KEY], Cause.RETRY, wait_s=60)
    assert requests(catalog) == [] and catalog.requests.count() == (0, 1)
    catalog.requests.add([KEY], Cause.SIDECAR)
    assert requests(catalog) == [("sidecar", None)] and catalog.requests.count() == (1, 0)


def test_a_run_takes_its_request_in_hand_and_ends_it(catalog):
    catalog.accept_video(video())
    [request] = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    assert requests(catalog) == [] and catalog.requests.videos() == {KEY}
    assert [r.run_id for r in catalog.requests.in_flight()] == ["run-1"]
    # What is requested meanwhile is a request of its own.
    assert catalog.requests.add([KEY], Cause.SIDECAR) == 1
    catalog.requests.done("run-1")
    assert catalog.requests.in_flight() == [] and requests(catalog) == [("sidecar", None)]


def test_a_lost_request_is_opened_again_as_a_new_one(catalog):
    catalog.accept_video(video())
    [request] = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    catalog.requests.reopen([request.id])
    [again] = catalog.requests.due(10)
    assert again.id != request.id and again.cause == "upload"


def test_finishing_meets_the_requests_that_the_run_began_with_and_no_later_one(catalog):
    catalog.accept_video(video())
    began = now()
    catalog.change_sidecar(KEY, "v2", 1)
    catalog.finish_video(KEY, began)
    assert requests(catalog) == [("upload", None)]
    catalog.finish_video(KEY, now())
    assert requests(catalog) == []


def test_nothing_is_requested_of_a_retired_video_until_it_is_revived(catalog):
    catalog.accept_video(video())
    catalog.retire_video(KEY)
    assert requests(catalog) == [] and catalog.requests.add([KEY], Cause.MANUAL) == 0
    assert catalog.unfinished() == []
    catalog.revive_video(KEY, "", 2)
    assert requests(catalog) == [("upload", None)]


def test_a_channel_with_many_requests_hides_no_other(catalog):
    for k in range(12):
        catalog.accept_video(
            video(video_id=f"big--v{k:02d}-0123456789", channel="big", sha256=f"{k}")
        )
    catalog.accept_video(video(video_id="small--v-0123456789", channel="small", sha256="s"))
    due = catalog.requests.due(3)
    assert [r.channel for r in due] == ["big", "small", "big", "big"]


def test_videos_that_nobody_requests_for_and_nobody_finished_are_found(catalog):
    catalog.accept_video(video())
    assert catalog.unfinished() == []
    [request] = catalog.requests.due(1)
    catalog.requests.submitted({request.id: "run-1"})
    assert catalog.unfinished() == []
    catalog.requests.done("run-1")
    assert catalog.unfinished() == [KEY]
    catalog.finish_video(KEY, now())
    assert catalog.unfinished() == []


def test_what_waits_for_money_is_not_hurried_by_a_wish_for_less(catalog):
    catalog.accept_video(video())
    [request] = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    until = now() + timedelta(hours=5)
    catalog.requests.wait(KEY, "run-1", waits_for="deployment/day", why="none", until=until)
    assert requests(catalog) == [] and catalog.requests.count_waiting() == 1
    assert catalog.requests.add([KEY], Cause.MANUAL, stages=["layout"]) == 1
    assert requests(catalog) == [("manual", ["layout"])] and catalog.requests.count_waiting() == 1
    [less] = catalog.requests.due(10)
    catalog.requests.submitted({less.id: "run-2"})
    catalog.finish_video(KEY, now(), None, ["layout"])
    assert catalog.requests.count_waiting() == 1 and requests(catalog) == []
    # A wish for all of it is the same wish, now.
    assert catalog.requests.add([KEY], Cause.MANUAL) == 1
    assert requests(catalog) == [("manual", None)] and catalog.requests.count_waiting() == 0


def test_a_run_that_waits_for_money_takes_no_edit_with_it(catalog):
    catalog.accept_video(video())
    [request] = catalog.requests.due(10)
    catalog.requests.submitted({request.id: "run-1"})
    catalog.requests.add([KEY], Cause.EDIT, stages=["rendered_clips"], wait_s=20)
    until = now() + timedelta(hours=5)
    catalog.requests.wait(KEY, "run-1", waits_for="deployment/day", why="none", until=until)
    [waits] = catalog.requests.waiting([KEY])
    assert (waits.cause, waits.stages) == ("retry", None)
    assert catalog.requests.has_claimable([Cause.EDIT], ahead_s=20)
    # Asked for once more by the same run, it is not asked for later than somebody wants it.
    catalog.requests.add([KEY], Cause.EDIT, stages=["rendered_clips"], wait_s=900, after="run-1")
    assert catalog.requests.has_claimable([Cause.EDIT], ahead_s=20)
