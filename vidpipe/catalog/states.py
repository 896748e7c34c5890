"""Where rows stand: requests, failures, jobs; and which way a job may go."""

from __future__ import annotations

from enum import StrEnum

from vidpipe.errors import Misconfigured


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    SUBMITTED = "submitted"
    DONE = "done"


class FailureState(StrEnum):
    """`dead` is the dead-letter list: nothing happens until a person says so."""

    WAITING = "waiting"
    DEAD = "dead"
    RESOLVED = "resolved"


class DeliveryState(StrEnum):
    """Where the delivery of an event to an endpoint stands.

    Attributes:
        PENDING: it is to be sent, or sent again by itself.
        DELIVERED: the endpoint took it.
        FAILED: given up; nothing happens before somebody replays it.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class JobState(StrEnum):
    """Where a job stands.

    Attributes:
        QUEUED: it waits for its turn, for intake, or to be tried again by itself.
        RUNNING: a process works on its video now, or fetches it.
        WAITING_FOR_REVIEW: nothing goes on before somebody approves of what was made.
        DONE: all that it asked for was made.
        FAILED: given up; nothing happens before somebody retries it.
        CANCELLED: somebody took it back.
    """

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_FOR_REVIEW = "waiting_for_review"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: The states that a job may go to from each. A run whose worker was lost is queued again; what
#: failed or was cancelled may be retried; what is done stays done: wanting more is another job.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(JobState) - {JobState.QUEUED},
    JobState.RUNNING: frozenset(JobState) - {JobState.RUNNING},
    JobState.WAITING_FOR_REVIEW: frozenset(JobState) - {JobState.WAITING_FOR_REVIEW},
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}
#: Those that something may still happen to by itself.
ACTIVE = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING_FOR_REVIEW)


class WrongState(Misconfigured):
    """What was asked for cannot be done where something stands."""


def moved(before: JobState, after: JobState) -> JobState:
    """The state after, where a job may go there; the only way that a job changes its state.

    Raises:
        WrongState: it may not.
    """
    if after not in TRANSITIONS[before]:
        raise WrongState(f"a job that is {before} cannot become {after}")
    return after
