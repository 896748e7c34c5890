"""Posts of accounts at platforms while posts go to fakes: left alone, and their accounts, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe_tests.posts.scene import shown


def set_dry(scene, account_id, dry):
    """Have an account be of a fake, or of the platform itself."""
    from vidpipe.library.publishing.account_secrets import secret_of

    tokens = scene.library.social_accounts.tokens
    with scene.library.engine.catalog.writing() as session:
        row = session.get_one(SocialAccountRow, account_id)
        secret = secret_of(tokens._vault().open(row.secret))
        row.secret = tokens.seal(replace(secret, dry=dry))


def account_of(scene, account_id):
    return scene.library.engine.catalog.social_accounts.get(account_id)


@pytest.mark.parametrize("platform", ["tiktok", "youtube"])
def test_nothing_is_sent_or_looked_at_of_an_account_that_is_elsewhere(
    open_posts, platform, monkeypatch
):
    scene = open_posts(platform)
    account = scene.account(platform)
    post = scene.make(account).post_id
    # It stops in the midst of the upload.
    monkeypatch.setattr("vidpipe.library.publishing.driver.stopping", lambda: scene.calls >= 2)
    scene.work()
    monkeypatch.undo()
    assert scene.calls == 2
    set_dry(scene, account, False)
    for _ in range(60):
        scene.clock.now = max(scene.clock.now, scene.row(post).due_at)
        scene.work()
    row = scene.row(post)
    assert scene.calls == 2 and (row.state, row.code) == ("posting", "account_elsewhere")
    assert row.due_at - scene.clock.now <= timedelta(minutes=5)
    assert account_of(scene, account).state == "connected"
    set_dry(scene, account, True)
    scene.drive()
    assert scene.posts.get(post).state == "posted" and scene.row(post).problem == ""
    assert shown(scene.fakes[platform]) == 1


def test_the_review_of_a_post_elsewhere_breaks_no_account(open_posts):
    scene = open_posts("youtube")
    account = scene.account("youtube")
    post = scene.make(account).post_id
    scene.drive()
    calls = scene.calls
    set_dry(scene, account, False)
    scene.clock.now = scene.row(post).due_at
    scene.work()
    row = account_of(scene, account)
    assert scene.calls == calls and (row.state, row.problem) == ("connected", "")
    assert scene.posts.get(post).state == "posted" and scene.row(post).due_at is not None
    scene.library.social_accounts.broke(account, "The platform refuses it.")
    assert account_of(scene, account).state == "connected"
