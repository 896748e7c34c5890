"""A run: what leads the steps of a video from the first to the last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from vidpipe.observability import events, spans
from vidpipe.observability.context import bound, run_trace_id, run_traceparent, traceparent


class Run:
    """A run that goes on."""

    failed_stage: str | None = None

    def fail(self, stage: str) -> None:
        """One of its steps failed; the first that did is remembered."""
        self.failed_stage = self.failed_stage or stage


@contextmanager
def running(run_id: str, job: str, **ids: str | None) -> Iterator[Run]:
    """While inside, this process leads a run: its ids, its span, and how it ended.

    Args:
        run_id: of the run.
        job: what kind of run it is.
        ids: as `context.bound` has them, `traceparent` among them: what asked for the run.
    """
    run = Run()
    above = ids.pop("traceparent", None)
    with bound(traceparent=above, run_id=run_id, everywhere=True, **ids):
        own = below(run_id, traceparent())
        with (
            spans.span(f"run {job}", run_id=run_id) as traced,
            bound(traceparent=own, everywhere=True),
        ):
            began_s = time.monotonic()
            events.info("run_execution_started", job=job)
            try:
                yield run
            except GeneratorExit:
                raise
            except BaseException as error:
                _say(job, began_s, "failed", kind=type(error).__name__)
                raise
            if run.failed_stage is None:
                _say(job, began_s, "done")
            else:
                traced.fail("StepFailed")
                _say(job, began_s, "failed", failed_stage=run.failed_stage)


def below(run_id: str, asked: str | None) -> str:
    """The trace context of a run, the same in each process of it.

    Args:
        run_id: of the run.
        asked: that of what asked for it; without one the run is a trace of its own.
    """
    sampled = asked is not None or spans.sampled(run_trace_id(run_id))
    return run_traceparent(run_id, asked, sampled=sampled)


def _say(job: str, began_s: float, status: str, **fields: str) -> None:
    say = events.info if status == "done" else events.warning
    wall_s = round(time.monotonic() - began_s, 3)
    said: dict[str, object] = {"job": job, "wall_s": wall_s, **fields}
    say(f"run_execution_{status}", **said)  # type: ignore[arg-type]  # no field is `private`
