"""OAuth against fakes that verify PKCE: connect, renew, revoke, and what goes wrong."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from vidpipe.publishing import oauth, wire
from vidpipe.publishing.calls import AnswerUnusable, Arrival, Reply
from vidpipe.publishing.connected import connected, connected_calls
from vidpipe.publishing.model import Remedy
from vidpipe.publishing.oauth import OAuthClient, challenge_of
from vidpipe.publishing.oauth_platforms import OAUTH
from vidpipe_fakes import FAKES, Kind
from vidpipe_fakes.oauth import FakeOAuth
from vidpipe_fakes.transport import FakeTransport
from vidpipe_tests.publishing.driving import BASE, FakeClock, MemoryFiles

CLIENT = OAuthClient(
    FakeOAuth.CLIENT_ID, SecretStr(FakeOAuth.CLIENT_SECRET), "https://vidpipe.test/callback"
)


class Room:
    """A platform's OAuth, its fake, and requests between them."""

    def __init__(self, name):
        self.clock = FakeClock()
        self.fake = FAKES[name](self.clock)
        self.platform = OAUTH[name].at(BASE)

    def ask(self, call, secret=None):
        async def one():
            transport = FakeTransport({"fake.test": self.fake})
            async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
                return await wire.perform(client, call, secret, MemoryFiles())

        return asyncio.run(one())

    def consent(self, url):
        """What comes back to the redirect address, as a browser would bring it."""

        async def one():
            transport = FakeTransport({"fake.test": self.fake})
            async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
                return await client.get(url)

        answer = asyncio.run(one())
        assert answer.status_code == 302, answer.text
        return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def connect(self, verifier=None, client=CLIENT):
        begun = oauth.authorise(self.platform, client)
        back = self.consent(begun.url)
        assert back["state"] == begun.state
        code = SecretStr(back["code"])
        call = oauth.exchange(self.platform, client, code, verifier or begun.verifier)
        return oauth.granted(self.platform, self.ask(call), self.clock())


@pytest.fixture(params=OAUTH)
def room(request):
    return Room(request.param)


def test_an_account_is_connected_renewed_and_revoked(room):
    grant = room.connect()
    token = grant.access.get_secret_value()
    assert room.fake.tokens[token].account == room.fake.ACCOUNT
    longer = oauth.prolong(room.platform, CLIENT, grant)
    if longer is not None:
        grant = oauth.granted(room.platform, room.ask(longer), room.clock())
        assert grant.expires_at - room.clock() == timedelta(days=60)
    assert not grant.due(room.clock())
    assert grant.due(grant.expires_at - timedelta(minutes=10))
    early = room.platform.early
    assert grant.due(grant.expires_at - early, early)
    assert not grant.due(grant.expires_at - early - timedelta(seconds=1), early)
    fresh = oauth.granted(
        room.platform, room.ask(oauth.renew(room.platform, CLIENT, grant)), room.clock()
    )
    assert fresh.access.get_secret_value() not in (token, grant.access.get_secret_value())
    assert fresh.access.get_secret_value() in room.fake.tokens
    kept = replace(fresh, refresh=fresh.refresh or grant.refresh)
    end = oauth.revoke(room.platform, CLIENT, kept)
    assert room.ask(end, kept.access).ok
    assert fresh.access.get_secret_value() not in room.fake.tokens


@pytest.mark.parametrize("name", [n for n, p in OAUTH.items() if p.challenge])
def test_who_did_not_begin_it_gets_nothing(name):
    with pytest.raises(oauth.GrantRefused) as refused:
        Room(name).connect(verifier=SecretStr("another" * 8))
    assert refused.value.remedy is Remedy.RECONNECT


def test_a_code_is_good_once(room):
    begun = oauth.authorise(room.platform, CLIENT)
    code = SecretStr(room.consent(begun.url)["code"])
    call = oauth.exchange(room.platform, CLIENT, code, begun.verifier)
    assert room.ask(call).ok
    with pytest.raises(oauth.GrantRefused) as refused:
        oauth.granted(room.platform, room.ask(call), room.clock())
    assert refused.value.reason == "invalid_grant"
    assert code.get_secret_value() not in str(refused.value)


