"""vidpipe accounts, and what vidpipe check says of publishing."""

import json
import queue
import threading
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from vidpipe.cli import app, connecting
from vidpipe.cli.serve_commands import _announce
from vidpipe.errors import Misconfigured
from vidpipe.library import NotConnected
from vidpipe.readiness import _publishing
from vidpipe.settings import load_settings, unknown_settings
from vidpipe_tests.social_accounts.conftest import query_of, sent_back


@pytest.fixture
def vidpipe(site, bases, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(site.library.engine.settings.home))
    monkeypatch.setenv("VIDPIPE_PUBLISHING__DRY", json.dumps(bases))

    def go(*words, fails=False, typed=None):
        done = CliRunner().invoke(app, ["accounts", *words], input=typed)
        assert (done.exit_code != 0) is fails, (done.output, done.exception)
        return done

    return go


class Terminal:
    """A command that waits for a browser, in a thread of its own."""

    def __init__(self, site, monkeypatch, platform, port=0):
        self.said, self.ended = queue.Queue(), queue.Queue()
        monkeypatch.setattr(connecting.typer, "echo", self.said.put)

        def run():
            try:
                given = (site.library, "default", platform, None, port, False)
                self.ended.put(connecting.connect(*given))
            except Exception as error:
                self.ended.put(error)

        threading.Thread(target=run, daemon=True).start()
        self.url = self.said.get(timeout=60)


@pytest.mark.parametrize("platform", ["youtube", "instagram"])
def test_the_browser_comes_back_to_the_command(site, monkeypatch, platform):
    terminal = Terminal(site, monkeypatch, platform)
    back = sent_back(terminal.url)
    at = urlsplit(back)
    assert at.hostname == "127.0.0.1" and at.path == f"/oauth/return/{platform}"
    state = query_of(back)["state"]
    for wrong in (
        back.replace(state, "another"),
        back.replace("/oauth", "/favicon.ico"),
        f"http://127.0.0.1:{at.port}/",
    ):
        assert httpx.get(wrong, trust_env=False).status_code == 404
    elsewhere = httpx.get(back, headers={"Host": "evil.example"}, trust_env=False)
    assert elsewhere.status_code == 404
    answer = httpx.get(back, trust_env=False)
    assert answer.status_code == 200 and "Connected" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = terminal.ended.get(timeout=60)
    assert [account.platform for account in found] == [platform]
    assert site.accounts.token(found[0].account_id)


def test_a_login_that_is_not_allowed_ends_the_command(site, monkeypatch):
    terminal = Terminal(site, monkeypatch, "x")
    site.fakes["x"].oauth.denies = True
    answer = httpx.get(sent_back(terminal.url), trust_env=False)
    assert answer.status_code == 409 and "not allowed" in answer.text
    assert isinstance(terminal.ended.get(timeout=60), NotConnected)


def test_a_port_that_is_taken_is_said(site, monkeypatch, bases):
    taken = urlsplit(bases["x"]).port
    with pytest.raises(Misconfigured, match="--port"):
        connecting.connect(site.library, "default", "x", None, taken, False)


def test_the_address_is_pasted_where_the_browser_is_elsewhere(site, vidpipe, monkeypatch):
    pasted = {}

    def answer(*_):
        return sent_back(pasted["url"])

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(connecting.typer, "echo", lambda url: pasted.update(url=url))
    said = vidpipe("connect", "default", "tiktok", "--paste").output
    assert "default can post to tiktok" in said
    again = vidpipe("connect", "default", "tiktok", "--paste").output
    (account,) = site.accounts.list(["default"])
    assert account.account_id in said and account.account_id in again
    monkeypatch.setattr("builtins.input", lambda *_: "http://127.0.0.1/oauth/return/tiktok?x=1")
    assert "nobody pasted" in vidpipe("connect", "default", "tiktok", "--paste", fails=True).output


