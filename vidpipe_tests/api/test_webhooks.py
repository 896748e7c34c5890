"""Webhooks over HTTP: who may, what is shown once, what another organisation does not see."""

from __future__ import annotations

import pytest

from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.catalog.tables import IdempotencyRow
from vidpipe.catalog.webhook_tables import DeliveryRow
from vidpipe_tests.api.guarded import guarded

ADMIN, OTHER, LOCAL = "admin@example.org", "other@example.org", "talks@example.org"
BODY = {"url": "https://8.8.8.8/hook", "types": ["job.completed"], "organisation": "acme"}


@pytest.fixture
def service(tmp_path):
    with guarded(tmp_path) as made:
        made.user(ADMIN, Grant("acme", Role.ADMIN))
        made.user(OTHER, Grant("default", Role.ADMIN))
        made.user(LOCAL, Grant("acme", Role.ADMIN, "talks"))
        yield made


@pytest.fixture
def admin(service):
    return service.login(ADMIN)


def create(service, header, **fields):
    answer = service.client.post("/webhooks", json={**BODY, **fields}, headers=header)
    assert answer.status_code == 201, answer.text
    return answer


def test_it_is_created_with_a_secret_that_is_shown_once(service, admin):
    answer = create(service, admin, description="tickets")
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    where = answer.headers["location"]
    assert where == f"/api/v1/webhooks/{made['endpoint']['endpoint_id']}"
    assert answer.headers["etag"] == '"1"'
    found = service.client.get(where.removeprefix("/api/v1"), headers=admin)
    assert found.json() == made["endpoint"] and found.headers["etag"] == '"1"'
    assert "secret" not in found.json()
    assert found.json()["created_by"].startswith("user:")
    (item,) = service.client.get("/webhooks", headers=admin).json()["items"]
    assert item == found.json()


def test_a_create_that_is_repeated_makes_one_and_keeps_no_secret(service, admin):
    once = {**admin, "Idempotency-Key": "k1"}
    first, again = create(service, once).json(), create(service, once).json()
    assert again["endpoint"] == first["endpoint"]
    assert first["secret"] is not None and again["secret"] is None
    assert len(service.client.get("/webhooks", headers=admin).json()["items"]) == 1
    with service.library.engine.catalog.session() as session:
        assert first["secret"] not in session.query(IdempotencyRow).one().body


def test_what_changes_wants_what_was_read(service, admin):
    path = create(service, admin).headers["location"].removeprefix("/api/v1")
    client, change = service.client, {"enabled": False, "types": ["video.failed"]}
    assert client.patch(path, json=change, headers=admin).status_code == 428
    other = {**admin, "If-Match": '"7"'}
    assert client.patch(path, json=change, headers=other).status_code == 412
    mine = {**admin, "If-Match": '"1"'}
    answer = client.patch(path, json=change, headers=mine)
    assert answer.status_code == 200 and answer.headers["etag"] == '"2"'
    found = answer.json()
    assert (found["enabled"], found["disabled_because"]) == (False, "by_hand")
    assert found["types"] == ["video.failed"]
    assert client.patch(path, json=change, headers=mine).status_code == 412
    removed = client.delete(path, headers=admin)
    assert removed.status_code == 200 and removed.json()["revision"] == 2
    assert client.get(path, headers=admin).json()["code"] == "webhook_not_found"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://8.8.8.8/hook"}, "https:// only"),
        ({"url": "https://10.0.0.7/hook"}, "does not lead to the public internet"),
        ({"url": "https://localhost/hook"}, "does not lead to the public internet"),
        ({"url": "https://[::1]/hook"}, "does not lead to the public internet"),
        ({"url": "https://169.254.169.254/latest"}, "does not lead to the public internet"),
        ({"url": "https://user:word@8.8.8.8/hook"}, "names a user"),
        ({"url": "https://8.8.8.8:22/hook"}, "port 22"),
        ({"url": "https://8.8.8.8/hook#part"}, "fragment"),
        ({"url": "ftp://8.8.8.8/hook"}, ""),
        ({"types": []}, ""),
        ({"types": ["post.published"]}, "no event type is post.published"),
        ({"types": ["ping"]}, "no event type is ping"),
        ({"secret": "whsec_mine"}, ""),
    ],
)
def test_what_cannot_be_is_refused(service, admin, fields, said):
    answer = service.client.post("/webhooks", json={**BODY, **fields}, headers=admin)
    assert answer.status_code == 422 and said in answer.text
    assert service.client.get("/webhooks", headers=admin).json()["items"] == []


def test_a_changed_address_is_looked_at_as_well(service, admin):
    path = create(service, admin).headers["location"].removeprefix("/api/v1")
    header = {**admin, "If-Match": "*"}
    body = {"url": "https://127.0.0.1/hook"}
    assert service.client.patch(path, json=body, headers=header).status_code == 422


