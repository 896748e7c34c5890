"""Jobs of links over the API: who may, what is said of a link, and that it is asked for once."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.api.app import service
from vidpipe.outbound import AddressGuard
from vidpipe_tests.api.answers import problem
from vidpipe_tests.api.conftest import served
from vidpipe_tests.api.guarded import ROLES, guarded
from vidpipe_tests.conftest import CHANNELS
from vidpipe_tests.downloads.conftest import Site, recording, whole

PUBLIC = AddressGuard(
    allowed=("127.0.0.1/32",),
    resolver=lambda host, port: ["10.0.0.7" if "inside" in host else "93.184.215.14"],
)
URL = "https://media.example/talk.mp4?key=secret"


def link(url: str = URL, **more) -> dict:
    return {"source_url": url, "channel": "default", "rights_confirmed": True, **more}


@pytest.fixture
def library(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "channels.yaml").write_text(CHANNELS)
    made = served(tmp_path / "home")
    made.jobs.guard = made.downloads.guard = PUBLIC
    return made


@pytest.fixture
def client(library):
    return TestClient(service(library), base_url="http://testserver/api/v1")


def test_a_job_of_a_link_waits_to_be_fetched_and_shows_no_secret(client):
    made = client.post("/jobs", json=link())
    assert made.status_code == 201 and "secret" not in made.text
    job = made.json()
    assert made.headers["location"] == f"/api/v1/jobs/{job['job_id']}"
    assert (job["state"], job["channel"]) == ("queued", "default")
    assert job["source_url"] == "https://media.example/talk.mp4?key=***"
    assert job["upload_key"] is None and job["video_id"] is None
    closely = client.get(f"/jobs/{job['job_id']}")
    assert "secret" not in closely.text and "secret" not in client.get("/jobs").text
    assert closely.json()["progress"]["current_stage"] == "download"
    assert closely.json()["download"] == {
        "state": "waiting",
        "received_bytes": 0,
        "total_bytes": None,
        "attempts": 0,
        "next_attempt_at": None,
        "message": None,
    }
    problem(client.get(f"/jobs/{job['job_id']}/results"), 409, "not_ready")
    again = client.post(f"/jobs/{job['job_id']}/stages", json={"stages": ["layout"]})
    problem(again, 422, "invalid_request")


def test_the_whole_way_from_a_link(client, library):
    site = Site()
    try:
        site.paths["/talk.mp4"] = whole(recording())
        made = client.post("/jobs", json=link(site.url("/talk.mp4?key=secret")))
        job_id = made.json()["job_id"]
        assert library.downloads.work_off_one().end == "stored"
    finally:
        site.close()
    job = client.get(f"/jobs/{job_id}").json()
    assert job["upload_key"] == f"default/{job_id}/talk.mp4"
    assert job["download"]["state"] == "done" and job["progress"]["current_stage"] == "intake"
    (upload,) = client.get("/uploads", params={"state": "pending"}).json()["items"]
    assert upload["key"] == job["upload_key"]


def test_nobody_s_recording_is_fetched_without_the_word_that_it_may_be_used(client):
    for body in (link(rights_confirmed=False), {"source_url": URL, "channel": "default"}):
        said = problem(client.post("/jobs", json=body), 422, "rights_not_confirmed")
        assert "rights_confirmed must be true" in said["detail"]
    problem(client.post("/jobs", json=link(rights_confirmed="maybe")), 422, "invalid_request")
    assert client.get("/jobs").json()["items"] == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.2/a.mp4", "private_address"),
        ("http://169.254.169.254/latest/meta-data/", "private_address"),
        ("http://[::ffff:10.0.0.1]/a.mp4", "private_address"),
        ("https://inside.example/a.mp4", "private_address"),
        ("http://2130706433/", "host"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://media.example/a.mp4", "scheme"),
        ("media.example/a.mp4", "scheme"),
        ("https://user:hunter2@media.example/a.mp4", "credentials"),
        ("https://media.example:22/a.mp4", "port"),
        ("https://", "host"),
        ("http://[", "host"),
    ],
)
def test_a_link_that_is_not_fetched_is_refused_at_once_with_its_reason(client, url, reason):
    said = problem(client.post("/jobs", json=link(url)), 422, "url_refused")
    assert said["details"] == {"reason": reason} and said["detail"]
    assert "hunter2" not in json.dumps(said) and "10.0.0.7" not in json.dumps(said)
    assert client.get("/jobs").json()["items"] == []


def test_a_host_that_is_not_found_is_said(client, library):
    def nothing(host, port):
        raise OSError("Name or service not known")

    library.jobs.guard = AddressGuard(resolver=nothing)
    said = problem(client.post("/jobs", json=link()), 422, "url_refused")
    assert said["details"] == {"reason": "host_not_found"}


@pytest.mark.parametrize(
    "body",
    [
        {"source_url": URL, "rights_confirmed": True},
        link(video_id="default--x-0"),
        link(upload_key="default/a.mp4"),
        {"video_id": "default--x-0", "channel": "default"},
        {"upload_key": "default/a.mp4", "rights_confirmed": True},
        {"channel": "default", "rights_confirmed": True},
        link("https://media.example/" + "a" * 5000),
        link("https://media.example/\n"),
        link(stages=["magic"]),
    ],
)
def test_what_does_not_go_together_is_refused(client, body):
    problem(client.post("/jobs", json=body), 422, "invalid_request")
    assert client.get("/jobs").json()["items"] == []


def test_a_channel_and_a_project_that_are_not_there(client):
    problem(client.post("/jobs", json=link(channel="nobody")), 404, "channel_not_found")
    problem(client.post("/jobs", json=link(project_id="nothing")), 404, "project_not_found")
    body = {"channel": "other", "name": "Spring"}
    project = client.post("/projects", json=body).json()["project_id"]
    problem(client.post("/jobs", json=link(project_id=project)), 422, "invalid_request")
    made = client.post("/jobs", json=link(project_id=project, channel="other"))
    assert made.json()["project_id"] == project


def test_a_link_that_is_sent_again_is_fetched_once(client, library):
    sent = {"json": link(), "headers": {"Idempotency-Key": "link-1"}}
    first, second = client.post("/jobs", **sent), client.post("/jobs", **sent)
    assert first.json() == second.json() and second.headers["idempotency-replayed"] == "true"
    other = {"json": link(URL + "2"), "headers": sent["headers"]}
    problem(client.post("/jobs", **other), 422, "idempotency_key_reused")
    assert len(client.get("/jobs").json()["items"]) == 1
    refused = {"json": link("http://10.0.0.1/"), "headers": {"Idempotency-Key": "link-2"}}
    for _ in range(2):
        problem(client.post("/jobs", **refused), 422, "url_refused")
    with library.engine.catalog.session() as session:
        from sqlalchemy import text

        kept = session.execute(text("SELECT body, location FROM idempotency_keys")).all()
    assert kept and "secret" not in str(kept)


def test_a_batch_of_links_is_created_whole_or_not_at_all(client):
    wrong = {"jobs": [link(), link("http://10.0.0.1/a.mp4")]}
    problem(client.post("/jobs/batch", json=wrong), 422, "url_refused")
    problem(
        client.post("/jobs/batch", json={"jobs": [link(), link(rights_confirmed=False)]}),
        422,
        "rights_not_confirmed",
    )
    assert client.get("/jobs").json()["items"] == []
    sent = {
        "json": {"jobs": [link(f"https://media.example/{n}.mp4") for n in range(100)]},
        "headers": {"Idempotency-Key": "batch"},
    }
    made = client.post("/jobs/batch", **sent)
    assert made.status_code == 201 and len(made.json()["items"]) == 100
    assert client.post("/jobs/batch", **sent).json() == made.json()


def test_a_job_that_is_fetched_is_cancelled_and_retried(client, library):
    job_id = client.post("/jobs", json=link()).json()["job_id"]
    given = {"lease_s": 60, "per_channel": 2, "most_attempts": 5}
    held = library.engine.catalog.downloads.claim("w", **given)
    assert client.get(f"/jobs/{job_id}").json()["state"] == "running"
    assert client.post(f"/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/jobs/{job_id}").json()["download"]["state"] == "cancelled"
    problem(client.post(f"/jobs/{job_id}/cancel"), 409, "wrong_state")
    assert not library.engine.catalog.downloads.storing(held, "default/x/a.mp4")
    assert client.post(f"/jobs/{job_id}/retry").json()["state"] == "queued"
    held = library.engine.catalog.downloads.claim("w", **given)
    library.engine.catalog.downloads.give_up(held, "download:gone", "nothing is behind it")
    job = client.get(f"/jobs/{job_id}").json()
    assert job["state"] == "failed" and job["error"] == {
        "code": "download:gone",
        "message": "nothing is behind it",
        "failed_stage": "download",
    }


# Who may


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    with guarded(tmp_path_factory.mktemp("links")) as made:
        made.library.jobs.guard = PUBLIC
        for name, role in ROLES.items():
            made.user(f"{name}@example.org", Grant("acme", role))
        yield made


def _sent(route: str, channel: str) -> dict:
    body = link(channel=channel)
    return {"jobs": [link(channel="news"), body]} if route == "/jobs/batch" else body


@pytest.mark.parametrize("route", ["/jobs", "/jobs/batch"])
def test_a_link_is_fetched_into_channels_where_one_may_submit(asked, route):
    def status(headers, channel):
        sent = _sent(route, channel)
        return asked.client.post(route, json=sent, headers=headers).status_code

    found = {name: asked.login(f"{name}@example.org") for name in ROLES}
    assert status(found["viewer"], "news") == 403
    assert status(found["editor"], "news") == status(found["admin"], "talks") == 201
    for name in ROLES:
        # A viewer learns of their own channel first, that they may not.
        wanted = {404} if name != "viewer" or route == "/jobs" else {403}
        assert {status(found[name], "default"), status(found[name], "nobody")} == wanted
    talks = asked.key(role=Role.EDITOR, scopes=[*Scope], channels=["talks"])
    assert asked.client.post("/jobs", json=link(channel="talks"), headers=talks).status_code == 201
    assert status(talks, "news") == 404
    reading = asked.key(role=Role.ADMIN, scopes=[Scope.READ])
    assert status(reading, "news") == 403
    assert status({}, "news") == 401


def test_a_job_of_a_link_is_audited_without_its_secret(asked):
    editor = asked.login("editor@example.org")
    made = asked.client.post("/jobs", json=link(channel="news"), headers=editor).json()
    admin = asked.login("admin@example.org")
    rows = asked.client.get("/audit?organisation=acme&limit=50", headers=admin)
    assert rows.status_code == 200 and "secret" not in rows.text
    assert f'"jobs/{made["job_id"]}"' in rows.text and '"job.create"' in rows.text
