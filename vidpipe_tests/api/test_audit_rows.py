"""Every route that changes something: with its row in the audit log, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vidpipe.accounts.audit import digest
from vidpipe.accounts.model import Grant, Role
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.library import Library
from vidpipe_tests.api.every_route import ROUTES, objects, send
from vidpipe_tests.api.guarded import GOOD, Guarded, guarded
from vidpipe_tests.api.held import allow_rows, audit_rows, differing, everything, refuse_rows

ADMIN, MEMBER = "admin@example.org", "member@example.org"
READS = ("GET ", "HEAD ", "OPTIONS ")
CHANGING = sorted(name for name in ROUTES if not name.startswith(READS))
#: They want a recording that was taken in, and what was found in it.
OF_EDITS = {name for name in CHANGING if "/edits" in name and not name.endswith("/restore")}
#: Not asked here, and why.
ELSEWHERE = {
    "POST /uploads/{upload_id}/parts": "of a bucket: vidpipe_tests/uploads",
    "POST /uploads/{upload_id}/complete": "of a bucket: vidpipe_tests/uploads",
    "POST /slack/interactions": "signed by Slack: decides as the routes of reviews do",
    "POST /tus/{upload_id}": "what PATCH and DELETE of the same address do",
    "PATCH /tus/{upload_id}": "keeps bytes: see below",
    "DELETE /social-posts/{post_id}": "what is posted: changes its row as `cancel` does",
    "POST /auth/refresh": "a login goes on, and nothing else changes",
    "POST /auth/reset/request": "answers before it is done",
    "POST /auth/register": "answers before it is done",
    "POST /auth/logout": "ends a login also where the log cannot be written: see below",
}
#: Their rows are written where they are decided: of the clip, the gate or the settings.
OWN_ROWS = {
    *(name for name in CHANGING if name.startswith("POST /reviews/") and "links" not in name),
    *(f"POST /videos/{{video_id}}/clips/{{clip}}/{verb}" for verb in ("approve", "reject", "undo")),
    *("PUT /channels/{channel}/gates", "DELETE /channels/{channel}/gates"),
    # How far it is changes after it is begun.
    "POST /tus",
}
#: The account is a folder, which has no token.
CHANGES_NOTHING = {"POST /social-accounts/{account_id}/refresh"}

Asking = dict[str, Any]


def _cancelled(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    service.library.jobs.cancel(at["job_id"])
    return {}


def _nothing_to_post(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    service.library.posts.cancel(at["post_id"])
    return {}


def _post(state: str, **values: Any) -> Callable[..., Asking]:
    def ready(service: Guarded, at: dict[str, str], _: Any) -> Asking:
        with service.library.engine.catalog.writing() as session:
            row = session.get_one(PostRow, at["post_id"])
            row.state = state
            for name, value in values.items():
                setattr(row, name, value)
        return {}

    return ready


def _budget(service: Guarded, at: dict[str, str], headers: Any) -> Asking:
    where = f"/budgets/video/{at['video_id']}/total"
    done = service.client.put(where, json={"hard": "2.50"}, headers=headers)
    assert done.status_code == 200, done.text
    return {}


def _decided(service: Guarded, at: dict[str, str], headers: Any) -> Asking:
    where = f"/videos/{at['video_id']}/clips/1/approve"
    done = service.client.post(where, json={"fingerprint": "f" * 64}, headers=headers)
    assert done.status_code == 200, done.text
    return {"json": {"decision_id": done.json()["decision"]["decision_id"]}}


def _picture(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    file = service.settings.home / "new.png"
    Image.new("RGB", (4, 4)).save(file)
    at["name"] = f"new-{at['upload_id'][-8:]}"
    return {"content": file.read_bytes()}


def _sent(service: Guarded, at: dict[str, str], headers: Any) -> Asking:
    made = send(service, "POST /tus", at, headers)
    assert made.status_code == 201, made.text
    at["upload_id"] = made.json()["upload_id"]
    return {"content": b"0123456789"}


def _paused(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    service.library.schedule.pause(at["channel"], None, reason="", until=None, by="local")
    return {}


def _set(service: Guarded, at: dict[str, str], headers: Any) -> Asking:
    assert send(service, "PUT /channels/{channel}/gates", at, headers).status_code == 200
    return {}


def _held(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    service.library.hold(at["video_id"], "kept")
    return {}


def _set_budget(service: Guarded, at: dict[str, str], headers: Any) -> Asking:
    _budget(service, at, headers)
    return {}


def _coded(purpose: str) -> Callable[..., Asking]:
    def ready(service: Guarded, at: dict[str, str], _: Any) -> Asking:
        email = f"{purpose}-{at['video_id']}@example.org"

        async def work(accounts: Any) -> str:
            from vidpipe.accounts.audit import COMMAND_LINE
            from vidpipe.accounts.users import Purpose

            user = await accounts.users.add(email, COMMAND_LINE)
            return str(await accounts.users.new_link(user.id, Purpose(purpose)))

        return {"json": {"token": service.run(work), "password": GOOD}}

    return ready


def _offered(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    async def work(accounts: Any) -> str:
        from vidpipe.accounts.audit import Actor

        user, admin = await accounts.users.get(MEMBER), await accounts.users.get(ADMIN)
        grant = Grant("acme", Role.EDITOR)
        code, _ = await accounts.invitations.offer(user.id, grant, Actor(f"user:{admin.id}"))
        return str(code)

    return {"json": {"token": service.run(work)}}


def _logged_in(service: Guarded, at: dict[str, str], headers: Any) -> Asking:
    service.login(ADMIN)
    found = service.client.get("/auth/sessions", headers=headers).json()
    items = found["items"] if isinstance(found, dict) else found
    at["session_id"] = next(s["id"] for s in items if not s["current"])
    return {}


def _password(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    return {"json": {"old": GOOD, "new": f"{GOOD} {at['video_id']}"}}


def _role(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    async def work(accounts: Any) -> None:
        from vidpipe.accounts.audit import COMMAND_LINE

        user = await accounts.users.get(MEMBER)
        grant = Grant("acme", Role.VIEWER, "nothing")
        await accounts.users.give_role(user.id, grant, COMMAND_LINE)

    service.run(work)
    return {}


def _disabled(service: Guarded, at: dict[str, str], _: Any) -> Asking:
    return {"json": {"disabled": True}}


#: What has to be so before a request does anything.
READY: dict[str, Callable[[Guarded, dict[str, str], dict[str, str]], Asking]] = {
    "POST /jobs/{job_id}/retry": _cancelled,
    "POST /videos/{video_id}/retire": _nothing_to_post,
    "DELETE /videos/{video_id}/hold": _held,
    "POST /social-posts/{post_id}/retry": _post("failed"),
    "POST /social-posts/{post_id}/decide": _post("uncertain"),
    "POST /budgets/raises": _budget,
    "DELETE /budgets/{scope}/{subject}/{period}": _set_budget,
    "POST /videos/{video_id}/clips/{clip}/undo": _decided,
    "PUT /channels/{channel}/assets/{name}": _picture,
    "DELETE /tus/{upload_id}": _sent,
    "DELETE /channels/{channel}/publishing-pause": _paused,
    "DELETE /channels/{channel}/gates": _set,
    "POST /auth/verify": _coded("verify"),
    "POST /auth/reset": _coded("reset"),
    "POST /auth/invite": _coded("invite"),
    "POST /auth/join": _offered,
    "DELETE /auth/sessions/{session_id}": _logged_in,
    "PUT /auth/password": _password,
    "DELETE /users/{user_id}/role": _role,
    "PUT /users/{user_id}/disabled": _disabled,
}


def both_or_neither(
    library: Library, ask: Callable[[], Any], route: str
) -> tuple[Any, list[dict[str, Any]]]:
    """A request that cannot be written down changes nothing; one that can is, and does."""
    before = everything(library)
    refuse_rows(library)
    try:
        refused = ask()
        assert refused.status_code >= 500, f"{refused.status_code} {refused.text}"
        assert differing(before, everything(library)) == {}
    finally:
        allow_rows(library)
    known = len(audit_rows(library))
    done = ask()
    assert done.status_code < 300, f"{done.status_code} {done.text}"
    written = audit_rows(library)[known:]
    assert written and written[-1]["succeeded"], route
    assert differing(before, everything(library)) or route in CHANGES_NOTHING
    return done, written


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with guarded(tmp_path_factory.mktemp("rows")) as made:
        yield peopled(made)


@pytest.fixture(scope="module")
def on_server(tmp_path_factory, fresh_postgres_url):
    folder = tmp_path_factory.mktemp("server")
    with guarded(folder, database_url=fresh_postgres_url()) as made:
        yield peopled(made)


def peopled(made: Guarded) -> Guarded:
    made.user(ADMIN, Grant("acme", Role.ADMIN))
    made.user(MEMBER, Grant("acme", Role.VIEWER))
    # Whoever is left when others are disabled.
    made.user("root@example.org", Grant("acme", Role.ADMIN))
    return made


def test_every_route_that_changes_something_is_asked_here():
    known = set(CHANGING)
    assert set(ELSEWHERE) <= known and known >= OF_EDITS and set(READY) <= known
    assert len(known - set(ELSEWHERE) - OF_EDITS) > 60


@pytest.mark.logs_errors
@pytest.mark.parametrize("route", sorted(set(CHANGING) - set(ELSEWHERE) - OF_EDITS))
def test_a_change_and_its_row_are_both_there_or_neither(service, route):
    headers = {**service.login(ADMIN), "X-Request-ID": "mine-0001"}
    at = objects(service, "acme", route)
    given = READY.get(route, lambda *_: {})(service, at, headers)
    if route == "POST /auth/login":
        given = {"json": {"email": MEMBER, "password": GOOD}}
    done, written = both_or_neither(
        service.library, lambda: send(service, route, at, headers, **given), route
    )
    assert {row["request_id"] for row in written} == {"mine-0001"}
    if not route.split(" ")[1].startswith(("/auth", "/users", "/keys")):
        assert {row["actor"] for row in written} == {written[0]["actor"]}
        assert written[0]["actor"].startswith("user:")
        assert {row["organisation"] for row in written} == {"acme"}
        told = [row["details"] for row in written]
        if any("begun" in said for said in told):
            assert "begun" in told[0] and written[0]["after"] is None
        if done.content and route not in OWN_ROWS:
            assert written[-1]["after"] == digest(done.json())
    if route == "PUT /auth/password":
        back = {"old": given["json"]["new"], "new": GOOD}
        again = service.client.put(
            "/auth/password", json=back, headers=service.login(ADMIN, back["old"])
        )
        assert again.status_code < 300, again.text


ON_SERVER = (
    "POST /jobs",
    "POST /jobs/{job_id}/cancel",
    "PUT /videos/{video_id}/hold",
    "POST /videos/{video_id}/retire",
    "POST /videos/{video_id}/clips/{clip}/approve",
    "PUT /channels/{channel}/gates",
    "POST /social-posts/{post_id}/now",
    "POST /webhooks/{endpoint_id}/test",
    "PUT /channels/{channel}/assets/{name}",
    "POST /tus",
    "DELETE /tus/{upload_id}",
    "POST /users",
)


@pytest.mark.logs_errors
@pytest.mark.parametrize("route", ON_SERVER)
def test_on_a_server_they_are_both_there_or_neither(on_server, route):
    test_a_change_and_its_row_are_both_there_or_neither(on_server, route)


@pytest.mark.logs_errors
def test_what_is_created_once_by_its_key_is_created_after_the_log_was_full(service):
    headers = {**service.login(ADMIN), "Idempotency-Key": "k1"}
    body = {"channel": "news", "name": "summer"}

    def ask() -> Any:
        return service.client.post("/projects", json=body, headers=headers)

    both_or_neither(service.library, ask, "POST /projects")
    assert ask().headers["idempotency-replayed"] == "true"


BODIES: dict[str, Any] = {
    "PUT /videos/{video_id}/edits": {"template": "pop"},
    "PATCH /videos/{video_id}/edits": {"template": None},
    "POST /videos/{video_id}/edits/clips": {"start_s": 1, "end_s": 9, "title": "Another"},
    "PATCH /videos/{video_id}/edits/clips/{clip}": {"title": "Another"},
    "DELETE /videos/{video_id}/edits/clips/{clip}": None,
    "POST /videos/{video_id}/edits/clips/{clip}/split": {"at_s": 22},
    "POST /videos/{video_id}/edits/merge": {"clips": ["1", "2"]},
    "POST /videos/{video_id}/edits/render": {},
}


@pytest.mark.logs_errors
def test_edits_and_their_rows_are_both_there_or_neither(client, library, video_id):
    assert set(BODIES) == OF_EDITS
    for route, said in BODIES.items():
        body = said
        method, path = route.split(" ")
        where = path.format(video_id=video_id, clip="1")
        if route.endswith("/merge"):
            # What was split a moment ago.
            found = client.get(f"/videos/{video_id}/edits").json()["document"]["clip_edits"]
            body = {"clips": ["1", next(c["clip"] for c in found if c.get("start_s") == 22.0)]}
        both_or_neither(
            library,
            lambda: client.request(method, where, json=body, headers={"If-Match": "*"}),  # noqa: B023
            route,
        )


@pytest.mark.logs_errors
def test_the_last_piece_of_an_upload_is_an_object_once_that_is_written_down(service):
    headers = service.login(ADMIN)
    at = objects(service, "acme", "PATCH /tus/{upload_id}")
    given, library = _sent(service, at, headers), service.library
    drop = Path(library.engine.settings.home) / "drop" / at["channel"]
    name, before = f"new {at['video_id']}.mp4", len(audit_rows(library))
    refuse_rows(library)
    try:
        sent = send(service, "PATCH /tus/{upload_id}", at, headers, **given)
        looked = service.client.get(f"/uploads/{at['upload_id']}", headers=headers)
        assert (sent.status_code, looked.status_code) == (503, 503)
        assert not (drop / name).exists()
    finally:
        allow_rows(library)
    assert len(audit_rows(library)) == before
    looked = service.client.get(f"/uploads/{at['upload_id']}", headers=headers)
    assert looked.json()["state"] == "finished" and (drop / name).read_bytes() == given["content"]
    begun, done = audit_rows(library)[before:]
    assert begun["action"] == done["action"] == "upload.finish" and done["succeeded"]
    assert (begun["details"], done["details"]) == ({"begun": True}, {})


@pytest.mark.logs_errors
def test_a_piece_that_is_the_last_is_written_down_before_and_after(service):
    headers = service.login(ADMIN)
    at = objects(service, "acme", "PATCH /tus/{upload_id}")
    given, library = _sent(service, at, headers), service.library
    before = len(audit_rows(library))
    sent = send(service, "PATCH /tus/{upload_id}", at, headers, **given)
    assert sent.status_code == 204
    begun, done = audit_rows(library)[before:]
    assert begun["action"] == done["action"] == "upload.finish" and done["succeeded"]
    assert (begun["details"], done["details"]) == ({"begun": True}, {})
