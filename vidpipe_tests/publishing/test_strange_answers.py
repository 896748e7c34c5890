"""Answers of success with anything in them: a state comes of each, and no second post."""

import copy
import json

import pytest

from vidpipe.publishing.calls import Arrival, Reply
from vidpipe.publishing.model import POSTED, Phase
from vidpipe_tests.publishing import driving
from vidpipe_tests.publishing.driving import drive, scene_for

NAMES = ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x", "webhook"]
STRANGE = [None, True, -1, 10**30, 1.5, "", "x" * 300, "\x00\u202e<b>", [], [None], {}, {"a": []}]


def places(value, path=()):
    """Every place in JSON."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))


def put(value, path, new):
    if not path:
        return new
    made = copy.deepcopy(value)
    at = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = new
    return made


@pytest.fixture
def answers(monkeypatch):
    """Requests and answers of a post that goes well, with the states before them."""

    def of(name):
        kept, scene = [], scene_for(name)
        perform = driving.wire.perform

        async def kept_too(client, call, secret, files):
            reply = await perform(client, call, secret, files)
            kept.append((scene.state, call, reply))
            return reply

        monkeypatch.setattr(driving.wire, "perform", kept_too)
        drive(scene)
        return scene, kept

    return of


@pytest.mark.parametrize("name", NAMES)
def test_a_place_of_an_answer_holds_something_else(name, answers):
    scene, kept = answers(name)
    tried = 0
    for state, call, reply in kept:
        said = reply.json()
        for path in places(said):
            for strange in STRANGE:
                body = json.dumps(put(said, path, strange)).encode()
                answer = Reply(Arrival.ANSWERED, reply.status, reply.headers, body)
                after = scene.machine.take(
                    scene.post, scene.account, state, call, answer, scene.clock.now
                )
                # What changes something and is not understood is looked up.
                unclear = call.once and after.phase is state.phase and not after.held
                if unclear and after.fault is not None and after.fault.code == "answer":
                    assert after.armed == call.name
                assert (
                    after.phase not in POSTED or state.phase is not Phase.NEW or name == "webhook"
                )
                assert after.url == "" or after.url.startswith("https://")
                scene.machine.plan(scene.post, scene.account, after, scene.clock.now)
                after.model_validate_json(after.model_dump_json())
                tried += 1
    assert tried >= 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"id": "x"', b"<html></html>"]
)
def test_an_answer_is_no_object(name, body, answers):
    scene, kept = answers(name)
    for state, call, _ in kept:
        answer = Reply(Arrival.ANSWERED, 200, {}, body)
        after = scene.machine.take(scene.post, scene.account, state, call, answer, scene.clock.now)
        assert after.failures <= 1
        scene.machine.plan(scene.post, scene.account, after, scene.clock.now)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [300, 301, 304, 400, 402, 404, 409, 410, 418, 422, 451, 499])
def test_a_status_that_nobody_expects(name, status, answers):
    scene, kept = answers(name)
    for state, call, _ in kept:
        answer = Reply(Arrival.ANSWERED, status, {}, b"")
        after = scene.machine.take(scene.post, scene.account, state, call, answer, scene.clock.now)
        assert after.fault is not None or after.notes or after.restarts or after.phase in POSTED
        scene.machine.plan(scene.post, scene.account, after, scene.clock.now)


@pytest.mark.parametrize(
    "said", ["0", "-5", "abc", "1e9", "999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"]
)
def test_a_pause_is_a_second_to_a_day(said):
    scene = scene_for("x")
    call = scene.machine.plan(scene.post, scene.account, scene.state, scene.clock.now).call
    answer = Reply(Arrival.ANSWERED, 429, {"retry-after": said}, b"{}")
    after = scene.machine.take(
        scene.post, scene.account, scene.state, call, answer, scene.clock.now
    )
    waits_s = (after.not_before - scene.clock.now).total_seconds()
    assert 1 <= waits_s <= 86_400
