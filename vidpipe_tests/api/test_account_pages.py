"""Logging in with a browser: pages, cookies, and what each is shown."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role
from vidpipe_tests.api.guarded import GOOD, UNLIMITED, guarded

ANN = "ann@example.org"
ROOT = "http://testserver"
HTML = {"Accept": "text/html"}


@pytest.fixture
def service(tmp_path):
    with guarded(tmp_path) as made:
        made.user(ANN, Grant("acme", Role.ADMIN))
        yield made


@pytest.fixture
def browser(service) -> TestClient:
    return TestClient(service.client.app, base_url=ROOT, headers=HTML, follow_redirects=False)


def log_in(browser, to="/", password=GOOD):
    return browser.post("/login", data={"email": ANN, "password": password, "next": to})


def test_who_has_no_login_is_led_to_it_and_back(service, browser):
    at = service.objects("news")
    wanted = f"/videos/{at['video_id']}"
    led = browser.get(wanted)
    assert led.status_code == 303 and led.headers["location"] == f"/login?next={quote(wanted, '')}"
    form = browser.get(led.headers["location"])
    assert form.status_code == 200 and f'value="{wanted}"' in form.text
    assert form.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in form.headers["content-security-policy"]
    entered = log_in(browser, wanted)
    assert entered.status_code == 303 and entered.headers["location"] == wanted
    shown = browser.get(wanted)
    assert shown.status_code == 200 and ANN in shown.text and "Log out" in shown.text


def test_programs_are_told_and_not_led(service):
    answer = service.client.get(ROOT + "/", follow_redirects=False)
    assert answer.status_code == 401
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_wrong_password_is_said_on_the_page_with_the_address_kept(browser):
    again = log_in(browser, password="no")
    assert again.status_code == 401 and "The address or the password is wrong." in again.text
    assert f'value="{ANN}"' in again.text and "set-cookie" not in again.headers


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\r\nb: c", ""],
)
def test_nobody_is_led_elsewhere(browser, to):
    assert log_in(browser, to).headers["location"] == "/"
    led = browser.get("/api/v1/auth/continue", params={"to": to})
    assert led.headers["location"] == "/"
    browser.cookies.clear()
    assert browser.get("/login", params={"next": to}).text.count('name="next" value="/"') == 1


def test_everybody_is_shown_the_channels_that_they_may_read(service, browser):
    own, other = service.objects("news"), service.objects("default")
    log_in(browser)
    home = browser.get("/").text
    assert own["video_id"] in home and other["video_id"] not in home
    assert browser.get(f"/videos/{other['video_id']}").status_code == 404
    key = f"default/{other['video_id']}/clips/clip.0123456789abcdef.mp4"
    assert browser.get(f"/files/{key}").text == "There is no such file here.\n"
    assert browser.get("/files/_reports/one/graph.png").text == "There is no such file here.\n"


def test_a_browser_goes_on_after_its_access_token_ran_out(service, browser):
    log_in(browser)
    old = {cookie.name: cookie.value for cookie in browser.cookies.jar}
    browser.cookies.delete("vidpipe_access")
    led = browser.get("/?page=2")
    assert led.headers["location"] == "/api/v1/auth/continue?to=%2F%3Fpage%3D2"
    renewed = browser.get(led.headers["location"])
    assert renewed.headers["location"] == "/?page=2" and browser.get("/").status_code == 200
    # Another tab was a moment later, with the cookies that were: it waits, and ends nothing.
    tab = TestClient(service.client.app, base_url=ROOT, cookies=old, follow_redirects=False)
    late = tab.get("/api/v1/auth/continue", params={"to": "/"})
    assert late.status_code == 200 and late.headers["refresh"] == "1; url=/"
    assert browser.get("/").status_code == 200


def test_who_logged_out_is_out_everywhere_and_led_to_the_login(service, browser):
    log_in(browser)
    kept = {cookie.name: cookie.value for cookie in browser.cookies.jar}
    foreign = browser.post("/logout", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 303 and browser.get("/").status_code == 200
    assert browser.post("/logout").headers["location"] == "/login"
    assert not list(browser.cookies.jar)
    thief = TestClient(service.client.app, base_url=ROOT, cookies=kept, follow_redirects=False)
    assert thief.get("/", headers=HTML).headers["location"].startswith("/api/v1/auth/continue")
    ended = thief.get("/api/v1/auth/continue")
    assert ended.headers["location"] == "/login" and "vidpipe_refresh=" in str(ended.headers)


def test_a_page_of_another_origin_logs_nobody_in(browser):
    data = {"email": ANN, "password": GOOD}
    answer = browser.post("/login", data=data, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


def test_a_refused_renewal_takes_the_cookies_back(service, browser):
    log_in(browser)
    token = browser.cookies["vidpipe_csrf"]
    service.run(lambda a: a.users.set_password(ANN, GOOD + " 2", COMMAND_LINE))
    answer = browser.post("/api/v1/auth/refresh", json={}, headers={"X-CSRF-Token": token})
    assert answer.status_code == 401 and not list(browser.cookies.jar)


def test_the_link_of_a_message_leads_to_a_new_password(service, browser):
    sent = browser.post("/account/forgot", data={"email": ANN})
    assert "If there is such an account, a message is on its way." in sent.text
    (link,) = re.findall(
        r"http://testserver(/account/reset\?code=\S+)", service.outbox.sent[-1].text
    )
    form = browser.get(link)
    code = service.outbox.code()
    assert f'value="{code}"' in form.text
    weak = browser.post("/account/reset", data={"code": code, "password": "password1234"})
    assert weak.status_code == 422 and f'value="{code}"' in weak.text
    assert "password1234" not in weak.text
    done = browser.post("/account/reset", data={"code": code, "password": GOOD + " new"})
    assert done.status_code == 200 and "Your password is set." in done.text
    used = browser.post("/account/reset", data={"code": code, "password": GOOD})
    assert used.status_code == 400
    assert log_in(browser, password=GOOD + " new").status_code == 303


def test_the_link_of_an_offer_leads_to_the_role(service, browser):
    service.user("bob@example.org", Grant("default", Role.VIEWER))
    service.user("boss@example.org", Grant("acme", Role.ADMIN))
    body = {"email": "bob@example.org", "organisation": "acme", "role": "editor"}
    service.client.post("/users", json=body, headers=service.login("boss@example.org"))
    code = service.outbox.code()
    assert f"/account/join?code={code}" in service.outbox.sent[-1].text
    shown = browser.get(f"/account/join?code={code}").text
    assert f'value="{code}"' in shown and "Accept" in shown
    done = browser.post("/account/join", data={"code": code})
    assert "You are editor of acme now." in done.text
    again = browser.post("/account/join", data={"code": code})
    assert again.status_code == 400 and "was used" in again.text


def test_registering_is_offered_where_it_is_open(service, browser, tmp_path_factory):
    assert browser.get("/account/register").status_code == 404
    assert browser.post("/account/register", data={"email": "x@example.org"}).status_code == 404
    with guarded(tmp_path_factory.mktemp("open"), registration="open") as made:
        new = TestClient(made.client.app, base_url=ROOT, headers=HTML)
        assert "I have no account yet" in new.get("/login").text
        new.post("/account/register", data={"email": "new@example.org"})
        data = {"code": made.outbox.code(), "password": GOOD}
        assert new.post("/account/verify", data=data).status_code == 200
        made.login("new@example.org")


def test_odd_forms_are_answered_and_no_bug(browser):
    for body in (b"\xff", b"&" * 100, b"a=" + b"x" * 20_000, b"email[]=1", b""):
        assert browser.post("/login", content=body).status_code == 401
    assert browser.get("/account/%00").status_code == 404
    assert browser.post("/account/nothing", data={}).status_code == 404


def test_guesses_are_limited_and_the_page_says_until_when(tmp_path):
    with guarded(tmp_path, rates={**UNLIMITED, "login": 2}) as made:
        page = TestClient(made.client.app, base_url=ROOT)
        answers = [page.post("/login", data={"email": ANN, "password": "x"}) for _ in range(4)]
    assert [a.status_code for a in answers] == [401, 401, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1 and "Too many requests" in answers[-1].text


def test_where_nobody_can_log_in_pages_are_answered_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("vidpipe.api.security.gate.secrets_of", lambda *_, **__: [])
    with guarded(tmp_path, anonymous_read=True, secrets=[]) as made:
        page = TestClient(made.client.app, base_url=ROOT, headers=HTML, follow_redirects=False)
        assert page.post("/logout").headers["location"] == "/login"
        bad = {"Authorization": "Bearer nothing", "Accept": "text/html"}
        assert page.get("/", headers=bad).headers["location"] == "/login"
        assert page.get("/login").status_code == 503


def test_who_logs_in_again_leaves_the_old_login_behind(service, browser):
    log_in(browser)
    log_in(browser)
    header = service.login(ANN)
    # That of this page, and that of the program.
    assert len(service.client.get("/auth/sessions", headers=header).json()) == 2


def test_on_this_machine_there_is_nothing_to_log_in_to(tmp_path):
    with guarded(tmp_path, host="127.0.0.1") as made:
        page = TestClient(made.client.app, base_url=ROOT, follow_redirects=False)
        assert page.get("/login").headers["location"] == "/"
        assert "Log out" not in page.get("/").text