def test_what_is_pasted_wrongly_is_asked_for_again(site, vidpipe, monkeypatch):
    pasted = {}

    def answers():
        yield "tiktok.com"
        back = sent_back(pasted["url"])
        yield back.replace("state=", "status=")
        yield back.replace("code=", "kode=")
        yield back

    given = answers()
    monkeypatch.setattr("builtins.input", lambda *_: next(given))
    monkeypatch.setattr(connecting.typer, "echo", lambda url: pasted.update(url=url))
    said = " ".join(vidpipe("connect", "default", "tiktok", "--paste").output.split())
    assert said.count("this is not the address") == 3 and "can post to tiktok" in said

    def over(*_):
        raise EOFError

    monkeypatch.setattr("builtins.input", over)
    ended = vidpipe("connect", "default", "tiktok", "--paste", fails=True).output
    assert "nobody pasted" in ended and "Traceback" not in ended


def test_what_there_is_not_is_said_with_what_there_is(site, vidpipe):
    def said(*words):
        return " ".join(vidpipe(*words, fails=True).output.split())

    assert "give its address (--address)" in said("connect", "default", "folder")
    assert "there is no platform 'myspace'" in said("connect", "default", "myspace")
    assert "nope" in said("list", "--channel", "nope")


def test_a_fake_receiver_is_connected_at_its_own_address(site, vidpipe, bases):
    url = f"{bases['webhook']}/posts"
    assert url.startswith("http://")
    assert "whsec_" in vidpipe("connect", "default", "webhook", "--address", url).output


def test_a_dry_run_is_said(site, vidpipe, monkeypatch):
    for words in (("list",), ("connect", "default", "folder", "--address", "archive")):
        done = vidpipe(*words)
        assert done.stderr.count("dry run") == 1 and "dry run" not in done.stdout
    monkeypatch.delenv("VIDPIPE_PUBLISHING__DRY")
    assert "dry run" not in vidpipe("list").output


def test_what_serves_says_that_it_is_a_dry_run(make_site, capsys):
    site = make_site(log={"format": "console"})
    _announce(site.library, "127.0.0.1", 3001, needs_login=False, tools=False)
    assert capsys.readouterr().err.count("dry run") == 1


def test_accounts_are_listed_renewed_and_disconnected(site, vidpipe):
    assert "No accounts yet" in vidpipe("list").output
    account = site.connect("tiktok")
    listed = vidpipe("list").output
    assert account.account_id in listed and "connected" in listed
    assert "No accounts" in vidpipe("list", "--channel", "news").output
    said = vidpipe("refresh", account.account_id).output
    assert "until 2" in said and "max_duration_s" in said
    assert "is disconnected" in vidpipe("disconnect", account.account_id).output
    assert "disconnected" in vidpipe("refresh", account.account_id, fails=True).output
    assert "no account" in vidpipe("disconnect", "account-nothing", fails=True).output
    rows = site.client.get("/api/v1/audit").json()["items"]
    actions = [row["action"] for row in rows]
    assert "social_account.refresh" in actions and "social_account.disconnect" in actions


def test_a_folder_and_a_webhook_are_there_at_once(site, vidpipe, bases, monkeypatch):
    said = vidpipe("connect", "news", "folder", "--address", "archive").output
    assert "news can post to folder, archive" in said
    monkeypatch.setenv("VIDPIPE_WEBHOOKS__ALLOW_HTTP", "true")
    url = f"{bases['webhook']}/posts"
    said = vidpipe("connect", "news", "webhook", "--address", url).output
    assert "whsec_" in said and "keep its secret" in said
    assert "has no address" in vidpipe("connect", "news", "x", "--address", url, fails=True).output
    assert "give its address" in vidpipe("connect", "news", "folder", fails=True).output
    assert "nothing" in vidpipe("connect", "nothing", "folder", "--address", "a", fails=True).output


def applications(**fields):
    return {"applications": {"main": {"platform": "youtube", "client_id": "id", **fields}}}


def test_check_says_which_platforms_are_configured(tmp_path):
    def says(**publishing):
        return _publishing(load_settings(home=tmp_path, publishing=publishing, public_url=""))

    assert "no platform" in says()
    said = says(**applications(client_secret="hidden-one"))
    assert "youtube (main)" in said and "accounts connect" in said and "hidden-one" not in said
    assert "http://127.0.0.1:9300" in says(dry="fakes")
    with pytest.raises(Misconfigured, match="MAIN__CLIENT_SECRET is not set"):
        says(**applications())
    with pytest.raises(Misconfigured, match="MAIN__PLATFORM is not set"):
        says(**applications(client_secret="s", platform=""))


