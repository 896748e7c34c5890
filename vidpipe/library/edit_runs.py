"""Making clips as they were decided, at once: beside the orchestrator, by whoever is there first.

What is asked for by `Edits.render` waits a moment for the orchestrator. A process of the service
takes it in that time and has a process of its own make it; where there is none, or it was lost,
the orchestrator does, as with any other request.
"""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.standing import COMMAND_RUN
from vidpipe.catalog.tables import RequestRow, now
from vidpipe.errors import cause_of, retryable
from vidpipe.observability.running import running
from vidpipe.operations.recovery import note_failure
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.storage.artifacts import Manifest

#: Seconds for which the orchestrator leaves what was asked for to the service.
HEAD_START_S = 20.0
#: What works off all that waits, as a command.
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


def work_off_one(engine: Engine) -> EditRunOutcome | None:
    """Make the clips of the oldest request, in this process; None where none waits."""
    run_id = f"{COMMAND_RUN}{uuid.uuid4().hex}"
    row = engine.catalog.requests.claim(Cause.EDIT, run_id)
    if row is None:
        return None
    begun = now()
    with running(run_id, "vidpipe_edits", channel=row.channel, video_id=row.video_id) as run:
        at = ""
        try:
            with engine.catalog.heartbeats.alive(run_id, row.video_id):
                for name, work in _stages(engine, row):
                    at = name
                    work()
        except Exception as error:
            run.fail(at)
            failed = Failed(
                subject=row.video_id,
                channel=row.channel,
                job="vidpipe_edits",
                stage=at,
                cause=cause_of(error),
                message=str(error),
                run_id=run_id,
            )
            said = note_failure(engine.catalog, failed, passing=retryable(error), stages=row.stages)
            return EditRunOutcome(row.video_id, f"{error} ({said})", error)
    engine.catalog.finish_video(row.video_id, begun, row.run_options)
    engine.catalog.requests.done(run_id)
    took_s = (now() - begun).total_seconds()
    return EditRunOutcome(row.video_id, f"made in {took_s:.1f} s")


def _stages(engine: Engine, row: RequestRow) -> list[tuple[str, Callable[[], None]]]:
    """What a request wants, each stage reading what those before it made or found."""
    order = engine.order(row.video_id, RunOptions(**(row.run_options or {})))
    names = engine.pipeline.names(order.wanted_platforms)
    chosen: dict[str, Manifest] = {}

    def work(name: str) -> Callable[[], None]:
        def go() -> None:
            ran = engine.run_stage(name, row.video_id, order, chosen=chosen)
            chosen[name] = ran.manifest

        return go

    return [(name, work(name)) for name in names if row.stages is None or name in row.stages]


def have_worked_off(engine: Engine, stop: Callable[[], bool]) -> bool:
    """Have a process of its own work off what waits; whether there was anything.

    Args:
        engine: of the library.
        stop: whether this process ends: then that one does, too.
    """
    if not engine.catalog.requests.has_open(Cause.EDIT):
        return False
    process = subprocess.Popen(_COMMAND, stdin=subprocess.DEVNULL)  # noqa: S603
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