def test_another_organisation_sees_nothing_of_it(service, admin):
    made = service.endpoint("acme")
    other = service.login(OTHER)
    assert service.client.get("/webhooks", headers=other).json()["items"] == []
    for method, path in (
        ("GET", f"/webhooks/{made['endpoint_id']}"),
        ("DELETE", f"/webhooks/{made['endpoint_id']}"),
        ("GET", f"/webhooks/{made['endpoint_id']}/deliveries"),
        ("POST", f"/webhooks/{made['endpoint_id']}/test"),
        ("GET", f"/deliveries/{made['delivery_id']}"),
        ("POST", f"/deliveries/{made['delivery_id']}/replay"),
    ):
        assert service.client.request(method, path, headers=other).status_code == 404, path
    answer = service.client.post("/webhooks", json=BODY, headers=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "organisation_not_found")


def test_an_administrator_of_a_channel_has_those_of_that_channel(service, admin):
    whole, news = service.endpoint("acme"), service.endpoint("acme", "news")
    header = service.login(LOCAL)
    assert service.client.post("/webhooks", json=BODY, headers=header).status_code == 403
    elsewhere = {**BODY, "channels": ["news"]}
    assert service.client.post("/webhooks", json=elsewhere, headers=header).status_code == 404
    mine = create(service, header, channels=["talks"]).json()["endpoint"]
    items = service.client.get("/webhooks", headers=header).json()["items"]
    assert [item["endpoint_id"] for item in items] == [mine["endpoint_id"]]
    for found, status in ((whole, 403), (news, 404)):
        path = f"/webhooks/{found['endpoint_id']}"
        assert service.client.get(path, headers=header).status_code == status
    assert len(service.client.get("/webhooks", headers=admin).json()["items"]) == 3


def test_a_list_goes_on_where_it_ended(service, admin):
    made = [service.endpoint("acme")["endpoint_id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = service.client.get(f"/webhooks?limit=2{cursor}", headers=admin).json()
        seen += [item["endpoint_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]


def test_deliveries_are_listed_shown_and_replayed(service, admin):
    made = service.endpoint("acme")
    path = f"/webhooks/{made['endpoint_id']}"
    sent = service.client.post(f"{path}/test", headers=admin)
    assert sent.status_code == 201
    where = sent.headers["location"].removeprefix("/api/v1")
    assert service.client.get(where, headers=admin).json()["type"] == "ping"
    both = service.client.get(f"{path}/deliveries", headers=admin).json()["items"]
    assert [item["state"] for item in both] == ["pending", "failed"]
    failed = service.client.get(f"{path}/deliveries?state=failed", headers=admin).json()["items"]
    assert [item["delivery_id"] for item in failed] == [made["delivery_id"]]
    assert service.client.post(f"{where}/replay", headers=admin).status_code == 409
    again = service.client.post(f"/deliveries/{made['delivery_id']}/replay", headers=admin)
    assert (again.status_code, again.json()["state"]) == (200, "pending")
    with service.library.engine.catalog.writing() as session:
        session.query(DeliveryRow).update({"state": "failed", "due_at": None})
    since = {"since": "2026-01-31T12:00:00Z"}
    answer = service.client.post(f"{path}/replay", json=since, headers=admin)
    assert answer.json() == {"count": 2}
    later = {"since": "2999-01-31T12:00:00Z"}
    assert service.client.post(f"{path}/replay", json=later, headers=admin).json() == {"count": 0}


def test_a_secret_is_exchanged_and_shown_once(service, admin):
    answer = create(service, admin)
    path = answer.headers["location"].removeprefix("/api/v1")
    rotated = service.client.post(f"{path}/secret/rotate", json={}, headers=admin).json()
    assert rotated["secret"] not in (None, answer.json()["secret"])
    assert rotated["endpoint"]["old_secret_until"] is not None
    body = {"overlap_h": 0}
    at_once = service.client.post(f"{path}/secret/rotate", json=body, headers=admin).json()
    assert at_once["endpoint"]["old_secret_until"] is None


def test_what_is_changed_is_written_down(service, admin):
    path = create(service, admin).headers["location"].removeprefix("/api/v1")
    service.client.patch(path, json={"enabled": False}, headers={**admin, "If-Match": "*"})
    service.client.post(f"{path}/secret/rotate", json={}, headers=admin)
    service.client.delete(path, headers=admin)
    items = service.client.get("/audit?action=webhook", headers=admin).json()["items"]
    assert [item["action"] for item in items] == [
        "webhook.remove",
        "webhook.change",
        "webhook.create",
    ]
    assert {item["organisation"] for item in items} == {"acme"}
    secrets = service.client.get("/audit?action=webhook_secret", headers=admin).json()["items"]
    assert [item["action"] for item in secrets] == ["webhook_secret.rotate"]


def test_a_key_of_a_program_may_with_the_scope_alone(service):
    may = service.key(role=Role.ADMIN, scopes=[Scope.READ, Scope.ADMIN])
    create(service, may)
    may_not = service.key(role=Role.ADMIN, scopes=[Scope.READ, Scope.WRITE])
    assert service.client.post("/webhooks", json=BODY, headers=may_not).status_code == 403


def test_there_are_no_more_than_an_organisation_may_have(service, admin, monkeypatch):
    monkeypatch.setattr("vidpipe.library.webhooks.MOST_ENDPOINTS", 1)
    create(service, admin)
    answer = service.client.post("/webhooks", json=BODY, headers=admin)
    assert answer.status_code == 422 and "the most that it may" in answer.text
