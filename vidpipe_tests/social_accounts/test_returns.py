"""Who may come back from a platform, once, and what is said to everybody else."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.catalog.publishing_tables import ConnectingRow
from vidpipe.catalog.tables import now
from vidpipe.library import NotConnected
from vidpipe_tests.api.guarded import GOOD, guarded
from vidpipe_tests.social_accounts.conftest import query_of, sent_back

# Fakes of which nothing is known yet, in every test.
pytestmark = pytest.mark.usefixtures("fakes")


def refused(site, path, *words, status=409):
    answer = site.client.get(path)
    assert answer.status_code == status, answer.text
    assert "Not connected" in answer.text or status == 404
    for word in words:
        assert word in answer.text, answer.text
    assert "/studio/accounts" in answer.text
    assert not site.accounts.list(["default", "news"])
    return answer


def test_a_state_is_good_once(site):
    path = site.consent(site.begin("youtube")["authorize_url"])
    assert site.client.head(path).status_code == 405
    assert site.client.get(path).status_code == 200
    again = site.client.get(path)
    assert again.status_code == 409 and "not expected" in again.text
    assert len(site.accounts.list(["default"])) == 1


def test_another_state_leads_nowhere_and_ends_nothing(site):
    path = site.consent(site.begin("youtube")["authorize_url"])
    state = query_of(path)["state"]
    refused(site, path.replace(state, "a" * len(state)), "not expected")
    refused(site, path.replace(state, ""), "not expected")
    assert site.client.get(path).status_code == 200


def test_a_return_of_one_platform_is_none_of_another(site):
    path = site.consent(site.begin("youtube")["authorize_url"])
    refused(site, path.replace("youtube", "tiktok"), "not expected")
    refused(site, path.replace("youtube", "folder"), "not expected")
    answer = site.client.get(path.replace("youtube", "nothing"))
    assert answer.status_code == 409 and "no return" in answer.text


def test_after_ten_minutes_it_is_too_late(site):
    path = site.consent(site.begin("x")["authorize_url"])
    with site.library.engine.catalog.writing() as session:
        session.execute(update(ConnectingRow).values(expires_at=now() - timedelta(seconds=1)))
    refused(site, path, "10 minutes")
    site.accounts.tidy()
    with site.library.engine.catalog.session() as session:
        assert session.scalars(select(ConnectingRow)).all() == []


def test_of_whoever_is_expected_only_digests_and_what_is_sealed_is_kept(site):
    url = site.begin("youtube")["authorize_url"]
    state = query_of(url)["state"]
    with site.library.engine.catalog.session() as session:
        row = session.scalars(select(ConnectingRow)).one()
    assert row.state_sha256 == hashlib.sha256(state.encode()).hexdigest()
    assert timedelta(minutes=9) < row.expires_at - now() <= timedelta(minutes=10)
    assert row.verifier.startswith("gAAAA")


@pytest.mark.parametrize("platform", ["youtube", "linkedin"])
def test_who_does_not_allow_it_is_told_so(site, platform):
    url = site.begin(platform)["authorize_url"]
    site.fakes[platform].oauth.denies = True
    path = site.consent(url)
    refused(site, path, "not allowed", "Begin again")
    site.fakes[platform].oauth.denies = False
    # It was used.
    refused(site, path, "not expected")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("invalid_scope", "permissions"),
        ("server_error", "failed for the moment"),
        ("<script>alert(1)</script>", "refused it"),
        ("", "refused it"),
    ],
)
def test_what_else_comes_back_is_said_in_words(lasting, error, words):
    state = query_of(lasting.begin("tiktok")["authorize_url"])["state"]
    answer = lasting.client.get(f"/oauth/return/tiktok?state={state}&error={error}")
    assert answer.status_code == 409 and words in answer.text and "<script>" not in answer.text


def test_a_code_that_is_wrong_connects_nothing(lasting):
    state = query_of(lasting.begin("tiktok")["authorize_url"])["state"]
    refused(lasting, f"/oauth/return/tiktok?state={state}&code=made-up", "gave no token")


def test_who_leaves_out_posting_is_told_so(lasting):
    url = lasting.begin("youtube")["authorize_url"]
    fewer = url.replace("youtube.upload", "youtube.readonly")
    refused(lasting, lasting.consent(fewer), "posting was not allowed")


def test_what_else_is_left_out_is_said_of_the_account(site):
    url = site.begin("youtube")["authorize_url"]
    answer = site.client.get(site.consent(url.replace("yt-analytics.readonly", "userinfo.email")))
    assert answer.status_code == 200 and "yt-analytics.readonly" in answer.text
    (account,) = site.accounts.list(["default"])
    assert account.state == "connected" and "yt-analytics.readonly" in account.problem


def test_a_login_without_accounts_connects_nothing(site):
    path = site.consent(site.begin("youtube")["authorize_url"])
    site.fakes["youtube"].trouble("channels", "quota", times=9)
    refused(site, path, "no account there")


def test_the_same_account_is_renewed_not_added(site):
    first = site.connect("youtube")
    other = site.connect("youtube", channel="news")
    again = site.connect("youtube")
    assert again.account_id == first.account_id != other.account_id
    said = [data["renewed"] for kind, data in site.events() if kind == "account.connected"]
    assert said == [False, False, True]


def test_fifty_that_never_come_back_are_enough(site):
    for _ in range(50):
        site.accounts.begin("default", "x", by="user:1", redirect_uri="http://testserver/x")
    body = {"channel": "default", "platform": "x"}
    assert site.client.post("/api/v1/social-accounts", json=body).status_code == 201
    with pytest.raises(Exception, match="50 connections"):
        site.accounts.begin("default", "x", by="user:1", redirect_uri="http://testserver/x")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"platform": "myspace"}, "there is no platform"),
        ({"platform": "youtube", "application": "other"}, "no application"),
        ({"platform": "youtube", "address": "https://example.org"}, "no address"),
        ({"platform": "folder"}, "give its address"),
        ({"platform": "myspace", "address": "a"}, "there is no platform"),
        ({"platform": "folder", "address": "../elsewhere"}, "address"),
        ({"platform": "folder", "address": "/etc"}, "address"),
        ({"platform": "folder", "address": "a", "application": "fakes"}, "application"),
        ({"platform": "webhook", "address": "ftp://example.org/x"}, "address"),
    ],
)
def test_what_cannot_be_connected_is_said(lasting, body, words):
    answer = lasting.client.post("/api/v1/social-accounts", json={"channel": "default", **body})
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text
    assert not lasting.accounts.list(["default"])


def test_a_receiver_is_reached_by_https_where_it_is_a_real_one(make_site):
    site = make_site(publishing={})
    body = {"channel": "default", "platform": "webhook", "address": "http://example.org/x"}
    answer = site.client.post("/api/v1/social-accounts", json=body)
    assert answer.status_code == 422 and "https" in answer.json()["detail"], answer.text


def test_nobody_else_finishes_what_somebody_began(tmp_path, bases):
    with guarded(tmp_path) as service:
        options = service.library.engine.settings.publishing.model_copy(update={"dry": bases})
        object.__setattr__(service.library.engine.settings, "publishing", options)
        for name in ("ada", "bob"):
            service.user(f"{name}@example.org", Grant("acme", Role.ADMIN))
        service.user("eve@example.org", Grant("acme", Role.EDITOR))
        client = service.client

        def login(name):
            client.cookies.clear()
            form = {"email": f"{name}@example.org", "password": GOOD, "next": "/"}
            answer = client.post("http://testserver/login", data=form, follow_redirects=False)
            assert answer.status_code == 303, answer.text
            token = client.cookies.get("vidpipe_csrf")
            return {"X-CSRF-Token": token}

        headers = login("ada")
        body = {"channel": "news", "platform": "youtube"}
        begun = client.post("/social-accounts", json=body, headers=headers)
        assert begun.status_code == 201, begun.text
        path = sent_back(begun.json()["authorize_url"])

        login("bob")
        answer = client.get(path)
        assert answer.status_code == 409 and "somebody else began it" in answer.text
        client.cookies.clear()
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/login?")
        login("ada")
        answer = client.get(path)
        assert answer.status_code == 200 and "Connected" in answer.text, answer.text
        found = service.library.social_accounts.list(["news"])
        assert [a.connected_by.partition(":")[0] for a in found] == ["user"]

        assert client.post("/social-accounts", json=body, headers=login("eve")).status_code == 403
        client.cookies.clear()
        key = service.key(role=Role.ADMIN, scopes=list(Scope))
        answer = client.post("/social-accounts", json=body, headers=key)
        assert answer.status_code == 422 and "no browser" in answer.json()["detail"]
        login("ada")
        rows = client.get("/audit?limit=50").json()["items"]
        actions = [row["action"] for row in rows if row["action"].startswith("social_account")]
        assert sorted(actions) == ["social_account.connect", "social_account.connect"]


def test_who_may_not_connect_any_more_does_not_finish(site):
    begun = site.accounts.begin("default", "x", by="local", redirect_uri="http://testserver/x")
    state = query_of(begun.authorize_url)["state"]
    with pytest.raises(NotConnected, match="may not connect"):
        site.accounts.finish("x", state=state, code="any", by="local", may=lambda _: False)
