"""Ids are bound where work comes in, and go along with what is done later."""

import threading

import pytest

from vidpipe.observability import context
from vidpipe.observability.context import (
    adopted,
    bound,
    carried,
    current,
    fresh_traceparent,
    parsed,
    run_traceparent,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{SPAN}-01"


def test_what_is_bound_is_there_until_the_end():
    assert current() == {}
    with bound(request_id="req-1", traceparent=GIVEN):
        with bound(stage="audio", job_id=None, video_id=""):
            assert current() == {
                "request_id": "req-1",
                "stage": "audio",
                "trace_id": TRACE,
                "span_id": SPAN,
            }
        assert "stage" not in current()
    assert current() == {} and carried() == {}


def test_an_error_unbinds_too():
    with pytest.raises(KeyError), bound(run_id="r", everywhere=True):
        raise KeyError
    assert current() == {}


def test_only_ids_of_ours_are_bound():
    with pytest.raises(ValueError, match="password"), bound(password="x"):
        pass


@pytest.mark.parametrize(("everywhere", "seen"), [(True, {"run_id": "r-1"}), (False, {})])
def test_other_threads_know_those_of_their_process_alone(everywhere, seen):
    found = []
    with bound(run_id="r-1", everywhere=everywhere):
        thread = threading.Thread(target=lambda: found.append(current()))
        thread.start()
        thread.join()
    assert found == [seen]


def test_what_is_carried_comes_back():
    with bound(request_id="req-1", job_id="job-1", stage="audio", traceparent=GIVEN):
        kept = carried()
    assert kept == {"request_id": "req-1", "job_id": "job-1", "traceparent": GIVEN}
    with bound(**adopted(kept)):
        assert carried() == kept


@pytest.mark.parametrize(
    "odd", [{"request_id": "a\nb"}, {"job_id": "x" * 200}, {"request_id": 7}, {"run_id": "r"}, None]
)
def test_what_somebody_wrote_into_tags_is_no_id(odd):
    assert adopted(odd) == {}


@pytest.mark.parametrize(
    "text",
    [
        *("", None, "00", GIVEN.upper(), f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01"),
        *(f"00-{TRACE}-{'0' * 16}-01", f"{GIVEN}-more", f" {GIVEN}"),
    ],
)
def test_what_is_no_traceparent(text):
    assert parsed(text) is None


def test_a_traceparent_is_read_and_written():
    assert parsed(GIVEN) == (TRACE, SPAN, True)
    assert parsed(f"00-{TRACE}-{SPAN}-00") == (TRACE, SPAN, False)
    assert parsed(f"cc-{TRACE}-{SPAN}-09") == (TRACE, SPAN, True)
    assert parsed(fresh_traceparent()) is not None
    assert fresh_traceparent() != fresh_traceparent()


def test_every_process_of_a_run_knows_its_span_by_its_id():
    alone = run_traceparent("run-1", None)
    assert alone == run_traceparent("run-1", None) != run_traceparent("run-2", None)
    asked = parsed(run_traceparent("run-1", GIVEN))
    assert asked is not None and asked[0] == TRACE and asked[1] == parsed(alone)[1] != SPAN
    assert parsed(run_traceparent("run-1", f"00-{TRACE}-{SPAN}-00"))[2] is False
    assert context.run_trace_id("run-1") == parsed(alone)[0]
