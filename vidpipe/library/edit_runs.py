"""Making clips as they were decided, at once: beside the orchestrator, by whoever is there first.

What is asked for by `Edits.render` waits a moment for the orchestrator. A process of the service
takes it in that time and has a process of its own make it; where there is none, or it was lost,
the orchestrator does, as with any other request. What somebody approved of goes on by the
orchestrator, and where none is alive by the service, too.
"""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence

from vidpipe.catalog.following import COMMAND_RUN
from vidpipe.catalog.requests import WATCHED, Cause
from vidpipe.catalog.tables import RequestRow
from vidpipe.errors import Unavailable
from vidpipe.library.awake import slept_s
from vidpipe.library.coordination import is_coordinated
from vidpipe.library.request_runs import RunOutcome, lead, note_gone
from vidpipe.library.work import PROCESS_JOB
from vidpipe.observability import events
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.pipeline.engine import Engine

#: Seconds for which the orchestrator leaves what was asked for to the service.
HEAD_START_S = 20.0
#: What such a run is called.
_JOB = "vidpipe_edits"
#: What works off all that waits, as a command; `--only` names a cause.
_COMMAND = (sys.executable, "-P", "-c", "from vidpipe.cli import main; main()", "edits", "work")


def work_off_one(engine: Engine, causes: Sequence[Cause] = WATCHED) -> RunOutcome | None:
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
    return lead(engine, row, run_id, _JOB)


def _claimed(engine: Engine, causes: Sequence[Cause], run_id: str) -> RequestRow | None:
    shared = is_coordinated(engine)
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


def note_lost(engine: Engine) -> int:
    """What was asked for of processes that are gone is asked for again; how many were."""
    if slept_s():
        return 0
    lost = engine.catalog.requests.lost()
    for row in lost:
        note_gone(engine, row, _JOB if row.cause in WATCHED else PROCESS_JOB)
    return len(lost)


def have_worked_off(engine: Engine, stop: Callable[[], bool], cause: Cause) -> bool:
    """Have a process of its own work off what waits; whether it took anything, and did it.

    What was approved of may be hours of work: whoever changed a clip does not wait for it, as
    each cause has a process.

    Args:
        engine: of the library.
        stop: whether this process ends: then that one does, too.
        cause: only requests of this.

    Raises:
        Unavailable: the process came to a bad end before it took anything.
    """
    if cause is Cause.EDIT:
        note_lost(engine)
    requests = engine.catalog.requests
    # A process that begins now does not know that the machine slept.
    if not requests.has_open([cause]) or slept_s():
        return False
    shared = is_coordinated(engine)
    if _lacks_space(engine, cause, shared):
        return False
    first = requests.first_claimable([cause], ahead_s=HEAD_START_S, shared=shared)
    if first is None:
        return False
    command = (*_COMMAND, "--only", cause.value, "--while-open")
    # Its end is that of the pipe: it ends when this process is gone, however that went.
    process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603
    try:
        while process.poll() is None:
            if stop():
                return False
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        if process.stdin is not None:
            process.stdin.close()
    code = process.returncode
    if requests.first_claimable([cause], ahead_s=HEAD_START_S, shared=shared) != first:
        return code == 0
    if code and not stop():
        # So would the next one: the chore waits ever longer.
        said = f"the process for {cause}s ended with exit code {code} before it took any"
        raise Unavailable(said)
    return False
