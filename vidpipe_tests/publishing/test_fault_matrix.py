"""Every fault at every request of every platform: one post, or a state that says why not."""

import random
from datetime import timedelta

import pytest

from vidpipe.publishing import wire
from vidpipe.publishing.calls import Arrival, Reply
from vidpipe.publishing.model import POSTED, Phase, PostHeld, Task
from vidpipe_fakes import Kind
from vidpipe_tests.publishing.driving import drive, drive_some, reconnect, scene_for

#: The requests of a post that nothing goes wrong with.
CALLS = {
    "youtube": "session chunk chunk chunk status status status thumbnail captions playlist publish",
    "tiktok": "creator init chunk chunk status status status",
    "instagram": "limit container bytes status status status publish permalink",
    "facebook": "start bytes finish status status status",
    "linkedin": "initialize part part part finalize status status status post",
    "x": "initialize append append append finalize status status status post",
    "webhook": "post",
}
#: Those that are never repeated without a look.
LOOKED_UP = {"chunk", "bytes", "captions", "playlist", "publish", "finish", "finalize", "post"}
SENT = {"chunk", "bytes", "part", "append", "thumbnail", "captions"}
ONCE = [
    Kind.REFUSED, Kind.LOST, Kind.LATE, Kind.CUT, Kind.MALFORMED, Kind.BROKEN, Kind.BROKEN_AFTER,
    Kind.UNAVAILABLE, Kind.RATE, Kind.RATE_NAMED, Kind.EXPIRED, Kind.REVOKED, Kind.QUOTA,
    Kind.GONE,
]  # fmt: skip
FOREVER = [
    Kind.REFUSED, Kind.LOST, Kind.CUT, Kind.BROKEN, Kind.BROKEN_AFTER, Kind.RATE, Kind.EXPIRED,
    Kind.QUOTA,
]  # fmt: skip


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(wire, "_PIECE", 65_536)


def cases(*kinds):
    return [
        pytest.param(name, number, kind, id=f"{name}-{number:02d}-{call}-{kind}")
        for name, calls in CALLS.items()
        for number, call in enumerate(calls.split())
        for kind in kinds
    ]


def told(scene):
    """Whether a person is told what happened, and nothing is public that they don't know of."""
    state = scene.state
    shown = scene.fake.shown()
    if state.phase in POSTED:
        return len(shown) == 1
    said = state.fault is not None and len(state.fault.words) > 20
    if state.phase is Phase.UNCERTAIN or scene.machine.is_unsure(state):
        # Then a person is told that it may be public.
        return said and len(shown) <= 1 and "may be public" in state.fault.words
    return said and not shown and (state.phase is Phase.FAILED or state.held is not None)


def test_there_are_as_many_cases_as_documents_say():
    per_request = 2 + len(ONCE) + len(FOREVER) + 2 * len(TO_FIX)
    assert per_request * len(cases("one")) > 1500
    assert {case.values[0] for case in cases("one")} == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_nothing_goes_wrong(name):
    scene = scene_for(name)
    state = drive(scene)
    assert " ".join(scene.calls) == CALLS[name]
    assert state.phase is Phase.PUBLISHED and state.fault is None and not state.notes
    assert len(scene.fake.shown()) == 1 and scene.refreshes == 0
    armed = {s.armed for s in scene.states if s.armed}
    assert armed == set(scene.calls) & LOOKED_UP


@pytest.mark.parametrize(("name", "number", "kill"), cases("before", "after"))
def test_killed_before_and_after(name, number, kill):
    scene = scene_for(name)
    scene.at, scene.kill = number, kill
    state = drive(scene)
    assert scene.deaths == 1
    assert state.phase is Phase.PUBLISHED and not state.armed
    assert len(scene.fake.shown()) == 1


@pytest.mark.parametrize(
    ("name", "number", "kill"), [c for c in cases("during") if c.id.split("-")[2] in SENT]
)
def test_killed_while_bytes_are_sent(name, number, kill):
    scene = scene_for(name)
    scene.at, scene.kill = number, kill
    state = drive(scene)
    assert state.phase is Phase.PUBLISHED
    assert len(scene.fake.shown()) == 1


