"""Tokens: renewed in time and by one process at a time, broken, put back, sealed anew."""

import base64
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.social_accounts import LEASE_S
from vidpipe.catalog.tables import now
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.library import AccountBroken, UnknownSocialAccount
from vidpipe_fakes import Kind

MINUTE = timedelta(minutes=1)


def opened(site, account_id):
    return site.accounts.tokens.opened(site.row(account_id))


def renewals(site, platform):
    """How many requests for tokens came, besides the one that a code was changed with."""
    return sum(1 for call in site.fakes[platform].log if call.op == "oauth_token") - 1


def post(site, account, number, **values):
    """A post of an account."""
    row = PostRow(
        post_id=f"post-{number}",
        channel=account.channel,
        video_id="default--talk-0123456789",
        clip_id=f"clip{number}",
        platform=account.platform,
        account_id=account.account_id,
        fingerprint="f" * 64,
        changes={},
        created_by="local",
        claims=0,
        **values,
    )
    with site.library.engine.catalog.writing() as session:
        session.add(row)


def states(site):
    with site.library.engine.catalog.session() as session:
        rows = session.query(PostRow).order_by(PostRow.post_id)
        return [(row.state, row.code, row.due_at) for row in rows]


def test_a_token_that_lasts_is_given_without_asking(site):
    account = site.connect("x")
    token = site.accounts.token(account.account_id)
    assert token == site.accounts.token(account.account_id)
    assert renewals(site, "x") == 0
    with pytest.raises(UnknownSocialAccount):
        site.accounts.token("account-nothing")


def test_the_chore_renews_before_a_token_ends(site):
    account = site.connect("youtube")
    row = site.row(account.account_id)
    # 60 minutes: after 50 of them.
    assert abs(row.due_at - (row.expires_at - 10 * MINUTE)) < MINUTE
    assert site.accounts.renew_due() is False
    site.change(account.account_id, due_at=now())
    assert site.accounts.renew_due() is True
    assert site.accounts.renew_due() is False
    assert renewals(site, "youtube") == 1
    # Google gives no other refresh token: the first one stays.
    assert opened(site, account.account_id).refresh is not None


def test_a_fresh_one_is_got_where_the_platform_takes_it_no_more(site):
    account = site.connect("x")
    old = site.accounts.token(account.account_id)
    new = site.accounts.token(account.account_id, fresh=True, refused=old)
    assert new != old
    # Somebody who still has the old one is given the new one, not another.
    assert site.accounts.token(account.account_id, fresh=True, refused=old) == new
    assert renewals(site, "x") == 1


