"""Working off what is due, in this process: one upload, one request after the other."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager

from vidpipe.catalog.following import COMMAND_RUN
from vidpipe.errors import VidpipeError, cause_of
from vidpipe.intake.folders import drop_folder
from vidpipe.intake.model import IntakeResult
from vidpipe.intake.taking import ingest_pending
from vidpipe.library.coordination import is_coordinated
from vidpipe.library.due import has_request, take_request, uploads_due
from vidpipe.library.request_runs import RunOutcome, lead
from vidpipe.observability import events
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.pipeline.engine import Engine
from vidpipe.stuck import Stuck, watched

#: What runs of the processor are called, as those of the orchestrator are.
PROCESS_JOB = "process_video"
#: What a process of a service ends with that found nothing due.
NOTHING_DUE = 75
#: Seconds that a process has for cleaning up after itself when whoever started it is gone.
_GRACE_S = 20.0


def fresh_run() -> str:
    """The id of a run that this process leads."""
    return f"{COMMAND_RUN}{uuid.uuid4().hex}"


def take_in_due(engine: Engine, run_id: str) -> Iterator[tuple[str, IntakeResult | str]]:
    """Take in what was noticed, one after the other, until nothing is left.

    One that cannot be taken in now is tried again later, and holds up no other.

    Args:
        engine: of the library.
        run_id: under which this process says that it is alive.

    Yields:
        The key of each upload, and what was decided, or why nothing was.
    """
    settings = engine.settings
    folder = drop_folder(settings.drop_url, settings.plain_drop_options)
    engine.artifacts.sweep()
    tried: set[tuple[str, str]] = set()
    last: dict[str, float] = {}
    # Before any is taken up: who sends no heartbeat is taken for dead.
    engine.catalog.heartbeats.beat(run_id)
    with engine.catalog.heartbeats.alive(run_id):
        while not is_coordinated(engine) and low_disk_space(settings) is None:
            due = uploads_due(engine, folder, last=last)
            due = [row for row in due if (row.key, row.version) not in tried]
            if not due:
                return
            row = due[0]
            tried.add((row.key, row.version))
            last[row.channel] = float(len(tried))
            try:
                outcome = ingest_pending(
                    engine.intake(),
                    folder,
                    row,
                    run_id,
                    settings.retry_delays_s,
                    lambda: _watched(engine),
                )
            except Exception as error:
                # It is among the dead letters.
                events.error("upload_intake_failed", cause=error, upload=row.key)
                yield row.key, cause_of(error)
                continue
            yield row.key, outcome


def run_due(engine: Engine, run_id: str) -> RunOutcome | None:
    """Do the request whose turn it is, in this process; None where none is due.

    Args:
        engine: of the library.
        run_id: of the run.
    """
    if is_coordinated(engine) or low_disk_space(engine.settings) is not None:
        return None
    row = take_request(engine, run_id)
    return lead(engine, row, run_id, PROCESS_JOB) if row is not None else None


def why_idle(engine: Engine) -> str:
    """Why this process takes nothing, whatever is due; empty: it does."""
    if is_coordinated(engine):
        return "a Dagster daemon is alive: what is due is left to it"
    return low_disk_space(engine.settings) or ""


def no_place(engine: Engine) -> str:
    """Why this machine begins no further video now, in words; empty: it does."""
    most = engine.settings.service.videos_at_once
    count = engine.catalog.served.at_work(platform.node())
    if count < most or not has_request(engine):
        return ""
    return f"{count} at work here already, as many as VIDPIPE_SERVICE__VIDEOS_AT_ONCE allows"


def _watched(engine: Engine) -> AbstractContextManager[None]:
    def last(error: Stuck) -> None:
        os._exit(error.exit_code)

    return watched(engine.settings.stuck_after_s, last)


def end_with_parent(engine: Engine, run_id: str | None = None) -> None:
    """End this process when its standard input ends: whoever started it is gone.

    It is told to end, as by the machine; where it does not, what it has in hand is given back.

    Args:
        engine: of the library.
        run_id: of the one run that it leads; None: of several, one after the other.
    """

    def wait() -> None:
        while os.read(0, 1024):
            continue
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(_GRACE_S)
        if run_id is not None:
            with contextlib.suppress(VidpipeError):
                engine.catalog.requests.give_back(run_id)
        os._exit(1)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
