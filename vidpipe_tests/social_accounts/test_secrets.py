"""Tokens, codes, verifiers and secrets of applications: nowhere but where they are sent."""

import json
import logging
import re
import traceback

import pytest
from sqlalchemy import text

from vidpipe.catalog.tables import Base
from vidpipe.errors import VidpipeError
from vidpipe.publishing import oauth
from vidpipe.publishing.oauth_platforms import OAUTH
from vidpipe_fakes import Kind
from vidpipe_tests.social_accounts.conftest import query_of

#: What fakes give, and what the applications of these tests keep.
SECRET = re.compile(r"fake-(?:refresh|[a-z]+)-[0-9a-f]{16,}|fake-client-secret|canary[-_]\w+")


class Named:
    """Makes states and verifiers that are known again."""

    @staticmethod
    def token_urlsafe(size):
        import secrets

        return f"canary-{secrets.token_urlsafe(size)}"


@pytest.fixture
def heard(caplog, monkeypatch):
    """Everything that vidpipe and its client of HTTP log."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(oauth, "secrets", Named)
    return caplog


def stored(site):
    """Every value of every table, as text, by the table and the column."""
    with site.library.engine.catalog.session() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(text(f'SELECT * FROM "{table.name}"')).mappings():
                for column, value in row.items():
                    yield f"{table.name}.{column}", str(value)


def none_in(said, where):
    found = SECRET.search(said)
    assert found is None, f"{where}: {found[0][:24]}…"


class Ears:
    """Asks, fails, and keeps all that is said.

    Attributes:
        said: answers, errors and lines of logs, each with where it was said.
    """

    def __init__(self, site, log):
        self.site, self.log = site, log
        self.said = []

    def ask(self, method, path, **more):
        answer = self.site.client.request(method, path, **more)
        self.said.append((path[:40], f"{answer.status_code} {answer.headers} {answer.text}"))
        return answer

    def fail(self, work):
        with pytest.raises(VidpipeError) as raised:
            work()
        error = raised.value
        self.said.append(("a traceback", "".join(traceback.format_exception(error))))
        # What an error tracker shows besides.
        self.said.append(("an error", f"{error!r} {vars(error)!r}"))

    def logged(self):
        """Take what was logged until now; the tests' own client has a name of its own."""
        for record in self.log.records:
            if not record.name.startswith("httpx2"):
                more = "" if record.name.startswith("http") else str(record.__dict__)
                line = f"{record.getMessage()} {more} {record.exc_text or ''}"
                self.said.append((f"the log {record.name}", line))
        self.log.clear()

    def none_told(self, *secrets):
        """No secret was said, and none is stored."""
        self.logged()
        for where, text_said in [*self.said, *stored(self.site)]:
            none_in(text_said, where)
            for secret in secrets:
                assert secret not in text_said, where


@pytest.mark.logs_errors
@pytest.mark.parametrize("platform", OAUTH)
def test_no_secret_is_told_or_stored(make_site, bases, heard, platform):
    application = {
        "platform": platform,
        "client_id": "an-id",
        "client_secret": "canary-of-the-application",
    }
    options = {"applications": {"main": application}, "dry": bases}
    site = make_site(publishing=options)
    ears, fake = Ears(site, heard), site.fakes[platform]
    body = {"channel": "default", "platform": platform}
    key = {"Idempotency-Key": "one"}
    begun = site.client.post("/api/v1/social-accounts", json=body, headers=key)
    url = begun.json()["authorize_url"]
    state = query_of(url)["state"]
    assert "canary" in state and "canary-of-the-application" not in begun.text
    assert ears.ask("POST", "/api/v1/social-accounts", json=body, headers=key).status_code == 201
    ears.logged()
    path = site.consent(url)
    # That was the browser's.
    heard.clear()
    code = query_of(path)["code"]
    ears.none_told(state, code)
    assert ears.ask("GET", path).status_code == 200
    account = site.accounts.list(["default"])[0]
    where = f"/api/v1/social-accounts/{account.account_id}"
    assert ears.ask("POST", f"{where}/refresh").status_code == 200
    for at in (where, "/api/v1/social-accounts", "/api/v1/social-platforms"):
        assert ears.ask("GET", at).status_code == 200
    for kind in (Kind.MALFORMED, Kind.CUT, Kind.BROKEN, Kind.RATE):
        fake.trouble("", kind, times=3)
        ears.ask("POST", f"{where}/refresh")
        fake._troubles.clear()
    site.connect(platform)
    ears.log.clear()
    fake.tokens.clear()
    fake.oauth.refresh_tokens.clear()
    assert ears.ask("POST", f"{where}/refresh").json()["code"] == "account_broken"
    accounts = site.accounts
    ears.fail(lambda: accounts.token(account.account_id))
    ears.fail(lambda: accounts.refresh(account.account_id))
    ears.fail(lambda: accounts.finish(platform, state=state, code=code, by="local"))
    other = query_of(site.begin(platform)["authorize_url"])["state"]
    ears.fail(lambda: accounts.finish(platform, state=other, code=code, by="local"))
    assert ears.ask("DELETE", where).status_code == 200
    for at in ("/api/v1/events/history", "/api/v1/audit"):
        assert ears.ask("GET", at).status_code == 200
    ears.none_told(state, code)
    kinds = {kind for kind, _ in site.events()}
    assert {"account.connected", "account.broken", "account.disconnected"} <= kinds


