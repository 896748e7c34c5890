"""A run of one request, led by this process: as far as gates let it, and what becomes of it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.requests import WATCHED, Cause
from vidpipe.catalog.tables import RequestRow, now
from vidpipe.channels.reviews import GateName
from vidpipe.errors import MustWait, Unavailable, VidpipeError, cause_of, retryable
from vidpipe.observability import events
from vidpipe.observability.context import adopted
from vidpipe.observability.running import running
from vidpipe.operations import gates
from vidpipe.operations.recovery import WORKER_LOST, note_failure, note_waiting, step_wait_s
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.order import Order
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.storage.artifacts import Manifest
from vidpipe.stuck import Stuck, interruptible, watched

#: Seconds between two looks whether a request is still this run's.
_LOOK_S = 1.0
#: What is said of a run whose request is another's, or nobody's, by now.
_TAKEN_BACK = "it was taken back; what was made is kept"


@dataclass(frozen=True)
class RunOutcome:
    """What became of one request.

    Attributes:
        video_id: whose clips.
        message: in a sentence.
        error: why they could not be made; None where they were, or where somebody took it back.
    """

    video_id: str
    message: str
    error: Exception | None = None


def lead(engine: Engine, row: RequestRow, run_id: str, job: str) -> RunOutcome:
    """Do what was asked for, in this process, and write down how it ended.

    Args:
        engine: of the library.
        row: the request, which was taken for this run.
        run_id: of the run.
        job: what kind of run it is.
    """
    begun = now()
    kept = _Kept(engine, run_id)
    work = RequestRun(engine, row, run_id, begun, job, kept)
    ids = {"channel": row.channel, "video_id": row.video_id, **adopted(row.origin)}
    with running(run_id, job, **ids) as run:
        try:
            with (
                kept.watched(),
                engine.catalog.heartbeats.alive(run_id, row.video_id),
                work.ended_when_stuck(),
            ):
                said = work.go()
        except Exception as error:
            run.fail(work.stage)
            try:
                said = work.note(error)
            except (KeyboardInterrupt, SystemExit):
                # Nothing of it was written down.
                if kept.lost:
                    return RunOutcome(row.video_id, _TAKEN_BACK)
                _give_back(engine, run_id)
                raise
            return RunOutcome(row.video_id, f"{error} ({said})", error)
        except BaseException:
            if kept.lost:
                run.fail(work.stage)
                return RunOutcome(row.video_id, _TAKEN_BACK)
            _give_back(engine, run_id)
            raise
    engine.catalog.requests.done(run_id)
    took_s = (now() - begun).total_seconds()
    return RunOutcome(row.video_id, said or f"made in {took_s:.1f} s")


def _give_back(engine: Engine, run_id: str) -> None:
    """Somebody ends this process: whoever is there next does what it was at."""
    with contextlib.suppress(VidpipeError):
        engine.catalog.requests.give_back(run_id)


class RequestRun:
    """One run: what it is for, and at which stage it is."""

    def __init__(
        self,
        engine: Engine,
        row: RequestRow,
        run_id: str,
        begun: datetime,
        job: str,
        kept: _Kept,
    ) -> None:
        self.engine, self.row, self.run_id, self.begun = engine, row, run_id, begun
        self.job, self._kept = job, kept
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
        self._kept.close()
        engine.catalog.finish_video(row.video_id, self.begun, row.run_options, row.stages)
        gates.finished(engine, row.video_id, self.begun)
        return ""

    def _run(self, name: str, order: Order) -> None:
        """Run a stage; what is away for a moment is tried again at once.

        Raises:
            VidpipeError: it failed.
        """
        self.stage = name
        gates.check(self.engine, self.row.video_id, name, order)
        tries = 0
        while True:
            try:
                ran = self.engine.run_stage(name, self.row.video_id, order, chosen=self._made)
            except Unavailable as error:
                wait_s = step_wait_s(error, tries)
                if wait_s is None or self.row.cause == Cause.EDIT:
                    # Whoever waits before a screen is told.
                    raise
                events.warning("stage_run_deferred", wait_s=round(wait_s, 1), message=str(error))
                time.sleep(wait_s)
                tries += 1
            else:
                self._made[name] = ran.manifest
                return

    def _wait(self, gate: GateName) -> str:
        self._kept.close()
        gates.park(self.engine, self.row, gate)
        return f"waits for review at the gate {gate}"

    def note(self, error: Exception) -> str:
        """Write down how it failed, or what it waits for; what follows, in words."""
        return note_end(self.engine, self.row, self.run_id, self.job, error, self.stage)

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


def note_end(
    engine: Engine, row: RequestRow, run_id: str, job: str, error: Exception, stage: str
) -> str:
    """Write down how a run failed, or what it waits for; what follows, in words."""
    failed = _failed(row, run_id, job, cause_of(error), str(error), stage)
    catalog, stages, cause = engine.catalog, row.stages, again(row)
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
        retry_delays_s=engine.settings.retry_delays_s,
        cause=cause,
    )


def note_gone(engine: Engine, row: RequestRow, job: str) -> str:
    """Write down that the process of a run is gone, without a word; what follows, in words."""
    run_id = str(row.run_id)
    message = "the process died without an error"
    said = note_failure(
        engine.catalog,
        _failed(row, run_id, job, WORKER_LOST, message, ""),
        passing=True,
        stages=row.stages,
        retry_delays_s=engine.settings.retry_delays_s,
        cause=again(row),
    )
    engine.catalog.requests.done(run_id)
    return said


def again(row: RequestRow) -> Cause:
    """Of another try of a request: who may answer it stays who may answer it."""
    return Cause(row.cause) if row.cause in WATCHED else Cause.RETRY


def _failed(row: RequestRow, run_id: str, job: str, cause: str, message: str, stage: str) -> Failed:
    return Failed(
        subject=row.video_id,
        channel=row.channel,
        job=job,
        stage=stage,
        cause=cause,
        message=message,
        run_id=run_id,
    )


class _Kept:
    """Whether a request is still this run's; where it is not, its work is interrupted.

    Somebody cancelled the job, retired the video, or took this process for dead.
    """

    def __init__(self, engine: Engine, run_id: str) -> None:
        self._engine, self._run_id = engine, run_id
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.lost = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While inside, the main thread is interrupted as soon as the request is another's."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        threading.Thread(target=self._look, name="kept", daemon=True).start()
        try:
            with interruptible():
                yield
        finally:
            self._over.set()

    def close(self) -> None:
        """From now on this run ends its request itself.

        Raises:
            KeyboardInterrupt: it is this run's no more.
        """
        with self._lock:
            self._over.set()
            if self.lost:
                raise KeyboardInterrupt

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            with contextlib.suppress(VidpipeError):
                if self._engine.catalog.requests.is_held(self._run_id):
                    continue
                with self._lock:
                    if self._over.is_set():
                        return
                    self.lost = True
                    main = threading.main_thread().ident or 0
                    signal.pthread_kill(main, signal.SIGINT)
                return
