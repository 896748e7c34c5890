"""The ids that a process works under, and the W3C trace context among them.

Bound once where work comes in: by the API's middleware, by a step of a run, by the command. What
is logged or traced within has them, and what is written down to be done later takes them along.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar

#: What may be bound, in the order in which a line of the log has it.
NAMES = ("request_id", "job_id", "run_id", "channel", "video_id", "stage")
#: What goes along with what is to be done later.
CARRIED = ("request_id", "job_id")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
#: What an id may hold, so that it can stand in a header, a tag and a line.
_SANE = re.compile(r"[\w.:@/+-]{1,128}", re.ASCII)

_ids: ContextVar[Mapping[str, str] | None] = ContextVar("vidpipe_ids", default=None)
_trace: ContextVar[str | None] = ContextVar("vidpipe_traceparent", default=None)
#: Those of threads that were started without any: of the step that this process is for.
_process: dict[str, str] = {}


@contextmanager
def bound(
    *, traceparent: str | None = None, everywhere: bool = False, **ids: str | None
) -> Iterator[None]:
    """While inside, the log and what is written down have these ids as well.

    Args:
        traceparent: of the span that everything inside belongs to, as W3C has it.
        everywhere: also in other threads of this process, which is for this alone.
        ids: by a name of `NAMES`; None and the empty string bind nothing.
    """
    unknown = set(ids) - set(NAMES)
    if unknown:
        raise ValueError(f"no ids of ours: {', '.join(sorted(unknown))}")
    fresh = {name: value for name, value in ids.items() if value}
    of_ids = _ids.set({**(_ids.get() or {}), **fresh})
    of_trace = _trace.set(traceparent) if parsed(traceparent) is not None else None
    before = dict(_process)
    if everywhere:
        _process.update(fresh)
        if of_trace is not None:
            _process["traceparent"] = str(traceparent)
    try:
        yield
    finally:
        # A generator may be ended in another context, whose variables are its own.
        with suppress(ValueError):
            _ids.reset(of_ids)
            if of_trace is not None:
                _trace.reset(of_trace)
        if everywhere:
            _process.clear()
            _process.update(before)


def current() -> dict[str, str]:
    """The ids that are bound here, `trace_id` and `span_id` among them where there is a trace."""
    own = _ids.get()
    have = own if own is not None else _process
    found = {name: have[name] for name in NAMES if name in have}
    parts = parsed(traceparent())
    if parts is not None:
        found["trace_id"], found["span_id"] = parts[0], parts[1]
    return found


def traceparent() -> str | None:
    """The W3C trace context of what goes on here; None outside of any trace."""
    return _trace.get() or _process.get("traceparent")


def parsed(text: str | None) -> tuple[str, str, bool] | None:
    """Trace id, span id, and whether it is sampled; None for what is no traceparent."""
    match = _TRACEPARENT.fullmatch(text or "")
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return None
    return match[1], match[2], bool(int(match[3], 16) & 1)


def written(trace_id: str, span_id: str, *, sampled: bool = True) -> str:
    """A traceparent of these."""
    return f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"


def fresh_traceparent() -> str:
    """That of a trace that begins here."""
    return written(secrets.token_hex(16), secrets.token_hex(8))


def run_traceparent(run_id: str, given: str | None, *, sampled: bool = True) -> str:
    """That of a run's own span, which every process of the run knows by the run's id alone.

    Args:
        run_id: of the run.
        given: of what asked for it; without one the run is a trace of its own.
        sampled: whether a trace of its own is recorded.
    """
    span_id = hashlib.sha256(f"span {run_id}".encode()).hexdigest()[:16]
    parts = parsed(given)
    if parts is not None:
        return written(parts[0], span_id, sampled=parts[2])
    return written(run_trace_id(run_id), span_id, sampled=sampled)


def run_trace_id(run_id: str) -> str:
    """The trace of a run that nothing asked for."""
    return hashlib.sha256(f"trace {run_id}".encode()).hexdigest()[:32]


def carried() -> dict[str, str]:
    """What is written down with something that is to be done later: ids, and the trace."""
    have = current()
    found = {name: have[name] for name in CARRIED if name in have}
    trace = traceparent()
    return {**found, "traceparent": trace} if trace is not None else found


def adopted(origin: Mapping[str, object] | None) -> dict[str, str]:
    """What was written down, as `bound` takes it: only what is an id and as short as one."""
    found = {}
    for name in (*CARRIED, "traceparent"):
        value = (origin or {}).get(name)
        if isinstance(value, str) and _SANE.fullmatch(value):
            found[name] = value
    return found
