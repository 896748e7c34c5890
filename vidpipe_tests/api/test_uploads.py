"""Uploads as programs ask for them: how, whose, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidpipe.accounts.model import Grant, Role
from vidpipe_tests.api.guarded import guarded
from vidpipe_tests.api.held import audit_rows
from vidpipe_tests.uploads.conftest import PIECE, TUS, dropped, metadata
from vidpipe_tests.uploads.pictures import picture

ADMIN, ANN, BEN = "admin@example.org", "ann@example.org", "ben@example.org"
VIEWER, STRANGER = "viewer@example.org", "stranger@example.org"
BODY = {"channel": "news", "name": "talk.mp4", "size_bytes": 10}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with guarded(tmp_path_factory.mktemp("uploads")) as made:
        made.user(ADMIN, Grant("acme", Role.ADMIN))
        made.user(VIEWER, Grant("acme", Role.VIEWER))
        made.user(STRANGER, Grant("default", Role.ADMIN))
        for email in (ANN, BEN):
            made.user(email, Grant("acme", Role.EDITOR))
        yield made


@pytest.fixture(scope="module")
def by(service):
    found = {email: service.login(email) for email in (ADMIN, ANN, BEN, VIEWER, STRANGER)}
    return lambda email: found[email]


def begin(service, who, **more) -> dict:
    made = service.client.post("/uploads", json={**BODY, **more}, headers=who)
    assert made.status_code == 201, made.text
    return made.json()


def test_one_entry_says_how(service, by):
    made = service.client.post("/uploads", json=BODY, headers=by(ANN))
    view = made.json()
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/v1/uploads/{view['upload_id']}"
    assert view["protocol"] == "tus" and view["url"] == f"/api/v1/tus/{view['upload_id']}"
    assert (view["state"], view["received_bytes"], view["size_bytes"]) == ("open", 0, 10)
    where = view["url"].removeprefix("/api/v1")
    piece = {**by(ANN), **PIECE, "Upload-Offset": "0"}
    assert service.client.patch(where, content=b"0123456789", headers=piece).status_code == 204
    found = service.client.get(f"/uploads/{view['upload_id']}", headers=by(ANN)).json()
    assert (found["state"], found["received_bytes"]) == ("finished", 10)
    home = service.library.engine.settings.home
    assert dropped(home, "news")[found["key"].rpartition("/")[2]] == b"0123456789"


def test_a_request_that_is_sent_again_begins_one_upload(service, by):
    headers = {**by(ANN), "Idempotency-Key": "upload-1"}
    body = {**BODY, "fingerprint": "once"}
    first, second = (service.client.post("/uploads", json=body, headers=headers) for _ in range(2))
    assert first.json() == second.json() and second.headers["idempotency-replayed"] == "true"
    mine = service.client.get("/uploads/open?fingerprint=once", headers=by(ANN)).json()
    assert len(mine["items"]) == 1


def test_nobody_goes_on_with_an_upload_of_somebody_else(service, by):
    view = begin(service, by(ANN))
    ours, where = f"/uploads/{view['upload_id']}", view["url"].removeprefix("/api/v1")
    piece = {**PIECE, "Upload-Offset": "0"}

    def ask(who):
        client, header = service.client, by(who)
        return [
            client.get(ours, headers=header).status_code,
            client.head(where, headers={**header, **TUS}).status_code,
            client.patch(where, content=b"evil", headers={**header, **piece}).status_code,
            client.delete(where, headers={**header, **TUS}).status_code,
            client.delete(ours, headers=header).status_code,
            client.post(f"{ours}/complete", headers=header).status_code,
        ]

    assert ask(BEN) == [404] * 6, "an editor of the channel does not see it"
    assert ask(VIEWER) == [403] * 6
    assert ask(STRANGER) == [404] * 6
    for who in (BEN, VIEWER, ADMIN, STRANGER):
        listed = service.client.get("/uploads/open", headers=by(who)).json()["items"]
        assert view["upload_id"] not in [item["upload_id"] for item in listed]
    head = service.client.head(where, headers={**by(ANN), **TUS})
    assert head.headers["upload-offset"] == "0"
    assert service.client.get(ours, headers=by(ADMIN)).status_code == 200
    assert service.client.delete(ours, headers=by(ADMIN)).json()["state"] == "cancelled"
    assert service.client.head(where, headers={**by(ANN), **TUS}).status_code == 410


def test_a_channel_that_one_does_not_see_takes_nothing(service, by):
    for who, channel, status in (
        (ANN, "default", 404),
        (STRANGER, "news", 404),
        (VIEWER, "news", 403),
        (ANN, "nothing", 404),
    ):
        body = {**BODY, "channel": channel}
        assert service.client.post("/uploads", json=body, headers=by(who)).status_code == status
        said = metadata(channel=channel, filename="talk.mp4")
        headers = {**by(who), **TUS, "Upload-Length": "10", "Upload-Metadata": said}
        assert service.client.post("/tus", headers=headers).status_code == status


def test_nobody_without_a_login_sends_a_byte_or_waits(service):
    for method, path in (("POST", "/tus"), ("PATCH", "/tus/upload-" + "0" * 20)):
        answer = service.client.request(method, path, content=b"x", headers=PIECE)
        assert answer.status_code == 401 and answer.headers["tus-resumable"] == "1.0.0"


def test_what_begins_and_ends_is_written_down_and_not_every_piece(service, by):
    view = begin(service, by(ANN), name="audited.mp4")
    where = view["url"].removeprefix("/api/v1")
    for k in range(5):
        piece = {**by(ANN), **PIECE, "Upload-Offset": str(2 * k)}
        assert service.client.patch(where, content=b"ab", headers=piece).status_code == 204
    rows = service.client.get("/audit?action=upload&limit=200", headers=by(ADMIN)).json()["items"]
    mine = [row["action"] for row in rows if view["upload_id"] in row["object"]]
    # That it is finished is said before and after.
    assert mine == ["upload.finish", "upload.finish", "upload.create"]


@pytest.mark.parametrize("way", ["override", "creation", "get", "head"])
def test_an_end_is_written_down_as_what_it_is(service, by, way):
    who, data = by(ANN), b"0123456789"
    if way == "creation":
        said = metadata(channel="news", filename="at-once.mp4")
        sent = {**who, **PIECE, "Upload-Length": "10", "Upload-Metadata": said}
        made = service.client.post("/tus", content=data, headers=sent)
        assert made.headers["upload-offset"] == "10"
        where = made.headers["location"].removeprefix("/api/v1")
    else:
        where = begin(service, who, name=f"{way}.mp4")["url"].removeprefix("/api/v1")
    upload_id = where.rpartition("/")[2]
    if way == "override":
        cancel = {**who, **TUS, "X-HTTP-Method-Override": "DELETE"}
        assert service.client.post(where, headers=cancel).status_code == 204
    elif way in ("get", "head"):
        # Its process died once every byte was there.
        with service.library.upload_sessions.drop.files.writing(upload_id) as file:
            Path(file.path).write_bytes(data)
        if way == "get":
            found = service.client.get(f"/uploads/{upload_id}", headers=who)
            assert found.json()["state"] == "finished"
        else:
            assert service.client.head(where, headers={**who, **TUS}).status_code == 200
    rows = [row for row in audit_rows(service.library) if upload_id in row["object"]]
    action = "upload.cancel" if way == "override" else "upload.finish"
    assert [row["action"] for row in rows] == ["upload.create", action, action]
    assert rows[1]["details"] == {"begun": True} and rows[2]["succeeded"]


def test_somebody_has_so_many_uploads_open_and_no_more(service, by, monkeypatch):
    monkeypatch.setattr("vidpipe.library.uploads.MOST_OPEN", 3)
    service.user("many@example.org", Grant("acme", Role.EDITOR))
    who = service.login("many@example.org")
    views = [begin(service, who, name=f"many-{k}.mp4") for k in range(3)]
    more = service.client.post("/uploads", json={**BODY, "name": "more.mp4"}, headers=who)
    assert more.status_code == 429 and more.json()["code"] == "too_many_uploads"
    service.client.delete(f"/uploads/{views[0]['upload_id']}", headers=who)
    begin(service, who, name="more.mp4")


def test_a_disk_without_room_says_so_before_the_first_byte(service, by, monkeypatch):
    import shutil

    used = shutil.disk_usage("/")
    monkeypatch.setattr("shutil.disk_usage", lambda _: used._replace(free=5))
    answer = service.client.post("/uploads", json=BODY, headers=by(ANN))
    assert answer.status_code == 507 and answer.json()["code"] == "no_room"


@pytest.mark.parametrize(
    "more",
    [
        {"content_type": "image/png"},
        {"content_type": "nonsense"},
        {"size_bytes": 0},
        {"instructions": {"clips": 900}},
        {"instructions": {"title": "x"}, "name": "talk.srt"},
        {"instructions": {"platforms": ["myspace"]}},
        {"name": "talk.exe"},
        {"odd": 1},
    ],
)
def test_what_cannot_be_is_refused(service, by, more):
    answer = service.client.post("/uploads", json={**BODY, **more}, headers=by(ANN))
    assert answer.status_code == 422, answer.text


def test_an_asset_is_put_by_editors_and_removed_by_administrators(service, by):
    where = "/channels/news/assets/logo"

    def ask(method, who, **more):
        return service.client.request(method, where, headers=by(who), **more).status_code

    assert ask("PUT", VIEWER, content=picture()) == 403
    assert ask("PUT", STRANGER, content=picture()) == 404
    assert ask("PUT", ANN, content=picture()) == 201
    assert ask("GET", VIEWER) == 200 and ask("GET", STRANGER) == 404
    assert ask("DELETE", BEN) == 403 and ask("DELETE", ADMIN) == 200
    rows = service.client.get("/audit?action=asset", headers=by(ADMIN)).json()["items"]
    assert [row["action"] for row in rows[:2]] == ["asset.remove", "asset.put"]
    assert rows[0]["before"] == rows[1]["after"] is not None


def test_pages_of_other_origins_speak_tus_where_they_may(home):
    from starlette.testclient import TestClient

    from vidpipe.api import app
    from vidpipe_tests.api.conftest import served

    library = served(home, service={"cors_origins": ["https://app.example.com"]})
    client = TestClient(app.service(library), base_url="http://testserver/api/v1")
    asked = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "tus-resumable, upload-offset, upload-checksum",
    }
    good = client.options("/tus/upload-x", headers=asked)
    assert good.status_code == 200, good.text
    said = metadata(channel="default", filename="talk.mp4")
    headers = {"Origin": "https://app.example.com", **TUS}
    made = client.post("/tus", headers={**headers, "Upload-Length": "1", "Upload-Metadata": said})
    assert made.status_code == 201
    shown = made.headers["access-control-expose-headers"].lower()
    assert "upload-offset" in shown and "location" in shown
    evil = {**headers, "Origin": "https://evil.example", "Upload-Length": "1"}
    assert client.post("/tus", headers=evil).status_code == 403
