"""What was done on each day (UTC) in each channel, counted from what the catalog holds.

Whoever changes something that a day counts notes the day, in the same transaction; whoever reads
has the noted days counted anew first. So an answer is never older than what it is of, a change
that is made twice counts once, and counting everything again gives the same.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, Select, cast, delete, func, select, union
from sqlalchemy.orm import Session

from vidpipe.catalog.analytics_tables import (
    ChangedDayRow,
    CompletionRow,
    DayFailureRow,
    DayRow,
    DayStageRow,
)
from vidpipe.catalog.database import Database
from vidpipe.catalog.states import FailureState
from vidpipe.catalog.tables import ClipRow, ExportRow, FailureRow, StageRunRow, Video, now

#: A bucket's longest run is so much longer than that of the one before.
BUCKET = 1.05
#: What a person did is no failure of a video's.
CANCELLED = "cancelled"
#: PostgreSQL's advisory lock of counting: any number that is ours.
_COUNTING_LOCK = 7_614_208_555
#: Days that are counted in one transaction.
_AT_ONCE = 200


@dataclass(frozen=True)
class DayCounts:
    """What was done on one day in one channel; see `DayRow`."""

    day: date
    channel: str
    accepted: int
    finished: int
    clips: int
    exports: int
    failures: int
    given_up: int
    work_s: float
    media_s: float
    cost: float | None


@dataclass(frozen=True)
class StageCounts:
    """What one stage took over some days: makings, those that failed, seconds, and how long
    95 of 100 took at most (to 5 %)."""

    stage: str
    runs: int
    failed: int
    work_s: float
    p95_s: float | None


def note(session: Session, channel: str, moment: datetime | None = None) -> None:
    """Write down that something changed that a day counts; by default today."""
    day = (moment or now()).astimezone(UTC).date()
    session.add(ChangedDayRow(channel=channel, day=day))


def finished(session: Session, video: Video) -> bool:
    """A run finished a video: what it has now is what it had on this day.

    Returns:
        Whether no run had ever finished it.
    """
    session.flush()
    at = video.finished_at or now()
    before = select(CompletionRow.day).where(CompletionRow.video_id == video.video_id).limit(1)
    is_first = session.scalar(before) is None
    counted = {
        table: session.scalar(
            select(func.count()).select_from(table).where(table.video_id == video.video_id)
        )
        for table in (ClipRow, ExportRow)
    }
    session.merge(
        CompletionRow(
            video_id=video.video_id,
            day=at.astimezone(UTC).date(),
            channel=video.channel,
            finished_at=at,
            duration_s=video.duration_s,
            clips=counted[ClipRow] or 0,
            exports=counted[ExportRow] or 0,
        )
    )
    note(session, video.channel, at)
    return is_first


def bucket_of(wall_s: float) -> int:
    """The bucket of a run that took so long."""
    return math.ceil(math.log(max(wall_s, 0.001)) / math.log(BUCKET) - 1e-9)


def quantile_s(buckets: Mapping[int, int], share: float) -> float | None:
    """How long this share of runs took at most; None where there are none."""
    wanted, seen = math.ceil(share * sum(buckets.values())), 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= wanted:
            return round(BUCKET**bucket, 3)
    return None


class Analytics:
    """Counts days anew where something changed, and reads them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def refresh(self) -> int:
        """Count the days anew on which something changed; how many. Safe to call at any time."""
        done = 0
        while True:
            with self._db.session() as session:
                if session.scalar(select(ChangedDayRow.id).limit(1)) is None:
                    return done
            with self._db.writing() as session:
                self._lock(session)
                some = select(ChangedDayRow.channel, ChangedDayRow.day).distinct().limit(_AT_ONCE)
                for channel, day in session.execute(some).all():
                    # Taken before it is counted: what is noted from now on is counted again.
                    session.execute(
                        delete(ChangedDayRow).where(
                            ChangedDayRow.channel == channel, ChangedDayRow.day == day
                        )
                    )
                    _count(session, channel, day)
                    done += 1

    def recompute(self) -> int:
        """Forget what was counted and count every day there is; how many."""
        with self._db.writing() as session:
            self._lock(session)
            for table in (ChangedDayRow, DayRow, DayFailureRow, DayStageRow):
                session.execute(delete(table))
            for channel, found in session.execute(self._all_days()).all():
                # SQLite has no type of days.
                day = date.fromisoformat(found) if isinstance(found, str) else found
                session.add(ChangedDayRow(channel=channel, day=day))
        return self.refresh()

    def days(self, channels: Collection[str], first: date, last: date) -> list[DayCounts]:
        """Days from the first to the last with anything on them, by day and channel."""
        rows = self._rows(DayRow, channels, first, last).order_by(DayRow.day, DayRow.channel)
        names = DayCounts.__dataclass_fields__
        with self._db.session() as session:
            return [
                DayCounts(**{name: getattr(row, name) for name in names})
                for row in session.scalars(rows)
            ]

    def failures(self, channels: Collection[str], first: date, last: date) -> dict[str, int]:
        """How often what failed, the most frequent first."""
        found: Counter[str] = Counter()
        with self._db.session() as session:
            for row in session.scalars(self._rows(DayFailureRow, channels, first, last)):
                found[row.cause] += row.count
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def stages(self, channels: Collection[str], first: date, last: date) -> list[StageCounts]:
        """What stages took, by name."""
        own: defaultdict[str, list[DayStageRow]] = defaultdict(list)
        with self._db.session() as session:
            for row in session.scalars(self._rows(DayStageRow, channels, first, last)):
                own[row.stage].append(row)
        return [_over(stage, own[stage]) for stage in sorted(own)]

    def _rows(
        self, table: Any, channels: Collection[str], first: date, last: date
    ) -> Select[tuple[Any]]:
        return select(table).where(
            table.channel.in_(sorted(channels)), table.day >= first, table.day <= last
        )

    def _lock(self, session: Session) -> None:
        """One process counts at a time: who reads first writes first."""
        if not self._db.embedded:
            session.execute(select(func.pg_advisory_xact_lock(_COUNTING_LOCK)))

    def _all_days(self) -> Any:
        """Every channel and day that something is counted of."""

        def day(moment: Any) -> Any:
            if self._db.embedded:
                return func.date(moment)
            return cast(func.timezone("UTC", moment), Date)

        return union(
            select(Video.channel, day(Video.created_at)),
            select(CompletionRow.channel, CompletionRow.day),
            select(FailureRow.channel, day(FailureRow.created_at)),
            select(Video.channel, day(StageRunRow.created_at)).join(
                StageRunRow, StageRunRow.video_id == Video.video_id
            ),
        )


