"""Logging in over HTTP, and what does not get past the door."""

from __future__ import annotations

import statistics
import time

import pytest
from starlette.testclient import TestClient

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.api.security.gate import check_login
from vidpipe.errors import Misconfigured
from vidpipe_tests.api.guarded import GOOD, UNLIMITED, guarded

ANN = "ann@example.org"
ADMIN = Grant("acme", Role.ADMIN)


@pytest.fixture
def service(tmp_path):
    with guarded(tmp_path) as made:
        made.user(ANN, ADMIN)
        yield made


@pytest.fixture
def embedded(tmp_path):
    with guarded(tmp_path, host="127.0.0.1") as made:
        yield made


def cookies(service, **more):
    body = {"email": ANN, "password": GOOD, "transport": "cookie"}
    answer = service.client.post("/auth/login", json=body, **more)
    assert answer.status_code == 200, answer.text
    return answer


# Tokens


def test_tokens_lead_through_a_login_from_beginning_to_end(service):
    body = {"email": ANN, "password": GOOD}
    login = service.client.post("/auth/login", json=body).json()
    header = {"Authorization": f"Bearer {login['access_token']}"}
    me = service.client.get("/auth/me", headers=header).json()
    assert me["name"] == ANN
    assert me["grants"] == [{"organisation": "acme", "channel": None, "role": "admin"}]
    (session,) = service.client.get("/auth/sessions", headers=header).json()
    assert session["current"] and session["method"] == "password"
    again = service.client.post("/auth/refresh", json={"refresh_token": login["refresh_token"]})
    assert again.status_code == 200
    reused = service.client.post("/auth/refresh", json={"refresh_token": login["refresh_token"]})
    assert reused.status_code == 401
    assert service.client.get("/auth/me", headers=header).status_code == 401
    other = service.login(ANN)
    assert service.client.post("/auth/logout", headers=other).status_code == 204
    assert service.client.get("/auth/me", headers=other).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        "bearer vp_00000000_x",
        "Bearer a b",
        "é",
        "Token",
    ],
)
def test_what_is_no_token_is_refused_and_never_taken_for_this_machine(service, embedded, header):
    for client in (service.client, embedded.client):
        sent = {"Authorization": header.encode("latin-1")}
        answer = client.get("/auth/me", headers=sent)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "unauthenticated"


def test_a_key_in_another_case_is_another_key(service):
    header = service.key(scopes=[Scope.READ])
    assert service.client.get("/auth/me", headers=header).status_code == 200
    other = {
        "Authorization": header["Authorization"][:-8] + header["Authorization"][-8:].swapcase()
    }
    assert service.client.get("/auth/me", headers=other).status_code == 401
    # A token in the address stands in logs: it is not looked for there.
    secret = header["Authorization"].removeprefix("Bearer ")
    assert service.client.get(f"/auth/me?access_token={secret}").status_code == 401


def test_a_disabled_user_is_out_with_the_next_request(service):
    header = service.login(ANN)
    service.run(lambda a: a.users.set_disabled(ANN, True, COMMAND_LINE))
    assert service.client.get("/auth/me", headers=header).status_code == 401
    body = {"email": ANN, "password": GOOD}
    answer = service.client.post("/auth/login", json=body)
    assert answer.status_code == 401
    wrong = service.client.post("/auth/login", json={**body, "password": "no"})
    assert answer.json()["detail"] == wrong.json()["detail"]


# Cookies


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(service):
    answer = cookies(service)
    assert answer.json()["access_token"] is None and answer.json()["refresh_token"] is None
    set_ = {c.split("=")[0]: c.lower() for c in answer.headers.get_list("set-cookie")}
    for name in ("vidpipe_access", "vidpipe_refresh"):
        assert "httponly" in set_[name] and "samesite=lax" in set_[name]
    assert "path=/api/v1/auth" in set_["vidpipe_refresh"]


def test_over_https_cookies_are_secure(tmp_path):
    with guarded(tmp_path, public_url="https://testserver") as made:
        made.user(ANN, ADMIN)
        for cookie in cookies(made).headers.get_list("set-cookie"):
            assert "; secure" in cookie.lower() and cookie.startswith(("__Host-", "__Secure-"))


