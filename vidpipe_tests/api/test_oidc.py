"""Logging in with a real OpenID Connect server in the test process."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role
from vidpipe_tests.api.guarded import guarded

mock = pytest.importorskip("oidc_provider_mock", reason="the extra dev is not installed")

ANN = "ann@example.org"
PEOPLE = {
    "ann": {"email": ANN, "email_verified": True},
    "unverified": {"email": ANN, "email_verified": False},
    "bob": {"email": "bob@example.org", "email_verified": True},
    "eve": {"email": "eve@evil.example", "email_verified": True},
}


@pytest.fixture(scope="module")
def issuer():
    people = [mock.User(sub=sub, claims=claims) for sub, claims in PEOPLE.items()]
    with mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


def provider(issuer, **more):
    return {"issuer": issuer, "client_id": "vidpipe", "client_secret": "hush", **more}


def go_there(service, subject):
    """Where the provider sends a browser back to."""
    began = service.client.get("/auth/oidc/start", follow_redirects=False)
    assert began.status_code == 303, began.text
    asked = parse_qs(urlsplit(began.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["code_challenge"]
    assert asked["redirect_uri"] == ["http://testserver/api/v1/auth/oidc/callback"]
    back = httpx.post(began.headers["location"], data={"sub": subject}, follow_redirects=False)
    return back.headers["location"]


def log_in(service, subject):
    return service.client.get(go_there(service, subject), follow_redirects=False)


def test_somebody_whose_address_is_known_logs_in(tmp_path, issuer):
    with guarded(tmp_path, oidc=provider(issuer)) as made:
        made.user(ANN, Grant("acme", Role.EDITOR), password=None, verified=False)
        back = log_in(made, "ann")
        assert back.status_code == 303 and back.headers["location"] == "/"
        assert made.client.get("/auth/me").json()["name"] == ANN
        (session,) = made.client.get("/auth/sessions").json()
        assert session["method"] == "oidc"
        # The provider's name for somebody counts from now on, whatever their address becomes.
        user = made.run(lambda a: a.users.by_identity(issuer, "ann"))
        assert user.email == ANN and user.verified
        made.run(lambda a: a.users.set_disabled(ANN, True, COMMAND_LINE))
        assert log_in(made, "ann").status_code == 401


@pytest.mark.parametrize("subject", ["bob", "eve", "unverified", "nobody@example.org"])
def test_nobody_else_does_unless_a_setting_says_so(tmp_path, issuer, subject):
    with guarded(tmp_path, oidc=provider(issuer)) as made:
        made.user(ANN, password=None)
        assert log_in(made, subject).status_code == 401
        assert made.client.get("/auth/me").status_code == 401
        (entry,) = made.run(lambda a: a.audit.read(action="session"))
        assert not entry.succeeded


def test_a_domain_may_sign_up(tmp_path, issuer):
    options = provider(issuer, sign_up="domain", domains=["example.org"])
    with guarded(tmp_path, oidc=options) as made:
        assert log_in(made, "eve").status_code == 401
        assert log_in(made, "bob").status_code == 303
        assert made.client.get("/auth/me").json()["grants"] == []


def test_an_answer_is_good_for_the_browser_that_asked_and_once(tmp_path, issuer):
    with guarded(tmp_path, oidc=provider(issuer)) as made:
        made.user(ANN, password=None)
        back = go_there(made, "ann")
        cookie = made.client.cookies["vidpipe_oidc"]
        made.client.cookies.clear()
        # Somebody else's browser, led to the address with an attacker's code.
        assert made.client.get(back, follow_redirects=False).status_code == 401
        for wrong in ("x", cookie[:-1], cookie.replace("a", "b")):
            header = {"Cookie": f"vidpipe_oidc={wrong}"}
            answer = made.client.get(back, headers=header, follow_redirects=False)
            assert answer.status_code == 401
        other = go_there(made, "ann")
        mixed = other.replace(parse_qs(urlsplit(other).query)["state"][0], "another")
        assert made.client.get(mixed, follow_redirects=False).status_code == 401
        assert made.client.get(other, follow_redirects=False).status_code == 303
        made.client.cookies.clear()


def test_a_code_for_another_verifier_is_refused(tmp_path, issuer):
    with guarded(tmp_path, oidc=provider(issuer)) as made:
        made.user(ANN, password=None)
        stolen = parse_qs(urlsplit(go_there(made, "ann")).query)["code"][0]
        mine = go_there(made, "ann")
        code = parse_qs(urlsplit(mine).query)["code"][0]
        injected = mine.replace(code, stolen)
        assert made.client.get(injected, follow_redirects=False).status_code == 401


def test_a_provider_that_is_away_says_so(tmp_path):
    with guarded(tmp_path, oidc=provider("http://localhost:9")) as made:
        assert made.client.get("/auth/oidc/start").status_code == 503
