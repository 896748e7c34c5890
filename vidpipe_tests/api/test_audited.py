"""What requests change is written down: who, what, which object, as it was and as it is."""

import time

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from vidpipe.accounts.model import Grant, Role
from vidpipe.api import audited
from vidpipe.api.app import api_app
from vidpipe.api.audited import AuditedRoute
from vidpipe.catalog.idempotency import LEASE
from vidpipe.catalog.tables import IdempotencyRow, now
from vidpipe.catalog.units import apart
from vidpipe_tests.api.guarded import guarded, routes_of

ADMIN, EDITOR = "admin@example.org", "editor@example.org"
READS = {"GET", "HEAD", "OPTIONS"}
#: These write rows of their own, in the transactions of their changes.
ACCOUNTS = ("/auth", "/users", "/keys")


@pytest.fixture
def service(tmp_path):
    with guarded(tmp_path) as made:
        made.user(ADMIN, Grant("acme", Role.ADMIN))
        made.user(EDITOR, Grant("acme", Role.EDITOR))
        yield made


def log(service, about):
    header = service.login(ADMIN)
    return service.client.get(f"/audit?action={about}", headers=header).json()["items"]


def test_a_job_is_followed_from_its_creation_to_its_end(service):
    editor, video = service.login(EDITOR), service.objects("news")["video_id"]
    once = {**editor, "Idempotency-Key": "k1", "X-Request-ID": "mine-0001"}
    body = {"video_id": video}
    job = service.client.post("/jobs", json=body, headers=once).json()["job_id"]
    # Answered again: nothing is created, and nothing written.
    assert service.client.post("/jobs", json=body, headers=once).json()["job_id"] == job
    assert service.client.post(f"/jobs/{job}/cancel", headers=editor).status_code == 200
    # Refused, so that nothing changed.
    assert service.client.post(f"/jobs/{job}/cancel", headers=editor).status_code == 409
    assert service.client.get(f"/jobs/{job}", headers=editor).status_code == 200
    cancelled, created = log(service, "job")
    assert (created["action"], created["object"]) == ("job.create", f"jobs/{job}")
    assert created["before"] is None and len(created["after"]) == 64
    assert created["actor"].startswith("user:") and created["request_id"] == "mine-0001"
    assert cancelled["action"] == "job.cancel" and cancelled["object"] == f"jobs/{job}/cancel"
    assert cancelled["before"] == created["after"] != cancelled["after"]


def test_a_video_is_as_it_was_and_as_it_is(service):
    editor, video = service.login(EDITOR), service.objects("news")["video_id"]
    hold = f"/videos/{video}/hold"
    assert service.client.put(hold, json={"reason": "kept"}, headers=editor).status_code == 200
    assert service.client.delete(hold, headers=editor).status_code == 200
    released, held = log(service, "video")
    assert (held["action"], released["action"]) == ("video.hold", "video.release")
    assert held["after"] == released["before"] and held["before"] == released["after"]


def test_another_organisation_does_not_see_it(service):
    service.user("other@example.org", Grant("default", Role.ADMIN))
    editor, video = service.login(EDITOR), service.objects("news")["video_id"]
    service.client.post("/jobs", json={"video_id": video}, headers=editor)
    other = service.login("other@example.org")
    assert service.client.get("/audit?action=job", headers=other).json()["items"] == []
    assert len(log(service, "job")) == 1