def test_a_wrong_secret_is_the_applications_fault(room):
    wrong = replace(CLIENT, client_secret=SecretStr("not-the-secret-at-all"))
    with pytest.raises(oauth.GrantRefused) as refused:
        room.connect(client=wrong)
    assert refused.value.remedy is Remedy.GIVE_UP
    assert "not-the-secret-at-all" not in f"{refused.value} {refused.value!r}"


def test_who_does_not_consent_sends_no_code(room):
    room.fake.oauth.denies = True
    back = room.consent(oauth.authorise(room.platform, CLIENT).url)
    assert back["error"] == "access_denied" and "code" not in back


@pytest.mark.parametrize("name", ["tiktok", "x"])
def test_a_refresh_token_that_rotates_is_good_once(name):
    room = Room(name)
    grant = room.connect()
    call = oauth.renew(room.platform, CLIENT, grant)
    fresh = oauth.granted(room.platform, room.ask(call), room.clock())
    assert fresh.refresh is not None
    with pytest.raises(oauth.GrantRefused) as refused:
        oauth.granted(room.platform, room.ask(call), room.clock())
    assert refused.value.remedy is Remedy.RECONNECT
    again = oauth.renew(room.platform, CLIENT, fresh)
    assert oauth.granted(room.platform, room.ask(again), room.clock()).refresh is not None


def test_google_gives_a_refresh_token_once_and_it_stays():
    room = Room("youtube")
    grant = room.connect()
    for _ in range(3):
        fresh = oauth.granted(
            room.platform, room.ask(oauth.renew(room.platform, CLIENT, grant)), room.clock()
        )
        assert fresh.refresh is None
        grant = replace(fresh, refresh=grant.refresh)


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.BROKEN, Kind.UNAVAILABLE, Kind.RATE])
def test_a_platform_that_is_away_is_asked_again(room, kind):
    grant = room.connect()
    room.fake.trouble("", kind)
    reply = room.ask(oauth.renew(room.platform, CLIENT, grant))
    with pytest.raises(oauth.GrantRefused) as refused:
        oauth.granted(room.platform, reply, room.clock())
    assert refused.value.remedy is Remedy.WAIT and refused.value.retry_after_s > 0


def test_challenges_are_those_of_the_standards():
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier, "S256") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert len(challenge_of(verifier, "hex")) == 64


def test_the_accounts_of_a_login_are_found(room):
    grant = room.connect()
    name = room.platform.name
    replies = [room.ask(call, grant.access) for call in connected_calls(name, BASE)]
    found = connected(name, replies)
    assert room.fake.ACCOUNT in {account.remote_id for account in found}
    assert all(account.name for account in found)
    for account in found:
        if account.token is not None:
            assert account.token.get_secret_value() in room.fake.tokens
            assert account.token.get_secret_value() not in repr(account)


def test_pages_that_may_not_be_read_are_left_out():
    room = Room("linkedin")
    room.fake.reads = False
    grant = room.connect()
    replies = [room.ask(call, grant.access) for call in connected_calls("linkedin", BASE)]
    assert [account.remote_id for account in connected("linkedin", replies)] == [
        "urn:li:person:person1"
    ]
    with pytest.raises(AnswerUnusable):
        connected("linkedin", replies[1:])


def test_what_is_made_up_for_a_person_differs_and_is_hidden(room):
    first, second = (oauth.authorise(room.platform, CLIENT) for _ in range(2))
    assert first.state != second.state
    verifier = first.verifier.get_secret_value()
    assert verifier != second.verifier.get_secret_value()
    assert 43 <= len(verifier) <= 128 and verifier not in repr(first)
    assert verifier not in first.url


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"access_token": 5}', b'{"access_token": null}', b"\xff"]
)
def test_an_answer_without_a_token_is_none(body):
    reply = Reply(Arrival.ANSWERED, 200, {}, body)
    platform = OAUTH["youtube"]
    if body == b'{"access_token": 5}':
        assert oauth.granted(platform, reply, FakeClock()()).access.get_secret_value() == "5"
        return
    with pytest.raises(oauth.GrantRefused):
        oauth.granted(platform, reply, FakeClock()())


def test_without_a_refresh_token_there_is_nothing_to_ask_with():
    room = Room("youtube")
    grant = replace(room.connect(), refresh=None)
    assert oauth.renew(room.platform, CLIENT, grant) is None