def test_what_holds_secrets_does_not_print_them(make_site, bases):
    site = make_site(
        publishing={
            "dry": bases,
            "applications": {
                "main": {"platform": "x", "client_id": "i", "client_secret": "canary_value"}
            },
        }
    )
    account = site.connect("facebook")
    row = site.row(account.account_id)
    secret = site.accounts.tokens.opened(row)
    token = secret.access.get_secret_value()
    platform, client = site.accounts.applications.known(row)
    settings = site.library.engine.settings
    for thing in (row, secret, secret.grant, platform, client, account, settings.publishing):
        none_in(f"{thing!r} {thing}", type(thing).__name__)
        assert token not in f"{thing!r} {thing}"
    assert "canary_value" not in settings.model_dump_json()
    assert token in secret.dumped() and token not in json.dumps(account.model_dump(mode="json"))
    made = site.accounts.begin(
        "default", "x", by="local", redirect_uri="http://127.0.0.1/oauth/return/x"
    )
    assert "canary_value" not in made.model_dump_json()


def test_a_webhooks_address_and_secret_are_sealed(make_site, bases):
    site = make_site(webhooks={"allow_http": True, "allow_private": True})
    address = "http://127.0.0.1:9999/posts?token=canary-of-an-address"
    body = {"channel": "default", "platform": "webhook", "address": address}
    headers = {"Idempotency-Key": "two"}
    answer = site.client.post("/api/v1/social-accounts", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["secret"].startswith("whsec_") and made["account"]["state"] == "connected"
    account_id = made["account"]["account_id"]
    assert answer.headers["location"] == f"/api/v1/social-accounts/{account_id}"
    assert "canary" not in answer.text
    again = site.client.post("/api/v1/social-accounts", json=body, headers=headers)
    assert again.json()["account"]["account_id"] == account_id and again.json()["secret"] is None
    for where, value in stored(site):
        assert "canary" not in value and made["secret"] not in value, where
    assert site.accounts.token(account_id).get_secret_value() == made["secret"]
    machine = site.accounts.machine(account_id)
    # It is told to the fake, at its own address.
    assert machine.base.startswith(bases["webhook"])
    with pytest.raises(VidpipeError):
        site.accounts.refresh("account-nothing")
    assert site.client.post(f"/api/v1/social-accounts/{account_id}/refresh").status_code == 200
    assert site.accounts.disconnect(account_id).state == "disconnected"


def test_a_folder_is_within_the_one_that_is_set(make_site, tmp_path):
    site = make_site()
    home = site.library.engine.settings.home
    made = site.begin("folder", address="archive/news")
    assert made["account"]["remote_id"] == "archive/news" and made["secret"] is None
    assert (home / "posts" / "archive" / "news").is_dir()
    account_id = made["account"]["account_id"]
    assert site.accounts.token(account_id).get_secret_value() == ""
    assert site.accounts.machine(account_id).name == "folder"
    same = site.begin("folder", address=str(home / "posts" / "archive" / "news"))
    assert same["account"]["account_id"] == account_id
    (home / "posts" / "out").symlink_to(tmp_path)
    answer = site.client.post(
        "/api/v1/social-accounts",
        json={"channel": "default", "platform": "folder", "address": "out/there"},
    )
    assert answer.status_code == 422 and not (tmp_path / "there").exists()