def test_what_changes_something_needs_the_header_of_the_same_session(service):
    csrf = cookies(service).json()["csrf_token"]
    client = service.client
    assert client.get("/auth/me").status_code == 200
    body = {"name": "key", "organisation": "acme"}
    assert client.post("/keys", json=body).json()["code"] == "csrf"
    for wrong in ("", "x", csrf[:-1], csrf + "0", "0" * 32 + csrf[32:]):
        answer = client.post("/keys", json=body, headers={"X-CSRF-Token": wrong})
        assert answer.status_code == 403, wrong
    with TestClient(client.app, base_url=client.base_url) as other:
        login = {"email": ANN, "password": GOOD, "transport": "cookie"}
        theirs = other.post("/auth/login", json=login).json()["csrf_token"]
    # A token of another session, in cookie and header alike: a neighbour planted both.
    client.cookies.set("vidpipe_csrf", theirs, domain="testserver.local", path="/")
    planted = {
        "X-CSRF-Token": theirs,
        "Cookie": f"vidpipe_access={client.cookies['vidpipe_access']}; vidpipe_csrf={theirs}",
    }
    assert client.post("/keys", json=body, headers=planted).status_code == 403


def test_with_the_header_it_works_and_the_cookie_is_renewed(service):
    csrf = cookies(service).json()["csrf_token"]
    header = {"X-CSRF-Token": csrf}
    body = {"name": "key", "organisation": "acme"}
    assert service.client.post("/keys", json=body, headers=header).status_code == 201
    assert service.client.post("/auth/refresh", json={}).status_code == 403
    renewed = service.client.post("/auth/refresh", json={}, headers=header)
    assert renewed.status_code == 200 and renewed.json()["csrf_token"]
    assert service.client.get("/auth/me").status_code == 200
    assert service.client.post("/auth/logout", headers=header).status_code == 204
    assert service.client.get("/auth/me").status_code == 401


def test_a_session_that_somebody_planted_does_not_become_ours(service):
    service.user("eve@example.org")
    planted = service.client.post(
        "/auth/login", json={"email": "eve@example.org", "password": GOOD, "transport": "cookie"}
    )
    assert planted.status_code == 200
    before = service.client.cookies["vidpipe_access"]
    cookies(service)
    assert service.client.cookies["vidpipe_access"] != before
    assert service.client.get("/auth/me").json()["name"] == ANN


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:8080"},
    ],
)
def test_a_page_of_another_origin_logs_nobody_in_and_asks_this_machine_nothing(
    service, embedded, headers
):
    body = {"email": ANN, "password": GOOD, "transport": "cookie"}
    assert service.client.post("/auth/login", json=body, headers=headers).status_code == 403
    assert embedded.client.get("/videos", headers=headers).status_code == 403
    assert embedded.client.post("/keys", json={"name": "x"}, headers=headers).status_code == 403


# This machine


def test_on_this_machine_no_login_is_needed(embedded):
    assert embedded.client.get("/auth/me").json()["id"] == "local"
    assert embedded.client.get("/videos").status_code == 200
    clicked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert embedded.client.get("/videos", headers=clicked).status_code == 200


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto"]
)
def test_what_a_proxy_passes_on_does_not_come_from_this_machine(embedded, name):
    assert embedded.client.get("/videos", headers={name: "127.0.0.1"}).status_code == 401
    # The pages neither.
    assert embedded.client.get("http://testserver/", headers={name: "127.0.0.1"}).status_code == 401
    assert embedded.client.get("http://testserver/").status_code == 200


def test_a_name_that_leads_here_for_a_moment_is_refused(embedded, service):
    for client in (embedded.client, service.client):
        rebound = client.get("/auth/me", headers={"Host": "evil.example"})
        assert rebound.status_code == 421


def test_a_new_password_ends_every_code_that_was_sent_before(service):
    header, known = service.login(ANN), {"email": ANN}
    service.client.post("/auth/reset/request", json=known)
    code = service.outbox.code()
    body = {"old": GOOD, "new": "copper lantern meadow 12"}
    changed = service.client.put("/auth/password", json=body, headers=header)
    assert changed.status_code in (200, 204), changed.text
    reset = {"token": code, "password": "orange violin shelter 55"}
    assert service.client.post("/auth/reset", json=reset).status_code >= 400
    assert service.client.post("/auth/login", json={**known, "password": body["new"]}).is_success


def test_people_behind_one_address_do_not_end_their_logins(tmp_path):
    with guarded(tmp_path, rates={**UNLIMITED, "login": 2}) as service:
        service.user(ANN, ADMIN)
        token = service.client.post("/auth/login", json={"email": ANN, "password": GOOD}).json()
        for _ in range(4):
            body = {"refresh_token": token["refresh_token"]}
            answer = service.client.post("/auth/refresh", json=body)
            assert answer.status_code == 200
            token = answer.json()


def test_a_key_makes_neither_keys_nor_users(service):
    key = service.key(role=Role.ADMIN, scopes=list(Scope))
    made = {"name": "more", "organisation": "acme", "scopes": ["read"]}
    assert service.client.post("/keys", json=made, headers=key).status_code == 403
    asked = {"email": "new@example.org", "organisation": "acme", "role": "admin"}
    assert service.client.post("/users", json=asked, headers=key).status_code == 403