@pytest.mark.parametrize("platform", ["x", "tiktok"])
def test_of_many_that_want_to_renew_one_does(make_site, platform):
    sites = [make_site() for _ in range(4)]
    account = sites[0].connect(platform)
    sites[0].ends(account.account_id, now() + MINUTE)
    found, failed = [], []
    ready = threading.Barrier(8)

    def ask(number):
        ready.wait()
        try:
            if number % 2:
                found.append(sites[number // 2].accounts.token(account.account_id))
            else:
                sites[number // 2].accounts.renew_due()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert renewals(sites[0], platform) == 1
    assert len({token.get_secret_value() for token in found}) == 1
    refresh = opened(sites[0], account.account_id).refresh.get_secret_value()
    assert list(sites[0].fakes[platform].oauth.refresh_tokens) == [refresh]


def test_what_came_is_kept_although_the_lease_was_lost(site):
    account = site.connect("x")
    rows = site.library.engine.catalog.social_accounts
    row = site.row(account.account_id)
    claimed = rows.claim(account.account_id, row.secret)
    # It took too long: somebody else has it by now, and the platform has changed the token.
    site.change(account.account_id, due_at=now() - timedelta(seconds=LEASE_S))
    assert rows.claim(account.account_id, row.secret).lease != claimed.lease
    assert site.accounts.tokens.renew(claimed) is None
    refresh = opened(site, account.account_id).refresh.get_secret_value()
    assert list(site.fakes["x"].oauth.refresh_tokens) == [refresh]


def test_what_came_is_written_down_although_the_database_was_away(site, monkeypatch):
    account = site.connect("tiktok")
    rows = site.library.engine.catalog.social_accounts
    known, tries = rows.renewed, []

    def away(*args, **more):
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("the catalog is away")
        return known(*args, **more)

    monkeypatch.setattr(rows, "renewed", away)
    monkeypatch.setattr("vidpipe.library.publishing.tokens._WRITE_AGAIN_S", (0.0, 0.0, 0.0))
    site.accounts.refresh(account.account_id)
    assert len(tries) == 3
    refresh = opened(site, account.account_id).refresh.get_secret_value()
    assert list(site.fakes["tiktok"].oauth.refresh_tokens) == [refresh]


def test_a_process_that_dies_while_it_renews_is_followed_by_another(site):
    account = site.connect("youtube")
    rows = site.library.engine.catalog.social_accounts
    rows.claim(account.account_id, site.row(account.account_id).secret)
    site.change(account.account_id, due_at=now())
    assert site.accounts.renew_due() is True
    assert site.row(account.account_id).lease is None and renewals(site, "youtube") == 1


def test_what_was_taken_back_breaks_the_account_and_people_are_told(site):
    account = site.connect("youtube")
    at = now() + timedelta(days=1)
    post(site, account, 1, state="scheduled", at=at, due_at=at)
    post(site, account, 2, state="posting", remote="sealed", due_at=now())
    post(site, account, 3, state="queued")
    post(site, account, 4, state="posting", remote="sealed", due_at=at, lease="someone's")
    post(site, account, 5, state="posted", url="https://example.org")
    site.fakes["youtube"].oauth.refresh_tokens.clear()
    site.ends(account.account_id, now() + 5 * MINUTE)
    # It is good for five minutes more.
    with pytest.raises(AccountBroken):
        site.accounts.token(account.account_id, fresh=True)
    broken = site.accounts.get(account.account_id)
    assert broken.state == "broken" and "connect the account again" in broken.problem
    assert broken.posts_waiting == 4
    assert [s for s, _, _ in states(site)] == ["held", "held", "held", "posting", "posted"]
    told = [data for kind, data in site.events() if kind == "account.broken"]
    assert told == [
        {
            "account_id": account.account_id,
            "platform": "youtube",
            "code": "invalid_grant",
            "posts": 3,
        }
    ]
    with pytest.raises(AccountBroken):
        site.accounts.token(account.account_id)
    site.accounts.broke(account.account_id, "The platform refuses it.")
    assert [n[0] for n in site.notices()] == ["account.broken"]
    assert site.accounts.renew_due() is False

    again = site.connect("youtube")
    assert again.account_id == account.account_id and again.state == "connected"
    found = states(site)
    assert [s for s, _, _ in found] == ["scheduled", "posting", "queued", "posting", "posted"]
    assert found[0][2] <= at and found[1][2] <= now()
    assert [(kind, over) for kind, _, over in site.notices()] == [
        ("account.broken", False),
        ("account.broken", True),
    ]
    assert site.accounts.token(account.account_id)


def test_a_broken_account_is_refused_by_the_api_and_mended_by_a_refresh(site):
    account = site.connect("youtube")
    tokens = dict(site.fakes["youtube"].oauth.refresh_tokens)
    site.fakes["youtube"].oauth.refresh_tokens.clear()
    path = f"/api/v1/social-accounts/{account.account_id}/refresh"
    answer = site.client.post(path)
    assert answer.status_code == 409 and answer.json()["code"] == "account_broken"
    site.fakes["youtube"].oauth.refresh_tokens.update(tokens)
    assert site.client.post(path).json()["state"] == "connected"


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.RATE_NAMED, Kind.LOST])
def test_a_platform_that_is_away_breaks_nothing(site, kind):
    account = site.connect("youtube")
    site.ends(account.account_id, now() + 5 * MINUTE)
    site.fakes["youtube"].trouble("oauth_token", kind)
    before = opened(site, account.account_id).access
    assert site.accounts.token(account.account_id) == before
    row = site.row(account.account_id)
    assert row.state == "connected" and row.lease is None and row.due_at > now()
    # Once it has ended there is none, until the platform is back.
    site.ends(account.account_id, now() - MINUTE)
    site.fakes["youtube"].trouble("oauth_token", kind)
    with pytest.raises(Unavailable) as away:
        site.accounts.token(account.account_id)
    assert away.value.retry_after_s > 0
    assert site.accounts.token(account.account_id) != before
    assert site.accounts.get(account.account_id).problem == ""


def test_an_application_that_is_refused_is_tried_again_when_it_was_repaired(site, monkeypatch):
    account = site.connect("x")
    site.change(account.account_id, due_at=now())
    with monkeypatch.context() as patch:
        patch.setattr("vidpipe.library.publishing.applications._FAKE_SECRET", "another")
        assert site.accounts.renew_due() is True
    row = site.row(account.account_id)
    assert row.state == "broken" and "application" in row.problem and row.due_at > now()
    site.change(account.account_id, due_at=now())
    assert site.accounts.renew_due() is True
    assert site.accounts.get(account.account_id).state == "connected"


def test_a_permission_that_cannot_be_renewed_is_told_of_before_it_ends(site):
    account = site.connect("linkedin")
    secret = replace(opened(site, account.account_id), refresh=None)
    ends = now() + timedelta(days=6)
    sealed = site.accounts.tokens.seal(replace(secret, expires_at=ends))
    site.change(account.account_id, secret=sealed, expires_at=ends, due_at=now())
    assert site.accounts.renew_due() is True
    row = site.row(account.account_id)
    assert row.state == "connected" and "connect the account again" in row.problem
    assert row.due_at == ends
    assert [kind for kind, _, _ in site.notices()] == ["account.ending"]
    assert site.accounts.token(account.account_id) == secret.access
    soon = now() + 5 * MINUTE
    sealed = site.accounts.tokens.seal(replace(secret, expires_at=soon))
    site.change(account.account_id, secret=sealed, expires_at=soon, due_at=soon)
    assert site.accounts.token(account.account_id) == secret.access
    sealed = site.accounts.tokens.seal(replace(secret, expires_at=now()))
    site.change(account.account_id, secret=sealed, due_at=now())
    with pytest.raises(AccountBroken, match="has ended"):
        site.accounts.token(account.account_id)
    assert [kind for kind, _, _ in site.notices()] == ["account.ending", "account.broken"]


def test_a_page_that_is_taken_away_is_told_of(site, monkeypatch):
    account = site.connect("facebook")
    fake = site.fakes["facebook"]
    for token, known in list(fake.tokens.items()):
        fake.tokens[token] = replace(known, account="100000000000002")
    with pytest.raises(AccountBroken, match="does not name this account"):
        site.accounts.refresh(account.account_id)
    assert site.accounts.get(account.account_id).state == "broken"


@pytest.mark.parametrize(
    ("platform", "limits"),
    [("tiktok", "privacy_options"), ("instagram", "posts_left")],
)
def test_limits_are_read_where_the_platform_says_them(site, platform, limits):
    account = site.connect(platform)
    assert account.limits[limits] and account.limits_at is not None
    posting = site.accounts.posting_account(account.account_id)
    assert getattr(posting, limits) and posting.remote_id == account.remote_id
    site.fakes[platform].trouble("", Kind.BROKEN, skip=1)
    kept = site.accounts.refresh(account.account_id).limits
    assert kept == account.limits


def keys(*texts):
    return [base64.urlsafe_b64encode(text.encode() * 32).decode() for text in texts]


def test_the_chore_reads_limits_as_well(site):
    account = site.connect("instagram")
    site.change(account.account_id, due_at=now(), limits=None, limits_at=None)
    assert site.accounts.renew_due() is True
    assert site.accounts.get(account.account_id).limits["posts_left"]


def test_what_was_left_out_is_still_said_after_a_renewal(site):
    url = site.begin("youtube")["authorize_url"].replace("yt-analytics.readonly", "userinfo.email")
    assert site.client.get(site.consent(url)).status_code == 200
    (account,) = site.accounts.list(["default"])
    assert "yt-analytics.readonly" in site.accounts.refresh(account.account_id).problem
    again = site.connect("youtube")
    assert again.account_id == account.account_id and again.problem == ""


def test_a_new_key_seals_what_an_old_one_did(make_site):
    first = make_site(encryption_keys=keys("a"))
    account = first.connect("x")
    token = first.accounts.token(account.account_id)
    both = make_site(encryption_keys=keys("b", "a"))
    assert both.accounts.token(account.account_id) == token
    before = both.row(account.account_id).secret
    # Whoever renews it goes by what it found.
    claimed = both.library.engine.catalog.social_accounts.claim(account.account_id, before)
    both.accounts.tidy()
    assert both.row(account.account_id).secret == before
    both.library.engine.catalog.social_accounts.put_off(claimed, None, None)
    both.accounts.tidy()
    assert both.row(account.account_id).secret != before
    alone = make_site(encryption_keys=keys("b"))
    assert alone.accounts.token(account.account_id) == token


@pytest.mark.logs_errors
def test_a_wrong_key_shows_nothing(make_site):
    first = make_site(encryption_keys=keys("a"))
    account = first.connect("x")
    token = first.accounts.token(account.account_id).get_secret_value()
    wrong = make_site(encryption_keys=keys("c"))
    with pytest.raises(Misconfigured) as refused:
        wrong.accounts.token(account.account_id)
    assert token not in f"{refused.value!r} {refused.value.__cause__!r}"
    answer = wrong.client.post(f"/api/v1/social-accounts/{account.account_id}/refresh")
    assert answer.status_code == 500 and token not in answer.text
    assert wrong.client.get("/api/v1/social-accounts").json()["accounts"][0]["name"]
    # It can be disconnected; that the platform was not told is said.
    gone = wrong.accounts.disconnect(account.account_id)
    assert gone.state == "disconnected" and "could not be told" in gone.problem
    file = first.library.engine.settings.home / "catalog.sqlite"
    assert token.encode() not in file.read_bytes()
    assert file.stat().st_size > 0


def test_tokens_of_a_platform_go_to_no_fake_and_the_other_way_round(make_site):
    fakes = make_site()
    account = fakes.connect("x")
    application = {"platform": "x", "client_id": "real", "client_secret": "canary-of-real"}
    real = make_site(publishing={"applications": {"main": application}})
    asked = len(fakes.fakes["x"].log)
    with pytest.raises(AccountBroken, match="account of a fake"):
        real.accounts.token(account.account_id)
    real.change(account.account_id, due_at=now())
    assert real.accounts.renew_due() is True
    assert real.accounts.get(account.account_id).state == "connected"
    assert len(fakes.fakes["x"].log) == asked
    assert fakes.accounts.token(account.account_id)
    url = real.begin("x")["authorize_url"]
    assert url.startswith("https://x.com/i/oauth2/authorize?") and "canary" not in url


def test_what_two_accounts_share_is_taken_back_with_the_last(site):
    site.connect("linkedin")
    first, second = site.accounts.list(["default"])
    fake = site.fakes["linkedin"]
    gone = site.accounts.disconnect(first.account_id)
    assert "stays" in gone.problem and fake.tokens
    assert site.accounts.token(second.account_id)
    gone = site.accounts.disconnect(second.account_id)
    assert gone.problem == "The account is disconnected." and not fake.tokens
    with pytest.raises(AccountBroken):
        site.accounts.token(second.account_id)
    assert site.accounts.disconnect(second.account_id) == gone


def test_where_the_platform_cannot_be_told_it_is_said(site):
    account = site.connect("tiktok")
    site.fakes["tiktok"].trouble("oauth_revoke", Kind.UNAVAILABLE)
    gone = site.accounts.disconnect(account.account_id)
    assert gone.state == "disconnected" and "could not be told" in gone.problem
    again = site.connect("tiktok")
    assert again.account_id == account.account_id


def test_a_token_that_came_after_the_account_was_disconnected_is_dropped(site):
    account = site.connect("x")
    rows = site.library.engine.catalog.social_accounts
    claimed = rows.claim(account.account_id, site.row(account.account_id).secret)
    site.accounts.disconnect(account.account_id)
    kept = rows.renewed(claimed, "sealed", expires_at=now(), due_at=now(), scopes=[])
    assert kept is False and site.row(account.account_id).secret is None


def test_tokens_are_given_within_a_loop_too(site):
    import asyncio

    account = site.connect("x")

    async def main():
        return site.accounts.token(account.account_id, fresh=True)

    assert isinstance(asyncio.run(main()), SecretStr)


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
def test_another_persons_account_keeps_no_permission_and_is_named_to_nobody(site, platform):
    first = site.connect(platform)
    other = site.connect(platform, channel="news")
    site.change(other.account_id, name="Canary of another", remote_id="1")
    channels = site.library.engine.channels
    channels["news"] = channels["news"].model_copy(update={"organisation": "others"})
    # The same person's: it stays, and whose it is too is not told to another organisation.
    gone = site.accounts.disconnect(first.account_id)
    assert "another account uses it" in gone.problem and "Canary" not in gone.problem
    site.fakes[platform].person = "7002"
    again = site.connect(platform)
    gone = site.accounts.disconnect(again.account_id)
    assert gone.problem == "The account is disconnected."
