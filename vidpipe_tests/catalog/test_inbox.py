"""Noticed uploads, failures, heartbeats."""

import time
from datetime import timedelta

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import UploadRow, now
from vidpipe_tests.catalog.conftest import video


def seen(key="default/talk.mp4", version="v1", **more):
    row = {
        "key": key,
        "channel": key.partition("/")[0],
        "version": version,
        "size_bytes": 5_000_000_000,
        "modified_s": 0.0,
        "sidecars": {".srt": "default/talk.srt"},
        "sidecar_version": "s1",
    }
    return {**row, **more}


def waiting(catalog, **how):
    return [row.key for row in catalog.inbox.waiting(10, **how)]


def decided(key="default/talk.mp4", version="v1"):
    return UploadRow(key=key, channel="default", version=version, size_bytes=1, state="accepted")


def test_what_is_noticed_waits_until_it_is_decided_on(catalog):
    catalog.inbox.notice([seen()])
    assert catalog.inbox.known(["default/talk.mp4", "default/no.mp4"]) == {
        "default/talk.mp4": ("v1", "s1")
    }
    [row] = catalog.inbox.waiting(10)
    assert row.sidecars == {".srt": "default/talk.srt"} and catalog.inbox.count() == 1
    catalog.inbox.decide(decided())
    assert waiting(catalog) == [] and catalog.inbox.count() == 0


def test_a_file_is_left_alone_until_it_stood_still(catalog):
    catalog.inbox.notice([seen(modified_s=time.time())])
    assert waiting(catalog) == ["default/talk.mp4"]
    assert waiting(catalog, settled_s=60) == []


def test_a_new_version_starts_from_the_beginning(catalog):
    catalog.inbox.notice([seen()])
    assert catalog.inbox.begin("default/talk.mp4", "v1") == 1
    catalog.inbox.defer("default/talk.mp4", now() + timedelta(hours=1))
    assert waiting(catalog) == []
    catalog.inbox.notice([seen(version="v2")])
    [row] = catalog.inbox.waiting(10)
    assert (row.version, row.attempts, row.not_before) == ("v2", 0, None)
    # Whoever is still at the old version may not decide on the new one.
    assert catalog.inbox.begin("default/talk.mp4", "v1") == 0
    catalog.inbox.decide(decided(version="v1"))
    assert waiting(catalog) == ["default/talk.mp4"]


def test_many_are_noticed_at_once(catalog):
    catalog.inbox.notice([seen(f"c{k % 3}/talk{k}.mp4") for k in range(2500)])
    assert catalog.inbox.count() == 2500
    first = catalog.inbox.waiting(2)
    assert [row.channel for row in first] == ["c0", "c1", "c2"] * 2
    catalog.inbox.notice([])


def failed(run_id="r1", **more):
    fields = {
        "subject": "default--talk-0123456789",
        "channel": "default",
        "job": "process_video",
        "stage": "layout",
        "cause": "unavailable",
        "message": "away",
    }
    return Failed(**{**fields, **more}, run_id=run_id)


def test_one_living_failure_for_each_subject(catalog):
    catalog.failures.add(failed("r1"), attempts=1, dead=False)
    catalog.failures.add(failed("r2"), attempts=2, dead=False)
    [row] = catalog.failures.living()
    assert (row.run_id, row.attempts, row.state) == ("r2", 2, "waiting")
    assert catalog.failures.attempts(row.subject) == 2
    assert catalog.failures.reported("r1") and not catalog.failures.reported("r3")
    catalog.accept_video(video())
    catalog.finish_video(row.subject, now())
    assert catalog.failures.living() == [] and catalog.failures.attempts(row.subject) == 0


def test_of_failures_those_that_are_dead_are_told_of(catalog):
    catalog.failures.add(failed("r1"), attempts=1, dead=True)
    catalog.failures.add(failed("r2", subject="other--v-0123456789"), attempts=1, dead=False)
    assert [notice.data["run_id"] for notice in catalog.notices.newest(9)] == ["r1"]
    assert [r.run_id for r in catalog.failures.living()] == ["r2", "r1"]
    assert [r.run_id for r in catalog.failures.living(cause="unavailable", channel="other")] == []


def test_signs_of_life_go_on_by_themselves_and_end_with_the_work(catalog):
    with catalog.heartbeats.alive("run-1", "v"):
        for _ in range(100):
            if catalog.heartbeats.last():
                break
            time.sleep(0.05)
        assert set(catalog.heartbeats.last()) == {"run-1"} and catalog.heartbeats.at_work() == {"v"}
        assert catalog.heartbeats.last()["run-1"].tzinfo is not None
    assert catalog.heartbeats.last() == {}


def test_work_goes_on_while_the_database_is_away(catalog, monkeypatch):
    from vidpipe.errors import Unavailable

    def away(*_):
        raise Unavailable("gone")

    monkeypatch.setattr(catalog.heartbeats, "beat", away)
    monkeypatch.setattr(catalog.heartbeats, "stop", away)
    with catalog.heartbeats.alive("run-1"):
        done = 1 + 1
    assert done == 2