def test_who_sends_no_json_is_told_so(service):
    asked = service.client.post("/auth/login", content=b'{"email": "a@example.org"}')
    assert asked.status_code == 422 and "Content-Type: application/json" in asked.json()["detail"]
    asked = service.client.post("/auth/login", json={"email": "a@example.org"})
    assert asked.status_code == 422 and "details.errors" in asked.json()["detail"]


def test_a_key_without_the_scope_is_told_which(service):
    key = service.key(role=Role.ADMIN, scopes=[Scope.READ, Scope.WRITE])
    refused = service.client.get("/webhooks", headers=key)
    assert refused.status_code == 403 and "needs the scope admin" in refused.json()["detail"]


def test_who_was_disabled_is_still_told_when_their_role_is_gone(service):
    bob = service.user("bob@example.org", Grant("acme", Role.VIEWER))
    admin = service.login(ANN)
    off = service.client.put(f"/users/{bob}/disabled", json={"disabled": True}, headers=admin)
    assert off.status_code == 200
    gone = service.client.delete(f"/users/{bob}/role?organisation=acme", headers=admin)
    assert gone.status_code == 204
    log = service.client.get("/audit?action=user.disable", headers=admin).json()["items"]
    assert [row["object"] for row in log] == [f"user:{bob}"]


# Who does not exist


def test_nothing_tells_whether_an_address_exists(service):
    words = set()
    for email in (ANN, "nobody@example.org"):
        refused = service.client.post("/auth/login", json={"email": email, "password": "no"})
        asked = service.client.post("/auth/reset/request", json={"email": email})
        words.add((refused.status_code, refused.json()["detail"], asked.status_code, asked.text))
    assert len(words) == 1
    assert [mail.to for mail in service.outbox.sent] == [ANN]


def test_an_unknown_address_takes_as_long(tmp_path):
    with guarded(tmp_path, password={"max_failures": 100}) as made:
        made.user(ANN)
        took = {}
        for email in (ANN, "nobody@example.org") * 12:
            begun = time.perf_counter()
            made.client.post("/auth/login", json={"email": email, "password": "no"})
            took.setdefault(email, []).append(time.perf_counter() - begun)
        ours, theirs = (statistics.median(t) for t in took.values())
        # On a busy machine a median moves by a fifth; without the hash it would be a third.
        assert 0.6 < theirs / ours < 1.67


# Links


def test_a_forgotten_password(service):
    header = service.login(ANN)
    service.client.post("/auth/reset/request", json={"email": ANN})
    code = service.outbox.code()
    body = {"token": code, "password": "password1234"}
    assert service.client.post("/auth/reset", json=body).json()["details"] == {
        "reason": "weak_password"
    }
    body["password"] = GOOD + " new"
    assert service.client.post("/auth/reset", json=body).status_code == 200
    assert service.client.post("/auth/reset", json=body).json()["code"] == "bad_token"
    assert service.client.get("/auth/me", headers=header).status_code == 401
    service.login(ANN, GOOD + " new")


def test_registration_is_closed_unless_it_is_opened(service, tmp_path_factory):
    body = {"email": "new@example.org"}
    assert service.client.post("/auth/register", json=body).status_code == 403
    with guarded(tmp_path_factory.mktemp("open"), registration="open") as made:
        made.user(ANN)
        answers = {
            made.client.post("/auth/register", json={"email": email}).text
            for email in ("new@example.org", ANN, "no address")
        }
        assert len(answers) == 1
        assert [m.to for m in made.outbox.sent] == ["new@example.org", ANN]
        made.outbox.sent.pop()
        body = {"token": made.outbox.code(), "password": GOOD}
        assert made.client.post("/auth/verify", json=body).status_code == 200
        me = made.client.get("/auth/me", headers=made.login("new@example.org")).json()
        assert me["grants"] == []
        assert (
            made.client.get("/videos", headers=made.login("new@example.org")).json()["items"] == []
        )


def test_a_password_is_changed_with_the_old_one(service):
    mine, other = service.login(ANN), service.login(ANN)
    body = {"old": "no", "new": GOOD + " new"}
    assert service.client.put("/auth/password", json=body, headers=mine).status_code == 401
    body["old"] = GOOD
    assert service.client.put("/auth/password", json=body, headers=mine).status_code == 200
    assert service.client.get("/auth/me", headers=mine).status_code == 200
    assert service.client.get("/auth/me", headers=other).status_code == 401


# Keys and the log


