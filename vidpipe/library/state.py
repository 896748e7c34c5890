"""Where a video stands: the one place that says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VideoState(StrEnum):
    """Where a video stands, for whoever has to do something about it.

    Attributes:
        QUEUED: something will be run: it is new, was asked for, or is tried again by itself.
        RUNNING: a process works on it now.
        WAITING_FOR_REVIEW: nothing goes on before somebody approves of what was made.
        DONE: all that its channel wants of it was made.
        FAILED: given up; nothing happens before somebody retries it.
        HELD: done, and kept from retention and retiring for the reason it is held for.
        RETIRED: its files are removed; dropped again it is revived.
        REJECTED: the recording itself cannot be processed; another file is needed.
    """

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_FOR_REVIEW = "waiting_for_review"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    RETIRED = "retired"
    REJECTED = "rejected"


@dataclass(frozen=True)
class VideoFacts:
    """What the state of a video is derived from.

    Attributes:
        retired: somebody retired it.
        finished: a run made all of it.
        held: it is kept for a reason.
        at_work: a process that works on it was alive a moment ago.
        requested: a run of it is asked for and not over.
        retried: it failed and is tried again by itself.
        dead_cause: why it was given up, as `errors.cause_of` has it; None where it was not.
        awaits_review: what was made waits for somebody's word.
    """

    retired: bool = False
    finished: bool = False
    held: bool = False
    at_work: bool = False
    requested: bool = False
    retried: bool = False
    dead_cause: str | None = None
    awaits_review: bool = False


def state_of(facts: VideoFacts) -> VideoState:
    """The state: what will happen by itself comes before what waits for somebody.

    A video that is neither finished nor asked for was left by a run that died: the hourly
    check asks for it again, so that it is queued.
    """
    if facts.retired:
        return VideoState.RETIRED
    if facts.at_work:
        return VideoState.RUNNING
    if facts.requested or facts.retried:
        return VideoState.QUEUED
    if facts.dead_cause is not None:
        rejected = facts.dead_cause.startswith("rejected:")
        return VideoState.REJECTED if rejected else VideoState.FAILED
    if facts.awaits_review:
        return VideoState.WAITING_FOR_REVIEW
    if not facts.finished:
        return VideoState.QUEUED
    return VideoState.HELD if facts.held else VideoState.DONE
