"""vidpipe users and vidpipe keys."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.model import Action
from vidpipe.accounts.options import AccountOptions
from vidpipe.catalog.sessions import Sessions
from vidpipe.cli import app
from vidpipe_tests.accounts.conftest import GOOD

CHANNELS = "channels: {default: {}, news: {organisation: acme}}\n"


@pytest.fixture
def vidpipe(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path))
    (tmp_path / "channels.yaml").write_text(CHANNELS)

    def go(*words, given="", fails=False):
        done = CliRunner().invoke(app, words, input=given)
        assert (done.exit_code != 0) is fails, (done.output, done.exception)
        return done

    return go


def test_users_from_the_first_to_the_disabled(vidpipe):
    assert "No users yet" in vidpipe("users", "list").output
    vidpipe("users", "add", "Ann@example.org", "--role", "admin", given=GOOD + "\n")
    where = ("--organisation", "acme", "--channel", "news")
    said = vidpipe("users", "role", "ann@example.org", "viewer", *where).output
    assert said == "ann@example.org: viewer of acme/news, admin of default\n"
    assert "ann@example.org" in vidpipe("users", "list", "--organisation", "acme").output
    vidpipe("users", "role", "ann@example.org", "none", *where)
    assert "No users yet" in vidpipe("users", "list", "--organisation", "acme").output
    vidpipe("users", "password", "ann@example.org", given=GOOD + " new\n")
    vidpipe("users", "disable", "ann@example.org")
    assert "disabled" in vidpipe("users", "list").output
    vidpipe("users", "disable", "ann@example.org", "--enable")
    assert "disabled" not in vidpipe("users", "list").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "ann@example.org"], "needs 12 at least"),
        (["add", "nobody"], "no e-mail address"),
        (["add", "ann@example.org", "--organisation", "other"], "no organisation other"),
        (["add", "ann@example.org", "--channel", "news"], "no channel news"),
        (["disable", "ann@example.org"], "there is no user"),
    ],
)
def test_what_is_wrong_is_said(vidpipe, words, said):
    assert said in vidpipe("users", *words, given="short\n", fails=True).output


def test_a_key_is_printed_once_and_works(vidpipe, tmp_path):
    made = vidpipe("keys", "create", "ci", "--organisation", "acme", "--scope", "read")
    secret = made.stdout.strip()
    listed = vidpipe("keys", "list").output
    assert secret[:11] in listed and secret not in listed

    async def who():
        accounts = Accounts(Sessions(f"sqlite:///{tmp_path}/catalog.sqlite"), AccountOptions())
        try:
            return await accounts.keys.principal(secret)
        finally:
            await accounts.close()

    principal = asyncio.run(who())
    assert principal.may(Action.READ, "acme", "news")
    assert not principal.may(Action.SUBMIT, "acme", "news")
    vidpipe("keys", "revoke", secret[:11])
    assert asyncio.run(who()) is None
    assert "revoked" in vidpipe("keys", "list").output
    assert "there is no key" in vidpipe("keys", "revoke", "vp_00000000", fails=True).output
