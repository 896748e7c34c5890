"""A process that is killed while it renews a token: at each line that it comes by."""

from __future__ import annotations

import contextlib
import sys
from datetime import timedelta

import pytest

from vidpipe.catalog.tables import now
from vidpipe.errors import Unavailable
from vidpipe.library import AccountBroken
from vidpipe.library.publishing import token_spool, tokens

MINUTE = timedelta(minutes=1)
FILES = {tokens.__file__, token_spool.__file__}
#: Between the platform's answer and the disk: what is lost there nobody can get back.
UNAVOIDABLE = {"renew", "seal", "keep", "digest_of", "name"}


class Killed(BaseException):
    """The process is gone."""


@contextlib.contextmanager
def killed_at(number, seen):
    """Die at the line of this number that is come by; names of functions go into `seen`."""
    count = -1

    def trace(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            count += 1
            if count == number:
                seen.append(frame.f_code.co_name)
                raise Killed
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def renewed_but_killed(site, account_id, number):
    """Whether it was killed, and in which function."""
    site.ends(account_id, now() + MINUTE)
    row = site.row(account_id)
    claimed = site.library.engine.catalog.social_accounts.claim(account_id, row.secret)
    seen = []
    try:
        with killed_at(number, seen):
            site.accounts.tokens.renew(claimed)
    except Killed:
        # Its lease ends by itself.
        site.change(account_id, due_at=now() - MINUTE)
        return seen[0]
    return None


@pytest.mark.parametrize("platform", ["x", "tiktok"])
def test_whoever_comes_after_has_the_token_or_says_that_it_is_lost(site, platform):
    account = site.connect(platform)
    fake, lost, where = site.fakes[platform], [], []
    for number in range(200):
        name = renewed_but_killed(site, account.account_id, number)
        if name is None:
            break
        where.append(name)
        # The access token is good for a minute yet; only a renewal shows what became of it.
        try:
            token = site.accounts.tokens.token(account.account_id, fresh=True)
            assert token.get_secret_value() in fake.tokens, (number, name)
        except AccountBroken:
            row = site.row(account.account_id)
            assert row.state == "broken", (number, name)
            assert "Connect the account again" in row.problem, (number, name)
            events = [data for kind, data in site.events() if kind == "account.broken"]
            assert events[-1]["code"] == "token_lost"
            lost.append(name)
            site.connect(platform)
        # Killed after the catalog had it: what is left is dropped by the next look.
        site.accounts.renew_due()
        assert list(site.library.engine.settings.home.glob("tokens/[!.]*")) == []
    else:
        raise AssertionError("it comes by more lines than that")
    assert len(where) > 30 and {"_keep", "keep", "renew"} <= set(where)
    # Only the few lines from the answer to the disk.
    assert set(lost) <= UNAVOIDABLE and len(lost) < 20, lost


def test_what_came_while_the_catalog_was_away_is_found_by_the_next_process(make_site, monkeypatch):
    site = make_site()
    account = site.connect("x")
    site.ends(account.account_id, now() + MINUTE)
    rows = site.library.engine.catalog.social_accounts
    claimed = rows.claim(account.account_id, site.row(account.account_id).secret)

    def away(*_, **__):
        raise Unavailable("the catalog is away")

    with monkeypatch.context() as gone:
        gone.setattr(rows, "renewed", away)
        gone.setattr(tokens, "_WRITE_AGAIN_S", (0.0,))
        gone.setattr(tokens.events, "error", lambda *_, **__: None)
        with pytest.raises(Unavailable):
            site.accounts.tokens.renew(claimed)
    # Another machine tried the old one meanwhile, and was refused.
    rows.broke(account.account_id, "The platform refuses it.", "invalid_grant")
    (kept,) = site.library.engine.settings.home.glob("tokens/*")
    assert kept.stat().st_mode & 0o077 == 0
    other = make_site()
    other.accounts.renew_due()
    assert other.accounts.get(account.account_id).state == "connected"
    token = other.accounts.token(account.account_id).get_secret_value()
    assert token in site.fakes["x"].tokens and token not in kept.parent.name
    assert not kept.exists()


def test_what_is_left_of_an_account_that_was_connected_again_is_dropped(site):
    account = site.connect("x")
    old = site.accounts.tokens.opened(site.row(account.account_id))
    spool = token_spool.TokenSpool(site.library.engine.settings.home / "tokens")
    site.connect("x")
    spool.keep(account.account_id, old.refresh, site.accounts.tokens.seal(old))
    spool.keep("account-of-nobody", old.refresh, site.accounts.tokens.seal(old))
    before = site.row(account.account_id).secret
    assert site.accounts.renew_due() is False
    assert site.row(account.account_id).secret == before
    assert list(spool.all()) == []


def test_a_disk_that_takes_nothing_is_said_and_the_token_is_kept_all_the_same(site):
    account = site.connect("x")
    (site.library.engine.settings.home / "tokens").write_text("not a folder")
    site.accounts.refresh(account.account_id)
    token = site.accounts.token(account.account_id).get_secret_value()
    assert token in site.fakes["x"].tokens
