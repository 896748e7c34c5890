"""Tokens that are on a machine's disk and not in the catalog yet: adopted, left, dropped."""

from __future__ import annotations

import base64
import os
import stat
import threading
import time
from datetime import timedelta

import pytest
from pydantic import SecretStr

from vidpipe.catalog.tables import now
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.library.publishing import token_spool, tokens

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


def test_one_that_only_a_newer_key_opens_is_not_asked_for_again(make_site, monkeypatch):
    site = make_site(encryption_keys=[key("a")])
    account = site.connect("x")
    newer = make_site(encryption_keys=[key("b"), key("a")])
    sealed = site.row(account.account_id).secret
    left_on_disk(newer, monkeypatch, account)
    site.change(account.account_id, secret=sealed, due_at=now())
    asked = len(site.fakes["x"].log)
    assert site.accounts.renew_due() is True
    row = site.row(account.account_id)
    assert len(site.fakes["x"].log) == asked and len(files(site)) == 1
    assert row.state == "connected" and row.lease is None and "another key" in row.problem
    newer.accounts.renew_due()
    assert files(site) == [] and has_the_last(newer, account.account_id)
    assert site.row(account.account_id).problem == ""


def without_application(site, monkeypatch, platform):
    """Take the application of one platform away."""
    known = site.accounts.applications.known

    def fewer(row):
        if row.platform == platform:
            raise Misconfigured("the application is not set any more")
        return known(row)

    monkeypatch.setattr(site.accounts.applications, "known", fewer)


def test_one_whose_application_is_gone_keeps_no_other_from_being_renewed(site, monkeypatch):
    account = left_on_disk(site, monkeypatch)
    other = site.connect("tiktok")
    site.change(other.account_id, due_at=now())
    with monkeypatch.context() as patch:
        without_application(site, patch, "x")
        assert site.accounts.renew_due() is True
        assert site.row(other.account_id).due_at > now()
        # Once it is due people are told what is missing, and nothing of a process that ended.
        site.change(account.account_id, due_at=now())
        assert site.accounts.renew_due() is True
    row = site.row(account.account_id)
    assert row.state == "broken" and "not set any more" in row.problem
    assert row.lease is None and row.claims == 0
    told = [data["code"] for kind, data in site.events() if kind == "account.broken"]
    assert told == ["no_application"] and len(files(site)) == 1
    site.accounts.renew_due()
    assert site.row(account.account_id).state == "connected"
    assert files(site) == [] and has_the_last(site, account.account_id)


