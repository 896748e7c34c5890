"""Tokens that are on a machine's disk and not in the catalog yet: adopted, left, dropped."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from vidpipe.catalog.tables import now
from vidpipe.errors import Unavailable
from vidpipe.library.publishing import tokens

MINUTE = timedelta(minutes=1)


def away(*_, **__):
    raise Unavailable("the catalog is away")


def key(text):
    return base64.urlsafe_b64encode(text.encode() * 32).decode()


def files(site):
    """Those of the spool, without what is being written."""
    return list(site.library.engine.settings.home.glob("tokens/[!.]*"))


def left_on_disk(site, monkeypatch, account=None, platform="x"):
    """An account whose fresh token a process wrote to the disk, and was gone; whose lease ended."""
    account = account or site.connect(platform)
    site.ends(account.account_id, now() + MINUTE)
    rows = site.library.engine.catalog.social_accounts
    claimed = rows.claim(account.account_id, site.row(account.account_id).secret)
    with monkeypatch.context() as gone:
        gone.setattr(rows, "renewed", away)
        gone.setattr(tokens, "_WRITE_AGAIN_S", ())
        gone.setattr(tokens.events, "error", lambda *_, **__: None)
        with pytest.raises(Unavailable):
            site.accounts.tokens.renew(claimed)
    # Far from due: only what is on the disk brings it up.
    site.change(account.account_id, lease=None, claims=0, due_at=now() + 60 * MINUTE)
    assert len(files(site)) == 1
    return account


def has_the_last(site, account_id):
    """Whether the catalog has the refresh token that its platform takes."""
    row = site.row(account_id)
    refresh = site.accounts.tokens.opened(row).refresh.get_secret_value()
    return refresh in site.fakes[row.platform].oauth.refresh_tokens


@pytest.mark.parametrize("other", [{"encryption_keys": [key("c")]}, {"publishing": {"dry": {}}}])
def test_a_process_that_cannot_read_it_leaves_it(make_site, monkeypatch, other):
    site = make_site(encryption_keys=[key("a")])
    account = left_on_disk(site, monkeypatch)
    make_site(**other).accounts.renew_due()
    assert len(files(site)) == 1 and not has_the_last(site, account.account_id)
    site.accounts.renew_due()
    assert files(site) == [] and has_the_last(site, account.account_id)