def test_a_key_is_shown_once_and_what_was_done_is_in_the_log(service):
    header = service.login(ANN)
    body = {"name": "ci", "organisation": "acme", "scopes": ["read"]}
    made = service.client.post("/keys", json=body, headers=header).json()
    secret, key_id = made["secret"], made["key"]["id"]
    listed = service.client.get("/keys", headers=header)
    assert secret not in listed.text and listed.json()[0]["prefix"] == secret[:11]
    program = {"Authorization": f"Bearer {secret}"}
    assert service.client.get("/videos", headers=program).status_code == 200
    gone = service.client.delete(f"/keys/{key_id}", headers={**header, "X-Request-ID": "mine-0001"})
    assert gone.json()["revoked"]
    assert service.client.get("/videos", headers=program).status_code == 401
    log = service.client.get("/audit?action=key", headers=header).json()["items"]
    assert [row["action"] for row in log] == ["key.revoke", "key.create"]
    assert log[0]["request_id"] == "mine-0001" and log[0]["actor"].startswith("user:")
    assert log[0]["address"] == "testclient"


def test_a_key_gives_no_scope_that_its_maker_has_not(service):
    key = service.key(role=Role.ADMIN, scopes=[Scope.ADMIN])
    body = {"name": "more", "organisation": "acme", "scopes": ["publish"]}
    assert service.client.post("/keys", json=body, headers=key).status_code == 403


# Limits


def test_who_asks_too_often_waits_as_long_as_is_said(tmp_path):
    rates = {**UNLIMITED, "per_key": 3, "per_address": 2, "login": 1}
    with guarded(tmp_path, rates=rates) as made:
        key = made.key(scopes=[Scope.READ])
        statuses = [made.client.get("/videos", headers=key).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        answer = made.client.get("/videos", headers=key)
        assert answer.json()["code"] == "rate_limit_exceeded"
        wait = answer.json()["details"]["retry_after_seconds"]
        assert 1 <= wait <= 20 and answer.headers["Retry-After"] == str(wait)
        assert [made.client.get("/videos").status_code for _ in range(3)] == [401, 401, 429]
        body = {"email": ANN, "password": "no"}
        assert [made.client.post("/auth/login", json=body).status_code for _ in range(2)] == [
            401,
            429,
        ]


def test_an_address_that_a_stranger_says_is_not_believed(tmp_path):
    with guarded(tmp_path, rates={**UNLIMITED, "login": 1}) as made:
        body = {"email": ANN, "password": "no"}
        said = [
            made.client.post(
                "/auth/login", json=body, headers={"X-Forwarded-For": f"192.0.2.{k}"}
            ).status_code
            for k in range(3)
        ]
        assert said == [401, 429, 429]


# Pages, and what is asked of whoever serves others


def test_pages_ask_for_the_same_login(service):
    root = "http://testserver/"
    assert service.client.get(root).status_code == 401
    service.user("all@example.org", Grant("acme", Role.VIEWER), Grant("default", Role.VIEWER))
    assert service.client.get(root, headers=service.login("all@example.org")).status_code == 200
    assert service.client.get("http://testserver/health").status_code == 200


def test_behind_a_proxy_with_a_login_everybody_may_look_and_nobody_change(tmp_path):
    with guarded(tmp_path, anonymous_read=True) as made:
        assert made.client.get("http://testserver/").status_code == 200
        assert made.client.get("/videos").status_code == 200
        at = made.objects("default")
        assert made.client.post(f"/jobs/{at['job_id']}/cancel").status_code == 403
        assert made.client.get("/users").status_code == 403


def test_without_a_secret_there_are_keys_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("vidpipe.api.security.gate.secrets_of", lambda *_, **__: [])
    with guarded(tmp_path, secrets=[]) as made:
        assert made.client.get("/videos", headers=made.key(scopes=[Scope.READ])).status_code == 200
        body = {"email": ANN, "password": GOOD}
        assert made.client.post("/auth/login", json=body).json()["code"] == "no_login"
        assert made.client.get("/videos", headers={"Authorization": "Bearer x"}).status_code == 401
        assert made.client.get("/videos", headers={"Cookie": "vidpipe_access=x"}).status_code == 401


def test_a_proxy_asks_who_may_pass(service):
    assert service.client.get("/auth/allow").status_code == 401
    header = service.login(ANN)
    passed = service.client.get("/auth/allow?organisation=acme", headers=header)
    assert passed.status_code == 204 and passed.headers["X-Vidpipe-User"].startswith("user:")
    assert service.client.get("/auth/allow", headers=header).status_code == 403
    cookies(service)
    assert service.client.get("/auth/allow?organisation=acme").status_code == 204
    foreign = {"Origin": "https://evil.example"}
    assert service.client.get("/auth/allow?organisation=acme", headers=foreign).status_code == 403


def test_no_other_machine_is_served_before_somebody_can_log_in(tmp_path):
    import asyncio

    with guarded(tmp_path) as made:
        with pytest.raises(Misconfigured, match="vidpipe users add"):
            asyncio.run(check_login(made.settings, "0.0.0.0"))
        made.user(ANN)
        asyncio.run(check_login(made.settings, "0.0.0.0"))