def test_what_took_too_long_is_done_and_written_down(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_SERVICE__TIMEOUT_S", "1.5")
    with guarded(tmp_path) as service:
        service.user(ADMIN, Grant("acme", Role.ADMIN))
        header, real = service.login(ADMIN), service.library.projects.create

        def slowly(*args, **more):
            time.sleep(2.5)
            return real(*args, **more)

        monkeypatch.setattr(service.library.projects, "create", slowly)
        body = {"channel": "news", "name": "spring"}
        assert service.client.post("/projects", json=body, headers=header).status_code == 504
        until = time.monotonic() + 20
        while not log(service, "project") and time.monotonic() < until:
            time.sleep(0.3)
        assert [row["action"] for row in log(service, "project")] == ["project.create"]


def test_what_is_taken_over_by_whoever_asks_again_is_created_once(service, monkeypatch):
    header, real = service.login(EDITOR), service.library.projects.create
    body = {"channel": "news", "name": "spring"}
    once = {**header, "Idempotency-Key": "slow"}
    again = []

    def slowly(channel, _, description):
        monkeypatch.setattr(service.library.projects, "create", real)
        with apart(), service.library.engine.catalog.writing() as session:
            session.execute(update(IdempotencyRow).values(at=now() - 2 * LEASE))
        again.append(service.client.post("/projects", json=body, headers=once))
        return real(channel, "spring too", description)

    monkeypatch.setattr(service.library.projects, "create", slowly)
    first = service.client.post("/projects", json=body, headers=once)
    assert (first.status_code, first.json()["code"]) == (409, "request_in_progress")
    assert again[0].status_code == 201
    listed = service.client.get("/projects", headers=header).json()["items"]
    assert [project["name"] for project in listed] == ["spring"]
    replayed = service.client.post("/projects", json=body, headers=once)
    assert replayed.json() == again[0].json() and len(log(service, "project")) == 1


def test_a_batch_of_two_organisations_is_told_to_both(service):
    service.user("other@example.org", Grant("default", Role.ADMIN))
    service.user("both@example.org", Grant("acme", Role.EDITOR), Grant("default", Role.EDITOR))
    videos = [service.objects(channel)["video_id"] for channel in ("news", "default")]
    body = {"jobs": [{"video_id": video} for video in videos]}
    both = service.login("both@example.org")
    assert service.client.post("/jobs/batch", json=body, headers=both).status_code == 201
    other = service.login("other@example.org")
    rows = service.client.get("/audit?action=jobs", headers=other).json()["items"]
    assert [row["action"] for row in rows] == ["jobs.create"]
    assert len(log(service, "jobs")) == 1


@pytest.mark.logs_errors
def test_what_cannot_be_written_down_is_told_to_the_log_of_the_service(
    service, monkeypatch, caplog
):
    editor = service.login(EDITOR)

    def broken(*_, **__):
        raise OperationalError("insert into audit", {}, Exception("the disk is full"))

    monkeypatch.setattr(audited, "record", broken)
    body = {"channel": "news", "name": "spring"}
    answer = service.client.post("/projects", json=body, headers=editor)
    assert answer.status_code == 503 and answer.json()["code"] == "unavailable"
    (event,) = [r.msg for r in caplog.records if str(r.msg).startswith("audit_write_failed")]
    assert event.fields["action"] == "project.create"
    assert event.fields["object"].startswith("projects/")
    assert service.client.get("/projects", headers=editor).json()["items"] == []


def test_a_route_of_the_event_loop_says_that_it_writes_down_itself():
    async def forgetful() -> None: ...

    with pytest.raises(TypeError, match="forgetful changes something"):
        AuditedRoute("/x", forgetful, methods=["POST"])
    AuditedRoute("/x", forgetful, methods=["GET"])


@pytest.mark.logs_errors
def test_what_changes_something_without_a_row_is_taken_back(service, monkeypatch):
    editor, real = service.login(EDITOR), audited.settle

    def settle(given, *args, **more):
        given.recorded.append("said, and not done")
        return real(given, *args, **more)

    monkeypatch.setattr(audited, "settle", settle)
    body = {"channel": "news", "name": "spring"}
    assert service.client.post("/projects", json=body, headers=editor).status_code == 500
    assert service.client.get("/projects", headers=editor).json()["items"] == []


def test_no_route_that_changes_something_is_forgotten(service):
    routes = routes_of(api_app(service.library))
    changing = [r for r in routes if r.methods - READS and not r.path.startswith(ACCOUNTS)]
    assert len(changing) >= 11
    assert [r.path for r in changing if not isinstance(r, AuditedRoute)] == []
