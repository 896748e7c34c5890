"""The whole round by HTTP, for each platform, against OAuth that verifies what it is sent."""

from datetime import timedelta

import pytest

from vidpipe.catalog.tables import now
from vidpipe.publishing.oauth_platforms import OAUTH


@pytest.mark.parametrize("platform", OAUTH)
def test_an_account_is_connected_used_renewed_and_disconnected(site, platform):
    begun = site.begin(platform)
    assert begun["account"] is None and begun["secret"] is None
    answer = site.client.get(site.consent(begun["authorize_url"]))
    assert answer.status_code == 200, answer.text
    assert "Connected" in answer.text and answer.headers["cache-control"] == "no-store"
    shown = site.client.get("/api/v1/social-accounts?channel=default").json()["accounts"]
    assert shown and all(a["platform"] == platform for a in shown)
    fake = site.fakes[platform]
    mine = next(a for a in shown if a["remote_id"] == fake.ACCOUNT)
    assert mine["state"] == "connected" and mine["problem"] == "" and mine["scopes"]
    assert mine["name"] and mine["connected_by"] == "local"
    token = site.accounts.token(mine["account_id"]).get_secret_value()
    assert token in fake.tokens and token not in answer.text

    again = site.client.post(f"/api/v1/social-accounts/{mine['account_id']}/refresh")
    assert again.status_code == 200, again.text
    fresh = site.accounts.token(mine["account_id"]).get_secret_value()
    assert fresh in fake.tokens
    if platform != "facebook" and platform != "instagram":
        assert fresh != token

    gone = site.client.delete(f"/api/v1/social-accounts/{mine['account_id']}")
    assert gone.status_code == 200 and gone.json()["state"] == "disconnected", gone.text
    assert site.row(mine["account_id"]).secret is None
    kinds = [kind for kind, _ in site.events() if kind.startswith("account.")]
    assert kinds[0] == "account.connected" and kinds[-1] == "account.disconnected"


@pytest.mark.parametrize("platform", OAUTH)
def test_a_token_is_renewed_on_use_before_it_ends(site, platform):
    account = site.connect(platform)
    site.ends(account.account_id, now() + timedelta(minutes=9))
    before = site.row(account.account_id).secret
    token = site.accounts.token(account.account_id).get_secret_value()
    assert token in site.fakes[platform].tokens
    row = site.row(account.account_id)
    assert row.secret != before and row.expires_at > now() + timedelta(minutes=50)
    assert row.lease is None and row.due_at > now()