@pytest.mark.parametrize(("name", "number", "kind"), cases(*ONCE))
def test_it_happens_once(name, number, kind):
    scene = scene_for(name)
    scene.at, scene.kind = number, kind
    state = drive(scene)
    assert told(scene), state
    if state.held is PostHeld.ACCOUNT:
        # Nothing of it is lost: it goes on where it was.
        state = reconnect(scene)
    if kind is not Kind.GONE:
        assert state.phase is Phase.PUBLISHED, state
        assert len(scene.fake.shown()) == 1
    assert scene.elapsed < timedelta(days=2)
    # Nothing is left behind either: a video that nobody sees counts against the channel.
    assert len(getattr(scene.fake, "videos", ())) <= 1 or name == "linkedin"


@pytest.mark.parametrize(("name", "number", "kind"), cases(*FOREVER))
def test_it_never_ends(name, number, kind):
    scene = scene_for(name)
    scene.at, scene.kind, scene.times = number, kind, 2
    drive(scene)
    assert told(scene), scene.state
    assert scene.elapsed < timedelta(days=8)


#: What a person is to put right, whatever it was that was asked.
TO_FIX = {
    "400": Reply(Arrival.ANSWERED, 400),
    "params": Reply(Arrival.ANSWERED, 400, body=b'{"error": {"code": "invalid_params"}}'),
    "address": Reply(Arrival.NOT_SENT, why="address_private"),
}


@pytest.mark.parametrize(("name", "number", "answer"), cases(*TO_FIX))
@pytest.mark.parametrize("times", [1, 2], ids=["once", "always"])
def test_somebody_puts_it_right_and_it_is_posted_once(name, number, answer, times):
    scene = scene_for(name)
    scene.at, scene.answer, scene.times = number, TO_FIX[answer], times
    state = drive(scene)
    assert told(scene), state
    scene.answer = None
    if state.held is PostHeld.CHANGE:
        # What may be public already, nobody is asked to change.
        assert not scene.machine.is_unsure(state) and not scene.fake.shown()
        state = reconnect(scene)
        assert state.phase is Phase.PUBLISHED, state
    scene.clock.now += timedelta(days=1)
    assert len(scene.fake.shown()) <= 1
    if state.phase is Phase.FAILED:
        assert not scene.fake.shown()


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        pytest.param(name, number, id=f"{name}-{number:02d}")
        for name, calls in CALLS.items()
        for number in range(len(calls.split()) + 6)
    ],
)
def test_what_is_cancelled_is_never_public(name, steps):
    scene = scene_for(name)
    drive_some(scene, steps)
    scene.save(scene.machine.asked(scene.state, Task.CANCEL, scene.clock.now))
    state = drive(scene)
    scene.clock.now += timedelta(days=1)
    if state.phase is Phase.CANCELLED:
        assert not scene.fake.shown() and state.fault is None
    else:
        # It was too late, and that is said.
        assert state.phase is Phase.PUBLISHED and state.fault.code == "no_cancel"
        assert len(scene.fake.shown()) == 1


def doubled():
    kinds = [*ONCE, "before", "after"]
    return [c for c in cases(*kinds) if c.id.split("-")[2] in LOOKED_UP]


@pytest.mark.parametrize(("name", "number", "then"), doubled())
def test_an_answer_is_lost_and_then_the_look_for_it_fails(name, number, then):
    scene = scene_for(name)
    scene.at, scene.kind, scene.then = number, Kind.LOST, str(then)
    state = drive(scene)
    assert told(scene), state
    if state.held is PostHeld.ACCOUNT:
        state = reconnect(scene)
    if then is not Kind.GONE:
        assert state.phase is Phase.PUBLISHED, state
        assert len(scene.fake.shown()) == 1
    assert scene.elapsed < timedelta(days=2)


@pytest.mark.parametrize(
    ("name", "seed"),
    [pytest.param(name, n, id=f"{name}-{n:02d}") for name in CALLS for n in range(12)],
)
def test_anything_goes_wrong_at_any_time(name, seed):
    """Every third request or so, for as long as it takes."""
    scene = scene_for(name)
    scene.random = random.Random(f"{name}{seed}")
    for _ in range(30):
        state = drive(scene)
        assert told(scene), state
        if state.held is None:
            break
        reconnect(scene)
    assert scene.state.held is None and len(scene.fake.shown()) <= 1
