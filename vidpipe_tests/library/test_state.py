"""Where a video stands, for all that can be so of one at once."""

import itertools
from dataclasses import fields

import pytest

from vidpipe.library import VideoFacts, VideoState, state_of

TABLE = [
    (VideoFacts(), VideoState.QUEUED),
    (VideoFacts(requested=True), VideoState.QUEUED),
    (VideoFacts(at_work=True, requested=True), VideoState.RUNNING),
    (VideoFacts(finished=True), VideoState.DONE),
    (VideoFacts(finished=True, held=True), VideoState.HELD),
    (VideoFacts(held=True), VideoState.QUEUED),
    (VideoFacts(finished=True, requested=True), VideoState.QUEUED),
    (VideoFacts(finished=True, at_work=True, held=True), VideoState.RUNNING),
    (VideoFacts(finished=True, awaits_review=True), VideoState.WAITING_FOR_REVIEW),
    (VideoFacts(awaits_review=True, dead_cause="unavailable"), VideoState.FAILED),
    (VideoFacts(retried=True), VideoState.QUEUED),
    (VideoFacts(dead_cause="unexpected:KeyError"), VideoState.FAILED),
    (VideoFacts(dead_cause="worker_lost", finished=True), VideoState.FAILED),
    (VideoFacts(dead_cause="rejected:does_not_decode"), VideoState.REJECTED),
    (VideoFacts(dead_cause="rejected:does_not_decode", requested=True), VideoState.QUEUED),
    (VideoFacts(dead_cause="unavailable", at_work=True), VideoState.RUNNING),
    (VideoFacts(retired=True), VideoState.RETIRED),
    (VideoFacts(retired=True, held=True, finished=True, at_work=True), VideoState.RETIRED),
]


@pytest.mark.parametrize(("facts", "state"), TABLE, ids=str)
def test_a_video_stands_where_its_facts_say(facts, state):
    assert state_of(facts) is state


def test_the_table_has_every_state():
    assert {state for _, state in TABLE} == set(VideoState)


def test_what_happens_by_itself_comes_before_what_waits_for_somebody():
    """Over all that can be so at once: nobody is asked for anything while a run is coming."""
    flags = [f.name for f in fields(VideoFacts) if f.name != "dead_cause"]
    seen = 0
    for values in itertools.product((False, True), repeat=len(flags)):
        for cause in (None, "unavailable", "rejected:no_video"):
            facts = VideoFacts(**dict(zip(flags, values, strict=True)), dead_cause=cause)
            state = state_of(facts)
            seen += 1
            if facts.retired:
                assert state is VideoState.RETIRED
            elif facts.at_work:
                assert state is VideoState.RUNNING
            elif facts.requested or facts.retried:
                assert state is VideoState.QUEUED
            else:
                assert state is not VideoState.RUNNING
                assert (state in (VideoState.FAILED, VideoState.REJECTED)) is (cause is not None)
    assert seen == 3 * 2 ** len(flags)
