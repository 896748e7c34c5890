"""Making clips as they were decided, at once: beside the orchestrator, by whoever is there first.

What is asked for by `Edits.render` waits a moment for the orchestrator. A process of the service
takes it in that time and has a process of its own make it; where there is none, or it was lost,
the orchestrator does, as with any other request. What somebody approved of goes on by the
orchestrator, and where none is alive by the service, too.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.following import COMMAND_RUN
from vidpipe.catalog.processes import COORDINATOR, silent_since
from vidpipe.catalog.requests import WATCHED, Cause
from vidpipe.catalog.tables import RequestRow, now
from vidpipe.channels.reviews import GateName
from vidpipe.errors import MustWait, VidpipeError, cause_of, retryable
from vidpipe.observability import events
from vidpipe.observability.running import running
from vidpipe.operations import gates
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.operations.recovery import WORKER_LOST, note_failure, note_waiting
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.storage.artifacts import Manifest
from vidpipe.stuck import Stuck, watched

#: Seconds for which the orchestrator leaves what was asked for to the service.
HEAD_START_S = 20.0
#: What works off all that waits, as a command; `--only` names a cause.
_COMMAND = (sys.executable, "-c", "from vidpipe.cli import main; main()", "edits", "work")


@dataclass(frozen=True)
class EditRunOutcome:
    """What became of one request.

    Attributes:
        video_id: whose clips.
        message: in a sentence.
        error: why they could not be made; None where they were.
    """

    video_id: str
    message: str
    error: Exception | None = None


def work_off_one(engine: Engine, causes: Sequence[Cause] = WATCHED) -> EditRunOutcome | None:
    """Make the clips of the oldest request, in this process; None where none waits.

    It goes as far as a run of the orchestrator would: to the first gate that is closed.

    Args:
        engine: of the library.
        causes: only requests of these, those of the first before all others.
    """
    if Cause.EDIT in causes:
        note_lost(engine)
    run_id = f"{COMMAND_RUN}{uuid.uuid4().hex}"
    row = _claimed(engine, causes, run_id)
    if row is None:
        return None
    begun = now()
    work = _EditRun(engine, row, run_id, begun)
    with running(run_id, "vidpipe_edits", channel=row.channel, video_id=row.video_id) as run:
        try:
            with engine.catalog.heartbeats.alive(run_id, row.video_id), work.ended_when_stuck():
                said = work.go()
        except Exception as error:
            run.fail(work.stage)
            return EditRunOutcome(row.video_id, f"{error} ({work.note(error)})", error)
        except BaseException:
            # Somebody ended this process: whoever is there next makes them.
            with contextlib.suppress(VidpipeError):
                engine.catalog.requests.reopen([row.id])
            raise
    engine.catalog.requests.done(run_id)
    took_s = (now() - begun).total_seconds()
    return EditRunOutcome(row.video_id, said or f"made in {took_s:.1f} s")


def _claimed(engine: Engine, causes: Sequence[Cause], run_id: str) -> RequestRow | None:
    shared = _is_coordinated(engine)
    for cause in causes:
        if _lacks_space(engine, cause, shared):
            continue
        row = engine.catalog.requests.claim([cause], run_id, ahead_s=HEAD_START_S, shared=shared)
        if row is not None:
            return row
    return None


def _lacks_space(engine: Engine, cause: Cause, shared: bool) -> bool:
    """Whether something waits because there is too little space; changed clips need little."""
    if cause is Cause.EDIT:
        return False
    short = low_disk_space(engine.settings)
    if short is None:
        return False
    requests = engine.catalog.requests
    if requests.has_claimable([cause], ahead_s=HEAD_START_S, shared=shared):
        events.warning("run_request_deferred", videos=1, why=short)
    return True


class _EditRun:
    """One run: what it is for, and at which stage it is."""

    def __init__(self, engine: Engine, row: RequestRow, run_id: str, begun: datetime) -> None:
        self.engine, self.row, self.run_id, self.begun = engine, row, run_id, begun
        self.stage = ""
        self._made: dict[str, Manifest] = {}

    def go(self) -> str:
        """Run what was asked for, up to a gate; where it waits, in words, or nothing.

        Raises:
            VidpipeError: a stage failed.
        """
        engine, row = self.engine, self.row
        options = RunOptions(**(row.run_options or {}))
        order = engine.order(row.video_id, options, asked_at=self.begun)
        every = engine.pipeline.names(order.wanted_platforms)
        left = [name for name in every if row.stages is None or name in row.stages]
        # A platform that was added to the video is none of those that it always goes to.
        left += [name for name in row.stages or () if name not in every]
        while left:
            # What was made meanwhile may be what somebody approved of already.
            found = gates.reach(engine, row.video_id, left, row.run_options, self.begun)
            gate, todo = found.gate, left if found.stages is None else found.stages
            if gate is not None and not todo:
                return self._wait(gate)
            for name in todo:
                try:
                    self._run(name, order)
                except gates.AwaitsReview as error:
                    return self._wait(error.gate)
            left = [name for name in left if name not in todo]
            if gate is GateName.EXPORT and engine.catalog.reviews.pending(row.video_id):
                return self._wait(gate)
        engine.catalog.finish_video(row.video_id, self.begun, row.run_options, row.stages)
        gates.finished(engine, row.video_id, self.begun)
        return ""

    def _run(self, name: str, order: Order) -> None:
        self.stage = name
        gates.check(self.engine, self.row.video_id, name, order)
        ran = self.engine.run_stage(name, self.row.video_id, order, chosen=self._made)
        self._made[name] = ran.manifest

    def _wait(self, gate: GateName) -> str:
        gates.park(self.engine, self.row, gate)
        return f"waits for review at the gate {gate}"

    def note(self, error: Exception) -> str:
        """Write down how it failed, or what it waits for; what follows, in words."""
        failed = _failed(self.row, self.run_id, cause_of(error), str(error), self.stage)
        catalog, stages = self.engine.catalog, self.row.stages
        cause = Cause(self.row.cause)
        if isinstance(error, MustWait):
            waits_for, until = error.key, error.until
            return note_waiting(
                catalog, failed, waits_for=waits_for, until=until, stages=stages, cause=cause
            )
        return note_failure(
            catalog,
            failed,
            passing=retryable(error),
            stages=stages,
            retry_delays_s=self.engine.settings.retry_delays_s,
            cause=cause,
        )

    def ended_when_stuck(self) -> AbstractContextManager[None]:
        """While inside, what gets no further is ended; see `vidpipe.stuck.watched`."""
        if threading.current_thread() is not threading.main_thread():
            # Nothing but the main thread can be interrupted.
            return contextlib.nullcontext()

        def last(error: Stuck) -> None:
            with contextlib.suppress(VidpipeError):
                self.note(error)
            os._exit(error.exit_code)

        return watched(self.engine.settings.stuck_after_s, last)


def note_lost(engine: Engine) -> int:
    """What was asked for of processes that are gone is asked for again; how many were."""
    lost = engine.catalog.requests.lost()
    for row in lost:
        failed = _failed(row, str(row.run_id), WORKER_LOST, "the process died without an error", "")
        delays_s = engine.settings.retry_delays_s
        note_failure(
            engine.catalog,
            failed,
            passing=True,
            stages=row.stages,
            retry_delays_s=delays_s,
            cause=Cause(row.cause),
        )
        engine.catalog.requests.done(failed.run_id)
    return len(lost)


def _failed(row: RequestRow, run_id: str, cause: str, message: str, stage: str) -> Failed:
    return Failed(
        subject=row.video_id,
        channel=row.channel,
        job="vidpipe_edits",
        stage=stage,
        cause=cause,
        message=message,
        run_id=run_id,
    )


def _is_coordinated(engine: Engine) -> bool:
    """Whether an orchestrator is alive, which takes what is due."""
    last = silent_since(engine.catalog.processes.all(), COORDINATOR)
    silent_s = engine.settings.notify.silent_after_s
    return last is not None and last >= now() - timedelta(seconds=silent_s)


def have_worked_off(engine: Engine, stop: Callable[[], bool], cause: Cause) -> bool:
    """Have a process of its own work off what waits; whether there was anything.

    What was approved of may be hours of work: whoever changed a clip does not wait for it, as
    each cause has a process.

    Args:
        engine: of the library.
        stop: whether this process ends: then that one does, too.
        cause: only requests of this.
    """
    if cause is Cause.EDIT:
        note_lost(engine)
    requests = engine.catalog.requests
    if not requests.has_open([cause]):
        return False
    shared = _is_coordinated(engine)
    if _lacks_space(engine, cause, shared):
        return False
    if not requests.has_claimable([cause], ahead_s=HEAD_START_S, shared=shared):
        return False
    command = (*_COMMAND, "--only", cause.value)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        while process.poll() is None:
            if stop():
                return False
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
    return process.returncode == 0
