"""After a failure: another try in a while, or the list that a person looks at."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.following import COMMAND_RUN
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.states import FailureState
from vidpipe.catalog.tables import FailureRow, RequestRow, now
from vidpipe.errors import RETRY_DELAYS_S, Unavailable, wait_before_s

#: A cause that names no error of ours: the process was gone.
WORKER_LOST = "worker_lost"
#: A step tries again by itself, for less than a minute; longer waits are not its business: they
#: would take up a place in which others could run.
STEP_RETRY_DELAYS_S = (3.0, 9.0, 27.0)
_LONGEST_WAIT_S = 60.0
#: What is said of a run that is told of when what it was for is not its own any more.
_TAKEN_BACK = "it was taken back; nothing follows"


def step_wait_s(error: Unavailable, tries: int) -> float | None:
    """Seconds after which a step tries again what was away; None: not within this run.

    Args:
        error: what it met.
        tries: how often it has tried again before.
    """
    asked_s = error.retry_after_s or 0.0
    if tries >= len(STEP_RETRY_DELAYS_S) or asked_s > _LONGEST_WAIT_S:
        return None
    return asked_s or STEP_RETRY_DELAYS_S[tries] * random.uniform(0.7, 1.3)


def note_failure(
    catalog: Catalog,
    failed: Failed,
    *,
    passing: bool,
    stages: Sequence[str] | None = None,
    retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    cause: Cause = Cause.RETRY,
) -> str:
    """Record a run's failure and request another try if that can help; what was done.

    The same run's failure is written down once, however often it is told, and as a whole: never
    is there a failure that is tried again without the request for it. Nothing is written down of
    a command's run whose request was taken back. `cause` is that of the new request: who may
    answer it.
    """
    with catalog.as_one() as unit:
        if catalog.failures.reported(failed.run_id):
            return "known already"
        # The first change: of several that tell of this run's end the others wait here.
        if not catalog.requests.release(failed.run_id) and failed.run_id.startswith(COMMAND_RUN):
            return _TAKEN_BACK
        attempts = catalog.failures.attempts(failed.subject) + 1
        wait_s = wait_before_s(attempts, retry_delays_s) if passing else None
        if wait_s is not None:
            again = [failed.subject]
            catalog.requests.add(again, cause, stages=stages, wait_s=wait_s, after=failed.run_id)
        catalog.failures.add(failed, attempts=attempts, dead=wait_s is None)
        catalog.commit(unit)
    if wait_s is None:
        return f"dead after {attempts} attempts: {failed.cause}"
    return f"tried again in {wait_s / 60:.0f} min: {failed.cause}"


def note_waiting(
    catalog: Catalog,
    failed: Failed,
    *,
    waits_for: str,
    until: datetime | None,
    stages: Sequence[str] | None = None,
    cause: Cause = Cause.RETRY,
) -> str:
    """A run ended as a budget or a quota allows no more: nothing failed, and no try is counted.

    It is asked for again when there is more, or as soon as somebody raises the budget; of one
    that nothing but a raise ends, a run looks once a day.
    """
    if until is None:
        until = datetime.combine(now().date() + timedelta(days=1), time.min, UTC)
    asked = catalog.requests.wait(
        failed.subject,
        failed.run_id,
        waits_for=waits_for,
        why=failed.message,
        until=until,
        stages=stages,
        cause=cause,
    )
    if not asked:
        return _TAKEN_BACK
    return f"waits until {until:%Y-%m-%d %H:%M} UTC: {failed.message}"


def requeue(catalog: Catalog, rows: Sequence[FailureRow]) -> int:
    """Try these again from the beginning, at once; how many."""
    for row in rows:
        if catalog.video(row.subject) is not None:
            catalog.requests.add([row.subject], Cause.RETRY, after=row.run_id)
        else:
            catalog.inbox.again(row.subject)
        catalog.failures.resolved(row.subject)
    return len(rows)


@dataclass(frozen=True)
class HeartbeatCheck:
    """A run's heartbeat as a watcher saw it: which one, and in how many looks it stood still."""

    beat: str
    looks: int


def find_lost(
    before: Mapping[str, HeartbeatCheck], running: Mapping[str, str], looks_allowed: int
) -> tuple[dict[str, HeartbeatCheck], list[str]]:
    """What was seen this time, and the runs that are lost.

    A run is lost when its heartbeat stood still in more than `looks_allowed` looks in a
    row. Looks are counted and not seconds: while the database or the watcher is away,
    nobody looks, and nobody is lost for it.

    Args:
        before: what was seen last time.
        running: for each run that should be alive its newest heartbeat, whatever it is.
        looks_allowed: how long it may stand still.
    """
    seen: dict[str, HeartbeatCheck] = {}
    lost = []
    for run_id, beat in running.items():
        last = before.get(run_id)
        looks = last.looks + 1 if last is not None and last.beat == beat else 0
        if looks > looks_allowed:
            lost.append(run_id)
        else:
            seen[run_id] = HeartbeatCheck(beat, looks)
    return seen, lost


def orphaned(in_flight: Sequence[RequestRow], alive: Collection[str]) -> list[RequestRow]:
    """Requests whose run is neither alive nor told of: it was deleted, or its end was missed."""
    return [row for row in in_flight if row.run_id not in alive]


def incomplete(catalog: Catalog, at_work: Collection[str]) -> list[str]:
    """Videos that are not finished and that nobody is about to finish or has given up.

    Args:
        catalog: the catalog.
        at_work: videos that a queued or running run has in hand.
    """
    # One that is tried again has a request; where it lost that, nobody cares for it.
    given_up = (failure.subject for failure in catalog.failures.living(FailureState.DEAD))
    cared_for = {*at_work, *given_up}
    return [v for v in catalog.unfinished() if v not in cared_for]
