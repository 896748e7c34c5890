"""Tokens are in no log, error, state and nothing that is printed."""

import asyncio
import logging
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from vidpipe.observability.redact import clean
from vidpipe.publishing import wire
from vidpipe.publishing.calls import Arrival
from vidpipe.publishing.machine import Move
from vidpipe_fakes import Kind
from vidpipe_tests.publishing.driving import BASE, MemoryFiles, client_of, drive, scene_for

NAMES = ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x", "webhook"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [None, Kind.EXPIRED, Kind.REVOKED, Kind.BROKEN])
def test_no_token_is_kept_or_said(name, kind, caplog):
    caplog.set_level(logging.DEBUG)
    scene = scene_for(name)
    first = scene.token
    if kind is not None:
        scene.at, scene.kind = 1 if name != "webhook" else 0, kind
    drive(scene)
    said = caplog.text + "".join(s.model_dump_json() + repr(s) for s in scene.states)
    for token in {first, scene.token}:
        assert token not in said
    assert all(token not in repr(call) for call in scene.fake.log for token in (first,))


@pytest.mark.parametrize("name", NAMES)
def test_addresses_that_are_secrets_are_not_printed(name):
    """Whoever knows an upload's address can write to it."""
    scene = scene_for(name)
    drive(scene)
    secrets = {s.session for s in scene.states if s.session}
    secrets |= {slot.url for s in scene.states for slot in s.slots}
    printed = "".join(repr(s) + str(s) for s in scene.states)
    assert not [one for one in secrets if one in printed]
    assert secrets or name in ("x", "webhook")


@pytest.mark.parametrize("name", ["youtube", "tiktok"])
def test_what_lets_one_write_to_an_upload_is_taken_out_of_logs(name):
    """httpx logs addresses at INFO; vidpipe's logs are cleaned of the values in them."""
    scene = scene_for(name)
    drive(scene)
    (session,) = {s.session for s in scene.states if s.session}
    logged = clean(f"HTTP Request: PUT {session} 200")
    values = [value for values in parse_qs(urlsplit(session).query).values() for value in values]
    assert values
    assert not [value for value in values if f"={value}" in logged]


def test_a_request_prints_neither_address_nor_body():
    scene = scene_for("youtube")
    move = scene.machine.plan(scene.post, scene.account, scene.state, scene.clock.now)
    assert isinstance(move, Move) and move.call is not None
    assert "How it works" not in repr(move.call) and "fake.test" not in repr(move.call)
    assert move.call.place.startswith(BASE) and "resumable" not in move.call.place


def perform(scene, call, token="secret-token"):
    async def one():
        async with client_of(scene) as client:
            return await wire.perform(client, call, SecretStr(token), MemoryFiles())

    return asyncio.run(one())


def test_a_token_goes_to_no_host_but_the_platforms():
    scene = scene_for("youtube")
    machine = scene.machine
    for bad in ("https://evil.test/x", "https://fake.test.evil.test/", "http://fake.test/", "//x"):
        call = machine.calls.session(scene.post)

        class Elsewhere(httpx.AsyncBaseTransport):
            where = bad

            async def handle_async_request(self, request):
                return httpx.Response(200, headers={"Location": self.where})

        async def one(transport, call=call):
            async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
                return await wire.perform(client, call, SecretStr("t"), MemoryFiles())

        reply = asyncio.run(one(Elsewhere()))
        state = machine.take(scene.post, scene.account, scene.state, call, reply, scene.clock.now)
        assert not state.session and state.fault is not None and state.failures == 1


def test_no_redirect_is_followed():
    asked = []

    class Redirects(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            asked.append(request.url.host)
            return httpx.Response(307, headers={"Location": "https://evil.test/"})

    scene = scene_for("x")
    call = scene.machine.plan(scene.post, scene.account, scene.state, scene.clock.now).call

    async def one():
        async with httpx.AsyncClient(transport=Redirects(), trust_env=False) as client:
            return await wire.perform(client, call, SecretStr("t"), MemoryFiles())

    assert asyncio.run(one()).status == 307 and asked == ["fake.test"]


def test_a_request_that_needs_a_secret_is_not_made_without():
    scene = scene_for("x")
    call = scene.machine.plan(scene.post, scene.account, scene.state, scene.clock.now).call

    async def one():
        async with client_of(scene) as client:
            await wire.perform(client, call, None, MemoryFiles())

    with pytest.raises(ValueError, match="a secret is needed"):
        asyncio.run(one())


def test_an_endless_answer_is_not_read(monkeypatch):
    monkeypatch.setattr(wire, "LONGEST_ANSWER", 1000)

    class Long(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return httpx.Response(200, content=b"x" * 5000)

    scene = scene_for("x")
    call = scene.machine.plan(scene.post, scene.account, scene.state, scene.clock.now).call

    async def one():
        async with httpx.AsyncClient(transport=Long(), trust_env=False) as client:
            return await wire.perform(client, call, SecretStr("t"), MemoryFiles())

    reply = asyncio.run(one())
    assert reply.arrival is Arrival.UNANSWERED and reply.why == "too_long"