def test_applications_come_from_the_environment(tmp_path, monkeypatch):
    prefix = "VIDPIPE_PUBLISHING__APPLICATIONS__MAIN_1__"
    given = {"PLATFORM": "linkedin", "CLIENT_ID": "i", "CLIENT_SECRET": "hidden", "PAGES": "true"}
    for name, value in given.items():
        monkeypatch.setenv(f"{prefix}{name}", value)
    assert unknown_settings({f"{prefix}{name}": "" for name in given}) == []
    assert unknown_settings({f"{prefix}CLIENT_NAME": ""})
    monkeypatch.setenv("VIDPIPE_PUBLISHING__DRY", "fakes")
    options = load_settings(home=tmp_path).publishing
    made = options.applications["main_1"]
    assert made.platform == "linkedin" and made.pages and made.usable
    assert made.client_secret.get_secret_value() == "hidden" and "hidden" not in repr(options)
    assert options.bases["youtube"] == "http://127.0.0.1:9300"
    monkeypatch.setenv("VIDPIPE_PUBLISHING__DRY", '{"x": "http://127.0.0.1:1"}')
    assert load_settings(home=tmp_path).publishing.bases == {"x": "http://127.0.0.1:1"}
    for wrong in ("real", '{"myspace": "http://a"}', '{"x": "x"}'):
        monkeypatch.setenv("VIDPIPE_PUBLISHING__DRY", wrong)
        with pytest.raises(Misconfigured, match="DRY"):
            load_settings(home=tmp_path)


def test_an_application_of_one_organisation_is_not_anothers(make_site, bases):
    one = {"platform": "x", "client_id": "1", "client_secret": "s", "organisation": "acme"}
    own = {"platform": "x", "client_id": "2", "client_secret": "s", "organisation": "default"}
    any_ = {"platform": "x", "client_id": "3", "client_secret": "s"}
    options = {"dry": bases, "applications": {"a": any_, "b": one, "c": own}}
    site = make_site(publishing=options)
    shown = site.client.get("/api/v1/social-platforms").json()["platforms"]
    found = next(p for p in shown if p["platform"] == "x")
    assert found["applications"] == ["c", "a"] and found["connectable"]
    assert found["return_address"] == "http://testserver/oauth/return/x"
    assert query_of(site.begin("x", application="a")["authorize_url"])["client_id"] == "fake-client"
    body = {"channel": "default", "platform": "x", "application": "b"}
    answer = site.client.post("/api/v1/social-accounts", json=body)
    assert answer.status_code == 422 and "there are c, a" in answer.json()["detail"]
    first = site.connect("x")
    assert first.application == "c"
    alone = make_site(publishing={"dry": bases, "applications": {"b": one}})
    shown = alone.client.get("/api/v1/social-platforms").json()["platforms"]
    found = next(p for p in shown if p["platform"] == "x")
    assert not found["connectable"] and "other organisations" in found["why_not"]


def test_without_an_application_nothing_is_connected(make_site):
    site = make_site(publishing={})
    shown = site.client.get("/api/v1/social-platforms").json()["platforms"]
    assert {p["platform"] for p in shown if p["connectable"]} == {"webhook", "folder"}
    youtube = next(p for p in shown if p["platform"] == "youtube")
    assert "VIDPIPE_PUBLISHING__APPLICATIONS__NAME__PLATFORM" in youtube["why_not"]
    body = {"channel": "default", "platform": "youtube"}
    answer = site.client.post("/api/v1/social-accounts", json=body)
    assert answer.status_code == 422 and "no application" in answer.json()["detail"]
    half = make_site(publishing={"dry": {"x": "http://127.0.0.1:9305"}})
    shown = half.client.get("/api/v1/social-platforms").json()["platforms"]
    assert {p["platform"] for p in shown if p["connectable"]} == {"x", "folder"}


def test_linkedin_pages_are_asked_for_where_that_is_set(make_site, bases):
    one = {"platform": "linkedin", "client_id": "1", "client_secret": "s", "pages": True}
    site = make_site(publishing={"dry": bases, "applications": {"a": one}})
    wanted = query_of(site.begin("linkedin")["authorize_url"])["scope"].split()
    assert "w_organization_social" in wanted and "w_member_social" not in wanted
