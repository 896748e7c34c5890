"""What happens is written down where it happens."""

from __future__ import annotations

from datetime import timedelta

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.event_types import EVENTS
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import now
from vidpipe.catalog.upload_sessions import UploadSessionState
from vidpipe.catalog.upload_tables import UploadSessionRow
from vidpipe_tests.events.conftest import VIDEO, kinds, told


def upload(state="pending", **fields):
    given = {"key": "default/talk.mp4", "channel": "default", "version": "v", "size_bytes": 1}
    return tables.UploadRow(**{**given, "state": state, **fields})


def clip(rank=1, **fields):
    given = {
        "clip_id": f"c{rank}",
        "video_id": VIDEO,
        "rank": rank,
        "title": "clip",
        "score": 50.0,
        "start_s": 0.0,
        "end_s": 10.0,
        "duration_s": 10.0,
        "compositions": [],
    }
    return tables.ClipRow(**{**given, **fields})


def test_a_job_from_its_upload_to_its_end(filmed):
    before = filmed.events.newest_id()
    filmed.inbox.notice([_noticed()])
    job = tables.JobRow(
        job_id="job-1", channel="default", asked_by="local", upload_key="default/talk.mp4"
    )
    filmed.jobs.add([job])
    filmed.inbox.decide(upload("alias", video_id=VIDEO))
    filmed.heartbeats.beat("run-1", VIDEO)
    filmed.heartbeats.stop(["run-1"])
    filmed.finish_video(VIDEO, now())
    filmed.requests.done("none")
    assert kinds(filmed, before) == [
        "job.queued",
        "intake.accepted",
        "job.video_assigned",
        "job.running",
        "job.queued",
        "video.completed",
        "job.completed",
    ]
    queued, accepted, *_, completed = told(filmed, before)
    assert queued.job_id == "job-1" and queued.video_id is None
    assert accepted.data["duplicate"] is True and accepted.video_id == VIDEO
    assert completed.data["state"] == "done" and completed.video_id == VIDEO


def _noticed():
    return {
        "key": "default/talk.mp4",
        "channel": "default",
        "version": "v",
        "size_bytes": 1,
        "modified_s": 0.0,
        "sidecars": {},
        "sidecar_version": "",
    }


def test_an_upload_that_is_refused_fails_its_job(filmed):
    before = filmed.events.newest_id()
    filmed.inbox.notice([_noticed()])
    job = tables.JobRow(
        job_id="job-1", channel="default", asked_by="local", upload_key="default/talk.mp4"
    )
    filmed.jobs.add([job])
    filmed.inbox.decide(upload("quarantined", reason="no_video", message="secret words"))
    assert kinds(filmed, before) == ["job.queued", "intake.refused", "job.failed"]
    _, refused, failed = told(filmed, before)
    assert refused.data["error"] == failed.data["error"] == {"code": "no_video", "stage": "intake"}
    assert "secret" not in str([event.data for event in told(filmed)])


def test_stages_and_what_they_make(filmed):
    before = filmed.events.newest_id()
    filmed.stage_started(VIDEO, "transcript")

    def row(**fields):
        given = {"video_id": VIDEO, "stage": "transcript", "fingerprint": "f", "wall_s": 1.25}
        return tables.StageRunRow(**{**given, "reused": False, **fields})

    filmed.record_stage(row())
    filmed.record_stage(row(error="what a stranger says", error_kind="Unavailable"), "unavailable")
    assert [(e.kind, dict(e.data)) for e in told(filmed, before)] == [
        ("stage.started", {"video_id": VIDEO, "stage": "transcript"}),
        (
            "stage.completed",
            {"video_id": VIDEO, "stage": "transcript", "reused": False, "wall_s": 1.25},
        ),
        (
            "stage.failed",
            {
                "video_id": VIDEO,
                "stage": "transcript",
                "wall_s": 1.25,
                "error": {"code": "unavailable", "stage": "transcript"},
            },
        ),
    ]


def test_only_clips_that_were_made_are_told_of(filmed):
    def replace(*rows):
        before = filmed.events.newest_id()
        filmed.replace(Rows(tables.ClipRow, {"video_id": VIDEO}, rows))
        return [(e.data["clip_id"], e.data["replaced"]) for e in told(filmed, before)]

    assert replace(clip(1), clip(2)) == [("c1", False), ("c2", False)]
    # Found again, nothing was made.
    assert replace(clip(1), clip(2)) == []
    assert replace(clip(1), clip(2, score=60.0), clip(3)) == [("c2", True), ("c3", False)]
    export = tables.ExportRow(
        clip_id="c1",
        video_id=VIDEO,
        platform="tiktok",
        key="k",
        size_bytes=5,
        duration_s=10.0,
        conforms=True,
    )
    before = filmed.events.newest_id()
    filmed.replace(Rows(tables.ExportRow, {"video_id": VIDEO, "platform": "tiktok"}, [export]))
    (made,) = told(filmed, before)
    assert (made.kind, made.data["platform"], made.data["conforms"]) == (
        "export.created",
        "tiktok",
        True,
    )


def test_failures_and_the_end_of_a_video(filmed):
    before = filmed.events.newest_id()
    failed = Failed(VIDEO, "default", "process_video", "layout", "unavailable", "away", "run-1")
    filmed.failures.add(failed, attempts=1, dead=False)
    filmed.failures.add(
        Failed(VIDEO, "default", "process_video", "layout", "unavailable", "away", "run-2"),
        attempts=2,
        dead=True,
    )
    filmed.retire_video(VIDEO)
    filmed.retire_video(VIDEO)
    found = told(filmed, before)
    assert [e.kind for e in found] == [
        "failure.recorded",
        "failure.recorded",
        "video.failed",
        "video.retired",
    ]
    assert [e.data["given_up"] for e in found[:2]] == [False, True]
    assert found[0].data["error"] == {"code": "unavailable", "stage": "layout"}


def test_uploads_through_the_api(catalog):
    def begin(number):
        row = UploadSessionRow(
            upload_id=f"upload-{number}",
            channel="default",
            key=f"default/{number}.mp4",
            name=f"{number}.mp4",
            media_type="video/mp4",
            fingerprint="",
            client_metadata="",
            size_bytes=10,
            protocol="tus",
            asked_by="local",
            expires_at=now() + timedelta(hours=1),
        )
        assert catalog.upload_sessions.add(row)

    ends = (
        (UploadSessionState.FINISHED, "upload.completed"),
        (UploadSessionState.CANCELLED, "upload.cancelled"),
        (UploadSessionState.EXPIRED, "upload.expired"),
    )
    for number, (state, kind) in enumerate(ends):
        before = catalog.events.newest_id()
        begin(number)
        assert catalog.upload_sessions.end(f"upload-{number}", state)
        assert not catalog.upload_sessions.end(f"upload-{number}", state)
        assert kinds(catalog, before) == ["upload.started", kind]
        assert told(catalog, before)[0].data["upload_key"] == f"default/{number}.mp4"


def test_everything_that_is_told_is_as_its_type_has_it(filmed):
    test_stages_and_what_they_make(filmed)
    test_failures_and_the_end_of_a_video(filmed)
    for event in told(filmed):
        EVENTS[event.kind].model_validate(dict(event.data))
