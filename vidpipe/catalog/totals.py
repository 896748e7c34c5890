"""Figures that only grow: added up in the transaction that something happens in.

Rows of what happened are removed by retention, replaced by newer results and too many to be counted
again and again. A total is one row for each combination of its labels: it is written by whichever
process does the work, read by whichever is asked, and the same whoever is asked.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.tables import TotalRow
from vidpipe.catalog.units import PENDING_TOTALS

#: Upper ends of the classes of durations, in seconds: a stage takes a second or an hour.
DURATIONS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_SCORES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
_Key = tuple[str, str, int]


class Ending(StrEnum):
    """What came of a stage, or of a run.

    Attributes:
        MADE: the stage made its result.
        REUSED: the result that an earlier run of the stage made was found.
        FAILED: the stage ended with an error.
        SUCCEEDED: the run made all that was asked for.
        RETRIED: the run failed, and another try is on its way.
        DEAD: the run failed, and nothing retries it by itself.
        REJECTED: it is the file's fault.
        CANCELLED: someone ended it.
    """

    MADE = "made"
    REUSED = "reused"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    RETRIED = "retried"
    DEAD = "dead"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


#: How a run may end.
RUN_OUTCOMES = (
    Ending.SUCCEEDED,
    Ending.RETRIED,
    Ending.DEAD,
    Ending.REJECTED,
    Ending.CANCELLED,
)


@dataclass(frozen=True)
class Total:
    """A counter, or a histogram where it has classes.

    Attributes:
        name: as it is published, without prefix and without `_total`.
        says: what it counts.
        labels: names of the labels, each of few values; never one of a single video.
        classes: upper ends of a histogram's classes; none: it is a counter.
    """

    name: str
    says: str
    labels: tuple[str, ...] = ()
    classes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Amount:
    """What a total has come to for one combination of labels.

    Attributes:
        count: how often something was added, by class; a counter has the one class 0.
        value: the sum of what was added.
    """

    count: Mapping[int, int]
    value: float


VIDEOS_ACCEPTED = Total("videos_accepted", "Uploads that became videos.", ("channel",))
RECORDING_SECONDS = Total(
    "recording_seconds", "Seconds of recording in the uploads that became videos.", ("channel",)
)
VIDEOS_FINISHED = Total(
    "videos_finished",
    "Videos that a run made all of for the first time; later runs of them do not count.",
    ("channel",),
)
UPLOADS_DECIDED = Total(
    "uploads_decided",
    "Uploads that intake has decided on, by what became of them.",
    ("channel", "state"),
)
RUN_REQUESTS = Total(
    "run_requests",
    "Runs of a video that were asked for, by why; `retry` is another try.",
    ("channel", "cause"),
)
QUEUE_WAIT = Total(
    "queue_wait_seconds",
    "Seconds between a request being due and its run being submitted.",
    classes=DURATIONS_S,
)
PROCESSING = Total(
    "video_processing_duration_seconds",
    "Seconds between the begin and the end of a run that made all of a video.",
    classes=DURATIONS_S,
)
RUNS = Total(
    "runs",
    "Runs of a video, and uploads that could not be taken in, by how they ended; "
    "`rejected`: it is the file's fault.",
    ("channel", "outcome"),
)
FAILURES = Total("failures", "Runs and uploads that failed, by cause.", ("channel", "cause"))
STAGE_RUNS = Total(
    "stage_runs",
    "Runs of stages; `reused`: the result of an earlier one was found.",
    ("stage", "outcome"),
)
STAGE_DURATION = Total(
    "stage_duration_seconds", "Seconds that making a stage's result took.", ("stage",), DURATIONS_S
)
STAGE_RECORDING = Total(
    "stage_recording_seconds",
    "Seconds of recording that stages made results of; stage_duration_seconds_sum over this is "
    "the real-time factor.",
    ("stage",),
)
WORK_SECONDS = Total(
    "work_seconds", "Seconds that stages worked for a channel, failed ones too.", ("channel",)
)
ENCODES = Total("encodes", "Clips that were encoded or copied.")
ENCODE_SECONDS = Total("encode_seconds", "Seconds that encoding clips took.")
ENCODE_MEDIA = Total("encode_media_seconds", "Seconds of clips that were encoded.")
ENCODE_ESTIMATED = Total(
    "encode_estimated_seconds", "Seconds that encoding was estimated to take before it began."
)
ENCODE_BYTES = Total("encode_bytes", "Bytes of clips that were encoded.")
CLIPS = Total("clips", "Clips that were made.", ("channel",))
CLIP_SCORE = Total("clip_score", "Scores of the clips that were made, 0 to 100.", (), _SCORES)
EXPORTS = Total(
    "exports",
    "Exports that were made, by whether they conform to their platform.",
    ("platform", "conforms"),
)
JOBS_CREATED = Total("jobs_created", "Jobs that were created.", ("channel",))
JOBS_ENDED = Total(
    "jobs_ended", "Jobs that came to an end, by the state they ended in.", ("channel", "state")
)

COSTS = Total(
    "costs",
    "What the ledger booked, in its currency: calls of outside services, local work, corrections; "
    "for monitoring, the ledger is exact.",
    ("channel", "service", "kind"),
)
CHANNEL_COSTS = Total(
    "channel_costs",
    "What the ledger booked for a channel, in its currency: the sum of costs, which is 0 before "
    "anything is booked.",
    ("channel",),
)

#: All of them, in the order in which they are published.
TOTALS = (
    UPLOADS_DECIDED,
    VIDEOS_ACCEPTED,
    RECORDING_SECONDS,
    VIDEOS_FINISHED,
    RUN_REQUESTS,
    QUEUE_WAIT,
    RUNS,
    PROCESSING,
    FAILURES,
    STAGE_RUNS,
    STAGE_DURATION,
    STAGE_RECORDING,
    WORK_SECONDS,
    ENCODES,
    ENCODE_SECONDS,
    ENCODE_MEDIA,
    ENCODE_ESTIMATED,
    ENCODE_BYTES,
    CLIPS,
    CLIP_SCORE,
    EXPORTS,
    JOBS_CREATED,
    JOBS_ENDED,
    COSTS,
    CHANNEL_COSTS,
)


def add(session: Session, total: Total, *labels: str, value: float = 1.0) -> None:
    """Add to a total when the transaction is committed; nothing, where it is not.

    Args:
        session: of a transaction that writes, see `Database.writing`.
        total: to which.
        labels: their values, in the order of their names.
        value: how much; of a histogram, what was observed. Never negative: a clock that was set
            back adds nothing.
    """
    if len(labels) != len(total.labels):
        raise ValueError(f"{total.name} has the labels {total.labels}, not {labels}")
    value = max(0.0, value)
    place = bisect_left(total.classes, value)
    key = (total.name, json.dumps(labels, ensure_ascii=False), place)
    pending: dict[_Key, tuple[int, float]] = session.info.setdefault(PENDING_TOTALS, {})
    count, summed = pending.get(key, (0, 0.0))
    pending[key] = (count + 1, summed + value)


def write(session: Session) -> None:
    """Write down what was added in a transaction, last of all and in one order.

    Whoever holds the lock of a total then waits for totals further on alone: two transactions
    never wait for each other.
    """
    pending: dict[_Key, tuple[int, float]] = session.info.pop(PENDING_TOTALS, {})
    if not pending:
        return
    session.flush()
    rows = [
        {"name": name, "labels": labels, "place": place, "count": count, "value": value}
        for (name, labels, place), (count, value) in sorted(pending.items())
    ]
    kind = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = kind.insert(TotalRow)
    upsert = insert.values(rows).on_conflict_do_update(
        index_elements=["name", "labels", "place"],
        set_={
            "count": TotalRow.count + insert.excluded.count,
            "value": TotalRow.value + insert.excluded.value,
        },
    )
    session.execute(upsert)


class TotalRows:
    """Reads what was added up."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def read(self) -> dict[str, dict[tuple[str, ...], Amount]]:
        """All of them, by name and labels; one query, whose rows are as many as labels differ."""
        query = select(
            TotalRow.name, TotalRow.labels, TotalRow.place, TotalRow.count, TotalRow.value
        )
        counts: dict[tuple[str, tuple[str, ...]], dict[int, int]] = {}
        values: dict[tuple[str, tuple[str, ...]], float] = {}
        with self._db.session() as session:
            for name, labels, place, count, value in session.execute(query):
                key = (name, tuple(json.loads(labels)))
                counts.setdefault(key, {})[place] = count
                values[key] = values.get(key, 0.0) + value
        found: dict[str, dict[tuple[str, ...], Amount]] = {}
        for (name, given), count in counts.items():
            found.setdefault(name, {})[given] = Amount(count, values[name, given])
        return found