def _over(stage: str, rows: Sequence[DayStageRow]) -> StageCounts:
    buckets: Counter[int] = Counter()
    for row in rows:
        buckets.update({int(bucket): count for bucket, count in row.buckets.items()})
    return StageCounts(
        stage=stage,
        runs=sum(row.runs for row in rows),
        failed=sum(row.failed for row in rows),
        work_s=round(sum(row.work_s for row in rows), 3),
        p95_s=quantile_s(buckets, 0.95),
    )


def _count(session: Session, channel: str, day: date) -> None:
    """Count one day of one channel, in the place of what was counted before."""
    since = datetime.combine(day, time(), UTC)
    until = since + timedelta(days=1)
    for table in (DayRow, DayFailureRow, DayStageRow):
        session.execute(delete(table).where(table.channel == channel, table.day == day))
    accepted = session.scalar(
        select(func.count())
        .select_from(Video)
        .where(Video.channel == channel, Video.created_at >= since, Video.created_at < until)
    )
    completed = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(CompletionRow.clips), 0),
            func.coalesce(func.sum(CompletionRow.exports), 0),
            func.coalesce(func.sum(CompletionRow.duration_s), 0.0),
        ).where(CompletionRow.channel == channel, CompletionRow.day == day)
    ).one()
    failed = session.execute(
        select(FailureRow.subject, FailureRow.cause, FailureRow.state).where(
            FailureRow.channel == channel,
            FailureRow.created_at >= since,
            FailureRow.created_at < until,
        )
    ).all()
    causes = Counter(cause for _, cause, _ in failed)
    dead = {
        subject
        for subject, cause, state in failed
        if state == FailureState.DEAD and cause != CANCELLED
    }
    stages = _stages(session, channel, day, since, until)
    if not (accepted or completed[0] or failed or stages):
        return
    session.add_all(
        DayFailureRow(channel=channel, day=day, cause=cause, count=count)
        for cause, count in causes.items()
    )
    session.add_all(stages)
    session.add(
        DayRow(
            channel=channel,
            day=day,
            accepted=accepted or 0,
            finished=completed[0],
            clips=completed[1],
            exports=completed[2],
            failures=len(failed),
            given_up=len(dead),
            work_s=round(sum(row.work_s for row in stages), 3),
            media_s=round(completed[3], 3),
            cost=None,
        )
    )
    session.flush()


def _stages(
    session: Session, channel: str, day: date, since: datetime, until: datetime
) -> list[DayStageRow]:
    """What stages took on a day; what was found again took no time worth counting."""
    runs = session.execute(
        select(StageRunRow.stage, StageRunRow.wall_s, StageRunRow.error)
        .join(Video, Video.video_id == StageRunRow.video_id)
        .where(
            Video.channel == channel,
            StageRunRow.reused.is_(False),
            StageRunRow.created_at >= since,
            StageRunRow.created_at < until,
        )
        .order_by(StageRunRow.id)
    )
    own: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)
    for stage, wall_s, error in runs:
        own[stage].append((wall_s, error is not None))
    found = []
    for stage, items in sorted(own.items()):
        buckets = Counter(str(bucket_of(wall_s)) for wall_s, failed in items if not failed)
        found.append(
            DayStageRow(
                channel=channel,
                day=day,
                stage=stage,
                runs=len(items),
                failed=sum(failed for _, failed in items),
                work_s=round(sum(wall_s for wall_s, _ in items), 3),
                buckets=dict(sorted(buckets.items())),
            )
        )
    return found
