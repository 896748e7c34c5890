"""The library as a whole: what was done each day, how fast, what failed, what it takes to store."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from vidpipe.catalog.costs import CostSum
from vidpipe.catalog.history import FailureGroup, FinishedVideo, StageTime
from vidpipe.catalog.tables import now
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.pipeline import Pipeline
from vidpipe.storage.keys import QUARANTINE, RETENTION, folder_of
from vidpipe.storage.objects import ObjectStore

#: Makings of stages that say how fast they are: enough, and not all of a year.
_NEWEST = 20_000
#: Listing is waiting for the store: several channels at once.
_AT_ONCE = 8
_OTHER = "other"
#: Videos that are named as the dearest.
_DEAREST = 10


@dataclass(frozen=True)
class Day:
    """What was finished on one day (UTC)."""

    day: date
    videos: int
    recorded_h: float
    clips: int
    failures: int
    by_channel: dict[str, int]


@dataclass(frozen=True)
class Speed:
    """How fast a stage is: seconds of work for a minute of recording.

    `share` is what it has in all the seconds that were worked. An export counts by itself:
    the factor is that of one platform.
    """

    stage: str
    count: int
    median_s: float
    p95_s: float
    real_time_factor: float
    share: float


@dataclass(frozen=True)
class Stored:
    """What one kind of file takes in one channel; kinds are those of retention."""

    channel: str
    kind: str
    objects: int
    size_bytes: int


@dataclass(frozen=True)
class Report:
    """Everything, at one moment."""

    at: datetime
    totals: dict[str, int]
    waiting: int
    to_be_tried_again: int
    days: tuple[Day, ...]
    speeds: tuple[Speed, ...]
    troubles: tuple[FailureGroup, ...]
    rejected: tuple[tuple[str, str, int], ...]
    stored: tuple[Stored, ...]
    spent: tuple[CostSum, ...] = ()
    dearest: tuple[CostSum, ...] = ()
    currency: str = "USD"

    @property
    def real_time_factor(self) -> float:
        """Seconds of work for a second of recording: every stage once, and one platform's exports.

        0 where nothing was made.
        """
        return sum(s.real_time_factor for s in self.speeds)

    @property
    def dead(self) -> int:
        return sum(t.dead for t in self.troubles)

    @property
    def size_bytes(self) -> int:
        return sum(s.size_bytes for s in self.stored)


def report(engine: Engine, *, days: int = 30, storage: bool = True) -> Report:
    """Look at the whole library.

    Args:
        engine: store, catalog, channels.
        days: how far back; today is one of them.
        storage: also list the store, a request for every thousand objects.

    Raises:
        VidpipeError: store or catalog cannot be read.
    """
    at = now()
    first = at.date() - timedelta(days=days - 1)
    since = datetime.combine(first, datetime.min.time(), UTC)
    history = engine.catalog.history
    waiting, later = engine.catalog.requests.count()
    costs = engine.accountant.rows
    return Report(
        at=at,
        totals=history.totals(),
        waiting=waiting,
        to_be_tried_again=later,
        days=tuple(_days(first, days, history.finished(since), history.failed(since))),
        speeds=tuple(_speeds(engine.pipeline, history.made(since, _NEWEST))),
        troubles=tuple(history.troubles()),
        rejected=tuple(history.rejected()),
        stored=tuple(_stored(engine)) if storage else (),
        spent=tuple(costs.sums("channel", channels=None, first=first)),
        dearest=tuple(costs.sums("video_id", channels=None, first=first, limit=_DEAREST)),
        currency=engine.settings.costs.currency,
    )


def _days(
    first: date, count: int, finished: Sequence[FinishedVideo], failed: Sequence[datetime]
) -> list[Day]:
    """Every day, also those on which nothing happened."""
    failures = Counter(at.astimezone(UTC).date() for at in failed)
    found = []
    for k in range(count):
        day = first + timedelta(days=k)
        own = [item for item in finished if item.at.astimezone(UTC).date() == day]
        found.append(
            Day(
                day=day,
                videos=len(own),
                recorded_h=round(sum(item.recorded_s for item in own) / 3600, 2),
                clips=sum(item.clips for item in own),
                failures=failures[day],
                by_channel=dict(Counter(item.channel for item in own)),
            )
        )
    return found


def _speeds(pipeline: Pipeline, made: Sequence[StageTime]) -> list[Speed]:
    """By stage in the order of the graph; exports of all platforms are one."""
    own: dict[str, list[StageTime]] = {}
    for item in made:
        own.setdefault(pipeline.kind(item.stage), []).append(item)
    worked_s = sum(item.wall_s for item in made) or 1.0
    found = []
    for stage in pipeline.kinds:
        items = [m for m in own.get(stage, ()) if m.recorded_s > 0]
        if not items:
            continue
        rates = sorted(60 * m.wall_s / m.recorded_s for m in items)
        total_s = sum(m.wall_s for m in items)
        found.append(
            Speed(
                stage=stage,
                count=len(items),
                median_s=round(statistics.median(rates), 2),
                p95_s=round(rates[min(len(rates) - 1, int(0.95 * len(rates)))], 2),
                real_time_factor=round(total_s / sum(m.recorded_s for m in items), 4),
                share=round(total_s / worked_s, 4),
            )
        )
    return found


def _stored(engine: Engine) -> list[Stored]:
    """By channel and kind, the largest first."""
    names = sorted({*engine.channels, *engine.catalog.history.channels()})
    prefixes = [*names, *(f"{QUARANTINE}/{name}" for name in names)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = pool.map(lambda prefix: _listed(engine.store, prefix), prefixes)
        found = [item for part in parts for item in part]
    return sorted(found, key=lambda s: (-s.size_bytes, s.channel, s.kind))


def _listed(store: ObjectStore, prefix: str) -> list[Stored]:
    objects: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for item in store.list(prefix):
        folder = folder_of(item.key)
        kind = "quarantine" if prefix.startswith(QUARANTINE) else _OTHER
        kind = RETENTION[folder] if folder is not None else kind
        objects[kind] += 1
        sizes[kind] += item.size_bytes
    channel = prefix.rpartition("/")[2]
    return [Stored(channel, kind, objects[kind], sizes[kind]) for kind in objects]
