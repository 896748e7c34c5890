"""The API as programs use it: jobs, results, errors, repeated requests, who may do what."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import jsonschema
import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from vidpipe.accounts.model import Action, Grant, Principal, Role, Scope
from vidpipe.api.app import api_app, service
from vidpipe.api.asked import asks
from vidpipe.api.models import JobCreate
from vidpipe.api.security.dependencies import principal
from vidpipe.api.security.gate import is_loopback
from vidpipe.catalog.failures import Failed
from vidpipe.errors import Unavailable
from vidpipe_tests.api.answers import problem
from vidpipe_tests.api.conftest import served


def finish(library, video_id: str) -> None:
    from vidpipe.catalog.tables import now

    library.engine.catalog.finish_video(video_id, now())


# Jobs


def test_a_job_is_created_followed_and_done(client, library, video_id):
    made = client.post("/jobs", json={"video_id": video_id})
    assert made.status_code == 201
    where = made.headers["location"]
    job = client.get(where.removeprefix("/api/v1")).json()
    assert job["state"] == "queued" and job["progress"]["percentage"] == 0
    assert job["created_at"].endswith("Z")
    wanted = library.engine.pipeline.names(library.engine.channels["default"].platforms)
    assert job["progress"]["stages_remaining"] == wanted
    assert job["progress"]["eta_s"] > 0, "every stage ran here before"
    order = library.engine.order(video_id)
    library.engine.run_stage(wanted[0], video_id, order)
    job = client.get(f"/jobs/{job['job_id']}").json()
    assert job["progress"]["stages_completed"] == wanted[:1]
    finish(library, video_id)
    job = client.get(f"/jobs/{job['job_id']}").json()
    assert job["state"] == "done" and job["progress"]["percentage"] == 100
    assert job["ended_at"] is not None
    results = client.get(f"/jobs/{job['job_id']}/results").json()
    assert results["video"]["id"] == video_id and results["clips"]


def test_a_job_is_cancelled_retried_and_listed_by_its_state(client, video_id):
    job_id = client.post("/jobs", json={"video_id": video_id}).json()["job_id"]
    assert client.post(f"/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    problem(client.post(f"/jobs/{job_id}/cancel"), 409, "wrong_state")
    listed = client.get("/jobs", params={"state": "cancelled", "video_id": video_id}).json()
    assert [job["job_id"] for job in listed["items"]] == [job_id]
    again = client.post(f"/jobs/{job_id}/retry").json()
    assert (again["state"], again["attempts"]) == ("queued", 2)


def test_stages_and_platforms_are_asked_for_again_as_jobs_of_their_own(client, video_id):
    job_id = client.post("/jobs", json={"video_id": video_id}).json()["job_id"]
    more = client.post(f"/jobs/{job_id}/stages", json={"stages": ["scored_segments"]})
    assert more.status_code == 201 and more.json()["stages"] == ["scored_segments"]
    platform = client.post(f"/jobs/{job_id}/platforms", json={"platform": "tiktok"})
    assert platform.json()["stages"][-1].endswith("/tiktok")
    refused = client.post(f"/jobs/{job_id}/platforms", json={"platform": "myspace"})
    assert "channels.yaml" in problem(refused, 422, "invalid_request")["detail"]
    problem(
        client.post(f"/jobs/{job_id}/stages", json={"stages": ["magic"]}), 422, "invalid_request"
    )


def test_a_job_says_what_it_wants_differently_and_another_one_what_then(client, library, video_id):
    options = {"clips": 3, "length": "20-45", "template": "karaoke", "captions": {"enabled": False}}
    made = client.post("/jobs", json={"video_id": video_id, "options": options})
    assert made.status_code == 201 and made.json()["options"] == options
    job_id = made.json()["job_id"]
    (request,) = library.engine.catalog.requests.due(10)
    assert request.run_options == options
    stages = {"stages": ["rendered_clips"]}
    again = client.post(f"/jobs/{job_id}/stages", json=stages).json()
    assert (again["options"], again["stages"]) == (options, ["rendered_clips"])
    other = client.post(f"/jobs/{job_id}/stages", json={"options": {"accent": "#ff0000"}}).json()
    assert (other["options"], other["stages"]) == ({"accent": "#ff0000"}, None)
    plain = client.post("/jobs", json={"video_id": video_id, "options": {}}).json()
    assert plain["options"] is None


def test_a_platform_is_added_to_those_that_a_job_was_for(client, video_id):
    options = {"platforms": ["youtube_shorts"], "clips": 1}
    made = client.post("/jobs", json={"video_id": video_id, "options": options}).json()
    added = client.post(f"/jobs/{made['job_id']}/platforms", json={"platform": "tiktok"}).json()
    assert added["options"] == {"platforms": ["youtube_shorts", "tiktok"], "clips": 1}
    assert added["stages"] == ["rendered_clips", "platform_exports/tiktok"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"template": "nothing"}, "nothing"),
        ({"platforms": ["myspace"]}, "myspace"),
        ({"length": "45-20"}, "length"),
        ({"transcript": "oracle"}, "transcript"),
        ({"clips": 0}, "options.clips"),
        ({"captions": {"font_file": "/etc/passwd"}}, "font_file"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_its_name(client, video_id, options, said):
    answer = client.post("/jobs", json={"video_id": video_id, "options": options})
    assert said in str(problem(answer, 422, "invalid_request"))
    assert client.get("/jobs").json()["items"] == []


def test_a_batch_is_created_whole_or_not_at_all(client, video_id):
    wrong = {"jobs": [{"video_id": video_id}, {"video_id": "default--gone-0"}]}
    problem(client.post("/jobs/batch", json=wrong), 404, "video_not_found")
    assert client.get("/jobs").json()["items"] == []
    made = client.post("/jobs/batch", json={"jobs": [{"video_id": video_id}] * 3})
    assert made.status_code == 201 and len(made.json()["items"]) == 3
    listed = client.get(made.headers["location"].removeprefix("/api/v1")).json()
    assert len(listed["items"]) == 3


@pytest.fixture
def statements(library):
    """What the catalog is asked, as it is asked."""
    said = []

    def note(_, __, statement, *___):
        if statement.split(None, 1)[0] not in ("BEGIN", "PRAGMA"):
            said.append(statement)

    event.listen(library.engine.catalog.engine, "before_cursor_execute", note)
    yield said
    event.remove(library.engine.catalog.engine, "before_cursor_execute", note)


def test_whether_one_may_do_something_to_a_job_is_told_by_its_row_alone(
    client, library, video_id, statements
):
    job_id = client.post("/jobs", json={"video_id": video_id}).json()["job_id"]
    library.spending.estimate_jobs()
    who = Principal("p", "key", scopes=frozenset(Scope), everything=True)
    asked = asks(library, who, Action.READ, "r")
    statements.clear()
    assert asked.job(job_id).video_id == video_id
    assert len(statements) == 1 and "FROM jobs" in statements[0], statements
    for path in (f"/jobs/{job_id}/cancel", f"/jobs/{job_id}/retry"):
        statements.clear()
        assert client.post(path).status_code == 200
        read = {table for table in ("cost_", "stage_runs") for s in statements if table in s}
        assert not read, path
    statements.clear()
    assert client.get(f"/jobs/{job_id}").json()["estimates"]
    assert any("cost_estimates" in said for said in statements)


def test_a_job_of_an_upload_waits_for_intake(client, library):
    row = {"key": "default/new.mp4", "channel": "default", "version": "1", "size_bytes": 1}
    row |= {"modified_s": 0.0, "sidecars": {}, "sidecar_version": ""}
    problem(client.post("/jobs", json={"upload_key": row["key"]}), 404, "upload_not_found")
    library.engine.catalog.inbox.notice([row])
    job_id = client.post("/jobs", json={"upload_key": row["key"]}).json()["job_id"]
    job = client.get(f"/jobs/{job_id}").json()
    assert job["video_id"] is None and job["progress"]["current_stage"] == "intake"
    problem(client.get(f"/jobs/{job_id}/results"), 409, "not_ready")
    (upload,) = client.get("/uploads", params={"state": "pending"}).json()["items"]
    assert upload["key"] == row["key"]


# Requests that are sent again


def test_a_request_that_is_sent_again_is_answered_again_and_done_once(client, video_id):
    sent = {"json": {"video_id": video_id}, "headers": {"Idempotency-Key": "a-1"}}
    first, second = client.post("/jobs", **sent), client.post("/jobs", **sent)
    assert first.json() == second.json() and second.status_code == 201
    assert second.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == second.headers["location"]
    assert len(client.get("/jobs").json()["items"]) == 1
    other = {"json": {"video_id": video_id, "stages": ["layout"]}, "headers": sent["headers"]}
    problem(client.post("/jobs", **other), 422, "idempotency_key_reused")


def test_a_key_whose_first_request_is_at_work_or_failed(client, library, video_id):
    keys = library.engine.catalog.idempotency
    wrong = {"json": {"video_id": "default--gone-0"}, "headers": {"Idempotency-Key": "k"}}
    problem(client.post("/jobs", **wrong), 404, "video_not_found")
    body = {"channel": "default", "name": "Spring"}
    sent = {"json": body, "headers": {"Idempotency-Key": "p"}}
    assert client.post("/projects", json=body).status_code == 201
    problem(client.post("/projects", **sent), 409, "name_taken")
    problem(client.post("/projects", **sent), 409, "name_taken")
    route = "POST /jobs"
    import hashlib
    import json

    whole = JobCreate(video_id=video_id).model_dump(mode="json")
    digest = hashlib.sha256(f"{route}\n{json.dumps(whole, sort_keys=True)}".encode()).hexdigest()
    assert keys.claim("local", "busy", route, digest).token is not None
    busy = client.post("/jobs", json={"video_id": video_id}, headers={"Idempotency-Key": "busy"})
    problem(busy, 409, "request_in_progress")
    assert busy.headers["retry-after"] == "1"


# Projects


def test_a_project_is_changed_only_as_it_was_read(client):
    made = client.post("/projects", json={"channel": "default", "name": "Spring"})
    where, tag = made.headers["location"].removeprefix("/api/v1"), made.headers["etag"]
    problem(client.patch(where, json={"name": "Summer"}), 428, "if_match_required")
    changed = client.patch(where, json={"name": "Summer"}, headers={"If-Match": tag})
    assert changed.json()["name"] == "Summer" and changed.headers["etag"] != tag
    problem(client.patch(where, json={"archived": True}, headers={"If-Match": tag}), 412, "changed")
    assert client.get("/projects", params={"archived": "true"}).json()["items"] == []


# Videos and what became of them


def test_everything_that_became_of_a_video_is_there(client, video_id):
    clips = client.get(f"/videos/{video_id}/clips").json()["items"]
    factors = {f["name"] for f in clips[0]["segment"]["factors"]}
    assert factors == {"hook", "self_contained", "payoff", "closure"}
    exports = client.get(f"/videos/{video_id}/exports").json()["items"]
    outside = client.base_url.copy_with(path="/")
    for item in exports:
        assert item["url"].startswith("http://testserver/files/")
        path = item["url"].removeprefix("http://testserver")
        assert client.head(str(outside).rstrip("/") + path).status_code == 200
    assert client.get(f"/videos/{video_id}/transcript").json()["words"]
    assert client.get(f"/videos/{video_id}/layout").json()["stretches"]
    assert client.get(f"/videos/{video_id}/chapters").json()["items"]


def test_a_video_is_held_released_and_retired(client, video_id):
    held = client.put(f"/videos/{video_id}/hold", json={"reason": "exhibition"}).json()
    assert held["hold"] == "exhibition" and held["state"] == "held"
    problem(client.post(f"/videos/{video_id}/retire"), 409, "wrong_state")
    assert client.delete(f"/videos/{video_id}/hold").json()["hold"] is None
    gone = client.post(f"/videos/{video_id}/retire").json()
    assert gone["files"] > 0
    assert client.get(f"/videos/{video_id}").json()["state"] == "retired"
    problem(client.get(f"/videos/{video_id}/results"), 409, "not_ready")
    problem(client.post("/jobs", json={"video_id": video_id}), 409, "wrong_state")


def test_a_failure_is_listed_and_retried(client, library, video_id):
    failed = Failed(video_id, "default", "process_video", "layout", "unavailable", "away", "r1")
    library.engine.catalog.failures.add(failed, attempts=1, dead=True)
    (item,) = client.get("/failures", params={"given_up": "true"}).json()["items"]
    assert client.post(f"/failures/{item['id']}/retry").json() == {"id": item["id"]}
    problem(client.post(f"/failures/{item['id']}/retry"), 404, "failure_not_found")
    assert client.get(f"/videos/{video_id}").json()["state"] == "queued"


# Who may do what


@pytest.fixture
def as_whom(library):
    """A client of somebody else."""

    def whom(role: Role, *scopes: Scope, channel: str | None = None) -> TestClient:
        app = api_app(library)
        who = Principal("user:1", "a@b.c", (Grant("default", role, channel),), frozenset(scopes))
        app.dependency_overrides[principal] = lambda: who
        return TestClient(app, base_url="http://testserver")

    return whom


def test_what_one_may_not_see_is_not_there(as_whom, client, video_id):
    job_id = client.post("/jobs", json={"video_id": video_id}).json()["job_id"]
    stranger = as_whom(Role.ADMIN, *Scope, channel="other")
    for path in ("/videos", "/jobs", "/uploads", "/failures", "/projects"):
        assert stranger.get(path).json()["items"] == [], path
    problem(stranger.get(f"/videos/{video_id}"), 404, "video_not_found")
    problem(stranger.get(f"/jobs/{job_id}"), 404, "job_not_found")
    problem(stranger.post(f"/jobs/{job_id}/cancel"), 404, "job_not_found")
    problem(stranger.post("/jobs", json={"video_id": video_id}), 404, "video_not_found")
    problem(stranger.get("/channels/default"), 404, "channel_not_found")


def test_who_may_see_may_not_yet_do(as_whom, client, video_id):
    viewer = as_whom(Role.VIEWER, *Scope)
    assert viewer.get(f"/videos/{video_id}").status_code == 200
    problem(viewer.post("/jobs", json={"video_id": video_id}), 403, "forbidden")
    problem(viewer.post(f"/videos/{video_id}/retire"), 403, "forbidden")
    reader = as_whom(Role.ADMIN, Scope.READ)
    problem(reader.put(f"/videos/{video_id}/hold", json={"reason": "x"}), 403, "forbidden")


# Errors and limits


def test_every_answer_has_an_id_and_a_sane_one_is_kept(client):
    assert re.fullmatch(r"req-[0-9a-f]{12}", client.get("/jobs").headers["x-request-id"])
    kept = client.get("/jobs", headers={"X-Request-ID": "trace-0123456789"})
    assert kept.headers["x-request-id"] == "trace-0123456789"
    for odd in ("x", "a b c d e f g h", "<script>alert(1)</script>", "a" * 100):
        assert client.get("/jobs", headers={"X-Request-ID": odd}).headers["x-request-id"] != odd


def test_answers_say_what_a_browser_may_do_with_them(client):
    for path in ("/jobs", "/jobs/none", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
    assert "<script" not in client.get("/docs").text


def test_bodies_are_bounded_whether_they_say_so_or_not(client):
    huge = b'{"video_id": "' + b"a" * 2_000_000 + b'"}'
    problem(client.post("/jobs", content=huge), 413, "too_large")

    def bits():
        yield from (huge[k : k + 65536] for k in range(0, len(huge), 65536))

    json_type = {"Content-Type": "application/json"}
    problem(client.post("/jobs", content=bits(), headers=json_type), 413, "too_large")
    problem(client.post("/jobs", content=b"\xff\xfe", headers=json_type), 422, "invalid_request")
    deep = b"[" * 100_000
    problem(client.post("/jobs", content=deep, headers=json_type), 422, "invalid_request")


def test_pages_of_others_change_nothing(client, video_id):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post(f"/videos/{video_id}/retire", headers=headers)
        problem(answer, 403, "foreign_origin")
    own = client.post("/jobs/none/cancel", headers={"Origin": "http://testserver"})
    problem(own, 404, "job_not_found")


def test_origins_that_are_allowed_are_answered_and_no_others(home):
    library = served(home, service={"cors_origins": ["https://app.example.com"]})
    client = TestClient(service(library), base_url="http://testserver/api/v1")
    asked = {"Access-Control-Request-Method": "POST"}
    good = client.options("/jobs", headers={**asked, "Origin": "https://app.example.com"})
    assert good.headers["access-control-allow-origin"] == "https://app.example.com"
    bad = client.options("/jobs", headers={**asked, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in bad.headers


@pytest.mark.logs_errors
def test_what_is_secret_is_not_said(client, library, monkeypatch):
    def away(*_, **__):
        raise Unavailable("catalog postgresql://admin:hunter2@db.internal: refused")

    def bug(*_, **__):
        raise RuntimeError("/srv/secret/path")

    monkeypatch.setattr(type(library), "list", away)
    answer = client.get("/videos")
    problem(answer, 503, "unavailable")
    assert "hunter2" not in answer.text and "internal" not in answer.text
    assert answer.headers["retry-after"] == "5"
    monkeypatch.setattr(type(library), "list", bug)
    answer = client.get("/videos")
    problem(answer, 500, "internal_error")
    assert "secret" not in answer.text


def test_what_takes_too_long_is_given_up(home, monkeypatch):
    import time

    library = served(home, service={"timeout_s": 0.2})
    monkeypatch.setattr(type(library), "list", lambda *_, **__: time.sleep(1))
    client = TestClient(service(library), base_url="http://testserver/api/v1")
    problem(client.get("/videos"), 504, "timeout")


@pytest.mark.parametrize(
    "path",
    ["/videos/..%2f..%2fetc", "/videos/%00", "/jobs/a%0d%0aSet-Cookie:x", "/videos/" + "a" * 3000],
)
def test_odd_ids_are_refused(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 422), answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-type"] == "application/problem+json"


# Where it is served, and how it is


def test_on_an_address_that_others_reach_a_login_is_asked_for(library):
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("example.com")
    with TestClient(service(library, host="0.0.0.0"), base_url="http://testserver") as client:
        assert client.get("/api/v1/videos").status_code == 401
        assert client.get("/").status_code == 401
        assert client.get("/health").status_code == 200


def test_health_and_readiness_say_what_is_away(client, library, monkeypatch):
    assert client.get("/health").json()["status"] == "healthy"
    assert client.get("/ready").json()["ready"] is True

    def away(self):
        raise Unavailable("catalog postgresql://db.internal: refused")

    monkeypatch.setattr(type(library), "check_catalog", away)
    for path in ("/health", "/ready"):
        answer = client.get(path)
        assert answer.status_code == 503 and "internal" not in answer.text
        assert answer.headers["x-request-id"]


def test_every_operation_and_error_is_described_with_an_example_that_is_valid(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"] and operation["description"], where
            contents = [(where, operation.get("requestBody", {}).get("content", {}))]
            contents += [
                (f"{where} {status}", response.get("content", {}))
                for status, response in operation["responses"].items()
            ]
            for name, content in contents:
                for media in content.values():
                    schema = {**media["schema"], "components": document["components"]}
                    jsonschema.validate(media["example"], schema), name


def test_without_the_extra_serve_says_how_it_is_installed(home):
    code = "import sys\nsys.modules['fastapi'] = None\nfrom vidpipe.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve"],
        env={**os.environ, "VIDPIPE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "fastapi is not installed: pip install 'vidpipe[service]'" in done.stderr
