"""What was done on which day: success, speed and failures of channels."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from pydantic import Field

from vidpipe.catalog.analytics import DayCounts
from vidpipe.library.errors import Refused
from vidpipe.library.views import LibraryView
from vidpipe.pipeline.engine import Engine

#: Days of one answer: by default, and at most.
USUAL_DAYS, MOST_DAYS = 30, 1100


class AnalyticsDay(LibraryView):
    """What was done on one day (UTC) in one channel."""

    day: date
    channel: str
    accepted: int = Field(description="videos that came in")
    finished: int = Field(description="videos that a run finished")
    clips: int = Field(description="that the finished videos had then")
    exports: int
    failures: int = Field(description="of videos and uploads, each try counts")
    given_up: int = Field(description="videos and uploads of which a failure still stands")
    work_s: float = Field(description="that stages took")
    media_s: float = Field(description="how long the finished recordings are")
    cost: float | None = Field(description="none: nothing is known of it")


class StageFigures(LibraryView):
    """How long one stage takes, where it is made and not found again."""

    stage: str
    runs: int
    failed: int
    work_s: float
    p95_s: float | None = Field(description="95 of 100 take no longer, to 5 %; none: none ended")


class CauseFigures(LibraryView):
    """How often one cause made something fail."""

    cause: str
    count: int


class AnalyticsView(LibraryView):
    """What was done over some days."""

    first: date
    last: date
    accepted: int
    finished: int
    clips: int
    exports: int
    failures: int
    given_up: int
    work_s: float
    media_s: float
    cost: float | None = Field(description="none: nothing is known of it")
    success_rate: float | None = Field(
        description="finished among finished and given up, 0 to 1; none where there are neither"
    )
    finished_per_day: float
    days: tuple[AnalyticsDay, ...] = Field(description="with anything on them, by channel")
    stages: tuple[StageFigures, ...]
    causes: tuple[CauseFigures, ...] = Field(description="the most frequent first")


class Statistics:
    """Answers from days that are counted already."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def of(
        self, channels: Collection[str], first: date | None = None, last: date | None = None
    ) -> AnalyticsView:
        """What was done in these channels; what changed since it was counted is counted first.

        Args:
            channels: only of these.
            first: day; by default 29 days before the last.
            last: day; by default today (UTC).

        Raises:
            Misconfigured: the last day comes before the first, or there are too many between.
        """
        last = last or datetime.now(UTC).date()
        if first is None:
            first = last - min(timedelta(days=USUAL_DAYS - 1), last - date.min)
        count = (last - first).days + 1
        if not 1 <= count <= MOST_DAYS:
            raise Refused(f"from, to: 1 to {MOST_DAYS} days, not {count}")
        analytics = self.engine.catalog.analytics
        analytics.refresh()
        with self.engine.catalog.together():
            days = analytics.days(channels, first, last)
            stages = analytics.stages(channels, first, last)
            causes = analytics.failures(channels, first, last)
        return _view(first, last, count, days).model_copy(
            update={
                "stages": tuple(StageFigures(**vars(stage)) for stage in stages),
                "causes": tuple(CauseFigures(cause=c, count=n) for c, n in causes.items()),
            }
        )

    def recompute(self) -> int:
        """Count every day there is anew; how many days of channels."""
        return self.engine.catalog.analytics.recompute()


def _view(first: date, last: date, count: int, days: list[DayCounts]) -> AnalyticsView:
    finished = sum(day.finished for day in days)
    given_up = sum(day.given_up for day in days)
    costs = [day.cost for day in days if day.cost is not None]
    return AnalyticsView(
        first=first,
        last=last,
        accepted=sum(day.accepted for day in days),
        finished=finished,
        clips=sum(day.clips for day in days),
        exports=sum(day.exports for day in days),
        failures=sum(day.failures for day in days),
        given_up=given_up,
        work_s=round(sum(day.work_s for day in days), 3),
        media_s=round(sum(day.media_s for day in days), 3),
        cost=sum(costs) if costs else None,
        success_rate=round(finished / (finished + given_up), 4) if finished + given_up else None,
        finished_per_day=round(finished / count, 3),
        days=tuple(AnalyticsDay(**vars(day)) for day in days),
        stages=(),
        causes=(),
    )