def test_one_that_the_catalog_does_not_take_keeps_no_other_from_being_renewed(site, monkeypatch):
    account = left_on_disk(site, monkeypatch)
    other = site.connect("tiktok")
    site.change(other.account_id, due_at=now())
    rows = site.library.engine.catalog.social_accounts
    known, slept = rows.renewed, []

    def some(row, *args, **more):
        return away() if row.account_id == account.account_id else known(row, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(rows, "renewed", some)
        patch.setattr(tokens.time, "sleep", slept.append)
        assert site.accounts.renew_due() is True
    # It is on the disk: there is nothing to wait for.
    assert slept == [] and site.row(other.account_id).due_at > now()
    assert len(files(site)) == 1
    site.change(account.account_id, due_at=now())
    site.accounts.renew_due()
    assert files(site) == [] and has_the_last(site, account.account_id)


def test_a_process_that_was_held_up_drops_no_token_that_came_later(make_site, monkeypatch):
    site, other = make_site(), make_site()
    account = site.connect("x")
    account_id = account.account_id
    site.ends(account_id, now() + MINUTE)
    rows = site.library.engine.catalog.social_accounts
    claimed = rows.claim(account_id, site.row(account_id).secret)
    spool = site.accounts.tokens._spool
    known = spool.keep

    def held_up(*args):
        kept = known(*args)
        # Its lease ends; another process adopts what is on the disk, renews it, and is gone.
        site.change(account_id, due_at=now() - MINUTE)
        other.accounts.renew_due()
        assert files(other) == [] and has_the_last(other, account_id)
        left_on_disk(other, monkeypatch, account)
        return kept

    with monkeypatch.context() as patch:
        patch.setattr(spool, "keep", held_up)
        site.accounts.tokens.renew(claimed)
    assert len(files(site)) == 1 and not has_the_last(site, account_id)
    site.accounts.renew_due()
    assert files(site) == [] and has_the_last(site, account_id)


def test_one_that_is_being_written_down_is_left_to_whoever_does(make_site, monkeypatch):
    site = make_site()
    account = left_on_disk(site, monkeypatch)
    rows = site.library.engine.catalog.social_accounts
    claimed = rows.claim(account.account_id, site.row(account.account_id).secret)
    make_site().accounts.renew_due()
    assert len(files(site)) == 1 and site.row(account.account_id).lease == claimed.lease
    assert site.accounts.tokens.renew(claimed) is None
    assert files(site) == [] and has_the_last(site, account.account_id)


def lives(site, platform):
    """Whether anything of what was allowed is taken by a platform still."""
    fake = site.fakes[platform]
    return bool(fake.tokens or fake.oauth.refresh_tokens)


def ended(site, platform):
    """How often its platform was told that something ends."""
    return sum(call.op == "oauth_revoke" for call in site.fakes[platform].log)


def test_what_is_on_disk_only_is_ended_where_the_account_is_disconnected(site, monkeypatch):
    account = left_on_disk(site, monkeypatch)
    gone = site.accounts.disconnect(account.account_id)
    assert gone.problem == "The account is disconnected." and not lives(site, "x")
    assert files(site) == [] and ended(site, "x") == 1


def test_what_another_machine_has_on_disk_is_ended_once_it_looks(make_site, monkeypatch):
    site = make_site(encryption_keys=[key("a")])
    account = left_on_disk(site, monkeypatch)
    # As another machine would: it sees nothing of this disk.
    with monkeypatch.context() as patch:
        patch.setattr(site.accounts.tokens._spool, "find", lambda *_: None)
        site.accounts.disconnect(account.account_id)
    assert lives(site, "x")
    make_site(encryption_keys=[key("c")]).accounts.renew_due()
    assert lives(site, "x") and len(files(site)) == 1
    asked = ended(site, "x")
    assert site.accounts.renew_due() is False
    assert not lives(site, "x") and files(site) == [] and ended(site, "x") == asked + 1
    assert site.accounts.get(account.account_id).state == "disconnected"


def test_a_token_that_comes_while_its_account_is_disconnected_is_ended(site, monkeypatch):
    account = site.connect("x")
    rows = site.library.engine.catalog.social_accounts
    claimed = rows.claim(account.account_id, site.row(account.account_id).secret)
    spool = site.accounts.tokens._spool
    known = spool.keep

    def meanwhile(*args):
        with monkeypatch.context() as patch:
            # The answer is not on the disk yet.
            patch.setattr(spool, "find", lambda *_: None)
            site.accounts.disconnect(account.account_id)
        assert lives(site, "x")
        return known(*args)

    monkeypatch.setattr(spool, "keep", meanwhile)
    site.accounts.tokens.renew(claimed)
    assert not lives(site, "x") and files(site) == []


def test_what_another_account_uses_is_not_ended_with_what_is_found(site, monkeypatch):
    account = left_on_disk(site, monkeypatch)
    other = site.connect("x", channel="news")
    with monkeypatch.context() as patch:
        patch.setattr(site.accounts.tokens._spool, "find", lambda *_: None)
        assert "stays" in site.accounts.disconnect(account.account_id).problem
    site.accounts.renew_due()
    assert files(site) == [] and ended(site, "x") == 0
    assert site.accounts.token(other.account_id, fresh=True)


def test_one_that_was_renewed_since_it_was_read_is_ended_as_it_is_now(site, monkeypatch):
    account = site.connect("x")
    old = site.row(account.account_id)
    site.accounts.refresh(account.account_id)
    known, stale = site.accounts._row, [old]
    monkeypatch.setattr(
        site.accounts, "_row", lambda account_id: stale.pop() if stale else known(account_id)
    )
    site.accounts.disconnect(account.account_id)
    assert not lives(site, "x")


def test_the_disk_has_the_name_of_a_file_too(tmp_path, monkeypatch):
    synced, known, replaced = [], os.fsync, os.replace

    def fsync(descriptor):
        synced.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        known(descriptor)

    def replace(*paths):
        synced.append("replaced")
        replaced(*paths)

    monkeypatch.setattr(token_spool.os, "fsync", fsync)
    monkeypatch.setattr(token_spool.os, "replace", replace)
    token_spool.TokenSpool(tmp_path / "tokens").keep("account-1", SecretStr("one"), "sealed")
    assert synced == ["file", "replaced", "folder", "folder"]


def test_writers_of_one_process_id_meet_in_no_file(tmp_path, monkeypatch):
    # As two containers over one disk have it.
    monkeypatch.setattr(token_spool.os, "getpid", lambda: 1)
    ready, known = threading.Barrier(2), os.fsync

    def fsync(descriptor):
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            ready.wait(10)
        known(descriptor)

    monkeypatch.setattr(token_spool.os, "fsync", fsync)
    warned = []
    monkeypatch.setattr(token_spool.events, "warning", lambda *said, **_: warned.append(said))
    spool = token_spool.TokenSpool(tmp_path / "tokens")
    given = ["a" * 100, "b" * 200]
    threads = [
        threading.Thread(target=spool.keep, args=("account-1", SecretStr("one"), sealed))
        for sealed in given
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (found,) = spool.all()
    assert found.sealed in given and warned == []


def test_what_a_killed_writer_left_is_removed_and_what_is_being_written_is_not(tmp_path):
    folder = tmp_path / "tokens"
    spool = token_spool.TokenSpool(folder)
    kept = spool.keep("account-1", SecretStr("one"), "sealed")
    old, young = folder / f".{kept.name}.1", folder / f".{kept.name}.2"
    for path in (old, young):
        path.write_text("{")
    os.utime(old, (time.time() - 7200,) * 2)
    os.utime(folder / kept.name, (time.time() - 7200,) * 2)
    assert list(spool.all()) == [kept]
    assert not old.exists() and young.exists()


def test_what_is_not_known_of_a_refusal_is_said_as_what_may_have_been(site):
    account = site.connect("x")
    rows = site.library.engine.catalog.social_accounts
    # A process took it and was gone before it asked; later somebody took back what they allowed.
    rows.claim(account.account_id, site.row(account.account_id).secret)
    site.change(account.account_id, due_at=now())
    site.fakes["x"].oauth.refresh_tokens.clear()
    site.accounts.renew_due()
    problem = site.accounts.get(account.account_id).problem
    assert "taken back there, or a process ended" in problem
    assert "Connect the account again" in problem
