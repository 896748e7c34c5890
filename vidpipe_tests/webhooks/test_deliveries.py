"""Events reach whoever subscribed: what they are told, and how it is signed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.following import end
from vidpipe.catalog.states import DeliveryState, JobState
from vidpipe.catalog.tables import JobRow, now
from vidpipe.catalog.webhook_tables import DeliveryRow, EndpointRow
from vidpipe_tests.webhooks.receiver import Reply, receiving

ALL = ["job.completed", "job.failed", "job.cancelled", "video.completed", "video.failed"]


# What is sent


def test_a_finished_job_is_told_of_with_ids_and_links(hooks, receiver):
    made = hooks.endpoint(receiver)
    job_id = hooks.happen()
    hooks.send()
    (request,) = receiver.got
    told = request.verified(made.secret)
    assert told["type"] == "job.completed"
    assert told["timestamp"].endswith("Z")
    video_id = told["data"]["video_id"]
    assert told["data"] == {
        "organisation": "acme",
        "channel": "news",
        "job_id": job_id,
        "video_id": video_id,
        "project_id": None,
        "batch_id": None,
        "state": "done",
        "links": {
            "job": f"https://clips.example.org/api/v1/jobs/{job_id}",
            "video": f"https://clips.example.org/api/v1/videos/{video_id}",
        },
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "vidpipe/test"
    row = hooks.only_delivery()
    assert (row.state, row.attempts, row.last_status, row.due_at) == ("delivered", 1, 204, None)
    assert request.id == row.event_id
    found = hooks.library.webhooks.get(made.endpoint.endpoint_id)
    assert found.last_success_at is not None and found.failing_since is None


def test_each_end_of_a_job_and_of_a_video_is_told_of(hooks, receiver):
    made = hooks.endpoint(receiver, types=ALL)
    hooks.happen()
    failing, cancelled = hooks.happen(), hooks.happen()
    jobs = {name: hooks.catalog.jobs.get(name) for name in (failing, cancelled)}
    hooks.send()
    receiver.got.clear()
    again = {name: f"{name}-again" for name in jobs}
    for name, row in jobs.items():
        added = JobRow(job_id=again[name], channel="news", asked_by="local", video_id=row.video_id)
        hooks.catalog.jobs.add([added])
    hooks.catalog.jobs.cancel(again[cancelled])
    video_id = jobs[failing].video_id
    failed = Failed(video_id, "news", "process", "transcript", "unavailable", "secret", "run-1")
    hooks.catalog.requests.done("none")
    (request,) = [r for r in hooks.catalog.requests.due(100) if r.video_id == video_id]
    hooks.catalog.requests.submitted({request.id: "run-1"})
    hooks.catalog.failures.add(failed, attempts=5, dead=True)
    hooks.catalog.requests.done("run-1")
    hooks.send()
    told = {r.read()["type"]: r.verified(made.secret)["data"] for r in receiver.got}
    assert set(told) == {"job.cancelled", "job.failed", "video.failed"}
    assert told["job.cancelled"]["job_id"] == again[cancelled]
    error = {"code": "unavailable", "stage": "transcript"}
    assert told["job.failed"]["error"] == told["video.failed"]["error"] == error
    assert b"secret" not in b"".join(r.body for r in receiver.got)


def test_the_same_end_that_is_reported_twice_is_told_of_once(hooks, receiver):
    hooks.endpoint(receiver, types=["video.completed"])
    began = now()
    hooks.happen()

    def told() -> list[EventRow]:
        return [row for row in hooks.rows(EventRow) if row.type == "video.completed"]

    (event,) = told()
    hooks.catalog.finish_video(event.data["video_id"], began)
    assert len(told()) == 1
    hooks.catalog.finish_video(event.data["video_id"], now())
    assert len(told()) == 2


def test_events_go_to_whose_they_are_and_who_subscribed(hooks, receiver):
    with receiving() as theirs, receiving() as channel, receiving() as other_type:
        hooks.endpoint(receiver)
        hooks.endpoint(theirs, organisation="default")
        hooks.endpoint(channel, channels=["talks"])
        hooks.endpoint(other_type, types=["job.failed"])
        news, talks, default = hooks.happen("news"), hooks.happen("talks"), hooks.happen("default")
        hooks.send()

        def jobs(of):
            return [r.read()["data"]["job_id"] for r in of.got]

        assert sorted(jobs(receiver)) == sorted([news, talks])
        assert jobs(theirs) == [default]
        assert jobs(channel) == [talks]
        assert jobs(other_type) == []


def test_events_of_before_a_subscription_are_not_sent(hooks, receiver):
    with receiving() as older:
        hooks.endpoint(older)
        hooks.happen()
        hooks.endpoint(receiver)
        hooks.send()
        assert len(older.got) == 1 and receiver.got == []


def test_where_nobody_listens_nothing_is_due(hooks, receiver):
    hooks.endpoint(receiver, types=["video.failed"])
    hooks.happen()
    told = hooks.rows(EventRow)
    assert "job.completed" in {row.type for row in told}
    assert {row.due_at for row in told} == {None}
    assert not hooks.dispatcher().fan_out() and hooks.rows(DeliveryRow) == []


def test_what_is_rolled_back_is_not_told_of(hooks, receiver):
    hooks.endpoint(receiver, types=ALL)
    job = JobRow(job_id="job-x", channel="news", asked_by="local", state="queued", attempts=1)

    def go(fail: bool) -> None:
        with hooks.catalog.writing() as session:
            row = session.get_one(JobRow, "job-x")
            end(session, row, JobState.FAILED, code="unavailable", message="away")
            session.flush()
            if fail:
                raise KeyError("later in the transaction")

    with hooks.catalog.writing() as session:
        session.add(job)
    with pytest.raises(KeyError):
        go(True)
    hooks.send()
    assert hooks.rows(EventRow) == [] and receiver.got == []
    go(False)
    hooks.send()
    assert [r.read()["type"] for r in receiver.got] == ["job.failed"]


# Secrets


def test_both_secrets_sign_while_they_overlap(hooks, receiver):
    old = hooks.endpoint(receiver)
    new = hooks.library.webhooks.rotate(old.endpoint.endpoint_id)
    assert new.secret != old.secret and new.endpoint.old_secret_until > now()
    hooks.happen()
    hooks.send()
    receiver.got[0].verified(old.secret)
    receiver.got[0].verified(new.secret)
    assert len(receiver.got[0].headers["webhook-signature"].split()) == 2
    # When it is over only the new one does, and the old one is kept no longer.
    with hooks.catalog.writing() as session:
        session.query(EndpointRow).update({"old_secret_until": now() - timedelta(seconds=1)})
    hooks.happen()
    hooks.send()
    receiver.got[1].verified(new.secret)
    with pytest.raises(WebhookVerificationError):
        receiver.got[1].verified(old.secret)
    hooks.dispatcher().tidy()
    (row,) = hooks.rows(EndpointRow)
    assert row.old_secret is None and row.old_secret_until is None


def test_an_old_secret_that_leaked_ends_at_once(hooks, receiver):
    old = hooks.endpoint(receiver)
    new = hooks.library.webhooks.rotate(old.endpoint.endpoint_id, overlap_h=0)
    hooks.happen()
    hooks.send()
    receiver.got[0].verified(new.secret)
    with pytest.raises(WebhookVerificationError):
        receiver.got[0].verified(old.secret)


# Test events


def test_a_ping_is_sent_once_and_says_nothing_of_the_endpoint(hooks, receiver):
    made = hooks.endpoint(receiver)
    endpoint_id = made.endpoint.endpoint_id
    receiver.replies = [Reply(500), Reply(200)]
    sent = hooks.library.webhooks.test(endpoint_id)
    hooks.send()
    told = receiver.got[0].verified(made.secret)
    assert told["type"] == "ping" and told["data"] == {"endpoint_id": endpoint_id, "links": {}}
    assert hooks.library.webhooks.delivery(sent.delivery_id).state is DeliveryState.FAILED
    found = hooks.library.webhooks.get(endpoint_id)
    assert found.failing_since is None
    # Also before it is enabled again.
    hooks.library.webhooks.change(endpoint_id, revision=found.revision, enabled=False)
    sent = hooks.library.webhooks.test(endpoint_id)
    hooks.send()
    assert hooks.library.webhooks.delivery(sent.delivery_id).state is DeliveryState.DELIVERED
